"""Log lines for people and machines: acs/log.py."""

import json
import re
import sys

import pytest
import structlog
from twisted.logger import Logger, globalLogPublisher

from acs import log
from acs.secrets import MASK


@pytest.fixture(autouse=True)
def as_it_was():
    """Configuring is for a whole process: undo it."""
    before = structlog.get_config()
    yield
    structlog.reset_defaults()
    structlog.configure(**before)


def _lines(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]


def test_json_lines_have_time_level_part_and_what_they_are_bound_to(capsys):
    log.configure("json")
    log.get("session").bind(device=7).info("begins", events="1 BOOT")
    (line,) = _lines(capsys)
    assert (line["part"], line["device"], line["event"], line["level"], line["events"]) == ("session", 7, "begins", "info", "1 BOOT")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("key", ["password", "new_password", "onboarding_secret", "token", "authorization", "passphrase"])
def test_secrets_are_masked_by_their_key(capsys, key):
    log.configure("json")
    log.get("x").info("said", **{key: "hush"})
    assert _lines(capsys)[0][key] == MASK


def test_level_is_kept_and_an_odd_one_counts_as_info(capsys):
    log.configure("json", "warning")
    log.get("x").info("quiet")
    log.get("x").warning("loud")
    assert [line["event"] for line in _lines(capsys)] == ["loud"]
    log.configure("json", "shouting")
    log.get("y").debug("quiet")
    log.get("y").info("loud")
    assert [line["event"] for line in _lines(capsys)] == ["loud"]


def test_exceptions_bring_their_trace(capsys):
    log.configure("json")
    try:
        raise KeyError("lost")
    except KeyError:
        log.get("x").exception("failed")
    assert "KeyError: 'lost'" in _lines(capsys)[0]["exception"]


def test_errors_of_twisted_come_out_in_our_log(capsys, reactor_errors, monkeypatch):
    log.configure("json")
    seen: list = []
    monkeypatch.setattr(globalLogPublisher, "addObserver", seen.append)
    log.observe_twisted()
    (observer,) = seen
    monkeypatch.undo()
    globalLogPublisher.addObserver(observer)
    try:
        Logger("theirs").info("nothing of note")
        try:
            raise ValueError("broken")
        except ValueError:
            Logger("theirs").failure("while at work")
    finally:
        globalLogPublisher.removeObserver(observer)
    (line,) = [line for line in _lines(capsys) if line.get("part") == "twisted"]
    assert line["event"] == "while at work"
    assert "ValueError: broken" in line["trace"]
    assert len(reactor_errors.flush(ValueError)) == 1


def test_announcements_are_one_plain_line_on_stdout(capsys):
    log.announce("device NV1 came online")
    assert re.fullmatch(r"\d\d:\d\d:\d\d device NV1 came online\n", capsys.readouterr().out)
    assert sys.stdout is not None

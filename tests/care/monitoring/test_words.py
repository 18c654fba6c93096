"""Alarms in the words of people: care/monitoring/words.py."""

from dataclasses import replace

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.monitoring.views import AlarmType, Direction, Severity, ThresholdView
from care.monitoring import words


@pytest.fixture(autouse=True)
def request_context(app):
    with app.test_request_context():
        yield


def threshold(**more):
    given = {"id": 1, "severity": Severity.MAJOR, "direction": Direction.ABOVE, "limit": 80.0, "clear": 70.0, "word": "", "for_s": 600, "samples": 3,
             "alarm_type": AlarmType.QUALITY, "probable_cause": "", "repair": ""}  # fmt: skip
    return ThresholdView(**{**given, **more})


def test_threshold_in_a_sentence():
    assert words.threshold_words(threshold(), "system.cpu_percent") == "rises above 80\u00a0%, clears at 70\u00a0%, after 3 readings, for 10\u00a0min"
    assert words.threshold_words(threshold(direction=Direction.IS, limit=None, clear=None, word="down", for_s=0, samples=1), "dsl.status") == "is down"
    assert words.threshold_words(threshold(direction=Direction.SILENT, limit=None, clear=None, samples=1), words.CONTACT) == "is silent, for 10\u00a0min"


def test_problem_of_every_kind(services, device):
    (alarm,) = services.monitoring.open_of(DEFAULT_TENANT, device)
    assert words.problem_words(alarm) == "Light received: \u221228.0\u00a0dBm, below \u221227.0\u00a0dBm"
    close = replace(alarm, crossed={**alarm.crossed, "observed": "-27.04"})
    assert words.problem_words(close) == "Light received: \u221227.04\u00a0dBm, below \u221227.0\u00a0dBm"
    storm = replace(alarm, cause="storm:1", crossed={"parameter": words.CONTACT, "observed": "40"})
    assert words.problem_words(storm) == "40% of the watched devices are silent at once"
    silent = replace(alarm, crossed={"parameter": words.CONTACT, "observed": "2026-11-21 20:52 UTC", "interval_s": 300})
    assert words.problem_words(silent) == "No contact since 2026-11-21 20:52 UTC; it should speak every 5\u00a0min"
    word = replace(alarm, crossed={"parameter": "dsl.status", "observed": "down", "limit": None})
    assert words.problem_words(word) == "DSL: down"
    unknown = replace(alarm, crossed=None)
    assert words.problem_words(unknown) == alarm.specific_problem


def test_every_severity_direction_and_type_has_its_word():
    assert set(words.SEVERITIES) == set(Severity)
    assert set(words.DIRECTIONS) == set(Direction)
    assert set(words.TYPES) == set(AlarmType)
    assert words.every_words(120) == "at least every 2\u00a0min"
    assert words.every_words(900) == "at least every 15 minutes"

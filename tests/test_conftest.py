"""The watch over the reactor sees what it is for: run on small test files, in a process of their own."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parent.parent

HEAD = """
import time
import pytest, pytest_twisted
from twisted.internet import defer, protocol, reactor
from twisted.internet.task import deferLater
"""


def outcome(folder: Path, **bodies: str) -> str:
    """What pytest says of test files with these bodies; report.xml in the folder has it by file."""
    for name, body in bodies.items():
        (folder / f"test_{name}.py").write_text(HEAD + body)
    command = [sys.executable, "-m", "pytest", "-q", "--reactor=default", "-p", "no:cacheprovider", "-p", "tests.conftest", "--rootdir", str(folder)]
    report = ["--junitxml", str(folder / "report.xml")]
    done = subprocess.run([*command, *report, "-c", "/dev/null", str(folder)], check=False, cwd=ROOT, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


PROBES = {
    "error in a call": ("""
@pytest_twisted.ensureDeferred
async def test_error_in_a_call():
    reactor.callLater(0, lambda: 1 / 0)
    await deferLater(reactor, 0.01, lambda: None)
""", "ZeroDivisionError"),
    "unhandled error of a Deferred": ("""
def test_unhandled():
    defer.fail(KeyError("nobody listens"))
""", "nobody listens"),
    "call left behind": ("""
def test_call():
    reactor.callLater(60, print, "too late")
""", "left behind in the reactor: <DelayedCall"),
    "call left behind for a moment": ("""
def test_call_soon():
    reactor.callLater(0.2, print, "too late")
""", "left behind in the reactor: <DelayedCall"),
    "port left open": ("""
def test_port():
    reactor.listenTCP(0, protocol.ServerFactory(), interface="127.0.0.1")
""", "left behind in the reactor"),
}  # fmt: skip


@pytest.fixture(scope="module")
def probed(tmp_path_factory) -> dict[str, ElementTree.Element]:
    """What was reported of each probe, all run by one process."""
    folder = tmp_path_factory.mktemp("probes")
    output = outcome(folder, **{name.replace(" ", "_"): body for name, (body, _said) in PROBES.items()})
    assert f"{len(PROBES)} passed, {len(PROBES)} errors" in output, output
    return {case.get("classname", "").removeprefix("test_"): case for case in ElementTree.parse(folder / "report.xml").iter("testcase")}


@pytest.mark.parametrize("name", PROBES)
def test_what_happens_behind_a_tests_back_fails_it(probed, name):
    case = probed[name.replace(" ", "_")]
    assert [found.tag for found in case] == ["error"]
    assert PROBES[name][1] in f"{case[0].get('message')}{case[0].text}"


def test_what_is_closed_and_flushed_is_fine(tmp_path):
    output = outcome(tmp_path, fine="""
@pytest_twisted.ensureDeferred
async def test_expected(reactor_errors):
    reactor.callLater(0, lambda: 1 / 0)
    port = reactor.listenTCP(0, protocol.ServerFactory(), interface="127.0.0.1")
    await deferLater(reactor, 0.01, lambda: None)
    port.stopListening()  # not awaited: it takes a turn
    assert [type(e) for e in reactor_errors.flush(ZeroDivisionError)] == [ZeroDivisionError]
    reactor.callLater(60, print).cancel()

def test_what_ends_by_itself():
    waits = reactor.callLater(60, print)
    reactor.callInThread(lambda: (time.sleep(0.1), reactor.callFromThread(waits.cancel)))

def test_only_the_named_type_is_flushed(reactor_errors):
    defer.fail(KeyError("k"))
    assert reactor_errors.flush(ValueError) == []
    assert len(reactor_errors.flush()) == 1
""")  # fmt: skip
    assert "3 passed" in output, output
    assert " error" not in output.splitlines()[-1]

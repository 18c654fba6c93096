"""Worker processes: each gets the shared socket, is started again when it dies, and ends with its parent."""

import os
import subprocess
import sys

import pytest
from twisted.internet import error
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from acs.serving.workers import FIRST_DELAY_S, OLD_S, STOP_S, Workers


class FakeProcess:
    def __init__(self, protocol, command, descriptors):
        self.protocol, self.command, self.descriptors, self.signals = protocol, command, descriptors, []

    def signalProcess(self, name):
        self.signals.append(name)

    def die(self, code=1):
        self.protocol.processEnded(Failure(error.ProcessTerminated(code)))


class FakeReactor(Clock):
    def __init__(self):
        super().__init__()
        self.started = []

    def spawnProcess(self, protocol, _executable, command, env, childFDs):
        self.started.append(FakeProcess(protocol, command, childFDs))
        return self.started[-1]


@pytest.fixture
def house():
    reactor = FakeReactor()
    return reactor, Workers(reactor, ["cwmp"], 2, 7)


def test_each_worker_gets_its_number_and_the_shared_socket(house):
    reactor, _ = house
    assert [p.command[-7:] for p in reactor.started] == [["cwmp", "--worker", str(n), "--fd", "3", "--parent", str(os.getpid())] for n in (0, 1)]
    assert all(p.descriptors[3] == 7 for p in reactor.started)


def test_dead_worker_is_started_again_later_each_time_it_dies_young(house, capsys):
    reactor, _ = house
    for attempt in range(3):
        reactor.started[-1].die()
        reactor.advance(FIRST_DELAY_S * 2**attempt - 0.01)
        assert len(reactor.started) == 2 + attempt
        reactor.advance(0.02)
        assert len(reactor.started) == 3 + attempt
    assert reactor.started[-1].command[-5] == "1"
    assert "cwmp worker 1 ended" in capsys.readouterr().out


def test_worker_that_ran_long_is_started_again_at_once(house):
    reactor, _ = house
    reactor.started[1].die()
    reactor.advance(FIRST_DELAY_S)
    reactor.advance(OLD_S + 1)
    reactor.started[-1].die()
    reactor.advance(FIRST_DELAY_S)
    assert len(reactor.started) == 4


def test_stop_asks_all_and_waits_for_the_last(house):
    reactor, workers = house
    stopped = workers.stop()
    assert [p.signals for p in reactor.started] == [["TERM"], ["TERM"]]
    reactor.started[0].die(0)
    assert not stopped.called
    reactor.started[1].die(0)
    assert stopped.called
    assert reactor.getDelayedCalls() == []


def test_worker_that_does_not_stop_is_killed(house):
    reactor, workers = house
    workers.stop()
    reactor.advance(STOP_S)
    assert reactor.started[0].signals == ["TERM", "KILL"]


def test_stop_forgets_a_worker_that_waits_to_be_started(house):
    reactor, workers = house
    for process in list(reactor.started):
        process.die()
    assert workers.stop().called
    reactor.advance(60)
    assert len(reactor.started) == 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel of Linux ends who follows its parent")
@pytest.mark.parametrize(("parent", "code"), [(os.getpid(), 0), (1 if os.getpid() != 1 else 2, 2)], ids=["it lives", "it is gone"])
def test_worker_whose_parent_was_killed_before_it_could_follow_ends_by_itself(parent: int, code: int):
    """Else it would hold the socket for ever, and its parent could not be started again."""
    script = "from acs.serving.workers import follow_parent as follow\nfrom acs.errors import WrongEnvironment\n"
    script += f"try: follow({parent})\nexcept WrongEnvironment: exit(2)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == code

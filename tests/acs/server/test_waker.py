"""The waker on a Clock: one call per device at a time, demands that fall together, retries, and what is told of them."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.operations import service as operations
from acs.reach.service import Target
from acs.reach.views import Method, Way
from acs.secrets import Vault
from acs.server.connection_request import WakeResult
from acs.server.waker import PATIENCE_S, SENT_PATIENCE_S, Waker, note_attempt, read_target, rows_to_wake
from tests.acs.server.kit import ACTOR, Bench, post

START = datetime(2026, 11, 21, tzinfo=UTC)
HTTP, UDP, XMPP = Way(Method.HTTP, "http://192.0.2.1:7547/cr"), Way(Method.UDP, "192.0.2.1:4000"), Way(Method.XMPP, "cpe@example.org/cwmp")
TARGET = Target(DEFAULT_TENANT, (HTTP,), "user", "secret", "", in_session=False, wanted=True, informed_at=None)


class World:
    """A device as the waker sees it, and what the waker does to it."""

    def __init__(self, clock: Clock, most: int = 100) -> None:
        self.clock = clock
        self.target: Target | None = TARGET
        self.answers: list[Any] = []
        self.calls: list[float] = []
        self.tried: list[Method] = []
        self.reads: list[bool] = []
        self.settled: list[tuple[int, bool]] = []
        self.notes: list[tuple[int, str]] = []
        self.rows: list[int] = []
        self.note_answer: Callable[[], Any] = lambda: succeed(None)

        async def send(_device_id: int, _target: Target, way: Way) -> tuple[WakeResult, str]:
            self.calls.append(clock.seconds())
            self.tried.append(way.method)
            answer = self.answers.pop(0) if self.answers else WakeResult.OK
            return (await answer) if isinstance(answer, Deferred) else (answer, "")

        async def read(_device_id: int, thorough: bool) -> Target | None:
            self.reads.append(thorough)
            return self.target

        async def note(device_id: int, _at: datetime, _way: Way, result: WakeResult, _detail: str, _latency_ms: int) -> int:
            self.notes.append((device_id, str(result)))
            await self.note_answer()
            return len(self.notes)

        async def settle(number: int, came_at: datetime | None) -> None:
            self.settled.append((number, came_at is not None))

        async def poll_rows() -> list[int]:
            return self.rows

        self.waker = Waker(clock, self.now, send, read, note, settle, poll_rows, most)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.clock.seconds())

    def came(self) -> None:
        """The device informed, and what was wanted of it is done."""
        assert self.target is not None
        self.target = replace(self.target, informed_at=self.now(), wanted=False)

    def pass_time(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.clock.advance(1)


@pytest.fixture
def world(clock: Clock) -> World:
    clock.rightNow = 0.0
    return World(clock)


def test_device_that_is_wanted_is_called_at_once(world: World):
    world.waker.want(7)
    assert (world.calls, world.notes) == ([0.0], [(7, "ok")])


@pytest.mark.cwmp("F-14")
def test_demands_during_a_call_are_one_call(world: World):
    answer: Deferred[Any] = Deferred()
    world.answers = [answer]
    for _ in range(5):
        world.waker.want(7)
    assert len(world.calls) == 1
    answer.callback((WakeResult.OK, ""))
    assert len(world.calls) == 1


@pytest.mark.cwmp("F-14")
def test_demand_while_the_result_is_being_stored_begins_no_second_call(world: World):
    stored: Deferred[None] = Deferred()
    world.note_answer = lambda: stored
    world.waker.want(7)
    world.waker.want(7)
    assert len(world.calls) == 1
    stored.callback(None)
    world.note_answer = lambda: succeed(None)
    assert len(world.clock.getDelayedCalls()) == 1


def test_new_demand_does_not_wait_for_the_next_retry(world: World):
    world.answers = [WakeResult.TIMEOUT, WakeResult.TIMEOUT]
    world.waker.want(7)
    world.pass_time(2)
    world.waker.want(7)
    assert world.calls == [0.0, 2.0]
    assert len(world.clock.getDelayedCalls()) == 1


def test_device_that_nobody_wants_any_more_is_left_alone(world: World):
    world.answers = [WakeResult.TIMEOUT]
    world.waker.want(7)
    world.came()
    world.pass_time(100)
    assert len(world.calls) == 1
    assert world.clock.getDelayedCalls() == []


def test_device_that_is_gone_is_left_alone(world: World):
    world.target = None
    world.waker.want(7)
    assert (world.calls, world.clock.getDelayedCalls()) == ([], [])


def test_device_in_a_session_is_not_disturbed_and_looked_at_again_soon(world: World):
    assert world.target is not None
    world.target = replace(world.target, in_session=True)
    world.waker.want(7)
    assert world.calls == []
    world.target = replace(world.target, in_session=False)
    world.pass_time(5)
    assert len(world.calls) == 1


@pytest.mark.cwmp("F-14")
def test_unreachable_device_is_called_ever_more_seldom(world: World):
    world.answers = [WakeResult.TIMEOUT] * 50
    world.waker.want(7)
    world.pass_time(3600)
    gaps = [b - a for a, b in zip(world.calls, world.calls[1:], strict=False)]
    for gap, usual in zip(gaps, (8, 20, 60, 180, 600, 1800), strict=False):
        assert usual * 0.7 <= gap <= usual * 1.3 + 1
    assert len(world.calls) <= 7


@pytest.mark.cwmp("F-15", "F-16")
@pytest.mark.quirk("K-71")
def test_device_that_answers_and_never_comes_is_noted_and_called_again(world: World):
    world.waker.want(7)
    world.pass_time(PATIENCE_S * 0.7)
    assert len(world.calls) == 1
    world.pass_time(PATIENCE_S * 0.6)
    assert len(world.calls) == 2
    assert world.settled == [(1, False)]


def test_device_that_came_is_not_said_to_stay_away(world: World):
    world.waker.want(7)
    world.pass_time(5)
    assert world.target is not None
    world.target = replace(world.target, informed_at=world.now())  # it came, yet something is still wanted
    world.pass_time(40)
    assert world.settled[0] == (1, True)


@pytest.mark.quirk("K-70")
@pytest.mark.cwmp("F-8")
def test_device_that_allows_one_call_a_minute_is_called_soon_and_then_after_a_minute(world: World):
    world.answers = [WakeResult.BUSY] * 4
    world.waker.want(7)
    world.pass_time(200)
    gaps = [b - a for a, b in zip(world.calls, world.calls[1:], strict=False)]
    assert gaps[0] <= 6 and gaps[1] <= 20 and 46 <= gaps[2] <= 79 and gaps[3] >= 46


@pytest.mark.cwmp("F-60")
def test_next_way_is_tried_at_once_when_one_fails(world: World):
    world.target = replace(TARGET, ways=(XMPP, UDP, HTTP))
    world.answers = [WakeResult.UNAVAILABLE, WakeResult.FORBIDDEN_ADDRESS, WakeResult.OK]
    world.waker.want(7)
    assert (world.tried, world.calls) == ([Method.XMPP, Method.UDP, Method.HTTP], [0.0, 0.0, 0.0])


@pytest.mark.cwmp("F-15", "F-60")
def test_datagram_that_brings_nobody_is_followed_by_the_next_way_after_seconds(world: World):
    world.target = replace(TARGET, ways=(UDP, HTTP))
    world.answers = [WakeResult.SENT, WakeResult.OK]
    world.waker.want(7)
    world.pass_time(SENT_PATIENCE_S * 0.7)
    assert world.tried == [Method.UDP]
    world.pass_time(SENT_PATIENCE_S)
    assert world.tried == [Method.UDP, Method.HTTP]
    assert world.settled == [(1, False)]


def test_datagram_that_is_the_last_way_is_given_as_long_as_a_call(world: World):
    world.target = replace(TARGET, ways=(UDP,))
    world.answers = [WakeResult.SENT, WakeResult.SENT]
    world.waker.want(7)
    world.pass_time(20)
    assert world.tried == [Method.UDP]
    world.pass_time(25)
    assert world.tried == [Method.UDP, Method.UDP]


def test_round_begins_again_with_the_first_way_after_a_pause(world: World):
    world.target = replace(TARGET, ways=(UDP, HTTP))
    world.answers = [WakeResult.SENT, WakeResult.TIMEOUT, WakeResult.SENT]
    world.waker.want(7)
    world.pass_time(30)
    assert world.tried[:3] == [Method.UDP, Method.HTTP, Method.UDP]


def test_device_that_comes_is_noted_at_once_and_not_called_again(world: World):
    world.waker.want(7)
    world.pass_time(3)
    world.came()
    world.waker.heard(7)
    world.pass_time(1)
    assert world.settled == [(1, True)]
    assert world.clock.getDelayedCalls() == []


def test_something_else_about_the_device_does_not_end_the_waiting(world: World):
    world.waker.want(7)
    for _ in range(10):
        world.waker.heard(7)
        world.pass_time(1)
    assert (len(world.calls), world.settled) == (1, [])
    world.waker.want(7)
    assert len(world.calls) == 1
    world.pass_time(40)
    assert len(world.calls) == 2


def test_tree_is_read_only_when_the_call_address_did_not_do(world: World):
    world.target = replace(TARGET, thorough=False)
    world.answers = [WakeResult.REFUSED, WakeResult.OK]
    world.waker.want(7)
    world.target = replace(TARGET, ways=(HTTP, UDP))
    world.pass_time(1)
    assert (world.reads, world.tried) == ([False, True], [Method.HTTP, Method.UDP])


@pytest.mark.parametrize("result", [WakeResult.NO_URL, WakeResult.FORBIDDEN_ADDRESS])
def test_device_that_cannot_be_called_is_not_tried_at_every_poll(world: World, result: WakeResult):
    world.answers, world.rows = [result] * 100, [7]
    for _ in range(60):
        Deferred.fromCoroutine(world.waker.poll())
        world.pass_time(5)
    assert (len(world.calls), world.notes) == (1, [(7, result)])


def test_poll_finds_what_no_hint_told(world: World):
    world.rows = [3, 4]
    Deferred.fromCoroutine(world.waker.poll())
    assert [device for device, _ in world.notes] == [3, 4]


def test_poll_does_not_hurry_an_effort_that_is_under_way(world: World):
    world.rows, world.answers = [7], [WakeResult.TIMEOUT] * 9
    for _ in range(3):
        Deferred.fromCoroutine(world.waker.poll())
        world.pass_time(1)
    assert len(world.calls) == 1


def test_only_so_many_calls_are_under_way_at_once(clock: Clock):
    world = World(clock, most=2)
    answers: list[Deferred[Any]] = [Deferred() for _ in range(3)]
    world.answers = list(answers)
    for device_id in (1, 2, 3):
        world.waker.want(device_id)
    assert len(world.calls) == 2
    answers[0].callback((WakeResult.OK, ""))
    world.pass_time(3)
    assert len(world.calls) == 3


def test_thousands_who_wait_their_turn_do_not_slow_one_another_down(clock: Clock, monkeypatch: pytest.MonkeyPatch):
    """A campaign asks for a fleet at once, and each who waits looks every second or two whether there is room."""
    waker = World(clock, most=0).waker
    monkeypatch.setattr(waker, "reactor", SimpleNamespace(callLater=lambda *_: None))
    began = time.process_time()
    for device_id in range(20_000):
        waker.want(device_id)
    assert time.process_time() - began < 2


def test_call_that_breaks_is_given_up_and_found_again_by_the_poll(world: World):
    broken: Deferred[Any] = Deferred()
    world.answers, world.rows = [broken], [7]
    world.waker.want(7)
    broken.errback(RuntimeError("a defect"))
    Deferred.fromCoroutine(world.waker.poll())
    assert len(world.calls) == 2


def test_nothing_is_left_to_do_after_the_stop(world: World):
    answer: Deferred[Any] = Deferred()
    world.answers = [WakeResult.TIMEOUT, answer]
    world.waker.want(1)
    world.waker.want(2)
    world.waker.stop()
    answer.callback((WakeResult.TIMEOUT, ""))
    world.waker.want(3)
    assert world.clock.getDelayedCalls() == []


# ---- what it reads and writes ----------------------------------------------------------------------------------


def test_target_has_the_request_login_and_knows_the_session(bench: Bench, database: Database, vault: Vault):
    line, cookie = bench.known()
    number = bench.device().id
    bench.request("reboot")
    assert rows_to_wake(database, bench.now()) == [number]
    target = read_target(database, vault, number, bench.now(), False, False, False)
    assert target is not None
    assert target.ways == (Way(Method.HTTP, "http://127.0.0.1:9/cr"),)
    assert (len(target.username), len(target.secret)) == (12, 24)
    assert (target.in_session, target.wanted) == (True, True)
    line.ask(post(cookie=cookie))
    bench.handler.stop()
    after = read_target(database, vault, number, bench.now(), False, False, False)
    assert after is not None
    assert not after.in_session


def test_device_in_quarantine_is_never_called(guarded: Bench, database: Database, vault: Vault):
    from tests.acs.server.test_cwmp import enrol

    enrol(guarded)
    assert read_target(database, vault, guarded.device().id, guarded.now(), True, True, True) is None


def test_result_is_shown_on_the_device_and_on_what_waits(bench: Bench, database: Database, vault: Vault):
    bench.known()
    bench.handler.stop()
    number = bench.request("reboot")
    note_attempt(database, vault, bench.device().id, bench.now(), HTTP, WakeResult.NOT_FOUND, "no such path", 12, bench.now(), 40)
    view = bench.operation(number)
    assert (view.wake_result, view.wake_detail, view.station) == ("not_found", "no such path", "waking")


def test_what_is_not_urgent_wakes_nobody(bench: Bench, database: Database):
    bench.known()
    bench.handler.stop()
    with database.write() as unit:
        device_id = devices.find(unit.session, ACTOR.tenant, "S1")
        operations.request(unit, ACTOR, device_id, "reboot", {}, bench.now(), urgent=False)
    assert rows_to_wake(database, bench.now()) == []

"""Bad messages in great number: each is answered or closed and counted, and good devices do not notice."""

import time
from collections import Counter
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, DeferredSemaphore, gatherResults

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.server.process import utc_now
from tests.acs.server.house import House, pause, reactor
from tests.acs.server.kit import answers_in, envelope, inform, post, sample
from tests.integration.malformed import Bad, messages

PATIENCE_S = 2.0
"""A good device's Inform is answered within this, whatever else goes on."""


def refusals() -> float:
    """All that the server says it refused, wherever it counts it."""
    return (
        sample("hearthline_cwmp_refused_total")
        + sample("hearthline_http_refused_total")
        + sum(sample("hearthline_cpe_login_total", result=result) for result in ("challenged", "refused", "forged", "stale", "slowed"))
    )


async def throw(house: House, bad: Bad) -> tuple[str, int]:
    """Send it; the kind, and the first status that came back (0: closed without an answer)."""
    raw = await house.connect()
    raw.send(bad.data)
    if bad.unfinished:
        await pause(0.02)
        return bad.name, -1  # left open for the sweep to find
    deadline = reactor.callLater(20, raw.transport.abortConnection)
    while not raw.is_closed and not answers_in(raw.received)[0]:
        await pause(0.005)
    if deadline.active():
        deadline.cancel()
    found, _ = answers_in(raw.received)
    if not raw.is_closed:
        await raw.hang_up()
    return bad.name, found[0].status if found else 0


class GoodDevices:
    """Devices that inform all the time, and how long each answer took."""

    def __init__(self, house: House, count: int) -> None:
        self.house, self.count = house, count
        self.took: list[float] = []
        self.wrong: list[Any] = []
        self.stopped = False

    async def run(self) -> None:
        await gatherResults([Deferred.fromCoroutine(self._one(f"GOOD{n}")) for n in range(self.count)], consumeErrors=True)

    async def _one(self, serial: str) -> None:
        while not self.stopped:
            raw = await self.house.connect()
            began = time.monotonic()
            answer = await raw.ask(post(envelope(inform(serial), rid=serial)))
            self.took.append(time.monotonic() - began)
            if (answer.status, answer.envelope.id, type(answer.message).__name__) != (200, serial, "InformResponse"):
                self.wrong.append(answer)
            await raw.hang_up()
            await pause(0.05)


async def misbehave(house: House, count: int, seed: int = 1) -> Counter[tuple[str, int]]:
    """Throw so many bad messages, forty at a time, while good devices inform. Every one must be accounted for."""
    before = refusals()
    good = GoodDevices(house, 5)
    running = Deferred.fromCoroutine(good.run())
    gate = DeferredSemaphore(40)
    thrown = [gate.run(lambda bad=bad: Deferred.fromCoroutine(throw(house, bad))) for bad in messages(count, seed)]
    found = Counter(await gatherResults(thrown, consumeErrors=True))
    good.stopped = True
    await running
    unfinished = sum(number for (_, status), number in found.items() if status == -1)
    factory = house.workers[0].worker.factory
    for connection in factory.connections:  # as if the idle time had passed
        connection.last_activity -= 10_000
    factory.sweep()
    await pause(0.1)

    assert good.wrong == []
    assert len(good.took) > 20
    assert max(good.took) < PATIENCE_S
    odd = {
        kind: number for kind, number in found.items() if kind[1] in (0, 200, 204) and kind[0] not in ("no serial", "stray", "short length")
    }
    assert not {kind for kind in odd if kind[1] in (0, 204)}, odd
    accepted = sum(number for (name, status), number in found.items() if status == 200 and name not in ("no serial", "stray"))
    assert refusals() - before >= count - accepted, (found, refusals() - before)
    assert unfinished > 0
    assert sample("hearthline_http_refused_total", reason="idle") > 0
    return found


@pytest.mark.cwmp("L-17", "J-5", "J-6", "A-12", "A-59", "L-16")
@pytest.mark.quirk("K-31")
@pytest_twisted.ensureDeferred
async def test_a_thousand_bad_messages_are_refused_and_good_devices_do_not_notice(make_house: Any):
    house = await make_house(cpe_auth="none", max_body=4 * 1024 * 1024)
    found = await misbehave(house, 1000)
    assert found[("big", 413)] == 4
    assert found[("bomb", 413)] > 0
    assert {status for (name, status) in found if name == "entity"} == {400}
    assert {status for (name, status) in found if name == "cut"} == {400}
    with house.database.read() as session:
        known = {row.serial_number for row in devices.search(session, DEFAULT_TENANT, utc_now(), limit=100)}
    assert {serial for serial in known if serial.startswith("GOOD")} == {f"GOOD{n}" for n in range(5)}
    assert not any("passwd" in serial or "root:" in serial for serial in known)


@pytest.mark.parametrize("auth", ["none", "device"])
@pytest_twisted.ensureDeferred
async def test_each_bad_message_alone_is_answered_and_counted(make_house: Any, auth: str):
    house = await make_house(cpe_auth=auth, max_body=4 * 1024 * 1024)
    for bad in messages(160, seed=7):
        if bad.unfinished:
            continue
        before = refusals()
        name, status = await throw(house, bad)
        if status == 200 and name != "no serial" and name != "stray":  # repaired, or whole after all
            assert name in ("flipped", "charset", "short length", "coding"), name
            continue
        assert status >= 400 or (name in ("no serial", "stray") and status == 200), (name, status)
        assert refusals() > before, (name, status, bad.data[:300])
    if auth == "device":
        with house.database.read() as session:
            assert devices.search(session, DEFAULT_TENANT, utc_now()) == ()


@pytest_twisted.ensureDeferred
async def test_ten_megabytes_are_taken_where_they_are_allowed(open_house: House):
    """The limit is a setting: whole trees of thousands of parameters are of this size (quirk K-32)."""
    raw = await open_house.connect()
    answer = await raw.ask(post(envelope(inform("BIG", values={"Device.X.Text": "v" * 10_000_000}))))
    assert answer.status == 200


@pytest_twisted.ensureDeferred
async def test_slow_bodies_do_not_hold_the_others_up(open_house: House):
    slow = [await open_house.connect() for _ in range(50)]
    body = post(envelope(inform("SLOW")))
    for raw in slow:
        raw.send(body[:200])
    took = []
    for n in range(20):
        for raw in slow:
            raw.send(body[200 + n : 201 + n])
        quick, began = await open_house.connect(), time.monotonic()
        assert (await quick.ask(post(envelope(inform(f"QUICK{n}"))))).status == 200
        took.append(time.monotonic() - began)
        await quick.hang_up()
    assert max(took) < PATIENCE_S
    assert (await slow[0].ask(body[220:])).status == 200


@pytest.mark.soak
@pytest.mark.cwmp("L-17", "J-5", "J-6")
@pytest_twisted.ensureDeferred
async def test_twenty_thousand_bad_messages(make_house: Any):
    house = await make_house(cpe_auth="none", max_body=4 * 1024 * 1024)
    for seed in range(10, 30):
        await misbehave(house, 1000, seed)
        for raw in house._raw:
            if not raw.is_closed:
                await raw.hang_up()
        house._raw.clear()
    assert len(house.workers[0].worker.factory.connections) < 20

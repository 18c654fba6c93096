"""The real commands: started, refused, killed in the middle of things, and many of them on PostgreSQL and RabbitMQ."""

import io
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.firmware import service as firmware
from acs.operations import service as operations
from simulators.firmware import make_image
from simulators.fleet import Fleet, FleetOptions
from tests.acs.server.house import pause, until
from tests.integration.processes import ONBOARDING, Premises, answers, reactor

ACTOR = Actor("user:anna", DEFAULT_TENANT)
MODEL = "Norvik G240"
TRANSFER_BROKE = (9010, 9015, 9017)
MAYBE = "The image may be on its way; waiting to see which version comes back"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def premises(tmp_path: Path) -> Iterator[Premises]:
    made = Premises(tmp_path / "home")
    yield made
    made.stop()


@pytest.fixture
def opened() -> Iterator[Any]:
    """Open a house's database, to the end of the test."""
    with ExitStack() as stack:
        yield lambda premises: stack.enter_context(premises.database())


@pytest.fixture
def own_queue(rabbitmq_url: str) -> Iterator[str]:
    """A broker whose queue of ours goes with the test, if the test made it."""
    from kombu import Connection

    with Connection(rabbitmq_url) as connection:
        was_there = _has_queue(connection)
    yield rabbitmq_url
    if not was_there:
        with Connection(rabbitmq_url) as connection:
            connection.default_channel.queue_delete("hearthline")


def _has_queue(connection: Any) -> bool:
    try:
        connection.default_channel.queue_declare("hearthline", passive=True)
    except connection.channel_errors:
        return False
    return True


@pytest_twisted.async_yield_fixture
async def fleets() -> AsyncIterator[Any]:
    """Fleets in this process, whose devices we can look into."""
    made: list[Fleet] = []

    async def start(premises: Premises, count: int, *models: str, **given: Any) -> Fleet:
        options = {
            "boot_s": (0.5, 1.0),
            "flash_s": (0.5, 1.0),
            "clip_retry_s": 1.0,
            "inform_interval_s": 3600,
            "password": ONBOARDING,
            **given,
        }
        fleet = Fleet(reactor, FleetOptions(count, premises.url, models, **options))
        made.append(fleet)
        await fleet.start()
        return fleet

    yield start
    for fleet in made:
        await fleet.stop()
    await pause(0.05)


def let_in(database: Any) -> None:
    with database.write() as unit:
        devices.add_rule(unit, ACTOR, "everything", "", "", "", now())


def known(database: Any) -> dict[str, Any]:
    with database.read() as session:
        return {row.serial_number: row for row in devices.search(session, DEFAULT_TENANT, now(), limit=100)}


def is_settled(database: Any, fleet: Fleet) -> bool:
    found = known(database)
    if any(device.serial not in found or device.in_session or not device.counts.sessions for device in fleet.devices):
        return False
    with database.read() as session:
        return operations.open_count(session, DEFAULT_TENANT) == 0


# ---- one command for everything --------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_up_serves_stops_when_asked_and_keeps_everything(premises: Premises, opened: Any, fleets: Any):
    up = premises.run("up")
    assert await up.says("ready") == f"ready http://127.0.0.1:{premises.web}"
    assert "password" in up.said
    await answers(f"http://127.0.0.1:{premises.web}/health/ready")
    await answers(f"http://127.0.0.1:{premises.files}/health/ready")
    database = opened(premises)
    let_in(database)
    fleet = await fleets(premises, 1, MODEL)
    await until(lambda: is_settled(database, fleet), 20)
    up.process.send_signal(signal.SIGINT)
    assert await up.ended() == 0
    assert premises.processes() == {}
    assert "Traceback" not in up.said

    (device,) = fleet.devices
    sessions = device.counts.sessions
    again = premises.run("up")
    await again.says("ready")
    assert "with the password" not in again.said
    device.trigger("2 PERIODIC")
    await until(lambda: device.counts.sessions > sessions, 15)
    assert known(database)[device.serial].software_version == device.cpe.facts.version
    again.process.send_signal(signal.SIGTERM)
    assert await again.ended() == 0
    assert premises.processes() == {}


@pytest_twisted.ensureDeferred
async def test_up_that_is_interrupted_while_it_starts_leaves_no_process(premises: Premises):
    up = premises.run("up")
    await until(lambda: any("acs.cli cwmp" in line for line in premises.processes().values()), 40)
    up.process.send_signal(signal.SIGINT)
    assert await up.ended() == 0
    assert premises.processes() == {}


@pytest.mark.parametrize("what", ["cwmp", "files", "web"])
def test_port_that_is_taken_is_told_in_one_sentence(premises: Premises, what: str):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        ran = premises.once("up", **{f"HEARTHLINE_{what.upper()}_PORT": str(number)})
    assert ran.returncode == 2
    (line,) = ran.stderr.strip().splitlines()
    assert f"Port {number}" in line
    assert f"HEARTHLINE_{what.upper()}_PORT" in line
    assert premises.processes() == {}


def test_data_directory_that_cannot_be_written_is_told_in_one_sentence(premises: Premises, tmp_path: Path):
    (tmp_path / "file").write_text("not a directory")
    for command in ("up", "cwmp", "worker"):
        ran = premises.once(command, HEARTHLINE_HOME=str(tmp_path / "file" / "home"))
        assert (ran.returncode, len(ran.stderr.strip().splitlines())) == (2, 1), (command, ran.stderr)
        assert "HEARTHLINE_HOME" in ran.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("CWMP_PORT", "many"), ("CPE_AUTH", "perhaps"), ("CPE_NETWORKS", "everywhere"), ("DATABASE_URL", "sqlite:////no/such/place/x.db")],
)
def test_setting_that_makes_no_sense_is_told_in_one_sentence(premises: Premises, name: str, value: str):
    ran = premises.once("up", **{f"HEARTHLINE_{name}": value})
    assert ran.returncode == 2
    assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
    assert f"HEARTHLINE_{name}" in ran.stderr or value.removeprefix("sqlite:///") in ran.stderr
    assert "Traceback" not in ran.stderr


def test_cwmp_alone_asks_for_the_onboarding_secret(premises: Premises):
    ran = premises.once("cwmp", HEARTHLINE_ONBOARDING="")
    assert (ran.returncode, "HEARTHLINE_ONBOARDING" in ran.stderr) == (2, True)


# ---- kill -9 ---------------------------------------------------------------------------------------------------


async def upgrade_all(database: Any, settings: Any, fleet: Fleet, version: str, size: int = 3_000_000) -> list[int]:
    """Ask for an upgrade of every device of the fleet."""

    def ask() -> list[int]:
        _, sha, length = firmware.store_upload(io.BytesIO(make_image(MODEL, version, size)), settings.files_dir, 10**8)
        found = known(database)
        with database.write() as unit:
            image = firmware.add(unit, ACTOR, now(), sha, length, "image.bin", version, MODEL)
            return [operations.request(unit, ACTOR, found[d.serial].id, "firmware", {"image": image}, now()) for d in fleet.devices]

    numbers: list[int] = await deferToThread(ask)
    return numbers


def states(database: Any, numbers: list[int]) -> list[Any]:
    with database.read() as session:
        return [operations.get(session, DEFAULT_TENANT, number, now()) for number in numbers]


async def kill_round(premises: Premises, database: Any, fleet: Fleet, version: str, plan: tuple[tuple[float, str], ...]) -> None:
    """Upgrade all devices, kill processes meanwhile; everything ends well, and every device was sent its image once."""
    before = {device.serial: device.download_count for device in fleet.devices}
    numbers = await upgrade_all(database, premises.settings(), fleet, version)
    began = reactor.seconds()
    for at, name in plan:
        await pause(max(0.0, began + at - reactor.seconds()))
        assert premises.kill(name) >= 1, f"{name} does not run"
    await until(lambda: not any(view.is_open for view in states(database, numbers)), 45, "all upgrades ended")
    views = states(database, numbers)
    for device, view in zip(fleet.devices, views, strict=True):
        assert ended_well(device, view, version), (_told(view), device.cpe.facts.version)
        assert device.download_count - before[device.serial] == 1, device.rpcs


def _told(view: Any) -> str:
    return f"{view.state} {view.error!r} {view.fault} {dict(view.result)} {view.phase} {view.progress!r} attempts {view.attempts}"


def ended_well(device: Any, view: Any, version: str) -> bool:
    """Upgraded; or the files server was killed under the very transfer, the device said so, and what it runs is told."""
    if view.state == "failed":
        return view.fault is not None and view.fault["code"] in TRANSFER_BROKE and view.result["version"] == device.cpe.facts.version
    return (view.state, view.result.get("version"), device.cpe.facts.version) == ("done", version, version)


@pytest.mark.cwmp("L-62", "I-13", "A-70")
@pytest_twisted.ensureDeferred
async def test_upgrades_survive_the_killing_of_every_process(premises: Premises, opened: Any, fleets: Any):
    up = premises.run("up")
    await up.says("ready")
    database = opened(premises)
    let_in(database)
    fleet = await fleets(premises, 5, MODEL)
    await until(lambda: is_settled(database, fleet), 20)
    await kill_round(premises, database, fleet, "7.0.1", ((0.3, "cwmp"), (0.8, "worker"), (0.9, "web"), (2.5, "cwmp")))
    up.process.send_signal(signal.SIGINT)
    assert await up.ended() == 0
    assert premises.processes() == {}
    assert "starting it again" in up.said


@pytest.mark.soak
@pytest_twisted.ensureDeferred
async def test_many_rounds_of_killing(premises: Premises, opened: Any, fleets: Any):
    """Killed at any moment. What was committed and may not have left is not repeated, but it does not end badly either: it stays open."""
    up = premises.run("up")
    await up.says("ready")
    database = opened(premises)
    let_in(database)
    fleet = await fleets(premises, 5, MODEL)
    await until(lambda: is_settled(database, fleet), 20)
    ended = 0
    for n in range(20):
        await answers(f"http://127.0.0.1:{premises.files}/health/ready")
        before = {device.serial: device.download_count for device in fleet.devices}
        numbers = await upgrade_all(database, premises.settings(), fleet, f"7.1.{n}")
        await pause(0.1 + n * 0.13)
        premises.kill("cwmp")
        until_s = reactor.seconds() + 90  # the supervisor waits longer from time to time, up to half a minute
        while reactor.seconds() < until_s and any(view.is_open for view in states(database, numbers)):
            await pause(0.5)
            if reactor.seconds() > until_s - 50:  # an upgrade whose answer was lost is settled at the next contact
                for device in fleet.devices:
                    device.trigger("2 PERIODIC")
                await pause(5)
        for device, view in zip(fleet.devices, states(database, numbers), strict=True):
            sent = device.download_count - before[device.serial]
            assert sent <= 1, (n, device.rpcs)
            if sent:
                assert ended_well(device, view, f"7.1.{n}"), (n, _told(view), device.cpe.facts.version)
                ended += 1
            else:
                assert (view.is_open, view.progress) == (True, MAYBE), (n, view)
        with database.write() as unit:
            operations.expire(unit, now() + timedelta(days=60))
    assert ended >= 80
    up.process.send_signal(signal.SIGINT)
    assert await up.ended() == 0


# ---- scaled out ------------------------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.rabbitmq
@pytest.mark.quirk("K-7")
@pytest_twisted.ensureDeferred
async def test_many_processes_on_postgresql_and_rabbitmq(tmp_path: Path, postgres_url: str, own_queue: str, opened: Any, fleets: Any):
    premises = Premises(
        tmp_path / "home", HEARTHLINE_DATABASE_URL=postgres_url, HEARTHLINE_BROKER_URL=own_queue, HEARTHLINE_CWMP_WORKERS="2",
        HEARTHLINE_WEB_WORKERS="2",
    )  # fmt: skip
    try:
        assert premises.once("db", "upgrade").returncode == 0
        parts = [premises.run(name) for name in ("cwmp", "web", "worker")]
        await answers(f"http://127.0.0.1:{premises.files}/health/ready")
        await answers(f"http://127.0.0.1:{premises.web}/health/ready")
        lines = list(premises.processes().values())
        assert sum("cwmp --worker" in line for line in lines) == 2
        assert sum("web" in line and "--fd" in line for line in lines) == 2
        database = opened(premises)
        let_in(database)
        fleet = await fleets(premises, 6, MODEL, quirks=("new-connection",))
        await until(lambda: is_settled(database, fleet), 30)
        assert fleet.totals().failed == 0
        assert premises.metric('hearthline_sessions_total{outcome="taken_over"}', range(10, 12)) > 0
        (first, *_) = fleet.devices
        path = "Device.WiFi.SSID.1.SSID"
        with database.write() as unit:
            number = operations.request(
                unit, ACTOR, known(database)[first.serial].id, "write", {"values": [[path, "Wide", "string"]]}, now()
            )
        await until(lambda: not states(database, [number])[0].is_open, 15)
        assert (states(database, [number])[0].state, first.value(path)) == ("done", "Wide")
        await kill_round(premises, database, fleet, "8.0.1", ((0.4, "cwmp --worker 0"), (0.9, "cwmp --worker 1")))
        for part in parts:
            part.process.send_signal(signal.SIGTERM)
        assert [await part.ended() for part in parts] == [0, 0, 0]
        assert premises.processes() == {}
    finally:
        premises.stop()

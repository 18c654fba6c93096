"""kill -9 at random instants of every process, while devices come new and back at once and campaigns run, on PostgreSQL.

Devices are tapped on the wire (wiretap.py): what they were answered is acknowledged, what reached them was sent. After each round nothing is
killed any more, everything comes to its end, and the wire is compared with the database: nothing acknowledged is lost, nothing irreversible was
sent twice or without a row that knows of it, no value is torn. A round is one seed with a database and a fleet of its own.

`STORM_ROUNDS` rounds of `STORM_KILLS` kills, from seed `STORM_SEED` on; every fifth is kept by `hearthline up` instead of by the test.
"""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from sqlalchemy import create_engine, make_url, select, text
from sqlalchemy.pool import NullPool
from twisted.internet.threads import deferToThread

from acs.campaigns.models import CampaignMember, CampaignWave
from acs.campaigns.states import Member
from acs.db.upgrade import upgrade
from acs.devices import canonicals
from acs.devices.models import Device as DeviceRow
from acs.devices.models import DeviceEvent
from acs.devices.store import load_tree, reveal
from acs.firmware import service as firmware
from acs.operations.models import Operation
from acs.settings import MODEL_MODULES
from simulators.device import Device
from tests.integration.processes import Premises
from tests.integration.storming import VERSION, Storm
from tests.integration.wiretap import IRREVERSIBLE, Ledger

SEED, ROUNDS, KILLS = (int(os.environ.get(f"STORM_{name}", default)) for name, default in (("SEED", "1"), ("ROUNDS", "10"), ("KILLS", "22")))
DEVICES = int(os.environ.get("STORM_DEVICES", "24"))
KEYED = {"reboot": "Reboot", "firmware": "Download", "backup": "Upload"}
"""Operations whose request carries their CommandKey."""
COUNTED = {"factory_reset": "FactoryReset", "add_object": "AddObject", "delete_object": "DeleteObject"}
TRANSFER_BROKE = (9010, 9011, 9012, 9015, 9016, 9017)
FREE = frozenset({Member.DONE, Member.FAILED, Member.SKIPPED, Member.EXPIRED})
"""Where a member of a campaign that ran to its end may stand."""


@pytest.fixture
def storm_url(postgres_server: Any) -> Iterator[str]:
    """A database of its own that waits for the disk, as outside of tests."""
    url = postgres_server.make(f"hl_kill_{os.getpid()}")
    engine = create_engine(postgres_server._url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'ALTER DATABASE "{make_url(url).database}" RESET synchronous_commit'))
    engine.dispose()
    for name in MODEL_MODULES:
        import_module(name)
    upgrade(url)
    yield url
    postgres_server.drop(url)


@pytest.mark.soak
@pytest.mark.postgres
@pytest.mark.cwmp("A-70", "I-13")
@pytest.mark.parametrize("seed", range(SEED, SEED + ROUNDS))
@pytest_twisted.ensureDeferred
async def test_nothing_acknowledged_is_lost_nothing_is_sent_twice_no_value_is_torn(tmp_path: Path, storm_url: str, seed: int):
    premises = Premises(
        tmp_path / "home", HEARTHLINE_DATABASE_URL=storm_url, HEARTHLINE_CWMP_WORKERS="2", HEARTHLINE_INFORM_RATE="1e6",
        HEARTHLINE_INFORM_RATE_PER_ADDRESS="1e6",
    )  # fmt: skip
    storm = Storm(premises, seed, DEVICES, supervised=seed % 5 == 4)
    with premises.database() as database:
        storm.database = database
        try:
            await storm.begin()
            await storm.play(KILLS)
            await storm.calm_down()
            before = await deferToThread(found_wrong, storm)
            orphans = storm.house.orphans()
            await storm.read_all()
            after = await deferToThread(differing, storm)
            assert (before, after, storm.torn, orphans) == ([], [], [], [])
            storm.still()
            await storm.house.stop()
            assert complaints(storm.house.said()) == []
        finally:
            if storm.house is not None:
                _tell(storm)
            await storm.end()
            premises.stop()


def _tell(storm: Storm) -> None:
    """The figures of a round, for `pytest -s`."""
    ledgers = storm.ledgers.values()
    reached = Counter(each.name for ledger in ledgers for each in ledger.asked)
    print(
        f"\nseed {storm.seed}: {len(storm.kills)} killed {dict(storm.house.killed)} in {storm.kills[-1][0] if storm.kills else 0:.0f} s, "
        f"{(datetime.now(UTC) - storm.began).total_seconds():.0f} s in all; {sum(ledger.exchanges for ledger in ledgers)} messages, "
        f"{sum(len(ledger.informs) for ledger in ledgers)} Informs, {sum(len(ledger.reports) for ledger in ledgers)} TransferCompletes, "
        f"reached devices {dict(reached)}; {len(storm.asked)} operations acknowledged, not {dict(storm.refusals)}; {storm.looks} looks; "
        f"refused starts {dict(storm.house.refused)}"
    )


def complaints(said: str) -> list[str]:
    """Errors in the logs of the house. A worker that is asked to stop twice, by its parent's death and by us, says so and is none."""
    return [line[:400] for line in said.splitlines() if "[error" in line and "ReactorNotRunning" not in line][:20]


# ---- what was acknowledged, what was sent ------------------------------------------------------------------------


def found_wrong(storm: Storm) -> list[str]:
    """Everything in which wire and database contradict one another, in words."""
    with storm.database.read() as session:
        heads = {row.serial_number: row for row in session.scalars(select(DeviceRow))}
        rows = list(session.scalars(select(Operation)))
        wrong: list[str] = []
        for device in storm.fleet.devices:
            head, ledger = heads.get(device.serial), storm.ledgers[device.serial]
            if head is None:
                wrong.append(f"{device.serial} is not known")
                continue
            own = [row for row in rows if row.device_id == head.id]
            told = [*_events_lost(session, head, ledger), *_sent_wrong(own, ledger), *_reports_lost(own, ledger), *_ended_wrong(session, own, device, ledger)]
            wrong += [f"{device.serial}: {each}" for each in told]
        known = {row.id for row in rows}
        wrong += [f"operation {number} was acknowledged and is gone: {about}" for number, about in storm.asked.items() if number not in known]
        for name, number in storm.campaigns.items():
            wrong += [f"campaign {name}: {each}" for each in _campaign_wrong(session, number, rows, storm, heads)]
        return wrong


def _events_lost(session: Any, head: DeviceRow, ledger: Ledger) -> list[str]:
    """Each event of an answered Inform has its row; none has more rows than it was told."""
    stored = Counter(
        (code, detail if code.startswith("M ") else "")
        for code, detail in session.execute(select(DeviceEvent.code, DeviceEvent.detail).where(DeviceEvent.device_id == head.id))
    )
    answered, told = ledger.events(only_acknowledged=True), ledger.events(only_acknowledged=False)
    wrong = [f"event {event} was acknowledged {n} times, is there {stored[event]} times" for event, n in answered.items() if stored[event] < n]
    of_device = {event: n for event, n in stored.items() if event[0][0].isdigit() or event[0].startswith("M ")}
    wrong += [f"event {event} was told {told[event]} times, is there {n} times" for event, n in of_device.items() if n > told[event]]
    least, most = sum(each.answered is not None for each in ledger.informs), len(ledger.informs)
    return wrong if least <= head.inform_count <= most else [*wrong, f"{head.inform_count} Informs counted, {least} answered, {most} said"]


def _sent_wrong(rows: list[Operation], ledger: Ledger) -> list[str]:
    """What cannot be taken back reached the device once for each row that asked for it, and never without one."""
    keys = {row.command_key: row for row in rows}
    wrong = []
    for name in KEYED.values():
        for key, n in ledger.keys_of(name).items():
            if n > 1:
                wrong.append(f"{name} {key} was sent {n} times, operation {keys[key].id if key in keys else '?'}")
            if key not in keys:
                wrong.append(f"{name} {key} was sent and nothing knows of it")
            elif KEYED.get(keys[key].kind) != name:
                wrong.append(f"{name} {key} belongs to a {keys[key].kind}")
    for kind, name in COUNTED.items():
        n = ledger.deleted if name == "DeleteObject" else len(ledger.received(name))
        begun = sum(row.kind == kind and row.attempts > 0 for row in rows)
        if n > begun:
            wrong.append(f"{name} was sent {n} times, {begun} operations asked for it")
    others = {each.name for each in ledger.asked} & set(IRREVERSIBLE) - {*KEYED.values(), *COUNTED.values()}
    return [*wrong, *(f"{name} was sent by nobody" for name in others)]


def _reports_lost(rows: list[Operation], ledger: Ledger) -> list[str]:
    """A TransferComplete that was answered is with its operation, unless that was over before."""
    keys = {row.command_key: row for row in rows}
    wrong = []
    for told in ledger.reports:
        row = keys.get(told.key)
        if told.answered is None or row is None or "transfer" in (row.memo or {}):
            continue
        if row.finished_at is None or row.finished_at > told.answered:
            wrong.append(f"the report of {row.kind} {row.id} was acknowledged and is not there: {row.memo}")
    return wrong


def _ended_wrong(session: Any, rows: list[Operation], device: Device, ledger: Ledger) -> list[str]:
    """Every operation is over, with words where it failed, and what it says of itself is what the device was sent."""
    wrong = []
    for row in rows:
        about = f"{row.kind} {row.id} is {row.state} {row.error!r} {row.fault} {row.result} after {row.attempts} attempts"
        reached = ledger.keys_of(KEYED[row.kind])[row.command_key] if row.kind in KEYED else 0
        if reached and ledger.was_reset_after(KEYED[row.kind], row.command_key):
            continue  # a factory reset makes a device forget what it was to do and to tell (conformance D-20)
        if reached:
            about += f", with {ledger.around(KEYED[row.kind], row.command_key)}"
        match row.kind, row.state:
            case _, "queued" | "running" | "waiting":
                wrong.append(f"{about}: stuck at {row.phase!r} {row.progress!r}")
            case _, "failed" | "expired" if not row.error:
                wrong.append(f"{about}: without a word")
            case _, "cancelled" if reached or (row.requested_by.startswith("campaign:") and row.sent):
                wrong.append(f"{about}: it was sent")
            case "reboot", "done" if not reached and row.result.get("reported"):
                wrong.append(f"{about}: never sent")
            case "reboot" | "backup", "failed" if reached and row.fault is None:
                wrong.append(f"{about}: it was sent")
            case "firmware", "done" if row.result.get("version") != VERSION or not (reached or row.result.get("already")):
                wrong.append(f"{about}: sent {reached} times, runs {device.cpe.facts.version}")
            case "firmware", "failed" if reached and (row.fault or {}).get("code") not in TRANSFER_BROKE:
                wrong.append(f"{about}: it was sent, runs {device.cpe.facts.version}")
            case "backup", "done" if firmware.file_of_operation(session, row.id) is None:
                wrong.append(f"{about}: without a file")
            case "write", "done" if not all(ledger.had(path, value) for path, value, _ in row.args["values"]):
                wrong.append(f"{about}: the device never had it")
    return wrong


def _campaign_wrong(session: Any, number: int, rows: list[Operation], storm: Storm, heads: dict[str, DeviceRow]) -> list[str]:
    """Each member ended where its operation did, was begun once, and the counts are those of the members."""
    members = list(session.scalars(select(CampaignMember).where(CampaignMember.campaign_id == number)))
    serials, by_id = {head.id: serial for serial, head in heads.items()}, {row.id: row for row in rows}
    wrong, tallies = [], Counter[str]()
    for wave in session.scalars(select(CampaignWave).where(CampaignWave.campaign_id == number)):
        tallies.update({state: n for state, n in wave.tally.items() if n})
    if tallies != (counted := Counter(member.state for member in members)):
        wrong.append(f"counts {dict(tallies)}, has {dict(counted)}")
    for member in members:
        row, serial = by_id.get(member.operation_id), serials[member.device_id]
        own = [each for each in rows if each.requested_by == f"campaign:{number}" and each.device_id == member.device_id]
        sent = [each for each in own if storm.ledgers[serial].keys_of(KEYED[each.kind])[each.command_key]]
        about = f"{serial} is {member.state} {member.reason!r}, operation {row and (row.id, row.state, row.error)}"
        if Member(member.state) not in FREE:
            wrong.append(f"{about}: stuck")
        elif len(sent) > 1:
            wrong.append(f"{about}: {[each.id for each in sent]} were all sent")
        elif member.state == Member.DONE and (row is None or row.state != "done"):
            wrong.append(f"{about}: its operation did not succeed")
        elif member.state == Member.FAILED and (row is None or row.state not in ("failed", "expired") or not member.reason):
            wrong.append(f"{about}: its operation did not fail")
        elif member.state == Member.SKIPPED and sent:
            wrong.append(f"{about}: it was sent")
    return wrong


# ---- values ------------------------------------------------------------------------------------------------------


def differing(storm: Storm) -> list[str]:
    """Every value that is stored and that the device, read whole a moment ago, does not have or never had; and ages that cannot be."""
    wrong: list[str] = []
    with storm.database.read() as session:
        heads = {row.serial_number: row.id for row in session.scalars(select(DeviceRow))}
        for device in storm.fleet.devices:
            tree, ledger = device.cpe.tree, storm.ledgers[device.serial]
            stored = load_tree(session.connection(), heads[device.serial])
            names = set(tree.under(""))
            told = [f"{path} is not stored" for path in names - set(stored.values)] + [f"{path} is stored, and gone" for path in set(stored.values) - names]
            for path in names & set(stored.values):
                known, leaf = stored.values[path], tree.leaf(path)
                value = reveal(storm.vault, known.value)
                if not storm.began <= known.at <= datetime.now(UTC):
                    told.append(f"{path} is of {known.at}")
                same = value == tree.shown(path)
                hidden = leaf is not None and (leaf.entry.hidden or leaf.entry.secured or leaf.living is not None)
                if not same and not (hidden and (ledger.had(path, value) or value == tree.value(path))):
                    told.append(f"{path} is stored as {value!r}, the device has {tree.shown(path)!r}")
            if not canonicals.of_device(session.connection(), heads[device.serial]):
                told.append("no readings are known")
            wrong += [f"{device.serial}: {each}" for each in told[:5]]
    return wrong

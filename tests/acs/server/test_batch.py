"""What one group commit does with many works at once: their order, who is fenced, what each is answered."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from acs.cwmp.identity import identity_of
from acs.cwmp.messages import ParameterValueStruct
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.devices.informs import InformIn
from acs.operations import service as operations
from acs.operations.briefing import Briefing
from acs.operations.models import Operation
from acs.operations.progress import StepIn
from acs.provisioning.plan import Trust
from acs.provisioning.procedure import Snapshot
from acs.recorder import service as recorder
from acs.recorder.service import Message, RecordIn
from acs.secrets import Vault
from acs.server.batch import Batch, Fenced, Informed, InformWork, StepWork, take_over
from tests.acs.kit import recorded
from tests.acs.server.kit import ACTOR, NOW, inform

SSID = "Device.WiFi.SSID.1.SSID"


@pytest.fixture
def briefing(vault: Vault) -> Briefing:
    return Briefing(vault, "http://127.0.0.1:7567", "device")


@pytest.fixture
def batch(vault: Vault, briefing: Briefing) -> Batch:
    return Batch(vault, briefing, False, 20, 100_000)


def came(serial: str = "S1", *events: str, login: str = "onboarding", token: str = "t" * 34) -> InformWork:
    message = inform(serial, *events)
    state = {"ns": "urn:dslforum-org:cwmp-1-2", "v": "1.2", "login": login, "events": list(events)}
    until = NOW + timedelta(seconds=60)
    return InformWork(InformIn(identity_of(message.device_id), message, NOW, "192.0.2.1", token, state, until, login, DEFAULT_TENANT))


def step(informed: Informed, value: str = "", ended: bool = False, outcome: str = "", **given: Any) -> StepWork:
    device = informed.device
    values = [ParameterValueStruct(SSID, value, "string")] if value else []
    record = None
    if outcome:
        record = RecordIn(1, device.device_id, device.epoch, NOW, 5, outcome, "", "", (Message(True, 0, 0, b"<x/>"),))
    return StepWork(StepIn(device.tenant, device.device_id, device.epoch, NOW, ended=ended), values, record=record, **given)


def commit(database: Database, batch: Batch, *works: Any) -> list[Any]:
    with database.write() as unit:
        return batch(unit, list(works))


def let_in(database: Database) -> None:
    with database.write() as unit:
        devices.add_rule(unit, ACTOR, "everything", "", "", "", NOW)


def stored(database: Database, device_id: int) -> dict[str, str]:
    with database.read() as session:
        return {p.path: p.value for p in devices.parameters(session, DEFAULT_TENANT, device_id)}


def test_answers_come_in_the_order_of_the_works(database: Database, batch: Batch):
    let_in(database)
    (first,) = commit(database, batch, came("A"))
    answers = commit(database, batch, came("B"), step(first, "x"), came("C"), came("A"))
    assert [getattr(a.device, "key", "") if isinstance(a, Informed) else a for a in answers] == [
        "02A5C1-Box-B",
        None,
        "02A5C1-Box-C",
        "02A5C1-Box-A",
    ]


def test_unknown_device_without_a_rule_is_quarantined_and_gets_no_work(database: Database, batch: Batch):
    (answer,) = commit(database, batch, came())
    assert (answer.device.trust, answer.device.is_new, answer.tasks) == (Trust.QUARANTINE, True, [])


def test_device_that_is_let_in_is_secured_and_read(database: Database, batch: Batch):
    let_in(database)
    (answer,) = commit(database, batch, came("S1", "0 BOOTSTRAP"))
    assert [task.kind for task in answer.tasks] == ["secure", "discover"]
    brief = answer.tasks[0].brief
    assert (len(brief["secret"]), len(brief["request_secret"]), brief["username"]) == (24, 24, answer.device.key)


@pytest.mark.cwmp("K-6")
@pytest.mark.parametrize(
    ("events", "version", "due"),
    [
        (("2 PERIODIC",), "1.0", []), (("1 BOOT",), "1.0", []), (("1 BOOT",), "2.0", ["discover"]),
        (("2 PERIODIC",), "1.0 as informed", []),  # some read another word than they inform: no discovery without end
        (("0 BOOTSTRAP", "1 BOOT"), "1.0", ["secure", "discover"]),
    ],
)  # fmt: skip
def test_tree_of_a_device_that_was_reset_or_runs_other_firmware_stays_and_is_read_anew(
    database: Database, batch: Batch, events: tuple[str, ...], version: str, due: list[str]
):
    def at(version: str, *events: str) -> InformWork:
        work = came("S1", *events, login="own")
        told = ParameterValueStruct("Device.DeviceInfo.SoftwareVersion", version, "string")
        others = tuple(v for v in work.inform.inform.parameter_list if v.name != told.name)
        return InformWork(replace(work.inform, inform=replace(work.inform.inform, parameter_list=(told, *others))))

    let_in(database)
    commit(database, batch, came("S1"))
    (first,) = commit(database, batch, at("1.0", "2 PERIODIC"))
    read = Snapshot("", ((SSID, True),), (ParameterValueStruct(SSID, "Home", "string"),))
    commit(database, batch, step(first, snapshots=[read], ended=True))
    with database.write() as unit:
        unit.session.execute(delete(Operation))
    (answer,) = commit(database, batch, at(version, *events))
    assert [task.kind for task in answer.tasks] == due
    assert stored(database, first.device.device_id)[SSID] == "Home", "until it is read anew, what was known is shown with its age"


def test_step_is_applied_before_the_inform_that_ends_its_session(database: Database, batch: Batch):
    (first,) = commit(database, batch, came())
    lost, second = commit(database, batch, step(first, "Old"), came())
    assert lost is None
    assert second.device.epoch == first.device.epoch + 1
    assert stored(database, first.device.device_id)[SSID] == "Old"


def test_step_of_a_session_that_lost_its_device_changes_nothing(database: Database, batch: Batch):
    (first,) = commit(database, batch, came())
    commit(database, batch, came())
    (answer,) = commit(database, batch, step(first, "Late", outcome="ok", ended=True))
    assert isinstance(answer, Fenced)
    assert SSID not in stored(database, first.device.device_id)
    with database.read() as session:
        (row,) = recorder.listed(session, DEFAULT_TENANT)
        assert row.outcome == "lost"


def test_only_the_old_session_of_a_device_is_fenced_when_both_are_in_one_batch(database: Database, batch: Batch):
    (first,) = commit(database, batch, came())
    (second,) = commit(database, batch, came())
    for works in ((step(first, "Old"), step(second, "New")), (step(second, "Newer"), step(first, "Older"))):
        answers = commit(database, batch, *works)
        assert {type(answer) for answer in answers} == {Fenced, type(None)}
        assert [isinstance(answer, Fenced) for answer in answers] == [work.step.epoch == first.device.epoch for work in works]
    assert stored(database, first.device.device_id)[SSID] == "Newer"


def test_two_informs_of_one_device_in_a_batch_are_both_answered_and_the_later_holds_it(database: Database, batch: Batch):
    first, second = commit(database, batch, came(token="a" * 34), came(token="b" * 34))
    assert second.device.epoch == first.device.epoch + 1
    one, two = commit(database, batch, step(first, "First"), step(second, "Second"))
    assert (isinstance(one, Fenced), two) == (True, None)


def test_end_frees_the_device(database: Database, batch: Batch):
    (informed,) = commit(database, batch, came())
    with database.read() as session:
        assert devices.get(session, DEFAULT_TENANT, informed.device.device_id, NOW).in_session
    commit(database, batch, step(informed, ended=True))
    with database.read() as session:
        assert not devices.get(session, DEFAULT_TENANT, informed.device.device_id, NOW).in_session


def test_session_that_lasts_keeps_the_device(database: Database, batch: Batch):
    (informed,) = commit(database, batch, came())
    commit(database, batch, step(informed, until=NOW + timedelta(minutes=9)))
    later = NOW + timedelta(minutes=8)
    with database.write() as unit:
        assert devices.get(unit.session, DEFAULT_TENANT, informed.device.device_id, later).in_session
        assert operations.close_lost_sessions(unit, later) == 0


def test_login_with_the_new_secret_voids_the_old_one(database: Database, batch: Batch, vault: Vault):
    from acs.devices.models import DeviceCredential

    let_in(database)
    (informed,) = commit(database, batch, came())
    commit(database, batch, came(login="next"))
    with database.read() as session:
        row = session.get(DeviceCredential, informed.device.device_id)
        assert row is not None
        assert (bool(row.secret), row.next_secret) == (True, "")


# ---- taking over -----------------------------------------------------------------------------------------------


def test_session_is_claimed_by_its_token_only(database: Database, batch: Batch, briefing: Briefing):
    (informed,) = commit(database, batch, came())
    number = informed.device.device_id
    assert take_over(database, briefing, number, "x" * 34, NOW) is None
    assert take_over(database, briefing, number + 1, "t" * 34, NOW) is None
    assert take_over(database, briefing, number, "t" * 34, NOW + timedelta(hours=1)) is None
    taken = take_over(database, briefing, number, "t" * 34, NOW)
    assert taken is not None
    assert (taken.device.epoch, taken.state["login"]) == (informed.device.epoch + 1, "onboarding")
    assert isinstance(commit(database, batch, step(informed, "Late"))[0], Fenced)


def test_session_that_is_still_ours_is_not_claimed(database: Database, batch: Batch, briefing: Briefing):
    (informed,) = commit(database, batch, came())
    number, epoch = informed.device.device_id, informed.device.epoch
    assert take_over(database, briefing, number, "t" * 34, NOW, epoch) is None
    assert commit(database, batch, step(informed, "Mine")) == [None]
    assert take_over(database, briefing, number, "t" * 34, NOW, epoch - 1) is not None


def test_blocked_device_is_taken_over_as_blocked(database: Database, batch: Batch, briefing: Briefing):
    (informed,) = commit(database, batch, came())
    with database.write() as unit:
        devices.set_trust(unit, ACTOR, informed.device.device_id, Trust.BLOCKED, NOW)
    taken = take_over(database, briefing, informed.device.device_id, "t" * 34, NOW)
    assert taken is not None
    assert taken.device.trust is Trust.BLOCKED


def test_work_stays_as_it_was_made(database: Database, batch: Batch):
    """A batch that fails is tried again one by one: applying must not change the works."""
    work = came()
    before = replace(work.inform)
    commit(database, batch, work)
    assert work.inform == before


def test_record_is_packed_before_the_transaction_and_stored_so(database: Database, batch: Batch):
    (first,) = commit(database, batch, came())
    work = step(first, outcome="failed", ended=True)
    batch.prepare([came(), work])
    assert work.record is not None and work.record.packed
    commit(database, batch, work)
    with database.read() as session:
        (view,) = recorded(session)
    assert view.messages == (Message(True, 0, 0, b"<x/>"),)

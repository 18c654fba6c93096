"""Which device an unknown identity leads to, and what a known one pays for the question: nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from acs.cwmp.identity import Identity
from acs.cwmp.messages import DeviceIdStruct
from acs.devices import merging
from acs.devices.aliases import is_same, same_but_oui
from acs.devices.models import Device, DeviceAlias
from tests.acs.kit import NORVIK, add_device, head, inform, inform_in, informed

VOID = DeviceIdStruct("Norvik", "FFFFFF", "G240", "NV1000001")
BOARD = DeviceIdStruct("Norvik", "00D09E", "G240", "NV2000002")
BOARD_KEY = "00D09E-G240-NV2000002"
SECOND = timedelta(seconds=1)


def count(database) -> int:
    with database.read() as session:
        return len(list(session.scalars(select(Device.id))))


@pytest.fixture
def home(any_database, vault, now):
    (out,) = informed(any_database, vault, inform_in(inform(), now, login="none"), admit_all=True)
    return out.device_id


def alias(database, actor, device_id, now, key=BOARD_KEY):
    with database.write() as unit:
        merging.add_alias(unit, actor, device_id, key, "new board", now)


def test_alias_leads_to_its_device_and_notes_when_it_was_seen(any_database, vault, actor, now, home):
    alias(any_database, actor, home, now)
    (out,) = informed(any_database, vault, inform_in(inform(device=BOARD), now + SECOND, login="own"))
    assert (out.device_id, out.is_new, out.inform_count) == (home, False, 2)
    assert count(any_database) == 1
    with any_database.read() as session:
        assert session.get(DeviceAlias, BOARD_KEY).last_seen_at == now + SECOND


def test_both_names_in_one_batch_are_one_device_with_one_live_session(any_database, vault, actor, now, home):
    alias(any_database, actor, home, now)
    works = [inform_in(inform(device=device), now, login="own", token=token) for device, token in ((NORVIK, "t1"), (BOARD, "t2"))]
    one, other = informed(any_database, vault, *works)
    assert one.device_id == other.device_id == home
    assert other.epoch == one.epoch + 1
    assert head(any_database, home).session_token == "t2"


def test_known_identity_costs_no_statement_more(any_database, vault, actor, now, home):
    """The look for aliases, the alarms and the sightings are paid for by who is new or has changed."""

    def statements(at) -> list[str]:
        said: list[str] = []

        def note(conn, cursor, statement, *rest):
            said.append(statement)

        event.listen(any_database.engine, "before_cursor_execute", note)
        try:
            informed(any_database, vault, inform_in(inform(), at, login="none"), admit_all=True)
        finally:
            event.remove(any_database.engine, "before_cursor_execute", note)
        return [s for s in said if not s.startswith(("BEGIN", "SAVEPOINT"))]

    plain = statements(now + SECOND)
    assert len(plain) == 2, plain  # the head rows read, and written
    alias(any_database, actor, home, now)
    assert len(statements(now + 2 * SECOND)) == 2


@pytest.mark.quirk("K-35")
@pytest.mark.parametrize("login", ["own", "next", "certificate", "shared", "none"])
def test_oui_that_says_nothing_leads_to_the_one_device_of_that_serial(any_database, vault, now, home, login):
    (out,) = informed(any_database, vault, inform_in(inform(device=VOID), now, login=login))
    assert (out.device_id, count(any_database)) == (home, 1)
    (again,) = informed(any_database, vault, inform_in(inform(device=VOID), now, login=login))
    assert again.inform_count == 3


def test_stranger_with_the_onboarding_secret_is_a_device_of_its_own(any_database, vault, now, home):
    (out,) = informed(any_database, vault, inform_in(inform(device=VOID), now, login="onboarding"))
    assert out.device_id != home
    assert out.quarantined_now


@pytest.mark.quirk("K-35")
def test_serial_that_thousands_share_leads_nowhere(any_database, vault, now):
    shared = [DeviceIdStruct("Norvik", oui, "G240", "999999999999999999") for oui in ("00D09E", "000000")]
    outs = [informed(any_database, vault, inform_in(inform(device=each), now, login="none"), admit_all=True)[0] for each in shared]
    assert outs[0].device_id != outs[1].device_id
    assert outs[0].alarms == ("placeholder",)


def test_two_devices_that_might_be_meant_are_none(any_database, vault, now):
    for oui in ("00D09E", "0019CB"):
        key = Identity(oui, "G240", "NV1000001").key
        with any_database.write() as unit:
            unit.session.add(
                Device(tenant_id=1, key=key, oui=oui, product_class="G240", serial_number="NV1000001", trust="admitted", model="G240")
            )
    (out,) = informed(any_database, vault, inform_in(inform(device=VOID), now, login="none"))
    assert out.is_new


@pytest.mark.quirk("K-35")
@pytest.mark.parametrize(
    "device",
    [
        DeviceIdStruct("", "", "", "S1"), DeviceIdStruct("x", "", "Box", "S1"), DeviceIdStruct("x", "00D09E", "", "S 1/2..%2E"),
        DeviceIdStruct("x", "00D09E", "Box", "line\nfeed"), DeviceIdStruct("x", "00D09E", "Box", "  S1\n"),
    ],
)  # fmt: skip
def test_identities_of_the_field_are_devices_of_their_own(any_database, vault, now, device):
    works = [inform_in(inform(device=device), now + n * SECOND, login="none") for n in range(2)]
    first, second = (informed(any_database, vault, work, admit_all=True)[0] for work in works)
    assert first.device_id == second.device_id
    assert first.key.isprintable()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Identity("00D09E", "G", "S1"), Identity("000000", "G", "S1"), True),
        (Identity("FFFFFF", "G", "S1"), Identity("000000", "G", "S1"), True),
        (Identity("00D09E", "G", "S1"), Identity("0019CB", "G", "S1"), False),
        (Identity("00D09E", "G", "S1"), Identity("000000", "H", "S1"), False),
        (Identity("00D09E", "G", "S1"), Identity("000000", "G", "S2"), False),
        (Identity("00D09E", "G", "9" * 18), Identity("000000", "G", "9" * 18), False),
        (Identity("00D09E", "G", "S1"), Identity("00D09E", "G", "S1"), False),
    ],
)
def test_which_identities_differ_in_nothing_but_a_void_oui(one, other, same):
    assert same_but_oui(one, other) is same


def test_login_of_one_device_may_speak_for_its_aliases_only(any_database, actor, now):
    device = add_device(any_database)
    add_device(any_database, serial="NV3000003")
    alias(any_database, actor, device, now)
    own = "00D09E-G240-NV1000001"
    assert is_same(any_database, own, Identity("00D09E", "G240", "NV2000002"))
    assert is_same(any_database, BOARD_KEY, Identity("00D09E", "G240", "NV1000001"))
    assert is_same(any_database, own, Identity("FFFFFF", "G240", "NV1000001"))
    assert not is_same(any_database, own, Identity("00D09E", "G240", "NV3000003"))
    assert not is_same(any_database, own, Identity("00D09E", "G240", "nobody"))


def test_who_enrolled_under_an_oui_that_says_nothing_cannot_speak_for_the_device_of_that_serial(any_database, vault, now):
    """The onboarding secret is known to every device: whoever has it may enrol under any name, and must not become another one by it."""
    add_device(any_database)
    (out,) = informed(any_database, vault, inform_in(inform(device=VOID), now, login="onboarding"))
    assert out.is_new
    assert not is_same(any_database, "FFFFFF-G240-NV1000001", Identity("00D09E", "G240", "NV1000001"))
    assert not is_same(any_database, "00D09E-G240-NV1000001", Identity("FFFFFF", "G240", "NV1000001"))

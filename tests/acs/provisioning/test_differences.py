"""From what should hold and what is known to the shortest list of changes: what counts as the same, what was given up, in which order."""

from acs.provisioning.desired import KnownTree, Profile, RowSetting, Setting, wanted_of
from acs.provisioning.differences import MASK, holds, plan_of, touched
from acs.provisioning.quirks import DeviceQuirks
from tests.acs.provisioning.test_desired import KNOWN, SSID, TREE, digest

TABLE = "Device.NAT.PortMapping."
KEY = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"


def desired(*settings, rows=(), known=KNOWN):
    return wanted_of([Profile(1, "base", 1, 0, tuple(Setting(*s) for s in settings), tuple(rows))], known, digest=digest)


def test_a_difference_says_what_is_wanted_what_stands_there_and_for_whom():
    (one,) = plan_of(desired((SSID, "New")), KNOWN).differences
    assert (one.path, one.wanted, one.shown, one.claim.title, one.kind) == (SSID, "New", "Home", "base", "value")


def test_secrets_are_struck_out_of_differences_and_not_of_what_is_written():
    known = KnownTree("Device", {**TREE, KEY: "old"}, {}, KNOWN.objects)
    plan = plan_of(desired((KEY, "correct horse"), known=known), known)
    assert (plan.differences[0].wanted, plan.differences[0].shown, plan.values[0].value) == (MASK, MASK, "correct horse")


def test_what_a_device_normalises_holds():
    assert holds(SSID, "a,b", "a, b", "string")
    assert holds("Device.X", "1", "true", "boolean")
    assert not holds(SSID, "a,b", "b,a", "string")
    assert holds(SSID, "a,b", "b a", "string", DeviceQuirks(normalised={SSID: "b a"})) is False
    assert holds(SSID, "b-a", "B_A", "string", DeviceQuirks(normalised={SSID: "B_A"}))


def test_rows_that_are_too_many_are_told_by_their_keys():
    known = KnownTree("Device", {**TREE, f"{TABLE}3.ExternalPort": "22"}, {}, KNOWN.objects)
    plan = plan_of(desired(rows=[RowSetting(TABLE, {"ExternalPort": "22"}, absent=True)], known=known), known)
    assert (plan.deletes, plan.differences[0].kind, plan.differences[0].shown) == ((f"{TABLE}3.",), "extra", "ExternalPort 22")


def test_a_row_that_could_not_be_made_is_not_tried_again():
    wanted = desired(rows=[RowSetting(TABLE, {"ExternalPort": "22"})])
    assert len(plan_of(wanted, KNOWN).adds) == 1
    plan = plan_of(wanted, KNOWN, marks={TABLE + "ExternalPort 22": {"mark": "x", "why": "9004 full"}})
    assert (plan.adds, plan.gave_up[0][1]) == ((), "9004 full")


def test_what_is_turned_off_goes_first_and_what_is_turned_on_last():
    values = {**TREE, "Device.WiFi.Radio.2.Enable": "0"}
    known = KnownTree("Device", values, {}, KNOWN.objects)
    wanted = desired(("Device.WiFi.Radio.2.Enable", True), (SSID, "New"), ("Device.WiFi.Radio.1.Enable", False), known=known)
    assert [v.name.split(".", 2)[2] for v in plan_of(wanted, known).values] == ["Radio.1.Enable", "SSID.1.SSID", "Radio.2.Enable"]


def test_what_can_be_written_again_is_no_secret_and_no_login():
    assert touched(desired((SSID, "Home")), KNOWN).name == SSID
    assert touched(desired((KEY, "x"), known=KnownTree("Device", {**TREE, KEY: ""})), KNOWN).name.endswith("PeriodicInformInterval")
    assert touched(desired((SSID, "Home")), KnownTree("Device", {"Device.A": "1"})) is None

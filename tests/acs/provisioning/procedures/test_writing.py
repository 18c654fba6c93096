"""Writing: groups kept apart, what is refused and isolated, what is read back, what is learned of the device."""

from datetime import timedelta

import pytest

from acs.cwmp.faults import CwmpFault, ParameterFault
from acs.cwmp.messages import (
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterValueStruct,
    SetParameterValues,
    SetParameterValuesResponse,
)
from acs.provisioning.procedure import Done, Failed, Wait
from acs.provisioning.procedures import writing
from acs.provisioning.quirks import DeviceQuirks
from tests.acs.provisioning.procedures.test_parameters import device
from tests.acs.provisioning.scripted import NOW, context, play, played

# ---- writing ---------------------------------------------------------------------------------------------------


def write(device, *values, **args):
    return play(writing.write(context(args={"values": [list(v) for v in values], **args})), device)


SSID = ("Device.WiFi.SSID.1.SSID", "New", "string")


def test_values_are_written_in_one_call_and_read_back():
    d = device()
    outcome = write(d, SSID, ("Device.WiFi.SSID.1.Enable", "0", "boolean"))
    assert outcome.result["not_held"] == []
    assert [type(request).__name__ for request in d.asked] == ["SetParameterValues", "GetParameterValues"]
    assert d.asked[0].parameter_key == "key"
    assert [v.type for v in d.asked[0].parameter_list] == ["string", "boolean"]


def test_a_parameter_key_of_its_own_goes_with_the_write():
    d = device()
    write(d, SSID, parameter_key="desired-9")
    assert d.asked[0].parameter_key == "desired-9"


def test_a_write_need_not_be_verified():
    d = device()
    assert isinstance(write(d, SSID, verify=False), Done)
    assert d.asked_for(GetParameterValues) == []


@pytest.mark.cwmp("C-31", "C-32")
def test_a_refused_write_fails_with_the_fault_of_each_parameter():
    outcome = write(device(refused={SSID[0]: 9007}), SSID)
    assert isinstance(outcome, Failed)
    assert [(p.name, p.code) for p in outcome.fault.parameters] == [(SSID[0], 9007)]
    assert outcome.result["written"] == []
    assert outcome.result["each"] == [{"path": SSID[0], "state": "refused", "fault": "9007 Invalid parameter value"}]


SERVER = "Device.ManagementServer."


@pytest.mark.quirk("K-54")
def test_credentials_travel_apart_and_the_acs_url_last():
    d = device()
    write(
        d,
        (SERVER + "URL", "https://acs", "string"),
        (SERVER + "Username", "u", "string"),
        SSID,
        (SERVER + "ConnectionRequestPassword", "c", "string"),
        (SERVER + "Password", "p", "string"),
        (SERVER + "STUNPassword", "s", "string"),
        (SERVER + "PeriodicInformInterval", "300", "unsignedInt"),
        (SERVER + "ConnectionRequestUsername", "cu", "string"),
    )
    groups = [[v.name.rpartition(".")[2] for v in request.parameter_list] for request in d.asked_for(SetParameterValues)]
    assert groups == [
        ["SSID", "PeriodicInformInterval"],
        ["ConnectionRequestPassword", "ConnectionRequestUsername"],
        ["STUNPassword"],
        ["Username", "Password"],
        ["URL"],
    ]


@pytest.mark.quirk("K-54")
def test_a_refused_group_says_what_was_written_before_it():
    outcome = write(device(refused={SERVER + "Password": 9007}), SSID, (SERVER + "Password", "p", "string"))
    assert isinstance(outcome, Failed)
    assert SSID[0] in outcome.text
    assert outcome.result["written"] == [SSID[0]]
    assert [item["state"] for item in outcome.result["each"]] == ["written", "refused"]


@pytest.mark.quirk("R-6")
def test_a_value_that_was_accepted_but_not_taken_fails():
    outcome = write(device(deaf=frozenset({SSID[0]})), SSID)
    assert isinstance(outcome, Failed)
    assert outcome.result["not_held"] == [{"path": SSID[0], "wanted": "New", "shows": "Home"}]


@pytest.mark.quirk("R-6")
@pytest.mark.parametrize("answer", [None, GetParameterValuesResponse()], ids=["fault 9005", "empty list"])
def test_an_unknown_name_that_was_accepted_fails(answer):
    d = device(deaf=frozenset({"Device.Foo"}))
    if answer is not None:
        d.answers[GetParameterValues] = answer
    outcome = write(d, ("Device.Foo", "1", "string"))
    assert isinstance(outcome, Failed)
    assert "has no Device.Foo" in outcome.text


@pytest.mark.quirk("K-51")
def test_a_name_left_out_of_a_longer_answer_is_asked_for_alone():
    def gpv(request):
        got = d._GetParameterValues(request)
        return got if len(request.parameter_names) == 1 else GetParameterValuesResponse(got.parameter_list[:1])

    d = device(answers={GetParameterValues: gpv})
    assert isinstance(write(d, SSID, ("Device.WiFi.SSID.3.SSID", "Guests", "string")), Done)


def test_a_name_that_cannot_be_read_for_the_devices_own_reason_is_no_failure():
    assert isinstance(write(device(unreadable={SSID[0]: 9002}), SSID), Done)


@pytest.mark.cwmp("C-21", "C-27")
@pytest.mark.quirk("R-5", "K-56")
def test_status_1_says_that_a_restart_is_needed_and_old_values_are_no_failure():
    outcome = write(device(status=1, deaf=frozenset({SSID[0]})), SSID)
    assert isinstance(outcome, Done)
    assert outcome.result["needs_restart"] is True
    assert outcome.result["not_held"]


@pytest.mark.cwmp("B-69", "C-47", "H-52")
@pytest.mark.quirk("K-41")
@pytest.mark.parametrize("shown", ["", "********", "••••"])
def test_a_secret_that_reads_back_hidden_is_held_and_its_value_kept(shown):
    path = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
    outcome = write(device(hidden={path: shown}), (path, "correct horse", "string"))
    assert isinstance(outcome, Done)
    assert outcome.values == (ParameterValueStruct(path, "correct horse", "string"),)


def test_a_value_that_is_no_secret_and_reads_back_empty_was_not_taken():
    outcome = write(device(hidden={SSID[0]: ""}), SSID)
    assert isinstance(outcome, Failed)


@pytest.mark.quirk("K-42")
@pytest.mark.parametrize(
    ("wanted", "shown", "kind", "same"),
    [
        ("1", "true", "boolean", True),
        ("false", "0", "boolean", True),
        ("1", "0", "boolean", False),
        ("aa:BB", "AA:bb", "string", True),
        ("a,b", "a, b", "string", True),
        ("a,b", "b,a", "string", False),
        ("x", '"x"', "string", True),
        ("007", "7", "unsignedInt", True),
        ("+7", "7", "int", True),
        ("-7", "7", "int", False),
        ("²", "2", "string", False),
        ("+-1", "1", "string", False),
        (" a ", "a", "string", True),
        ("a", "b", "string", False),
        ("9" * 5000, "8" * 5000, "string", False),
    ],
)
def test_the_same_value_in_another_form_is_the_same(wanted, shown, kind, same):
    assert writing.same_value(wanted, shown, kind) is same


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        (SERVER + "Password", True),
        ("InternetGatewayDevice.ManagementServer.URL", True),
        ("Device.X.Password", False),
        (SERVER + "ParameterKey", False),
    ],
)
def test_credentials_are_those_of_the_management_server(path, is_one):
    assert writing.is_credential(path) is is_one


# ---- who is to blame -------------------------------------------------------------------------------------------

EIGHT = {f"Device.X.P{i}": "old" for i in range(8)}
NEW = [(path, "new", "string") for path in EIGHT]


def states(outcome):
    return {item["path"][-2:]: item["state"] for item in outcome.result["each"]}


def picky(bad=(), bad_values=(), named=False, **given):
    """A device that refuses these names whatever they are given, and these names if they are given something new."""

    def spv(request):
        guilty = [v.name for v in request.parameter_list if v.name in bad or (v.name in bad_values and v.value == "new")]
        if guilty:
            return CwmpFault(9003, "Invalid arguments", tuple(ParameterFault(name, 9007) for name in guilty) if named else ())
        return d._SetParameterValues(request)

    d = device(values=dict(EIGHT), answers={SetParameterValues: spv}, **given)
    return d


@pytest.mark.cwmp("C-31")
def test_refused_parameters_are_told_each_with_its_fault_and_nothing_else_was_tried():
    d = picky(bad=["Device.X.P2", "Device.X.P5"], named=True)
    outcome = write(d, *NEW)
    assert outcome.text == "The device refused Device.X.P2, Device.X.P5. Nothing was changed."
    assert states(outcome) == {f"P{i}": "refused" if i in (2, 5) else "not_tried" for i in range(8)}
    assert len(d.asked) == 1
    assert set(d.values.values()) == {"old"}


@pytest.mark.cwmp("C-33")
@pytest.mark.quirk("K-55")
def test_who_refuses_even_its_present_value_is_found_without_changing_anything():
    d = picky(bad=["Device.X.P6"])
    outcome = write(d, *NEW)
    assert outcome.text == "The device refuses Device.X.P6, whatever the value. Nothing was changed."
    assert states(outcome)["P6"] == "refused"
    assert set(d.values.values()) == {"old"}
    assert all(v.value == "old" for request in d.asked_for(SetParameterValues)[1:] for v in request.parameter_list)
    assert len(d.asked) <= 9


@pytest.mark.cwmp("C-33")
@pytest.mark.quirk("K-55")
def test_where_a_value_is_to_blame_and_nobody_is_named_that_is_said_and_nothing_is_changed():
    d = picky(bad_values=["Device.X.P6"])
    outcome = write(d, *NEW)
    assert "cannot be told without changing the device" in outcome.text
    assert set(states(outcome).values()) == {"not_tried"}
    assert set(d.values.values()) == {"old"}


@pytest.mark.cwmp("C-33")
@pytest.mark.quirk("K-55", "K-54")
@pytest.mark.parametrize("named", [True, False])
def test_with_partial_the_device_gets_what_it_takes_and_the_rest_is_told(named):
    d = picky(bad_values=["Device.X.P2", "Device.X.P5"], named=named)
    outcome = write(d, *NEW, partial=True)
    assert isinstance(outcome, Done)
    assert states(outcome) == {f"P{i}": "refused" if i in (2, 5) else "written" for i in range(8)}
    assert {path[-2:] for path, value in d.values.items() if value == "old"} == {"P2", "P5"}
    assert [item["fault"][:4] for item in outcome.result["each"] if item["state"] == "refused"] == ["9007" if named else "9003"] * 2
    assert outcome.result["not_held"] == []
    assert len(d.asked_for(SetParameterValues)) <= (3 if named else 15)


def test_with_partial_a_device_that_takes_nothing_is_a_failure():
    outcome = write(picky(bad=list(EIGHT)), *NEW, partial=True)
    assert isinstance(outcome, Failed)
    assert set(states(outcome).values()) == {"refused"}


@pytest.mark.quirk("K-54")
def test_a_login_is_never_split():
    def spv(request):
        return CwmpFault(9003) if len(request.parameter_list) == 2 else SetParameterValuesResponse(0)

    d = device(answers={SetParameterValues: spv})
    outcome = write(d, (SERVER + "Username", "u", "string"), (SERVER + "Password", "p", "string"), partial=True)
    assert isinstance(outcome, Failed)
    assert len(d.asked_for(SetParameterValues)) == 1


@pytest.mark.quirk("K-54")
def test_after_a_refused_login_nothing_more_is_written():
    d = device(refused={SERVER + "Password": 9007})
    outcome = write(d, (SERVER + "Password", "p", "string"), SSID, (SERVER + "URL", "x", "string"), partial=True)
    assert [item["state"] for item in outcome.result["each"]] == ["refused", "written", "not_tried"]


def test_two_halves_that_are_both_taken_were_too_much_at_once_and_the_size_is_learned_and_kept_to():
    def few(request):
        return CwmpFault(9004) if len(request.parameter_list) > 4 else d._SetParameterValues(request)

    d = device(values=dict(EIGHT), answers={SetParameterValues: few})
    seen = played(writing.write(context(args={"values": NEW, "partial": True})), d)
    assert ("write_batch", "", 4) in seen.knobs
    assert len(seen.outcome.result["written"]) == 8
    d = device(values=dict(EIGHT), answers={SetParameterValues: few})
    assert isinstance(play(writing.write(context(args={"values": NEW}, quirks=DeviceQuirks(write_batch=4))), d), Done)
    assert [len(request.parameter_list) for request in d.asked_for(SetParameterValues)] == [4, 4]


# ---- what does not hold ----------------------------------------------------------------------------------------


@pytest.mark.quirk("R-6")
def test_a_value_that_does_not_hold_is_written_a_second_time_then_told_and_learned_never_a_third():
    d = device(deaf=frozenset({SSID[0]}))
    seen = played(writing.write(context(args={"values": [SSID]})), d)
    assert seen.outcome.text == f"This device does not keep {SSID[0]}: wrote “New” twice, it shows “Home”."
    assert seen.knobs == [("not_kept", SSID[0], {"wrote": "New", "shows": "Home"})]
    assert len(d.asked_for(SetParameterValues)) == 2


def test_a_value_that_holds_the_second_time_is_no_failure_and_takes_an_old_mark_back():
    def late(request):
        return d._SetParameterValues(request) if len(d.asked_for(SetParameterValues)) > 1 else SetParameterValuesResponse(0)

    d = device(answers={SetParameterValues: late})
    seen = played(writing.write(context(args={"values": [SSID]}, quirks=DeviceQuirks(not_kept={SSID[0]: {"wrote": "a", "shows": "b"}}))), d)
    assert isinstance(seen.outcome, Done)
    assert seen.knobs == [("not_kept", SSID[0], None)]


def test_a_secret_that_is_not_kept_is_told_without_its_value():
    path = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
    seen = played(writing.write(context(args={"values": [(path, "correct horse", "string")]})), device(hidden={path: "old horses"}))
    assert "horse" not in seen.outcome.text
    assert all("horse" not in repr(found) for found in seen.learned)
    assert seen.knobs[0][0] == "not_kept"


@pytest.mark.quirk("K-41")
def test_a_value_shown_as_stars_is_learned_and_not_read_back_any_more():
    path = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
    values = {"values": [(path, "correct horse", "string")]}
    assert played(writing.write(context(args=values)), device(hidden={path: "****"})).knobs == [("hidden", path, True)]
    d = device(hidden={path: "****"})
    outcome = play(writing.write(context(args=values, quirks=DeviceQuirks(hidden={path: True}))), d)
    assert d.asked_for(GetParameterValues) == []
    assert [v.value for v in outcome.values] == ["correct horse"]


@pytest.mark.quirk("K-42")
def test_a_value_in_another_form_is_learned_with_the_form_and_a_known_one_may_differ_more():
    path = "Device.X.Mac"
    seen = played(writing.write(context(args={"values": [(path, "AA:BB", "string")]})), device(hidden={path: "aa:bb"}))
    assert seen.knobs == [("normalised", path, "aa:bb")]
    odd, values = device(hidden={path: "aabb"}), {"values": [(path, "AA:BB", "string")]}
    assert isinstance(play(writing.write(context(args=values)), odd), Failed)
    assert isinstance(play(writing.write(context(args=values, quirks=DeviceQuirks(normalised={path: "aabb"}))), odd), Done)


@pytest.mark.quirk("R-5")
def test_status_1_is_learned():
    assert ("needs_restart", "", True) in played(writing.write(context(args={"values": [SSID]})), device(status=1)).knobs


# ---- how it wants them -----------------------------------------------------------------------------------------


def wants(kind, value, code=9007, with_type=""):
    """A device that takes one spelling only."""

    def spv(request):
        bad = [
            v.name for v in request.parameter_list if v.name == "Device.X.V" and (v.value != value or (with_type and v.type != with_type))
        ]
        return CwmpFault(9003, "", tuple(ParameterFault(name, code) for name in bad)) if bad else d._SetParameterValues(request)

    d = device(values={"Device.X.V": "", "Device.X.W": ""}, answers={SetParameterValues: spv})
    return d


@pytest.mark.quirk("K-40", "K-37")
@pytest.mark.parametrize(
    ("kind", "given", "wanted", "learned"),
    [
        ("boolean", "1", "true", ("boolean_literal", "", "words")),
        ("boolean", "false", "0", ("boolean_literal", "", "digits")),
        ("dateTime", "2026-03-01T09:00:00Z", "2026-03-01T09:00:00+00:00", ("time_form", "", "offset")),
        ("dateTime", "2026-03-01T09:00:00Z", "2026-03-01T09:00:00", ("time_form", "", "local")),
    ],
)
def test_a_refused_spelling_is_tried_in_another_form_and_the_form_is_kept(kind, given, wanted, learned):
    args = {"values": [("Device.X.V", given, kind), ("Device.X.W", "w", "string")]}
    seen = played(writing.write(context(args=args)), wants(kind, wanted))
    assert isinstance(seen.outcome, Done)
    assert learned in seen.knobs
    knowing = wants(kind, wanted)
    assert isinstance(play(writing.write(context(args=args, quirks=DeviceQuirks(**{learned[0]: learned[2]}))), knowing), Done)
    assert len(knowing.asked_for(SetParameterValues)) == 1


@pytest.mark.cwmp("B-51")
@pytest.mark.quirk("K-38")
def test_a_refused_type_is_replaced_by_the_one_the_device_reads_it_with():
    d = wants("string", "7", 9006, "unsignedInt")
    answer = GetParameterValuesResponse((ParameterValueStruct("Device.X.V", "7", "unsignedInt"),))
    d.answers[GetParameterValues] = answer
    args = {"values": [("Device.X.V", "7", "int")]}
    seen = played(writing.write(context(args=args)), d)
    assert seen.knobs == [("types", "Device.X.V", "unsignedInt")]
    knowing = wants("string", "7", 9006, "unsignedInt")
    play(writing.write(context(args=args, quirks=DeviceQuirks(types={"Device.X.V": "unsignedInt"}))), knowing)
    assert knowing.asked[0].parameter_list[0].type == "unsignedInt"


def test_another_spelling_is_not_tried_where_something_else_is_refused_too():
    d = device(refused={"Device.X.V": 9007, "Device.X.W": 9008})
    write(d, ("Device.X.V", "1", "boolean"), ("Device.X.W", "w", "string"))
    assert len(d.asked_for(SetParameterValues)) == 1


@pytest.mark.quirk("K-57")
def test_a_write_refused_just_after_the_start_waits_and_is_tried_again_unchanged():
    args = {"values": [SSID]}
    booted = NOW - timedelta(seconds=40)
    wait = play(writing.write(context(args=args, booted_at=booted)), device(refused={SSID[0]: 9007}))
    assert isinstance(wait, Wait)
    assert wait.phase == "write"
    later = played(writing.write(context(args=args, booted_at=booted, memo=wait.memo, now=NOW + timedelta(seconds=60))), device())
    assert later.knobs == [("not_ready_s", "", 100)]
    doubted = context(args=args, booted_at=booted, memo=wait.memo, now=NOW + timedelta(seconds=60))
    assert isinstance(play(writing.write(doubted), device(refused={SSID[0]: 9007})), Failed), (
        "9007 may be a plain word on the value: doubted once"
    )
    known = context(args=args, booted_at=booted, memo=wait.memo, now=NOW + timedelta(seconds=60), quirks=DeviceQuirks(not_ready_s=300))
    assert isinstance(play(writing.write(known), device(refused={SSID[0]: 9007})), Wait)
    known_fault = play(writing.write(context(args=args, booted_at=booted)), device(refused={SSID[0]: 9008}))
    assert isinstance(known_fault, Failed), "read only is read only, however young the device is"


@pytest.mark.quirk("K-55")
def test_a_device_that_blames_every_value_is_isolated_as_one_that_names_nobody():
    def spv(request):
        if any(v.name == "Device.X.P3" for v in request.parameter_list):
            return CwmpFault(9003, "", tuple(ParameterFault(v.name, 9007) for v in request.parameter_list))
        return d._SetParameterValues(request)

    d = device(values=dict(EIGHT), answers={SetParameterValues: spv})
    assert states(write(d, *NEW, partial=True)) == {f"P{i}": "refused" if i == 3 else "written" for i in range(8)}

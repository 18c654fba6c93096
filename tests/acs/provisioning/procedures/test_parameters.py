"""Reading, writing, walking: batches that shrink, groups kept apart, rows taken back."""

import pytest

from acs.cwmp import messages as m
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    AddObject,
    DeleteObject,
    GetParameterNames,
    GetParameterNamesResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterInfoStruct,
    ParameterValueStruct,
    SetParameterAttributes,
    SetParameterValues,
)
from acs.provisioning.procedure import Done, Failed
from acs.provisioning.procedures import parameters
from tests.acs.provisioning.scripted import Device, context, play, played

TREE = {
    "Device.DeviceInfo.SoftwareVersion": "1.0",
    "Device.DeviceInfo.UpTime": "7",
    "Device.WiFi.SSID.1.SSID": "Home",
    "Device.WiFi.SSID.1.Enable": "1",
    "Device.WiFi.SSID.3.SSID": "Guest",
}
MANY = {f"Device.A.{i}": str(i) for i in range(64)}


def device(**given):
    return Device(dict(given.pop("values", TREE)), **given)


def read(device, *paths, **given):
    return play(parameters.read(context(args={"paths": list(paths)}, **given)), device)


def sizes(device):
    return [len(request.parameter_names) for request in device.asked_for(GetParameterValues)]


# ---- reading ---------------------------------------------------------------------------------------------------


def test_full_paths_are_read_in_one_question():
    d = device()
    outcome = read(d, "Device.DeviceInfo.UpTime", "Device.DeviceInfo.SoftwareVersion")
    assert outcome == Done(
        {"count": 2, "values": {"Device.DeviceInfo.UpTime": "7", "Device.DeviceInfo.SoftwareVersion": "1.0"}, "missing": []}
    )
    assert len(d.asked) == 1


def test_a_partial_path_is_read_as_it_is():
    d = device()
    assert read(d, "Device.DeviceInfo.").result["count"] == 2
    assert d.asked == [GetParameterValues(("Device.DeviceInfo.",))]


def test_many_names_are_read_in_batches():
    d = device(values=MANY)
    assert read(d, *MANY, read_batch=32).result["count"] == 64
    assert sizes(d) == [32, 32]


@pytest.mark.quirk("K-46", "K-50")
def test_a_batch_that_is_too_large_is_halved():
    d = device(values=MANY, max_names=10)
    assert read(d, *MANY, read_batch=32).result == {"count": 64, "values": MANY, "missing": []}
    assert max(n for n in sizes(d) if n <= 10) == 8


@pytest.mark.quirk("K-49", "R-6", "R-7")
def test_one_name_that_cannot_be_read_is_found_and_told_and_the_rest_is_read():
    d = device(values=MANY, unreadable={"Device.A.17": 9005})
    outcome = read(d, *MANY)
    assert outcome.result["count"] == 63
    assert outcome.result["missing"] == [{"path": "Device.A.17", "fault": "9005 Invalid parameter name"}]
    assert len(d.asked) <= 2 * 7 + 1


def test_the_order_of_what_is_read_is_kept_through_halving():
    d = device(values=MANY, max_names=5)
    assert list(read(d, *MANY).result["values"]) == list(MANY)


def test_a_read_that_gives_nothing_fails_with_the_fault():
    outcome = read(device(), "Device.Nothing")
    assert isinstance(outcome, Failed)
    assert outcome.fault == CwmpFault(9005)


@pytest.mark.quirk("R-6", "K-51")
def test_an_empty_list_for_an_unknown_name_is_no_value_and_no_crash():
    d = device(answers={GetParameterValues: GetParameterValuesResponse()})
    assert read(d, "Device.Nothing").result["count"] == 0


@pytest.mark.cwmp("K-11")
@pytest.mark.quirk("R-7")
def test_a_partial_path_that_is_refused_is_walked_and_read_by_names():
    d = device(partial=False)
    assert read(d, "Device.WiFi.").result["values"] == {n: v for n, v in TREE.items() if n.startswith("Device.WiFi.")}
    assert {request.next_level for request in d.asked_for(GetParameterNames)} == {True}


@pytest.mark.quirk("R-7")
def test_a_partial_path_answered_by_one_value_named_after_it_is_walked():
    def gpv(request):
        if request.parameter_names == ("Device.DeviceInfo.",):
            return GetParameterValuesResponse((ParameterValueStruct("Device.DeviceInfo.", ""),))
        return d._GetParameterValues(request)

    d = device(answers={GetParameterValues: gpv})
    assert read(d, "Device.DeviceInfo.").result["count"] == 2


def test_a_subtree_that_neither_reads_nor_lists_is_told_as_missing():
    outcome = read(device(partial=False), "Device.Nothing.", "Device.DeviceInfo.UpTime")
    assert outcome.result["count"] == 1
    assert outcome.result["missing"] == [{"path": "Device.Nothing.", "fault": "9002 Internal error"}]


def test_a_long_read_tells_how_far_it_is():
    told = played(parameters.read(context(args={"paths": list(MANY)}, read_batch=16)), device(values=MANY)).told
    assert told == ["16 of 64 values read", "32 of 64 values read", "48 of 64 values read", "64 of 64 values read"]


# ---- discovery -------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("K-10", "K-12")
def test_discovery_lists_the_root_and_reads_every_leaf():
    d = device()
    outcome = play(parameters.discover(context()), d)
    (snapshot,) = outcome.snapshots
    assert snapshot.prefix == ""
    assert {v.name: v.value for v in snapshot.values} == TREE
    assert ("Device.WiFi.SSID.3.", True) in snapshot.names
    assert d.asked[0] == GetParameterNames("Device.", False)


@pytest.mark.quirk("K-46")
def test_a_tree_that_is_too_large_to_list_is_walked():
    d = device(deep=False)
    assert {v.name for v in play(parameters.discover(context()), d).snapshots[0].values} == set(TREE)
    assert d.asked[1] == GetParameterNames("Device.", True)


@pytest.mark.quirk("K-46")
def test_after_a_session_that_broke_discovery_walks_from_the_start():
    d = device()
    play(parameters.discover(context(attempts=1)), d)
    assert d.asked[0] == GetParameterNames("Device.", True)


@pytest.mark.quirk("K-45")
def test_the_empty_path_is_never_listed():
    d = device(deep=False)
    play(parameters.discover(context()), d)
    assert all(request.parameter_path for request in d.asked_for(GetParameterNames))


@pytest.mark.quirk("R-8", "K-47")
def test_a_list_that_names_the_object_itself_does_not_walk_in_circles():
    d = device(deep=False, lists_itself=True)
    assert {v.name for v in play(parameters.discover(context()), d).snapshots[0].values} == set(TREE)
    assert len(d.asked_for(GetParameterNames)) == 7


@pytest.mark.quirk("K-48")
def test_objects_without_their_dot_missing_parents_and_duplicates_are_put_right():
    listed = ["Device.WiFi", "Device.WiFi.SSID.1", "Device.WiFi.SSID.1.SSID", "Device.WiFi.SSID.1.SSID", "Device.DeviceInfo.UpTime", ""]
    answer = GetParameterNamesResponse(tuple(ParameterInfoStruct(name, False) for name in listed))
    outcome = play(parameters.discover(context()), device(answers={GetParameterNames: answer}))
    names = [name for name, _ in outcome.snapshots[0].names]
    assert names == ["Device.WiFi.", "Device.WiFi.SSID.1.", "Device.WiFi.SSID.1.SSID", "Device.DeviceInfo.UpTime"]


@pytest.mark.quirk("K-48")
def test_an_empty_deep_list_is_walked():
    def gpn(request):
        return d._GetParameterNames(request) if request.next_level else GetParameterNamesResponse()

    d = device(answers={GetParameterNames: gpn})
    assert len(play(parameters.discover(context()), d).snapshots[0].values) == len(TREE)


def test_a_list_that_leads_out_of_the_subtree_is_not_followed():
    def gpn(request):
        return GetParameterNamesResponse((ParameterInfoStruct("Device.", False), ParameterInfoStruct(request.parameter_path + "X", True)))

    d = device(answers={GetParameterNames: gpn}, values={"Device.WiFi.X": "1"}, partial=False)
    read(d, "Device.WiFi.")
    assert [request.parameter_path for request in d.asked_for(GetParameterNames)] == ["Device.WiFi."]


def test_a_device_that_lists_nothing_fails_discovery():
    assert isinstance(play(parameters.discover(context()), device(values={})), Failed)


@pytest.mark.quirk("K-49", "K-53")
def test_discovery_goes_on_without_what_cannot_be_read():
    outcome = play(parameters.discover(context()), device(unreadable={"Device.DeviceInfo.UpTime": 9002}))
    assert outcome.result["parameters"] == 5
    assert outcome.result["values"] == 4
    assert [item["path"] for item in outcome.result["missing"]] == ["Device.DeviceInfo.UpTime"]


@pytest.mark.cwmp("K-2")
def test_refresh_gives_each_subtree_with_the_rows_that_exist():
    outcome = play(parameters.refresh(context(args={"prefixes": ["Device.WiFi.SSID.", "Device.DeviceInfo."]})), device())
    assert [s.prefix for s in outcome.snapshots] == ["Device.WiFi.SSID.", "Device.DeviceInfo."]
    assert ("Device.WiFi.SSID.1.", True) in outcome.snapshots[0].names
    assert outcome.result == {"values": 5, "missing": []}


@pytest.mark.cwmp("C-55", "C-42")
def test_refresh_of_an_empty_table_is_no_failure():
    d = device(tables=frozenset({"Device.NAT.PortMapping."}))
    answer = GetParameterNamesResponse((ParameterInfoStruct("Device.NAT.PortMapping.", True),))
    d.answers[GetParameterNames] = answer
    outcome = play(parameters.refresh(context(args={"prefixes": ["Device.NAT.PortMapping."]})), d)
    assert outcome.snapshots[0].values == ()
    assert d.asked_for(GetParameterValues) == []


def test_refresh_tells_what_is_not_there_and_fails_only_when_nothing_is():
    one = play(parameters.refresh(context(args={"prefixes": ["Device.Nothing.", "Device.DeviceInfo."]})), device())
    assert isinstance(one, Done)
    assert [item["path"] for item in one.result["missing"]] == ["Device.Nothing."]
    none = play(parameters.refresh(context(args={"prefixes": ["Device.Nothing."]})), device())
    assert isinstance(none, Failed)
    assert none.fault == CwmpFault(9005)


# ---- writing ---------------------------------------------------------------------------------------------------


def write(device, *values, **args):
    return play(parameters.write(context(args={"values": [list(v) for v in values], **args})), device)


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
    assert outcome.result == {"written": []}


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
    assert outcome.result == {"written": [SSID[0]]}


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


@pytest.mark.cwmp("B-69", "C-47")
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
    assert parameters.same_value(wanted, shown, kind) is same


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
    assert parameters.is_credential(path) is is_one


# ---- objects ---------------------------------------------------------------------------------------------------

TABLE = "Device.NAT.PortMapping."


def add(device, *values, **given):
    return play(parameters.add_object(context(args={"table": TABLE, "values": [list(v) for v in values]}, **given)), device)


@pytest.mark.cwmp("C-84", "K-2")
def test_a_row_is_added_filled_and_read():
    d = device()
    outcome = add(d, ("Enable", "1", "boolean"), ("InternalClient", "10.0.0.2", "string"))
    row = TABLE + "7."
    assert outcome.result == {"instance": 7, "path": row}
    (snapshot,) = outcome.snapshots
    assert {v.name: v.value for v in snapshot.values} == {row + "Enable": "1", row + "InternalClient": "10.0.0.2"}
    assert [name for name, _ in snapshot.names].count(row) == 1


def test_a_row_without_values_is_only_added():
    d = device()
    assert isinstance(add(d), Done)
    assert d.asked_for(SetParameterValues) == []


@pytest.mark.cwmp("C-84")
def test_a_row_whose_values_are_refused_is_taken_away_again():
    d = device(refused={TABLE + "7.Enable": 9007})
    outcome = add(d, ("Enable", "2", "boolean"))
    assert isinstance(outcome, Failed)
    assert "taken away again" in outcome.text
    assert outcome.fault.parameters[0].code == 9007
    assert not [name for name in d.values if name.startswith(TABLE)]


@pytest.mark.cwmp("C-84")
def test_a_row_that_cannot_be_taken_away_is_told():
    outcome = add(device(refused={TABLE + "7.Enable": 9007}, answers={DeleteObject: CwmpFault(9002)}), ("Enable", "2", "boolean"))
    assert "could not be taken away" in outcome.text


def test_a_table_that_takes_no_row_fails_with_the_fault():
    outcome = add(device(answers={AddObject: CwmpFault(9004)}))
    assert outcome.fault == CwmpFault(9004)


@pytest.mark.quirk("K-59")
def test_a_row_without_a_usable_number_is_neither_filled_nor_guessed():
    d = device(answers={AddObject: m.AddObjectResponse(0, 0)})
    assert isinstance(add(d, ("Enable", "1", "boolean")), Failed)
    assert len(d.asked) == 1


def test_an_add_that_may_have_been_sent_is_never_sent_again():
    d = device()
    assert isinstance(add(d, maybe_sent=True), Failed)
    assert d.asked == []


def delete(device, **given):
    return play(parameters.delete_object(context(args={"path": "Device.WiFi.SSID.3."}, **given)), device)


def test_a_deleted_row_leaves_an_empty_snapshot():
    outcome = delete(device())
    assert (outcome.snapshots[0].prefix, outcome.snapshots[0].names) == ("Device.WiFi.SSID.3.", ())


def test_a_row_that_is_not_there_is_deleted_only_if_we_may_have_done_it():
    values = {"Device.X": "1"}
    assert isinstance(delete(device(values=values)), Failed)
    assert isinstance(delete(device(values=values), maybe_sent=True), Done)


def test_a_row_that_may_not_be_deleted_fails_even_if_we_may_have_asked_before():
    assert isinstance(delete(device(answers={DeleteObject: CwmpFault(9001)}), maybe_sent=True), Failed)


@pytest.mark.cwmp("C-60", "C-62")
def test_notification_is_set_without_touching_the_access_list():
    d = device()
    outcome = play(parameters.set_notification(context(args={"paths": ["Device.DeviceInfo.UpTime"], "notification": 2})), d)
    assert isinstance(outcome, Done)
    assert d.asked == [SetParameterAttributes((m.SetParameterAttributesStruct("Device.DeviceInfo.UpTime", True, 2, False, ()),))]


@pytest.mark.cwmp("C-66", "E-10")
@pytest.mark.quirk("R-20")
def test_notification_that_is_refused_fails_with_the_fault():
    d = device(answers={SetParameterAttributes: CwmpFault(9009)})
    outcome = play(parameters.set_notification(context(args={"paths": ["Device.X"], "notification": 2})), d)
    assert outcome.fault == CwmpFault(9009)

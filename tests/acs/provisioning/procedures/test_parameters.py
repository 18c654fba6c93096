"""Reading and walking: batches that shrink and grow, what is learned on the way, rows taken back."""

from datetime import timedelta

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
from acs.provisioning.procedure import Done, Failed, Trigger, Wait
from acs.provisioning.procedures import parameters
from acs.provisioning.quirks import DeviceQuirks, taught
from tests.acs.provisioning.scripted import NOW, Device, context, play, played

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


@pytest.mark.cwmp("C-45")
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


# ---- what reading teaches --------------------------------------------------------------------------------------


def learns(procedure, device):
    return played(procedure, device).knobs


@pytest.mark.quirk("K-50")
def test_the_largest_batch_is_learned_by_what_works_and_what_fails_and_found_in_a_few_sessions():
    """A device that takes 32 names, as Grandstream's: each session begins with what worked and grows carefully."""
    names = {f"Device.A.{i}": "x" for i in range(300)}
    quirks, faults = DeviceQuirks(), []
    for _session in range(6):
        d = device(values=names, max_names=32)
        seen = played(parameters.read(context(args={"paths": list(names)}, quirks=quirks)), d)
        assert seen.outcome.result["count"] == 300
        faults.append(sum(n > 32 for n in sizes(d)))
        for knob, item, value in seen.knobs:
            quirks = taught(quirks, knob, item, value)
    assert (quirks.read_batch, quirks.read_batch_fails) == (32, 33)
    assert faults[0] <= 4
    assert faults[-1] == 0, "nothing is tried any more once both sides are known"
    assert max(faults[1:]) <= 1


def test_a_batch_set_by_hand_is_kept_and_does_not_grow():
    d = device(values=MANY)
    assert learns(parameters.read(context(args={"paths": list(MANY)}, quirks=DeviceQuirks(read_batch=10))), d) == []
    assert set(sizes(d)) == {10, 4}


def test_a_fault_by_one_name_is_no_word_on_the_size():
    d = device(values=MANY, unreadable={"Device.A.17": 9005})
    assert learns(parameters.read(context(args={"paths": list(MANY)}, read_batch=64)), d) == []


@pytest.mark.quirk("K-46")
def test_after_sessions_that_broke_it_reads_smaller_and_keeps_what_works_after_the_second():
    d = device(values=MANY)
    first = played(parameters.discover(context(attempts=1)), d)
    assert max(sizes(d)) == 50
    assert first.knobs == []
    d = device(values=MANY)
    assert ("read_batch", "", 25) in learns(parameters.discover(context(attempts=2)), d)


@pytest.mark.quirk("K-49", "K-53")
def test_a_name_that_is_listed_and_refused_is_learned_and_left_out_from_then_on():
    def d():
        return device(values=MANY, unreadable={"Device.A.17": 9005, "Device.A.18": 9001})

    assert learns(parameters.discover(context()), d()) == [("refused_names", "Device.A.17", 9005)]
    knowing = d()
    outcome = play(parameters.discover(context(quirks=DeviceQuirks(refused_names={"Device.A.17": 9005, "Device.A.18": 9001}))), knowing)
    assert outcome.result["values"] == 62
    assert sizes(knowing) == [62], "one question, no fault"


@pytest.mark.quirk("K-53")
def test_a_person_may_ask_for_what_was_refused_and_an_answer_takes_the_mark_back():
    quirks = DeviceQuirks(refused_names={"Device.A.17": 9005, "Device.A.18": 9005})
    d = device(values=MANY, unreadable={"Device.A.18": 9005})
    seen = played(parameters.read(context(args={"paths": ["Device.A.17", "Device.A.18", "Device.A.1"]}, quirks=quirks)), d)
    assert set(seen.outcome.result["values"]) == {"Device.A.1", "Device.A.17"}
    assert seen.knobs == [("refused_names", "Device.A.17", None)]
    assert sizes(d) == [1, 1, 1]


@pytest.mark.quirk("K-57")
def test_nothing_is_learned_of_a_device_that_has_just_started():
    d = device(values=MANY, unreadable={"Device.A.17": 9002})
    assert learns(parameters.discover(context(booted_at=NOW - timedelta(seconds=20))), d) == []


@pytest.mark.quirk("K-57")
def test_a_device_that_starts_and_refuses_is_asked_again_until_it_is_ready_and_how_long_is_learned():
    busy = device(unreadable={"Device.DeviceInfo.UpTime": 9002})
    booted = NOW - timedelta(seconds=30)
    args = {"paths": ["Device.DeviceInfo.UpTime"]}
    wait = play(parameters.read(context(args=args, booted_at=booted)), busy)
    assert isinstance(wait, Wait)
    assert (wait.phase, wait.on, wait.until) == ("read", frozenset({Trigger.INFORM}), NOW + timedelta(seconds=30))
    later = played(parameters.read(context(args=args, booted_at=booted, memo=wait.memo, now=NOW + timedelta(seconds=90))), device())
    assert later.knobs == [("not_ready_s", "", 120)]
    late = context(args=args, booted_at=booted, memo=wait.memo, now=NOW + timedelta(seconds=160))
    assert isinstance(play(parameters.read(late), busy), Failed), "bounded: after three minutes it is a refusal"
    known = context(args=args, booted_at=booted, now=NOW + timedelta(seconds=160), quirks=DeviceQuirks(not_ready_s=600))
    assert isinstance(play(parameters.read(known), busy), Wait), "a radio that is known to take ten minutes is given fifteen"


@pytest.mark.quirk("R-7")
def test_a_device_that_reads_no_partial_path_is_asked_by_names_from_then_on():
    assert learns(parameters.read(context(args={"paths": ["Device.WiFi."]})), device(partial=False)) == [
        ("partial_reads_refused", "", True)
    ]
    d = device(partial=False)
    read(d, "Device.WiFi.", quirks=DeviceQuirks(partial_reads_refused=True))
    assert all(not name.endswith(".") for request in d.asked_for(GetParameterValues) for name in request.parameter_names)


@pytest.mark.quirk("K-46")
def test_a_tree_that_lists_level_by_level_only_is_walked_from_then_on():
    assert learns(parameters.discover(context()), device(deep=False)) == [("deep_names_refused", "", True)]
    d = device(deep=False)
    play(parameters.discover(context(quirks=DeviceQuirks(deep_names_refused=True))), d)
    assert all(request.next_level for request in d.asked_for(GetParameterNames))


@pytest.mark.quirk("K-47")
@pytest.mark.parametrize("nothing", [GetParameterNamesResponse(), CwmpFault(9002)], ids=["empty list", "fault"])
def test_a_device_that_lists_no_level_is_asked_for_all_at_once(nothing):
    def d():
        made = device(partial=False)
        made.answers[GetParameterNames] = lambda request: nothing if request.next_level else made._GetParameterNames(request)
        return made

    seen = played(parameters.read(context(args={"paths": ["Device.WiFi."]})), d())
    assert seen.outcome.result["count"] == 3
    assert ("next_level_refused", "", True) in seen.knobs
    knowing = d()
    play(parameters.read(context(args={"paths": ["Device.WiFi."]}, quirks=DeviceQuirks(next_level_refused=True))), knowing)
    assert [request.next_level for request in knowing.asked_for(GetParameterNames)] == [False]


@pytest.mark.quirk("R-8")
def test_a_list_that_names_the_object_itself_is_noted():
    assert ("lists_itself", "", True) in learns(parameters.discover(context()), device(deep=False, lists_itself=True))


@pytest.mark.quirk("K-45")
def test_a_root_that_lists_no_names_is_read_by_its_values_and_never_listed_again():
    def d():
        return device(answers={GetParameterNames: CwmpFault(9005)})

    seen = played(parameters.discover(context()), d())
    assert {v.name: v.value for v in seen.outcome.snapshots[0].values} == TREE
    assert seen.knobs == [("root_names_refused", "", True)]
    knowing = d()
    play(parameters.discover(context(quirks=DeviceQuirks(root_names_refused=True))), knowing)
    assert knowing.asked == [GetParameterValues(("Device.",))]


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


class Endless(Device):
    """Lists two new objects and a value below whatever it is asked for; `all_at_once`: a list of that many values."""

    all_at_once = 0

    def _GetParameterNames(self, request):
        path = request.parameter_path
        if not request.next_level:
            return GetParameterNamesResponse(tuple(ParameterInfoStruct(f"{path}L{i}", True) for i in range(self.all_at_once)))
        return GetParameterNamesResponse(tuple(ParameterInfoStruct(path + name, True) for name in ("1.", "2.", "Leaf")))

    def _GetParameterValues(self, request):
        return GetParameterValuesResponse(tuple(ParameterValueStruct(name, "x") for name in request.parameter_names))


@pytest.mark.cwmp("J-22")
@pytest.mark.parametrize(
    ("most_names", "most_lists", "lists", "names"),
    [(400, 10_000, 134, 400), (10_000, 50, 50, 150)],
    ids=["names", "lists"],
)
def test_a_walk_of_a_tree_without_end_ends_and_says_where_it_was_cut(monkeypatch, most_names, most_lists, lists, names):
    monkeypatch.setattr(parameters, "MOST_NAMES", most_names)
    monkeypatch.setattr(parameters, "MOST_LISTS", most_lists)
    d = Endless()
    seen = played(parameters.discover(context()), d).outcome
    assert len([request for request in d.asked_for(GetParameterNames) if request.next_level]) == lists
    assert len(seen.snapshots[0].names) == names
    (cut,) = seen.result["missing"]
    assert cut["path"].startswith("Device.") and "lists more than we take" in cut["fault"]
    assert ("Device.Leaf", True) in seen.snapshots[0].names, "what lies high is kept, what is left out lies deep"


@pytest.mark.cwmp("J-22")
def test_a_list_of_everything_is_cut_as_well(monkeypatch):
    monkeypatch.setattr(parameters, "MOST_NAMES", 300)
    d = Endless()
    d.all_at_once = 301
    seen = play(parameters.refresh(context(args={"prefixes": ["Device.A."]})), d)
    assert (seen.result["values"], [one["path"] for one in seen.result["missing"]]) == (300, ["Device.A."])


@pytest.mark.cwmp("J-22")
def test_paths_longer_than_the_standard_allows_are_not_followed():
    class Deep(Endless):
        def _GetParameterNames(self, request):
            if not request.next_level:
                return CwmpFault(9004)
            return GetParameterNamesResponse((ParameterInfoStruct(request.parameter_path + "Object123.", False),))

    d = Deep()
    play(parameters.discover(context()), d)
    assert max(len(request.parameter_path) for request in d.asked_for(GetParameterNames)) <= 256


@pytest.mark.quirk("K-59")
def test_a_row_whose_number_was_used_before_is_read_whole_so_nothing_of_the_old_one_is_left():
    d = device(tables=frozenset({"Device.NAT.PortMapping."}), next_row=3)
    d.values["Device.NAT.PortMapping.3.Description"] = "old"
    gone = play(parameters.delete_object(context(args={"path": "Device.NAT.PortMapping.3."})), d)
    assert gone.snapshots == (parameters.Snapshot("Device.NAT.PortMapping.3.", (), ()),)
    made = play(parameters.add_object(context(args={"table": "Device.NAT.PortMapping."})), d)
    (row,) = made.snapshots
    assert (row.prefix, [(v.name, v.value) for v in row.values]) == ("Device.NAT.PortMapping.3.", [("Device.NAT.PortMapping.3.Enable", "0")])


# ---- objects ---------------------------------------------------------------------------------------------------

TABLE = "Device.NAT.PortMapping."


def add(device, *values, **given):
    return play(parameters.add_object(context(args={"table": TABLE, "values": [list(v) for v in values]}, **given)), device)


@pytest.mark.quirk("K-59")
def test_a_device_that_does_not_say_which_row_it_made_is_looked_at_before_and_after_from_then_on():
    def unusable(request):
        d._AddObject(request)
        return m.AddObjectResponse(0, 0)

    d = device(answers={m.AddObject: unusable}, tables=frozenset({TABLE}))
    seen = played(parameters.add_object(context(args={"table": TABLE, "values": []})), d)
    assert isinstance(seen.outcome, Failed)
    assert seen.knobs == [("instance_unusable", "", True)]
    d = device(answers={m.AddObject: unusable}, tables=frozenset({TABLE}), values=TREE | {TABLE + "3.Enable": "1"})
    outcome = play(parameters.add_object(context(args={"table": TABLE, "values": []}, quirks=DeviceQuirks(instance_unusable=True))), d)
    assert outcome.result == {"instance": 7, "path": TABLE + "7."}


@pytest.mark.cwmp("C-84", "K-2", "K-27")
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


@pytest.mark.cwmp("C-84", "H-76")
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

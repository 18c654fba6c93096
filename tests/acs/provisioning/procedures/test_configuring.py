"""Bringing a device to what should hold: the shortest list of calls, each with the key; what is refused, not kept, watched, looked for first."""

from dataclasses import replace

import pytest

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import AddObject, DeleteObject, GetParameterValues, SetParameterAttributes, SetParameterValues
from acs.provisioning.desired import Hold, KnownTree, Profile, RowSetting, Setting, Watch, wanted_of
from acs.provisioning.differences import mark, plan_of
from acs.provisioning.procedure import Done, Failed, Wait
from acs.provisioning.procedures.configuring import Order, configure
from acs.provisioning.quirks import DeviceQuirks
from tests.acs.provisioning.scripted import NOW, Device, context, play, played
from tests.acs.provisioning.test_desired import TREE, digest

TABLE = "Device.NAT.PortMapping."
SSID, CHANNEL = "Device.WiFi.SSID.1.SSID", "Device.WiFi.Radio.1.Channel"
ROW = {f"{TABLE}4.ExternalPort": "8080", f"{TABLE}4.Protocol": "TCP", f"{TABLE}4.InternalPort": "80"}
MAPPING = RowSetting(TABLE, {"ExternalPort": "8080", "Protocol": "TCP"}, {"InternalPort": "80", "Enable": True})


def known(values, *objects):
    return KnownTree("Device", dict(values), {}, frozenset({TABLE, *objects}))


def order(values, *settings, rows=(), watches=(), personal=(), tree=None, fresh=False, **given):
    profile = Profile(1, "base", 1, 0, tuple(Setting(*s) for s in settings), tuple(rows), tuple(watches))
    tree = tree or known(values)
    return Order(wanted_of([profile], tree, personal, digest=digest, fresh=fresh), tree, **given)


def run(device, made, key="", **given):
    ctx = context(brief={"order": made}, **given)
    return played(configure(replace(ctx, facts=replace(ctx.facts, parameter_key=key))), device)


def calls(device):
    return [type(request).__name__ for request in device.asked]


def test_what_differs_is_written_in_one_call_with_the_key_and_read_back():
    device, made = Device(dict(TREE)), order(TREE, (SSID, "New"), ("wifi.2g.channel", 6), ("wifi.5g.channel", 36))
    outcome = run(device, made).outcome
    assert isinstance(outcome, Done)
    assert calls(device) == ["SetParameterValues", "GetParameterValues"]
    asked = device.asked[0]
    assert {v.name: v.value for v in asked.parameter_list} == {SSID: "New", CHANNEL: "6"}
    assert asked.parameter_key == made.desired.key == outcome.result["key"]
    assert device.values[CHANNEL] == "6"


def test_a_device_that_is_in_step_and_carries_the_key_is_asked_nothing():
    device, made = Device(dict(TREE)), order(TREE, (SSID, "Home"))
    outcome = run(device, made, key=made.desired.key).outcome
    assert device.asked == []
    assert (outcome.result["key"], outcome.result["written"]) == (made.desired.key, [])


def test_a_device_in_step_without_the_key_gets_it_by_one_value_written_again():
    device, made = Device(dict(TREE)), order(TREE, (SSID, "Home"))
    outcome = run(device, made, key="somebody's").outcome
    assert calls(device) == ["SetParameterValues", "GetParameterValues"]
    assert [(v.name, v.value) for v in device.asked[0].parameter_list] == [(SSID, "Home")]
    assert outcome.result["key"] == made.desired.key


def test_a_missing_row_is_added_and_filled_before_other_values_in_the_same_call():
    device = Device(dict(TREE), tables=frozenset({TABLE}))
    made = order(TREE, (SSID, "New"), rows=[MAPPING])
    outcome = run(device, made).outcome
    assert calls(device) == ["AddObject", "SetParameterValues", "GetParameterValues"]
    assert device.asked[0] == AddObject(TABLE, made.desired.key)
    assert [v.name for v in device.asked[1].parameter_list] == [
        f"{TABLE}7.ExternalPort", f"{TABLE}7.Protocol", f"{TABLE}7.InternalPort", f"{TABLE}7.Enable", SSID
    ]  # fmt: skip
    assert outcome.result["added"] == [f"{TABLE}7."]
    assert outcome.snapshots[0].prefix == f"{TABLE}7."


def test_a_row_that_is_there_is_found_by_its_keys_and_only_corrected():
    device = Device({**TREE, **ROW, f"{TABLE}4.Enable": "0"})
    run(device, order(device.values, rows=[MAPPING]))
    assert [(v.name, v.value) for v in device.asked[0].parameter_list] == [(f"{TABLE}4.Enable", "1")]


def test_a_row_that_must_not_be_there_is_deleted_first():
    device = Device({**TREE, **ROW})
    made = order(device.values, (SSID, "New"), rows=[RowSetting(TABLE, {"ExternalPort": "8080"}, absent=True)])
    outcome = run(device, made).outcome
    assert device.asked[0] == DeleteObject(f"{TABLE}4.", made.desired.key)
    assert calls(device)[1:] == ["SetParameterValues", "GetParameterValues"]
    assert outcome.result["deleted"] == [f"{TABLE}4."]


def test_a_new_row_whose_values_are_refused_is_taken_away_again():
    device = Device(dict(TREE), refused={f"{TABLE}7.InternalPort": 9007}, tables=frozenset({TABLE}))
    outcome = run(device, order(TREE, (SSID, "New"), rows=[MAPPING])).outcome
    assert isinstance(outcome, Done)
    assert device.asked_for(DeleteObject)[0].object_name == f"{TABLE}7."
    assert outcome.result["added"] == []
    assert SSID in outcome.result["written"]
    assert [s.names for s in outcome.snapshots] == [()]


def test_logins_travel_apart_and_what_is_turned_on_comes_last():
    server = "Device.ManagementServer."
    values = {**TREE, server + "ConnectionRequestPassword": "", "Device.WiFi.SSID.1.Enable": "0"}
    device = Device(dict(values))
    run(device, order(values, (server + "ConnectionRequestPassword", "s3cret-s3cret"), ("Device.WiFi.SSID.1.Enable", True), (SSID, "New")))
    groups = [[v.name for v in request.parameter_list] for request in device.asked_for(SetParameterValues)]
    assert groups == [[SSID, "Device.WiFi.SSID.1.Enable"], [server + "ConnectionRequestPassword"]]


def test_batches_follow_what_was_learned_of_the_device():
    device = Device(dict(TREE))
    run(device, order(TREE, (SSID, "New"), ("wifi.2g.channel", 6), ("wifi.5g.channel", 40)), quirks=DeviceQuirks(write_batch=2))
    assert [len(request.parameter_list) for request in device.asked_for(SetParameterValues)] == [2, 1]


def test_what_is_refused_is_marked_told_and_not_tried_again():
    device = Device(dict(TREE), refused={CHANNEL: 9007})
    made = order(TREE, (SSID, "New"), ("wifi.2g.channel", 6))
    outcome = run(device, made).outcome
    assert outcome.result["written"] == [SSID]
    assert [one["path"] for one in outcome.result["refused"]] == [CHANNEL]
    assert outcome.result["marks"][CHANNEL]["mark"] == mark(CHANNEL, "6")
    after = replace(made, known=known(device.values), marks=outcome.result["marks"])
    again = plan_of(after.desired, after.known, marks=after.marks)
    assert (again.values, again.gave_up[0][0].path) == ((), CHANNEL)
    other = order(device.values, ("wifi.2g.channel", 11))
    assert plan_of(other.desired, other.known, marks=outcome.result["marks"]).values[0].value == "11"


def test_what_does_not_stick_is_written_twice_and_then_left():
    device = Device(dict(TREE), deaf=frozenset({CHANNEL}))
    found = run(device, order(TREE, ("wifi.2g.channel", 6), (SSID, "New")))
    assert len(device.asked_for(SetParameterValues)) == 2
    assert (CHANNEL in found.outcome.result["written"], CHANNEL in found.outcome.result["marks"]) == (False, True)
    assert ("not_kept", CHANNEL) in [(knob, item) for knob, item, _ in found.knobs]
    taught = DeviceQuirks(not_kept={CHANNEL: {"wrote": "6", "shows": "1"}})
    made = order(TREE, ("wifi.2g.channel", 6))
    assert plan_of(made.desired, made.known, taught).gave_up[0][1].startswith("the device does not keep it")


def test_a_device_that_takes_nothing_fails_with_why():
    device = Device(dict(TREE), refused={CHANNEL: 9007})
    outcome = run(device, order(TREE, ("wifi.2g.channel", 6))).outcome
    assert isinstance(outcome, Failed)
    assert CHANNEL in outcome.text


def test_a_value_the_device_normalises_is_in_step():
    values = {**TREE, CHANNEL: "06", "Device.WiFi.Radio.1.Enable": "true"}
    made = order(values, ("wifi.2g.channel", 6), ("Device.WiFi.Radio.1.Enable", True))
    assert plan_of(made.desired, made.known).is_empty


def test_what_is_to_be_watched_goes_in_one_call():
    device = Device(dict(TREE))
    made = order(TREE, (SSID, "Home"), watches=[Watch("wifi.2g.channel", 2), Watch("wifi.5g.channel", 1)])
    outcome = run(device, made, key=made.desired.key).outcome
    assert calls(device) == ["SetParameterAttributes"]
    assert [(w.name, w.notification) for w in device.asked[0].parameter_list] == [(CHANNEL, 2), ("Device.WiFi.Radio.2.Channel", 1)]
    assert outcome.result["watched"] == 2


def test_one_that_may_not_be_watched_does_not_keep_the_others_from_it():
    def refuse(request):
        return CwmpFault(9009) if len(request.parameter_list) > 1 or request.parameter_list[0].name == CHANNEL else None

    device = Device(dict(TREE))
    device.answers[SetParameterAttributes] = lambda request: refuse(request) or device._SetParameterAttributes(request)
    made = order(TREE, (SSID, "Home"), watches=[Watch("wifi.2g.channel", 2), Watch("wifi.5g.channel", 1)])
    outcome = run(device, made, key=made.desired.key).outcome
    assert outcome.result["watched"] == 1
    assert outcome.result["refused"][0]["path"] == CHANNEL


def test_where_somebody_else_was_at_the_device_the_wanted_values_are_read_first():
    device = Device({**TREE, CHANNEL: "11"})
    made = order(TREE, ("wifi.2g.channel", 1), (SSID, "Home"), read_first=True)
    run(device, made, key="foreign")
    assert calls(device)[:2] == ["GetParameterValues", "SetParameterValues"]
    assert [v.name for v in device.asked[1].parameter_list] == [CHANNEL]


def test_after_a_session_that_broke_off_rows_are_looked_for_before_any_is_added():
    device = Device({**TREE, **ROW, f"{TABLE}4.Enable": "1"})
    outcome = run(device, order(TREE, rows=[MAPPING]), maybe_sent=True).outcome
    assert device.asked_for(AddObject) == []
    assert outcome.result["added"] == []


@pytest.mark.quirk("K-58")
def test_a_key_that_is_lost_twice_is_learned_and_not_written_a_third_time():
    device, made = Device(dict(TREE)), order(TREE, (SSID, "Home"), key_lost=2, read_first=True)
    found = run(device, made)
    assert ("parameter_key_lost", "", True) in found.knobs
    assert device.asked_for(SetParameterValues) == []
    again = Device(dict(TREE))
    run(again, made, quirks=DeviceQuirks(parameter_key_lost=True))
    assert again.asked_for(SetParameterValues) == []


def test_a_device_that_has_only_just_started_is_tried_again_soon():
    device = Device(dict(TREE), answers={SetParameterValues: CwmpFault(9002), GetParameterValues: CwmpFault(9002)})
    outcome = run(device, order(TREE, (SSID, "New")), booted_at=NOW).outcome
    assert isinstance(outcome, Wait)
    assert outcome.phase == "configure"


def test_a_device_no_profile_fits_is_asked_nothing():
    device = Device(dict(TREE))
    outcome = play(configure(context(brief={"order": Order(wanted_of([], known(TREE), digest=digest), known(TREE))})), device)
    assert (device.asked, outcome.result["key"]) == ([], "")


def test_initial_values_go_to_a_fresh_device_only():
    device = Device(dict(TREE))
    run(device, order(TREE, (SSID, "Welcome", Hold.INITIAL), ("wifi.2g.channel", 6)))
    assert device.values[SSID] == "Home"
    run(device, order(TREE, (SSID, "Welcome", Hold.INITIAL), ("wifi.2g.channel", 6), fresh=True))
    assert device.values[SSID] == "Welcome"


def test_a_device_that_was_never_read_is_waited_for():
    device = Device({})
    outcome = play(configure(context(brief={"unread": True})), device)
    assert isinstance(outcome, Wait)
    assert device.asked == []
    assert isinstance(play(configure(context(brief={"error": "no"})), device), Failed)

"""Rules a CPE keeps that belong to no one module: what may come when, what is read and written how. By the items they hold."""

from __future__ import annotations

import re

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from acs.cwmp.codec import encode
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    AddObject,
    DeleteObject,
    Download,
    GetParameterAttributes,
    GetParameterNames,
    GetParameterValues,
    InformResponse,
    ParameterValueStruct,
    Reboot,
    SetParameterAttributes,
    SetParameterAttributesStruct,
    SetParameterValues,
    Upload,
)
from simulators import rpc
from simulators.device import Power
from simulators.http import HttpClient, Response, _Exchange
from simulators.retry import retry_wait
from simulators.session import Session
from tests.simulators.kit import ScriptedAcs, make_cpe, make_device, pass_time, set_values

SSID, OTHER = "Device.WiFi.SSID.1.SSID", "Device.WiFi.SSID.2.SSID"
CHANNEL, AUTO = "Device.WiFi.Radio.1.Channel", "Device.WiFi.Radio.1.AutoChannelEnable"
PORTS = "Device.NAT.PortMapping."


def code(answer):
    return answer.code if isinstance(answer, CwmpFault) else 0


def read(cpe, *paths):
    answer = rpc.answer(cpe, GetParameterValues(paths))
    return {value.name: value.value for value in answer.parameter_list}


def watch(path, notification):
    return SetParameterAttributes((SetParameterAttributesStruct(path, True, notification, False, ()),))


class Wire(StringTransport):
    def setTcpNoDelay(self, enabled): ...

    def abortConnection(self): ...


# ---- the way to the ACS ------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("A-26")
def test_new_session_begins_without_the_cookies_of_the_last():
    acs = ScriptedAcs()
    device, clock = make_device(acs)
    device.start(0)
    clock.advance(0.01)
    device.trigger("2 PERIODIC")
    clock.advance(0.01)
    assert [cookie != "" for cookie in acs.cookies] == [False, True, False, True]


@pytest.mark.cwmp("A-61")
def test_thirty_seconds_without_an_answer_are_waited_for():
    clock = Clock()
    exchange = _Exchange(clock, HttpClient(clock).idle_s)
    exchange.makeConnection(Wire())
    failed = []
    exchange.ask(b"POST / HTTP/1.1\r\n\r\n", None).addErrback(failed.append)
    clock.advance(31)
    assert not failed
    clock.advance(60)
    assert "no answer" in failed[0].getErrorMessage()


@pytest.mark.cwmp("A-68", "X-8")
@pytest.mark.parametrize("is_deaf", [True, False])
def test_503_with_retry_after_is_a_failed_session_like_any_other(is_deaf: bool):
    """A device may honour the wait, and one that does not applies the table; either way it is counted as a retry."""
    acs = ScriptedAcs(verdicts=[Response(503, (("retry-after", "60"),), b"")])
    device, clock = make_device(acs)
    device.habits.deaf_share = 1.0 if is_deaf else 0.0
    device.start(0)
    pass_time(clock, 4.9)
    assert len(acs.informs) == 1
    pass_time(clock, 5.2)
    assert [inform.retry_count for inform in acs.informs] == ([0, 1] if is_deaf else [0])
    pass_time(clock, 60, 1)
    assert [inform.retry_count for inform in acs.informs] == [0, 1]


@pytest.mark.cwmp("X-8")
def test_wait_grows_to_its_bound_unless_it_is_clipped():
    assert retry_wait(10) == retry_wait(14) == (2560, 5120)
    acs = ScriptedAcs(verdicts=[CwmpFault(8001)] * 20)
    device, clock = make_device(acs)
    device.habits.clip_retry_s = 1.0
    device.start(0)
    pass_time(clock, 15, 0.5)
    assert len(acs.informs) > 10


@pytest.mark.cwmp("B-22")
def test_acs_that_names_no_version_is_an_older_one_and_the_session_goes_on():
    cpe = make_cpe()
    cpe.boot(first=True)
    session = Session(cpe)
    assert b"SupportedCWMPVersions" in session.first()
    assert session.next(encode(InformResponse(1), "1", cpe.facts.profile.namespace)) == b""
    asked = session.next(encode(GetParameterValues((SSID,)), "a", cpe.facts.profile.namespace))
    assert b"GetParameterValuesResponse" in asked


# ---- one session at a time -----------------------------------------------------------------------------------------------


class Slow:
    """Stands where HttpClient does and answers a POST only when told to."""

    def __init__(self, acs):
        from twisted.internet.defer import Deferred

        self.acs, self.waiting, self.make, self.most = acs, [], Deferred, 0

    async def request(self, _method, url, headers, body=b"", **_rest):
        waiting = self.make()
        self.waiting.append(waiting)
        self.most = max(self.most, len(self.waiting))
        await waiting
        return self.acs.take({name.lower(): value for name, value in headers}, body)

    def answer(self):
        self.waiting.pop(0).callback(None)

    def close(self): ...

    def abort(self): ...


@pytest.mark.cwmp("A-56", "A-57", "G-10")
def test_what_arises_in_a_session_waits_for_its_end_and_comes_in_one_of_its_own():
    acs = ScriptedAcs()
    device, clock = make_device(acs)
    line = device.client = Slow(acs)
    rpc.answer(device.cpe, watch(SSID, 2))
    device.start(0)
    clock.advance(0.01)
    device.trigger("6 CONNECTION REQUEST")
    device.trigger("2 PERIODIC")
    device.trigger("8 DIAGNOSTICS COMPLETE")
    device.set_local(SSID, "Changed meanwhile")
    clock.advance(1)
    line.answer()  # InformResponse
    line.answer()  # the end: the empty POST
    clock.advance(1)
    assert line.most == 1
    line.answer()
    assert [acs.events(n)[0] for n in range(len(acs.informs))] == ["0 BOOTSTRAP", "6 CONNECTION REQUEST"]
    assert set(acs.events()) == {"6 CONNECTION REQUEST", "2 PERIODIC", "8 DIAGNOSTICS COMPLETE", "4 VALUE CHANGE"}
    device.stop()


@pytest.mark.cwmp("C-141")
def test_questions_after_a_reboot_are_answered_before_it_happens():
    acs = ScriptedAcs(questions=[Reboot("r"), GetParameterValues((SSID,))])
    device, clock = make_device(acs)
    device.start(0)
    clock.advance(0.01)
    assert [type(answer).__name__ for answer in acs.answers()] == ["RebootResponse", "GetParameterValuesResponse"]
    assert device.power is Power.BOOTING


# ---- reading and writing ---------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("C-7")
def test_a_write_is_done_when_it_is_answered():
    cpe = make_cpe()
    assert rpc.answer(cpe, set_values({SSID: "New"})).status == 0
    assert read(cpe, SSID) == {SSID: "New"}
    row = rpc.answer(cpe, AddObject(PORTS, "")).instance_number
    assert f"{PORTS}{row}.Enable" in read(cpe, PORTS)
    rpc.answer(cpe, DeleteObject(f"{PORTS}{row}.", ""))
    assert not any(name.startswith(f"{PORTS}{row}.") for name in read(cpe, PORTS))


@pytest.mark.cwmp("C-23")
@pytest.mark.parametrize("given", [{AUTO: "false", CHANNEL: "11"}, {CHANNEL: "11", AUTO: "false"}])
def test_order_of_written_values_means_nothing(given):
    cpe = make_cpe()
    assert code(rpc.answer(cpe, set_values(given))) == 0
    assert read(cpe, AUTO, CHANNEL) == {AUTO: "false", CHANNEL: "11"}


@pytest.mark.cwmp("C-25")
@pytest.mark.parametrize("path", ["Device.WiFi.SSID.1.", "Device.WiFi.", ""])
def test_partial_path_is_not_written(path):
    answer = rpc.answer(make_cpe(), set_values({path: "x"}))
    assert (code(answer), [(each.name, each.code) for each in answer.parameters]) == (9003, [(path, 9005)])


@pytest.mark.cwmp("C-43", "K-5")
def test_answers_name_parameters_in_full_and_rows_that_exist_only():
    cpe = make_cpe()
    found = read(cpe, "Device.WiFi.SSID.")
    assert found
    for name in found:
        assert not name.endswith(".")
        assert cpe.tree.leaf(name) is not None
        assert "{i}" not in name
    rows = {name.split(".")[3] for name in found}
    assert rows == {str(row) for row in cpe.tree.rows("Device.WiFi.SSID.")}


@pytest.mark.cwmp("K-4")
def test_number_of_entries_counts_rows_and_is_not_the_highest_number():
    cpe = make_cpe()
    rows = [rpc.answer(cpe, AddObject(PORTS, "")).instance_number for _ in range(3)]
    count = int(read(cpe, "Device.NAT.PortMappingNumberOfEntries")["Device.NAT.PortMappingNumberOfEntries"])
    rpc.answer(cpe, DeleteObject(f"{PORTS}{rows[0]}.", ""))
    after = int(read(cpe, "Device.NAT.PortMappingNumberOfEntries")["Device.NAT.PortMappingNumberOfEntries"])
    assert after == count - 1 < max(rows)


@pytest.mark.cwmp("K-13")
def test_next_level_gives_children_only_and_without_it_the_object_and_all_below():
    cpe = make_cpe()
    path = "Device.WiFi."
    children = {info.name for info in rpc.answer(cpe, GetParameterNames(path, True)).parameter_list}
    everything = {info.name for info in rpc.answer(cpe, GetParameterNames(path, False)).parameter_list}
    assert path in everything and path not in children
    assert children < everything
    assert all("." not in name.removeprefix(path).rstrip(".") for name in children)
    assert {path + name.removeprefix(path).split(".")[0] for name in everything - {path}} == {name.rstrip(".") for name in children}


FAULTS = {"get": {9001, 9002, 9003, 9004, 9005}, "names": {9001, 9002, 9003, 9005}, "set attributes": {9001, 9002, 9003, 9004, 9005, 9009}}


@pytest.mark.cwmp("C-48", "C-58", "C-70", "C-205")
@pytest.mark.parametrize(
    ("message", "listed"),
    [
        (GetParameterValues(("Device.Nothing",)), "get"),
        (GetParameterValues(("Device.Nothing.",)), "get"),
        (GetParameterValues(("nothing at all",)), "get"),
        (GetParameterNames("Device.Nothing.", True), "names"),
        (GetParameterNames("Device.Nothing", False), "names"),
        (GetParameterNames(SSID, True), "names"),
        (GetParameterAttributes(("Device.Nothing",)), "get"),
        (watch("Device.Nothing", 1), "set attributes"),
        (watch(SSID, 9), "set attributes"),
        (watch("Device.DeviceInfo.UpTime", 2), "set attributes"),
        (SetParameterAttributes((SetParameterAttributesStruct(SSID, False, 0, True, ("Everybody",)),)), "set attributes"),
    ],
)
def test_reads_and_attributes_are_refused_with_a_fault_of_their_list(message, listed):
    answer = rpc.answer(make_cpe(), message)
    assert isinstance(answer, CwmpFault)
    assert answer.code in FAULTS[listed]


@pytest.mark.cwmp("C-70")
def test_read_only_parameter_takes_a_notification():
    cpe = make_cpe()
    path = "Device.DeviceInfo.SoftwareVersion"
    assert code(rpc.answer(cpe, watch(path, 2))) == 0
    (row,) = rpc.answer(cpe, GetParameterAttributes((path,))).parameter_list
    assert row.notification == 2


@pytest.mark.cwmp("C-57", "C-68")
def test_access_list_is_of_subscribers_and_does_not_bind_the_acs():
    cpe = make_cpe()
    (before,) = rpc.answer(cpe, GetParameterAttributes((SSID,))).parameter_list
    assert before.access_list == ("Subscriber",)
    nobody = SetParameterAttributes((SetParameterAttributesStruct(SSID, False, 0, True, ()),))
    assert code(rpc.answer(cpe, nobody)) == 0
    (after,) = rpc.answer(cpe, GetParameterAttributes((SSID,))).parameter_list
    assert after.access_list == ()
    assert [info.writable for info in rpc.answer(cpe, GetParameterNames(SSID, False)).parameter_list] == [True]
    assert code(rpc.answer(cpe, set_values({SSID: "By the ACS"}))) == 0


@pytest.mark.cwmp("K-48")
def test_new_row_has_the_attributes_of_nobody():
    cpe = make_cpe()
    assert code(rpc.answer(cpe, watch(PORTS, 1))) == 0
    row = rpc.answer(cpe, AddObject(PORTS, "")).instance_number
    listed = rpc.answer(cpe, GetParameterAttributes((f"{PORTS}{row}.",))).parameter_list
    assert listed
    assert {(each.notification, each.access_list) for each in listed} == {(0, ("Subscriber",))}
    assert not any(each.name.endswith(".") for each in listed)


@pytest.mark.cwmp("C-98")
def test_two_transfers_of_one_command_key_both_run():
    cpe = make_cpe()
    for name in ("one", "two"):
        assert code(rpc.answer(cpe, Download("k", "3 Vendor Configuration File", f"http://h/{name}"))) == 0
    assert [(transfer.command_key, transfer.url) for transfer in cpe.transfers] == [("k", "http://h/one"), ("k", "http://h/two")]


@pytest.mark.cwmp("C-102", "C-103")
def test_target_name_and_pages_for_browsers_may_be_empty():
    answer = rpc.answer(
        make_cpe(), Download("k", "1 Firmware Upgrade Image", "http://h/f", target_file_name="", success_url="", failure_url="")
    )
    assert (code(answer), answer.status) == (0, 1)


# ---- events and changes ------------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("D-72")
def test_value_that_changed_twice_is_reported_once_with_its_last_text():
    acs = ScriptedAcs(questions=[watch(SSID, 1)])
    device, clock = make_device(acs)
    device.start(0)
    clock.advance(0.01)
    for text in ("One", "Two"):
        device.set_local(SSID, text)
    device.trigger("2 PERIODIC")
    clock.advance(0.01)
    assert [value.value for value in acs.informs[-1].parameter_list if value.name == SSID] == ["Two"]
    assert acs.events().count("4 VALUE CHANGE") == 1


@pytest.mark.cwmp("D-72")
def test_value_that_changes_again_while_its_change_is_told_is_told_again():
    acs = ScriptedAcs()
    device, clock = make_device(acs)
    line = device.client = Slow(acs)
    rpc.answer(device.cpe, watch(SSID, 2))
    device.start(0, fresh=False)
    device.set_local(SSID, "One")
    clock.advance(0.01)
    device.set_local(SSID, "Two")
    while line.waiting:
        line.answer()
        clock.advance(0.01)
    told = [value.value for inform in acs.informs for value in inform.parameter_list if value.name == SSID]
    assert told == ["One", "Two"]
    device.stop()


@pytest.mark.cwmp("K-43")
def test_a_boot_alone_is_no_change_and_what_is_watched_outlives_it():
    acs = ScriptedAcs(questions=[watch(SSID, 2)])
    device, clock = make_device(acs)
    device.start(0)
    clock.advance(0.01)
    device.power_cut()
    pass_time(clock, 5)
    assert acs.events() == ["1 BOOT"]
    device.set_local(SSID, "Later")
    clock.advance(0.01)
    assert acs.events() == ["4 VALUE CHANGE"]


@pytest.mark.cwmp("K-44")
def test_bootstrap_forgets_changes_that_nobody_heard_of():
    cpe = make_cpe()
    cpe.boot(first=True)
    cpe.inform()
    cpe.acknowledged()
    rpc.answer(cpe, watch(SSID, 1))
    cpe.change(SSID, "Unheard")
    cpe.boot(first=True)
    inform = cpe.inform()
    assert [event.event_code for event in inform.event] == ["0 BOOTSTRAP", "1 BOOT"]
    assert SSID not in {value.name for value in inform.parameter_list}


@pytest.mark.cwmp("D-22")
def test_end_of_the_period_is_an_event_of_its_own():
    acs = ScriptedAcs()
    device, clock = make_device(acs, inform_interval_s=60)
    device.start(0)
    pass_time(clock, 61, 1)
    assert acs.events() == ["2 PERIODIC"]


@pytest.mark.cwmp("G-36")
@pytest.mark.parametrize(("leaf", "text"), [("NumberOfRepetitions", "0"), ("DSCP", "64"), ("DataBlockSize", "65536")])
def test_ping_that_cannot_be_is_9007(leaf, text):
    path = f"Device.IP.Diagnostics.IPPing.{leaf}"
    answer = rpc.answer(make_cpe(), SetParameterValues((ParameterValueStruct(path, text, "unsignedInt"),), ""))
    assert (code(answer), [each.code for each in answer.parameters]) == (9003, [9007])


@pytest.mark.cwmp("A-18")
def test_path_and_query_of_the_url_are_sent_unchanged_with_the_host():
    from twisted.internet.defer import ensureDeferred
    from twisted.internet.testing import MemoryReactorClock

    reactor = MemoryReactorClock()
    ensureDeferred(HttpClient(reactor).request("POST", "http://acs.example:7547/cwmp/v1;x?tenant=a%2Fb&c=", [], b"")).addErrback(
        lambda _failure: None
    )
    host, port, factory, *_ = reactor.tcpClients[0]
    transport = Wire()
    factory.buildProtocol(None).makeConnection(transport)
    head = transport.value().decode()
    assert (host, port) == ("acs.example", 7547)
    assert head.startswith("POST /cwmp/v1;x?tenant=a%2Fb&c= HTTP/1.1\r\n")
    assert re.search(r"\r\nHost: acs\.example:7547\r\n", head)
    for call in reactor.getDelayedCalls():
        call.cancel()


@pytest.mark.cwmp("D-39")
def test_end_of_an_upload_is_told_with_its_method_and_key():
    cpe = make_cpe()
    cpe.boot(first=True)
    cpe.inform()
    cpe.acknowledged()
    assert code(rpc.answer(cpe, Upload("u7", "2 Vendor Log File", "http://h/u"))) == 0
    (transfer,) = cpe.transfers
    transfer.state = "done"
    told = [(event.event_code, event.command_key) for event in cpe.inform().event]
    assert told == [("7 TRANSFER COMPLETE", ""), ("M Upload", "u7")]


@pytest.mark.cwmp("C-92")
@pytest.mark.parametrize(
    ("file_type", "refused"),
    [
        ("1 Firmware Upgrade Image", 0), ("2 Web Content", 0), ("3 Vendor Configuration File", 0), ("Firmware", 9003), ("1", 9003), ("", 9003),
        ("0 Firmware Upgrade Image", 9003), ("99 Something", 9003),
    ],
)  # fmt: skip
def test_file_types_have_a_number_and_words(file_type, refused):
    assert code(rpc.answer(make_cpe(), Download("k", file_type, "http://h/f"))) == refused


@pytest.mark.cwmp("H-77")
def test_one_port_for_tcp_and_udp_is_two_mappings():
    cpe = make_cpe()
    for protocol in ("TCP", "UDP"):
        row = f"{PORTS}{rpc.answer(cpe, AddObject(PORTS, '')).instance_number}."
        given = {"ExternalPort": "5060", "Protocol": protocol, "InternalPort": "5060", "InternalClient": "192.168.1.20", "Enable": "true"}
        assert code(rpc.answer(cpe, set_values({row + leaf: text for leaf, text in given.items()}))) == 0
    found = read(cpe, PORTS)
    made = [name.removesuffix("ExternalPort") for name, value in found.items() if name.endswith(".ExternalPort") and value == "5060"]
    assert sorted((found[row + "Protocol"], found[row + "Enable"]) for row in made) == [("TCP", "true"), ("UDP", "true")]


@pytest.mark.cwmp("H-119")
@pytest.mark.parametrize(
    ("model", "path"), [("Norvik G240", "Device.Time.CurrentLocalTime"), ("Norvik R110", "InternetGatewayDevice.Time.CurrentLocalTime")]
)
def test_local_time_has_its_offset(model, path):
    (text,) = read(make_cpe(model), path).values()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text)


@pytest.mark.cwmp("K-31")
def test_row_of_inform_parameters_may_stand_for_every_instance():
    cpe = make_cpe()
    table = "Device.ManagementServer.InformParameter."
    row = f"{table}{rpc.answer(cpe, AddObject(table, '')).instance_number}."
    given = {row + "ParameterName": "Device.WiFi.SSID.*.SSID", row + "EventList": "2 PERIODIC", row + "Enable": "true"}
    assert code(rpc.answer(cpe, set_values(given))) == 0
    cpe.boot()
    assert SSID not in {value.name for value in cpe.inform().parameter_list}
    cpe.acknowledged()
    cpe.add_event("2 PERIODIC")
    told = {value.name for value in cpe.inform().parameter_list}
    assert {f"Device.WiFi.SSID.{number}.SSID" for number in cpe.tree.rows("Device.WiFi.SSID.")} <= told

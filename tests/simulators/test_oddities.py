"""What odd devices answer to RPCs, beside what an honest one does."""

from __future__ import annotations

import pytest

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    AddObject,
    AutonomousTransferComplete,
    DeleteObject,
    Download,
    GetParameterAttributes,
    GetParameterNames,
    GetParameterNamesResponse,
    GetParameterValues,
    SetParameterAttributes,
    SetParameterAttributesStruct,
    SetParameterValuesResponse,
    Upload,
)
from simulators import oddities, rpc
from simulators.cpe import Transfer
from simulators.quirks import named
from tests.simulators.kit import START, clock_at, make_cpe, set_values

SSID = "Device.WiFi.SSID.1.SSID"
INFO = "Device.DeviceInfo."
MS = "Device.ManagementServer."
PORTS = "Device.NAT.PortMapping."
CODE = INFO + "ProvisioningCode"
SECRET = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"


def odd(*names, model="Norvik G240", **given):
    return make_cpe(model, quirks=names, **given)


def read(cpe, *names):
    """Values by name, or the fault."""
    answer = rpc.answer(cpe, GetParameterValues(names))
    return answer if isinstance(answer, CwmpFault) else {item.name: item.value for item in answer.parameter_list}


def listed(cpe, path, next_level=True):
    answer = rpc.answer(cpe, GetParameterNames(path, next_level))
    return answer if isinstance(answer, CwmpFault) else [info.name for info in answer.parameter_list]


def write(cpe, values):
    return rpc.answer(cpe, set_values(values))


def code(answer):
    assert isinstance(answer, CwmpFault), answer
    return answer.code


@pytest.mark.quirk("K-36")
def test_names_relative_to_the_path():
    assert "UpTime" in listed(odd("relative-names"), INFO)
    assert INFO + "UpTime" in listed(odd(), INFO)


@pytest.mark.quirk("K-37", "R-17")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("clock-year-1", "0001-01-01T00:00:00"), ("clock-1970", "1970-01-01T00:03:12Z"),
        ("clock-milliseconds", "2023-11-14T22:13:20.123Z"), ("clock-no-zone", "2023-11-14T22:13:20"),
    ],
)  # fmt: skip
def test_times_in_parameters(name, text):
    path = "Device.Time.CurrentLocalTime"
    assert read(odd(name), path) == {path: text}
    assert read(odd(), path) == {path: "2023-11-14T22:13:20Z"}


@pytest.mark.quirk("K-37")
def test_a_time_as_a_number_is_9007():
    assert [(f.name, f.code) for f in write(odd("picky-times"), {MS + "PeriodicInformTime": "1700000000"}).parameters] == [
        (MS + "PeriodicInformTime", 9007)
    ]
    assert write(odd("picky-times"), {MS + "PeriodicInformTime": "2026-01-01T00:00:00Z"}).status == 0


@pytest.mark.quirk("K-38")
def test_whole_numbers_as_floats_in_strings():
    (item,) = rpc.answer(odd("float-in-string"), GetParameterValues((MS + "PeriodicInformInterval",))).parameter_list
    assert (item.value, item.type) == ("300.0", "string")


@pytest.mark.quirk("K-40")
@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("booleans-yes", "yes", "no"), ("booleans-on", "on", "off"), ("booleans-upper", "TRUE", "FALSE"), ("booleans-digits", "1", "0"),
        ("booleans-enabled", "enabled", "disabled"),
    ],
)  # fmt: skip
def test_booleans_in_other_words(name, yes, no):
    paths = MS + "PeriodicInformEnable", MS + "STUNEnable"
    assert list(read(odd(name), *paths).values()) == [yes, no]
    assert list(read(odd(), *paths).values()) == ["true", "false"]


@pytest.mark.quirk("K-40")
def test_unsigned_counters_below_zero_and_picky_booleans():
    clock = clock_at()
    cpe = odd("negative-unsigned", clock=clock)
    clock.advance(100)
    counter = "Device.IP.Interface.1.Stats.BytesSent"
    assert read(cpe, counter)[counter].startswith("-")
    path = MS + "PeriodicInformEnable"
    for name, good, bad in (("only-digit-booleans", "1", "true"), ("only-word-booleans", "true", "1")):
        assert write(odd(name), {path: good}).status == 0
        assert [f.code for f in write(odd(name), {path: bad}).parameters] == [9007]


@pytest.mark.quirk("K-41")
def test_passwords_as_stars_and_not_written_when_equal():
    assert read(odd("password-stars"), SECRET) == {SECRET: "********"}
    cpe = odd("equal-is-no-change")
    before = cpe.tree.value(SECRET)
    assert write(cpe, {SECRET: "********"}).status == 0
    assert cpe.tree.value(SECRET) == before
    assert write(cpe, {SECRET: "another pass"}).status == 0
    assert cpe.tree.value(SECRET) == "another pass"


@pytest.mark.quirk("K-42")
@pytest.mark.parametrize(
    ("name", "path", "text"),
    [
        ("upper-case-values", SSID, "HEARTH"), ("quoted-values", SSID, '"Hearth"'),
        ("blanks-in-lists", "Device.WiFi.Radio.1.PossibleChannels", "1, 2, 3"),
        ("reversed-lists", "Device.WiFi.Radio.1.PossibleChannels", "3,2,1"),
    ],
)  # fmt: skip
def test_values_come_back_in_another_form(name, path, text):
    def form(*names):
        cpe = odd(*names)
        cpe.tree.put(SSID, "Hearth")
        cpe.tree.put("Device.WiFi.Radio.1.PossibleChannels", "1,2,3")
        return read(cpe, path)

    assert form(name) == {path: text}
    assert form() != {path: text}


@pytest.mark.quirk("K-43")
def test_units_differ_by_model():
    path, supply = "Device.Optical.Interface.1.OpticalSignalLevel", "Device.XPON.ONU.1.ANI.1.Transceiver.1.Voltage"

    def optical(*names):
        cpe = odd(*names, model="Halden ONT-4")
        cpe.tree.put(path, "-20000")
        cpe.tree.put(supply, "3290")
        return read(cpe, path, supply)

    assert optical() == {path: "-20000", supply: "3290"}
    assert optical("optical-linear")[path] == "100"  # -20 dBm are 10 microwatts
    assert optical("optical-dbm")[path] == "-20.00"
    assert optical("supply-in-volts")[supply] == "3.29"


@pytest.mark.quirk("K-43")
def test_other_objects_and_other_words():
    wan = "InternetGatewayDevice.WANDevice.1."
    gpon = odd("misspelt-object", model="Halden G8")
    assert wan + "X_GponInterafceConfig." in listed(gpon, wan)
    names = listed(gpon, wan + "X_GponInterafceConfig.")
    assert names
    assert set(read(gpon, *names[:1])) == set(names[:1])
    assert code(read(gpon, wan + "X_HEARTHLINE_GponInterfaceConfig.Nothing")) == 9005

    band = "Device.WiFi.Radio.1.OperatingFrequencyBand"
    assert (read(odd(), band)[band], read(odd("radio-1-is-5ghz"), band)[band]) == ("2.4GHz", "5GHz")

    protocol = PORTS + "1.Protocol"
    cpe = odd("other-enum-words")
    cpe.tree.put(protocol, "TCP")
    assert read(cpe, protocol)[protocol] == "TCP AND UDP"
    cpe.tree.put(protocol, "UDP")
    assert write(cpe, {protocol: "TCP AND UDP"}).status == 0
    assert cpe.tree.value(protocol) == "TCP"


@pytest.mark.quirk("K-44")
def test_a_boolean_that_means_the_contrary():
    path = "Device.WiFi.AccessPoint.1.SSIDAdvertisementEnabled"
    cpe = odd("inverted-boolean")
    cpe.tree.put(path, "true")
    assert read(cpe, path)[path] == "false"
    write(cpe, {path: "true"})
    assert cpe.tree.value(path) == "false"


@pytest.mark.cwmp("C-45")
@pytest.mark.quirk("K-45", "K-46")
def test_questions_for_the_whole_tree():
    assert code(listed(odd("root-names-refused"), "")) == 9005
    assert code(listed(odd("full-tree-exhausts"), "Device.", False)) == 9004
    assert code(read(odd("full-tree-exhausts"), "")) == 9004
    assert listed(odd("full-tree-exhausts"), "Device.")
    with pytest.raises(oddities.Hangs):
        read(odd("full-tree-silent"), "Device.")


@pytest.mark.quirk("K-47", "K-48", "R-8")
def test_odd_lists_of_names():
    honest = listed(odd(), INFO)
    assert set(listed(odd("next-level-too-much"), INFO)) > set(honest)
    assert listed(odd("next-level-nothing"), INFO) == []
    assert INFO + "MemoryStatus" in listed(odd("objects-without-dot"), INFO)
    assert listed(odd("parents-missing"), INFO) == [name for name in honest if not name.endswith(".")]
    assert sorted(listed(odd("duplicate-names"), INFO)) == sorted(honest * 2)
    assert listed(odd("empty-name-list"), INFO) == []
    assert listed(odd("lists-itself"), INFO) == [INFO, *honest]
    assert "Device.DeviceInfo." in listed(odd("root-lists-children"), "")
    assert listed(odd(), "") == ["Device."]


@pytest.mark.cwmp("C-45")
@pytest.mark.quirk("K-49", "K-50")
def test_batches_that_fail():
    cpe = odd("listed-but-unreadable")
    assert INFO + "ModelName" in listed(cpe, INFO)
    refused = read(cpe, INFO + "UpTime", INFO + "ModelName")
    assert code(refused) == 9005
    assert "ModelName" not in refused.text
    assert read(cpe, INFO + "UpTime")
    names = list(odd().tree.under(INFO))[:33]
    assert code(read(odd("at-most-32"), *names)) == 9004
    assert len(read(odd("at-most-32"), *names[:32])) == 32
    assert code(read(odd("at-most-8"), *names[:9])) == 9002


@pytest.mark.quirk("K-51", "R-6")
def test_odd_answers_to_names():
    two = INFO + "SoftwareVersion", INFO + "ModelName"
    assert list(read(odd("values-lacking"), *two)) == [two[0]]
    assert INFO + "UpTime" in read(odd("values-extra"), *two)
    nothing = INFO + "Nothing"
    assert read(odd("values-none"), two[0], nothing)[nothing] == "None"
    assert read(odd("unknown-name-empty-list"), nothing) == {}
    with pytest.raises(oddities.Crashes):
        read(odd("unknown-name-crash"), nothing)
    assert code(read(odd(), nothing)) == 9005


@pytest.mark.quirk("K-52", "K-53")
def test_writable_flags_and_names_that_depend_on_a_state():
    def flags(cpe):
        return {info.writable for info in rpc.answer(cpe, GetParameterNames(MS, True)).parameter_list}

    assert [flags(odd(name)) for name in ("nothing-writable", "everything-writable")] == [{False}, {True}]
    radio = "Device.WiFi.Radio.1."
    cpe = odd("states-decide-names")
    assert radio + "Channel" in listed(cpe, radio)
    cpe.tree.put(radio + "Enable", "false")
    assert [name for name in listed(cpe, radio) if not name.endswith(".")] == [radio + "Enable"]
    assert code(read(cpe, radio + "Channel")) == 9005


@pytest.mark.quirk("K-54", "K-55")
def test_refused_writes():
    login = {MS + "ConnectionRequestUsername": "u", MS + "ConnectionRequestPassword": "p"}
    cpe = odd("one-refused-rolls-back")
    assert {f.name: f.code for f in write(cpe, login).parameters} == {MS + "ConnectionRequestUsername": 9001}
    assert cpe.setting("ConnectionRequestPassword") == ""
    both = {CODE: "x", SSID: "y"}
    assert [f.code for f in write(odd("several-faults"), both).parameters] == [9007] * 3
    assert (code(write(odd("no-parameter-faults"), both)), write(odd("no-parameter-faults"), both).parameters) == (9003, ())
    assert code(write(odd("private-fault-codes"), both)) == 9812
    assert write(odd("private-fault-codes"), {SSID: "y"}).status == 0


@pytest.mark.quirk("K-56", "R-5")
def test_statuses_and_restarts():
    cpe = odd("status-1-then-restarts")
    assert (write(cpe, {SSID: "y"}), cpe.after.reboot) == (SetParameterValuesResponse(1), True)
    cpe = odd("status-0-yet-restarts")
    assert (write(cpe, {SSID: "y"}), cpe.after.reboot) == (SetParameterValuesResponse(0), True)
    cpe = odd("status-1")
    added = rpc.answer(cpe, AddObject(PORTS, ""))
    deleted = rpc.answer(cpe, DeleteObject(f"{PORTS}{added.instance_number}.", ""))
    assert [write(cpe, {SSID: "y"}).status, added.status, deleted.status, cpe.after.reboot] == [1, 1, 1, False]


@pytest.mark.quirk("K-57")
def test_not_ready_for_a_while_after_boot():
    clock = clock_at()
    for name, ask, expected in (
        ("not-ready", lambda cpe: code(read(cpe, SSID)), 9002),
        ("radio-not-ready", lambda cpe: write(cpe, {SSID: "y"}).parameters[0].code, 9007),
    ):
        cpe = odd(name, clock=clock)
        cpe.boot()
        assert ask(cpe) == expected
        clock.advance(5)
        assert read(cpe, SSID)
        assert write(cpe, {SSID: "z"}).status == 0


@pytest.mark.quirk("K-58")
@pytest.mark.parametrize(("name", "text"), [("no-parameter-key", ""), ("short-parameter-key", "a key th")])
def test_the_parameter_key_is_lost(name, text):
    cpe = odd(name)
    rpc.answer(cpe, set_values({SSID: "y"}, "a key that is long"))
    assert read(cpe, MS + "ParameterKey") == {MS + "ParameterKey": text}


@pytest.mark.quirk("K-59")
def test_instances_without_number_used_again_or_late():
    assert rpc.answer(odd("no-instance-number"), AddObject(PORTS, "")).instance_number == 0
    for name, same in (("reused-numbers", True), ("at-most-32", False)):
        cpe = odd(name)
        first = rpc.answer(cpe, AddObject(PORTS, "")).instance_number
        rpc.answer(cpe, DeleteObject(f"{PORTS}{first}.", ""))
        assert (rpc.answer(cpe, AddObject(PORTS, "")).instance_number == first) == same
    cpe = odd("late-instances")
    row = f"{PORTS}{rpc.answer(cpe, AddObject(PORTS, '')).instance_number}."
    assert row not in listed(cpe, PORTS)
    assert code(read(cpe, row + "Description")) == 9005
    assert write(cpe, {row + "Description": "x"}).status == 0
    cpe.inform()  # the next session
    assert row in listed(cpe, PORTS)


@pytest.mark.quirk("K-60")
def test_a_dot_at_the_end_of_a_parameter():
    with pytest.raises(oddities.Hangs):
        read(odd("trailing-dot-poison"), INFO + "UpTime.")
    assert read(odd("trailing-dot-poison"), INFO)


@pytest.mark.quirk("K-73")
def test_thirty_seconds_are_not_more_than_thirty():
    path = MS + "PeriodicInformInterval"
    assert [f.code for f in write(odd("more-than-30"), {path: "30"}).parameters] == [9007]
    assert write(odd("more-than-30"), {path: "31"}).status == 0


@pytest.mark.quirk("R-6")
def test_writes_of_unknown_names():
    assert (
        code(write(odd("unknown-write-9008"), {INFO + "No": "x"})),
        write(odd("unknown-write-9008"), {INFO + "No": "x"}).parameters,
    ) == (9008, ())
    assert write(odd("unknown-write-done"), {INFO + "No": "x"}).status == 0


@pytest.mark.quirk("R-7")
def test_partial_paths():
    assert read(odd("partial-path-one-value"), INFO) == {INFO: ""}
    assert code(read(odd("partial-path-9002"), INFO)) == 9002
    assert read(odd("partial-path-9002"), INFO + "UpTime")
    with pytest.raises(oddities.Crashes):
        read(odd("partial-path-crash"), INFO)


@pytest.mark.quirk("R-17")
def test_empty_times():
    answer = rpc.answer(odd("empty-times"), Download("k", "1 Firmware Upgrade Image", "http://h/f", "", "", 0, "", 0, "", ""))
    assert (answer.status, answer.start_time, answer.complete_time) == (1, "", "")


@pytest.mark.quirk("R-20")
def test_attributes_of_forced_parameters_and_uploads_of_type_1():
    cpe = odd("refuses-forced-attributes")
    watch = [SetParameterAttributes((SetParameterAttributesStruct(path, True, 1, False, ()),)) for path in (INFO + "SoftwareVersion", SSID)]
    assert code(rpc.answer(cpe, watch[0])) == 9009
    assert not isinstance(rpc.answer(cpe, watch[1]), CwmpFault)
    assert code(rpc.answer(cpe, Upload("k", "1 Vendor Configuration File", "http://h/f", "", "", 0))) == 9001
    assert rpc.answer(cpe, Upload("k", "2 Vendor Log File", "http://h/f", "", "", 0)).status == 1


@pytest.mark.quirk("K-64", "R-4")
def test_odd_reports_of_transfers():
    def said(*names):
        cpe = odd(*names)
        cpe.transfers = [
            Transfer("download", f"k{n}", "1 Firmware Upgrade Image", "http://h/f", "", "", 0, "", START, "done") for n in range(2)
        ]
        told = oddities.reports(cpe, cpe.done_transfers)
        return [oddities.report(cpe, transfer, cpe.transfer_complete(transfer)) for transfer in told]

    assert [report.command_key for report in said()] == ["k0", "k1"]
    assert [report.command_key for report in said("reports-twice")] == ["k0", "k0", "k1", "k1"]
    assert [report.command_key for report in said("one-report-for-two")] == ["k0"]
    assert [report.command_key for report in said("unknown-command-key")] == ["4711"] * 2
    assert [report.command_key for report in said("empty-command-key")] == [""] * 2
    assert {type(report) for report in said("autonomous-report")} == {AutonomousTransferComplete}


@pytest.mark.quirk("K-32")
def test_a_large_tree():
    cpe = odd("large-tree")
    answer = rpc.answer(cpe, GetParameterValues(("",)))
    assert len(answer.parameter_list) > 6000
    assert sum(len(item.value) for item in answer.parameter_list) > 4_900_000
    cpe.factory_reset()
    assert len(cpe.tree.under("")) > 6000


@pytest.mark.quirk("K-72")
def test_a_udp_address_that_is_none():
    path = MS + "UDPConnectionRequestAddress"
    assert read(odd("udp-bad-address"), path) == {path: "not:an:address:99999"}


def test_a_device_without_quirks_never_comes_here(monkeypatch):
    monkeypatch.setattr(oddities, "before", None)
    monkeypatch.setattr(oddities, "after", None)
    cpe = odd()
    assert isinstance(rpc.answer(cpe, GetParameterNames("", True)), GetParameterNamesResponse)
    assert not isinstance(rpc.answer(cpe, GetParameterAttributes((SSID,))), CwmpFault)
    assert all(word.split()[0] in oddities.BEFORE for profile in named().values() for word in profile.get("before", ()))

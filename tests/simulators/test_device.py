"""A device over time, on a Clock, its sessions in memory."""

from __future__ import annotations

import pytest

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import FactoryReset, GetParameterValues, GetRPCMethods, Reboot, SetParameterAttributes, SetParameterAttributesStruct
from simulators.agenda import next_tick
from simulators.device import HANGS_S, Power
from simulators.http import ConnectFailed, Response
from tests.simulators.kit import START, ScriptedAcs, make_device, pass_time, set_values

SSID = "Device.WiFi.SSID.1.SSID"


@pytest.mark.cwmp("D-46", "A-110")
def test_fresh_device_bootstraps_a_known_one_only_boots():
    acs = ScriptedAcs()
    device, _ = make_device(acs)
    device.start(0)
    device.reactor.advance(0.01)
    assert acs.events() == ["0 BOOTSTRAP", "1 BOOT"]
    known, clock = make_device(acs)
    known.start(0, fresh=False)
    clock.advance(0.01)
    assert acs.events() == ["1 BOOT"]


@pytest.mark.cwmp("A-115", "L-92")
def test_period_follows_the_phase():
    half_past_seven = 1893456450.0  # 2030-01-01T00:07:30Z
    now = 1715953331.0  # 2024-05-17T13:42:11Z
    assert (now + next_tick(now, half_past_seven, 3600)) % 3600 == 450
    assert next_tick(now, half_past_seven, 3600) == 1715954850.0 - now
    assert next_tick(now, half_past_seven, 7000) == 1715957450.0 - now


@pytest.mark.cwmp("A-115", "A-116")
def test_periodic_informs_come_each_interval_and_heed_a_new_one():
    acs = ScriptedAcs()
    device, clock = make_device(acs, inform_interval_s=60)
    device.start(0)
    pass_time(clock, 200, 1)
    assert [acs.events(n) for n in range(1, len(acs.informs))] == [["2 PERIODIC"]] * 3
    acs.questions.append(set_values({"Device.ManagementServer.PeriodicInformInterval": "10"}))
    device.trigger("2 PERIODIC")
    before = len(acs.informs)
    pass_time(clock, 50, 1)
    assert len(acs.informs) - before == 5


@pytest.mark.cwmp("C-140", "C-142", "L-51")
def test_reboot_comes_back_with_boot_and_the_key():
    acs = ScriptedAcs(questions=[Reboot("r7")])
    device, clock = make_device(acs)
    device.start(0)
    clock.advance(0.01)
    assert device.power is Power.BOOTING
    pass_time(clock, 3)
    assert {(e.event_code, e.command_key) for e in acs.informs[-1].event} == {("1 BOOT", ""), ("M Reboot", "r7")}
    device.power_cut()
    pass_time(clock, 3)
    assert acs.events() == ["1 BOOT"]


@pytest.mark.cwmp("C-143", "L-52")
def test_factory_reset_bootstraps_with_the_onboarding_secret():
    acs = ScriptedAcs(questions=[set_values({SSID: "Mine", "Device.ManagementServer.Password": "own"}, "key"), FactoryReset()])
    device, clock = make_device(acs)
    device.start(0)
    pass_time(clock, 3)
    assert acs.events() == ["0 BOOTSTRAP", "1 BOOT"]
    assert device.cpe.setting("Password") == "onboarding"
    assert device.value(SSID) != "Mine"


@pytest.mark.cwmp("L-50", "C-30", "K-41")
def test_change_on_the_lan_side_is_notified_the_same_by_the_acs_is_not():
    watch = SetParameterAttributes((SetParameterAttributesStruct(SSID, True, 2, False, ()),))
    acs = ScriptedAcs(questions=[watch, set_values({SSID: "By the ACS"})])
    device, clock = make_device(acs)
    device.start(0)
    pass_time(clock, 1)
    assert len(acs.informs) == 1
    device.set_local(SSID, "At home")
    pass_time(clock, 1)
    assert acs.events() == ["4 VALUE CHANGE"]
    assert acs.informs[-1].parameter_list[-1].value == "At home"


@pytest.mark.cwmp("D-71")
def test_active_notification_waits_for_the_throttle():
    watch = SetParameterAttributes((SetParameterAttributesStruct(SSID, True, 2, False, ()),))
    acs = ScriptedAcs(questions=[watch, set_values({"Device.ManagementServer.DefaultActiveNotificationThrottle": "30"})])
    device, clock = make_device(acs)
    device.start(0)
    pass_time(clock, 1)
    device.set_local(SSID, "One")
    device.set_local(SSID, "Two")
    pass_time(clock, 20, 1)
    assert len(acs.informs) == 1
    pass_time(clock, 15, 1)
    assert [acs.events(n) for n in range(1, len(acs.informs))] == [["4 VALUE CHANGE"]]


@pytest.mark.cwmp("A-60", "A-64", "A-66", "L-7")
def test_failed_session_is_tried_again_in_the_time_of_the_table():
    acs = ScriptedAcs(verdicts=[CwmpFault(8001), Response(503, (), b"busy")])
    device, clock = make_device(acs)
    device.start(0)
    clock.advance(0.01)
    assert device.counts.failed == 1
    pass_time(clock, 4.9)
    assert len(acs.informs) == 1
    pass_time(clock, 5.2)
    assert [inform.retry_count for inform in acs.informs] == [0, 1]
    pass_time(clock, 9.7)
    assert len(acs.informs) == 2
    pass_time(clock, 10.5)
    assert [inform.retry_count for inform in acs.informs] == [0, 1, 2]
    assert device.cpe.retry_count == 0


def test_device_stays_away_as_long_as_the_acs_asks_unless_it_does_not_care():
    for deaf_share, tries in ((0.0, 1), (1.0, 2)):
        acs = ScriptedAcs(verdicts=[Response(503, (("retry-after", "60"),), b"")])
        device, clock = make_device(acs)
        device.habits.deaf_share = deaf_share
        device.start(0)
        pass_time(clock, 50, 1)
        assert len(acs.informs) == tries
        pass_time(clock, 15, 1)
        assert [inform.retry_count for inform in acs.informs] == [0, 1]


def test_dark_device_stays_dark_until_it_is_switched_on_and_is_known_then():
    acs = ScriptedAcs()
    device, clock = make_device(acs)
    device.start(0)
    clock.advance(0.01)
    device.power_off()
    pass_time(clock, 4000, 10)
    assert len(acs.informs) == 1
    device.start(5.0, fresh=False)
    pass_time(clock, 6, 1)
    assert [event.event_code for event in acs.informs[-1].event] == ["1 BOOT"]


@pytest.mark.cwmp("A-67")
def test_a_new_reason_does_not_wait_for_the_table():
    acs = ScriptedAcs()
    device, clock = make_device(acs)
    device.client.fails = [ConnectFailed("refused")]
    device.start(0)
    clock.advance(0.01)
    assert acs.informs == []
    device.trigger("2 PERIODIC")
    assert acs.informs[-1].retry_count == 1
    pass_time(clock, 15)
    assert len(acs.informs) == 1


@pytest.mark.cwmp("A-111", "L-95")
def test_device_with_cwmp_switched_off_is_silent():
    acs = ScriptedAcs(questions=[set_values({"Device.ManagementServer.EnableCWMP": "false"})])
    device, clock = make_device(acs, inform_interval_s=5)
    device.start(0)
    pass_time(clock, 30, 1)
    assert len(acs.informs) == 1
    assert not device.listens()


@pytest.mark.cwmp("A-114", "L-93")
def test_new_acs_url_means_the_rest_of_the_session_then_bootstrap_there():
    acs = ScriptedAcs(questions=[set_values({"Device.ManagementServer.URL": "http://other.example/acs"}), set_values({}, "still here")])
    device, clock = make_device(acs)
    device.start(0)
    pass_time(clock, 1)
    assert device.cpe.setting("ParameterKey") == "still here"
    assert acs.events() == ["0 BOOTSTRAP"]
    assert device.client.urls[-1] == "http://other.example/acs"
    assert device.client.urls[0] != device.client.urls[-1]


@pytest.mark.cwmp("C-28")
def test_new_login_counts_from_the_next_session():
    acs = ScriptedAcs(questions=[set_values({"Device.ManagementServer.Username": "new", "Device.ManagementServer.Password": "secret"})])
    device, _ = make_device(acs)
    device.start(0)
    device.reactor.advance(0.01)
    refused = Response(401, (("www-authenticate", 'Basic realm="x"'),), b"")
    acs.verdicts = [refused]
    device.trigger("2 PERIODIC")
    assert acs.logins[-1] == "Basic bmV3OnNlY3JldA=="


@pytest.mark.cwmp("F-6", "F-9", "F-10", "L-71")
def test_several_connection_requests_make_one_session():
    acs = ScriptedAcs()
    device, clock = make_device(acs)
    device.start(0)
    pass_time(clock, 1)
    for _ in range(5):
        device.called()
    pass_time(clock, 1)
    assert [acs.events(n) for n in range(1, len(acs.informs))] == [["6 CONNECTION REQUEST"]]


def test_an_answer_nobody_thought_of_ends_the_session_not_the_device():
    acs = ScriptedAcs()
    device, clock = make_device(acs)
    device.client.fails = [RuntimeError("surprise")]
    device.start(0)
    pass_time(clock, 12)
    assert device.counts.failed == 1
    assert device.counts.sessions == 1


@pytest.mark.quirk("K-1", "K-34")
def test_device_that_keeps_its_cookie_and_bootstraps_at_each_boot():
    acs = ScriptedAcs()
    device, clock = make_device(acs, quirks=("previous-cookie", "bootstrap-each-boot"))
    device.start(0)
    pass_time(clock, 1)
    device.power_cut()
    pass_time(clock, 3)
    assert acs.events() == ["0 BOOTSTRAP", "1 BOOT"]
    assert acs.cookies[-2] == "session=abc; worker=2"  # with the Inform already


def test_stopped_device_leaves_no_timer():
    device, clock = make_device(ScriptedAcs())
    device.start(0)
    pass_time(clock, 1)
    device.stop()
    assert clock.getDelayedCalls() == []
    assert clock.seconds() > START


def called(name, seconds):
    """The events of sessions within so many seconds after a connection request."""
    acs = ScriptedAcs()
    device, clock = make_device(acs, quirks=(name,), inform_interval_s=100_000)
    device.start(0)
    pass_time(clock, 1)
    before = len(acs.informs)
    device.called()
    pass_time(clock, seconds, 1)
    return [event for nth in range(before, len(acs.informs)) for event in acs.events(nth)]


@pytest.mark.quirk("K-71")
def test_a_request_is_heeded_late_or_never():
    assert called("cr-late", 58) == []
    assert called("cr-late", 62) == ["6 CONNECTION REQUEST"]
    assert called("cr-never", 200) == []
    assert called("http10", 2) == ["6 CONNECTION REQUEST"]


@pytest.mark.quirk("K-69")
def test_odd_connection_request_urls():
    def urls(name):
        acs = ScriptedAcs()
        device, clock = make_device(acs, quirks=(name,))
        device.start(0)
        pass_time(clock, 1)
        device.trigger("2 PERIODIC")
        pass_time(clock, 1)
        path = "Device.ManagementServer.ConnectionRequestURL"
        return [next(item.value for item in inform.parameter_list if item.name == path) for inform in acs.informs], device

    assert urls("cr-url-empty")[0] == ["", ""]
    assert urls("cr-url-private")[0] == ["http://192.168.77.3:9/cr/token"] * 2
    assert urls("cr-url-ipv6")[0] == ["http://[::1]:9/cr/token"] * 2
    changing, device = urls("cr-url-changes")
    assert changing[0] != changing[1] == "http://127.0.0.1:9" + device.call_path()


@pytest.mark.quirk("R-18")
def test_busy_until_its_first_session_is_over():
    device, clock = make_device(ScriptedAcs(), quirks=("cr-busy-at-first",))
    device.power = Power.RUNNING
    assert not device.may_be_called()
    device.start(0)
    pass_time(clock, 1)
    assert device.may_be_called()


@pytest.mark.quirk("R-19")
def test_deaf_while_it_installs():
    device, clock = make_device(ScriptedAcs(), quirks=("deaf-while-installing",))
    device.start(0)
    pass_time(clock, 1)
    assert device.listens()
    device.transferring = object()
    assert not device.listens()


@pytest.mark.quirk("K-34")
def test_a_storm_of_value_changes():
    acs = ScriptedAcs()
    device, clock = make_device(acs, quirks=("value-change-storm",))
    device.start(0)
    pass_time(clock, 10)
    assert len(acs.informs) >= 5
    assert acs.events() == ["4 VALUE CHANGE"]


@pytest.mark.quirk("K-18")
def test_a_connection_that_is_not_closed():
    def closed(*quirks):
        device, clock = make_device(ScriptedAcs(), quirks=quirks)
        closings = []
        device.client.close = lambda: closings.append(1)
        device.start(0)
        pass_time(clock, 1)
        return len(closings)

    assert (closed("lingers"), closed()) == (0, 1)


@pytest.mark.quirk("K-15")
def test_hangs_up_in_the_first_session_only():
    acs = ScriptedAcs(questions=[GetRPCMethods()])
    device, clock = make_device(acs, quirks=("hangs-up",))
    device.start(0)
    pass_time(clock, 30)
    assert (device.counts.failed, device.counts.sessions) == (1, 1)


@pytest.mark.quirk("R-6", "R-7")
def test_a_crash_is_a_restart_and_a_hang_only_lasts():
    acs = ScriptedAcs(questions=[GetParameterValues(("Device.Nothing",))])
    device, clock = make_device(acs, quirks=("unknown-name-crash",))
    device.start(0)
    pass_time(clock, 5)
    assert (device.counts.failed, device.counts.boots) == (1, 2)
    assert "1 BOOT" in acs.events()

    acs = ScriptedAcs(questions=[GetParameterValues(("",))])
    device, clock = make_device(acs, quirks=("full-tree-silent",))
    device.start(0)
    pass_time(clock, HANGS_S - 1, 1)
    assert (device.counts.failed, device.in_session) == (0, True)
    pass_time(clock, 2, 1)
    assert (device.counts.failed, device.counts.boots) == (1, 1)

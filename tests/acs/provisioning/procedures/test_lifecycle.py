"""Restart, factory reset, firmware and first contact: every way they can end, and that nothing irreversible is sent twice."""

from datetime import timedelta

import pytest

from acs.cwmp import messages as m
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import Download, FactoryReset, GetParameterValues, Reboot, SetParameterValues
from acs.provisioning.procedure import Done, Failed, Transfer, Trigger, Wait
from acs.provisioning.procedures import lifecycle
from acs.provisioning.procedures.lifecycle import FIRMWARE_GRACE, REBOOT_GRACE, SETTLE_GRACE
from tests.acs.provisioning.scripted import NOW, UNKNOWN, Device, context, play

# ---- restart ---------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("C-140")
def test_a_restart_is_asked_with_its_key_and_waits_for_the_boot():
    d = Device()
    outcome = play(lifecycle.reboot(context(command_key="r7")), d)
    assert d.asked == [Reboot("r7")]
    assert isinstance(outcome, Wait)
    assert (outcome.phase, outcome.on, outcome.until) == ("verify", {Trigger.BOOT}, NOW + REBOOT_GRACE)


def test_a_refused_restart_fails():
    outcome = play(lifecycle.reboot(context()), Device(answers={Reboot: CwmpFault(9001)}))
    assert outcome.fault == CwmpFault(9001)


def test_a_restart_that_may_have_been_sent_is_waited_for_and_not_sent_again():
    d = Device()
    assert isinstance(play(lifecycle.reboot(context(maybe_sent=True, events=("2 PERIODIC",))), d), Wait)
    assert d.asked == []


@pytest.mark.parametrize("event", ["1 BOOT", "0 BOOTSTRAP"])
def test_a_restart_that_may_have_been_sent_is_settled_by_the_boot_of_this_very_session(event):
    d = Device()
    assert play(lifecycle.reboot(context(maybe_sent=True, events=(event,))), d) == Done({"reported": False})
    assert d.asked == []


@pytest.mark.cwmp("C-140", "D-35")
@pytest.mark.parametrize(("events", "reported"), [(("1 BOOT", "M Reboot"), True), (("1 BOOT",), False), (("0 BOOTSTRAP",), False)])
def test_a_boot_proves_the_restart_with_or_without_its_own_event(events, reported):
    assert play(lifecycle.reboot_verify(context(events=events))) == Done({"reported": reported})


def test_no_boot_within_the_time_is_a_failure():
    assert isinstance(play(lifecycle.reboot_verify(context(events=("2 PERIODIC",)))), Failed)


# ---- factory reset ---------------------------------------------------------------------------------------------


@pytest.mark.cwmp("C-143")
def test_a_factory_reset_waits_for_the_device_to_come_back_as_new():
    d = Device()
    outcome = play(lifecycle.factory_reset(context()), d)
    assert d.asked == [FactoryReset()]
    assert (outcome.phase, outcome.on) == ("verify", {Trigger.BOOT})


@pytest.mark.cwmp("C-5", "C-2")
def test_a_device_without_factory_reset_fails_and_nothing_was_changed():
    outcome = play(lifecycle.factory_reset(context()), Device(answers={FactoryReset: CwmpFault(9000)}))
    assert isinstance(outcome, Failed)
    assert "Nothing was changed" in outcome.text


@pytest.mark.parametrize(("events", "kind"), [((), Wait), (("1 BOOT",), Wait), (("0 BOOTSTRAP", "1 BOOT"), Done)])
def test_a_factory_reset_that_may_have_been_sent_is_settled_by_bootstrap_alone(events, kind):
    d = Device()
    assert isinstance(play(lifecycle.factory_reset(context(maybe_sent=True, events=events)), d), kind)
    assert d.asked == []


@pytest.mark.cwmp("C-143", "D-20")
@pytest.mark.parametrize(("events", "kind"), [(("0 BOOTSTRAP", "1 BOOT"), Done), (("1 BOOT",), Failed), ((), Failed)])
def test_only_bootstrap_proves_a_factory_reset(events, kind):
    assert isinstance(play(lifecycle.factory_reset_verify(context(events=events))), kind)


# ---- firmware --------------------------------------------------------------------------------------------------

IMAGE = {"url": "https://files/x", "size": 1024, "version": "2.0", "file_name": "x.bin"}
VERSION = "Device.DeviceInfo.SoftwareVersion"


def running(version, **given):
    return Device({VERSION: version}, **given)


def begin(device, **given):
    return play(lifecycle.firmware(context(brief=IMAGE, command_key="fw1", **given)), device)


def verify(version, memo=None, **given):
    memo = {"before": "1.0", "asked_at": NOW.isoformat(), **(memo or {})}
    return play(lifecycle.firmware_verify(context(brief=IMAGE, memo=memo, **given)), running(version))


@pytest.mark.cwmp("I-2", "I-5", "C-90", "I-1")
def test_an_upgrade_reads_the_version_asks_for_the_download_and_lets_the_device_go():
    d = running("1.0")
    outcome = begin(d)
    assert d.asked == [
        GetParameterValues((VERSION,)),
        Download("fw1", "1 Firmware Upgrade Image", "https://files/x", "", "", 1024, "x.bin", 0, "", ""),
    ]
    assert isinstance(outcome, Wait)
    assert (outcome.phase, outcome.on, outcome.until) == ("verify", {Trigger.TRANSFER, Trigger.BOOT}, NOW + FIRMWARE_GRACE)
    assert outcome.memo["before"] == "1.0"


@pytest.mark.cwmp("I-1")
def test_a_device_that_already_runs_the_version_is_left_alone():
    d = running("2.0")
    assert begin(d).result["already"] is True
    assert d.asked_for(Download) == []


def test_a_forced_upgrade_is_sent_all_the_same():
    d = running("2.0")
    assert isinstance(begin(d, args={"force": True}), Wait)
    assert len(d.asked_for(Download)) == 1


@pytest.mark.cwmp("I-3", "C-101")
@pytest.mark.parametrize("code", [9000, 9001, 9002, 9003, 9004, 9010, 9012, 9013])
def test_a_refused_download_fails_and_says_what_still_runs(code):
    outcome = begin(running("1.0", answers={Download: CwmpFault(code)}))
    assert isinstance(outcome, Failed)
    assert outcome.fault.code == code
    assert "1.0" in outcome.text


@pytest.mark.cwmp("I-4")
@pytest.mark.quirk("K-66")
def test_a_download_done_at_once_is_judged_by_the_version_of_this_session():
    d = running("1.0")

    def installs(_request):
        d.values[VERSION] = "2.0"
        return m.DownloadResponse(0, UNKNOWN, UNKNOWN)

    d.answers = {Download: installs}
    assert begin(d) == Done({"version": "2.0", "before": "1.0", "wanted": "2.0", "reported": True})


@pytest.mark.cwmp("I-4")
@pytest.mark.quirk("K-66")
def test_a_download_done_at_once_is_judged_by_the_version_of_the_next_session_without_a_report():
    waiting = begin(running("1.0", answers={Download: m.DownloadResponse(0, UNKNOWN, UNKNOWN)}), events=("1 BOOT",))
    assert isinstance(waiting, Wait)
    assert waiting.on == {Trigger.TRANSFER, Trigger.BOOT, Trigger.INFORM}
    assert verify("2.0", waiting.memo).result["reported"] is True
    assert verify("2.0", waiting.memo, transfer=0).result["reported"] is True
    assert "not 2.0" in verify("3.0", waiting.memo).text


@pytest.mark.cwmp("I-4")
def test_a_download_done_at_once_that_never_brings_the_version_is_a_failure():
    applied = begin(running("1.0", answers={Download: m.DownloadResponse(0, UNKNOWN, UNKNOWN)})).memo
    assert isinstance(verify("1.0", applied, now=NOW + timedelta(minutes=3)), Wait)
    booted = verify("1.0", applied, events=("1 BOOT",))
    assert (type(booted), booted.until) == (Wait, NOW + SETTLE_GRACE)
    for late in (verify("1.0", applied, now=NOW + FIRMWARE_GRACE), verify("1.0", booted.memo, now=booted.until)):
        assert isinstance(late, Failed)
        assert "not applied" in late.text
    assert verify("1.0", applied, transfer=9010).fault.code == 9010


def test_a_version_that_cannot_be_read_is_taken_from_the_last_inform():
    outcome = begin(running("1.0", unreadable={VERSION: 9002}), software="0.9")
    assert outcome.memo["before"] == "0.9"


@pytest.mark.cwmp("I-13")
def test_a_download_that_may_have_been_sent_is_never_sent_again():
    d = running("1.0")
    outcome = begin(d, maybe_sent=True)
    assert isinstance(outcome, Wait)
    assert [type(request).__name__ for request in d.asked] == ["GetParameterValues"]


def test_a_download_that_may_have_been_sent_is_settled_by_the_contact_that_shows_the_new_version():
    d = running("2.0")
    assert isinstance(begin(d, maybe_sent=True, transfer=Transfer(0)), Done)
    assert [type(request).__name__ for request in d.asked] == ["GetParameterValues"]


@pytest.mark.cwmp("I-11")
def test_success_is_the_report_and_the_version():
    outcome = verify("2.0", transfer=0)
    assert outcome == Done({"version": "2.0", "before": "1.0", "wanted": "2.0", "reported": True})


@pytest.mark.cwmp("I-8", "I-7")
@pytest.mark.parametrize("code", [9010, 9015, 9016, 9017, 9018, 9019])
def test_a_reported_failure_with_the_old_version_is_one(code):
    outcome = verify("1.0", transfer=code)
    assert outcome.fault.code == code
    assert "still runs 1.0" in outcome.text


@pytest.mark.quirk("K-63")
def test_a_reported_failure_with_the_new_version_is_a_success():
    assert isinstance(verify("2.0", transfer=9010), Done)


def test_an_image_that_brings_another_version_than_the_library_says_is_told_at_once():
    outcome = verify("2.1", transfer=0)
    assert isinstance(outcome, Failed)
    assert "now runs 2.1, not 2.0" in outcome.text


@pytest.mark.quirk("K-62")
def test_a_report_before_the_flash_waits_for_the_restart():
    outcome = verify("1.0", transfer=0)
    assert isinstance(outcome, Wait)
    assert outcome.until == NOW + SETTLE_GRACE
    assert Trigger.INFORM in outcome.on
    later = verify("2.0", outcome.memo, transfer=0, now=NOW + timedelta(minutes=3))
    assert isinstance(later, Done)


@pytest.mark.cwmp("I-11", "L-65")
def test_a_report_of_success_that_never_brings_the_version_is_a_failure():
    waiting = verify("1.0", transfer=0)
    again = verify("1.0", waiting.memo, transfer=0, now=NOW + timedelta(minutes=2))
    assert again.until == waiting.until
    outcome = verify("1.0", waiting.memo, transfer=0, now=waiting.until)
    assert isinstance(outcome, Failed)
    assert "not applied" in outcome.text


@pytest.mark.cwmp("I-12")
@pytest.mark.quirk("K-61")
def test_the_new_version_without_a_report_is_a_success_after_a_while():
    waiting = verify("2.0")
    assert (type(waiting), waiting.until) == (Wait, NOW + SETTLE_GRACE)
    outcome = verify("2.0", waiting.memo, now=waiting.until)
    assert outcome.result["reported"] is False


def test_a_report_that_follows_the_new_version_ends_the_wait():
    waiting = verify("2.0")
    assert verify("2.0", waiting.memo, transfer=0, now=NOW + timedelta(seconds=5)).result["reported"] is True


@pytest.mark.cwmp("I-13")
def test_an_old_version_without_a_report_goes_on_waiting_until_the_time_is_over():
    early = verify("1.0", now=NOW + timedelta(minutes=3))
    assert (type(early), early.until) == (Wait, NOW + FIRMWARE_GRACE)
    late = verify("1.0", now=NOW + FIRMWARE_GRACE)
    assert isinstance(late, Failed)
    assert "never reported" in late.text


@pytest.mark.cwmp("I-14")
def test_a_device_that_lost_its_settings_with_the_upgrade_is_still_judged_by_its_version():
    assert isinstance(verify("2.0", transfer=0, events=("0 BOOTSTRAP", "1 BOOT")), Done)


def test_no_branch_of_the_verification_asks_for_a_download():
    for version in ("1.0", "2.0"):
        for transfer in (None, 0, 9010):
            for minutes in (0, 3, 31):
                d = running(version)
                memo = {"before": "1.0", "asked_at": NOW.isoformat()}
                now = NOW + timedelta(minutes=minutes)
                play(lifecycle.firmware_verify(context(brief=IMAGE, memo=memo, transfer=transfer, now=now)), d)
                assert d.asked == [GetParameterValues((VERSION,))]


# ---- first contact ---------------------------------------------------------------------------------------------

SERVER = "Device.ManagementServer."
LOGINS = {"request_username": "cu", "request_secret": "cs", "username": "u", "secret": "s"}


def secure(device, **brief):
    return play(lifecycle.secure(context(brief=brief)), device)


@pytest.mark.quirk("K-54")
def test_each_login_is_handed_out_in_a_call_of_its_own():
    d = Device()
    assert secure(d, **LOGINS, inform_interval_s=300).result == {"set": ["request login", "own login", "inform interval"]}
    assert [{v.name.removeprefix(SERVER): v.value for v in r.parameter_list} for r in d.asked_for(SetParameterValues)] == [
        {"ConnectionRequestUsername": "cu", "ConnectionRequestPassword": "cs"},
        {"Username": "u", "Password": "s"},
        {"PeriodicInformEnable": "1", "PeriodicInformInterval": "300"},
    ]


def test_a_device_that_shares_its_login_gets_only_the_one_we_call_it_with():
    assert secure(Device(), request_username="cu", request_secret="cs").result == {"set": ["request login"]}


def test_with_nothing_to_hand_out_nothing_is_asked():
    d = Device()
    assert secure(d).result == {"set": []}
    assert d.asked == []


@pytest.mark.quirk("K-54")
def test_one_refused_login_leaves_the_others_set_and_fails():
    outcome = secure(Device(refused={SERVER + "Password": 9007}), **LOGINS, inform_interval_s=300)
    assert isinstance(outcome, Failed)
    assert outcome.result == {"set": ["request login", "inform interval"]}
    assert outcome.fault.parameters[0].name == SERVER + "Password"


def test_first_contact_gives_the_device_its_place_in_the_interval_in_the_same_call():
    d = Device()
    time = "2020-01-01T00:03:10Z"
    assert secure(d, inform_interval_s=300, inform_time=time).result == {"set": ["inform interval"]}
    assert d.values[SERVER + "PeriodicInformTime"] == time
    refusing = Device(refused={SERVER + "PeriodicInformTime": 9005})
    assert secure(refusing, inform_interval_s=300, inform_time=time).result == {"set": ["inform interval"]}
    assert refusing.values[SERVER + "PeriodicInformInterval"] == "300"


def test_a_refused_inform_interval_fails_with_its_fault():
    outcome = secure(Device(refused={SERVER + "PeriodicInformInterval": 9008}), inform_interval_s=60)
    assert "nothing" in outcome.text
    assert outcome.fault.parameters[0].code == 9008


@pytest.mark.quirk("K-54")
def test_a_device_that_keeps_the_name_it_is_called_by_gets_our_password_for_it():
    d = Device({SERVER + "ConnectionRequestUsername": "cpe"}, refused={SERVER + "ConnectionRequestUsername": 9001})
    outcome = secure(d, **LOGINS)
    assert outcome == Done({"set": ["request login", "own login"], "request_username": "cpe"})
    assert d.values[SERVER + "ConnectionRequestPassword"] == "cs"


def test_a_device_that_refuses_the_password_it_is_called_with_fails_with_the_first_fault():
    refused = {SERVER + "ConnectionRequestUsername": 9001, SERVER + "ConnectionRequestPassword": 9008}
    outcome = secure(Device({SERVER + "ConnectionRequestUsername": "cpe"}, refused=refused), request_username="cu", request_secret="cs")
    assert isinstance(outcome, Failed)
    assert "request_username" not in outcome.result


@pytest.mark.quirk("K-57")
@pytest.mark.parametrize("code", [9002, 9007])
def test_logins_refused_soon_after_the_start_are_handed_out_later(code):
    d = Device(answers={SetParameterValues: CwmpFault(code)})
    started = NOW - timedelta(seconds=5)
    waiting = play(lifecycle.secure(context(brief=LOGINS, booted_at=started)), d)
    assert (type(waiting), waiting.phase, waiting.on) == (Wait, "secure", {Trigger.INFORM})
    taken = play(lifecycle.secure(context(brief=LOGINS, booted_at=started, memo=waiting.memo, now=waiting.until)), Device())
    assert taken == Done({"set": ["request login", "own login"]})
    assert isinstance(play(lifecycle.secure(context(brief=LOGINS, booted_at=NOW - timedelta(hours=1))), d), Failed)


@pytest.mark.quirk("K-36")
def test_logins_go_below_the_root_the_device_lists_where_it_informs_none():
    d = Device({"InternetGatewayDevice.DeviceInfo.SoftwareVersion": "1.0"})
    play(lifecycle.secure(context(brief={"request_username": "cu", "request_secret": "cs"}, root="")), d)
    (written,) = d.asked_for(SetParameterValues)
    assert written.parameter_list[0].name == "InternetGatewayDevice.ManagementServer.ConnectionRequestUsername"


def test_without_a_root_nothing_is_set():
    d = Device({"Elsewhere.Name": "x"})
    outcome = play(lifecycle.secure(context(brief=LOGINS, root="")), d)
    assert isinstance(outcome, Failed)
    assert "nothing was set" in outcome.text
    assert d.asked_for(SetParameterValues) == []


def boot(version, memo, minutes, **given):
    return verify(version, memo, events=("1 BOOT",), now=NOW + timedelta(minutes=minutes), **given)


def test_a_device_that_ran_the_new_version_and_went_back_is_told_so_at_once():
    waiting = boot("2.0", {"before": "1.0", "asked_at": NOW.isoformat()}, 3)
    assert isinstance(waiting, Wait)
    outcome = boot("1.0", waiting.memo, 5)
    assert isinstance(outcome, Failed)
    assert "ran 2.0 and went back to 1.0 by itself" in outcome.text


def test_a_device_that_starts_again_and_again_during_the_update_is_told_so():
    outcome, starts = verify("1.0", {"before": "1.0", "asked_at": NOW.isoformat()}), 0
    while isinstance(outcome, Wait):
        starts += 1
        outcome = boot("1.0", outcome.memo, starts)
    assert (starts, outcome.result["boots"]) == (lifecycle.BOOT_LOOP, lifecycle.BOOT_LOOP)
    assert "starts again and again: 4 times in 4 min" in outcome.text


def test_the_same_version_loaded_again_is_a_success_only_when_it_is_reported():
    memo = {"before": "2.0", "asked_at": NOW.isoformat()}
    assert isinstance(verify("2.0", memo, transfer=0), Done)
    assert verify("2.0", memo, transfer=9010).fault.code == 9010
    waiting = verify("2.0", memo)
    outcome = verify("2.0", waiting.memo, now=waiting.until)
    assert isinstance(outcome, Failed)
    assert "nothing shows that the image was loaded" in outcome.text


def watched(version, memo, minutes, *events):
    now = NOW + timedelta(minutes=minutes)
    given = context(brief=IMAGE, args={"watch_s": 600}, memo=memo, events=events, now=now)
    return play(lifecycle.firmware_watch(given), running(version))


def test_a_new_version_that_must_hold_is_a_success_at_the_end_of_its_time():
    waiting = verify("2.0", transfer=0, args={"watch_s": 600})
    assert (waiting.phase, waiting.on, waiting.until) == ("watch", {Trigger.BOOT}, NOW + timedelta(minutes=10))
    still = watched("2.0", waiting.memo, 4, "1 BOOT")
    assert (still.phase, still.until) == ("watch", waiting.until)
    assert watched("2.0", still.memo, 10).result == {"version": "2.0", "before": "1.0", "wanted": "2.0", "reported": True, "held_s": 600}


def test_a_new_version_that_does_not_hold_is_a_failure():
    memo = verify("2.0", transfer=0, args={"watch_s": 600}).memo
    outcome = watched("1.0", memo, 4, "1 BOOT")
    assert "went back to 1.0 by itself" in outcome.text
    for minute in (1, 2):
        memo = watched("2.0", memo, minute, "1 BOOT").memo
    assert "3 times in 3 min" in watched("2.0", memo, 3, "1 BOOT").text

"""Restart, firmware and files of devices that are slow, silent or choosy: what is learned, and what the next time does with it."""

from datetime import timedelta

import pytest

from acs.cwmp.events import BOOT, M_REBOOT
from acs.cwmp.messages import Download, Upload
from acs.provisioning.procedure import Done, Failed, Wait
from acs.provisioning.procedures import files, lifecycle
from acs.provisioning.quirks import DeviceQuirks
from tests.acs.provisioning.scripted import NOW, Device, context, play, played

VERSION = "Device.DeviceInfo.SoftwareVersion"
IMAGE = {"url": "https://192.0.2.1/x", "size": 10, "version": "2.0", "file_name": "x.bin"}


def runs(version: str) -> Device:
    return Device({VERSION: version})


@pytest.mark.parametrize(
    ("took_s", "known", "learned"), [(90, 0, []), (300, 0, [("boot_s", "", 300)]), (300, 400, []), (500, 400, [("boot_s", "", 500)])]
)
def test_a_slow_start_is_learned(took_s, known, learned):
    memo = {"asked_at": (NOW - timedelta(seconds=took_s)).isoformat()}
    ctx = context(memo=memo, events=(BOOT, M_REBOOT), quirks=DeviceQuirks(boot_s=known))
    assert played(lifecycle.reboot_verify(ctx), Device()).knobs == learned


def test_deadlines_follow_what_a_model_needs():
    wait = play(lifecycle.reboot(context(quirks=DeviceQuirks(boot_s=900))))
    assert isinstance(wait, Wait)
    assert wait.until == NOW + timedelta(minutes=30)
    assert play(lifecycle.reboot(context())).until == NOW + timedelta(minutes=10)
    assert "30 minutes" in play(lifecycle.reboot_verify(context(quirks=DeviceQuirks(boot_s=900)))).text


@pytest.mark.quirk("K-61")
def test_a_transfer_that_is_never_reported_is_learned_and_not_waited_for_any_more():
    memo = {"before": "1.0", "asked_at": NOW.isoformat(), "settle_until": NOW.isoformat()}
    seen = played(lifecycle.firmware_verify(context(brief=IMAGE, memo=memo)), runs("2.0"))
    assert isinstance(seen.outcome, Done)
    assert seen.knobs == [("no_transfer_complete", "", True)]
    asked = {"before": "1.0", "asked_at": NOW.isoformat()}
    assert isinstance(play(lifecycle.firmware_verify(context(brief=IMAGE, memo=asked)), runs("2.0")), Wait)
    knowing = context(brief=IMAGE, memo=asked, quirks=DeviceQuirks(no_transfer_complete=True))
    assert isinstance(play(lifecycle.firmware_verify(knowing), runs("2.0")), Done)


@pytest.mark.quirk("K-62")
def test_firmware_that_runs_after_a_second_start_is_learned_and_given_longer():
    asked = {"before": "1.0", "asked_at": NOW.isoformat()}
    wait = play(lifecycle.firmware_verify(context(brief=IMAGE, memo=asked, transfer=0)), runs("1.0"))
    assert wait.until == NOW + timedelta(minutes=5)
    seen = played(lifecycle.firmware_verify(context(brief=IMAGE, memo=wait.memo, transfer=0)), runs("2.0"))
    assert isinstance(seen.outcome, Done)
    assert seen.knobs == [("second_boot", "", True)]
    knowing = context(brief=IMAGE, memo=asked, transfer=0, quirks=DeviceQuirks(second_boot=True))
    assert play(lifecycle.firmware_verify(knowing), runs("1.0")).until == NOW + timedelta(minutes=15)


@pytest.mark.quirk("K-65")
@pytest.mark.parametrize(("quirk", "told"), [("files_http_only", "over http only"), ("files_need_name", "host name only")])
def test_a_file_the_model_cannot_fetch_is_not_offered_to_it(quirk, told):
    quirks = DeviceQuirks(**{quirk: True})
    for procedure, given in ((lifecycle.firmware, {}), (files.restore, {"args": {"file": 1}}), (files.backup, {})):
        d = runs("1.0")
        outcome = play(procedure(context(brief=IMAGE, quirks=quirks, version="1.0", **given)), d)
        assert isinstance(outcome, Failed)
        assert told in outcome.text
        assert not d.asked_for(Download) + d.asked_for(Upload)

"""Firmware stored beside the running image, and started."""

import pytest

from acs.cwmp import messages as m
from acs.cwmp.events import BOOT
from acs.cwmp.faults import CwmpFault
from acs.provisioning.procedure import Done, Trigger, Wait
from acs.provisioning.procedures import images
from tests.acs.provisioning.scripted import NOW, Device, context, play

BRIEF = {"url": "http://files/x", "size": 5, "version": "2.0", "file_name": "f.bin"}
INFO = "Device.DeviceInfo."
FIRST, SECOND = INFO + "FirmwareImage.1", INFO + "FirmwareImage.2"


def box(active=FIRST, boot=FIRST, second="2.0", **given):
    values = {
        FIRST + ".Version": "1.0", SECOND + ".Version": second, INFO + "ActiveFirmwareImage": active, INFO + "BootFirmwareImage": boot,
    }  # fmt: skip
    return Device(values, **given)


def step(phase, device, activate=True, **given):
    return play(phase(context(args={"image": 1, "activate": activate}, brief=BRIEF, command_key="k1", **given)), device)


@pytest.mark.cwmp("I-18")
def test_an_image_is_stored_without_being_started():
    d = box()
    outcome = step(images.store, d)
    (request,) = d.asked_for(m.Download)
    assert (request.file_type, request.command_key, request.file_size) == ("6 Stored Firmware Image", "k1", 5)
    assert (outcome.phase, outcome.on, outcome.until) == ("stored", {Trigger.TRANSFER}, NOW + images.STORE_GRACE)


def test_a_refused_image_leaves_the_device_as_it_was():
    outcome = step(images.store, box(answers={m.Download: CwmpFault(9004)}))
    assert (outcome.fault, "runs what it ran" in outcome.text) == (CwmpFault(9004), True)


def test_stored_is_enough_if_nobody_wants_it_started():
    d = box()
    outcome = step(images.stored, d, activate=False, transfer=0)
    assert outcome == Done({"image": SECOND, "version": "2.0", "active": False})
    assert d.asked_for(m.Reboot) == []


@pytest.mark.cwmp("I-18")
@pytest.mark.parametrize("dot", ["", "."])
def test_then_it_becomes_the_next_one_and_is_confirmed_by_the_active_one(dot):
    d = box(active=FIRST + dot, boot=FIRST + dot)
    outcome = step(images.stored, d, transfer=0)
    assert d.values[INFO + "BootFirmwareImage"] == SECOND
    assert d.asked[-1] == m.Reboot("k1")
    assert (outcome.phase, outcome.on) == ("started", {Trigger.BOOT})
    assert step(images.started, box(active=SECOND + dot)).result["active"] is True
    assert "did not start it" in step(images.started, box()).text


@pytest.mark.parametrize("answers", [{m.SetParameterValues: CwmpFault(9001)}, {m.Reboot: CwmpFault(9001)}])
def test_what_is_refused_on_the_way_is_told_with_how_far_it_came(answers):
    outcome = step(images.stored, box(answers=answers), transfer=0)
    assert (outcome.fault.code, outcome.result["image"]) == (9001, SECOND)
    assert outcome.text.startswith("The image is stored")


def test_a_failed_transfer_fails():
    assert step(images.stored, box(), transfer=9018).fault.code == 9018


@pytest.mark.parametrize(("transfer", "words"), [(0, "reports success but shows no image"), (None, "never reported")])
def test_an_image_that_is_not_there_fails(transfer, words):
    assert words in step(images.stored, box(second="1.5"), transfer=transfer).text


def test_what_may_have_been_sent_is_settled_by_what_the_device_has():
    d = box(second="1.5")
    assert step(images.store, d, maybe_sent=True).phase == "stored"
    assert step(images.store, box(active=SECOND, boot=SECOND), maybe_sent=True).result["active"] is True
    asked = box(boot=SECOND)
    assert step(images.stored, asked, maybe_sent=True).phase == "started"
    assert "did not start it" in step(images.stored, box(boot=SECOND), maybe_sent=True, events=(BOOT,)).text
    assert d.asked_for(m.Download) == asked.asked_for(m.Reboot) == []


def test_an_image_that_was_stored_before_the_break_is_started():
    d = box()
    assert isinstance(step(images.stored, d, maybe_sent=True), Wait)
    assert len(d.asked_for(m.Reboot)) == 1

"""Software modules: what is asked, what is waited for, and what is told of each unit."""

from datetime import timedelta

import pytest

from acs.cwmp import messages as m
from acs.cwmp.faults import CwmpFault
from acs.provisioning.procedure import Done, Trigger, Wait
from acs.provisioning.procedures import modules
from acs.provisioning.procedures.modules import GRACE
from tests.acs.provisioning.scripted import NOW, Device, context, play

UUID = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
INSTALL = {"url": "http://apps/x.ipk", "uuid": UUID, "username": "u", "password": "p", "environment": "Device.SoftwareModules.ExecEnv.1."}
UPDATE = {"uuid": UUID, "version": "2", "url": "http://apps/y.ipk", "username": "", "password": ""}
UNINSTALL = {"uuid": UUID, "version": "", "environment": ""}
UNIT = "Device.SoftwareModules.DeploymentUnit.1."
TREE = {UNIT + "UUID": UUID, UNIT + "Version": "2", UNIT + "Status": "Installed"}


@pytest.mark.cwmp("C-155", "C-156", "C-157", "C-158")
@pytest.mark.parametrize(
    ("verb", "args", "struct"),
    [
        ("install", INSTALL, m.InstallOpStruct("http://apps/x.ipk", UUID, "u", "p", "Device.SoftwareModules.ExecEnv.1.")),
        ("update", UPDATE, m.UpdateOpStruct(UUID, "2", "http://apps/y.ipk", "", "")),
        ("uninstall", UNINSTALL, m.UninstallOpStruct(UUID, "", "")),
    ],
)
def test_a_change_is_ordered_with_its_key_and_waited_for_a_day(verb, args, struct):
    d = Device()
    outcome = play(modules.change(verb)(context(args=args, command_key="k1")), d)
    assert d.asked == [m.ChangeDUState((struct,), "k1")]
    assert (outcome.phase, outcome.on, outcome.until) == ("report", {Trigger.MODULES}, NOW + GRACE)
    assert timedelta(hours=24) <= GRACE < timedelta(hours=25)


@pytest.mark.cwmp("C-163")
@pytest.mark.parametrize("code", [9000, 9001, 9002, 9004])
def test_an_order_that_is_refused_changed_nothing(code):
    outcome = play(modules.change("install")(context(args=INSTALL)), Device(answers={m.ChangeDUState: CwmpFault(code)}))
    assert outcome.fault == CwmpFault(code)
    assert "Nothing was changed" in outcome.text


def test_an_order_that_may_have_left_is_waited_for():
    d = Device()
    assert isinstance(play(modules.change("install")(context(args=INSTALL, maybe_sent=True)), d), Wait)
    assert d.asked == []


def unit(fault=0, **given):
    return {
        "uuid": UUID,
        "unit": UNIT,
        "version": "2",
        "state": "Installed",
        "resolved": True,
        "runs": "",
        "fault": fault,
        "fault_text": "",
        **given,
    }


@pytest.mark.cwmp("C-160", "C-164")
def test_the_result_is_told_per_unit_and_the_modules_are_read_anew():
    outcome = play(modules.report(context(memo={"modules": [unit()]})), Device(dict(TREE)))
    assert isinstance(outcome, Done)
    assert outcome.result["units"] == [{**unit(), "text": ""}]
    (snapshot,) = outcome.snapshots
    assert snapshot.prefix == "Device.SoftwareModules."
    assert {v.name: v.value for v in snapshot.values} == TREE


@pytest.mark.cwmp("C-161")
def test_of_several_units_those_that_failed_are_told_in_words():
    outcome = play(modules.report(context(memo={"modules": [unit(), unit(9027, state="Failed", fault_text="full")]})), Device(dict(TREE)))
    assert outcome.fault == CwmpFault(9027, "full")
    assert "the device has no room left" in outcome.text
    assert "1 of 2 units" in outcome.text
    assert [u["text"] for u in outcome.result["units"]] == ["", "the device has no room left"]
    assert outcome.snapshots, "what became of it is shown as the device shows it"


@pytest.mark.parametrize("code", range(9022, 9033))
def test_each_fault_of_a_unit_has_plain_words(code):
    outcome = play(modules.report(context(memo={"modules": [unit(code)]})), Device())
    assert outcome.text.startswith("The unit was not changed: ")
    assert "Fault" not in outcome.text


def test_a_device_that_never_reports_and_shows_no_modules_fails():
    outcome = play(modules.report(context()), Device())
    assert "never told" in outcome.text
    assert outcome.snapshots == ()

"""What happens at an hour set beforehand."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from acs.cwmp.messages import ScheduleInform, ScheduleInformResponse
from simulators import rpc
from simulators.agenda import Timers
from simulators.device import Power
from tests.simulators.kit import START, ScriptedAcs, make_cpe, make_device, pass_time, set_values

MS = "Device.ManagementServer."


def events(acs, nth=-1):
    return [(event.event_code, event.command_key) for event in acs.informs[nth].event]


@pytest.mark.cwmp("C-137", "D-23", "D-36", "L-53", "A-110")
def test_scheduled_informs_come_when_due_and_together():
    acs = ScriptedAcs(questions=[ScheduleInform(120, "s1"), ScheduleInform(120, "s2"), ScheduleInform(300, "s3")])
    device, clock = make_device(acs, inform_interval_s=100_000)
    device.start(0)
    pass_time(clock, 119, 1)
    assert len(acs.informs) == 1
    pass_time(clock, 2, 1)
    assert events(acs) == [("3 SCHEDULED", ""), ("M ScheduleInform", "s1"), ("M ScheduleInform", "s2")]
    pass_time(clock, 200, 1)
    assert events(acs) == [("3 SCHEDULED", ""), ("M ScheduleInform", "s3")]
    assert device.cpe.appointments == []


@pytest.mark.cwmp("C-137", "C-138")
def test_a_delay_of_nothing_is_refused():
    assert rpc.answer(make_cpe(), ScheduleInform(0, "s")).code == 9003
    assert rpc.answer(make_cpe(), ScheduleInform(1, "s")) == ScheduleInformResponse()


@pytest.mark.cwmp("C-137", "D-36")
def test_they_survive_a_reboot_also_when_they_came_due_in_it():
    acs = ScriptedAcs(questions=[ScheduleInform(60, "s1")])
    device, clock = make_device(acs, inform_interval_s=100_000)
    device.start(0)
    pass_time(clock, 10, 1)
    kept = device.cpe.to_json()
    device.stop()
    later_acs = ScriptedAcs()
    later, clock = make_device(later_acs, inform_interval_s=100_000)
    later.cpe.from_json(kept)
    clock.rightNow = START + 500
    later.start(0, fresh=False)
    pass_time(clock, 2)
    told = [event for nth in range(len(later_acs.informs)) for event in events(later_acs, nth)]
    assert ("M ScheduleInform", "s1") in told
    assert ("1 BOOT", "") in told


@pytest.mark.cwmp("D-34", "L-96", "X-10")
def test_heartbeats():
    acs = ScriptedAcs(questions=[set_values({MS + "HeartbeatPolicy.ReportingInterval": "60", MS + "HeartbeatPolicy.Enable": "true"})])
    device, clock = make_device(acs, inform_interval_s=100_000)
    device.start(0)
    pass_time(clock, 130, 1)
    assert [events(acs, nth) for nth in range(1, len(acs.informs))] == [[("14 HEARTBEAT", "")]] * 2


@pytest.mark.cwmp("C-145", "C-142")
def test_reboot_by_parameter_after_a_while_and_at_an_hour():
    acs = ScriptedAcs(questions=[set_values({MS + "DelayReboot": "30"})])
    device, clock = make_device(acs, inform_interval_s=100_000)
    device.start(0)
    pass_time(clock, 29, 1)
    assert device.counts.boots == 1
    pass_time(clock, 5, 1)
    assert (device.counts.boots, device.cpe.setting("DelayReboot"), events(acs)) == (2, "-1", [("1 BOOT", "")])
    acs.questions.append(set_values({MS + "ScheduleReboot": "2023-11-14T22:15:00Z"}))  # 100 s after START
    device.trigger("2 PERIODIC")
    pass_time(clock, 60, 1)
    assert device.counts.boots == 2
    pass_time(clock, 15, 1)
    assert (device.counts.boots, device.power) == (3, Power.RUNNING)
    assert device.cpe.setting("ScheduleReboot") == "0001-01-01T00:00:00Z"


def test_a_timer_of_the_same_name_takes_the_place_of_the_old():
    clock, rang = Clock(), []
    timers = Timers(clock)
    timers.later("a", 1, rang.append, "old")
    timers.later("a", 2, rang.append, "new")
    timers.later("b", 1, rang.append, "forgotten")
    timers.forget("b")
    clock.advance(5)
    assert rang == ["new"]
    timers.later("a", 1, rang.append, "stopped")
    timers.stop()
    clock.advance(5)
    assert rang == ["new"]

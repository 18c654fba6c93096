"""The engine over a field of devices: waves, rates, stop rules, offline devices, restarts at any statement, and the way back."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from acs.campaigns import engine, service
from acs.campaigns.models import CampaignMember, CampaignWave
from acs.campaigns.states import Member, State
from acs.devices.models import Device, DeviceEvent
from acs.errors import Conflict
from acs.operations.models import Operation


def tallies_are_true(field, campaign) -> None:
    """Counts kept with the waves are those of the member rows."""
    with field.database.read() as session:
        counted: dict[int, Counter] = {}
        for member in session.scalars(select(CampaignMember).where(CampaignMember.campaign_id == campaign)):
            counted.setdefault(member.wave, Counter())[member.state] += 1
        for wave in session.scalars(select(CampaignWave).where(CampaignWave.campaign_id == campaign)):
            assert wave.tally == dict(counted.get(wave.number, {}))


def play(field, campaign, rounds=60, **answer):
    for _ in range(rounds):
        field.tick()
        field.answer(**answer)
        if field.view(campaign).state in (State.FINISHED, State.ABORTED, State.PAUSED):
            break
    return field.view(campaign)


def test_canaries_of_every_model_go_first_then_waves_and_nobody_is_asked_twice(field):
    field.add(30, "G240"), field.add(8, "ONT-4"), field.add(2, "R110")
    campaign = field.create(canary=4, waves=[25, 100], in_flight=10)
    field.tick()
    first = field.operations()
    assert len(first) == 4 and field.view(campaign).state is State.CANARY
    with field.database.read() as session:
        assert {session.get(Device, op.device_id).model for op in first} == {"G240", "ONT-4", "R110"}
    view = play(field, campaign)
    assert view.state is State.FINISHED and view.count(Member.DONE) == 40
    assert [wave.number for wave in view.waves] == [0, 1, 2]
    assert max(Counter(field.sent).values()) == 1 and len(field.sent) == 40
    tallies_are_true(field, campaign)


def test_no_more_are_under_way_than_the_plan_allows_nor_begun_faster_than_its_rate(field):
    field.add(60)
    campaign = field.create(in_flight=7, rate=30, rate_unit="minute")
    begun = []
    for _ in range(40):
        field.tick()
        assert len(field.operations()) <= 7
        begun.append(len(field.operations("queued", "done")))
        field.answer(many=5)
    for later in range(20, 40):
        assert begun[later] - begun[later - 20] <= 30 + 3  # sixty seconds, and what one tick may catch up with
    assert field.view(campaign).count(Member.DONE) > 30


def test_a_share_of_failures_stops_it_with_a_sentence_and_no_more_than_what_was_under_way_fails(field):
    field.add(50)
    campaign = field.create(in_flight=5, max_failed_share=20, min_measured=5)
    view = play(field, campaign, state="failed", error="The device refused.")
    assert view.state is State.PAUSED and view.reason is not None
    assert view.reason.sentence == "5 of 5 devices in wave 1 failed: 100 %, it stops above 20 %."
    assert view.reasons == {"The device refused.": 5}
    for _ in range(5):
        field.tick()
    assert not field.operations() and len(field.sent) == 5
    tallies_are_true(field, campaign)


def test_devices_that_restart_again_and_again_stop_the_canary_and_it_is_taken_back(field):
    field.add(20)
    gate = {"signal": "reboots", "allowed": 2, "share": 20}
    campaign = field.create(
        args={"kind": "inform_interval", "args": {"interval_s": 60}}, canary=5, watch_s=120, gates=[gate], on_stop="roll_back", min_measured=5,
        max_failed_share=None,
    )  # fmt: skip
    field.tick()
    assert field.answer(boots=3) == 5
    field.tick(10)
    view = field.view(campaign)
    assert view.state is State.ROLLING_BACK
    assert view.reason.sentence == "5 of 5 devices among the canaries restart again and again since the change: 100 %, it stops above 20 %."
    field.tick()
    back = field.operations()
    assert {(op.kind, op.args["interval_s"]) for op in back} == {("inform_interval", 300)} and len(back) == 5
    field.answer()
    field.tick(5)
    view = field.view(campaign)
    assert view.state is State.ABORTED and view.count(Member.REVERTED) == 5 and view.count(Member.CANCELLED) == 15
    assert view.reason.signal == "reboots" and len(field.sent) == 10
    tallies_are_true(field, campaign)


def test_what_has_no_opposite_is_not_rolled_back_and_that_is_said(field):
    field.add(3)
    campaign = field.create()
    play(field, campaign)
    with pytest.raises(Conflict, match="no opposite"):
        field.call(service.roll_back, campaign)


def test_offline_devices_wait_until_they_come_or_the_time_is_over(field):
    ids = field.add(6, offline=3)
    campaign = field.create(expires_s=3600)
    view = play(field, campaign, rounds=8)
    assert view.state is State.RUNNING and view.count(Member.OFFLINE) == 3 and view.count(Member.DONE) == 3
    with field.database.write() as unit:
        unit.session.get(Device, ids[0]).silent_at = field.now + timedelta(days=9)
    for _ in range(4):
        field.tick(61)
        field.answer()
    assert field.view(campaign).count(Member.DONE) == 4
    field.tick(3600)
    field.tick()
    view = field.view(campaign)
    assert view.state is State.FINISHED and view.count(Member.EXPIRED) == 2
    tallies_are_true(field, campaign)


def test_a_pause_takes_back_what_no_device_was_told_and_going_on_asks_it_again_once(field):
    field.add(12)
    campaign = field.create(in_flight=6)
    field.tick()
    field.answer(many=2, begin=True)
    field.call(service.pause, campaign)
    field.tick()
    assert len(field.operations()) == 2 and field.view(campaign).count(Member.PENDING) == 10
    field.call(service.resume, campaign)
    view = play(field, campaign)
    assert view.state is State.FINISHED and max(Counter(field.sent).values()) == 1
    tallies_are_true(field, campaign)


def test_above_the_limit_another_person_has_to_agree(field):
    field.add(5)
    field.call(service.set_settings, "Europe/Berlin", 3)
    campaign = field.create()
    field.tick(), field.tick()
    assert field.view(campaign).waits_for == "approval" and not field.operations()
    with pytest.raises(Conflict, match="another person"):
        field.call(service.approve, campaign)
    from tests.acs.campaigns.conftest import BORIS

    field.call(service.approve, campaign, actor=BORIS)
    field.tick()
    assert len(field.operations()) == 5


def test_devices_of_the_exclusion_list_and_blocked_ones_are_left_out_with_the_reason(field):
    ids = field.add(4)
    with field.database.write() as unit:
        unit.session.get(Device, ids[1]).trust = "blocked"
    with field.database.write() as unit:
        given = {"name": "x", "action": "operation", "args": {"kind": "reboot"}, "spared_devices": [str(ids[0])], "plan": {"watch_s": 0}}
        campaign = service.create(unit, field_actor(), field.vault, given, field.now)
        service.start(unit, field_actor(), campaign, field.now)
    play(field, campaign)
    assert {m.device_id: m.reason for m in field.members(campaign, Member.SKIPPED)} == {ids[0]: "It is on the exclusion list.", ids[1]: "It is in blocked."}


def field_actor():
    from tests.acs.campaigns.conftest import ANNA

    return ANNA


def test_another_exclusive_operation_of_the_device_is_waited_for(field):
    ids = field.add(1)
    from acs.operations import service as operations

    with field.database.write() as unit:
        operations.request(unit, field_actor(), ids[0], "factory_reset", {}, field.now)
        operations.request(unit, field_actor(), ids[0], "reboot", {}, field.now)
        for row in unit.session.scalars(select(Operation).where(Operation.kind == "reboot")):
            row.state = "running"
    campaign = field.create()
    field.tick()
    assert field.view(campaign).count(Member.PENDING) == 1
    field.answer()
    field.tick(40)
    assert field.view(campaign).count(Member.ISSUED) == 1


class Killed(BaseException):
    """The worker dies."""


def test_a_worker_that_dies_before_any_statement_sends_nothing_twice_and_loses_nobody(field):
    """The worker is killed at statement after statement, seeded; another goes on from the rows. Ends with every device asked exactly once."""
    field.add(5)
    campaign = field.create(canary=1, waves=[50, 100], in_flight=2)
    countdown = [0]

    def die(*_args):
        countdown[0] -= 1
        if countdown[0] == 0:
            raise Killed

    event.listen(field.database.engine, "before_cursor_execute", die)
    deaths, fuse = 0, 1
    try:
        for _ in range(900):
            countdown[0] = fuse
            try:
                field.tick()
                countdown[0] = 0
            except Killed:
                deaths, fuse = deaths + 1, fuse + field.rng.randint(1, 5)
                continue
            countdown[0], fuse = 0, field.rng.randint(1, 5)
            field.answer(many=2)
            if field.view(campaign).state is State.FINISHED:
                break
    finally:
        event.remove(field.database.engine, "before_cursor_execute", die)
    assert field.view(campaign).state is State.FINISHED and deaths > 60
    assert Counter(field.sent) == Counter({(m.device_id, "reboot"): 1 for m in field.members(campaign)})
    assert len(field.operations("done")) == 5 and not field.operations("queued", "cancelled")
    tallies_are_true(field, campaign)


def test_a_tick_costs_the_same_with_few_members_and_with_many(field):
    """Statements of one tick, with a full house under way."""

    def statements() -> int:
        seen = [0]

        def count(*_args):
            seen[0] += 1

        event.listen(field.database.engine, "before_cursor_execute", count)
        field.tick()
        event.remove(field.database.engine, "before_cursor_execute", count)
        return seen[0]

    field.add(20)
    field.call(service.set_settings, "UTC", None)
    few = field.create(in_flight=8)
    field.tick()
    small = statements()
    field.call(service.abort, few)
    field.tick(), field.answer(), field.tick()
    field.add(2000)
    with field.database.write() as unit:
        given = {"name": "many", "action": "operation", "args": {"kind": "reboot"}, "plan": {"in_flight": 8}}
        many = service.create(unit, field_actor(), field.vault, given, field.now)
        service.start(unit, field_actor(), many, field.now)
    field.tick()
    assert field.view(many).members == 2020
    assert statements() <= small + 3


def test_settings_lost_and_silence_are_measured_too(field):
    ids = field.add(4)
    campaign = field.create(watch_s=60, gates=[{"signal": "settings_lost", "share": 90}, {"signal": "offline", "share": 90}], max_failed_share=None)
    field.tick()
    field.answer()
    with field.database.write() as unit:
        unit.session.get(Device, ids[0]).last_bootstrap_at = field.now + timedelta(seconds=1)
        unit.session.get(Device, ids[1]).silent_at = field.now
    field.tick(70)
    gauges = {gauge.signal: (gauge.bad, gauge.measured) for gauge in field.view(campaign).gauges}
    assert gauges == {"settings_lost": (1, 4), "offline": (1, 4)}
    assert {m.device_id for m in field.members(campaign, Member.UNHEALTHY)} == set(ids[:2])


def test_restarts_before_the_change_do_not_count_against_it(field):
    ids = field.add(1)
    with field.database.write() as unit:
        unit.session.add_all(DeviceEvent(tenant_id=1, device_id=ids[0], at=field.now - timedelta(seconds=n), code="1 BOOT") for n in range(1, 4))
    campaign = field.create(watch_s=60, gates=[{"signal": "reboots", "allowed": 2, "share": 0}], max_failed_share=None)
    field.tick(1)
    field.answer(boots=3)
    field.tick(70)
    assert field.view(campaign).count(Member.DONE) == 1
    assert engine.STEPS


def test_a_campaign_goes_its_way_on_either_database(any_field):
    field = any_field
    field.add(12), field.add(2, "ONT-4", offline=1)
    gate = {"signal": "reboots", "allowed": 2, "share": 50}
    campaign = field.create(args={"kind": "inform_interval", "args": {"interval_s": 60}}, canary=2, waves=[50, 100], in_flight=4, gates=[gate])
    for _ in range(3):
        field.tick()
        field.answer()
    field.call(service.pause, campaign)
    field.tick()
    field.call(service.resume, campaign)
    for _ in range(12):
        field.tick()
        field.answer()
    assert field.view(campaign).count(Member.DONE) == 13
    field.call(service.roll_back, campaign)
    for _ in range(12):
        field.tick()
        field.answer()
    view = field.view(campaign)
    assert view.state is State.ABORTED and view.count(Member.REVERTED) == 13 and view.count(Member.CANCELLED) == 1
    tallies_are_true(field, campaign)

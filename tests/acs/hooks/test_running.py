"""Published hooks at work: their answers, their counts, and what happens to one that fails: acs/hooks/running.py."""

from datetime import timedelta

import pytest

from acs import audit
from acs.errors import NotFound
from acs.hooks import service as hooks
from acs.hooks.runner import HookRunner
from acs.hooks.running import FAILURES_IN_A_ROW, REMEMBERED, WINDOW_RUNS, WRITE_EVERY, Outcomes, Running, check_code, note, try_on
from acs.hooks.views import Fault, HookFailed, HookKind, HookState, Limits, Verdict

FACTS = {"device": {"root": "Device", "model": "G240"}, "tags": ["quiet"], "values": {"optical.rx_power_dbm": -28.5}}
QUIET = "function hook(d) { return d.tags.includes('quiet') ? { 'wifi.2g.channel': 1, 'Device.X_A_B': true } : {}; }"
WEAK = "function hook(d) { const rx = d.values['optical.rx_power_dbm']; return { ok: rx > -27, reason: `rx ${rx}` }; }"


@pytest.fixture(scope="module")
def runner():
    made = HookRunner(most=1)
    yield made
    made.close()


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock(now):
    return Clock(now)


@pytest.fixture
def running(database, clock, runner):
    return Running(database, clock, runner)


@pytest.fixture
def publish(database, actor, now):
    def made(name, code, kind=HookKind.VALUES, **given):
        with database.write() as unit:
            found = [hook for hook in hooks.listed(unit.session, 1) if hook.name == name]
            hook = found[0].id if found else hooks.create(unit, actor, now, name, kind, **given)
            hooks.publish(unit, actor, hook, hooks.save_draft(unit, actor, hook, code, now), now)
        return hook

    return made


def view(database, hook):
    with database.read() as session:
        return hooks.get(session, 1, hook)


def test_values_come_back_checked(running, publish):
    publish("quiet", QUIET)
    assert running.values(1, "quiet", FACTS) == {"wifi.2g.channel": 1, "Device.X_A_B": True}
    assert running.values(1, "quiet", {**FACTS, "tags": []}) == {}


def test_value_that_breaks_a_rule_is_not_half_used(running, publish):
    publish("wrong", "function hook(d) { return { 'wifi.2g.ssid': 'ok', 'wifi.2g.channel': 999 }; }")
    with pytest.raises(HookFailed, match=r"wifi\.2g\.channel must be") as caught:
        running.values(1, "wrong", FACTS)
    assert caught.value.fault is Fault.REFUSED


def test_verdict_says_why(running, publish):
    publish("weak", WEAK, HookKind.VERDICT)
    assert running.verdict(1, "weak", FACTS) == Verdict(False, "rx -28.5")
    with pytest.raises(HookFailed, match="answers with a verdict, not with a value"):
        running.values(1, "weak", FACTS)


def test_what_cannot_run_is_told(database, running, publish, actor, now, clock):
    with pytest.raises(NotFound):
        running.values(1, "none", FACTS)
    hook = publish("quiet", QUIET)
    running.values(1, "quiet", FACTS)
    with pytest.raises(NotFound):
        running.values(2, "quiet", FACTS)
    with database.write() as unit:
        hooks.switch(unit, actor, hook, False, now, "trouble")
    clock.now += 2 * REMEMBERED
    with pytest.raises(HookFailed, match="switched off: trouble") as caught:
        running.values(1, "quiet", FACTS)
    assert caught.value.fault is Fault.OFF
    with database.write() as unit:
        hooks.switch(unit, actor, hook, True, now)
        hooks.retire(unit, actor, hook, now)
    clock.now += 2 * REMEMBERED
    with pytest.raises(HookFailed, match="no published version"):
        running.values(1, "quiet", FACTS)


def test_new_version_is_heeded_within_seconds(running, publish, clock):
    publish("quiet", QUIET)
    running.values(1, "quiet", FACTS)
    publish("quiet", "function hook(d) { return { 'wifi.2g.channel': 11 }; }")
    clock.now += 2 * REMEMBERED
    assert running.values(1, "quiet", FACTS) == {"wifi.2g.channel": 11}


def test_outcomes_are_written_now_and_then(database, running, publish, clock):
    hook = publish("quiet", QUIET)
    for _ in range(3):
        running.values(1, "quiet", FACTS)
    assert view(database, hook).runs == 0
    clock.now += WRITE_EVERY
    running.values(1, "quiet", FACTS)
    assert (view(database, hook).runs, view(database, hook).last_run_at) == (4, clock.now)
    running.values(1, "quiet", FACTS)
    running.write()
    assert view(database, hook).runs == 5


def test_hook_that_fails_again_and_again_switches_itself_off(database, running, publish):
    hook = publish("bad", "function hook(d) {\n  return d.nothing.at;\n}")
    for _ in range(FAILURES_IN_A_ROW):
        with pytest.raises(HookFailed, match="Line 2"):
            running.values(1, "bad", FACTS)
    with pytest.raises(HookFailed, match="switched off") as caught:
        running.values(1, "bad", FACTS)
    assert caught.value.fault is Fault.OFF
    found = view(database, hook)
    assert (found.state, found.failures, found.in_a_row) == (HookState.FAILED, FAILURES_IN_A_ROW, FAILURES_IN_A_ROW)
    assert "20 times in a row, at last: Line 2: TypeError" in found.off_reason
    with database.read() as session:
        line = audit.lines(session, 1)[0]
    assert (line.action, line.actor, line.subject) == ("hook.failed", "system:hooks", f"hook:{hook}")


def test_hook_that_fails_half_of_the_time_is_switched_off_too(database, publish, now):
    hook = publish("fickle", QUIET)
    with database.write() as unit:
        assert not note(unit, hook, Outcomes(WINDOW_RUNS - 10, 30, 0, True, "x"), now)
        assert note(unit, hook, Outcomes(10, 10, 10, False, "y"), now) is False
        assert not note(unit, hook, Outcomes(20, 10, 0, True, "z"), now + timedelta(seconds=1))
        assert note(unit, hook, Outcomes(40, 40, 15, True, "z"), now + timedelta(seconds=2))
        assert not note(unit, hook, Outcomes(1, 1, 1, False, "z"), now)
        assert not note(unit, 999, Outcomes(1), now)
    assert "it failed 90 of 160 times, at last: z" in view(database, hook).off_reason


def test_code_is_checked_before_it_is_published(runner):
    check_code(runner, 1, QUIET, Limits())
    with pytest.raises(HookFailed, match="no function hook"):
        check_code(runner, 1, "1", Limits())


def test_try_tells_what_would_come_of_it(runner):
    tried = try_on(runner, 1, HookKind.VALUES, QUIET + "\nlog('seen');" + "", FACTS, Limits())
    assert (tried.is_good, [each.name for each in tried.values], tried.logs) == (True, ["wifi.2g.channel", "Device.X_A_B"], ("seen",))
    wrong = try_on(runner, 1, HookKind.VALUES, "function hook(d) { return { 'wifi.2g.channel': 999 }; }", FACTS, Limits())
    assert not wrong.is_good and wrong.fault is None and "must be" in wrong.values[0].problem
    broken = try_on(runner, 1, HookKind.VALUES, "function hook(d) {\n throw new Error('no');\n}", FACTS, Limits())
    assert (broken.fault, broken.line, broken.told) == (Fault.THREW, 2, "Error: no")
    assert try_on(runner, 1, HookKind.VERDICT, WEAK, FACTS, Limits()).verdict == Verdict(False, "rx -28.5")
    assert try_on(runner, 1, HookKind.VERDICT, QUIET, FACTS, Limits()).fault is Fault.REFUSED

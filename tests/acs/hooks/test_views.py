"""How runs of hooks are told: acs/hooks/views.py."""

from acs.hooks.views import Checked, Fault, HookFailed, Tried


def test_failure_names_its_line():
    assert str(HookFailed(Fault.THREW, "no", 3)) == "Line 3: no"
    assert str(HookFailed(Fault.TIME, "too long")) == "too long"


def test_try_is_good_without_a_fault_and_a_broken_rule():
    assert Tried({}, (Checked("a", 1),)).is_good
    assert not Tried({}, (Checked("a", 1), Checked("b", 2, "no"))).is_good
    assert not Tried({}, fault=Fault.TIME).is_good

"""What an Inform makes due."""

import itertools

import pytest

from acs.provisioning.kinds import KINDS
from acs.provisioning.plan import Planned, Trust, due_at_inform, why_configure


def due(trust=Trust.ADMITTED, events=("2 PERIODIC",), *, is_new=False, has_tree=True, admitted_now=False, login_is_old=False):
    return due_at_inform(trust, events, is_new, has_tree, admitted_now, login_is_old)


def kinds(planned):
    return [plan.kind for plan in planned]


@pytest.mark.cwmp("J-7")
@pytest.mark.parametrize("trust", [Trust.QUARANTINE, Trust.BLOCKED])
def test_a_device_that_is_not_admitted_is_asked_nothing(trust):
    for flags in itertools.product((False, True), repeat=5):
        assert due_at_inform(trust, ("0 BOOTSTRAP",), *flags) == ()


@pytest.mark.cwmp("D-52")
@pytest.mark.parametrize("events", [("2 PERIODIC",), ("1 BOOT",), ("4 VALUE CHANGE",), ()])
def test_a_known_device_needs_nothing_whatever_its_event(events):
    assert due(events=events) == ()


@pytest.mark.cwmp("D-49")
@pytest.mark.parametrize("given", [{"is_new": True}, {"admitted_now": True}, {"events": ("0 BOOTSTRAP", "1 BOOT")}])
def test_a_first_contact_gets_its_logins_and_is_read(given):
    assert due(**given) == (Planned("secure", "first contact"), Planned("discover", "first contact"))


def test_a_device_whose_tree_is_not_known_is_read():
    assert due(has_tree=False) == (Planned("discover", "tree not known yet"),)


@pytest.mark.cwmp("K-6")
def test_a_device_that_runs_other_firmware_is_read_anew():
    planned = due_at_inform(Trust.ADMITTED, ("1 BOOT",), False, True, False, False, new_firmware=True)
    assert planned == (Planned("discover", "runs other firmware"),)


def test_a_device_that_still_uses_the_onboarding_secret_gets_its_own():
    assert due(login_is_old=True) == (Planned("secure", "still logs in with the onboarding secret"),)


def test_what_is_planned_are_kinds_that_exist():
    assert set(kinds(due(is_new=True, has_tree=False, login_is_old=True))) <= set(KINDS)


@pytest.mark.parametrize(
    ("desired_key", "key", "has_profiles", "anew", "due"),
    [
        ("hl-1", "hl-1", True, False, False),  # it carries what it should: one comparison
        ("hl-1", "other", True, False, True),
        ("", "whatever", True, False, False),  # nothing is wanted of it
        ("", "", False, True, False),  # a tenant without profiles: a new device costs nothing
        ("", "", True, True, True),
        ("hl-1", "hl-1", True, True, True),  # reset, and still with the key: K-58 knows such
        (None, "hl-1", True, False, True),
        (None, "hl-1", False, False, False),
    ],
)
def test_a_device_is_brought_to_its_profiles_when_its_key_is_not_theirs(desired_key, key, has_profiles, anew, due):
    assert bool(why_configure(desired_key, key, has_profiles, anew)) is due


def test_what_should_hold_is_planned_after_logins_and_reading():
    planned = due_at_inform(Trust.ADMITTED, ("0 BOOTSTRAP",), True, False, True, False, configure="it is new")
    assert [plan.kind for plan in planned] == ["secure", "discover", "configure"]
    assert due_at_inform(Trust.QUARANTINE, (), True, False, False, False, configure="it is new") == ()

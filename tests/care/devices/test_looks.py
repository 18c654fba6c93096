"""Nothing that can be shown lacks its icon and word."""

from acs.cwmp import events
from acs.devices.views import Presence
from care.assets import ICONS
from care.devices.looks import AREAS, EVENTS, PRESENCE, action_words, event_words
from care.devices.verdict import Area


def test_every_presence_and_area_has_its_look():
    assert set(PRESENCE) == set(Presence)
    assert set(AREAS) == set(Area)


def test_icons_are_in_the_sprite():
    assert {icon for icon, _word in (*EVENTS.values(), *AREAS.values())} <= set(ICONS)


def test_event_we_have_no_words_for_keeps_its_own():
    assert event_words(events.BOOT) == ("power", "Restarted")
    assert event_words("X VENDOR EVENT")[1] == "X VENDOR EVENT"


def test_audit_actions_are_told_in_words():
    assert action_words("operation.reboot") == "Asked for: Restart"
    assert action_words("device.tags") == "Tags changed"
    assert action_words("other.thing") == "other.thing"

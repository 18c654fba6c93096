"""What standings, holds and differences are called."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from acs.desired.views import ReportState, Standing
from care.devices import words
from datamodels import canonical
from datamodels.tree import words as path_words

STANDING: Mapping[str, tuple[str, Any]] = {
    Standing.IN_STEP: ("ok", _l("In step")),
    Standing.PENDING: ("live", _l("Pending")),
    Standing.DRIFT: ("warn", _l("Drift")),
    Standing.PARTIAL: ("warn", _l("In part")),
    Standing.FAILED: ("bad", _l("Failed")),
    Standing.NONE: ("idle", _l("No profile")),
}
STANDING_HELP: Mapping[str, Any] = {
    Standing.IN_STEP: _l("Everything the profiles want holds, as far as it was read."),
    Standing.PENDING: _l("It is brought to its profiles at its next contact."),
    Standing.DRIFT: _l("Something was changed on the device since it was brought to its profiles."),
    Standing.PARTIAL: _l("What the device takes holds. The rest is listed with the reason, and is not tried again by itself."),
    Standing.FAILED: _l("The device took nothing. It is tried again when a profile changes, when somebody asks, or after a day."),
    Standing.NONE: _l("No profile fits this device: nothing is wanted of it."),
}
REPORT: Mapping[str, tuple[str, Any]] = {
    ReportState.RUNNING: ("live", _l("Running")),
    ReportState.DONE: ("ok", _l("Done")),
    ReportState.FAILED: ("bad", _l("Failed")),
}
HOLD: Mapping[str, Any] = {
    "keep": _l("Keep: always, but what a person sets on the device wins"),
    "initial": _l("Initial: once, on a new or reset device"),
    "enforce": _l("Enforce: always, over everybody"),
}
HOLD_SHORT: Mapping[str, Any] = {"keep": _l("keep"), "initial": _l("initial"), "enforce": _l("enforce")}
NOTIFICATION: Mapping[int, Any] = {0: _l("off"), 1: _l("with the next contact"), 2: _l("at once")}
PRESENT: Mapping[str, Any] = {"": _l("Must be there"), "absent": _l("Must not be there")}


def label(name: str, path: str = "") -> str:
    """A canonical name or a path as people read it."""
    if name in canonical.names():
        return words.full_label(name)
    if name in canonical.tables():
        return canonical.describe_table(name).label
    return path_words(path or name)


def what(difference: Mapping[str, Any]) -> str:
    """One difference in a sentence."""
    if difference["kind"] == "row":
        return _("A row with %(keys)s is missing.", keys=difference["wanted"])
    if difference["kind"] == "extra":
        return _("A row with %(keys)s must not be there.", keys=difference["shown"])
    shown = difference["shown"]
    if shown is None:
        return _("Should be %(wanted)s; nothing is known of it.", wanted=difference["wanted"])
    return _("Should be %(wanted)s, is %(shown)s.", wanted=difference["wanted"] or "“”", shown=shown or "“”")

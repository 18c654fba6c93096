"""Alarms and monitors in the words of people: severities, states, deeds, intervals, directions, and what an alarm says."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from acs.monitoring.views import CONTACT, AlarmType, AlarmView, Direction, Severity, ThresholdView
from care.devices import words
from datamodels import canonical

SEVERITIES: Mapping[Severity, tuple[str, Any]] = {
    Severity.CRITICAL: ("bad", _l("Critical")),
    Severity.MAJOR: ("bad", _l("Major")),
    Severity.MINOR: ("warn", _l("Minor")),
    Severity.WARNING: ("warn", _l("Warning")),
    Severity.INDETERMINATE: ("info", _l("Indeterminate")),
    Severity.CLEARED: ("ok", _l("Cleared")),
}
TYPES: Mapping[AlarmType, Any] = {
    AlarmType.COMMUNICATIONS: _l("Communications"),
    AlarmType.EQUIPMENT: _l("Equipment"),
    AlarmType.PROCESSING: _l("Processing"),
    AlarmType.QUALITY: _l("Quality of service"),
    AlarmType.ENVIRONMENTAL: _l("Environment"),
}
DIRECTIONS: Mapping[Direction, Any] = {
    Direction.BELOW: _l("falls below"),
    Direction.ABOVE: _l("rises above"),
    Direction.IS: _l("is"),
    Direction.IS_NOT: _l("is not"),
    Direction.SILENT: _l("is silent"),
}
DEEDS: Mapping[str, Any] = {
    "acknowledge": _l("acknowledged it"),
    "unacknowledge": _l("took the acknowledgement back"),
    "clear": _l("cleared it"),
    "suppress": _l("suppressed it"),
    "unsuppress": _l("took the suppression back"),
    "note": _l("noted"),
}
EVERY: Mapping[int, Any] = {
    0: _l("as they come"),
    300: _l("at least every 5 minutes"),
    900: _l("at least every 15 minutes"),
    3600: _l("at least every hour"),
    21_600: _l("at least every 6 hours"),
    86_400: _l("at least once a day"),
}
RANGE_WORDS: Mapping[str, Any] = {"24h": _l("24 h"), "7d": _l("7 days"), "90d": _l("90 days"), "2y": _l("2 years")}
MARKS: Mapping[str, Any] = {
    "0 BOOTSTRAP": _l("First contact"), "1 BOOT": _l("Restarted"), "7 TRANSFER COMPLETE": _l("File transfer ended"), "M Download": _l("Our download ended"),
    "M Reboot": _l("Restarted on our request"), "silent": _l("Fell silent"), "admitted": _l("Admitted"), "quarantined": _l("Put in quarantine"),
}  # fmt: skip
REPAIRS: Mapping[str, tuple[str, ...]] = {
    "optical": ("refresh", "ping", "reboot"),
    "dsl": ("line_test", "refresh", "reboot"),
    "wifi": ("wifi_scan", "refresh", "reboot"),
    "system": ("refresh", "reboot"),
    "wan": ("ping", "refresh", "reboot"),
    CONTACT: ("wake", "ping", "reboot"),
}
"""What is offered beside an alarm, by the first part of its parameter: looking first, then repairing."""


def parameter_label(name: str) -> str:
    return _("Contact with the device") if name == CONTACT else words.full_label(name)


def group_of(name: str) -> str:
    return name.partition(".")[0]


def every_words(seconds: int) -> str:
    known = EVERY.get(seconds)
    return _("at least every %(time)s", time=words.duration(seconds)) if known is None else str(known)


def threshold_words(t: ThresholdView, parameter: str) -> str:
    """ "falls below −27 dBm, clears at −26.5 dBm, after 2 readings"."""
    unit = "" if parameter == CONTACT else canonical.describe(parameter).unit
    parts = [str(DIRECTIONS[t.direction])]
    if t.direction in (Direction.ABOVE, Direction.BELOW) and t.limit is not None:
        parts[0] += " " + words.quantity(t.limit, unit)
        if t.clear is not None and t.clear != t.limit:
            parts.append(_("clears at %(value)s", value=words.quantity(t.clear, unit)))
    elif t.word:
        parts[0] += " " + words.word(t.word)
    if t.samples > 1:
        parts.append(_("after %(num)d readings", num=t.samples))
    if t.for_s:
        parts.append(_("for %(time)s", time=words.duration(t.for_s)))
    return ", ".join(parts)


def problem_words(alarm: AlarmView) -> str:
    """What is wrong, in the reader's language, where the crossed threshold says it; else as it was raised."""
    crossed = alarm.crossed or {}
    name = crossed.get("parameter", "")
    if alarm.cause.startswith("storm:"):
        return _("%(share)s%% of the watched devices are silent at once", share=crossed.get("observed", "?"))
    if name == CONTACT:
        often = words.duration(crossed.get("interval_s") or 86_400)
        return _("No contact since %(when)s; it should speak every %(time)s", when=crossed.get("observed", "?"), time=often)
    if name not in canonical.names():
        return alarm.specific_problem
    label, observed, unit = words.full_label(name), str(crossed.get("observed", "")), crossed.get("unit", "")
    try:
        shown = words.quantity(float(observed), unit)
    except ValueError:
        shown = words.word(observed)
    limit = crossed.get("limit")
    if limit is None:
        return _("%(label)s: %(value)s", label=label, value=shown)
    edge = words.quantity(limit, unit)
    if shown == edge:  # so little beyond it that rounding hides it
        shown = f"{words.number(float(observed), 2)}{words.NBSP}{unit}".strip()
    if crossed.get("direction") == "below":
        return _("%(label)s: %(value)s, below %(limit)s", label=label, value=shown, limit=edge)
    return _("%(label)s: %(value)s, above %(limit)s", label=label, value=shown, limit=edge)

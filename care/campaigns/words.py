"""Campaigns in words, in the reader's language."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from acs.campaigns.service import CampaignView, Reason
from acs.campaigns.views import GaugeView, Member, State

STATES: dict[State, tuple[str, Any]] = {
    State.DRAFT: ("idle", _l("Draft")), State.CANARY: ("live", _l("Canary")), State.RUNNING: ("live", _l("Running")), State.PAUSED: ("warn", _l("Paused")),
    State.ROLLING_BACK: ("warn", _l("Rolling back")), State.FINISHED: ("ok", _l("Finished")), State.ABORTED: ("bad", _l("Ended early")),
}  # fmt: skip
MEMBERS: dict[Member, tuple[str, Any]] = {
    Member.PENDING: ("idle", _l("To come")), Member.OFFLINE: ("idle", _l("Offline, waits")), Member.ISSUED: ("live", _l("Under way")),
    Member.WATCHED: ("info", _l("Watched")), Member.DONE: ("ok", _l("Done")), Member.UNHEALTHY: ("bad", _l("Worse off")), Member.FAILED: ("bad", _l("Failed")),
    Member.SKIPPED: ("idle", _l("Left out")), Member.EXPIRED: ("warn", _l("Never came")), Member.CANCELLED: ("idle", _l("Not begun")),
    Member.REVERTING: ("live", _l("Being taken back")), Member.REVERTED: ("ok", _l("Taken back")), Member.KEPT: ("warn", _l("Not taken back")),
}  # fmt: skip
SIGNALS: dict[str, Any] = {
    "reboots": _l("Restarts again and again"), "offline": _l("Fell silent"), "alarms": _l("Worse alarm"), "settings_lost": _l("Lost its settings"),
    "reading": _l("Worse reading"),
}  # fmt: skip
DAYS: dict[str, Any] = {
    "mon": _l("Monday"), "tue": _l("Tuesday"), "wed": _l("Wednesday"), "thu": _l("Thursday"), "fri": _l("Friday"), "sat": _l("Saturday"), "sun": _l("Sunday"),
}  # fmt: skip
DECISIONS: dict[str, Any] = {
    "create": _l("Written"), "change": _l("Changed"),
    "start": _l("Begun"), "freeze": _l("List frozen"), "approve": _l("Agreed to"),
    "begin": _l("Canary began"),
    "begin_without_canary": _l("First wave began"), "canary_passed": _l("Canary passed"), "wave": _l("Wave opened"), "pause": _l("Paused"),
    "halt": _l("Stopped by rule"), "resume": _l("Went on"), "resume_canary": _l("Went on"), "finish": _l("Finished"), "abort": _l("Ended"),
    "roll_back": _l("Rollback began"), "rolled_back": _l("Rollback over"), "pace": _l("Pace changed"), "retry": _l("Tried again"),
}  # fmt: skip


_SENTENCES: dict[str, Any] = {
    "reboots": _l("devices restart again and again since the change"), "offline": _l("devices fell silent since the change"),
    "alarms": _l("devices have a worse alarm since the change"), "settings_lost": _l("devices lost their settings"),
}  # fmt: skip


def wave_name(number: int) -> str:
    return _("Canary") if number == 0 else _("Wave %(number)d", number=number)


def signal_name(gauge: Any) -> str:
    return f"{SIGNALS['reading']}: {gauge.reading}" if gauge.signal == "reading" else str(SIGNALS[gauge.signal])


def why(reason: Reason | None) -> str:
    """Why a campaign stands, in one sentence."""
    if reason is None:
        return ""
    share = {"bad": reason.bad, "measured": reason.measured, "value": f"{reason.value:.0f}", "limit": f"{reason.limit:g}", "where": wave_name(reason.wave)}
    match reason.rule:
        case "failures":
            return _("%(bad)s devices failed; the campaign stops at %(limit)s.", **share)
        case "failed_share":
            return _("%(where)s: %(bad)s of %(measured)s devices failed, %(value)s %%. It stops above %(limit)s %%.", **share)
        case "gate":
            told = _SENTENCES.get(reason.signal)
            figures = _("%(bad)s of %(measured)s devices, %(value)s %%. It stops above %(limit)s %%.", **share)
            what = str(told) if told is not None else f"{SIGNALS['reading']}: {reason.reading}"
            return f"{share['where']}: {what}: {figures}"
        case "empty":
            return _("No device fits the selection.")
        case "canaries":
            return _("No canary shows how the change goes: all were left out, or none came.")
    by = reason.by.partition(":")[2] or reason.by
    return f"{_('By %(name)s.', name=by)} {reason.text}".strip()


def waits(view: CampaignView) -> str:
    """What a draft that was begun waits for."""
    if view.waits_for == "list":
        return _("The list of devices is being frozen: %(count)s so far.", count=view.members)
    if view.waits_for == "approval":
        return _("It waits for a second person: %(count)s devices are more than may be begun alone.", count=view.members)
    return ""


def gauge_words(gauge: GaugeView) -> tuple[str, str]:
    """Look and word of a gate."""
    if gauge.share is None:
        return "idle", _("Nothing measured yet")
    return ("ok", _("Within limit")) if gauge.is_within else ("bad", _("Over the limit"))

"""What a diagnosis of acs.reach means, in sentences; names of ways and results."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from acs.reach.views import Attempt, Code, Diagnosis, Method, ReachView

METHODS: Mapping[Method, Any] = {Method.HTTP: _l("HTTP"), Method.UDP: _l("UDP through STUN"), Method.XMPP: _l("XMPP")}
LOOKS: Mapping[Code, tuple[str, Any]] = {
    Code.WORKS: ("ok", _l("Comes when called")),
    Code.CALLED: ("live", _l("Called")),
    Code.UNTRIED: ("idle", _l("Not called yet")),
    Code.BUSY: ("warn", _l("Busy")),
    Code.NOT_ADMITTED: ("idle", _l("Not called")),
    Code.LOGIN_REFUSED: ("bad", _l("Refuses our login")),
    Code.STAYS_AWAY: ("bad", _l("Answers, does not come")),
    Code.PRIVATE: ("bad", _l("Behind a NAT")),
    Code.NO_WAY: ("bad", _l("No address")),
    Code.FORBIDDEN: ("bad", _l("Address not allowed")),
    Code.UNKNOWN_PATH: ("bad", _l("Address out of date")),
    Code.NOT_CONNECTED: ("warn", _l("Not on the XMPP server")),
    Code.OUR_LINK_DOWN: ("bad", _l("Our side is down")),
    Code.CLOSED: ("bad", _l("Nothing listens")),
    Code.NO_ANSWER: ("bad", _l("No answer")),
}
RESULTS: Mapping[str, Any] = {
    "ok": _l("accepted"),
    "sent": _l("sent"),
    "no_url": _l("no address"),
    "forbidden_address": _l("not allowed"),
    "unreachable": _l("no way there"),
    "refused": _l("refused"),
    "timeout": _l("no answer"),
    "unauthorized": _l("login refused"),
    "not_found": _l("path unknown"),
    "busy": _l("busy"),
    "unavailable": _l("not connected"),
    "link_down": _l("our side is down"),
    "no_inform": _l("did not come"),
}


def sentence(found: Diagnosis) -> str:
    """The state in a sentence, with what follows from it."""
    method = str(METHODS[found.method]) if found.method is not None else ""
    match found.code:
        case Code.WORKS:
            return _("It comes when it is called by %(method)s.", method=method)
        case Code.CALLED:
            return _("It was called by %(method)s and is expected now.", method=method)
        case Code.UNTRIED:
            return _("It was not called yet; %(method)s should reach it.", method=method)
        case Code.BUSY:
            return _("It was busy when it was called, and is called again.")
        case Code.NOT_ADMITTED:
            return _("It is not admitted, so it is not called.")
        case Code.LOGIN_REFUSED if found.rewriting:
            return _("It refuses our request login. The login is rewritten at its next contact%(when)s.", when=_at(found.next_at))
        case Code.LOGIN_REFUSED:
            return _("It refuses our request login, though it was rewritten once. Rewrite it again, or look at its settings.")
        case Code.STAYS_AWAY if found.method is Method.UDP:
            return _("What is sent to %(address)s does not bring it (%(away)s of the last %(tries)s).", address=_host(found.address), away=found.away,
                     tries=found.tries) + _then(found)  # fmt: skip
        case Code.STAYS_AWAY:
            return _("It accepts our call and does not come (%(away)s of the last %(tries)s).", away=found.away, tries=found.tries) + _then(
                found
            )
        case Code.PRIVATE:
            return _("Private address %(address)s behind a NAT, and no STUN or XMPP.", address=found.address) + _only(found)
        case Code.NO_WAY:
            return _("It never told an address where it can be called.") + _only(found)
        case Code.FORBIDDEN:
            return _("It names an address that may not be called (%(detail)s).", detail=found.detail) + _only(found)
        case Code.UNKNOWN_PATH:
            return _(
                "It does not know the path of its own address any more; it tells the new one at its next contact%(when)s.",
                when=_at(found.next_at),
            )
        case Code.NOT_CONNECTED:
            return _("It is not connected to the XMPP server now, or is busy.") + _only(found)
        case Code.OUR_LINK_DOWN:
            return _("Our own side cannot call by %(method)s now: %(detail)s.", method=method, detail=found.detail)
        case Code.CLOSED:
            return _("Nothing listens at %(address)s.", address=_host(found.address)) + _only(found)
    return _("There is no answer at %(address)s.", address=_host(found.address)) + _only(found)


def _host(address: str) -> str:
    """A sentence names the host; the whole address stands beside the way."""
    try:
        return urlsplit(address).hostname or address
    except ValueError:
        return address


def _then(found: Diagnosis) -> str:
    return " " + _("It is called again, and speaks by itself%(when)s.", when=_at(found.next_at)) if found.next_at else ""


def _only(found: Diagnosis) -> str:
    if found.next_at is None:
        return " " + _("Reachable only at its next contact.")
    return " " + _("Reachable only at its next contact, expected%(when)s.", when=_at(found.next_at))


def _at(instant: datetime | None) -> str:
    return " " + _("at %(time)s", time=_clock(instant)) if instant is not None else ""


def _clock(instant: datetime) -> str:
    """In UTC, and saying so: a sentence has no place for the script that knows the reader's zone."""
    return f"{instant.astimezone(UTC):%H:%M} UTC"


def outcome(attempt: Attempt) -> str:
    """How one try ended: what was answered, and whether the device came."""
    if attempt.came_at is not None:
        seconds = max(0, round((attempt.came_at - attempt.at).total_seconds()))
        return ngettext("came after %(num)d s", "came after %(num)d s", seconds)
    return str(RESULTS.get(attempt.result, attempt.result))


def look_of(attempt: Attempt) -> str:
    if attempt.came_at is not None:
        return "ok"
    return {"ok": "live", "sent": "live", "busy": "warn", "unavailable": "warn"}.get(attempt.result, "bad")


def watch_sentence(found: ReachView) -> str:
    """What is done about the waiting while somebody looks; "" where nothing is."""
    watch = found.watch
    if watch is None:
        return ""
    if watch.ending:
        return _("Nobody looks any more: its own interval is put back at its next contact.")
    if watch.applied:
        return _("While its page is open it speaks every few seconds; its own interval is put back afterwards, at %(time)s at the latest.",
                 time=_clock(watch.until))  # fmt: skip
    return _("While its page is open it is told to speak often: this begins with its next contact.")


WORDS: Mapping[str, Any] = {
    "looks": LOOKS, "method_words": METHODS, "methods": tuple(Method), "sentence": sentence, "outcome": outcome, "look_of": look_of,
    "watch_sentence": watch_sentence,
}  # fmt: skip
"""What the templates of the box need."""

"""What the tries to wake a device, and what is known of its addresses, mean together. Pure: facts and the time in, a diagnosis out.

The words for people are in care/reach/words.py.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from acs.reach.views import Attempt, Code, Diagnosis, Facts, Method, Way
from acs.reach.ways import host_of, is_hidden

PATIENCE = timedelta(seconds=40)
LOOKED_AT = 4
"""How many of the last tries are weighed."""
_OF_RESULT = {
    "unauthorized": Code.LOGIN_REFUSED,
    "busy": Code.BUSY,
    "not_found": Code.UNKNOWN_PATH,
    "forbidden_address": Code.FORBIDDEN,
    "unavailable": Code.NOT_CONNECTED,
    "link_down": Code.OUR_LINK_DOWN,
    "refused": Code.CLOSED,
}

_SAYS_LITTLE = frozenset({"forbidden_address", "refused"})
"""Results of a call to an address behind a NAT that mean no more than that: somebody else may have it."""


def diagnose(facts: Facts, ways: Sequence[Way], attempts: Sequence[Attempt], now: datetime) -> Diagnosis:
    """`attempts` are the newest first."""
    code, about = _code(facts, ways, attempts, now)
    answered = [one for one in attempts[:LOOKED_AT] if one.came_at or one.may_come or one.result == "no_inform"]
    away = sum(1 for one in answered if one.came_at is None and not _is_pending(one, now))
    method = about.method if about else (ways[0].method if ways else None)
    address = next((way.address for way in ways if way.method is method), facts.url)
    if code is Code.PRIVATE:
        address = host_of(facts.url)
    at = (about.came_at or about.at) if about else None
    return Diagnosis(
        code, method, address, about.detail if about else "", at, away, len(answered), next_contact(facts, now), facts.rewriting
    )


def _code(facts: Facts, ways: Sequence[Way], attempts: Sequence[Attempt], now: datetime) -> tuple[Code, Attempt | None]:
    if not facts.admitted:
        return Code.NOT_ADMITTED, None
    only_http_through_nat = is_hidden(facts) and all(way.method is Method.HTTP for way in ways)
    last = attempts[0] if attempts else None
    if last is None or not ways:
        return (Code.NO_WAY if not ways else Code.PRIVATE if only_http_through_nat else Code.UNTRIED), None
    if last.came_at is not None:
        return Code.WORKS, last
    if _is_pending(last, now):
        return Code.CALLED, last
    recent = attempts[:LOOKED_AT]
    refused = next((one for one in recent[: len(ways)] if one.result == "unauthorized"), None)
    if refused is not None and not _came_since(attempts, refused):
        return Code.LOGIN_REFUSED, refused
    if last.may_come or last.result == "no_inform":
        return Code.STAYS_AWAY, last
    if last.result in _OF_RESULT and not (last.result in _SAYS_LITTLE and only_http_through_nat):
        return _OF_RESULT[last.result], last
    return (Code.PRIVATE if only_http_through_nat else Code.NO_ANSWER), last


def _is_pending(attempt: Attempt, now: datetime) -> bool:
    return attempt.may_come and attempt.came_at is None and now - attempt.at < PATIENCE


def _came_since(attempts: Sequence[Attempt], than: Attempt) -> bool:
    return any(one.came_at is not None and one.at > than.at for one in attempts)


def next_contact(facts: Facts, now: datetime) -> datetime | None:
    """When the device speaks by itself, if that is known and still to come."""
    if facts.last_inform_at is None or not facts.interval_s:
        return None
    due = facts.last_inform_at + timedelta(seconds=facts.interval_s)
    return due if due > now else None

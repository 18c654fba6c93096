"""The hours in which a device may be touched, by its own clock: the zone it reports, else the tenant's. Pure.

Wall clock decides: where clocks turn back an hour comes twice and both count, where they turn forward it does not come at all.
"""

import io
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from acs.errors import Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_POSIX = re.compile(r"(?:[A-Za-z]{3,}|<[+\-0-9A-Za-z]+>)[+-]?\d{1,3}(?::\d{2}){0,2}(?:(?:[A-Za-z]{3,}|<[+\-0-9A-Za-z]+>)[+\-0-9:,./MJ]*)?")
_IANA = re.compile(r"[A-Za-z0-9_+-]{1,30}(?:/[A-Za-z0-9_+-]{1,30}){0,2}")


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` to `end` by the wall clock, over midnight if `end` is not later, on the days on which it begins (0 Monday).

    Devices of one zone begin spread over the first `spread_min` minutes.
    """

    start: time
    end: time
    days: frozenset[int] = frozenset(range(7))
    spread_min: int = 0

    def as_document(self) -> dict[str, Any]:
        return {
            "start": f"{self.start:%H:%M}", "end": f"{self.end:%H:%M}", "days": [DAYS[day] for day in sorted(self.days)], "spread_min": self.spread_min,
        }  # fmt: skip

    def holds(self, local: datetime) -> bool:
        """Whether this local time is inside."""
        at = local.time().replace(tzinfo=None)
        if self.start < self.end:
            return self.start <= at < self.end and local.weekday() in self.days
        if at >= self.start:
            return local.weekday() in self.days
        return at < self.end and (local.weekday() - 1) % 7 in self.days

    def opens(self, now: datetime, zone: tzinfo) -> datetime:
        """The instant from which it is open: `now` if it is, else the next time it opens."""
        local = now.astimezone(zone)
        if self.holds(local):
            return now
        found = []
        for ahead in range(-1, 9):
            day = local.date() + timedelta(days=ahead)
            for fold in (0, 1):
                at = datetime.combine(day, self.start, zone).replace(fold=fold).astimezone(UTC)
                if at > now and self.holds(at.astimezone(zone)):
                    found.append(at)
            if found and ahead >= 1:
                break
        return min(found) if found else now + timedelta(days=1)

    def closes(self, now: datetime, zone: tzinfo) -> datetime:
        """While it is open: the first instant at which it is not any more."""
        local = now.astimezone(zone)
        ends = [
            at
            for ahead in (0, 1)
            for fold in (0, 1)
            if (at := datetime.combine(local.date() + timedelta(days=ahead), self.end, zone).replace(fold=fold).astimezone(UTC)) > now
        ]
        end = min(ends)
        if end.astimezone(zone).utcoffset() != local.utcoffset():
            turn = _turn(now.astimezone(UTC), end, zone)
            if not self.holds(turn.astimezone(zone)):
                return turn
        return end

    def turn_of(self, now: datetime, zone: tzinfo, device_id: int, seed: int) -> datetime:
        """When this device may begin: in the window, at its own place of the spread. `now` if that has come."""
        opens = self.opens(now, zone)
        if not self.spread_min:
            return opens
        local = opens.astimezone(zone)
        began = datetime.combine(local.date(), self.start, zone)
        if began > local:
            began = datetime.combine(local.date() - timedelta(days=1), self.start, zone)
        own = began.astimezone(UTC) + timedelta(seconds=zlib.crc32(f"{seed}/{device_id}".encode()) % (60 * self.spread_min))
        if own <= opens:
            return opens
        return own if own < self.closes(opens, zone) else opens

    @property
    def minutes(self) -> int:
        long = (self.end.hour - self.start.hour) * 60 + self.end.minute - self.start.minute
        return long if long > 0 else long + 24 * 60


def _turn(low: datetime, high: datetime, zone: tzinfo) -> datetime:
    """The second between two instants at which the clocks of the zone are turned."""
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle <= low:
            break
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    return high


def read_window(given: Any) -> Window:
    """Invalid (field window) for what is none."""
    if not isinstance(given, Mapping):
        raise Invalid(f"A window has start, end, days and spread_min; {given!r} is none.", "window")
    start, end = _clock(given.get("start"), "start"), _clock(given.get("end"), "end")
    named = given.get("days") or DAYS
    days = frozenset(DAYS.index(str(day)[:3].lower()) for day in named if str(day)[:3].lower() in DAYS)
    if not days or len(days) != len({str(day)[:3].lower() for day in named}):
        raise Invalid(f"days are of {', '.join(DAYS)}; {named!r} are not.", "window")
    try:
        spread = int(given.get("spread_min") or 0)
    except (TypeError, ValueError):
        raise Invalid(f"spread_min is a number of minutes, not {given.get('spread_min')!r}.", "window") from None
    window = Window(start, end, days, spread)
    if not 0 <= spread <= window.minutes:
        raise Invalid(f"The spread lies within the window of {window.minutes} minutes; {spread} does not.", "window")
    return window


def _clock(text: Any, name: str) -> time:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", str(text or "").strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise Invalid(f"{name} is a time such as 02:00, not {text!r}.", "window")
    return time(int(found[1]), int(found[2]))


@lru_cache(maxsize=1024)
def zone_named(text: str) -> tzinfo | None:
    """The zone of an IANA name or of a POSIX rule such as CET-1CEST,M3.5.0,M10.5.0/3; None for what is neither."""
    text = text.strip()
    if _IANA.fullmatch(text):
        try:
            return ZoneInfo(text)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    if not _POSIX.fullmatch(text):
        return None
    try:
        zone = ZoneInfo.from_file(io.BytesIO(_tzif(text)), key=text)
        zone.utcoffset(datetime(2026, 7, 1, tzinfo=zone))
    except (ValueError, OSError):
        return None
    return zone


def _tzif(rule: str) -> bytes:
    """A zone file (RFC 8536) without a history: its footer alone is the rule."""
    counts = b"\0\0\0\0" * 4 + b"\0\0\0\x01" + b"\0\0\0\x04"
    head = b"TZif2" + b"\0" * 15 + counts
    body = b"\0\0\0\0\0\0" + b"UTC\0"
    return head + body + head + body + b"\n" + rule.encode() + b"\n"

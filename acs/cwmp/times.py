"""dateTime as CWMP uses it: UTC, local with zone, unknown, infinite, relative to boot, and what devices make of them.

Conformance B-65 to B-68, quirks K-37 and R-17. The raw text is kept by whoever parses; nothing here refuses a device's clock.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

UNKNOWN_TIME = "0001-01-01T00:00:00Z"
INFINITE_TIME = "9999-12-31T23:59:59Z"

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s*([Zz]|[+-]\d\d:?\d\d)?$")


def parse_time(text: str) -> datetime | None:
    """The UTC instant a device wrote, or None where it says unknown, infinite, relative to boot (a year below 1000), or nonsense.

    No zone means UTC.
    """
    found = _TIME.match(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
    if year < 1000 or year == 9999:
        return None
    micro = int((found[7] or "0").ljust(6, "0")[:6])
    zone = _zone(found[8])
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), micro, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(sign * offset) if offset < timedelta(hours=24) else UTC


def format_time(instant: datetime) -> str:
    """UTC with a Z and whole seconds, which every device reads."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

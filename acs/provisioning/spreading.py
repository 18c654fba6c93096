"""When in its interval a device speaks: spread evenly over all devices, and the same for one device each time it is reckoned.

Without it, devices that came back together after a power cut go on informing together for ever. Follows TR-069's PeriodicInformTime: Informs at
that instant plus or minus any number of intervals. Pure. Tests: tests/acs/provisioning/test_spreading.py.
"""

import zlib
from datetime import UTC, datetime, timedelta

from acs.cwmp.times import format_time

SPREAD_FROM_S = 60
"""Shorter intervals are those of a device somebody looks at: not worth a place of their own."""
_REFERENCE = datetime(2020, 1, 1, tzinfo=UTC)


def inform_time(name: str, interval_s: int) -> str:
    """PeriodicInformTime for the device of this name, with its interval in seconds; "" where it is not worth it."""
    if interval_s < SPREAD_FROM_S or not name:
        return ""
    # crc32 of names that count up is a permutation with steps: mixed once more it is as good as chance.
    mixed = zlib.crc32(name.encode()) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    return format_time(_REFERENCE + timedelta(seconds=(mixed >> 16) % interval_s))

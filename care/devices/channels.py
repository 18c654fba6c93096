"""How busy a WiFi channel is, judged by a scan: who overlaps, how strongly, and where it would be quieter.

2.4 GHz channels are 5 MHz apart and 20 MHz wide, so channels less than four numbers apart disturb each other; 5 GHz networks disturb
each other where their blocks overlap. Pure; signals in dBm.
"""

from collections.abc import Iterable
from dataclasses import dataclass

NOTICED_DBM = -75
"""Weaker neighbours are heard, but hardly disturb (a guess from practice, not from a standard)."""
CROWDED_FROM = 3
QUIET_2G = (1, 6, 11)
BLOCKS_5G = (36, 40, 44, 48, 52, 56, 60, 64, 100, 104, 108, 112, 116, 120, 124, 128, 132, 136, 140, 144, 149, 153, 157, 161, 165)
RADAR_SHARED = (52, 144)
"""First and last channel that must give way to radar (ETSI EN 301 893)."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A network a scan found. `width` in MHz."""

    ssid: str
    bssid: str
    channel: int
    signal_dbm: int
    security: str = ""
    width: int = 20

    @property
    def band(self) -> str:
        return "2g" if self.channel <= 14 else "5g"


@dataclass(frozen=True, slots=True)
class Crowding:
    """What a scan says about the own 2.4 GHz channel; `better` is None where no other one is clearly quieter."""

    channel: int
    overlapping: int
    strongest_dbm: int | None
    better: int | None

    @property
    def crowded(self) -> bool:
        return self.overlapping >= CROWDED_FROM


def overlap_2g(a: int, b: int) -> float:
    """How much of one 20 MHz channel lies in the other: 1 for the same, 0 from four channels on."""
    return max(0.0, 1 - abs(a - b) / 4)


def load_2g(channel: int, neighbours: Iterable[Neighbour]) -> float:
    """Received power that falls into a channel, in nanowatts."""
    return sum(overlap_2g(channel, n.channel) * 10 ** ((n.signal_dbm + 60) / 10) for n in neighbours if n.band == "2g")


def crowding_2g(channel: int | None, neighbours: Iterable[Neighbour]) -> Crowding | None:
    """None without an own channel or without neighbours: nothing was measured."""
    heard = [n for n in neighbours if n.band == "2g"]
    if channel is None or not 1 <= channel <= 14 or not heard:
        return None
    near = [n for n in heard if overlap_2g(channel, n.channel) > 0 and n.signal_dbm >= NOTICED_DBM]
    here = load_2g(channel, heard)
    best = min((c for c in QUIET_2G if c != channel), key=lambda c: load_2g(c, heard))
    better = best if load_2g(best, heard) < here / 2 else None
    return Crowding(channel, len(near), max((n.signal_dbm for n in near), default=None), better)


def block_5g(channel: int, width: int) -> tuple[int, int]:
    """First and last 20 MHz channel of the block of `width` MHz that `channel` lies in."""
    count = max(1, width // 20)
    if channel not in BLOCKS_5G:
        return channel, channel
    start = 149 if channel >= 149 else 100 if channel >= 100 else 36
    index = (channel - start) // 4 // count * count
    return start + index * 4, min(start + (index + count - 1) * 4, BLOCKS_5G[-1])

"""Rates, held in memory of bounded size: so many a minute for each key, with a burst. Pure: the present time is an argument.

A worker counts for itself: with n workers on a socket a key may have up to n times its rate.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

KEYS_KEPT = 50_000


@dataclass(slots=True)
class Buckets:
    """`per_minute` 0 allows everything. The key that was quiet longest is forgotten first, and starts with a full bucket again."""

    per_minute: float
    burst: float
    most: int = KEYS_KEPT
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def wait_s(self, key: str, now_s: float) -> float:
        """Seconds until the key may again; 0.0 while it may."""
        left = self._now(key, now_s)
        return 0.0 if not self.per_minute or left >= 1 else (1 - left) * 60 / self.per_minute

    def take(self, key: str, now_s: float) -> float:
        """Count one, if there is room; else seconds until there is."""
        wait = self.wait_s(key, now_s)
        if not wait and self.per_minute:
            self._left[key] = (self._now(key, now_s) - 1, now_s)
            self._left.move_to_end(key)
            if len(self._left) > self.most:
                self._left.popitem(last=False)
        return wait

    def _now(self, key: str, now_s: float) -> float:
        left, since = self._left.get(key, (self.burst, now_s))
        return min(self.burst, left + max(0.0, now_s - since) * self.per_minute / 60)

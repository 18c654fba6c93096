"""Chance that takes no room: drawn anew from a seed and a count each time, where `random.Random` keeps 2.5 KB for every device."""

from __future__ import annotations

import random


class Chance:
    """The same draws in the same order for the same seed."""

    __slots__ = ("_drawn", "_seed")

    def __init__(self, seed: str) -> None:
        self._seed, self._drawn = seed, 0

    def _next(self) -> random.Random:
        self._drawn += 1
        return random.Random(f"{self._seed}/{self._drawn}")  # noqa: S311 - spreads boots and noise, keeps no secret

    def random(self) -> float:
        return self._next().random()

    def uniform(self, low: float, high: float) -> float:
        return self._next().uniform(low, high)

    def randint(self, low: int, high: int) -> int:
        return self._next().randint(low, high)

    def gauss(self, middle: float, deviation: float) -> float:
        return self._next().gauss(middle, deviation)


AnyChance = random.Random | Chance

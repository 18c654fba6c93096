"""Percentiles, histograms and the thinning of a series: numbers in, numbers out."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median

from acs.monitoring.views import Point, SpreadView

BINS = 24
GAP = 3
"""So many usual steps without a reading are a gap."""


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the ascending numbers lie, between two of them by their distance. ValueError without numbers."""
    if not ordered:
        raise ValueError("no numbers")
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def histogram(ordered: Sequence[float], most: int = BINS) -> tuple[tuple[float, float, int], ...]:
    """(from, to, how many) over all of the ascending numbers, at most `most` of them, of equal width. The last one holds its upper end."""
    if not ordered:
        return ()
    low, high = ordered[0], ordered[-1]
    width = (high - low) / most
    if width <= 0 or low + width <= low:
        return ((low, high, len(ordered)),)
    edges = [low + width * i for i in range(most)] + [high]
    places = [0, *(bisect_left(ordered, edge) for edge in edges[1:-1]), len(ordered)]
    return tuple((edges[i], edges[i + 1], places[i + 1] - places[i]) for i in range(most))


def spread_of(at: datetime, ordered: Sequence[float]) -> SpreadView | None:
    """None without numbers."""
    if not ordered:
        return None
    p5, p25, p50, p75, p95 = (percentile(ordered, share) for share in (0.05, 0.25, 0.5, 0.75, 0.95))
    return SpreadView(
        at, len(ordered), sum(ordered) / len(ordered), ordered[0], p5, p25, p50, p75, p95, ordered[-1], histogram(ordered)
    )


def step_of(points: Sequence[Point], at_least_s: int) -> int:
    """What usually lies between two points, in seconds."""
    if len(points) < 3:
        return at_least_s
    return max(at_least_s, round(median((b.at - a.at).total_seconds() for a, b in pairwise(points))))


def gaps(points: Sequence[Point], step_s: int) -> tuple[int, ...]:
    """Numbers of the points before which something is missing."""
    return tuple(i for i in range(1, len(points)) if (points[i].at - points[i - 1].at).total_seconds() > GAP * step_s)

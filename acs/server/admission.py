"""Who is let in when more come than can be served: by class, those with somebody waiting always (architecture: rule 5 of the Inform's path).

One number, the openness, says how far the door stands open: 3 for everybody, 2.4 for all but six in ten of the routine contacts, 1 for those
who are awaited and for starts only in part, 0 for the awaited alone. It falls while what was promised to be stored waits too long and rises
again when it does not; between the two marks it stays, so that it does not swing. Who is refused comes again after a random time, spread over as
long as it takes to serve those who were refused. A refused Inform was not acknowledged: its events come with the next.

While the door stands open nothing is looked at. Once it does not, the events are read from the octets, before anything is decoded. Knows no
network, no clock and no table; cwmp.py asks, process.py ticks. Tests: tests/acs/server/test_admission.py.
"""

import random
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from prometheus_client import Counter, Gauge

from acs.cwmp.events import (
    BOOT,
    BOOTSTRAP,
    CONNECTION_REQUEST,
    DIAGNOSTICS_COMPLETE,
    DU_STATE_CHANGE_COMPLETE,
    HEARTBEAT,
    PERIODIC,
    TRANSFER_COMPLETE,
    WAKEUP,
    normalised,
)

_admitted = Counter("hearthline_admission_admitted_total", "Informs let in, by class", ["class"])
_refused = Counter("hearthline_admission_refused_total", "Informs told to come again, by class", ["class"])
_openness = Gauge("hearthline_admission_openness", "how far the door stands open: 3 for all, 0 for the awaited alone")
_delay = Gauge("hearthline_admission_delay_seconds", "how long the oldest unfinished work waits: what the door follows")

WANTED_MOST, WANTED_S = 50_000, 900.0
"""Devices somebody waits for that are remembered, and for how long."""
PEEK = 16 * 1024
"""Octets of an Inform in which its events are looked for."""
_EVENT = re.compile(rb"<(?:\w+:)?EventCode[^>]*>([^<]{1,64})<")
_NAMES = {name: re.compile(rb"<(?:\w+:)?%b[^>]*>([^<]{0,64})<" % name) for name in (b"OUI", b"ProductClass", b"SerialNumber")}
_INFORM = re.compile(rb"<(?:\w+:)?Inform[\s>]")


class Class(IntEnum):
    """Of Informs: the higher, the later refused."""

    ROUTINE = 0
    NEWS = 1
    START = 2
    AWAITED = 3


ALL_IN = 3.0
"""Openness at which nobody is refused."""
_NAMED = {each: each.name.lower() for each in Class}
_IN = {each: _admitted.labels(name) for each, name in _NAMED.items()}
_OUT = {each: _refused.labels(name) for each, name in _NAMED.items()}
_AWAITED = frozenset({CONNECTION_REQUEST, TRANSFER_COMPLETE, DIAGNOSTICS_COMPLETE, DU_STATE_CHANGE_COMPLETE})
_STARTS = frozenset({BOOTSTRAP, BOOT, WAKEUP})
_ROUTINE = frozenset({PERIODIC, HEARTBEAT})


def class_of(events: Iterable[str]) -> Class:
    """Of an Inform with these events, normalised. What ends something that was asked for is awaited: `7 TRANSFER COMPLETE`, every `M …`."""
    found = Class.ROUTINE
    for event in events:
        if event in _AWAITED or event.startswith("M "):
            return Class.AWAITED
        if event in _STARTS:
            found = Class.START
        elif event not in _ROUTINE:
            found = max(found, Class.NEWS)
    return found


def peek(body: bytes) -> tuple[Class, str] | None:
    """Class and device key of an Inform, from its octets; None for what does not look like one. Not a decoder: good enough to say "later"."""
    head = body[:PEEK]
    if _INFORM.search(head) is None:
        return None
    events = [normalised(found.decode("latin-1")) for found in _EVENT.findall(head)]
    parts = [found[1].decode("latin-1").strip() if (found := pattern.search(head)) else "" for pattern in _NAMES.values()]
    return class_of(events), "-".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Marks:
    """Seconds. The door closes while work waits longer than `high_s`, opens while it waits less than `low_s`; Retry-After lies between
    `retry_min_s` and as long as the refused need, at most `retry_max_s`. `high_s` 0: nobody is ever refused. Nor is anybody while fewer than
    `few` sessions are under way: then each takes long (a whole tree to be stored), and sending others away would help none of them."""

    high_s: float = 0.4
    low_s: float = 0.15
    retry_min_s: float = 30.0
    retry_max_s: float = 1800.0
    few: int = 50


@dataclass(slots=True)
class Admission:
    """One worker's door. `tick` it several times a second with how long the oldest unfinished work waits and how many sessions there are."""

    marks: Marks = field(default_factory=Marks)
    chance: Callable[[], float] = random.random
    openness: float = ALL_IN
    _wanted: OrderedDict[str, float] = field(default_factory=OrderedDict)
    _since: float = 0.0
    _came: int = 0
    _served_per_s: float = 0.0
    _refused: float = 0.0
    """How many were refused and have not been let in since, about."""

    def tick(self, delay_s: float, now: float, sessions: int = 1_000_000) -> None:
        """Move the door; `now` in seconds of any clock that only goes forward. Two seconds of overload close it for the routine, six for all but
        the awaited, heavier overload up to four times as fast; it opens again over half a minute."""
        passed = min(max(now - self._since, 0.0), 5.0)
        self._since = now
        _delay.set(delay_s)
        marks = self.marks
        if passed > 0:
            weight = min(passed / 10.0, 1.0)
            self._served_per_s += (self._came / passed - self._served_per_s) * weight
        self._came = 0
        if marks.high_s and delay_s > marks.high_s and sessions >= marks.few:
            self.openness = max(0.0, self.openness - passed * min(delay_s / marks.high_s, 4.0) / 2)
        elif delay_s < marks.low_s or sessions < marks.few:
            self.openness = min(ALL_IN, self.openness + passed / 10)
        if self.openness >= ALL_IN:
            self._refused = 0.0
        else:
            self._refused = max(0.0, self._refused - passed * self._served_per_s)
        while self._wanted and next(iter(self._wanted.values())) < now:
            self._wanted.popitem(last=False)
        _openness.set(self.openness)

    def want(self, key: str) -> None:
        """Somebody waits for this device: it is let in whatever it comes with."""
        self._wanted[key] = self._since + WANTED_S
        self._wanted.move_to_end(key)
        if len(self._wanted) > WANTED_MOST:
            self._wanted.popitem(last=False)

    def came(self, events: Iterable[str]) -> None:
        """An Inform was let in and stored."""
        self._came += 1
        _IN[class_of(events)].inc()

    def refuses(self, body: bytes) -> int | None:
        """Seconds after which this Inform may come again, or None: it may come in. Costs nothing while the door stands open."""
        if self.openness >= ALL_IN or not body or (found := peek(body)) is None:
            return None
        kind, key = found
        if kind is Class.AWAITED or key in self._wanted:
            return None
        # Of the class at the edge a share is let in, of those below nobody: openness 2.4 lets in 0.4 of the routine.
        if self.chance() < self.openness - (Class.START - kind):
            return None
        _OUT[kind].inc()
        return self.come_again_s()

    def come_again_s(self) -> int:
        """One more is refused: when it may come again. At random over as long as it takes to serve all who were, at the rate of the last
        seconds, and half as long again; no less than four times the shortest wait, so that few do not come together either."""
        self._refused += 1
        low, high = self.marks.retry_min_s, self.marks.retry_max_s
        spread = self._refused / self._served_per_s if self._served_per_s > 0.1 else 0.0
        return int(low + self.chance() * (min(max(spread * 1.5, 4 * low), high) - low))

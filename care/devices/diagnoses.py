"""Results of diagnoses made ready to be drawn: from the operation's result to frozen views with their message. Pure.

Shapes of results are those of acs/provisioning/procedures/diagnostics.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from acs.operations.views import OperationState, OperationView
from care.devices import words
from care.operations.words import kind_words

SLOW_JUMP_MS = 30
"""A hop that adds at least so much, and doubles what came before, is called slow."""
WIDTH = 280.0


@dataclass(frozen=True, slots=True)
class Origin:
    """When, by whom, with what: every result keeps it, and "Again" repeats it."""

    operation: int
    at: datetime | None
    by: str
    target: str
    args: Mapping[str, Any]
    problem: str


@dataclass(frozen=True, slots=True)
class PingResult:
    origin: Origin
    sent: int
    lost: int
    minimum: int | None
    average: int | None
    maximum: int | None
    bars: tuple[tuple[float, bool], ...]
    """(x, lost) of one mark per packet; how long each one took the device does not say."""
    spread: tuple[float, float, float] | None
    """x of minimum, average and maximum on a scale of WIDTH."""
    state: str
    says: str


@dataclass(frozen=True, slots=True)
class Hop:
    number: int
    name: str
    address: str
    ms: float | None
    width: float
    slow: bool
    silent: bool


@dataclass(frozen=True, slots=True)
class TraceResult:
    origin: Origin
    hops: tuple[Hop, ...]
    says: str
    state: str


@dataclass(frozen=True, slots=True)
class SpeedResult:
    origin: Origin
    mbps: float | None
    text: str
    width: float
    detail: str


@dataclass(frozen=True, slots=True)
class LookupResult:
    origin: Origin
    answers: tuple[Mapping[str, Any], ...]
    says: str
    state: str


@dataclass(frozen=True, slots=True)
class PlainResult:
    """A result that is told in a sentence and a few facts, as (label, text)."""

    kind: str
    title: str
    origin: Origin
    says: str
    state: str
    facts: tuple[tuple[str, str], ...] = ()


PLAIN = ("udp_echo", "server_selection", "atm_loopback", "line_test", "self_test")
"""The rarer diagnoses, drawn alike."""


def origin_of(op: OperationView) -> Origin:
    target = str(op.result.get("target") or op.args.get("host") or op.args.get("url") or "")
    who = op.requested_by.partition(":")[2] or op.requested_by
    return Origin(op.id, op.finished_at, who, target, op.args, op.error if op.state is not OperationState.DONE else "")


def ping(op: OperationView | None) -> PingResult | None:
    if op is None:
        return None
    r = op.result
    back, lost = int(r.get("received") or 0), int(r.get("lost") or 0)
    low, mean, high = r.get("minimum_ms"), r.get("average_ms"), r.get("maximum_ms")
    sent = back + lost
    spread = None
    if low is not None and mean is not None and high is not None and back:
        top = max(high * 1.15, 20)
        spread = (round(low / top * WIDTH, 1), round(mean / top * WIDTH, 1), round(high / top * WIDTH, 1))
    shown = min(sent, 40)
    gone = round(lost / sent * shown) if sent else 0
    bars = tuple((round(i * WIDTH / max(shown, 1), 1), i >= shown - gone) for i in range(shown))
    state = "bad" if sent and lost == sent else "warn" if lost else "ok" if sent else "idle"
    return PingResult(origin_of(op), sent, lost, low, mean, high, bars, spread, state, _ping_says(sent, lost, mean, high))


def _ping_says(sent: int, lost: int, mean: int | None, worst: int | None) -> str:
    if not sent:
        return _("Nothing was measured.")
    if lost == sent:
        return ngettext("The packet was lost.", "All %(num)d packets were lost.", sent)
    gone = ngettext("%(num)d of %(sent)d lost", "%(num)d of %(sent)d lost", lost, sent=sent) if lost else _("none lost")
    return _("%(mean)s ms on average, %(worst)s ms at worst, %(gone)s.", mean=mean, worst=worst, gone=gone)


def trace(op: OperationView | None) -> TraceResult | None:
    if op is None:
        return None
    raw = op.result.get("hops") or ()
    times = [round(sum(h["times_ms"]) / len(h["times_ms"]), 1) if h.get("times_ms") else None for h in raw]
    slow = _first_slow(times)
    top = max((t for t in times if t is not None), default=1) or 1
    hops = tuple(
        Hop(
            i + 1, str(h.get("host") or h.get("address") or ""), str(h.get("address") or ""), times[i], round((times[i] or 0) / top * 120, 1),
            slow == i, times[i] is None,
        )
        for i, h in enumerate(raw)
    )  # fmt: skip
    if not hops:
        return TraceResult(origin_of(op), (), _("No hop answered."), "idle")
    if slow is None:
        return TraceResult(origin_of(op), hops, _("No hop on the way is slow."), "ok")
    named = hops[slow].name or _("hop %(number)d", number=slow + 1)
    return TraceResult(origin_of(op), hops, _("Slow from hop %(number)d on: %(name)s.", number=slow + 1, name=named), "warn")


def _first_slow(times: list[float | None]) -> int | None:
    """The first hop from which on everything stays slow: a single slow answer in the middle is only a router that answers late."""
    for i, time in enumerate(times):
        before = max((t for t in times[:i] if t is not None), default=0.0)
        after = [t for t in times[i:] if t is not None]
        if time is not None and time - before >= SLOW_JUMP_MS and time >= 2 * before and min(after) - before >= SLOW_JUMP_MS / 2:
            return i
    return None


def speed(op: OperationView | None, top_mbps: float) -> SpeedResult | None:
    """`top_mbps` is what the full bar means."""
    if op is None:
        return None
    rate = op.result.get("mbps")
    if rate is None:
        return SpeedResult(origin_of(op), None, _("not measured"), 0, "")
    octets, seconds = op.result.get("bytes"), op.result.get("seconds")
    detail = _("%(size)s in %(time)s", size=words.size(octets), time=words.duration(float(seconds))) if octets and seconds else ""
    return SpeedResult(origin_of(op), float(rate), words.quantity(float(rate), "Mbit/s"), round(min(rate / top_mbps, 1) * WIDTH, 1), detail)


def speeds(results: Mapping[str, OperationView]) -> tuple[SpeedResult | None, SpeedResult | None]:
    """Download and upload, on one scale."""
    rates = [float(op.result["mbps"]) for kind in ("download_test", "upload_test") if (op := results.get(kind)) and op.result.get("mbps")]
    top = max(rates, default=1.0)
    return speed(results.get("download_test"), top), speed(results.get("upload_test"), top)


def lookup(op: OperationView | None) -> LookupResult | None:
    if op is None:
        return None
    answers = tuple(op.result.get("answers") or ())
    good = [a for a in answers if a.get("addresses")]
    if good:
        says = _("%(name)s is %(addresses)s, answered in %(time)s ms.", name=op.args.get("host", ""), addresses=", ".join(good[0]["addresses"]),
                 time=good[0].get("time_ms") if good[0].get("time_ms") is not None else "?")  # fmt: skip
        return LookupResult(origin_of(op), answers, says, "ok")
    return LookupResult(origin_of(op), answers, _("No address was found for %(name)s.", name=op.args.get("host", "")), "bad")


def plain(results: Mapping[str, OperationView]) -> tuple[PlainResult, ...]:
    """What the rarer tests found, in their order."""
    return tuple(_plain(op) for kind in PLAIN if (op := results.get(kind)) is not None)


def _plain(op: OperationView) -> PlainResult:
    r, origin = op.result, origin_of(op)

    def told(says: str, state: str, facts: tuple[tuple[str, str], ...] = ()) -> PlainResult:
        return PlainResult(op.kind, kind_words(op.kind, op.label), origin, says, state, facts)

    if origin.problem:
        return told(origin.problem, "bad")
    match op.kind:
        case "server_selection":
            says = _("%(host)s answers fastest: %(time)s on average.", host=r.get("fastest") or "?", time=_milliseconds(r, "average"))
            return told(says, "ok", _times(r))
        case "line_test":
            measured = r.get("measured") or {}
            says = ngettext("%(num)d value measured.", "%(num)d values measured.", len(measured))
            return told(says, "ok" if measured else "idle", tuple((name, str(text)[:300]) for name, text in measured.items()))
        case "self_test":
            return told(str(r.get("text") or _("The device wrote nothing.")), "info")
    back, lost = int(r.get("received") or 0), int(r.get("lost") or 0)
    if not back + lost:
        return told(_("Nothing was measured."), "idle")
    gone = ngettext("%(num)d of %(sent)d lost", "%(num)d of %(sent)d lost", lost, sent=back + lost) if lost else _("none lost")
    says = _("%(mean)s on average, %(gone)s.", mean=_milliseconds(r, "average"), gone=gone)
    return told(says, "bad" if not back else "warn" if lost else "ok", _times(r))


def _times(r: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return (
        (_("Fastest"), _milliseconds(r, "minimum")),
        (_("On average"), _milliseconds(r, "average")),
        (_("Slowest"), _milliseconds(r, "maximum")),
    )


def _milliseconds(r: Mapping[str, Any], which: str) -> str:
    """UDP echo and server selection count microseconds (conformance G-15)."""
    fine, coarse = r.get(f"{which}_us"), r.get(f"{which}_ms")
    value = fine / 1000 if fine is not None else coarse
    return words.quantity(float(value), "ms") if value is not None else _("unknown")

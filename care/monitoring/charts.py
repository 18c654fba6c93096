"""Series as the chart script draws them (static/charts.js): plain dictionaries, with the sentence that says what there is to see.

`x` are Unix seconds; a gap is a null. `series` are lines, `bands` are filled between two of them, `limits` are dashed in the colour of their
meaning, `marks` stand on the time axis.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from acs.devices.views import EventView
from acs.monitoring.figures import gaps
from acs.monitoring.views import Direction, FleetPoint, MonitorView, Point, Severity, SpreadView
from care.devices import words
from care.monitoring.service import Trend
from care.monitoring.words import MARKS, SEVERITIES, parameter_label
from datamodels import canonical
from datamodels.canonical import ValueType

Chart = dict[str, Any]
_LOOKS = {"bad": "bad", "warn": "warn"}


def chart(
    label: str, unit: str, x: Sequence[float], series: Sequence[Mapping[str, Any]], says: str, since: datetime, until: datetime, **more: Any
) -> Chart:
    return {
        "label": label, "unit": unit, "x": list(x), "series": list(series), "says": says, "since": since.timestamp(), "until": until.timestamp(), "bands": [],
        "limits": [], "marks": [], "words": [], **more,
    }  # fmt: skip


def line(label: str, values: Sequence[float | None], look: str = "c1", step: bool = False) -> dict[str, Any]:
    return {"label": label, "values": list(values), "look": look, "step": step}


def of_trend(trend: Trend) -> Chart:
    """A parameter of a device: its mean, the range around it where a point stands for many readings, limits and events."""
    known = canonical.describe(trend.series.name)
    unit, points = known.unit, trend.series.points
    broken = set(gaps(points, trend.series.step_s))
    x, mean, low, high = _with_gaps(points, broken)
    step = known.type in (ValueType.ENUM, ValueType.BOOL)
    scale, shown = scale_of(unit)
    mean, low, high = (scaled(column, scale) for column in (mean, low, high))
    series = [line(parameter_label(trend.series.name), mean, step=step)]
    bands = []
    if any(point.low != point.high for point in points) and not step:
        series += [line(_("highest"), high, "edge"), line(_("lowest"), low, "edge")]
        bands = [{"from": 2, "to": 3, "look": "soft"}]
    spoken = [words.word(w) for w in known.words] if known.type is ValueType.ENUM else [_("no"), _("yes")] if known.type is ValueType.BOOL else []
    says = _says_of(trend.series.name, points, unit, len(broken), spoken)
    return chart(
        parameter_label(trend.series.name), shown, x, series, says, trend.series.since, trend.series.until, bands=bands, words=spoken,
        limits=[] if step else limits_of(trend.series.name, trend.monitors), marks=marks_of(trend.events),
    )  # fmt: skip


def scale_of(unit: str) -> tuple[float, str]:
    """What a chart multiplies readings of this unit with, and the unit it shows them in: that of words.quantity."""
    return {"kbit/s": (1e-3, "Mbit/s"), "KiB": (1024 / 1e6, "MB"), "bytes": (1e-6, "MB"), "s": (1 / 3600, "h")}.get(unit, (1.0, unit))


def scaled(values: Iterable[float | None], scale: float) -> list[float | None]:
    return [None if value is None else round(value * scale, 4) for value in values]


def _with_gaps(points: Sequence[Point], broken: set[int]) -> tuple[list[float], list[float | None], list[float | None], list[float | None]]:
    x: list[float] = []
    mean: list[float | None] = []
    low: list[float | None] = []
    high: list[float | None] = []
    for i, point in enumerate(points):
        if i in broken:
            x.append((points[i - 1].at.timestamp() + point.at.timestamp()) / 2)
            for column in (mean, low, high):
                column.append(None)
        x.append(point.at.timestamp())
        for column, value in ((mean, point.mean), (low, point.low), (high, point.high)):
            column.append(value)
    return x, mean, low, high


def _says_of(name: str, points: Sequence[Point], unit: str, broken: int, spoken: Sequence[str]) -> str:
    if not points:
        return _("Nothing is kept of this time.")
    last = points[-1].last
    if spoken:
        said = _("Now: %(value)s.", value=spoken[int(last)] if 0 <= last < len(spoken) else words.number(last))
    else:
        low, high = min(p.low for p in points), max(p.high for p in points)
        said = _("Between %(low)s and %(high)s, now %(now)s.", low=words.quantity(low, unit), high=words.quantity(high, unit), now=words.quantity(last, unit))
    return said + (" " + ngettext("%(num)d gap without readings.", "%(num)d gaps without readings.", broken) if broken else "")


def limits_of(name: str, monitors: Iterable[MonitorView]) -> list[dict[str, Any]]:
    """Thresholds of monitors; where none has any, what the catalogue thinks of the parameter."""
    found: dict[float, dict[str, Any]] = {}
    unit = canonical.describe(name).unit
    for monitor in monitors:
        for t in monitor.thresholds:
            if t.limit is not None and t.direction in (Direction.ABOVE, Direction.BELOW):
                look, word = SEVERITIES[t.severity]
                found[t.limit] = _limit(t.limit, str(word), _LOOKS.get(look, "warn"), unit, t.direction is Direction.BELOW)
    known = canonical.describe(name).limits
    if not found and known is not None:
        for value, word, look, below in (
            (known.bad_low, _("bad"), "bad", True), (known.warn_low, _("warning"), "warn", True), (known.warn_high, _("warning"), "warn", False),
            (known.bad_high, _("bad"), "bad", False),
        ):  # fmt: skip
            if value is not None:
                found[value] = _limit(value, word, look, unit, below)
    return [found[value] for value in sorted(found)]


def _limit(value: float, word: str, look: str, unit: str, below: bool) -> dict[str, Any]:
    return {"value": value * scale_of(unit)[0], "label": f"{word} {words.quantity(value, unit)}", "look": look, "below": below}


def marks_of(events: Iterable[EventView]) -> list[dict[str, Any]]:
    """Oldest first."""
    return [
        {"at": event.at.timestamp(), "label": str(MARKS.get(event.code, event.code)), "look": "bad" if event.code == "silent" else "event"}
        for event in sorted(events, key=lambda event: event.at)
    ]


def of_spreads(name: str, spreads: Sequence[SpreadView], monitors: Iterable[MonitorView], since: datetime, until: datetime) -> Chart:
    """Percentiles of a group over time."""
    unit = canonical.describe(name).unit
    scale, shown = scale_of(unit)
    x = [s.at.timestamp() for s in spreads]
    rows = [("p95", "edge", [s.p95 for s in spreads]), ("p75", "edge", [s.p75 for s in spreads]), (_("median"), "c1", [s.p50 for s in spreads]),
            ("p25", "edge", [s.p25 for s in spreads]), ("p5", "edge", [s.p5 for s in spreads])]  # fmt: skip
    series = [line(label, scaled(values, scale), look) for label, look, values in rows]
    bands = [{"from": 1, "to": 5, "look": "soft"}, {"from": 2, "to": 4, "look": "mid"}]
    return chart(parameter_label(name), shown, x, series, spread_says(spreads[-1] if spreads else None, unit), since, until, bands=bands,
                 limits=limits_of(name, monitors))  # fmt: skip


def spread_says(s: SpreadView | None, unit: str) -> str:
    if s is None:
        return _("No readings yet.")
    values = {key: words.quantity(getattr(s, key), unit) for key in ("p5", "p50", "p95")}
    return _("Of %(num)s devices half are below %(p50)s, one in twenty below %(p5)s, one in twenty above %(p95)s.", num=words.number(s.count), **values)


def of_presence(points: Sequence[FleetPoint], since: datetime, until: datetime) -> Chart:
    x = [p.at.timestamp() for p in points]
    series = [line(_("Online"), [p.online for p in points]), line(_("Silent"), [p.silent for p in points], "c3")]
    says = _("No readings yet.")
    if points:
        says = _("%(online)s online, %(silent)s silent.", online=words.number(points[-1].online), silent=words.number(points[-1].silent))
    return chart(_("Devices"), "", x, series, says, since, until, zero=True)


def of_load(points: Sequence[FleetPoint], since: datetime, until: datetime) -> Chart:
    x = [p.at.timestamp() for p in points]
    columns = ((_("Sessions"), "c1", "sessions_s"), (_("Put off"), "c3", "put_off_s"), (_("Failed"), "c4", "failed_s"))
    series = [line(label, [round(getattr(p, name), 3) for p in points], look) for label, look, name in columns]
    says = _("%(sessions)s sessions a second at most.", sessions=words.number(max(p.sessions_s for p in points), 1)) if points else _("No readings yet.")
    return chart(_("Sessions per second"), "/s", x, series, says, since, until, zero=True)


def bars(spread: SpreadView, unit: str, width: int = 640, height: int = 120) -> dict[str, Any]:
    """A histogram as SVG attributes: x, y, width, height and what each bar says."""
    most = max((count for _low, _high, count in spread.bins), default=1)
    low, high = spread.bins[0][0], spread.bins[-1][1]
    whole = (high - low) or 1.0
    shapes = []
    for start, end, count in spread.bins:
        tall = round(height * count / most, 1)
        left = round(width * (start - low) / whole, 1)
        wide = max(round(width * (end - start) / whole - 1.5, 1), 1.0) if len(spread.bins) > 1 else width / 8
        title = _("%(low)s to %(high)s: %(num)d devices", low=words.quantity(start, unit), high=words.quantity(end, unit), num=count)
        shapes.append({"x": left, "y": round(height - tall, 1), "width": wide, "height": tall, "title": title})
    return {"shapes": shapes, "width": width, "height": height, "low": words.quantity(low, unit), "high": words.quantity(high, unit)}


def worst_first(counts: Mapping[str, int]) -> list[tuple[str, Any, int]]:
    """(state, word, count) of alarms by severity word, the worst first."""
    return [(*SEVERITIES[s], counts[s.word]) for s in sorted(SEVERITIES, reverse=True) if s is not Severity.CLEARED and counts.get(s.word)]

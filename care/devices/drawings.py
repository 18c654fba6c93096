"""Geometry of the drawn results: numbers in, SVG attributes out. Pure; templates only place what stands here.

Every drawing has `says`, the sentence with its message, for who cannot see it. Lengths in user units of the drawing's view box.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from care.devices import words
from care.devices.channels import BLOCKS_5G, RADAR_SHARED, Crowding, Neighbour, block_5g
from datamodels.canonical import Limits

WIDTH, HEIGHT = 320, 150
LEFT, TOP, FLOOR = 30, 14, 122
STRONGEST_DBM, WEAKEST_DBM = -20, -95
GRID_DBM = (-20, -40, -60, -80)


@dataclass(frozen=True, slots=True)
class Shape:
    """A lobe or block: `d` of a path, its look (own, near, better) and a label above its top."""

    d: str
    look: str
    label: str
    x: float
    y: float
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    label: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class ChannelDrawing:
    band: str
    shapes: tuple[Shape, ...]
    ticks: tuple[Tick, ...]
    grid: tuple[tuple[float, str], ...]
    shaded: tuple[float, float] | None
    says: str


def _y(dbm: float) -> float:
    inside = min(max(dbm, WEAKEST_DBM), STRONGEST_DBM)
    return round(TOP + (STRONGEST_DBM - inside) / (STRONGEST_DBM - WEAKEST_DBM) * (FLOOR - TOP), 1)


_GRID = tuple((_y(dbm), f"{words.MINUS}{-dbm}") for dbm in GRID_DBM)


def _x2(channel: float) -> float:
    return round(LEFT + (channel + 1.5) / 17 * (WIDTH - LEFT - 4), 1)


def lobe(channel: int, dbm: float, width: int = 20) -> str:
    """A rounded hill over the channels that a 2.4 GHz network uses."""
    half, y = width / 10, _y(dbm)
    a, b, c, d = _x2(channel - half - 0.5), _x2(channel - half + 0.6), _x2(channel + half - 0.6), _x2(channel + half + 0.5)
    rise, fall = round((a + b) / 2, 1), round((c + d) / 2, 1)
    return f"M{a} {FLOOR}C{rise} {FLOOR} {rise} {y} {b} {y}L{c} {y}C{fall} {y} {fall} {FLOOR} {d} {FLOOR}Z"


def channels_2g(own: int | None, neighbours: Iterable[Neighbour], crowding: Crowding | None, own_dbm: float = -34) -> ChannelDrawing | None:
    """Who is where on 2.4 GHz. The own network is drawn as heard close by: its signal is not measured."""
    near = sorted((n for n in neighbours if n.band == "2g"), key=lambda n: n.signal_dbm)
    if not near and own is None:
        return None
    shapes = [_near(n, lobe(n.channel, n.signal_dbm, min(n.width, 40)), _x2(n.channel)) for n in near]
    if crowding is not None and crowding.better is not None and crowding.crowded:
        label = _("ch %(channel)d, quieter", channel=crowding.better)
        shapes.append(Shape(lobe(crowding.better, own_dbm), "better", label, _x2(crowding.better), _y(own_dbm) - 4, label))
    if own is not None:
        label = _("ch %(channel)d, now", channel=own)
        shapes.append(Shape(lobe(own, own_dbm), "own", label, _x2(own), _y(own_dbm) - 4, label))
    strong = {own, crowding.better if crowding and crowding.crowded else None}
    ticks = tuple(Tick(_x2(channel), str(channel), channel in strong) for channel in range(1, 14))
    return ChannelDrawing("2g", tuple(shapes), ticks, _GRID, None, _says_2g(own, near, crowding))


def _near(n: Neighbour, d: str, x: float) -> Shape:
    return Shape(d, "near", "", x, _y(n.signal_dbm), f"{n.ssid or _('hidden network')}, {words.quantity(n.signal_dbm, 'dBm')}")


def _says_2g(own: int | None, near: Sequence[Neighbour], crowding: Crowding | None) -> str:
    heard = ngettext("%(num)d network is heard on 2.4 GHz", "%(num)d networks are heard on 2.4 GHz", len(near))
    if own is None:
        return heard + "."
    if crowding is None:
        return _("%(heard)s; this router uses channel %(channel)d.", heard=heard, channel=own)
    if not crowding.overlapping:
        return _("%(heard)s; none of them disturbs channel %(channel)d.", heard=heard, channel=own)
    disturb = ngettext("%(num)d of them disturbs channel %(channel)d", "%(num)d of them disturb channel %(channel)d", crowding.overlapping, channel=own)
    if crowding.crowded and crowding.better is not None:
        return _("%(heard)s; %(disturb)s. Channel %(better)d is quieter.", heard=heard, disturb=disturb, better=crowding.better)
    return _("%(heard)s; %(disturb)s.", heard=heard, disturb=disturb)


def _x5(channel: float) -> float:
    """Left edge of a 20 MHz channel; the gaps of the band are drawn narrow."""
    index = next((i for i, c in enumerate(BLOCKS_5G) if c >= channel), len(BLOCKS_5G))
    return round(LEFT + index / len(BLOCKS_5G) * (WIDTH - LEFT - 4), 1)


def block(channel: int, width: int, dbm: float) -> tuple[str, float]:
    """A flat block over the 20 MHz channels of a 5 GHz network, and where its middle is."""
    first, last = block_5g(channel, width)
    a, b, y = _x5(first) + 0.5, _x5(last) + (WIDTH - LEFT - 4) / len(BLOCKS_5G) - 0.5, _y(dbm)
    return f"M{a:.1f} {FLOOR}V{y}H{b:.1f}V{FLOOR}Z", round((a + b) / 2, 1)


def channels_5g(own: int | None, own_width: int, neighbours: Iterable[Neighbour], own_dbm: float = -40) -> ChannelDrawing | None:
    near = sorted((n for n in neighbours if n.band == "5g"), key=lambda n: n.signal_dbm)
    if not near and own is None:
        return None
    shapes = []
    for n in near:
        d, x = block(n.channel, n.width, n.signal_dbm)
        shapes.append(_near(n, d, x))
    if own is not None:
        d, x = block(own, own_width, own_dbm)
        label = _("now, %(width)d MHz wide", width=own_width)
        shapes.append(Shape(d, "own", label, max(x, LEFT + 48), _y(own_dbm) - 4, label))
    ticks = tuple(Tick(_x5(c) + 5, str(c), c == own) for c in (36, 52, 100, 116, 132, 149, 161))
    shaded = (_x5(RADAR_SHARED[0]), _x5(RADAR_SHARED[1]) + (WIDTH - LEFT - 4) / len(BLOCKS_5G))
    heard = ngettext("%(num)d network is heard on 5 GHz", "%(num)d networks are heard on 5 GHz", len(near))
    says = _("%(heard)s; this router uses channel %(channel)d.", heard=heard, channel=own) if own is not None else heard + "."
    return ChannelDrawing("5g", tuple(shapes), ticks, _GRID, shaded, says)


# ---- light on a flat scale -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Zone:
    x: float
    width: float
    look: str


@dataclass(frozen=True, slots=True)
class Scale:
    """A value on its limits: coloured zones, marks at the limits, the needle."""

    zones: tuple[Zone, ...]
    marks: tuple[Tick, ...]
    needle: float
    says: str


def scale(value: float, limits: Limits, unit: str, width: float = 300) -> Scale | None:
    """None without a limit at either side: a scale without bounds says nothing."""
    known = [limit for limit in (limits.bad_low, limits.warn_low, limits.warn_high, limits.bad_high) if limit is not None]
    if not known:
        return None
    span = max(known) - min(known) or abs(known[0]) or 1
    low, high = min(min(known) - span * 0.15, value), max(max(known) + span * 0.15, value)

    def x(number: float) -> float:
        return round((number - low) / (high - low) * width, 1)

    edges: list[tuple[float, float, str]] = []
    start, look = low, "bad" if limits.bad_low is not None else "warn" if limits.warn_low is not None else "ok"
    above_bad = "warn" if limits.warn_low is not None else "ok"
    for limit, following in ((limits.bad_low, above_bad), (limits.warn_low, "ok"), (limits.warn_high, "warn"), (limits.bad_high, "bad")):
        if limit is not None:
            edges.append((start, limit, look))
            start, look = limit, following
    edges.append((start, high, look))
    zones = tuple(Zone(x(a), round(x(b) - x(a), 1), kind) for a, b, kind in edges)
    marks = tuple(Tick(x(limit), words.number(limit, 0 if float(limit).is_integer() else 1)) for limit in known)
    told = _("%(value)s; good is %(low)s to %(high)s.", value=words.quantity(value, unit), low=_bound(limits.warn_low, limits.bad_low, unit),
             high=_bound(limits.warn_high, limits.bad_high, unit))  # fmt: skip
    return Scale(zones, marks, x(value), told)


def _bound(inner: float | None, outer: float | None, unit: str) -> str:
    limit = inner if inner is not None else outer
    return _("any") if limit is None else words.quantity(limit, unit)

"""How a campaign goes about its devices: canary, waves, rate, window, what stops it. Pure values, read from what a form or a program gives."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from acs.campaigns.windows import Window, read_window
from acs.errors import Invalid

DAY_S = 86_400
MAX_WAVES = 12
MAX_GATES = 8
SIGNALS = ("reboots", "offline", "alarms", "settings_lost", "reading")
UNITS = {"minute": 60, "hour": 3600}


@dataclass(frozen=True, slots=True)
class Gate:
    """A sign of health, compared with before the change. A device is bad beyond `allowed`: restarts within the watch, or worsening of `reading`.

    The campaign stops when more than `share` per cent of the measured devices of a wave are bad. `worse` is lower or higher.
    """

    signal: str
    share: float
    allowed: float = 0
    reading: str = ""
    worse: str = "lower"


@dataclass(frozen=True, slots=True)
class Plan:
    """`waves` are cumulative per cent of the members, the last 100; `canary` a number of devices or, with `canary_percent`, per cent, 0 for none.

    `rate` devices begin per `rate_unit` (minute, hour), 0: as fast as `in_flight` allows, which is how many may be under way. Each device is
    watched for `watch_s` after its operation. `expires_s` after the start, members that never came are given up. `max_failures` and
    `max_failed_share` (per cent, of at least `min_measured` devices) stop it, as do gates. `on_stop`: pause, or roll_back.
    """

    canary: float = 0
    canary_percent: bool = False
    waves: tuple[float, ...] = (100.0,)
    rate: int = 0
    rate_unit: str = "minute"
    in_flight: int = 50
    window: Window | None = None
    watch_s: int = 600
    expires_s: int = 14 * DAY_S
    wake: bool = True
    max_failures: int | None = None
    max_failed_share: float | None = 10.0
    min_measured: int = 5
    gates: tuple[Gate, ...] = field(default=())
    on_stop: str = "pause"

    def interval_s(self) -> float:
        """Seconds between two devices, 0 where there is no rate."""
        return UNITS[self.rate_unit] / self.rate if self.rate else 0.0

    def canaries(self, members: int) -> int:
        """How many of so many members are canaries: at least one if there is a canary at all, never more than there are."""
        if not self.canary:
            return 0
        wanted = math.ceil(members * self.canary / 100) if self.canary_percent else int(self.canary)
        return min(max(1, wanted), members)

    def wave_of(self, place: int) -> int:
        """The wave (from 1) of the member at this place of the list: neighbours go to different waves, each wave gets its share to within a few."""
        at = 100 * ((place * 0.6180339887498949) % 1.0)
        return next((number for number, end in enumerate(self.waves, 1) if at < end), len(self.waves))

    def as_document(self) -> dict[str, Any]:
        document = asdict(self)
        document["waves"], document["gates"] = list(self.waves), [asdict(gate) for gate in self.gates]
        document["window"] = None if self.window is None else self.window.as_document()
        return document


def read_plan(given: Mapping[str, Any]) -> Plan:
    """A plan from its document, or from a request. Invalid names the field."""
    unknown = sorted(set(given) - set(Plan.__dataclass_fields__))
    if unknown:
        raise Invalid(f"A plan has no {unknown[0]!r}.", unknown[0])
    base = Plan()
    percent = bool(given.get("canary_percent", False))
    canary = _number(given, "canary", base.canary, 0, 100 if percent else 10_000)
    if not percent and canary != int(canary):
        raise Invalid(f"canary is a whole number of devices, not {canary}.", "canary")
    unit = _choice(given, "rate_unit", base.rate_unit, tuple(UNITS))
    window = given.get("window")
    return Plan(
        canary, percent, _waves(given.get("waves", base.waves)), int(_number(given, "rate", 0, 0, 1_000_000)), unit,
        int(_number(given, "in_flight", base.in_flight, 1, 5000)), None if not window else read_window(window),
        int(_number(given, "watch_s", base.watch_s, 0, 7 * DAY_S)), int(_number(given, "expires_s", base.expires_s, 60, 90 * DAY_S)),
        bool(given.get("wake", True)), _maybe(given, "max_failures", base.max_failures, 1, 10_000_000, int),
        _maybe(given, "max_failed_share", base.max_failed_share, 0, 100, float), int(_number(given, "min_measured", base.min_measured, 1, 100_000)),
        _gates(given.get("gates") or ()), _choice(given, "on_stop", base.on_stop, ("pause", "roll_back")),
    )  # fmt: skip


def _number(given: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    raw = given.get(name, default)
    if raw in ("", None):
        raw = default
    try:
        value = float(raw)
    except (TypeError, ValueError):
        raise Invalid(f"{name} must be a number, not {raw!r}.", name) from None
    if not low <= value <= high:
        raise Invalid(f"{name} must be {low:g} to {high:g}; {value:g} is outside.", name)
    return value


def _maybe(given: Mapping[str, Any], name: str, default: float | None, low: float, high: float, to: Callable[[float], Any]) -> Any:
    if name not in given:
        return default
    if given[name] in ("", None):
        return None
    return to(_number(given, name, 0, low, high))


def _choice(given: Mapping[str, Any], name: str, default: str, among: Sequence[str]) -> str:
    value = str(given.get(name) or default)
    if value not in among:
        raise Invalid(f"{name} is one of {', '.join(among)}, not {value!r}.", name)
    return value


def _waves(given: Any) -> tuple[float, ...]:
    """Cumulative per cent; 100 is added at the end where it is missing."""
    parts = [part for part in given.replace("%", " ").replace(",", " ").split() if part] if isinstance(given, str) else list(given or ())
    try:
        ends = [float(part) for part in parts]
    except (TypeError, ValueError):
        raise Invalid(f"waves are per cent of the devices reached, such as 5, 25, 100; {given!r} is not.", "waves") from None
    if not ends or ends[-1] < 100:
        ends.append(100.0)
    if any(not 0 < end <= 100 for end in ends) or any(b <= a for a, b in pairwise(ends)):
        raise Invalid("waves rise from above 0 to 100 per cent, each larger than the one before.", "waves")
    if len(ends) > MAX_WAVES:
        raise Invalid(f"At most {MAX_WAVES} waves; {len(ends)} were given.", "waves")
    return tuple(ends)


def _gates(given: Any) -> tuple[Gate, ...]:
    if not isinstance(given, list | tuple) or len(given) > MAX_GATES:
        raise Invalid(f"gates is a list of at most {MAX_GATES}.", "gates")
    found: list[Gate] = []
    for item in given:
        if not isinstance(item, Mapping):
            raise Invalid(f"gates: {item!r} is no gate.", "gates")
        signal = _choice(item, "signal", "", SIGNALS)
        reading = str(item.get("reading") or "").strip()
        if signal == "reading" and not reading:
            raise Invalid("gates: which reading? A canonical name such as optical.rx_power_dbm is needed.", "gates")
        least = 1 if signal == "reboots" else 0
        gate = Gate(
            signal, _number(item, "share", 10, 0, 100), _number(item, "allowed", least, least, 1_000_000), reading if signal == "reading" else "",
            _choice(item, "worse", "lower", ("lower", "higher")),
        )  # fmt: skip
        if any((gate.signal, gate.reading) == (other.signal, other.reading) for other in found):
            raise Invalid(f"gates: {reading or signal} is named twice.", "gates")
        found.append(gate)
    return tuple(found)

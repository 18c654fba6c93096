"""The campaign form: plain fields, read into what services take, and given back as they were typed."""

from collections.abc import Mapping
from typing import Any

from acs.errors import Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GATES = ("reboots", "offline", "alarms", "settings_lost")


def blank() -> dict[str, Any]:
    """A form nobody has filled in: a careful campaign."""
    return {
        "name": "", "note": "", "selection": "", "spared": "", "spared_devices": "", "action": "firmware", "kind": "reboot", "image": "", "values": "",
        "paths": "", "interval_s": "300", "canary": "10", "canary_percent": "", "waves": "5, 25, 100", "rate": "60", "rate_unit": "minute", "in_flight": "50",
        "window_start": "", "window_end": "", "days": list(DAYS), "spread_min": "0", "watch_min": "30", "expires_days": "14", "max_failures": "",
        "max_failed_share": "10", "min_measured": "5", "on_stop": "roll_back", "gates": ["reboots", "offline"], "gate_share": "10", "reboots_allowed": "2",
        "reading": "", "reading_allowed": "2", "reading_worse": "lower",
    }  # fmt: skip


def filled(form: Mapping[str, str]) -> dict[str, Any]:
    """What was typed, to show it again."""
    lists = {name: form.getlist(name) for name in ("days", "gates")}  # type: ignore[attr-defined]
    return {**blank(), **{name: form[name] for name in form if name not in lists}, **lists, "canary_percent": form.get("canary_percent", "")}


def described(form: Mapping[str, str]) -> dict[str, Any]:
    """A campaign as services take it. Invalid names the field for what is no number."""
    given = filled(form)
    window = None
    if given["window_start"] or given["window_end"]:
        window = {"start": given["window_start"], "end": given["window_end"], "days": given["days"], "spread_min": given["spread_min"]}
    gates = [
        {"signal": name, "share": given["gate_share"], "allowed": given["reboots_allowed"] if name == "reboots" else 0}
        for name in given["gates"]
        if name in GATES
    ]
    if given["reading"].strip():
        gates.append(
            {
                "signal": "reading", "reading": given["reading"].strip(), "share": given["gate_share"], "allowed": given["reading_allowed"],
                "worse": given["reading_worse"],
            }
        )  # fmt: skip
    return {
        "name": given["name"], "note": given["note"], "selection": given["selection"], "spared": given["spared"],
        "spared_devices": given["spared_devices"].split(), **_action(given),
        "plan": {
            "canary": given["canary"], "canary_percent": given["canary_percent"] == "yes", "waves": given["waves"], "rate": given["rate"],
            "rate_unit": given["rate_unit"], "in_flight": given["in_flight"], "window": window, "watch_s": _scaled(given, "watch_min", 60),
            "expires_s": _scaled(given, "expires_days", 86_400), "max_failures": given["max_failures"], "max_failed_share": given["max_failed_share"],
            "min_measured": given["min_measured"], "gates": gates, "on_stop": given["on_stop"],
        },
    }  # fmt: skip


def _scaled(given: Mapping[str, Any], name: str, factor: int) -> float:
    try:
        return float(given[name] or 0) * factor
    except ValueError:
        raise Invalid(f"{name} must be a number, not {given[name]!r}.", name) from None


def _action(given: Mapping[str, Any]) -> dict[str, Any]:
    if given["action"] == "firmware":
        return {"action": "firmware", "args": {"image": given["image"]}}
    kind, args = given["kind"], {}
    if kind == "write":
        args = {"values": [_setting(line) for line in given["values"].splitlines() if line.strip()]}
    elif kind in ("read", "refresh"):
        args = {"paths" if kind == "read" else "prefixes": given["paths"].split()}
    elif kind == "inform_interval":
        args = {"interval_s": given["interval_s"]}
    return {"action": "operation", "args": {"kind": kind, "args": args}}


def _setting(line: str) -> list[str]:
    path, sign, value = line.partition("=")
    if not sign:
        raise Invalid(f"{line.strip()[:80]!r} is no setting: write path = value.", "values")
    value = value.strip()
    kind = "boolean" if value.lower() in ("true", "false") else "string"
    return [path.strip(), value, kind]

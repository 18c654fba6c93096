"""The registry as a file: TOML, one table per entry, and for each model the knobs of our simulator that behave like it.

`[[quirk]]` is what an import reads. `[simulator.<name>]` has the shape of the simulator's own profiles: a file of ours given to it makes
devices that are odd in the same way. What the simulator has no knob for is left out there. Pure: text in, text out.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any

from acs.errors import Invalid
from acs.provisioning.quirks import State
from acs.quirks.views import QuirkView

FORMAT = 1
MAX_BYTES, MAX_ENTRIES = 2 * 1024 * 1024, 20_000

Knobs = Mapping[str, Any]


def _flag(**knobs: Any) -> Callable[[Any, str], Knobs]:
    """Knobs of a flag that is set; one that is not set is played by doing nothing."""
    return lambda value, item: knobs if value is True else {}


SIMULATED: Mapping[str, Callable[[Any, str], Knobs]] = {
    "read_batch": lambda value, item: {"before": [f"at-most {value} 9004"]},
    "refused_names": lambda value, item: {"before": [f"unreadable {item.rpartition('.')[2]}"]},
    "root_names_refused": _flag(before=["root-names 9005"]),
    "deep_names_refused": _flag(before=["whole-tree 9004"]),
    "next_level_refused": _flag(after=["next-level-nothing"]),
    "lists_itself": _flag(after=["lists-itself"]),
    "partial_reads_refused": _flag(before=["partial-path 9002"]),
    "hidden": lambda value, item: {"after": ["stars"]},
    "boolean_literal": lambda value, item: {"before": ["booleans-only 0 1" if value == "digits" else "booleans-only true false"]},
    "needs_restart": _flag(after=["write-status 1"]),
    "parameter_key_lost": _flag(inform=["parameter-key 0"], after=["parameter-key 0"]),
    "instance_unusable": _flag(after=["instance-number 0"]),
    "instances_reused": _flag(before=["reuse-numbers"]),
    "not_ready_s": lambda value, item: {"before": [f"not-ready {value} 9002"]},
    "no_transfer_complete": _flag(transfer_complete=False),
    "second_boot": _flag(files=["second-boot"]),
    "files_http_only": _flag(files=["no-https"]),
    "files_need_name": _flag(files=["host-name"]),
    "files_exact_size": _flag(files=["exact-size"]),
    "request_basic": _flag(cr_basic=True),
    "udp_sorted": _flag(udp=["sorted-hmac"]),
    "three_empties": _flag(empties=3),
}
"""Knob of the registry → knobs of the simulator that reproduce it (simulators/quirks)."""


def written(views: Sequence[QuirkView], now: datetime) -> str:
    lines = [f"# Quirks of devices, exported by Hearthline on {now:%Y-%m-%d %H:%M} UTC.", f"format = {FORMAT}", ""]
    for view in views:
        lines += ["[[quirk]]", *(f"{name} = {_toml(value)}" for name, value in _plain(view).items()), ""]
    for name, knobs in simulated(views).items():
        lines += [f"[simulator.{json.dumps(name)}]", *(f"{key} = {_toml(value)}" for key, value in knobs.items()), ""]
    return "\n".join(lines)


def _plain(view: QuirkView) -> dict[str, Any]:
    """What is not as it is by default."""
    told = {
        "oui": view.oui, "product_class": view.product_class, "firmware": view.firmware, "knob": view.knob, "item": view.item, "value": view.value,
        "state": view.state, "pinned": view.pinned, "origin": view.origin, "note": view.note,
    }  # fmt: skip
    silent = {"oui": "", "product_class": "", "firmware": "", "item": "", "state": State.ACTIVE.value, "pinned": False, "note": ""}
    return {name: value for name, value in told.items() if name not in silent or value != silent[name]}


def simulated(views: Iterable[QuirkView]) -> dict[str, dict[str, Any]]:
    """A simulator profile per model and firmware that has something to play."""
    profiles: dict[str, dict[str, Any]] = {}
    for view in views:
        knobs = SIMULATED.get(view.knob)
        played = knobs(view.value, view.item) if knobs is not None and view.state == State.ACTIVE.value else {}
        if not played:
            continue
        name = "-".join(re.sub(r"[^a-z0-9.]+", "-", part.lower()).strip("-") for part in view.scope if part) or "any"
        profile = profiles.setdefault(name, {"says": f"as {' '.join(part for part in view.scope if part)} does"})
        for key, value in played.items():
            profile[key] = list(dict.fromkeys([*profile.get(key, ()), *value])) if isinstance(value, list) else value
    return profiles


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(str(key))} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def field_text() -> str:
    """What is known of models of the field, as a file to import."""
    return (files("acs.quirks") / "seed" / "field.toml").read_text("utf-8")


def read(text: str) -> list[dict[str, Any]]:
    """The entries of a file, unchecked. Invalid for what is no such file."""
    if len(text.encode()) > MAX_BYTES:
        raise Invalid(f"The file is larger than {MAX_BYTES >> 20} MiB.", "file")
    try:
        given = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Invalid(f"The file is no TOML: {error}.", "file") from None
    if given.get("format") != FORMAT:
        raise Invalid(f"The file does not say format = {FORMAT}: it is not an export of quirks.", "file")
    entries = given.get("quirk", [])
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise Invalid("The entries of the file are not [[quirk]] tables.", "file")
    if len(entries) > MAX_ENTRIES:
        raise Invalid(f"The file has {len(entries)} entries; at most {MAX_ENTRIES:,} are taken at once.", "file")
    return entries

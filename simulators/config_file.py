"""The vendor configuration file of a simulated CPE: its own settings as JSON, given at Upload, taken back at Download type 3.

Management credentials are left out, so that an old file cannot lock a device out of its ACS (conformance I-34, I-35).
"""

from __future__ import annotations

import json
from typing import Any

from simulators.cpe import Cpe
from simulators.profile import sort_key

FORMAT = "hearthline-config/1"
_LEFT_OUT = ("URL", "Username", "Password", "ConnectionRequestUsername", "ConnectionRequestPassword", "ParameterKey", "EnableCWMP")


def dump(cpe: Cpe) -> bytes:
    """Every writable value, hidden ones too, and which rows there are."""
    tree = cpe.tree
    left_out = {cpe.management(leaf) for leaf in _LEFT_OUT}
    values = {}
    for path in tree.under(tree.root):
        leaf = tree.leaf(path)
        if leaf is not None and leaf.entry.writable and path not in left_out and not path.endswith(".DiagnosticsState"):
            values[path] = tree.value(path)
    said = {"format": FORMAT, "model": cpe.facts.profile.name, "serial": cpe.serial, "version": cpe.facts.version}
    return json.dumps({**said, "rows": _rows(cpe), "values": values}, indent=1).encode()


def _rows(cpe: Cpe) -> list[str]:
    """Rows the ACS may delete: those that are configuration."""
    tree = cpe.tree
    instances = [path for path in tree.objects_under(tree.root) if path.rstrip(".").rpartition(".")[2].isdigit()]
    return [path for path in instances if tree.may_add_or_delete(path)]


def restore(cpe: Cpe, raw: bytes) -> None:
    """Make the configuration that of the file. ValueError with a sentence when it is no such file, or another model's.

    Values that change count as changed by the device itself (conformance K-41).
    """
    try:
        said: dict[str, Any] = json.loads(raw)
        if said["format"] != FORMAT:
            raise ValueError("not a configuration file of this device")
        rows, values, model = list(said["rows"]), dict(said["values"]), str(said["model"])
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError):
        raise ValueError("not a configuration file of this device") from None
    if model != cpe.facts.profile.name:
        raise ValueError(f"the configuration is of a {model[:40]}, this is a {cpe.facts.profile.name}")
    tree = cpe.tree
    for row in [row for row in _rows(cpe) if row not in rows]:
        if tree.is_object(row):
            tree.delete_row(row)
    for row in sorted((row for row in rows if not tree.is_object(row)), key=sort_key):
        table, _, number = row.rstrip(".").rpartition(".")
        if tree.may_add_or_delete(table + ".") and number.isdigit():
            tree.add_row(table + ".", int(number))
    left_out = {cpe.management(leaf) for leaf in _LEFT_OUT}
    for path, text in values.items():
        leaf = tree.leaf(path)
        if leaf is not None and leaf.entry.writable and path not in left_out and tree.value(path) != str(text):
            cpe.change(path, str(text))
    cpe.facts.note("configuration restored from file")

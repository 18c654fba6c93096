"""Canonical parameters: one vendor-neutral name per thing people care about, mapped to TR-181, TR-098 and vendor paths.

Screens, workflows and monitors speak these names ("wifi.2g.channel"); the mapping is data in `data/*.toml`. For one
device: `Resolver(tree, root)` with `.get(name)`, `.rows(table)` and `.all()`, and `to_raw(resolver, name, value)` for writing.
"""

from __future__ import annotations

from collections.abc import Mapping

from datamodels.canonical.catalogue import catalogue
from datamodels.canonical.convert import Demand, Refused
from datamodels.canonical.explaining import Explanation, Fate, Turn, explain
from datamodels.canonical.resolver import Resolver, described, described_table, known_root, resolve
from datamodels.canonical.shapes import CanonicalParameter, Column, Correction, Health, Limits, Resolved, Row, Table, Value, ValueType
from datamodels.canonical.writing import Write, to_raw
from datamodels.tree import template_of

__all__ = [
    "CanonicalParameter",
    "Column",
    "Correction",
    "Demand",
    "Explanation",
    "Fate",
    "Health",
    "Limits",
    "Refused",
    "Resolved",
    "Resolver",
    "Row",
    "Table",
    "Turn",
    "Value",
    "ValueType",
    "Write",
    "describe",
    "describe_table",
    "explain",
    "group_label",
    "groups",
    "judge",
    "names",
    "prefixes",
    "resolve",
    "tables",
    "to_raw",
]


def names(group: str | None = None) -> tuple[str, ...]:
    """All canonical names in the order of the data files, or those of one group."""
    return tuple(name for name, each in catalogue().parameters.items() if group is None or each.group == group)


def groups() -> tuple[str, ...]:
    """The first parts of all names of parameters and tables ("system", "wifi" …) in the order of screens."""
    return tuple(catalogue().groups)


def group_label(group: str) -> str:
    """ "WiFi" for "wifi". KeyError naming it, if there is no such group."""
    label = catalogue().groups.get(group)
    if label is None:
        raise KeyError(f"no canonical group {group!r}; there are {', '.join(catalogue().groups)}")
    return label


def describe(name: str) -> CanonicalParameter:
    """KeyError naming it, if it is not canonical."""
    return described(name)


def tables() -> tuple[str, ...]:
    """ "lan.hosts", "wifi.clients" …"""
    return tuple(catalogue().tables)


def describe_table(name: str) -> Table:
    """Label and columns. KeyError naming it, if there is no such table."""
    return described_table(name)


def judge(name: str, value: Value) -> Health | None:
    """Is this reading good, worth a warning or bad? None where the name has no limits or there is no number."""
    limits = described(name).limits
    if limits is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return limits.judge(value)


def prefixes(root: str, group: str, tree: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Partial paths (ending in a dot) worth reading to refresh a group, kept small; empty where the root has none.

    Instance numbers come from `tree`, so that nothing is asked for that a device does not have; without it they are 1.
    KeyError for an unknown root or group.
    """
    known = catalogue().prefixes[known_root(root)]
    group_label(group)
    templates = known.get(group, ())
    if tree is None:
        return tuple(template.replace("{i}", "1") for template in templates)
    return tuple(dict.fromkeys(path for template in templates for path in _present(template, tree)))


def _present(template: str, tree: Mapping[str, str]) -> list[str]:
    depth = template.count(".")
    starts = dict.fromkeys(".".join(path.split(".", depth)[:depth]) + "." for path in tree if path.count(".") >= depth)
    return [start for start in starts if template_of(start) == template]

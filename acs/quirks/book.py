"""The registry as a worker keeps it in memory: what holds for a device is a look into a dict, never a query.

Loaded when the worker starts and again when a hint says that the registry changed. Read from the writer's thread and the reactor's: a
reload puts a whole new state in place of the old one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from acs.provisioning.quirks import DeviceQuirks, Entry, fitting, merged

_MOST = 20_000
"""Kinds of devices kept at once, by identity and firmware."""

Kind = tuple[int, str, str, str]


class QuirkBook:
    def __init__(self) -> None:
        self._state: tuple[Mapping[int, Sequence[Entry]], dict[Kind, tuple[tuple[Entry, ...], DeviceQuirks]]] = ({}, {})

    def replace(self, entries: Mapping[int, Sequence[Entry]]) -> None:
        """Entries that are active or turned off, by tenant."""
        self._state = (entries, {})

    def of(self, tenant: int, oui: str, product_class: str, firmware: str, own: Any = None) -> DeviceQuirks:
        """What holds for a device; `own` is the document of its head row."""
        entries, known = self._state
        kind = (tenant, oui, product_class, firmware)
        found = known.get(kind)
        if found is None:
            if len(known) >= _MOST:
                known.clear()
            fit = fitting(entries.get(tenant, ()), oui, product_class, firmware)
            found = known[kind] = (fit, merged(fit))
        taught = own_of(own, firmware)
        return merged(found[0], taught) if taught else found[1]


def own_of(document: Any, firmware: str) -> list[tuple[str, str, Any]]:
    """What a device taught us, out of its head row; nothing once it runs another firmware."""
    if not document or document.get("firmware") != firmware:
        return []
    return [(knob, item, value) for knob, item, value in document["known"]]


def document_of(known: Sequence[tuple[str, str, Any]], firmware: str) -> Any:
    return {"firmware": firmware, "known": [list(one) for one in known]} if known else None

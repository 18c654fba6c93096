"""What can be asked of a device: every field of the query language by name, with its kind, its place and its words. Pure.

A field is a column of the head row, a canonical reading that is kept for lists (`indexed = true` in datamodels/canonical/data), or something
of its own (tag, group, operation). compiling.py makes SQL of it, heads.py answers from a head row alone.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from datamodels import canonical
from datamodels.canonical import ValueType


class Kind(StrEnum):
    """How a field is compared."""

    WORD = "word"
    """Text that many devices share: a model, a manufacturer."""
    VERSION = "version"
    NAME = "name"
    """Text of one device: a serial number, a note."""
    ADDRESS = "address"
    CHOICE = "choice"
    INSTANT = "instant"
    DURATION = "duration"
    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"
    TAG = "tag"
    GROUP = "group"
    OPERATION = "operation"


PRESENCES = ("online", "silent", "never", "quarantine", "blocked")
ALARMS = ("none", "indeterminate", "warning", "minor", "major", "critical")
"""Severities in their order, as `alarm_severity` of the head row counts them."""
TRUSTS = ("admitted", "quarantine", "blocked")


@dataclass(frozen=True, slots=True)
class Field:
    """`column` is the attribute of the head row, `reading` the canonical name; of a field of its own both are empty.

    `quick`: an index leads to it. `unit` is what a number without a unit is in.
    """

    name: str
    kind: Kind
    help: str
    column: str = ""
    reading: str = ""
    aliases: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    unit: str = ""
    quick: bool = True


_HEAD = (
    Field("model", Kind.WORD, "Model name", "model"),
    Field("manufacturer", Kind.WORD, "Manufacturer", "manufacturer", aliases=("vendor",)),
    Field("oui", Kind.WORD, "OUI, six hex digits", "oui"),
    Field("product_class", Kind.WORD, "Product class", "product_class"),
    Field("serial", Kind.NAME, "Serial number; ABC* for its beginning", "serial_number", aliases=("serial_number", "sn")),
    Field("key", Kind.NAME, "OUI-ProductClass-SerialNumber", "key"),
    Field("version", Kind.VERSION, "Software version; < and > know that 1.10 is after 1.9", "software_version", aliases=("software_version", "firmware", "sw")),
    Field("hardware_version", Kind.VERSION, "Hardware version", "hardware_version", aliases=("hardware", "hw")),
    Field("root", Kind.CHOICE, "Data model", "root", words=("Device", "InternetGatewayDevice"), quick=False),
    Field("address", Kind.ADDRESS, "Address it connects from, or a network such as 192.0.2.0/24", "address"),
    Field("wan_address", Kind.ADDRESS, "Its WAN address, or a network such as 10.0.0.0/8", "wan_address", aliases=("wan", "ip")),
    Field("trust", Kind.CHOICE, "Whether it is let in", "trust", words=TRUSTS),
    Field("presence", Kind.CHOICE, "How it stands towards us, by its own interval", words=PRESENCES, aliases=("status",)),
    Field("alarm", Kind.CHOICE, "Its worst open alarm", words=ALARMS, aliases=("alarms", "severity")),
    Field("last_inform", Kind.INSTANT, "When it spoke last: last_inform < 1h ago", "last_inform_at", aliases=("last_seen", "seen")),
    Field("first_seen", Kind.INSTANT, "When it first spoke", "first_seen_at"),
    Field("last_boot", Kind.INSTANT, "When it started last", "last_boot_at", aliases=("boot",), quick=False),
    Field("inform_interval", Kind.DURATION, "How often it speaks: 15m, 1h", "inform_interval_s", aliases=("interval",), unit="s"),
    Field("informs", Kind.NUMBER, "How often it spoke so far", "inform_count", quick=False),
    Field("parameter_key", Kind.NAME, "Its ParameterKey", "parameter_key", quick=False),
    Field("note", Kind.NAME, "Words in its note", "note", quick=False),
    Field("preregistered", Kind.FLAG, "Entered before it was seen", "preregistered", words=("yes", "no"), quick=False),
    Field("tag", Kind.TAG, "A tag it wears: tag:vip"),
    Field("group", Kind.GROUP, "A saved group: group:\"canaries\""),
    Field("operation", Kind.OPERATION, "A kind of operation that is open", aliases=("open",)),
    Field("failed", Kind.OPERATION, "A kind of operation that failed"),
)  # fmt: skip

_SHORT = {
    "optical.rx_power_dbm": ("rx_power", "rx"),
    "optical.tx_power_dbm": ("tx_power", "tx"),
    "system.uptime_s": ("uptime",),
    "system.cpu_percent": ("cpu",),
    "system.memory_free_percent": ("memory_free",),
}
"""Names people use for readings. Beside these the last part of a name counts wherever it is the only one."""

_TYPES = {
    ValueType.INT: Kind.NUMBER, ValueType.FLOAT: Kind.NUMBER, ValueType.BOOL: Kind.FLAG, ValueType.ENUM: Kind.CHOICE,
}  # fmt: skip


@cache
def all_fields() -> tuple[Field, ...]:
    """Fields of the head first, then readings in the order of their files."""
    indexed = [each for each in map(canonical.describe, canonical.names()) if each.indexed and not each.secret]
    taken = {name for field in _HEAD for name in (field.name, *field.aliases)}
    taken |= {name for names in _SHORT.values() for name in names}
    lasts = [each.name.rpartition(".")[2] for each in indexed]
    found = list(_HEAD)
    for each in indexed:
        last = each.name.rpartition(".")[2]
        own = (last,) if lasts.count(last) == 1 and last not in taken else ()
        kind = _TYPES.get(each.type, Kind.TEXT)
        words = each.words if kind is Kind.CHOICE else ("yes", "no") if kind is Kind.FLAG else ()
        found.append(Field(each.name, kind, each.label, reading=each.name, aliases=(*_SHORT.get(each.name, ()), *own), words=words, unit=each.unit))
    return tuple(found)


@cache
def by_name() -> dict[str, Field]:
    """Fields by every name they answer to, in small letters."""
    return {name.lower(): field for field in all_fields() for name in (field.name, *field.aliases)}


def field_named(name: str) -> Field | None:
    return by_name().get(name.lower())

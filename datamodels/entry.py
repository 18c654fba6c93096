"""What one object or parameter of a BBF data model says: type, access, limits, meaning.

Only shapes. `reader.py` fills them from the XML, `compiled.py` stores them, `tree.py` looks them up and
`check.py` judges values by them. Words follow TR-106 Amendment 8 (the DM XML language).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """An object's template ends in a dot; a parameter's does not."""

    OBJECT = "object"
    PARAMETER = "parameter"


class Status(StrEnum):
    """Only moves up. Deleted items are not in our models at all (TR-106 §A.2.7)."""

    CURRENT = "current"
    DEPRECATED = "deprecated"
    OBSOLETED = "obsoleted"
    DELETED = "deleted"


class Range(NamedTuple):
    """Both ends count; None is an open end. Numbers are kept as text because `decimal` has no binary form."""

    minimum: str | None
    maximum: str | None
    step: str | None = None


class Size(NamedTuple):
    """Characters of a string, decoded bytes of a hexBinary or base64; None is no upper end."""

    minimum: int
    maximum: int | None


class EnumValue(NamedTuple):
    """`writable` is False for a value that a device may report but nobody may set, such as `Complete`."""

    value: str
    writable: bool = True


class Syntax(NamedTuple):
    """Everything about a value that many parameters share; the compiled index stores each once.

    `type` is the base type on the wire without prefix ("unsignedInt"), of an item when `is_list`.
    `data_type` is the BBF name it came from ("MACAddress"), None for a plain one. Alternatives in `ranges`, `sizes`
    and `patterns` are OR-ed. `list_sizes` limits the whole list text, `list_items` the number of items.
    `enum_ref` is the template (without the mount of a service) of the parameter whose items are the allowed values, `enums` then
    all it could list; `path_targets` are the tables a path may point into.
    """

    type: str
    data_type: str | None = None
    is_list: bool = False
    units: str | None = None
    enums: tuple[EnumValue, ...] = ()
    ranges: tuple[Range, ...] = ()
    sizes: tuple[Size, ...] = ()
    patterns: tuple[str, ...] = ()
    hidden: bool = False
    secured: bool = False
    command: bool = False
    is_path: bool = False
    path_targets: tuple[str, ...] = ()
    enum_ref: str | None = None
    list_sizes: tuple[Size, ...] = ()
    list_items: Size | None = None


OBJECT_SYNTAX = Syntax(type="object")


class UniqueKey(NamedTuple):
    """A functional key holds only among enabled rows, any other always (TR-106 §A.2.10)."""

    functional: bool
    parameters: tuple[str, ...]


def _no_text(_index: int) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One object or parameter. `template` is the full path with `{i}` for every instance number.

    For an object: `writable` and `creatable` say that AddObject and DeleteObject are allowed, `min_entries` and
    `max_entries` (None: unbounded) how many rows there may be, `num_entries_parameter` (in the parent) and
    `enable_parameter` (in the row) are names without path.
    For a parameter: `write_once` is BBF's writeOnceReadOnly, `default` is the value after AddObject,
    `factory_default` the one after a factory reset; None where the model says nothing.
    `since` is the model version ("2.4"), "" where the file has none (all of TR-098).
    `active_notify` is normal, forceEnabled, forceDefaultEnabled or canDeny.
    """

    template: str
    kind: Kind
    writable: bool = False
    syntax: Syntax = OBJECT_SYNTAX
    write_once: bool = False
    default: str | None = None
    factory_default: str | None = None
    forced_inform: bool = False
    active_notify: str = "normal"
    min_entries: int = 1
    max_entries: int | None = 1
    num_entries_parameter: str | None = None
    enable_parameter: str | None = None
    unique_keys: tuple[UniqueKey, ...] = ()
    since: str = ""
    status: Status = Status.CURRENT
    text_index: int = 0
    texts: Callable[[int], str] = field(default=_no_text, repr=False, compare=False)

    @property
    def description(self) -> str:
        """The first 300 characters or so in plain words. The first call on a model reads its texts (about 15 ms)."""
        return self.texts(self.text_index)

    @property
    def name(self) -> str:
        """Last part of the path: "Channel"; of a table "Radio", of an object "DeviceInfo"."""
        return self.template.removesuffix(".").removesuffix(".{i}").rpartition(".")[2]

    @property
    def is_object(self) -> bool:
        return self.kind is Kind.OBJECT

    @property
    def is_table(self) -> bool:
        return self.template.endswith(".{i}.")

    @property
    def creatable(self) -> bool:
        """AddObject is allowed on it."""
        return self.writable and self.is_table

    @property
    def type(self) -> str:
        """ "unsignedInt", "string" …; "object" for an object. Of a list it is the type of an item."""
        return self.syntax.type

    @property
    def is_list(self) -> bool:
        return self.syntax.is_list

    @property
    def units(self) -> str | None:
        return self.syntax.units

    @property
    def enums(self) -> tuple[EnumValue, ...]:
        return self.syntax.enums

    @property
    def ranges(self) -> tuple[Range, ...]:
        return self.syntax.ranges

    @property
    def sizes(self) -> tuple[Size, ...]:
        return self.syntax.sizes

    @property
    def patterns(self) -> tuple[str, ...]:
        return self.syntax.patterns

    @property
    def hidden(self) -> bool:
        """Reads back as an empty value, whatever was written."""
        return self.syntax.hidden

    @property
    def secured(self) -> bool:
        return self.syntax.secured

    @property
    def command(self) -> bool:
        """Writing it starts something; it is not configuration."""
        return self.syntax.command


@dataclass(frozen=True, slots=True)
class Document:
    """A data model as read from one file. `entries` hold objects and parameters in file order, a parent before its children.

    `texts` are the descriptions that `Entry.text_index` points into. `copyright` are the lines that must travel along.
    """

    name: str
    is_service: bool
    source: str
    copyright: tuple[str, ...]
    entries: tuple[Entry, ...]
    texts: tuple[str, ...]

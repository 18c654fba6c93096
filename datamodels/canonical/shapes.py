"""What a canonical parameter, a selector and a table are: the frozen shapes the TOML files are read into.

`catalogue.py` fills them, `selectors.py` and `resolver.py` read them, `writing.py` turns values back into paths with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

Value = str | int | float | bool | tuple[str, ...] | None
"""What a canonical parameter holds; None where the device gives no reading or text that makes no sense."""


class ValueType(StrEnum):
    """`mac` and `datetime` are text: a MAC address in capitals with colons, a date as the device wrote it (K-37)."""

    TEXT = "text"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    ENUM = "enum"
    LIST = "list"
    MAC = "mac"
    IP = "ip"
    DATETIME = "datetime"


class Health(StrEnum):
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reading should stay within, in the unit of its parameter. None: no such limit."""

    bad_low: float | None = None
    warn_low: float | None = None
    warn_high: float | None = None
    bad_high: float | None = None

    def judge(self, number: float) -> Health:
        if (self.bad_low is not None and number < self.bad_low) or (self.bad_high is not None and number > self.bad_high):
            return Health.BAD
        if (self.warn_low is not None and number < self.warn_low) or (self.warn_high is not None and number > self.warn_high):
            return Health.WARN
        return Health.GOOD


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of one row: `leaf` is a parameter of it, `test` a word that selectors.py knows, `arguments` what it needs."""

    leaf: str
    test: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to find a row. Exactly one of `table`, `named_by`, `below`, `same` says how.

    table: the first row (by instance number) for which all conditions of one alternative hold.
    named_by: a parameter whose value is the path of the row.
    below: the first row of `kind` under that anchor, following LowerLayers.
    same: that anchor's own row, if its path has `kind` in it.
    `sibling` narrows a table to the row with that anchor's instance number; `follow` goes on to the row a parameter names; `nth` takes
    not the first row that fits but that one, counted from 1.
    """

    table: str | None = None
    any_of: tuple[tuple[Condition, ...], ...] = ()
    sibling: str | None = None
    follow: str | None = None
    named_by: str | None = None
    below: str | None = None
    same: str | None = None
    kind: str = ""
    nth: int = 1


@dataclass(frozen=True, slots=True)
class Anchor:
    """A row that many parameters hang on ("radio.2g"), found by the first rule that finds one."""

    name: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A word that several parameters spell together (TR-098 security: H-39). "" in `when` accepts a missing parameter."""

    word: str
    when: Mapping[str, tuple[str, ...]]
    set: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One path that may hold the value, and how its text becomes the value.

    The path is `anchor` + `rest`, or `rest` alone. `words` maps raw text in lower case to a word, `raws` a word to what is
    written. `only` skips this candidate when its text is not in `words`. `scale` times the number is the value; `null` are
    texts that mean no reading. `gather` collects `rest` of all rows of a table into one list. `also` are further
    parameters to write (path, text) if the device has them. `allowed_from` names a parameter listing what may be written.
    `wire` is the type of a parameter the BBF model does not have (vendor extensions). `convert` names a conversion that no
    number can express; convert.py knows them.
    """

    anchor: str | None
    rest: str
    scale: float | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    raws: Mapping[str, str] = field(default_factory=dict)
    null: tuple[str, ...] = ()
    only: bool = False
    inverted: bool = False
    constant: str | None = None
    gather: str | None = None
    gather_any_of: tuple[tuple[Condition, ...], ...] = ()
    cases: tuple[Case, ...] = ()
    also: tuple[tuple[str | None, str, str], ...] = ()
    allowed_from: tuple[str | None, str] | None = None
    wire: str | None = None
    convert: str | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """Where a model means something else than its data model says (K-43, K-44): `scale` times the number is the value, in place of what
    the catalogue says; `inverted` turns a boolean round."""

    scale: float | None = None
    convert: str | None = None
    inverted: bool = False

    def of(self, candidate: Candidate) -> Candidate:
        turned = candidate.inverted is not self.inverted
        if self.scale is None and self.convert is None:
            return replace(candidate, inverted=turned)
        return replace(candidate, inverted=turned, scale=None if self.scale == 1 else self.scale, convert=self.convert)


@dataclass(frozen=True, slots=True)
class CanonicalParameter:
    """A vendor-neutral name and all that a screen or a check needs to know about it.

    `words` are the values of an enum. `minimum`, `maximum` bound a number, `min_length`, `max_length` a text.
    `writable` means that there is a root where it can be written; a device's own answer is in `Resolved.writable`.
    `indexed`: devices are found by it, so the newest reading of each device is kept where lists can use it (acs/devices/canonicals.py).
    """

    name: str
    label: str
    group: str
    type: ValueType
    unit: str = ""
    words: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    writable: bool = False
    secret: bool = False
    indexed: bool = False
    limits: Limits | None = None
    help: str = ""
    candidates: Mapping[str, tuple[Candidate, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def roots(self) -> tuple[str, ...]:
        """The roots it can be found under."""
        return tuple(self.candidates)


@dataclass(frozen=True, slots=True)
class CellSource:
    """Where a table's cell comes from: `leaf` of the row, after going `up` that many objects and along `follow` references.

    With `by_anchor` the value is the word whose anchor would choose the row arrived at (the band of a client's radio).
    """

    candidate: Candidate | None
    up: int = 0
    follow: tuple[str, ...] = ()
    by_anchor: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    label: str
    type: ValueType
    unit: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A set of rows under one name. `rows` and `cells` are per root: row templates, and a source per column."""

    name: str
    label: str
    group: str
    columns: tuple[Column, ...]
    rows: Mapping[str, tuple[str, ...]] = field(repr=False, compare=False)
    cells: Mapping[str, Mapping[str, tuple[CellSource, ...]]] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A canonical value of one device. `raw` is the text as stored, `path` where it stands, `value` what it means.

    `writable` is about this device and path. Of a secret, `raw` and `value` are the text itself: masking is for whoever shows it.
    """

    name: str
    path: str
    raw: str
    value: Value
    unit: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a canonical table: `path` is its object, `values` one entry per column, None where it has none."""

    path: str
    values: Mapping[str, Value]

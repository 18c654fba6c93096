"""A device's tree as two packed documents: the names of its kind, interned, and its own values in the same order.

Names: one line per name, `path TAB type letter TAB writable`. Values: one JSON line, then the values with NULs between (NUL cannot occur in
XML). The line holds the age runs and the extras. A run says from which value on which instant (microseconds since 1970: reads and writes
of one second must keep their order) and origin hold, so a tree that was read in one go costs one run. Extras are names that this device has
beside those of its kind, with type and writable flag, their values after the others; what of its kind it has not is ABSENT. So devices that
differ in their hosts share one set of names. Measured in docs/benchmarks.md; secrets come in sealed already.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from acs.db.deflate import deflated

ABSENT = "\x02"
"""Stands for a value that this device has not; it cannot occur in XML."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_TYPE_LETTERS = {
    "string": "s", "int": "i", "unsignedInt": "u", "long": "l", "unsignedLong": "U", "boolean": "b", "dateTime": "t", "base64Binary": "B",
    "base64": "B", "hexBinary": "h", "decimal": "d",
}  # fmt: skip
_LETTER_TYPES = {letter: name for name, letter in reversed(_TYPE_LETTERS.items())}

Named = tuple[str, str, bool | None]
"""(path, type, writable); objects have type "" and end in a dot."""
Age = tuple[int, str]
"""(microseconds since 1970, origin)"""


@dataclass(frozen=True, slots=True)
class Stored:
    """One value as it was last known: text, type, since when, from where. `writable` None where nobody has asked yet."""

    value: str
    type: str
    at: datetime
    origin: str
    writable: bool | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """Everything known of a device's parameters: values by full path, and objects (with trailing dot) with their writable flag."""

    values: Mapping[str, Stored]
    objects: Mapping[str, bool]


EMPTY = Tree({}, {})


class Names:
    """The names of one kind of tree, in order, ready for use. Never changes."""

    __slots__ = ("id", "leaves", "objects", "order", "place")

    def __init__(self, id_: int, order: Sequence[Named]) -> None:
        self.id = id_
        self.order = tuple(order)
        self.leaves = tuple(each for each in self.order if not each[0].endswith("."))
        self.objects = {path: bool(writable) for path, _, writable in self.order if path.endswith(".")}
        self.place = {path: place for place, (path, _, _) in enumerate(self.leaves)}


@dataclass(slots=True)
class Values:
    """What one device has of its kind's names: text and age of each leaf in order, and what it has beside."""

    texts: list[str]
    ages: list[Age]
    extras: dict[str, tuple[str, bool | None, str, Age]]
    """type, writable, text, age by name; objects have type "" and text ""."""


def pack_names(names: Iterable[Named]) -> bytes:
    lines = [f"{path}\t{_letter(kind)}\t{'' if w is None else int(w)}" for path, kind, w in names]
    return zlib.compress("\n".join(lines).encode(), 6)


def unpack_names(packed: bytes) -> list[Named]:
    names: list[Named] = []
    text = zlib.decompress(packed).decode()
    for line in text.split("\n") if text else ():
        path, letter, writable = line.split("\t")
        names.append((path, _kind(letter), None if writable == "" else writable == "1"))
    return names


def digest(packed_names: bytes) -> str:
    """What path sets are interned by: of the names, not of how zlib packed them."""
    return hashlib.sha256(zlib.decompress(packed_names)).hexdigest()


def pack(values: Values) -> bytes:
    extras = sorted(values.extras.items())
    runs, at = [], 0
    for (tick, origin), of_it in groupby((*values.ages, *(age for _, (_, _, _, age) in extras))):
        runs.append((at, tick, origin))
        at += sum(1 for _ in of_it)
    beside = [(name, _letter(kind), writable) for name, (kind, writable, _, _) in extras]
    head = json.dumps([runs, beside], separators=(",", ":")) if beside else json.dumps([runs], separators=(",", ":"))
    texts = (*values.texts, *(text for _, (_, _, text, _) in extras))
    return deflated((head + "\n" + "\0".join(texts)).encode())


def unpack(packed: bytes) -> Values:
    head, _, rest = zlib.decompress(packed).decode().partition("\n")
    listed = json.loads(head)
    runs, beside = (listed[0], listed[1] if len(listed) > 1 else ()) if listed and (not listed[0] or isinstance(listed[0][0], list)) else (listed, ())
    if not runs:
        return Values([], [], {})
    texts = rest.split("\0")
    ages: list[Age] = []
    for index, (begin, tick, origin) in enumerate(runs):
        end = runs[index + 1][0] if index + 1 < len(runs) else len(texts)
        ages += [(tick, origin)] * (end - begin)
    count = len(texts) - len(beside)
    extras = {
        name: (_kind(letter), writable, text, age)
        for (name, letter, writable), text, age in zip(beside, texts[count:], ages[count:], strict=True)
    }
    return Values(texts[:count], ages[:count], extras)


def to_tree(names: Names, values: Values) -> Tree:
    found: dict[str, Stored] = {}
    for (path, kind, writable), text, (tick, origin) in zip(names.leaves, values.texts, values.ages, strict=True):
        if text != ABSENT:
            found[path] = Stored(text, kind, instant(tick), origin, writable)
    objects = dict(names.objects)
    if len(found) < len(names.leaves):
        for path in _objects_without_leaves(names, found):
            objects.pop(path, None)
    for path, (kind, writable, text, (tick, origin)) in values.extras.items():
        if path.endswith("."):
            objects[path] = bool(writable)
        else:
            found[path] = Stored(text, kind, instant(tick), origin, writable)
    return Tree(found, objects)


def _objects_without_leaves(names: Names, found: Mapping[str, object]) -> set[str]:
    """Objects of the kind that have leaves there, and none here: rows that this device has not."""
    gone: set[str] = set()
    there: set[str] = set()
    for path, _, _ in names.leaves:
        at = path.rfind(".")
        while at > 0:
            (there if path in found else gone).add(path[: at + 1])
            at = path.rfind(".", 0, at)
    return gone - there


def from_tree(tree: Tree, names: Names) -> Values:
    """A tree's values in the order of a kind's names. Left out: values named like objects (some devices send one, lesson R-7) and names with
    control characters, which no parameter has: either would shift every value after it.
    """
    texts, ages = [ABSENT] * len(names.leaves), [(0, "")] * len(names.leaves)
    extras: dict[str, tuple[str, bool | None, str, Age]] = {}
    for path, stored in tree.values.items():
        age = (tick_of(stored.at), stored.origin)
        place = names.place.get(path)
        if place is not None:
            _, kind, writable = names.leaves[place]
            if kind == known_type(stored.type) and stored.writable in (None, writable):
                texts[place], ages[place] = _clean(stored.value), age
                continue
        if is_name(path) and not path.endswith("."):
            extras[path] = (stored.type, stored.writable, _clean(stored.value), age)
    hidden = _objects_without_leaves(names, tree.values) if ABSENT in texts else ()
    for path, writable in tree.objects.items():
        if path.endswith(".") and is_name(path) and (path in hidden or names.objects.get(path) != writable):
            extras[path] = ("", writable, "", (0, ""))
    return Values(texts, ages, extras)


def names_of(tree: Tree) -> tuple[Named, ...]:
    """The names of a tree in order, as a kind's."""
    values = {p: s for p, s in tree.values.items() if not p.endswith(".") and is_name(p)}
    objects = {p: w for p, w in tree.objects.items() if p.endswith(".") and is_name(p)}
    order = sorted({*values, *objects})
    return tuple((p, "", objects[p]) if p in objects else (p, known_type(values[p].type), values[p].writable) for p in order)


def is_name(path: str) -> bool:
    return path.isprintable()


def instant(tick: int) -> datetime:
    return _EPOCH + tick * _TICK


def tick_of(at: datetime) -> int:
    return (at - _EPOCH) // _TICK


def known_type(kind: str) -> str:
    """A type as it is kept: what we do not know counts as text, and base64 is one type."""
    return _kind(_letter(kind))


def _clean(text: str) -> str:
    """Without what has a meaning of its own here; XML can carry neither."""
    return text.replace("\0", "").replace(ABSENT, "") if "\0" in text or ABSENT in text else text


def _letter(kind: str) -> str:
    return _TYPE_LETTERS.get(kind, "s") if kind else ""


def _kind(letter: str) -> str:
    return _LETTER_TYPES.get(letter, "") if letter else ""

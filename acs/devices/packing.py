"""A device's tree as two packed documents: the names of its kind, interned, and its own values in the same order.

Names: one line per name, `path TAB type letter TAB writable`, zlib. Values: one JSON line of age runs, then the values with NULs
between (NUL cannot occur in XML), zlib. A run says from which value on which instant (microseconds since 1970: reads and writes of one
second must keep their order) and origin hold, so a tree that was read in one go costs one run. Measured in docs/benchmarks.md; secrets
come in sealed already.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LEVEL = 6
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_TYPE_LETTERS = {
    "string": "s", "int": "i", "unsignedInt": "u", "long": "l", "unsignedLong": "U", "boolean": "b", "dateTime": "t", "base64Binary": "B",
    "base64": "B", "hexBinary": "h", "decimal": "d",
}  # fmt: skip
_LETTER_TYPES = {letter: name for name, letter in reversed(_TYPE_LETTERS.items())}


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


def pack_names(names: Iterable[tuple[str, str, bool | None]]) -> bytes:
    """(path, type, writable) in order; objects have type "" and end in a dot."""
    lines = [f"{path}\t{_TYPE_LETTERS.get(kind, 's') if kind else ''}\t{'' if w is None else int(w)}" for path, kind, w in names]
    return zlib.compress("\n".join(lines).encode(), LEVEL)


def unpack_names(packed: bytes) -> list[tuple[str, str, bool | None]]:
    names: list[tuple[str, str, bool | None]] = []
    text = zlib.decompress(packed).decode()
    for line in text.split("\n") if text else ():
        path, letter, writable = line.split("\t")
        names.append((path, _LETTER_TYPES.get(letter, "") if letter else "", None if writable == "" else writable == "1"))
    return names


def digest(packed_names: bytes) -> str:
    """What path sets are interned by: of the names, not of how zlib packed them."""
    return hashlib.sha256(zlib.decompress(packed_names)).hexdigest()


def pack_values(values: Iterable[tuple[str, datetime, str]]) -> bytes:
    """(value, at, origin) in the order of the names that are no objects."""
    runs: list[tuple[int, int, str]] = []
    texts: list[str] = []
    for value, at, origin in values:
        tick = (at - _EPOCH) // _TICK
        if not runs or runs[-1][1:] != (tick, origin):
            runs.append((len(texts), tick, origin))
        texts.append(value.replace("\0", ""))
    return zlib.compress((json.dumps(runs) + "\n" + "\0".join(texts)).encode(), LEVEL)


def unpack_values(packed: bytes) -> list[tuple[str, datetime, str]]:
    head, _, rest = zlib.decompress(packed).decode().partition("\n")
    runs = json.loads(head)
    if not runs:
        return []
    texts = rest.split("\0")
    out: list[tuple[str, datetime, str]] = []
    for index, (begin, tick, origin) in enumerate(runs):
        end = runs[index + 1][0] if index + 1 < len(runs) else len(texts)
        at = _EPOCH + tick * _TICK
        out += [(text, at, origin) for text in texts[begin:end]]
    return out


def to_tree(packed_names: bytes, packed_values: bytes) -> Tree:
    values: dict[str, Stored] = {}
    objects: dict[str, bool] = {}
    stored = iter(unpack_values(packed_values))
    for path, kind, writable in unpack_names(packed_names):
        if path.endswith("."):
            objects[path] = bool(writable)
        else:
            text, at, origin = next(stored)
            values[path] = Stored(text, kind, at, origin, writable)
    return Tree(values, objects)


def from_tree(tree: Tree) -> tuple[bytes, bytes]:
    """Names and values of a tree, packed. Left out: values named like objects (some devices send one, lesson R-7) and names with control
    characters, which no parameter has: either would shift every value after it.
    """
    values = {p: s for p, s in tree.values.items() if not p.endswith(".") and p.isprintable()}
    objects = {p: w for p, w in tree.objects.items() if p.endswith(".") and p.isprintable()}
    order = sorted({*values, *objects})
    names = [(p, "", objects[p]) if p in objects else (p, values[p].type, values[p].writable) for p in order]
    return pack_names(names), pack_values((s.value, s.at, s.origin) for p in order if (s := values.get(p)) is not None)

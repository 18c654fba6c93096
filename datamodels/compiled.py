"""The compiled index of one data model: how a Document is stored in two small files and read back fast.

`<Name>-<major>.index.zz` holds the structure, `<Name>-<major>.texts.zz` the descriptions, which few callers need; both are
zlib-compressed JSON. Value syntaxes are stored once each (TR-181 2.19: 1,096 for 7,210 parameters), and an Entry is built
only when somebody asks for it. Only this file knows the layout; `tree.py` uses it, `cli.py` writes it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from datamodels.entry import OBJECT_SYNTAX, Document, Entry, EnumValue, Kind, Range, Size, Status, Syntax, UniqueKey

FORMAT = 1
_STATUSES = tuple(Status)
_NOTIFY = ("normal", "forceEnabled", "forceDefaultEnabled", "canDeny")
_WRITABLE, _WRITE_ONCE, _FORCED = 1, 2, 4
_NOTIFY_SHIFT, _STATUS_SHIFT = 4, 8
_COMPRESSION = 9

Row = list[Any]
"""An object: [template, flags, text, since, min, max, count parameter, enable parameter, keys, parameter rows].
A parameter: [name, flags, text, since, syntax, default, factory default]. Numbers point into the tables beside them."""


class StaleIndex(ValueError):
    """The index was written by another release of this code: build it again with `hearthline datamodel import`."""


def file_stem(name: str) -> str:
    """ "Device-2" for "Device:2.19": one index per name and major version."""
    root, _, version = name.partition(":")
    return f"{root}-{version.partition('.')[0]}"


def write(document: Document, directory: Path) -> tuple[Path, Path]:
    """Write both files, replacing older ones; returns their paths."""
    stem = file_stem(document.name)
    structure, texts = directory / f"{stem}.index.zz", directory / f"{stem}.texts.zz"
    structure.write_bytes(_squeeze(_as_json(document)))
    texts.write_bytes(_squeeze(list(document.texts)))
    return structure, texts


def load(directory: Path, stem: str) -> Index:
    """FileNotFoundError where there is no such model, StaleIndex where the layout is not ours."""
    loaded = _expand((directory / f"{stem}.index.zz").read_bytes())
    return _index(loaded, lambda: _expand((directory / f"{stem}.texts.zz").read_bytes()))


def in_memory(document: Document) -> Index:
    """What `load` would return after `write`, without files."""
    return _index(json.loads(json.dumps(_as_json(document))), lambda: list(document.texts))


@dataclass
class Index:
    """One model as stored: `objects` by template in file order, rows still raw.

    `loose` are the parameter rows outside any object: the count parameter of a service model.
    """

    name: str
    is_service: bool
    source: str
    copyright: tuple[str, ...]
    objects: dict[str, Row]
    loose: list[Row]
    raw_syntaxes: list[Row]
    versions: list[str]
    read_texts: Callable[[], list[str]]

    def __post_init__(self) -> None:
        self._syntaxes: dict[int, Syntax] = {}

    @cached_property
    def texts(self) -> list[str]:
        return self.read_texts()

    def text(self, index: int) -> str:
        return self.texts[index]

    def syntax(self, index: int) -> Syntax:
        if index not in self._syntaxes:
            self._syntaxes[index] = _syntax(self.raw_syntaxes[index])
        return self._syntaxes[index]

    def object_entry(self, template: str, row: Row) -> Entry:
        flags = row[1]
        return Entry(
            template=template,
            kind=Kind.OBJECT,
            writable=bool(flags & _WRITABLE),
            syntax=OBJECT_SYNTAX,
            min_entries=row[4],
            max_entries=row[5],
            num_entries_parameter=row[6],
            enable_parameter=row[7],
            unique_keys=tuple(UniqueKey(key[0], tuple(key[1])) for key in row[8]),
            since=self.versions[row[3]],
            status=_STATUSES[flags >> _STATUS_SHIFT],
            text_index=row[2],
            texts=self.text,
        )

    def parameter_entry(self, parent: str, row: Row) -> Entry:
        flags = row[1]
        return Entry(
            template=parent + row[0],
            kind=Kind.PARAMETER,
            writable=bool(flags & _WRITABLE),
            syntax=self.syntax(row[4]),
            write_once=bool(flags & _WRITE_ONCE),
            default=row[5],
            factory_default=row[6],
            forced_inform=bool(flags & _FORCED),
            active_notify=_NOTIFY[(flags >> _NOTIFY_SHIFT) & 0xF],
            since=self.versions[row[3]],
            status=_STATUSES[flags >> _STATUS_SHIFT],
            text_index=row[2],
            texts=self.text,
        )

    def is_forced(self, row: Row) -> bool:
        """Without building the entry: the forced-inform set is asked for on a cold start."""
        return bool(row[1] & _FORCED)

    def is_secret(self, row: Row) -> bool:
        """Hidden or secured. Hidden booleans are commands that read back false (Reset), no secrets."""
        syntax = self.syntax(row[4])
        return (syntax.hidden or syntax.secured) and syntax.type != "boolean"


def parameter_rows(object_row: Row) -> list[Row]:
    rows: list[Row] = object_row[9]
    return rows


def _index(loaded: dict[str, Any], read_texts: Callable[[], list[str]]) -> Index:
    if loaded.get("format") != FORMAT:
        raise StaleIndex(f"index of {loaded.get('name')} has layout {loaded.get('format')}, this release reads {FORMAT}")
    return Index(
        name=loaded["name"],
        is_service=loaded["service"],
        source=loaded["source"],
        copyright=tuple(loaded["copyright"]),
        objects={row[0]: row for row in loaded["objects"]},
        loose=loaded["loose"],
        raw_syntaxes=loaded["syntaxes"],
        versions=loaded["versions"],
        read_texts=read_texts,
    )


def _as_json(document: Document) -> dict[str, Any]:
    syntaxes: dict[Syntax, int] = {}
    versions: dict[str, int] = {}
    objects: list[Row] = []
    loose: list[Row] = []
    for entry in document.entries:
        since = versions.setdefault(entry.since, len(versions))
        if entry.is_object:
            keys = [[key.functional, list(key.parameters)] for key in entry.unique_keys]
            limits = [entry.min_entries, entry.max_entries, entry.num_entries_parameter, entry.enable_parameter]
            objects.append([entry.template, _flags(entry), entry.text_index, since, *limits, keys, []])
            continue
        syntax = syntaxes.setdefault(entry.syntax, len(syntaxes))
        row: Row = [entry.name, _flags(entry), entry.text_index, since, syntax, entry.default, entry.factory_default]
        (objects[-1][9] if objects else loose).append(row)
    return {
        "format": FORMAT,
        "name": document.name,
        "service": document.is_service,
        "source": document.source,
        "copyright": list(document.copyright),
        "versions": list(versions),
        "syntaxes": [_without_defaults(syntax) for syntax in syntaxes],
        "loose": loose,
        "objects": objects,
    }


def _flags(entry: Entry) -> int:
    switches = _WRITABLE * entry.writable | _WRITE_ONCE * entry.write_once | _FORCED * entry.forced_inform
    return switches | _NOTIFY.index(entry.active_notify) << _NOTIFY_SHIFT | _STATUSES.index(entry.status) << _STATUS_SHIFT


def _without_defaults(syntax: Syntax) -> dict[str, Any]:
    defaults = Syntax._field_defaults
    return {key: value for key, value in syntax._asdict().items() if key not in defaults or value != defaults[key]}


def _syntax(stored: Any) -> Syntax:
    shapes: dict[str, Callable[[Any], Any]] = {
        "enums": lambda rows: tuple(EnumValue(*row) for row in rows),
        "ranges": lambda rows: tuple(Range(*row) for row in rows),
        "sizes": lambda rows: tuple(Size(*row) for row in rows),
        "list_sizes": lambda rows: tuple(Size(*row) for row in rows),
        "list_items": lambda row: None if row is None else Size(*row),
        "patterns": tuple,
        "path_targets": tuple,
    }
    return Syntax(**{key: shapes[key](value) if key in shapes else value for key, value in stored.items()})


def _squeeze(loaded: Any) -> bytes:
    return zlib.compress(json.dumps(loaded, separators=(",", ":"), ensure_ascii=False).encode(), _COMPRESSION)


def _expand(packed: bytes) -> Any:
    return json.loads(zlib.decompress(packed))

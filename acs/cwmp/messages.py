"""The CWMP messages as frozen dataclasses, and the tables the codec works by; both made at import from declare.py.

Every struct and message of declare.py is a class of this module: its fields are the schema's in snake_case and in the schema's
order, each with a default, since devices leave out what the schema requires. A SOAP array is a tuple. `ParameterValueStruct` has
`name`, `value` (the text) and `type` (the local part of xsi:type, "string" if the device gave none).
messages.pyi says the same to type checkers; `make stubs` writes it and a test compares.
"""

import re
from dataclasses import dataclass, make_dataclass
from dataclasses import field as dataclass_field
from typing import Any

from acs.cwmp.declare import RPCS, declare

TEXT, UINT, INT, FLAG, VALUE, STRUCT, ARRAY, MANY = "text", "uint", "int", "flag", "value", "struct", "array", "many"


@dataclass(frozen=True, slots=True)
class Field:
    """One element of a struct: its name in XML, its attribute here, its kind, and for structs and arrays what is inside."""

    xml: str
    attribute: str
    kind: str
    max_len: int | None = None
    item: str = ""
    array_type: str = ""
    of: Any = None
    """The class of a struct, or of an array's items; str for an array of strings; for MANY the classes its items may be."""
    left_out_empty: bool = False


FIELDS: dict[str, tuple[Field, ...]] = {}
"""The codec's table: fields in order, by name of struct or message."""

CLASSES: dict[str, Any] = {}
"""Struct and message classes by their name in the schema."""

ACS_METHODS: tuple[str, ...] = tuple(sorted(rpc.name for rpc in RPCS if rpc.callee in ("acs", "both")))
"""What we answer when a device asks GetRPCMethods (conformance C-11)."""

SINCE: dict[str, str] = {rpc.name: rpc.since for rpc in RPCS}
"""The protocol version that introduced a method: to an older device it is not sent (conformance B-27)."""


def snake(name: str) -> str:
    """`ParameterList` -> `parameter_list`, `OUI` -> `oui`, `SuccessURL` -> `success_url`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _field(name: str, kind: Any) -> Field:
    attribute = snake(name)
    info = getattr(kind, "_type_info", None)
    if getattr(kind, "ArrayType", None):
        item, inner = next(iter(info.items()))
        of = str if inner.get_type_name() in ("string", "Unicode") or not hasattr(inner, "_type_info") else CLASSES[inner.get_type_name()]
        return Field(name, attribute, ARRAY, None, item, kind.ArrayType, of)
    if getattr(kind, "Repeated", False):
        classes = [CLASSES[choice.get_type_name()] for choice in kind.Choices or (kind,)]
        return Field(name, attribute, MANY, of=tuple(classes))
    if info is not None:
        if "type" in info and "text" in info:
            return Field(name, attribute, VALUE)
        return Field(name, attribute, STRUCT, of=CLASSES[kind.get_type_name()])
    base = kind.get_type_name()
    max_len = getattr(kind.Attributes, "max_len", None)
    if base == "boolean":
        return Field(name, attribute, FLAG)
    if base in ("unsignedInt", "uint"):
        return Field(name, attribute, UINT)
    if base == "int":
        return Field(name, attribute, INT)
    limit = int(max_len) if max_len is not None and max_len < 1e9 else None
    return Field(name, attribute, TEXT, limit, left_out_empty=getattr(kind, "LeftOutEmpty", False))


def _default(f: Field) -> Any:
    if f.kind == STRUCT:
        return dataclass_field(default=f.of())
    return dataclass_field(default={TEXT: "", UINT: 0, INT: 0, FLAG: False, ARRAY: (), MANY: ()}[f.kind])


def _annotation(f: Field) -> Any:
    if f.kind == ARRAY:
        return tuple[f.of, ...]  # type: ignore[name-defined]
    if f.kind == MANY:
        return tuple[Any, ...]
    return {TEXT: str, UINT: int, INT: int, FLAG: bool, STRUCT: f.of}[f.kind]


def _build() -> None:
    for name, model in declare("urn:dslforum-org:cwmp-1-0").items():
        fields = tuple(_field(xml, kind) for xml, kind in model._type_info.items())
        FIELDS[name] = fields
        columns: list[tuple[str, Any, Any]] = []
        for f in fields:
            if f.kind == VALUE:
                columns += [("value", str, dataclass_field(default="")), ("type", str, dataclass_field(default="string"))]
            else:
                columns.append((f.attribute, _annotation(f), _default(f)))
        CLASSES[name] = make_dataclass(name, columns, frozen=True, slots=True, namespace={"__module__": __name__})
        globals()[name] = CLASSES[name]


_build()


def stub() -> str:
    """The text of messages.pyi."""
    lines = [
        '"""Written by `make stubs` from declare.py; do not edit."""',
        "",
        "from dataclasses import dataclass",
        "from typing import Any",
        "",
    ]
    lines += ["TEXT: str", "UINT: str", "INT: str", "FLAG: str", "VALUE: str", "STRUCT: str", "ARRAY: str", "MANY: str", ""]
    lines += ["@dataclass(frozen=True, slots=True)", "class Field:"]
    lines += [
        "    xml: str",
        "    attribute: str",
        "    kind: str",
        "    max_len: int | None = ...",
        "    item: str = ...",
        "    array_type: str = ...",
    ]
    lines += [
        "    of: Any = ...",
        "    left_out_empty: bool = ...",
        "",
        "FIELDS: dict[str, tuple[Field, ...]]",
        "CLASSES: dict[str, Any]",
        "ACS_METHODS: tuple[str, ...]",
        "SINCE: dict[str, str]",
        "",
    ]
    lines += ["def snake(name: str) -> str: ...", "def stub() -> str: ...", ""]
    for name, fields in FIELDS.items():
        lines += ["@dataclass(frozen=True, slots=True)", f"class {name}:"]
        for f in fields:
            if f.kind == VALUE:
                lines += ["    value: str = ...", "    type: str = ..."]
            elif f.kind == ARRAY:
                lines.append(f"    {f.attribute}: tuple[{f.of.__name__}, ...] = ...")
            elif f.kind == MANY:
                lines.append(f"    {f.attribute}: tuple[{' | '.join(of.__name__ for of in f.of)}, ...] = ...")
            else:
                lines.append(f"    {f.attribute}: {_annotation(f).__name__} = ...")
        if not fields:
            lines.append("    pass")
        lines.append("")
    return "\n".join(lines)

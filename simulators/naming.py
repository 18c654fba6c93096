"""How a simulated CPE reads and writes parameter names that are not plain: aliases in brackets, and `*` for any instance.

Requests may mix both forms with numbers whatever InstanceMode says; InstanceAlias makes the device write aliases itself (conformance
K-20 to K-30). A plain name passes through at the cost of a look for two characters. Tests: tests/simulators/test_naming.py.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from acs.cwmp.messages import GetParameterAttributesResponse, GetParameterNamesResponse, GetParameterValuesResponse, Inform
from simulators.cpe import Cpe
from simulators.tree import Tree

_ALIAS = re.compile(r"\.\[([^\]]*)\](?=\.)")
ALIAS = re.compile(r"[A-Za-z][^\[\]]{0,63}")
"""What an alias may be (K-22)."""


def has_aliases(cpe: Cpe) -> bool:
    return cpe.policy("AliasBasedAddressing") in ("true", "1")


def numbered(cpe: Cpe, path: str) -> str:
    """The path with instance numbers in place of aliases; one whose alias nobody has is given back as it is, and so not found."""
    if "[" not in path or not has_aliases(cpe):
        return path
    while (found := _ALIAS.search(path)) is not None:
        row = row_of(cpe.tree, path[: found.start() + 1], found[1])
        if row is None:
            return path
        path = f"{path[: found.start()]}.{row}{path[found.end() :]}"
    return path


def row_of(tree: Tree, table: str, alias: str) -> int | None:
    """The row of a table with this alias."""
    return next((n for n in tree.rows(table) if tree.leaf(f"{table}{n}.Alias") and tree.value(f"{table}{n}.Alias") == alias), None)


def split_alias(path: str) -> tuple[str, str]:
    """The table and the alias of the last part of `Table.[alias].`; the alias is "" where there is none."""
    found = re.fullmatch(r"(.*\.)\[([^\]]*)\]\.", path)
    return (found[1], found[2]) if found else (path, "")


def may_be_alias(cpe: Cpe, alias: str) -> bool:
    return has_aliases(cpe) and ALIAS.fullmatch(alias) is not None


def create_missing(cpe: Cpe, paths: list[str]) -> list[str]:
    """The rows made for aliases in these paths that nobody has, in tables the ACS may extend (K-25)."""
    made = []
    for path in paths:
        while (unknown := _ALIAS.search(numbered(cpe, path))) is not None:
            table, alias = unknown.string[: unknown.start() + 1], unknown[1]
            if not cpe.tree.may_add_or_delete(table) or not may_be_alias(cpe, alias):
                break
            row = f"{table}{cpe.tree.add_row(table)}."
            cpe.tree.put(row + "Alias", alias)
            made.append(row)
    return made


# ---- writing names -----------------------------------------------------------------------------------------------


def writes_aliases(cpe: Cpe) -> bool:
    """Whether names are to be written with aliases."""
    return cpe.policy("InstanceMode") == "InstanceAlias" and has_aliases(cpe)


def with_aliases(cpe: Cpe, message: Any) -> Any:
    """A message of the device's own with aliases for numbers, wherever a row has one (K-23)."""
    if not isinstance(message, Inform | GetParameterValuesResponse | GetParameterNamesResponse | GetParameterAttributesResponse):
        return message
    given: Any = message
    return replace(given, parameter_list=tuple(replace(item, name=aliased(cpe.tree, item.name)) for item in given.parameter_list))


def aliased(tree: Tree, path: str) -> str:
    parts, plain = [], ""
    for part in path.split("."):
        alias = f"{plain}{part}.Alias"
        parts.append(f"[{tree.value(alias)}]" if part.isdigit() and tree.leaf(alias) is not None else part)
        plain += part + "."
    return ".".join(parts)

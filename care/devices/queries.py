"""The query of the device list: from the address of the page, old filters included, to chips that can be taken away one by one."""

from collections.abc import Mapping
from dataclasses import dataclass

from acs.finding import service as finding
from acs.finding.views import Chip

OLD = {"presence": "presence", "model": "model", "tag": "tag", "version": "version"}
"""Filters the list had before it had a language: addresses that people kept still work."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A chip with the query that is left without it."""

    chip: Chip
    without: str


def text_of(args: Mapping[str, str]) -> str:
    """The query an address asks for: `query`, and beside it `q` and the old filters, all of which have to hold."""
    parts = [text for text in (args.get("query", "").strip(), _searched(args.get("q", "").strip())) if text]
    parts += [f"{field}:{finding.quoted(value)}" for name, field in OLD.items() if (value := args.get(name, "").strip()[:128])]
    return parts[0] if len(parts) == 1 else " and ".join(f"({part})" if " or " in part.lower() else part for part in parts)


def _searched(text: str) -> str:
    """What the box of the top bar was given: a query, or one thing to look for, blanks and all."""
    if not text or any(sign in text for sign in ':=<>~()"'):
        return text
    return finding.quoted(text)


def chips(text: str) -> tuple[Shown, ...]:
    return tuple(Shown(chip, without) for chip, without in finding.chips(text))

"""BBF description markup turned into plain sentences short enough for a tooltip.

Knows the templates of TR-106 (`{{param|X}}`, `{{enum}}`, `{{bibref|…}}` …) and the wiki quotes; anything unknown
is dropped rather than shown. `reader.py` is the only caller.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST = 300
"""Characters kept; a description is a hint beside a field, the standard stays the reference."""

_TEMPLATE = re.compile(r"\{\{((?:[^{}]|\{i\})*)\}\}")
_QUOTES = re.compile(r"'{2,5}")
_BLANKS = re.compile(r"\s+")
_FIRST_PARAGRAPHS = re.compile(r"\n[ \t]*\n")
_WORDS = {
    "true": "true",
    "false": "false",
    "empty": "an empty string",
    "null": "null",
    "list": "Comma-separated list.",
    "reference": "The path of another object.",
}
_LITERAL = {"param", "object", "enum", "pattern", "command", "event"}
_NESTED_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a template may refer to: where the text stands and what the file defines."""

    name: str = ""
    object_name: str = ""
    units: str = ""
    counted: str = ""
    data_type_text: str = ""
    templates: Mapping[str, str] | None = None


def plain(markup: str, around: Surroundings) -> str:
    """At most about LONGEST characters, cut at the end of a sentence where one is near, else at a word with an ellipsis."""
    text = markup
    for _ in range(_NESTED_DEPTH):
        replaced = _TEMPLATE.sub(lambda found: _say(found.group(1), around), text)
        if replaced == text:
            break
        text = replaced
    paragraphs = [_BLANKS.sub(" ", part).strip() for part in _FIRST_PARAGRAPHS.split(_QUOTES.sub("", text))]
    return _shorten(" ".join(part for part in paragraphs if part))


def _say(template: str, around: Surroundings) -> str:
    word, *arguments = [part.strip() for part in template.split("|")]
    first = arguments[0] if arguments else ""
    if word in _LITERAL:
        here = {"enum": "", "pattern": "", "object": around.object_name}.get(word, around.name)
        return (first.lstrip("#.") or here).removesuffix(".")
    if word == "bibref":
        return " ".join(arguments)
    if word == "units":
        return around.units or "units"
    if word == "numentries":
        return f"The number of entries in the {around.counted} table." if around.counted else ""
    if word == "datatype":
        return around.data_type_text if first == "expand" else ""
    if word == "template":
        return (around.templates or {}).get(first, "")
    if word == "list":
        return f"Comma-separated list {first}.".replace(" .", ".") if first else _WORDS["list"]
    if word == "reference" and first:
        return f"The path of {first}."
    return _WORDS.get(word, "")


def _shorten(text: str) -> str:
    text = re.sub(r" ([.,;:])(?= |$)", r"\1", text)
    if len(text) <= LONGEST:
        return text
    sentence = text.rfind(". ", LONGEST // 2, LONGEST)
    if sentence > 0:
        return text[: sentence + 1]
    return text[: text.rfind(" ", 0, LONGEST)].rstrip(",;:(") + " …"

"""Are the values of a write what the device's data model allows? Asked before anything is sent, of every write, whoever asks for it.

A vendor's parameter that no model knows passes, and so does a device whose root we do not know yet: the device has the last word. What is
plainly meant is put into the form the model wants (on for a boolean, blanks round a number), and the type is the model's. Desired state
asks `problem_of` for the values of its profiles. Pure.
"""

from collections.abc import Mapping
from typing import Any

from acs.errors import Invalid
from datamodels.check import Problem, check, wire_type
from datamodels.entry import Entry
from datamodels.overlay import model_of
from datamodels.tree import ROOTS, Model

_TRUE = frozenset({"true", "yes", "on", "enabled", "enable"})
_FALSE = frozenset({"false", "no", "off", "disabled", "disable"})
_NUMBERS = frozenset({"int", "unsignedInt", "long", "unsignedLong", "decimal"})
_PREFIX = {"add_object": "table"}
"""Which argument goes before the names of the values; the new row has no number yet."""


def model_for(root: str, oui: str, product_class: str, version: str) -> Model | None:
    """The data model of such a device, with what was imported for it; None for an unknown root."""
    return model_of(root, oui, product_class, version) if root in ROOTS else None


def judged(kind: str, given: dict[str, Any], root: str, oui: str, product_class: str, version: str, override: bool = False) -> dict[str, Any]:
    """The arguments with their values in the form the model wants. Invalid names the parameter, the rule and the value.

    With `override` values and types stay as they were given, whatever the model says; the arguments tell.
    """
    if kind not in ("write", "add_object"):
        if override:
            raise Invalid(f"{kind} writes no values: there is no rule to override.", "override")
        return given
    if override:
        return {**given, "override": True}
    prefix = f"{given[_PREFIX[kind]]}{{i}}." if kind in _PREFIX else ""
    first = prefix or str(given["values"][0][0])
    model = model_for(root or first.partition(".")[0], oui, product_class, version)
    if model is None:
        return given
    return {**given, "values": [_judged(model, prefix, *value) for value in given["values"]]}


def problem_of(model: Model, path: str, text: str) -> Problem | None:
    """The rule that this value breaks. None for a parameter that the model does not know."""
    entry = model.lookup(path)
    return None if entry is None else check(entry, meant(entry, text))


def meant(entry: Entry, text: str) -> str:
    """The text as the type wants it, where there is no doubt what is meant; else as it is."""
    if entry.is_list:
        return text
    word = text.strip().lower()
    if entry.type == "boolean" and text not in ("0", "1", "true", "false"):
        return "1" if word in _TRUE or word == "1" else "0" if word in _FALSE or word == "0" else text
    return text.strip() if entry.type in _NUMBERS else text


def _judged(model: Model, prefix: str, path: str, text: str, kind: str) -> list[str]:
    entry = model.lookup(prefix + path)
    if entry is None:
        return [path, text, kind]
    text = meant(entry, text)
    problem = check(entry, text)
    if problem is not None:
        raise Invalid(f"{prefix.replace('{i}.', '')}{path}: {problem.sentence}", "values")
    return [path, text, wire_type(entry).removeprefix("xsd:")]


def explained(override: bool, reason: str) -> None:
    """Invalid for an override without a reason: the audit trail keeps it."""
    if override and not reason.strip():
        raise Invalid("Say why the rule is to be overridden: the audit trail keeps it.", "reason")


def without_override(args: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Stored arguments as they were asked with, and whether a rule was overridden."""
    return {name: value for name, value in args.items() if name != "override"}, bool(args.get("override"))

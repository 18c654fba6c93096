"""What goes into a hook and what may come out of it. Pure.

In: `{"device": {…}, "tags": […], "values": {canonical name: value}, "parameters": {path: text}}`; secrets are left out unless the hook may see
them. Out, of a hook for values: `{name: value}` by canonical name or path with its root, `null` for a name that is not wanted after all; of a
hook for a verdict: `true`, `false`, or `{"ok": …, "reason": "…", "facts": {…}}`.
"""

from collections.abc import Mapping
from typing import Any

from acs.cwmp.faults import AcsProtocolError
from acs.cwmp.paths import parse_path
from acs.hooks.views import Checked, Fault, HookFailed, Verdict
from acs.provisioning.desired import checked_path, raw_text
from acs.secrets import is_secret_name
from datamodels import canonical
from datamodels.canonical.convert import to_raw_text
from datamodels.check import is_secret
from datamodels.tree import ROOTS

VALUES_MOST = 200
TEXT_MOST = 32_768
REASON_MOST = 500


def given_facts(
    device: Mapping[str, Any], tags: tuple[str, ...], values: Mapping[str, Any], parameters: Mapping[str, str], sees_secrets: bool = False
) -> dict[str, Any]:
    """What a hook is told of a device."""
    return {
        "device": dict(device),
        "tags": list(tags),
        "values": {name: value for name, value in values.items() if sees_secrets or not _is_secret_canonical(name)},
        "parameters": {path: text for path, text in parameters.items() if sees_secrets or not (is_secret(path) or is_secret_name(path))},
    }


def _is_secret_canonical(name: str) -> bool:
    try:
        return canonical.describe(name).secret
    except KeyError:
        return True


def values_of(answer: Any, root: str) -> tuple[Checked, ...]:
    """The values of an answer, each checked against the data model of `root` ("" where it is not known). HookFailed for another shape."""
    if answer is None:
        return ()
    if not isinstance(answer, dict):
        raise HookFailed(Fault.REFUSED, f"A hook for values returns an object of names and values, not {_kind(answer)}.")
    if len(answer) > VALUES_MOST:
        raise HookFailed(Fault.REFUSED, f"A hook returns at most {VALUES_MOST} values; this one returned {len(answer)}.")
    return tuple(Checked(_text(name), value, _problem(name, value, root)) for name, value in answer.items() if value is not None)


def verdict_of(answer: Any) -> Verdict:
    """The verdict an answer says. HookFailed for another shape."""
    if isinstance(answer, bool):
        return Verdict(answer)
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        raise HookFailed(Fault.REFUSED, f'A hook for a verdict returns true, false or {{"ok": …, "reason": "…"}}, not {_kind(answer)}.')
    facts = answer.get("facts") or {}
    if not isinstance(facts, dict):
        raise HookFailed(Fault.REFUSED, f"facts is an object, not {_kind(facts)}.")
    return Verdict(answer["ok"], _text(answer.get("reason") or "")[:REASON_MOST], {_text(name): value for name, value in facts.items()})


def _problem(name: str, value: Any, root: str) -> str:
    """The rule a value breaks; "" where it can be wanted."""
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str | bool | int | float) for item in items) or (isinstance(value, list) and not all(isinstance(v, str) for v in value)):
        return f"{_text(name)} is text, a number, true, false or a list of texts, not {_kind(value)}."
    if any(isinstance(item, str) and (not _is_writable_text(item) or len(item) > TEXT_MOST) for item in items):
        return f"{_text(name)} holds characters that cannot be sent, or more than {TEXT_MOST} of them."
    if name.partition(".")[0] in ROOTS:
        return _raw_problem(name, value, root)
    return _canonical_problem(name, value, root)


def _raw_problem(path: str, value: Any, root: str) -> str:
    if path.endswith(".ManagementServer.URL"):
        return "A device is sent to another ACS by move_acs, which has a permission of its own."
    if root and path.partition(".")[0] != root:
        return ""  # written for devices of the other root: it is left out there
    try:
        parse_path(path.replace("*", "1"))
    except AcsProtocolError as error:
        return str(error)
    if path.endswith("."):
        return f"{path} is an object; only parameters have values."
    return checked_path(path.replace("*", "1"), raw_text(value))[0]


def _canonical_problem(name: str, value: Any, root: str) -> str:
    try:
        parameter = canonical.describe(name)
    except KeyError as error:
        return str(error.args[0])
    if not parameter.writable:
        return f"{name} cannot be written."
    sources = [source for of, each in parameter.candidates.items() if of == root or not root for source in each]
    if not sources:
        return ""  # a device of this root has no such parameter: it is left out there
    told = ""
    for source in sources:
        try:
            to_raw_text(parameter, source, tuple(value) if isinstance(value, list) else value)
        except ValueError as error:
            told = told or str(error)
        else:
            return ""
    return told


def _is_writable_text(text: str) -> bool:
    """What XML 1.0 and a database can hold: no half characters, no control characters but tab and line ends."""
    return all(char in "\t\n\r" or "\x20" <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char > "\uffff" for char in text)


def _text(value: Any) -> str:
    return str(value).encode("utf-8", "replace").decode()


def _kind(value: Any) -> str:
    names = {type(None): "nothing", bool: "true or false", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")

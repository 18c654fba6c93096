"""What a profile wants, as JSON: checked where it comes in, sealed where it lies, and read into the dataclasses of acs/provisioning/desired.py.

    {"settings": [{"name", "value", "hold"}], "rows": [{"table", "keys", "values", "absent", "hold"}], "watches": [{"name", "notification"}],
     "firmware": "2.1.0", "inform_interval_s": 900, "hook": "name of a hook whose values join these", "self_heal": false}

Invalid names the field by its place ("settings.2.value"), so that a form can show it there. Values of secrets are sealed one by one.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from acs.cwmp.faults import AcsProtocolError
from acs.cwmp.paths import leaf, parent, parse_path
from acs.devices.store import SEALED, reveal
from acs.errors import Invalid
from acs.provisioning.desired import Hold, Profile, RowSetting, Setting, Watch, checked_path, raw_text
from acs.provisioning.procedures.writing import is_credential
from acs.secrets import MASK, Vault
from datamodels import canonical
from datamodels.canonical import ValueType
from datamodels.canonical.cells import to_cell, writable_columns
from datamodels.canonical.convert import is_true, to_raw_text
from datamodels.check import is_secret
from datamodels.tree import ROOTS, for_root

MOST = 200
"""Settings, rows or watches of one profile."""
VALUE_MAX = 2000
_OURS = ("ManagementServer.ParameterKey", "ManagementServer.URL")
_HOOK = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}")
EMPTY: Mapping[str, Any] = {
    "settings": [], "rows": [], "watches": [], "firmware": "", "inform_interval_s": 0, "hook": "", "self_heal": False,
}  # fmt: skip


# ---- checking ------------------------------------------------------------------------------------------------


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The document as it is kept, secrets still in clear."""
    if unknown := sorted(set(given) - set(EMPTY)):
        raise Invalid(f"A profile has no {unknown[0]!r}; it has {', '.join(EMPTY)}.", unknown[0])
    document: dict[str, Any] = {
        "settings": [_setting(one, f"settings.{n}") for n, one in enumerate(_listed(given, "settings"))],
        "rows": [_row(one, f"rows.{n}") for n, one in enumerate(_listed(given, "rows"))],
        "watches": [_watch(one, f"watches.{n}") for n, one in enumerate(_listed(given, "watches"))],
        "firmware": str(given.get("firmware") or "").strip()[:64],
        "inform_interval_s": _interval(given.get("inform_interval_s")),
        "hook": str(given.get("hook") or "").strip(),
        "self_heal": bool(given.get("self_heal", False)),
    }
    if document["hook"] and not _HOOK.fullmatch(document["hook"]):
        raise Invalid(f"hook: {document['hook']!r} is no name of a hook.", "hook")
    _once([one["name"] for one in document["settings"]], "settings")
    if not any(document[name] for name in ("settings", "rows", "watches", "firmware", "inform_interval_s", "hook")):
        raise Invalid("The profile wants nothing: give it a setting, a row, a value to watch, a firmware or an inform interval.", "settings.0.name")
    return document


def _listed(given: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    items = given.get(name) or ()
    if not isinstance(items, list | tuple) or not all(isinstance(item, Mapping) for item in items):
        raise Invalid(f"{name} is a list of objects, not {str(items)[:80]!r}.", name)
    if len(items) > MOST:
        raise Invalid(f"{name}: at most {MOST} in one profile; {len(items)} were given.", name)
    return items


def _once(names: Sequence[str], field: str) -> None:
    for n, name in enumerate(names):
        if name in names[:n]:
            raise Invalid(f"{name} is set twice in this profile.", f"{field}.{n}.name")


def _interval(value: Any) -> int:
    text = str(value if value is not None else "").strip()
    if text in ("", "0"):
        return 0
    if not text.isdigit() or not 30 <= int(text) <= 30 * 86400:
        raise Invalid(f"inform_interval_s must be 30 to {30 * 86400} seconds, not {text[:20]!r}.", "inform_interval_s")
    return int(text)


def _hold(given: Mapping[str, Any], place: str) -> str:
    hold = str(given.get("hold") or Hold.KEEP)
    if hold not in list(Hold):
        raise Invalid(f"hold is one of {', '.join(Hold)}, not {hold[:20]!r}.", f"{place}.hold")
    return hold


def _setting(given: Mapping[str, Any], place: str) -> dict[str, Any]:
    name, value = str(given.get("name") or "").strip(), given.get("value", "")
    checked_value = _path_value(name, value, place) if is_path(name) else canonical_value(name, value, place)
    return {"name": name, "value": checked_value, "hold": _hold(given, place)}


def is_path(name: str) -> bool:
    return name.partition(".")[0] in ROOTS


def _path_value(name: str, value: Any, place: str) -> str:
    _path(name, f"{place}.name")
    if name.endswith("."):
        raise Invalid(f"{name} is an object; only parameters have values.", f"{place}.name")
    if name.endswith(_OURS) or (is_credential(name) and leaf(name) != "ConnectionRequestURL"):
        raise Invalid(f"{name} is not set by a profile: logins are handed out one by one, and devices are moved by an operation.", f"{place}.name")
    text = raw_text(value)
    if len(text) > VALUE_MAX:
        raise Invalid(f"A value has at most {VALUE_MAX} characters; {name} has {len(text)}.", f"{place}.value")
    model = for_root(name.partition(".")[0])
    if "X_" not in name and model.lookup(name) is None and model.lookup(parent(name)) is None:  # leaves of older versions are taken unchecked
        raise Invalid(f"{name} is not in the data model of {name.partition('.')[0]}.", f"{place}.name")
    problem, _ = checked_path(name, text)
    if problem:
        raise Invalid(problem, f"{place}.value")
    return text


def _path(name: str, field: str) -> None:
    try:
        parse_path(name.replace("*", "1"))
    except AcsProtocolError as error:
        raise Invalid(str(error), field) from None


def canonical_value(name: str, value: Any, place: str) -> Any:
    """A value as the canonical name wants it: text of forms and files becomes a number, a truth or a list."""
    try:
        parameter = canonical.describe(name)
    except KeyError:
        raise Invalid(f"{name[:80]!r} is neither a canonical name nor a path that begins with Device. or InternetGatewayDevice.", f"{place}.name") from None
    if not parameter.writable:
        raise Invalid(f"{name} can only be read.", f"{place}.name")
    if name.startswith("management.") and ("acs_" in name or "connection_request_" in name):
        raise Invalid(f"{name} is not set by a profile: logins are handed out one by one, and devices are moved by an operation.", f"{place}.name")
    typed: Any = _typed(parameter.type, value, name, f"{place}.value")
    problems = []
    for root in parameter.roots:
        try:
            to_raw_text(parameter, parameter.candidates[root][0], typed)
        except ValueError as error:
            problems.append(str(error))
        else:
            return list(typed) if isinstance(typed, tuple) else typed
    raise Invalid(problems[0] if problems else f"{name} cannot be written under any root.", f"{place}.value")


def _typed(kind: ValueType, value: Any, name: str, field: str) -> Any:
    if kind is ValueType.LIST:
        return tuple(value) if isinstance(value, list | tuple) else tuple(part.strip() for part in str(value).split(",") if part.strip())
    if not isinstance(value, str):
        return value
    text = value.strip()
    if kind is ValueType.BOOL:
        if text.lower() not in ("1", "0", "true", "false", "yes", "no", "on", "off"):
            raise Invalid(f"{name} is true or false, not {text[:40]!r}.", field)
        return is_true(text)
    if kind in (ValueType.INT, ValueType.FLOAT):
        try:
            return int(text) if kind is ValueType.INT else float(text)
        except ValueError:
            raise Invalid(f"{name} must be a number, not {text[:40]!r}.", field) from None
    return text if kind is ValueType.ENUM else value


def _row(given: Mapping[str, Any], place: str) -> dict[str, Any]:
    table = str(given.get("table") or "").strip()
    keys, values = given.get("keys") or {}, given.get("values") or {}
    if not isinstance(keys, Mapping) or not isinstance(values, Mapping):
        raise Invalid("keys and values are objects of columns and values.", f"{place}.keys")
    if is_path(table):
        table = table if table.endswith(".") else table + "."
        _path(table, f"{place}.table")
    elif table not in canonical.tables():
        raise Invalid(f"{table[:80]!r} is neither a table of {', '.join(canonical.tables())} nor a path.", f"{place}.table")
    if not keys:
        raise Invalid("A row needs a key: what tells it from the others of its table.", f"{place}.keys")
    absent = bool(given.get("absent", False))
    for part, cells in (("keys", keys), ("values", values)):
        for column, value in cells.items():
            _cell(table, str(column), value, f"{place}.{part}")
    if set(keys) & set(values):
        raise Invalid(f"{sorted(set(keys) & set(values))[0]} is a key and a value.", f"{place}.values")
    return {"table": table, "keys": dict(keys), "values": {} if absent else dict(values), "absent": absent, "hold": _hold(given, place)}


def _cell(table: str, column: str, value: Any, field: str) -> None:
    if is_path(table):
        problem, _ = checked_path(f"{table}1.{column}", raw_text(value))
        if problem:
            raise Invalid(problem, field)
        return
    problems = []
    for root in ROOTS:
        if column not in writable_columns(table, root):
            continue
        try:
            to_cell(table, column, value, root)
        except (KeyError, ValueError) as error:
            problems.append(str(error.args[0]))
        else:
            return
    raise Invalid(problems[0] if problems else f"{table} has no column {column!r} that can be set.", field)


def _watch(given: Mapping[str, Any], place: str) -> dict[str, Any]:
    name = str(given.get("name") or "").strip()
    if is_path(name):
        _path(name, f"{place}.name")
    elif name not in canonical.names():
        raise Invalid(f"{name[:80]!r} is neither a canonical name nor a path.", f"{place}.name")
    text = str(given.get("notification", "")).strip()
    if text not in ("0", "1", "2"):
        raise Invalid(f"notification is 0 (off), 1 (with the next contact) or 2 (at once), not {text[:20]!r}.", f"{place}.notification")
    return {"name": name, "notification": int(text)}


# ---- secrets -------------------------------------------------------------------------------------------------


def secret_name(name: str) -> bool:
    return is_secret(name) if is_path(name) else name in canonical.names() and canonical.describe(name).secret


def _cells_of(document: Mapping[str, Any], change: Callable[[str, Any], Any]) -> dict[str, Any]:
    """The document with every value of a secret put through `change`."""
    settings = [{**one, "value": change(one["name"], one["value"]) if secret_name(one["name"]) else one["value"]} for one in document["settings"]]
    rows = [
        {**row, **{part: {c: change(c, v) if is_secret(c) else v for c, v in row[part].items()} for part in ("keys", "values")}}
        for row in document["rows"]
    ]
    return {**EMPTY, **document, "settings": settings, "rows": rows}


def sealed(vault: Vault, document: Mapping[str, Any]) -> dict[str, Any]:
    """As it lies in the database; what is sealed already stays so."""

    def seal(_name: str, value: Any) -> Any:
        text = raw_text(value)
        return text if not text or text.startswith(SEALED) else SEALED + vault.seal(text)

    return _cells_of(document, seal)


def opened(vault: Vault, document: Mapping[str, Any]) -> dict[str, Any]:
    return _cells_of(document, lambda _name, value: reveal(vault, raw_text(value)))


def shown(document: Mapping[str, Any]) -> dict[str, Any]:
    """For people: secrets struck out."""
    return _cells_of(document, lambda _name, value: MASK if value else value)


def with_secrets_of(given: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What a form gives back with secrets struck out, with those it had: a secret nobody typed anew stays. `before` is opened."""
    known = {one["name"]: one["value"] for one in before.get("settings", ())}

    def keep(name: str, value: Any) -> Any:
        return known.get(name, "") if raw_text(value) == MASK else value

    settings = [{**one, "value": keep(str(one.get("name", "")), one.get("value", ""))} for one in given.get("settings") or ()]
    return {**given, "settings": settings}


# ---- reading -------------------------------------------------------------------------------------------------


def profile_of(vault: Vault, number: int, name: str, version: int, precedence: int, document: Mapping[str, Any]) -> Profile:
    """The profile as the pure side reads it, secrets in clear."""
    d = opened(vault, document)
    return Profile(
        number, name, version, precedence,
        tuple(Setting(one["name"], _value(one["name"], one["value"]), Hold(one["hold"])) for one in d["settings"]),
        tuple(RowSetting(r["table"], r["keys"], r["values"], r["absent"], Hold(r["hold"])) for r in d["rows"]),
        tuple(Watch(w["name"], w["notification"]) for w in d["watches"]),
        d["firmware"], d["inform_interval_s"], d["hook"],
    )  # fmt: skip


def _value(name: str, value: Any) -> Any:
    return tuple(value) if isinstance(value, list) and not is_path(name) else value


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, str]]:
    """What changed between two contents, line by line, for people: what, before, after. Both with secrets struck out."""
    before, after = _flat(old), _flat(new)
    return [
        {"what": what, "before": before.get(what, ""), "after": after.get(what, "")}
        for what in dict.fromkeys((*before, *after))
        if before.get(what) != after.get(what)
    ]


def _flat(content: Mapping[str, Any]) -> dict[str, str]:
    document = {**EMPTY, **content.get("document", {})}
    flat = {name: raw_text(content.get(name)) for name in ("name", "note", "selection", "precedence", "enabled", "valid_from")}
    flat |= {name: raw_text(document[name]) for name in ("firmware", "inform_interval_s", "hook", "self_heal")}
    flat |= {one["name"]: f"{raw_text(one['value'])} ({one['hold']})" for one in document["settings"]}
    for row in document["rows"]:
        label = f"{row['table']} {', '.join(f'{c} {raw_text(v)}' for c, v in row['keys'].items())}"
        flat[label] = "must not be there" if row["absent"] else ", ".join(f"{c} {raw_text(v)}" for c, v in row["values"].items()) or "must be there"
    return flat | {f"watch {one['name']}": str(one["notification"]) for one in document["watches"]}

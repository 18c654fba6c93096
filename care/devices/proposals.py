"""A change of a device that waits for its confirmation: what is written, beside what it replaces. Pure, but for the vault that seals it.

The page that shows the difference carries the proposal sealed: nobody alters it on the way, and no password stands in the page. Whoever
confirms writes exactly what was shown; if the device's values changed meanwhile, the difference is drawn anew.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from flask_babel import gettext as _

from acs.errors import Invalid
from acs.provisioning.quirks import DeviceQuirks
from acs.secrets import MASK, Vault
from care.devices import limits, rules, words
from care.devices.known import Known
from care.security.permissions import Permission
from datamodels import canonical
from datamodels.canonical import Value, ValueType
from datamodels.check import check, is_secret, wire_type
from datamodels.tree import words as path_words

BASIC = frozenset({"ssid", "passphrase", "channel", "auto_channel"})
"""What WRITE_BASIC lets a care agent change: the last parts of wifi.* names."""
VALID_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Line:
    """One difference. `old` and `new` as people read them; a secret is masked."""

    name: str
    label: str
    old: str
    new: str
    path: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """`writes` are (path, text, type) as they will be sent; `found` the texts that stood there when the difference was drawn."""

    device_id: int
    lines: tuple[Line, ...]
    writes: tuple[tuple[str, str, str], ...]
    found: Mapping[str, str]
    effects: tuple[str, ...]
    basic: bool
    reason: str
    made_at: datetime
    by: str
    override: bool = False
    """A rule of the data model is broken on purpose: that takes a permission of its own."""

    @property
    def permission(self) -> Permission:
        return Permission.WRITE_BASIC if self.basic else Permission.WRITE_PARAMETERS

    def against(self, known: Known, now: datetime) -> "Proposal":
        """The same writes beside what the device shows now."""
        lines = tuple(replace(line, old=known.values[line.path].value) if line.path in known.values else line for line in self.lines)
        found = {path: known.values[path].value for path in self.found if path in known.values}
        return replace(self, lines=lines, found=found, made_at=now)


def is_basic(name: str) -> bool:
    return name.startswith("wifi.") and name.rpartition(".")[2] in BASIC


def of_canonical(
    device_id: int, known: Known, wanted: Mapping[str, Value], *, by: str, now: datetime, reason: str = ""
) -> Proposal:
    """What has to be written so that each name gets its value; unchanged ones are left out. Invalid names the field and the rule."""
    if known.resolver is None:
        raise Invalid(_("Nothing is known of this device yet."))
    rules.check(known, wanted)
    lines, writes = [], {}
    for name, value in wanted.items():
        present = known.reading(name)
        if present is not None and not present.secret and present.value == value:
            continue
        try:
            needed = canonical.to_raw(known.resolver, name, value)
        except ValueError as error:
            raise Invalid(limits.refused(error, name), name) from None
        secret = canonical.describe(name).secret
        old = words.text_of(present.value, present.unit) if present is not None else words.text_of(None)
        new = MASK if secret else words.text_of(value, canonical.describe(name).unit)
        lines.append(Line(name, words.full_label(name), old, new, needed[0][0]))
        for path, text, kind in needed:
            writes[path] = (path, text, kind.removeprefix("xsd:"))
    if not lines:
        raise Invalid(_("Nothing was changed in the form."))
    found = {path: known.values[path].value for path in writes if path in known.values}
    effects = tuple(dict.fromkeys(effect for line in lines if (effect := effect_of(line.name))))
    basic = all(is_basic(line.name) for line in lines)
    return Proposal(device_id, tuple(lines), tuple(writes.values()), found, effects, basic, reason, now, by)


def of_path(
    device_id: int, known: Known, path: str, text: str, *, by: str, now: datetime, reason: str = "", override: bool = False
) -> Proposal:
    """One raw parameter. Its value is checked against the data model unless `override`, which needs a reason that the audit trail keeps."""
    stored = known.values.get(path)
    if stored is None:
        raise Invalid(_("This device has no parameter %(path)s.", path=path), "value")
    entry = known.model.lookup(path) if known.model is not None else None
    problem = check(entry, text) if entry is not None else None
    if override and not reason.strip():
        raise Invalid(_("Say why the rule is to be overridden: the audit trail keeps it."), "reason")
    if problem is not None and not override:
        raise Invalid(limits.broken(problem, path_words(path)), "value")
    if stored.writable is False and not override:
        raise Invalid(_("The device says that %(path)s is read only.", path=path), "value")
    kind = wire_type(entry).removeprefix("xsd:") if entry is not None and not override else stored.type or "string"
    secret = is_secret(path)
    line = Line("", path_words(path), MASK if secret and stored.value else stored.value, MASK if secret else text, path)
    if override:
        reason = _("Rule overridden: %(reason)s", reason=reason.strip())
    return Proposal(device_id, (line,), ((path, text, kind),), {path: stored.value}, (), False, reason, now, by, override)


def effect_of(name: str) -> str:
    """What people in the home will notice."""
    group, _dot, rest = name.partition(".")
    if group == "wifi" and rest.endswith((".ssid", ".passphrase", ".security_mode")):
        return _("Everything on this WiFi is cut off and must join again with the new name or password.")
    if group == "wifi":
        return _("The WiFi pauses for a few seconds; most things come back by themselves.")
    if name.startswith("lan."):
        return _("The whole home loses its addresses and must ask for new ones: about a minute without internet.")
    if group == "dhcp":
        return _("Counts for what asks for an address from now on; the rest when its lease ends or it is restarted.")
    return ""


def warned(proposal: Proposal, known: DeviceQuirks) -> Proposal:
    """With a word on each parameter that this device did not keep before, and on a model that wants a restart."""
    told = []
    for path, _text, _kind in proposal.writes:
        lost = known.of("not_kept", path)
        if isinstance(lost, Mapping):
            told.append(
                _("This device did not keep %(path)s before: “%(wrote)s” was written twice, it showed “%(shows)s”.",
                  path=path, wrote=lost.get("wrote", "?"), shows=lost.get("shows", "?"))
            )  # fmt: skip
    if known.needs_restart:
        told.append(_("This model says that written values count after a restart."))
    return replace(proposal, effects=(*proposal.effects, *told)) if told else proposal


def stale(proposal: Proposal, known: Known) -> bool:
    """Whether the device shows something else than when the difference was drawn."""
    return any(path in known.values and known.values[path].value != text for path, text in proposal.found.items())


def seal(proposal: Proposal, vault: Vault) -> str:
    return vault.seal(json.dumps({**asdict(proposal), "made_at": proposal.made_at.isoformat()}, ensure_ascii=False))


def unseal(sealed: str, vault: Vault, device_id: int, by: str, now: datetime) -> Proposal:
    """Invalid for what is not ours, of another device or person, or too old."""
    try:
        given = json.loads(vault.open(sealed))
        made_at = datetime.fromisoformat(given.pop("made_at"))
        lines = tuple(Line(**line) for line in given.pop("lines"))
        writes: Sequence[tuple[str, str, str]] = tuple((a, b, c) for a, b, c in given.pop("writes"))
        proposal = Proposal(lines=lines, writes=tuple(writes), made_at=made_at, effects=tuple(given.pop("effects")), **given)
    except (ValueError, KeyError, TypeError, IndexError):
        raise Invalid(_("This confirmation is not ours. Fill in the form again.")) from None
    if proposal.device_id != device_id or proposal.by != by or now - made_at > VALID_FOR:
        raise Invalid(_("This confirmation is too old. Fill in the form again."))
    return proposal


def parsed(name: str, text: str) -> Value:
    """What a form's text means for a canonical parameter. Invalid names the field."""
    parameter = canonical.describe(name)
    text = text.strip() if not parameter.secret else text
    match parameter.type:
        case ValueType.BOOL:
            return text.lower() in ("1", "true", "yes", "on")
        case ValueType.LIST:
            return tuple(item.strip() for item in text.replace(";", ",").split(",") if item.strip())
        case ValueType.INT | ValueType.FLOAT:
            cleaned = text.replace(words.MINUS, "-").replace(",", ".")
            try:
                return int(cleaned) if parameter.type is ValueType.INT else float(cleaned)
            except ValueError:
                raise Invalid(_("%(label)s must be a number, not “%(text)s”.", label=words.full_label(name), text=text), name) from None
        case _:
            return text

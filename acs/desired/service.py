"""The door of the desired state: profiles with their versions, how a device stands, what would be sent, reports, repair, and swaps.

A change of a profile marks the devices of its old and new selection, by a job and in chunks: nothing is worked out until a device comes. What is
worked out for one device is examining.py's, what came of it settling.py's. Every call names a tenant; every write leaves an audit line.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from acs import audit, jobs
from acs.audit import Actor
from acs.db.engine import Database, Unit
from acs.db.tenancy import TenantId
from acs.desired import documents, examining, reports, settling, swapping
from acs.desired.book import ProfileBook
from acs.desired.book import load as load_book
from acs.desired.book import tenants as book_tenants
from acs.desired.documents import is_path, with_secrets_of
from acs.desired.examining import HookValues, messages
from acs.desired.hooking import hooks_of
from acs.desired.models import DesiredDevice, DesiredProfile, DesiredVersion
from acs.desired.settling import Configured, note_read, settle
from acs.desired.views import DeviceStanding, Examination, ProfileView, Standing, VersionView
from acs.devices.models import Device
from acs.devices.views import DeviceId
from acs.errors import HearthlineError, Invalid, NotFound
from acs.finding import service as finding
from acs.operations import personal
from acs.operations import service as operations
from acs.operations.personal import PersonalView
from acs.operations.views import OperationId
from acs.provisioning.desired import Desired, KnownTree, raw_text
from acs.provisioning.procedures.configuring import Order
from acs.quirks import service as quirks
from acs.quirks.book import QuirkBook
from acs.secrets import Vault

__all__ = [
    "Configured", "HookValues", "ProfileBook", "add", "ask_repair", "brief", "change", "check_device", "count", "delete_old_reports",
    "device_standing", "enforce_dates", "examine", "get", "give_up_personal", "hook_changed", "hooks_of", "is_path", "line", "lines", "listed",
    "load_book", "mark", "messages", "note_read", "personal_values", "preview_swap", "quirk_book", "raw_text", "reconsider", "rehearsed", "remove",
    "repair", "repair_some", "report", "report_goes_on", "reports_listed", "selected", "settle", "start_report", "stray", "swap", "tally",
    "tenants_with_profiles", "unmark_all", "versions", "with_secrets_of",
]  # fmt: skip

_FIELDS = ("name", "note", "selection", "precedence", "enabled", "valid_from", "document")
PRECEDENCE = 1000
TRY_AGAIN = timedelta(days=1)
"""After so long a device that took nothing is tried once more."""

# ---- profiles ------------------------------------------------------------------------------------------------


def _proper(given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What people set of a profile, checked. Invalid names the field."""
    if unknown := sorted(set(given) - {*_FIELDS, "reason"}):
        raise Invalid(f"A profile has no {unknown[0]!r}; it has {', '.join(_FIELDS)}.", unknown[0])
    name = str(given.get("name") or "").strip()
    if not 1 <= len(name) <= 80:
        raise Invalid("A profile needs a name of at most 80 characters.", "name")
    selection = str(given.get("selection") or "").strip()
    if len(selection) > 4000:
        raise Invalid("A selection has at most 4000 characters.", "selection")
    try:
        finding.parse(selection)
    except Invalid as error:
        raise Invalid(str(error), "selection") from None
    return {
        "name": name, "note": str(given.get("note") or "").strip()[:300], "selection": selection, "precedence": _precedence(given.get("precedence")),
        "enabled": bool(given.get("enabled", False)), "valid_from": _instant(given.get("valid_from")),
        "document": documents.checked(given.get("document") or {}),
    }  # fmt: skip


def _precedence(value: Any) -> int:
    text = str(value if value is not None else 0).strip() or "0"
    if not text.lstrip("-").isdigit() or abs(int(text)) > PRECEDENCE:
        raise Invalid(f"precedence is a whole number from -{PRECEDENCE} to {PRECEDENCE}, not {text[:20]!r}.", "precedence")
    return int(text)


def _instant(value: Any) -> datetime | None:
    if value in (None, ""):
        return None
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        if found.tzinfo is None:
            raise ValueError
    except ValueError:
        raise Invalid(f"valid_from is an instant with its zone, as 2026-11-22T08:00:00Z, not {str(value)[:40]!r}.", "valid_from") from None
    return found


def _content(proper: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    at = proper["valid_from"]
    return {**proper, "document": document, "valid_from": at.isoformat() if at is not None else None}


def _is_in_force(proper: Mapping[str, Any], now: datetime) -> bool:
    at = proper["valid_from"]
    return bool(proper["enabled"]) and (at is None or at <= now)


def add(unit: Unit, actor: Actor, vault: Vault, given: Mapping[str, Any], now: datetime) -> ProfileView:
    """A new profile. Invalid names the field; Conflict for a name that is taken."""
    proper = _proper(given, now)
    _free_name(unit.session, actor.tenant, proper["name"], 0)
    sealed = documents.sealed(vault, proper["document"])
    row = DesiredProfile(
        tenant_id=actor.tenant, **{**proper, "document": sealed}, in_force=_is_in_force(proper, now), version=1, created_at=now, created_by=actor.name,
        changed_at=now, changed_by=actor.name,
    )  # fmt: skip
    unit.session.add(row)
    unit.session.flush()
    content = _content(proper, sealed)
    _keep_version(unit, actor, row, content, str(given.get("reason") or ""), now)
    audit.record(unit, actor, "profile.add", f"profile:{row.id}", now, after=_audited(content))
    if row.in_force:
        _mark_selections(unit, actor, row, [row.selection], now)
    return _view(row)


def change(unit: Unit, actor: Actor, vault: Vault, profile_id: int, given: Mapping[str, Any], now: datetime) -> ProfileView:
    """Another version of a profile: what `given` does not name stays. Devices of the old and the new selection are marked."""
    row = _row(unit.session, actor.tenant, profile_id)
    known = documents.opened(vault, row.document)
    before = {name: getattr(row, name) for name in _FIELDS if name != "document"}
    document = with_secrets_of(given["document"], known) if isinstance(given.get("document"), Mapping) else known
    proper = _proper({**before, **given, "document": document}, now)
    _free_name(unit.session, actor.tenant, proper["name"], row.id)
    sealed = documents.sealed(vault, proper["document"])
    told = _content({**before, "document": None}, row.document)
    if {**proper, "document": None} == {**before, "document": None} and documents.opened(vault, sealed) == known:
        return _view(row)
    selections = [row.selection] if row.in_force else []
    for name in _FIELDS:
        setattr(row, name, sealed if name == "document" else proper[name])
    row.in_force, row.version = _is_in_force(proper, now), row.version + 1
    row.changed_at, row.changed_by = now, actor.name
    content = _content(proper, sealed)
    _keep_version(unit, actor, row, content, str(given.get("reason") or ""), now)
    audit.record(unit, actor, "profile.change", f"profile:{row.id}", now, before=_audited(told), after=_audited(content))
    if row.in_force:
        selections.append(row.selection)
    _mark_selections(unit, actor, row, selections, now)
    return _view(row)


def remove(unit: Unit, actor: Actor, profile_id: int, now: datetime) -> None:
    """Forget a profile with its versions. What it set stays on the devices until another profile wants something else."""
    row = _row(unit.session, actor.tenant, profile_id)
    told = _content({name: getattr(row, name) for name in _FIELDS}, row.document)
    in_force, selection = row.in_force, row.selection
    unit.session.delete(row)
    unit.session.flush()
    audit.record(unit, actor, "profile.remove", f"profile:{profile_id}", now, before=_audited(told))
    if in_force:
        _mark_selections(unit, actor, row, [selection], now)


def _free_name(session: Session, tenant: TenantId, name: str, own: int) -> None:
    taken = select(DesiredProfile.id).where(DesiredProfile.tenant_id == tenant, DesiredProfile.name == name, DesiredProfile.id != own)
    if session.scalar(taken) is not None:
        raise Invalid(f"There is a profile {name!r} already.", "name")


def _keep_version(unit: Unit, actor: Actor, row: DesiredProfile, content: Mapping[str, Any], reason: str, now: datetime) -> None:
    unit.session.add(
        DesiredVersion(
            profile_id=row.id, version=row.version, tenant_id=row.tenant_id, content=dict(content), at=now, by=actor.name, reason=reason.strip()[:300]
        )
    )  # fmt: skip


def _audited(content: Mapping[str, Any]) -> dict[str, Any]:
    return {**content, "document": documents.shown(content["document"])}


def _mark_selections(unit: Unit, actor: Actor, row: DesiredProfile, selections: Sequence[str], now: datetime) -> None:
    """A job marks the devices concerned; workers learn which tenants have profiles."""
    unit.hint("profiles")
    for selection in dict.fromkeys(selections):
        args = {"tenant": int(actor.tenant), "selection": selection, "after": 0}
        jobs.enqueue(unit, actor.tenant, "desired.mark", args, now, by=actor.name, key=f"desired.mark:{row.id}:{row.version}:{selection}"[:200])


def _row(session: Session, tenant: TenantId, profile_id: int) -> DesiredProfile:
    row = session.get(DesiredProfile, profile_id)
    if row is None or row.tenant_id != tenant:
        raise NotFound(f"There is no profile {profile_id}.")
    return row


def get(session: Session, tenant: TenantId, profile_id: int) -> ProfileView:
    return _view(_row(session, tenant, profile_id))


def listed(session: Session, tenant: TenantId) -> tuple[ProfileView, ...]:
    """All profiles of a tenant, the strongest first."""
    query = select(DesiredProfile).where(DesiredProfile.tenant_id == tenant)
    return tuple(map(_view, session.scalars(query.order_by(DesiredProfile.precedence.desc(), DesiredProfile.id.desc()).limit(1000))))


def _view(r: DesiredProfile) -> ProfileView:
    return ProfileView(
        r.id, r.name, r.note, r.selection, r.precedence, r.enabled, r.valid_from, r.in_force, r.version, documents.shown(r.document), r.created_at,
        r.created_by, r.changed_at, r.changed_by,
    )  # fmt: skip


def versions(session: Session, tenant: TenantId, profile_id: int, limit: int = 50) -> tuple[VersionView, ...]:
    """The newest first, each with what it changed."""
    _row(session, tenant, profile_id)
    query = select(DesiredVersion).where(DesiredVersion.profile_id == profile_id).order_by(DesiredVersion.version.desc()).limit(limit + 1)
    rows = list(session.scalars(query))
    contents = [_audited(row.content) for row in rows]
    return tuple(
        VersionView(
            row.version, row.at, row.by, row.reason, contents[n],
            tuple(documents.differences(contents[n + 1], contents[n])) if n + 1 < len(rows) else (),
        )
        for n, row in enumerate(rows[:limit])
    )  # fmt: skip


def count(session: Session, tenant: TenantId, selection: str, now: datetime) -> tuple[int, bool]:
    """How many devices a selection fits, and whether that is exact."""
    found = finding.count(session, tenant, finding.parse(selection), now)
    return found.number, found.is_exact


def tally(session: Session, tenant: TenantId) -> dict[Standing, int]:
    """How many devices are pending, in drift or failed: what asks for somebody. From a small index."""
    asks = (Standing.PENDING, Standing.DRIFT, Standing.FAILED)
    query = (
        select(DesiredDevice.state, func.count())
        .where(DesiredDevice.tenant_id == tenant, DesiredDevice.state.in_([s.value for s in asks]))
        .group_by(DesiredDevice.state)
    )
    return {Standing(state): number for state, number in session.execute(query)}


# ---- marking -------------------------------------------------------------------------------------------------


def selected(
    session: Session, tenant: TenantId, selection: str, after: int, now: datetime, limit: int = 200
) -> tuple[tuple[DeviceId, ...], int | None]:
    """The next devices of a selection, and after which id to go on (None at the end); nobody of one that cannot be read any more."""
    try:
        return finding.walk(session, tenant, finding.parse(selection), now, after, limit)
    except HearthlineError:
        return (), None


def mark(unit: Unit, tenant: TenantId, ids: Sequence[int], now: datetime) -> None:
    """What should hold on these devices is worked out anew, at their next contact."""
    settling.mark(unit, tenant, ids, now)


def unmark_all(unit: Unit, tenant: TenantId, limit: int = 500) -> int:
    return settling.unmark_all(unit, tenant, limit)


def reconsider(unit: Unit, tenant: TenantId, ids: Sequence[int], now: datetime) -> None:
    """What profiles look at changed on these devices (tags, a group): what should hold is worked out anew, where there are profiles at all."""
    if unit.session.scalar(select(DesiredProfile.id).where(DesiredProfile.tenant_id == tenant, DesiredProfile.in_force).limit(1)) is not None:
        settling.mark(unit, tenant, list(ids), now)


def hook_changed(unit: Unit, actor: Actor, name: str, now: datetime) -> int:
    """A hook answers otherwise from now on: devices of the profiles in force that name it are marked, by a job. How many profiles."""
    in_force = select(DesiredProfile).where(DesiredProfile.tenant_id == actor.tenant, DesiredProfile.in_force)
    rows = [row for row in unit.session.scalars(in_force) if row.document.get("hook") == name]
    for row in rows:
        args = {"tenant": int(actor.tenant), "selection": row.selection, "after": 0}
        key = f"desired.mark:{row.id}:hook:{now.timestamp()}"
        jobs.enqueue(unit, actor.tenant, "desired.mark", args, now, by=actor.name, key=key)
    return len(rows)


def enforce_dates(unit: Unit, now: datetime) -> int:
    """Profiles whose time has come are put in force; how many."""
    due = select(DesiredProfile).where(DesiredProfile.enabled, ~DesiredProfile.in_force, DesiredProfile.valid_from <= now)
    rows = list(unit.session.scalars(due.limit(100)))
    for row in rows:
        row.in_force = True
        actor = Actor.system("profiles", TenantId(row.tenant_id))
        _mark_selections(unit, actor, row, [row.selection], now)
        audit.record(unit, actor, "profile.in_force", f"profile:{row.id}", now, after={"valid_from": str(row.valid_from)})
    return len(rows)


# ---- one device ----------------------------------------------------------------------------------------------


def examine(
    session: Session, vault: Vault, tenant: TenantId, device_id: int, now: datetime, with_profile: int | None = None, again: bool = False,
    hooks: HookValues | None = None,
) -> Examination:  # fmt: skip
    """What should hold on a device, what does not, and what would be sent. UnknownDevice."""
    device = examining.device_of(session, tenant, device_id)
    return examining.examination(examining.look(session, vault, device, now, with_profile=with_profile, again=again, hooks=hooks), now)


def rehearsed(session: Session, vault: Vault, tenant: TenantId, device_id: int, now: datetime) -> tuple[Any, ...]:
    """The very messages a `configure` would send, secrets in clear: for programs that compare."""
    return examining.rehearsed(examining.look(session, vault, examining.device_of(session, tenant, device_id), now), now)


def brief(
    session: Session, vault: Vault, device_id: int, args: Mapping[str, Any], now: datetime, book: QuirkBook | None = None,
    hooks: HookValues | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What `configure` must be told, worked out when its turn comes."""
    device = session.get(Device, device_id)
    if device is None:
        return {"order": Order(Desired(), KnownTree(""))}
    found = examining.look(session, vault, device, now, again=bool(args.get("again")), book=book, hooks=hooks)
    if not found.desired.is_empty and not found.tree.values:
        return {"unread": True}
    return {"order": found.order}


def check_device(database: Database, vault: Vault, device_id: int, now: datetime, hooks: HookValues | None = None) -> str:
    """Compare what was read with what should hold, keep how the device stands, and repair where its profiles say so. What came of it."""
    with database.read() as session:
        device = session.get(Device, device_id)
        if device is None or session.get(DesiredDevice, device_id) is None:
            return "nothing is wanted of it"
        found = examining.look(session, vault, device, now, hooks=hooks)
        tenant, changes = TenantId(device.tenant_id), len(found.plan.differences)
    with database.write() as unit:
        row = unit.session.get(DesiredDevice, device_id)
        reports.keep_look(row, changes, now)
        if row is None or row.state != Standing.DRIFT:
            return "in step" if row is not None and not row.drift else "pending"
        told = f"{row.drift} values in drift"
        if found.self_heals:
            why = "drift, and its profiles repair by themselves"
            operations.request(unit, Actor.system("profiles", tenant), DeviceId(device_id), "configure", {}, now, why, urgent=False)
            told += ", repair asked for"
        return told


def stray(session: Session, tenant: TenantId, after: int, now: datetime, limit: int = 500) -> tuple[list[int], int | None]:
    """Devices that came under a profile, left one, or failed a day ago, without anybody telling: to be marked; and after which id to go on.

    For the hourly look: tags and readings change who a selection fits. Each profile in force is asked about these devices only.
    """
    ids = list(session.scalars(select(Device.id).where(Device.tenant_id == tenant, Device.id > after).order_by(Device.id).limit(limit)))
    if not ids:
        return [], None
    rows = {row.device_id: row for row in session.scalars(select(DesiredDevice).where(DesiredDevice.device_id.in_(ids)))}
    should: dict[int, set[int]] = {number: set() for number in ids}
    in_force = select(DesiredProfile).where(DesiredProfile.tenant_id == tenant, DesiredProfile.in_force)
    for profile in session.scalars(in_force):
        following: int | None = after
        while following is not None and following < ids[-1]:
            fit, following = selected(session, tenant, profile.selection, following, now, limit)
            for device_id in set(fit) & should.keys():
                should[device_id].add(profile.id)
    out: list[int] = []
    for number, wanted in should.items():
        row = rows.get(number)
        if row is None:
            out += [number] if wanted else []
        elif row.state == Standing.FAILED:
            out += [number] if row.checked_at is None or now - row.checked_at > TRY_AGAIN else []
        elif row.state != Standing.PENDING and {int(n) for n in row.profiles.split(",") if n} != wanted:
            out.append(number)
    return out, ids[-1] if len(ids) == limit else None


def quirk_book(database: Database) -> QuirkBook:
    """What is known of models, for who looks at many devices."""
    book = QuirkBook()
    book.replace(quirks.load(database))
    return book


def tenants_with_profiles(session: Session) -> tuple[TenantId, ...]:
    return tuple(TenantId(tenant) for tenant in sorted(book_tenants(session)))


def device_standing(session: Session, tenant: TenantId, device_id: int) -> DeviceStanding | None:
    row = session.get(DesiredDevice, device_id)
    return examining.standing_of(row) if row is not None and row.tenant_id == tenant else None


def repair(unit: Unit, actor: Actor, device_id: int, now: datetime, again: bool = False, reason: str = "") -> OperationId:
    """Bring a device to its profiles now. `again`: what did not stick before is tried once more."""
    return operations.request(unit, actor, DeviceId(device_id), "configure", {"again": True} if again else {}, now, reason)


def personal_values(session: Session, tenant: TenantId, device_id: int) -> tuple[PersonalView, ...]:
    """What people set on a device by hand; secrets as they are stored, sealed."""
    examining.device_of(session, tenant, device_id)
    return personal.of_device(session, device_id)


def give_up_personal(unit: Unit, actor: Actor, device_id: int, path: str, now: datetime) -> None:
    """Let the profiles have a parameter that a person set. NotFound where nobody did."""
    examining.device_of(unit.session, actor.tenant, device_id)
    if not personal.forget(unit.session, device_id, [path]):
        raise NotFound(f"{path} was not set by hand on device {device_id}.")
    audit.record(unit, actor, "device.give_up_personal", f"device:{device_id}", now, before={"path": path})
    settling.mark(unit, actor.tenant, [device_id], now)


# ---- reports and swaps ---------------------------------------------------------------------------------------

start_report = reports.start
report = reports.get
reports_listed = reports.listed
lines = reports.lines
line = reports.line
ask_repair = reports.ask_repair
report_goes_on = reports.go_on
repair_some = reports.repair_some
delete_old_reports = reports.delete_old
preview_swap = swapping.preview
swap = swapping.swap


"""The door of the quirk registry: what is known, of whom and by which evidence; what a person sets; export and import.

Every change leaves an audit line with before and after, and a hint on which the workers read the registry again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor
from acs.db.engine import Database, Unit
from acs.db.tenancy import TenantId
from acs.devices.models import Device
from acs.errors import Conflict, Invalid, NotFound, UnknownDevice
from acs.provisioning.quirks import KNOBS, DeviceQuirks, Entry, Scope, Shape, State, checked, firmware, fitting, merged
from acs.quirks import exchange
from acs.quirks.book import own_of
from acs.quirks.models import Quirk, QuirkSeen
from acs.quirks.views import Change, DeviceKnows, QuirkView, SeenView

_UNIQUE = ("oui", "product_class", "firmware", "knob", "item")
ORIGINS = ("hand", "learned", "import", "seed")


# ---- what sessions use -------------------------------------------------------------------------------------


def load(database: Database) -> dict[int, list[Entry]]:
    """What the workers keep in memory: entries that are active or turned off, by tenant."""
    entries: dict[int, list[Entry]] = defaultdict(list)
    with database.read() as session:
        for row in session.scalars(select(Quirk).where(Quirk.state != State.PROPOSED.value)):
            entries[row.tenant_id].append(_entry(row))
    return dict(entries)


def _entry(row: Quirk | QuirkView) -> Entry:
    scope = Scope(row.oui, row.product_class, firmware(row.firmware))
    return Entry(scope, row.knob, row.item, row.value, State(row.state), row.pinned, row.origin != "learned")


# ---- looking -----------------------------------------------------------------------------------------------


def listed(
    session: Session, tenant: TenantId, q: str = "", knob: str = "", state: str = "", after: int | None = None, limit: int = 1000
) -> tuple[QuirkView, ...]:
    """Entries by model: OUI, product class, firmware, knob. `q` is the beginning of an OUI or part of a product class."""
    query = select(Quirk).where(Quirk.tenant_id == tenant)
    if q:
        query = query.where(Quirk.product_class.icontains(q, autoescape=True) | Quirk.oui.istartswith(q, autoescape=True))
    if knob:
        query = query.where(Quirk.knob == knob)
    if state:
        query = query.where(Quirk.state == state)
    if after is not None:
        query = query.where(Quirk.id > after).order_by(Quirk.id)
    else:
        query = query.order_by(Quirk.oui, Quirk.product_class, Quirk.firmware, Quirk.knob, Quirk.item)
    return tuple(_view(row) for row in session.scalars(query.limit(limit)))


def get(session: Session, tenant: TenantId, quirk_id: int) -> QuirkView:
    return _view(_row(session, tenant, quirk_id))


def evidence(session: Session, tenant: TenantId, quirk_id: int, limit: int = 20) -> tuple[SeenView, ...]:
    """Devices that showed what the entry says, the latest first."""
    row = _row(session, tenant, quirk_id)
    query = select(QuirkSeen, Device.serial_number).join(Device, Device.id == QuirkSeen.device_id)
    query = query.where(QuirkSeen.tenant_id == tenant, QuirkSeen.knob == row.knob, QuirkSeen.item == row.item)
    if row.oui:
        query = query.where(QuirkSeen.oui == row.oui)
    scope = Scope(row.oui, row.product_class, firmware(row.firmware))
    found = session.execute(query.order_by(QuirkSeen.last_at.desc()).limit(500))
    fit = (_seen(seen, serial) for seen, serial in found if scope.fits(seen.oui, seen.product_class, seen.firmware))
    return tuple(view for view, _ in zip(fit, range(limit), strict=False))


def of_device(session: Session, tenant: TenantId, device_id: int) -> DeviceKnows:
    """All that holds for a device now, and where it is from. UnknownDevice for one of another tenant."""
    device = session.get(Device, device_id)
    if device is None or device.tenant_id != tenant:
        raise UnknownDevice(f"There is no device {device_id}.")
    kind = (device.oui, device.product_class, device.software_version)
    rows = session.scalars(select(Quirk).where(Quirk.tenant_id == tenant, Quirk.oui.in_(["", device.oui])))
    views = [view for view in map(_view, rows) if _entry(view).scope.fits(*kind)]
    seen = session.scalars(select(QuirkSeen).where(QuirkSeen.device_id == device_id, QuirkSeen.firmware == device.software_version))
    own = tuple(_seen(row, device.serial_number) for row in seen)
    quirks = merged(fitting(map(_entry, views), *kind), own_of(device.quirks, device.software_version))
    return DeviceKnows(quirks, tuple(views), own)


def of_model(session: Session, tenant: TenantId, oui: str, product_class: str, version: str, knobs: Iterable[str]) -> DeviceQuirks:
    """What the registry says of a model, of some knobs only and without what single devices taught: one small query."""
    query = select(Quirk).where(Quirk.tenant_id == tenant, Quirk.knob.in_(sorted(knobs)), Quirk.oui.in_(["", oui]))
    return merged(fitting(map(_entry, session.scalars(query)), oui, product_class, version))


def _row(session: Session, tenant: TenantId, quirk_id: int) -> Quirk:
    row = session.get(Quirk, quirk_id)
    if row is None or row.tenant_id != tenant:
        raise NotFound(f"There is no quirk {quirk_id}.")
    return row


def _view(row: Quirk) -> QuirkView:
    return QuirkView(
        row.id, row.oui, row.product_class, row.firmware, row.knob, row.item, row.value, row.state, row.origin, row.pinned, row.author,
        row.note, row.devices, row.created_at, row.updated_at,
    )  # fmt: skip


def _seen(row: QuirkSeen, serial: str) -> SeenView:
    return SeenView(
        row.device_id, serial, row.firmware, row.knob, row.item, row.value, row.count, row.epoch, row.asked, row.answered, row.first_at,
        row.last_at,
    )  # fmt: skip


# ---- changing ----------------------------------------------------------------------------------------------


def proper(given: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as it is kept, out of what a person or a file says. Invalid names the field."""
    unknown = sorted(set(given) - {*_UNIQUE, "value", "state", "origin", "pinned", "author", "note"})
    if unknown:
        raise Invalid(f"A quirk has no {unknown[0]!r}.", unknown[0])
    texts = {name: given.get(name, "") for name in (*_UNIQUE, "note", "author")}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise Invalid(f"{name} is a text, not {text!r}.", name)
    oui, product_class = texts["oui"].strip().upper(), texts["product_class"].strip()
    if oui and (len(oui) > 6 or not all(c in "0123456789ABCDEF" for c in oui) or len(oui) != 6):
        raise Invalid(f"An OUI is six hex digits; {oui!r} is not.", "oui")
    if len(product_class) > 64:
        raise Invalid("A product class has at most 64 characters.", "product_class")
    if not oui and product_class in ("", "*"):
        raise Invalid("Name an OUI or a product class: an entry for every device would be a rule, not a quirk.", "product_class")
    try:
        version = firmware(texts["firmware"]).text
    except ValueError as error:
        raise Invalid(str(error), "firmware") from None
    try:
        item, value = checked(texts["knob"].strip(), texts["item"], given.get("value"))
    except ValueError as error:
        known = KNOBS.get(texts["knob"].strip())
        wrong_item = known is not None and (known.shape is Shape.NAMES) != bool(texts["item"].strip())
        raise Invalid(str(error), "knob" if known is None else "item" if wrong_item or "path" in str(error) else "value") from None
    state, origin = given.get("state", State.ACTIVE.value), given.get("origin", "hand")
    if state not in list(State):
        raise Invalid(f"The state is one of {', '.join(State)}, not {state!r}.", "state")
    if origin not in ORIGINS:
        raise Invalid(f"The origin is one of {', '.join(ORIGINS)}, not {origin!r}.", "origin")
    if len(texts["note"]) > 300:
        raise Invalid("A note has at most 300 characters.", "note")
    return {
        "oui": oui, "product_class": product_class, "firmware": version, "knob": texts["knob"].strip(), "item": item, "value": value,
        "state": state, "origin": origin, "pinned": bool(given.get("pinned", False)), "author": texts["author"][:120], "note": texts["note"].strip(),
    }  # fmt: skip


def add(unit: Unit, actor: Actor, given: Mapping[str, Any], now: datetime) -> QuirkView:
    """Set by hand. Invalid with its field; Conflict where the same knob is set for the same devices already."""
    entry = proper({**given, "origin": "hand", "author": actor.name})
    if _same(unit.session, actor.tenant, entry) is not None:
        raise Conflict(f"{entry['knob']} {entry['item']} is set for these devices already: change that entry.".replace("  ", " "))
    row = _insert(unit, actor, entry, now)
    return _view(row)


def change(unit: Unit, actor: Actor, quirk_id: int, given: Mapping[str, Any], now: datetime) -> QuirkView:
    """Change value, state, pinned or note. What a person gave another value is from then on theirs, and learning leaves it alone."""
    row = _row(unit.session, actor.tenant, quirk_id)
    unknown = sorted(set(given) - {"value", "state", "pinned", "note"})
    if unknown:
        raise Invalid(f"{unknown[0]} of an entry cannot be changed: make another one and remove this.", unknown[0])
    before = _told(row)
    entry = proper({**{name: getattr(row, name) for name in (*_UNIQUE, "value", "state", "pinned", "note", "origin", "author")}, **given})
    if entry["value"] != row.value:
        row.origin, row.author = "hand", actor.name
    row.value, row.state, row.pinned, row.note, row.updated_at = entry["value"], entry["state"], entry["pinned"], entry["note"], now
    if before != _told(row):
        unit.session.flush()
        audit.record(unit, actor, "quirk.change", f"quirk:{row.id}", now, before=before, after=_told(row))
        unit.hint("quirks")
    return _view(row)


def remove(unit: Unit, actor: Actor, quirk_id: int, now: datetime) -> None:
    """Forget an entry, and the evidence for it: what is still so will be learned again."""
    row = _row(unit.session, actor.tenant, quirk_id)
    for seen in evidence(unit.session, actor.tenant, quirk_id, 500):
        _unlearn(unit, seen)
    audit.record(unit, actor, "quirk.remove", f"quirk:{row.id}", now, before=_told(row))
    unit.session.delete(row)
    unit.hint("quirks")


def _unlearn(unit: Unit, seen: SeenView) -> None:
    device = unit.session.get(Device, seen.device_id)
    if device is not None and device.quirks:
        known = [one for one in device.quirks["known"] if (one[0], one[1]) != (seen.knob, seen.item)]
        device.quirks = {**device.quirks, "known": known} if known else None
    unit.session.execute(
        delete(QuirkSeen).where(QuirkSeen.device_id == seen.device_id, QuirkSeen.knob == seen.knob, QuirkSeen.item == seen.item)
    )


def _insert(unit: Unit, actor: Actor, entry: Mapping[str, Any], now: datetime) -> Quirk:
    row = Quirk(tenant_id=actor.tenant, devices=0, created_at=now, updated_at=now, **entry)
    unit.session.add(row)
    unit.session.flush()
    audit.record(unit, actor, "quirk.add", f"quirk:{row.id}", now, after=_told(row))
    unit.hint("quirks")
    return row


def _same(session: Session, tenant: TenantId, entry: Mapping[str, Any]) -> Quirk | None:
    return session.scalar(select(Quirk).where(Quirk.tenant_id == tenant, *(getattr(Quirk, name) == entry[name] for name in _UNIQUE)))


def _told(row: Quirk) -> dict[str, Any]:
    view = asdict(_view(row))
    return {name: view[name] for name in (*_UNIQUE, "value", "state", "origin", "pinned", "note")}


# ---- export and import -------------------------------------------------------------------------------------


def export(session: Session, tenant: TenantId, now: datetime, ids: Sequence[int] = ()) -> str:
    """The registry, or some of it, as TOML."""
    views = listed(session, tenant, limit=100_000)
    return exchange.written([view for view in views if not ids or view.id in ids], now)


def field_text() -> str:
    """What is known of models of the field, as a file to import: never taken in by itself."""
    return exchange.field_text()


def preview(session: Session, tenant: TenantId, text: str) -> tuple[Change, ...]:
    """What an import would do, line by line. Invalid names the entry of the file that is wrong; nothing is done then."""
    there = {_key(asdict(view)): view for view in listed(session, tenant, limit=100_000)}
    out: list[Change] = []
    seen: dict[tuple[str, ...], int] = {}
    for number, given in enumerate(exchange.read(text), 1):
        try:
            entry = proper(given)
        except Invalid as error:
            raise Invalid(f"Entry {number} of the file: {error}", "file") from None
        key = _key(entry)
        if key in seen:
            raise Invalid(f"Entry {number} of the file sets {entry['knob']} for the same devices as entry {seen[key]}.", "file")
        seen[key] = number
        before = there.get(key)
        same = before is not None and (before.value, before.state, before.pinned, before.note) == (
            entry["value"], entry["state"], entry["pinned"], entry["note"],
        )  # fmt: skip
        out.append(Change("new" if before is None else "same" if same else "differs", entry, before))
    return tuple(out)


def _key(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(entry[name] for name in _UNIQUE)


def import_(unit: Unit, actor: Actor, text: str, now: datetime, overwrite: bool = False, origin: str = "import") -> tuple[Change, ...]:
    """Take a file in, all of it or nothing. Where an entry differs from what stands here, `overwrite` says whose word counts."""
    done = preview(unit.session, actor.tenant, text)
    for one in done:
        if one.what == "new":
            _insert(unit, actor, {**one.entry, "origin": origin, "author": actor.name}, now)
        elif one.what == "differs" and overwrite and one.before is not None:
            row = _row(unit.session, actor.tenant, one.before.id)
            before = _told(row)
            for name in ("value", "state", "pinned", "note"):
                setattr(row, name, one.entry[name])
            row.origin, row.author, row.updated_at = origin, actor.name, now
            audit.record(unit, actor, "quirk.change", f"quirk:{row.id}", now, before=before, after=_told(row))
            unit.hint("quirks")
    return done


# ---- upkeep ------------------------------------------------------------------------------------------------


def expire(unit: Unit, now: datetime, limit: int = 1000) -> int:
    """Forget what was learned on firmware that nobody runs any more, and what devices showed before their update; how many.

    What a person pinned or turned off stays, and so does all that was set by hand.
    """
    session = unit.session
    moved = select(QuirkSeen.device_id).join(Device, Device.id == QuirkSeen.device_id).where(Device.software_version != QuirkSeen.firmware)
    devices = list(session.scalars(moved.distinct().limit(limit)))
    gone = 0
    for part in _parts(devices):
        current = select(Device.software_version).where(Device.id == QuirkSeen.device_id).scalar_subquery()
        gone += session.execute(
            delete(QuirkSeen)
            .where(QuirkSeen.device_id.in_(part), QuirkSeen.firmware != current)
            .execution_options(synchronize_session=False)
        ).rowcount  # type: ignore[attr-defined]
    exact = func.ltrim(Quirk.firmware, "=")
    running = exists().where(
        Device.tenant_id == Quirk.tenant_id, Device.oui == Quirk.oui, Device.product_class == Quirk.product_class,
        func.ltrim(Device.software_version, "=") == exact,
    )  # fmt: skip
    old = select(Quirk.id).where(Quirk.origin == "learned", ~Quirk.pinned, Quirk.state != State.OFF.value, Quirk.firmware != "", ~running)
    ids = list(session.scalars(old.limit(limit)))
    for part in _parts(ids):
        session.execute(delete(Quirk).where(Quirk.id.in_(part)))
    if ids:
        unit.hint("quirks")
    return gone + len(ids)


def _parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[i : i + 500] for i in range(0, len(ids), 500))

"""The door to who may connect: block rules, certificate rules, refusals. Every change hints `access`, and workers read it all anew.

Every call names a tenant; every change leaves an audit line. What a rule means is in matching.py.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from acs import audit
from acs.access.matching import fits_device
from acs.access.models import BlockRule, CertificateRule, Refusal
from acs.access.views import Access, BlockAction, BlockView, CertificateKind, CertificateView, Fitting, RefusalView, Refused
from acs.audit import Actor
from acs.cwmp.identity import Identity
from acs.db.bulk import dialect_insert
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.devices.models import Device
from acs.devices.rules import in_network, network_of
from acs.errors import Conflict, Invalid, NotFound

REFUSALS_KEPT = 2000
"""Rows of refusals per tenant: the newest."""
MOST_RULES = 5000


def snapshot(session: Session, tenant: TenantId) -> Access:
    """All that workers hold in memory."""
    return Access(blocks(session, tenant), certificates(session, tenant))


# ---- block rules ---------------------------------------------------------------------------------------------


def blocks(session: Session, tenant: TenantId) -> tuple[BlockView, ...]:
    return tuple(_block(row) for row in session.scalars(select(BlockRule).where(BlockRule.tenant_id == tenant).order_by(BlockRule.id)))


def _block(r: BlockRule) -> BlockView:
    return BlockView(
        r.id, r.network, r.oui, r.product_class, r.serial_pattern, r.firmware, BlockAction(r.action), r.reason, r.created_at, r.created_by,
        r.expires_at, r.hits, r.last_hit_at,
    )  # fmt: skip


def draft(given: Mapping[str, str], now: datetime, expires_at: datetime | None = None, by: str = "") -> BlockView:
    """A rule as it would be, checked but not stored. Invalid names what is wrong."""
    network = given.get("network", "").strip()
    if network:
        try:
            network = str(network_of(network))
        except ValueError:
            raise Invalid(f"{network!r} is neither an address nor a network such as 192.0.2.0/24.", "network") from None
    oui = given.get("oui", "").strip().upper()
    if oui and not re.fullmatch(r"[0-9A-F]{6}", oui):
        raise Invalid(f"{oui!r} is not an OUI of six hex digits.", "oui")
    texts = {name: given.get(name, "").strip()[:64] for name in ("product_class", "serial_pattern", "firmware")}
    if not (network or oui or any(text.strip("*?") for text in texts.values())):
        raise Invalid(
            "A rule that fits every device would block the whole fleet: name a network, a model, a serial number or a firmware.", "network"
        )
    if network and ipaddress.ip_network(network).prefixlen == 0 and not (oui or any(texts.values())):
        raise Invalid("This network is the whole Internet.", "network")
    try:
        action = BlockAction(given.get("action", "") or BlockAction.REFUSE)
    except ValueError:
        raise Invalid(f"action is one of {', '.join(BlockAction)}.", "action") from None
    reason = given.get("reason", "").strip()[:300]
    if not reason:
        raise Invalid("Say why: whoever meets the rule later needs it.", "reason")
    if expires_at is not None and expires_at <= now:
        raise Invalid("The rule would end before it begins.", "expires_at")
    return BlockView(
        0, network, oui, texts["product_class"], texts["serial_pattern"], texts["firmware"], action, reason, now, by, expires_at, 0, None
    )


def add_block(unit: Unit, actor: Actor, given: Mapping[str, str], now: datetime, expires_at: datetime | None = None) -> int:
    """Put a rule in force. Every worker knows it within seconds."""
    rule = draft(given, now, expires_at, actor.name)
    if (unit.session.scalar(select(func.count()).select_from(BlockRule).where(BlockRule.tenant_id == actor.tenant)) or 0) >= MOST_RULES:
        raise Conflict(f"There are {MOST_RULES} rules; take some away first.")
    row = BlockRule(
        tenant_id=actor.tenant, network=rule.network, oui=rule.oui, product_class=rule.product_class, serial_pattern=rule.serial_pattern,
        firmware=rule.firmware, action=rule.action.value, reason=rule.reason, created_at=now, created_by=actor.name, expires_at=expires_at, hits=0,
    )  # fmt: skip
    unit.session.add(row)
    unit.session.flush()
    audit.record(unit, actor, "access.add_block", f"block:{row.id}", now, after=_told(row))
    unit.hint("access")
    return row.id


def remove_block(unit: Unit, actor: Actor, rule_id: int, now: datetime) -> None:
    row = unit.session.get(BlockRule, rule_id)
    if row is None or row.tenant_id != actor.tenant:
        raise NotFound(f"There is no block rule {rule_id}.")
    audit.record(unit, actor, "access.remove_block", f"block:{rule_id}", now, before={**_told(row), "hits": row.hits})
    unit.session.delete(row)
    unit.hint("access")


def _told(row: BlockRule) -> dict[str, str]:
    names = ("network", "oui", "product_class", "serial_pattern", "firmware", "action", "reason")
    return {name: value for name in names if (value := getattr(row, name))} | (
        {"until": row.expires_at.isoformat()} if row.expires_at else {}
    )


def fitting(session: Session, tenant: TenantId, rule: BlockView, limit: int = 5) -> Fitting:
    """Which known devices a rule would hit, judged by their last contact. Reads narrow rows, no trees."""
    query = select(Device.id, Device.oui, Device.product_class, Device.serial_number, Device.software_version, Device.address)
    query = query.where(Device.tenant_id == tenant).order_by(Device.id)
    if rule.oui:
        query = query.where(Device.oui == rule.oui)
    if rule.product_class:
        query = query.where(Device.product_class == rule.product_class)
    count = 0
    examples: list[tuple[int, str]] = []
    for row in session.execute(query).yield_per(2000):
        identity = Identity(row.oui, row.product_class, row.serial_number)
        if fits_device(rule, identity, row.software_version) and in_network(row.address, rule.network):
            count += 1
            if len(examples) < limit:
                examples.append((row.id, row.serial_number))
    return Fitting(count, tuple(examples))


def count_hits(unit: Unit, hits: Mapping[int, tuple[int, datetime]]) -> None:
    """How often rules struck since the last flush: id to (times, last)."""
    for rule_id, (times, last) in sorted(hits.items()):
        unit.session.execute(update(BlockRule).where(BlockRule.id == rule_id).values(hits=BlockRule.hits + times, last_hit_at=last))


def delete_expired_blocks(unit: Unit, before: datetime) -> int:
    """Rules that ended long ago; the audit trail keeps that they were."""
    ids = list(unit.session.scalars(select(BlockRule.id).where(BlockRule.expires_at < before).limit(500)))
    if ids:
        unit.session.execute(delete(BlockRule).where(BlockRule.id.in_(ids)))
    return len(ids)


# ---- certificates --------------------------------------------------------------------------------------------


def certificates(session: Session, tenant: TenantId) -> tuple[CertificateView, ...]:
    rows = session.scalars(select(CertificateRule).where(CertificateRule.tenant_id == tenant).order_by(CertificateRule.id))
    return tuple(
        CertificateView(
            r.id,
            CertificateKind(r.kind),
            r.fingerprint,
            r.subject,
            r.device_key,
            r.oui,
            r.product_class,
            r.note,
            r.created_at,
            r.created_by,
        )
        for r in rows
    )


def add_certificate(unit: Unit, actor: Actor, given: Mapping[str, str], now: datetime) -> int:
    """Register whose a certificate is, by SHA-256 fingerprint or by subject (RFC 4514, or the common name alone)."""
    fingerprint = re.sub(r"[\s:]", "", given.get("fingerprint", "")).lower()
    subject = given.get("subject", "").strip()[:300]
    if bool(fingerprint) == bool(subject):
        raise Invalid("A certificate is named by its fingerprint or by its subject, one of both.", "fingerprint")
    if fingerprint and not re.fullmatch(r"[0-9a-f]{64}", fingerprint):
        raise Invalid("A fingerprint is SHA-256: 64 hex digits.", "fingerprint")
    try:
        kind = CertificateKind(given.get("kind", ""))
    except ValueError:
        raise Invalid(f"kind is one of {', '.join(CertificateKind)}.", "kind") from None
    device_key, oui = given.get("device_key", "").strip()[:255], given.get("oui", "").strip().upper()
    product_class = given.get("product_class", "").strip()[:64]
    if kind is CertificateKind.DEVICE and not device_key:
        raise Invalid("Name the device by OUI-ProductClass-SerialNumber.", "device_key")
    if kind is CertificateKind.MODEL and not (oui or product_class):
        raise Invalid("Name the model by OUI, product class or both.", "oui")
    if oui and not re.fullmatch(r"[0-9A-F]{6}", oui):
        raise Invalid(f"{oui!r} is not an OUI of six hex digits.", "oui")
    same = select(CertificateRule.id).where(
        CertificateRule.tenant_id == actor.tenant, CertificateRule.fingerprint == fingerprint, CertificateRule.subject == subject
    )
    if unit.session.scalar(same) is not None:
        raise Conflict("This certificate is registered already: take the old entry away first.")
    row = CertificateRule(
        tenant_id=actor.tenant, kind=kind.value, fingerprint=fingerprint, subject=subject, device_key=device_key if kind is CertificateKind.DEVICE else "",
        oui=oui if kind is CertificateKind.MODEL else "", product_class=product_class if kind is CertificateKind.MODEL else "",
        note=given.get("note", "").strip()[:300], created_at=now, created_by=actor.name,
    )  # fmt: skip
    unit.session.add(row)
    unit.session.flush()
    audit.record(
        unit, actor, "access.add_certificate", f"certificate:{row.id}", now,
        after={
            "kind": kind.value, "fingerprint": fingerprint, "subject": subject, "device": row.device_key, "oui": row.oui,
            "product_class": row.product_class,
        },
    )  # fmt: skip
    unit.hint("access")
    return row.id


def remove_certificate(unit: Unit, actor: Actor, rule_id: int, now: datetime) -> None:
    row = unit.session.get(CertificateRule, rule_id)
    if row is None or row.tenant_id != actor.tenant:
        raise NotFound(f"There is no certificate entry {rule_id}.")
    audit.record(
        unit, actor, "access.remove_certificate", f"certificate:{rule_id}", now,
        before={"kind": row.kind, "fingerprint": row.fingerprint, "subject": row.subject, "device": row.device_key},
    )  # fmt: skip
    unit.session.delete(row)
    unit.hint("access")


# ---- refusals ------------------------------------------------------------------------------------------------


def note_refusals(unit: Unit, tenant: TenantId, refused: Sequence[Refused]) -> None:
    """Add what was refused since the last flush; the same again raises a count. Only the newest rows are kept."""
    if not refused:
        return
    rows = [
        {
            "tenant_id": tenant, "address": each.address[:64], "claimed": each.claimed[:255], "reason": each.reason.value,
            "detail": each.detail[:300], "count": each.count, "first_at": each.first_at, "last_at": each.last_at,
        }
        for each in refused
    ]  # fmt: skip
    insert = dialect_insert(unit.connection, Refusal)
    added = {"detail": insert.excluded.detail, "count": Refusal.count + insert.excluded.count, "last_at": insert.excluded.last_at}
    unit.connection.execute(
        insert.on_conflict_do_update(index_elements=["tenant_id", "address", "claimed", "reason"], set_=added), rows
    )  # one statement for all: hundreds in a transaction would keep the devices waiting
    oldest = unit.session.scalar(
        select(Refusal.last_at).where(Refusal.tenant_id == tenant).order_by(Refusal.last_at.desc()).offset(REFUSALS_KEPT).limit(1)
    )
    if oldest is not None:
        unit.session.execute(delete(Refusal).where(Refusal.tenant_id == tenant, Refusal.last_at <= oldest))
    unit.hint("refusal")


def refusals(
    session: Session, tenant: TenantId, q: str = "", reason: str = "", before: datetime | None = None, limit: int = 50
) -> tuple[RefusalView, ...]:
    """The newest first. `q` is the beginning of an address, or part of the identity that was claimed."""
    query = select(Refusal).where(Refusal.tenant_id == tenant)
    if q:
        query = query.where(Refusal.address.startswith(q, autoescape=True) | Refusal.claimed.contains(q, autoescape=True))
    if reason:
        query = query.where(Refusal.reason == reason)
    if before is not None:
        query = query.where(Refusal.last_at < before)
    rows = session.scalars(query.order_by(Refusal.last_at.desc(), Refusal.id.desc()).limit(limit))
    return tuple(RefusalView(r.id, r.address, r.claimed, r.reason, r.detail, r.count, r.first_at, r.last_at) for r in rows)


def refusals_by_reason(session: Session, tenant: TenantId, since: datetime) -> dict[str, int]:
    query = select(Refusal.reason, func.sum(Refusal.count)).where(Refusal.tenant_id == tenant, Refusal.last_at >= since)
    return {reason: int(count) for reason, count in session.execute(query.group_by(Refusal.reason))}

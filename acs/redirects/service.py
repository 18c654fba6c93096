"""Rules that send devices on to another ACS when they inform (HTTP 307, conformance A-30): by tag, by model, or by both.

Temporary by nature: the device keeps our address and comes to us first each time, so removing the rule brings it back (A-33). For good is the
operation move_acs. Workers hold `destinations` in memory: an Inform costs no statement. Where the target may be is care's to check.
"""

from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.devices.models import Device, DeviceTag
from acs.errors import Invalid, NotFound
from acs.provisioning.plan import Trust
from acs.redirects.models import Redirect
from acs.redirects.views import RedirectView


def add(unit: Unit, actor: Actor, tag: str, model: str, url: str, reason: str, now: datetime) -> int:
    """Send devices on from now on. Invalid for a rule that would fit every device, and for one that is there."""
    tag, model = tag.strip().lower(), model.strip()
    if not tag and not model:
        raise Invalid("A rule needs a tag or a model: it may not send every device away.", "tag")
    if unit.session.scalar(select(Redirect.id).where(Redirect.tenant_id == actor.tenant, Redirect.tag == tag, Redirect.model == model)):
        raise Invalid("There is a rule for these devices already: remove it first.", "tag")
    row = Redirect(
        tenant_id=actor.tenant, tag=tag, model=model, url=url, reason=reason.strip()[:300], created_at=now, created_by=actor.name
    )  # fmt: skip
    unit.session.add(row)
    unit.session.flush()
    after = {"tag": tag, "model": model, "url": url, "reason": row.reason}
    audit.record(unit, actor, "redirect.add", f"redirect:{row.id}", now, after=after)
    unit.hint("redirects")
    return row.id


def remove(unit: Unit, actor: Actor, redirect_id: int, now: datetime) -> None:
    """From their next contact on the devices stay with us again."""
    row = unit.session.get(Redirect, redirect_id)
    if row is None or row.tenant_id != actor.tenant:
        raise NotFound(f"There is no redirect {redirect_id}.")
    before = {"tag": row.tag, "model": row.model, "url": row.url}
    unit.session.delete(row)
    audit.record(unit, actor, "redirect.remove", f"redirect:{redirect_id}", now, before=before)
    unit.hint("redirects")


def listed(session: Session, tenant: TenantId) -> tuple[RedirectView, ...]:
    rows = session.scalars(select(Redirect).where(Redirect.tenant_id == tenant).order_by(Redirect.id))
    return tuple(
        RedirectView(r.id, r.tag, r.model, r.url, r.reason, r.created_at, r.created_by, count(session, tenant, r.tag, r.model))
        for r in rows
    )


def count(session: Session, tenant: TenantId, tag: str, model: str) -> int:
    return int(session.scalar(select(func.count()).select_from(_fitting(tenant, tag, model).subquery())) or 0)


def fitting(session: Session, tenant: TenantId, tag: str, model: str, after_id: int = 0, limit: int = 200) -> tuple[int, ...]:
    """Ids of the devices a tag and a model name, in order, a page at a time."""
    query = _fitting(tenant, tag, model).where(Device.id > after_id).order_by(Device.id).limit(limit)
    return tuple(session.scalars(query))


def _fitting(tenant: int, tag: str, model: str) -> Select[int]:
    query = select(Device.id).where(Device.tenant_id == tenant)
    if tag:
        query = query.where(Device.id.in_(select(DeviceTag.device_id).where(DeviceTag.tenant_id == tenant, DeviceTag.tag == tag)))
    return query.where(or_(Device.model == model, Device.product_class == model)) if model else query


def destinations(session: Session) -> dict[str, str]:
    """Where each admitted device that a rule names is sent, by its key; of two rules the newer one counts. Empty while there is no rule."""
    found: dict[str, str] = {}
    for rule in session.scalars(select(Redirect).order_by(Redirect.id)):
        ids = _fitting(rule.tenant_id, rule.tag, rule.model).where(Device.trust == Trust.ADMITTED)
        found.update(dict.fromkeys(session.scalars(select(Device.key).where(Device.id.in_(ids))), rule.url))
    return found

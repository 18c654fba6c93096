"""From a selection to members: the list is frozen in chunks by id, then canaries are chosen to cover the models.

What fits is looked for outside of the write; a chunk counts only if nobody else went on meanwhile.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from acs import audit
from acs.campaigns.ledger import Ledger
from acs.campaigns.models import Campaign, CampaignMember
from acs.campaigns.states import Member, State
from acs.db.bulk import insert_rows
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.devices.models import Device
from acs.finding import service as finding

FROZEN_AT_ONCE = 300
CHOSEN_AT_ONCE = 200
MODELS_MOST = 500


def freeze(database: Database, campaign_id: int, now: datetime) -> bool:
    """One chunk of the list, or of the choice of canaries; whether there was anything to do."""
    with database.read() as session:
        row = session.get(Campaign, campaign_id)
        if row is None or row.state != State.DRAFT or row.asked_at is None or row.frozen_at is not None:
            return False
        if row.models is not None and row.frozen_to < 0:
            return _choose(database, campaign_id, now)
        tenant, after = TenantId(row.tenant_id), row.frozen_to
        query = finding.parse(row.selection)
        ids, following = finding.walk(session, tenant, query, now, after, FROZEN_AT_ONCE)
        models = {row.id: row.model for row in session.execute(select(Device.id, Device.model).where(Device.id.in_(ids)))}
        spared = _spared(session, row, tenant, list(ids), now)
    with database.write() as unit:
        ledger = Ledger(unit, campaign_id, now)
        row = ledger.row
        if row.frozen_to != after or row.frozen_at is not None:
            return True  # another worker was here
        for number in range(len(ledger.plan.waves) + 1):
            if number not in ledger.waves:
                ledger.add_wave(number)
        rows: list[dict[str, Any]] = []
        counts = dict(row.models or {})
        for device_id in ids:
            if device_id not in models:
                continue
            wave, model = ledger.plan.wave_of(row.members + len(rows)), models[device_id]
            state = Member.SKIPPED if device_id in spared else Member.PENDING
            ledger.add(wave, state)
            if state is Member.PENDING and (model in counts or len(counts) < MODELS_MOST):
                counts[model] = counts.get(model, 0) + 1
            rows.append(
                {
                    "campaign_id": row.id, "device_id": device_id, "tenant_id": row.tenant_id, "wave": wave, "state": state.value, "look_at": now,
                    "model": model, "steps": 0, "touched": False, "measured": 0, "bad": 0, "event_mark": 0,
                    "reason": "It is on the exclusion list." if state is Member.SKIPPED else "",
                }
            )  # fmt: skip
        unit.session.flush()
        insert_rows(unit.connection, CampaignMember, rows)
        row.members, row.models = row.members + len(rows), counts
        row.frozen_to = -1 if following is None else following
        ledger.close()
    return True


def _spared(session: Session, row: Campaign, tenant: TenantId, ids: list[int], now: datetime) -> set[int]:
    found = set(row.spared_ids or ()) & set(ids)
    if row.spared.strip():
        query = finding.select_ids(session, tenant, finding.parse(row.spared), now).where(Device.id.in_(ids))
        found |= set(session.scalars(query))
    return found


def _choose(database: Database, campaign_id: int, now: datetime) -> bool:
    """Canaries: of every model at least one as far as they go, the rest by how many there are of it; who is there comes first."""
    with database.write() as unit:
        ledger = Ledger(unit, campaign_id, now)
        row = ledger.row
        if row.frozen_at is not None or row.frozen_to >= 0:
            return True
        wanted = quotas(dict(row.models or {}), ledger.plan.canaries(sum((row.models or {}).values())))
        room = CHOSEN_AT_ONCE
        for model, quota in wanted.items():
            if not room:
                break
            have = _canaries_of(unit.session, row.id, model)
            missing = min(quota - have, room)
            for member in _candidates(unit.session, row.id, model, missing, now):
                ledger.to_wave(member, 0)
                room -= 1
        if room == CHOSEN_AT_ONCE:
            row.frozen_at, row.models = now, row.models
            for number in [n for n, tally in ledger.tallies.items() if not sum(tally.values())]:
                unit.session.delete(ledger.waves.pop(number))
                del ledger.tallies[number], ledger.gauges[number]
            audit.record(unit, ledger.actor, "campaign.freeze", f"campaign:{row.id}", now, after={"devices": row.members, "canaries": sum(wanted.values())})
            unit.hint("campaign", id=row.id)
        ledger.close()
    return True


def _canaries_of(session: Session, campaign_id: int, model: str) -> int:
    query = select(CampaignMember.device_id).where(
        CampaignMember.campaign_id == campaign_id, CampaignMember.state == Member.PENDING.value, CampaignMember.wave == 0,
        CampaignMember.model == model,
    )  # fmt: skip
    return len(list(session.scalars(query)))


def _candidates(session: Session, campaign_id: int, model: str, wanted: int, now: datetime) -> list[CampaignMember]:
    """Devices that are there first; others only where those are too few."""
    if wanted <= 0:
        return []
    base = (
        select(CampaignMember)
        .join(Device, Device.id == CampaignMember.device_id)
        .where(
            CampaignMember.campaign_id == campaign_id, CampaignMember.model == model, CampaignMember.state == Member.PENDING.value,
            CampaignMember.wave > 0,
        )
        .order_by(CampaignMember.device_id)
    )  # fmt: skip
    found = list(session.scalars(base.where(Device.silent_at > now).limit(wanted)))
    if len(found) < wanted:
        rest = base.where(Device.silent_at.is_(None) | (Device.silent_at <= now)).limit(wanted - len(found))
        found += session.scalars(rest)
    return found


def quotas(models: dict[str, int], wanted: int) -> dict[str, int]:
    """How many canaries of each model: one of each from the most frequent on, then by share, together `wanted` or all there are."""
    by_size = sorted(models, key=lambda model: (-models[model], model))
    found = dict.fromkeys(by_size[:wanted], 1)
    left = wanted - len(found)
    total = sum(models[model] for model in found)
    for model in found:
        more = min(models[model] - 1, left * models[model] // total) if total else 0
        found[model] += more
    left = wanted - sum(found.values())
    while left > 0:
        grown = [model for model in found if found[model] < models[model]]
        if not grown:
            break
        for model in grown[:left]:
            found[model] += 1
            left -= 1
    return found

"""The door of campaigns: write one, look at what it would do, begin, pause, go on, end and take it back; read how it stands.

Every change is under the lock of the campaign's row, with its audit line and hint in the same transaction (ledger.py). What moves a campaign
on is engine.tick, run by a job.
"""

import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor
from acs.campaigns import signs
from acs.campaigns.actions import ACTIONS, Ask, Refused, action_named, asked, subjects
from acs.campaigns.engine import opened, settings_of, tick
from acs.campaigns.ledger import Ledger, gauges_of
from acs.campaigns.models import Campaign, CampaignMember, CampaignSample, CampaignSettings, CampaignWave
from acs.campaigns.plans import Plan, read_plan
from acs.campaigns.states import OVER, WORKING, Event, Member, State
from acs.campaigns.views import (
    CampaignId,
    CampaignView,
    GaugeView,
    MemberView,
    OfDevice,
    Preview,
    Reason,
    Sampled,
    SampleView,
    TenantSettings,
    WaveView,
)
from acs.campaigns.windows import zone_named
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.devices import service as devices
from acs.devices.models import Device
from acs.errors import Conflict, HearthlineError, Invalid, NotFound, UnknownDevice
from acs.finding import service as finding
from acs.operations import service as operations
from acs.operations.sealing import seal_args
from acs.secrets import Vault

__all__ = ["ACTIONS", "CampaignId", "CampaignView", "MemberView", "Plan", "Preview", "Reason", "TenantSettings", "tick"]

LOOKED_AT = 200
"""Devices a preview looks at one by one."""
SPARED_MOST = 5000


# ---- writing one ---------------------------------------------------------------------------------------------


def _checked(session: Session, vault: Vault, tenant: TenantId, given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The columns of what was given, all of it checked. Invalid names the field."""
    name = str(given.get("name") or "").strip()
    if not 1 <= len(name) <= 120:
        raise Invalid("A campaign needs a name of at most 120 characters.", "name")
    selection, spared = (str(given.get(field) or "").strip() for field in ("selection", "spared"))
    for field, text in (("selection", selection), ("spared", spared)):
        try:
            finding.select_ids(session, tenant, finding.parse(text), now)
        except Invalid as error:
            raise Invalid(str(error), field) from None
    action = action_named(str(given.get("action") or ""))
    args = action.check(session, tenant, given.get("args") or {})
    if "args" in args:
        args = {**args, "args": seal_args(vault, args["args"])}
    plan = read_plan(given.get("plan") or {})
    return {
        "name": name, "note": str(given.get("note") or "").strip()[:4000], "selection": selection, "spared": spared,
        "spared_ids": _spared_ids(session, tenant, given.get("spared_devices") or ()), "action": action.name, "args": args, "plan": plan.as_document(),
    }  # fmt: skip


def _spared_ids(session: Session, tenant: TenantId, named: Iterable[Any]) -> list[int]:
    """Ids of devices that are named by id, key or serial number. Invalid for one that does not exist."""
    names = list(dict.fromkeys(str(name).strip() for name in named if str(name).strip()))
    if len(names) > SPARED_MOST:
        raise Invalid(f"At most {SPARED_MOST} devices can be named; {len(names)} were. Tag them and exclude the tag.", "spared_devices")
    found = []
    for name in names:
        try:
            found.append(int(devices.find(session, tenant, name)))
        except HearthlineError as error:
            raise Invalid(str(error), "spared_devices") from None
    return sorted(set(found))


def create(unit: Unit, actor: Actor, vault: Vault, given: Mapping[str, Any], now: datetime) -> CampaignId:
    """A draft. `given`: name, note, selection, spared, spared_devices, action, args, plan. Invalid names the field, Conflict a name in use."""
    columns = _checked(unit.session, vault, actor.tenant, given, now)
    _name_is_free(unit.session, actor.tenant, columns["name"], None)
    row = Campaign(
        tenant_id=actor.tenant, state=State.DRAFT.value, stage="", members=0, frozen_to=0, wave=0, created_at=now, created_by=actor.name, updated_at=now,
        **columns,
    )  # fmt: skip
    unit.session.add(row)
    unit.session.flush()
    audit.record(unit, actor, "campaign.create", f"campaign:{row.id}", now, after=_told(columns))
    unit.hint("campaign", id=row.id)
    return CampaignId(row.id)


def _told(columns: Mapping[str, Any]) -> dict[str, Any]:
    """For the audit line: the arguments as people may read them."""
    args = columns["args"]
    shown = operations.shown(args["args"]) if "args" in args else args
    return {**{name: columns[name] for name in ("name", "selection", "action", "plan")}, "args": {**args, "args": shown} if "args" in args else shown}


def _name_is_free(session: Session, tenant: TenantId, name: str, own: int | None) -> None:
    found = session.scalar(select(Campaign.id).where(Campaign.tenant_id == tenant, Campaign.name == name))
    if found is not None and found != own:
        raise Conflict(f"There is a campaign named “{name}” already.")


def change(unit: Unit, actor: Actor, vault: Vault, campaign_id: int, given: Mapping[str, Any], now: datetime) -> None:
    """Write a draft anew that was not begun. Conflict for any other."""
    ledger = Ledger(unit, campaign_id, now, actor)
    if ledger.state is not State.DRAFT or ledger.row.asked_at is not None:
        raise Conflict(f"{ledger.title} was begun: only a draft can be changed.")
    columns = _checked(unit.session, vault, actor.tenant, given, now)
    _name_is_free(unit.session, actor.tenant, columns["name"], campaign_id)
    for name, value in columns.items():
        setattr(ledger.row, name, value)
    ledger.row.updated_at = now
    audit.record(unit, actor, "campaign.change", f"campaign:{campaign_id}", now, after=_told(columns))
    unit.hint("campaign", id=campaign_id)


def remove(unit: Unit, actor: Actor, campaign_id: int, now: datetime) -> None:
    """Delete a draft that was not begun. What ran is kept: its results are a record."""
    ledger = Ledger(unit, campaign_id, now, actor)
    if ledger.state is not State.DRAFT or ledger.row.asked_at is not None:
        raise Conflict(f"{ledger.title} was begun: it is kept as a record.")
    audit.record(unit, actor, "campaign.remove", f"campaign:{campaign_id}", now, before={"name": ledger.row.name})
    unit.session.delete(ledger.row)


# ---- moving it on --------------------------------------------------------------------------------------------


def start(unit: Unit, actor: Actor, campaign_id: int, now: datetime, person: str = "") -> None:
    """Begin: its list is frozen by the engine; above the tenant's limit it then waits for a second person. `person`: who stands behind `actor`."""
    ledger = Ledger(unit, campaign_id, now, actor)
    row = ledger.row
    if ledger.state is not State.DRAFT or row.asked_at is not None:
        raise Conflict(f"{ledger.title} was begun already.")
    row.asked_at, row.asked_by, row.asked_person, row.tick_at, row.updated_at = now, actor.name, person or actor.name, now, now
    audit.record(unit, actor, "campaign.start", f"campaign:{campaign_id}", now, after={"selection": row.selection})
    unit.hint("campaign", id=campaign_id)


def approve(unit: Unit, actor: Actor, campaign_id: int, now: datetime, person: str = "") -> None:
    """The second person agrees. Conflict where nothing waits for it, or where it is the one who began."""
    ledger = Ledger(unit, campaign_id, now, actor)
    row = ledger.row
    if ledger.state is not State.DRAFT or row.frozen_at is None or row.approved_at is not None:
        raise Conflict(f"{ledger.title} does not wait for approval.")
    if (person or actor.name) == row.asked_person:
        raise Conflict(f"{row.asked_person} began this campaign: another person has to agree to it.")
    row.approved_at, row.approved_by, row.tick_at, row.updated_at = now, actor.name, now, now
    audit.record(unit, actor, "campaign.approve", f"campaign:{campaign_id}", now, after={"devices": row.members})
    unit.hint("campaign", id=campaign_id)


def pause(unit: Unit, actor: Actor, campaign_id: int, now: datetime, text: str = "") -> None:
    """Nothing more is begun; what no device was told of is taken back."""
    ledger = Ledger(unit, campaign_id, now, actor)
    ledger.apply(Event.PAUSE, Reason("person", by=actor.name, text=text.strip()[:300]))
    ledger.close()


def resume(unit: Unit, actor: Actor, campaign_id: int, now: datetime) -> None:
    """Go on where it stood. The rule that stopped it counts again from the next device on: change the plan if it shall not."""
    ledger = Ledger(unit, campaign_id, now, actor)
    ledger.apply(Event.RESUME_CANARY if ledger.row.stage == State.CANARY else Event.RESUME)
    ledger.close()


def abort(unit: Unit, actor: Actor, campaign_id: int, now: datetime, text: str = "") -> None:
    """End it; what was done stays."""
    ledger = Ledger(unit, campaign_id, now, actor)
    ledger.apply(Event.ABORT, Reason("person", by=actor.name, text=text.strip()[:300]))
    ledger.close()


def roll_back(unit: Unit, actor: Actor, campaign_id: int, now: datetime, text: str = "") -> None:
    """End it and take back what was done, where that is possible. Of one that stands by a rule the reason stays."""
    ledger = Ledger(unit, campaign_id, now, actor)
    action = action_named(ledger.row.action)
    if not action.undone_by(ledger.row.args):
        raise Conflict(f"{ledger.title} cannot be taken back: its action has no opposite.")
    kept = ledger.row.reason
    by_rule = kept is not None and kept["rule"] != "person"
    ledger.apply(Event.ROLL_BACK, Reason(**kept) if by_rule else Reason("person", by=actor.name, text=text.strip()[:300]))
    ledger.close()


PACE = frozenset({"rate", "rate_unit", "in_flight", "watch_s", "wake", "max_failures", "max_failed_share", "min_measured", "on_stop", "window"})


def change_pace(unit: Unit, actor: Actor, campaign_id: int, given: Mapping[str, Any], now: datetime) -> None:
    """Change rate, limits and window of a campaign under way. Invalid for what cannot be changed once the list is frozen."""
    ledger = Ledger(unit, campaign_id, now, actor)
    if fixed := sorted(set(given) - PACE):
        raise Invalid(f"{fixed[0]} cannot be changed once a campaign has begun.", fixed[0])
    if ledger.state in OVER:
        raise Conflict(f"{ledger.title} is {ledger.state}.")
    before = ledger.plan.as_document()
    plan = read_plan({**before, **given})
    after = plan.as_document()
    changed = {name: value for name, value in after.items() if value != before[name]}
    if not changed:
        return
    ledger.row.plan, ledger.row.updated_at = after, now
    told = {name: before[name] for name in changed}
    audit.record(unit, actor, "campaign.pace", f"campaign:{campaign_id}", now, before=told, after=changed)
    unit.hint("campaign", id=campaign_id)


def retry(unit: Unit, actor: Actor, campaign_id: int, device_id: int, now: datetime) -> None:
    """Try a device again that failed, expired or was left out."""
    ledger = Ledger(unit, campaign_id, now, actor)
    member = unit.session.get(CampaignMember, (campaign_id, device_id))
    if member is None:
        raise NotFound(f"Device {device_id} is not in campaign {campaign_id}.")
    if ledger.state not in WORKING and ledger.state is not State.PAUSED:
        raise Conflict(f"{ledger.title} is {ledger.state}.")
    if member.state not in (Member.FAILED, Member.EXPIRED, Member.SKIPPED):
        raise Conflict(f"This device is {member.state} in {ledger.title}.")
    was = member.state
    ledger.move(member, Member.PENDING, reason="")
    audit.record(unit, actor, "campaign.retry", f"campaign:{campaign_id}", now, before={"device": device_id, "state": was})
    ledger.close()


# ---- what a tenant decides -----------------------------------------------------------------------------------


def settings(session: Session, tenant: TenantId) -> TenantSettings:
    row = settings_of(session, tenant)
    return TenantSettings(row.zone, row.approve_above)


def set_settings(unit: Unit, actor: Actor, zone: str, approve_above: int | None, now: datetime) -> None:
    """Invalid names the field."""
    if zone not in zoneinfo.available_timezones():
        raise Invalid(f"{zone!r} is no time zone such as Europe/Berlin.", "zone")
    if approve_above is not None and not 0 <= approve_above <= 10**9:
        raise Invalid(f"approve_above is a number of devices, not {approve_above}.", "approve_above")
    before = settings(unit.session, actor.tenant)
    row = unit.session.get(CampaignSettings, actor.tenant)
    if row is None:
        unit.session.add(CampaignSettings(tenant_id=actor.tenant, zone=zone, approve_above=approve_above))
    else:
        row.zone, row.approve_above = zone, approve_above
    audit.record(
        unit, actor, "campaign.settings", f"tenant:{actor.tenant}", now, before={"zone": before.zone, "approve_above": before.approve_above},
        after={"zone": zone, "approve_above": approve_above},
    )  # fmt: skip


# ---- looking ahead -------------------------------------------------------------------------------------------


def preview(session: Session, vault: Vault, tenant: TenantId, given: Mapping[str, Any], now: datetime, shown: int = 10) -> Preview:
    """What a campaign so described would do, by the first devices it selects; asks nothing of any of them."""
    columns = _checked(session, vault, tenant, {**given, "name": given.get("name") or "preview"}, now)
    plan, action = read_plan(columns["plan"]), action_named(columns["action"])
    args = opened(vault, columns["args"])
    query = finding.parse(columns["selection"])
    number = finding.count(session, tenant, query, now)
    ids, _following = finding.walk(session, tenant, query, now, 0, LOOKED_AT)
    found, heads = subjects(session, tenant, list(ids)), signs.heads(session, ids, now)
    spared = set(columns["spared_ids"])
    if columns["spared"]:
        spared |= set(session.scalars(finding.select_ids(session, tenant, finding.parse(columns["spared"]), now).where(Device.id.in_(ids))))
    told, default = signs.zones(session, ids) if plan.window else {}, zone_named(settings(session, tenant).zone) or UTC
    asker = action.asker(session, tenant, args, now)
    exclusions: dict[str, int] = {}
    models: dict[str, int] = {}
    sample: list[Sampled] = []
    would = offline = 0
    for device_id in ids:
        subject = found.get(device_id)
        if subject is None:
            continue
        step = Refused("It is on the exclusion list.") if device_id in spared else asked(asker, subject)
        excluded = "" if isinstance(step, Ask) else step.reason
        is_offline = heads[device_id].is_offline
        if excluded:
            exclusions[excluded] = exclusions.get(excluded, 0) + 1
        else:
            would, offline = would + 1, offline + is_offline
            models[subject.model] = models.get(subject.model, 0) + 1
        if len(sample) < shown:
            opens = plan.window.turn_of(now, zone_named(told.get(device_id, "")) or default, device_id, 0) if plan.window else None
            sample.append(
                Sampled(
                    device_id, subject.serial, subject.model, subject.software_version, step.kind if isinstance(step, Ask) else "",
                    step.says if isinstance(step, Ask) else "", excluded, is_offline, opens,
                )
            )  # fmt: skip
    above = settings(session, tenant).approve_above
    return Preview(
        number.number, number.is_exact, len(found), would, offline, exclusions, models, tuple(sample), plan.canaries(number.number),
        above is not None and number.number > above, action.undone_by(args), action.says(session, tenant, args),
    )  # fmt: skip


def kinds(session: Session, tenant: TenantId, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Kinds of operations a campaign would ask: who starts it needs the permission for each."""
    action = action_named(str(given.get("action") or ""))
    return action.kinds(action.check(session, tenant, given.get("args") or {}))


def kinds_of(session: Session, tenant: TenantId, campaign_id: int) -> tuple[str, ...]:
    row = _row(session, tenant, campaign_id)
    return action_named(row.action).kinds(row.args)


# ---- reading -------------------------------------------------------------------------------------------------


def _row(session: Session, tenant: TenantId, campaign_id: int) -> Campaign:
    row = session.get(Campaign, campaign_id)
    if row is None or row.tenant_id != tenant:
        raise NotFound(f"There is no campaign {campaign_id}.")
    return row


def get(session: Session, tenant: TenantId, campaign_id: int) -> CampaignView:
    row = _row(session, tenant, campaign_id)
    return _view(session, row, list(session.scalars(select(CampaignWave).where(CampaignWave.campaign_id == row.id).order_by(CampaignWave.number))))


def listed(
    session: Session, tenant: TenantId, states: Iterable[State] = (), before_id: int | None = None, limit: int = 50
) -> tuple[CampaignView, ...]:
    """The newest first."""
    query = select(Campaign).where(Campaign.tenant_id == tenant).order_by(Campaign.id.desc()).limit(limit)
    if wanted := [state.value for state in states]:
        query = query.where(Campaign.state.in_(wanted))
    if before_id is not None:
        query = query.where(Campaign.id < before_id)
    rows = list(session.scalars(query))
    waves: dict[int, list[CampaignWave]] = {}
    of_these = select(CampaignWave).where(CampaignWave.campaign_id.in_([row.id for row in rows])).order_by(CampaignWave.number)
    for wave in session.scalars(of_these):
        waves.setdefault(wave.campaign_id, []).append(wave)
    return tuple(_view(session, row, waves.get(row.id, [])) for row in rows)


def _view(session: Session, row: Campaign, waves: list[CampaignWave]) -> CampaignView:
    plan = read_plan(row.plan)
    tenant = TenantId(row.tenant_id)
    views = tuple(
        WaveView(
            wave.number, {Member(state): count for state, count in wave.tally.items()}, gauges_of(plan, wave.gauges), wave.opened_at, wave.passed_at
        )
        for wave in waves
    )  # fmt: skip
    known = {field.name for field in fields(Reason)}
    reason = None if row.reason is None else Reason(**{name: value for name, value in row.reason.items() if name in known})
    waits = ""
    if row.state == State.DRAFT and row.asked_at is not None:
        above = settings_of(session, tenant).approve_above
        needs = row.approved_at is None and above is not None and row.members > above
        waits = "list" if row.frozen_at is None else "approval" if needs else ""
    args = {**row.args, "args": operations.shown(row.args["args"])} if "args" in row.args else dict(row.args)
    return CampaignView(
        CampaignId(row.id), row.name, row.note, State(row.state), row.stage, reason, row.selection, row.spared, len(row.spared_ids or ()), row.action,
        args, _says(session, tenant, row), plan, row.members, row.frozen_at, waits, row.wave, views, _together(plan, views), dict(row.reasons or {}),
        row.asked_at, row.asked_by, row.asked_person, row.approved_at, row.approved_by, row.started_at, row.until, row.finished_at, row.created_at,
        row.created_by, row.updated_at,
    )  # fmt: skip


def _says(session: Session, tenant: TenantId, row: Campaign) -> str:
    try:
        return action_named(row.action).says(session, tenant, row.args)
    except HearthlineError as error:
        return str(error)


def _together(plan: Plan, waves: tuple[WaveView, ...]) -> tuple[GaugeView, ...]:
    """The gates over all waves."""
    found = []
    for number, gate in enumerate(plan.gates):
        parts = [wave.gauges[number] for wave in waves if len(wave.gauges) > number]
        measured = sum(part.measured for part in parts)
        with_means = [part for part in parts if part.mean_before is not None and part.mean_after is not None]
        weight = sum(part.measured for part in with_means)
        before = sum((part.mean_before or 0) * part.measured for part in with_means) / weight if weight else None
        after = sum((part.mean_after or 0) * part.measured for part in with_means) / weight if weight else None
        found.append(GaugeView(gate.signal, gate.reading, gate.share, measured, sum(part.bad for part in parts), before, after))
    return tuple(found)


def members(
    session: Session, tenant: TenantId, campaign_id: int, state: Member | None = None, after: tuple[int, ...] | None = None, limit: int = 50
) -> tuple[MemberView, ...]:
    """Members by device id; of one state by wave, then by when they are looked at. `after` is `key_of` the last of the page before."""
    row = _row(session, tenant, campaign_id)
    query = select(CampaignMember, Device.serial_number, Device.software_version).join(Device, Device.id == CampaignMember.device_id)
    query = query.where(CampaignMember.campaign_id == row.id)
    if state is None:
        query = query.order_by(CampaignMember.device_id)
        if after:
            query = query.where(CampaignMember.device_id > after[-1])
    else:
        place = (CampaignMember.wave, CampaignMember.look_at, CampaignMember.device_id)
        query = query.where(CampaignMember.state == state.value).order_by(*place)
        if after is not None and len(after) == 3:
            wave, micros, device_id = after
            query = query.where(tuple_(*place) > tuple_(wave, datetime.fromtimestamp(micros / 1e6, UTC), device_id))
    plan = read_plan(row.plan)
    return tuple(_member(plan, member, serial, version) for member, serial, version in session.execute(query.limit(limit)))


def key_of(member: MemberView, state: Member | None) -> tuple[int, ...]:
    """Where the next page begins."""
    return (member.device_id,) if state is None else (member.wave, round(member.look_at.timestamp() * 1e6), member.device_id)


def cursor_of(text: str) -> tuple[int, ...] | None:
    """The key that a cursor of a page names; None for none, or for what is none."""
    parts = text.split("-")
    return tuple(int(part) for part in parts) if len(parts) in (1, 3) and all(part.isdecimal() and len(part) < 19 for part in parts) else None


def member_state(text: str) -> Member | None:
    """Invalid for a word that is no state of a member; "" is all of them."""
    if text and text not in list(Member):
        raise Invalid(f"state is one of {', '.join(Member)}, not {text!r}.", "state")
    return Member(text) if text else None


def _member(plan: Plan, row: CampaignMember, serial: str, version: str) -> MemberView:
    names = [gate.reading or gate.signal for gate in plan.gates]
    before, after = (row.before or {}).get("figures") or {}, row.after or {}
    return MemberView(
        row.device_id, serial, row.model, version, row.wave, Member(row.state), row.operation_id, row.reason, row.steps,
        {names[int(n)]: value for n, value in before.items() if int(n) < len(names)},
        {names[int(n)]: value for n, value in after.items() if n.isdecimal() and int(n) < len(names)}, row.issued_at, row.ended_at, row.look_at,
    )  # fmt: skip


def of_device(session: Session, tenant: TenantId, device_id: int, limit: int = 20) -> tuple[OfDevice, ...]:
    """The campaigns a device is or was in, the newest first. UnknownDevice."""
    known = session.get(Device, device_id)
    if known is None or known.tenant_id != tenant:
        raise UnknownDevice(f"There is no device {device_id}.")
    query = (
        select(CampaignMember, Campaign.name, Campaign.state)
        .join(Campaign, Campaign.id == CampaignMember.campaign_id)
        .where(CampaignMember.device_id == device_id, Campaign.tenant_id == tenant)
        .order_by(CampaignMember.campaign_id.desc())
        .limit(limit)
    )
    return tuple(
        OfDevice(
            member.campaign_id, name, State(state), member.wave, Member(member.state), member.operation_id, member.reason, member.ended_at or member.issued_at
        )
        for member, name, state in session.execute(query)
    )  # fmt: skip


def samples(session: Session, tenant: TenantId, campaign_id: int, limit: int = 300) -> tuple[SampleView, ...]:
    """How it stood, the newest `limit` samples in the order of time."""
    _row(session, tenant, campaign_id)
    query = select(CampaignSample).where(CampaignSample.campaign_id == campaign_id).order_by(CampaignSample.at.desc()).limit(limit)
    return tuple(SampleView(row.at, row.finished, tuple(row.shares)) for row in reversed(list(session.scalars(query))))

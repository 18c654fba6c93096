"""What moves campaigns on: a job runs `tick` every few seconds, in any worker, twice at a time without harm.

Each step is one short unit under the campaign's lock: it takes a chunk of members that are due by an index, moves them and closes the
ledger. An operation is asked in the unit that moves its member to issued, so that whoever dies where he will, nothing is sent twice and
nothing is forgotten. No step's cost grows with the number of members.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from acs.audit import Actor
from acs.campaigns import freezing, signs
from acs.campaigns.actions import Action, Ask, Done, Nothing, Refused, Step, Subject, action_named, asked, subjects
from acs.campaigns.ledger import TICK, Ledger
from acs.campaigns.models import Campaign, CampaignMember, CampaignSample, CampaignSettings
from acs.campaigns.states import ENDED_WELL, OVER, WORKING, Event, Member, State
from acs.campaigns.stopping import failed_of, is_bad
from acs.campaigns.views import Reason
from acs.campaigns.windows import zone_named
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.devices.views import DeviceId
from acs.errors import Conflict, HearthlineError, NotFound
from acs.operations import service as operations
from acs.operations.models import Operation
from acs.operations.sealing import open_args
from acs.operations.views import OPEN, OperationState
from acs.secrets import Vault

CHUNK = 8
"""Operations asked in one unit: about two milliseconds each."""
LOOK = 60
"""Members looked at in one unit."""
BURST_S = 5.0
"""How far a rate may be caught up with after a pause between two ticks."""
BUDGET_S = 2.5
FOLLOW, RECHECK, RETRY = timedelta(seconds=3), timedelta(seconds=60), timedelta(seconds=30)
SAMPLE_EVERY = timedelta(seconds=20)
SHORTEST = timedelta(seconds=60)
"""A window that closes sooner is not begun with."""
LONGEST = timedelta(days=89)
QUORUM = 0.5
"""Share of the canaries that must have come through before they speak for the rest."""
STEPS_MOST = 12
EVER = datetime(9999, 1, 1, tzinfo=UTC)

Clock = Callable[[], datetime]


def tick(database: Database, vault: Vault, clock: Clock, budget_s: float = BUDGET_S) -> int:
    """Move on every campaign that is due, each for its share of the budget; how many steps were taken."""
    with database.read() as session:
        query = select(Campaign.id).where(Campaign.tick_at.is_not(None), Campaign.tick_at <= clock()).order_by(Campaign.tick_at).limit(50)
        due = list(session.scalars(query))
    ends = time.monotonic() + budget_s
    taken = 0
    for place, campaign_id in enumerate(due):
        left = (ends - time.monotonic()) / (len(due) - place)
        try:
            taken += _run(database, vault, campaign_id, clock, time.monotonic() + max(left, 0.05))
        except NotFound:
            continue  # deleted meanwhile
    return taken


def _run(database: Database, vault: Vault, campaign_id: int, clock: Clock, ends: float) -> int:
    """Steps of one campaign in turn until none has anything to do, or the time is up."""
    taken, idle = 0, False
    while not idle:
        idle = True
        for step in STEPS:
            if step(database, vault, campaign_id, clock()):
                taken, idle = taken + 1, False
            if time.monotonic() > ends:
                idle = True
                break
    with database.write() as unit:
        ledger = Ledger(unit, campaign_id, clock())
        _sample(ledger)
        ledger.row.tick_at = _next_tick(ledger)
    return taken


def _next_tick(ledger: Ledger) -> datetime | None:
    """When to look again; None when only a person can move it on, or nothing ever will."""
    row, state = ledger.row, ledger.state
    if state in WORKING or state is State.ROLLING_BACK:
        return ledger.now + TICK
    if state is State.DRAFT:
        waits = row.asked_at is not None and (row.frozen_at is None or not _needs_approval(ledger))
        return ledger.now + TICK if waits else None
    open_ones = ledger.count(Member.ISSUED, Member.WATCHED)
    if state in OVER:
        open_ones += ledger.count(Member.PENDING, Member.OFFLINE)
    return ledger.now + TICK if open_ones else None


def _needs_approval(ledger: Ledger) -> bool:
    row = ledger.row
    above = settings_of(ledger.unit.session, ledger.tenant).approve_above
    return row.approved_at is None and above is not None and row.members > above


def settings_of(session: Session, tenant: TenantId) -> CampaignSettings:
    """The tenant's, or the defaults; not stored unless it was."""
    return session.get(CampaignSettings, tenant) or CampaignSettings(tenant_id=tenant, zone="UTC", approve_above=100)


# ---- beginning -----------------------------------------------------------------------------------------------


def _freeze(database: Database, vault: Vault, campaign_id: int, now: datetime) -> bool:
    return freezing.freeze(database, campaign_id, now)


def _begin(database: Database, vault: Vault, campaign_id: int, now: datetime) -> bool:
    """The list is frozen and agreed to: the first wave opens."""
    with database.write() as unit:
        ledger = Ledger(unit, campaign_id, now)
        row = ledger.row
        if ledger.state is not State.DRAFT or row.frozen_at is None or row.asked_at is None or _needs_approval(ledger):
            return False
        if not row.members:
            ledger.apply(Event.ABORT, Reason("empty", text="No device fits the selection."))
        else:
            has_canary = ledger.count(*Member, waves=(0,)) > 0 if 0 in ledger.waves else False
            ledger.apply(Event.BEGIN if has_canary else Event.BEGIN_WITHOUT_CANARY)
            ledger.open_wave(0 if has_canary else min(number for number in ledger.waves if number))
        ledger.close()
        return True


# ---- members -------------------------------------------------------------------------------------------------


def _due(ledger: Ledger, states: Sequence[Member], limit: int = LOOK, until: datetime | None = None) -> list[CampaignMember]:
    """Members in these states whose time has come, of waves that are open; by the index of states, wave by wave."""
    found: list[CampaignMember] = []
    for state in states:
        for number, tally in sorted(ledger.tallies.items()):
            if not tally.get(state):
                continue
            query = (
                select(CampaignMember)
                .where(
                    CampaignMember.campaign_id == ledger.row.id, CampaignMember.state == state.value, CampaignMember.wave == number,
                    CampaignMember.look_at <= (until or ledger.now),
                )
                .order_by(CampaignMember.look_at, CampaignMember.device_id)
                .limit(limit - len(found))
            )  # fmt: skip
            found += ledger.unit.session.scalars(query)
            if len(found) >= limit:
                return found
    return found


def _allowed(ledger: Ledger, under_way: Member) -> int:
    """How many may be begun now: by the number under way and by the rate."""
    free = min(CHUNK, ledger.plan.in_flight - ledger.count(under_way))
    interval = ledger.plan.interval_s()
    if free <= 0 or not interval:
        return max(free, 0)
    late = (ledger.now - _rate_from(ledger)).total_seconds()
    return 0 if late < 0 else min(free, int(late / interval) + 1)


def _rate_from(ledger: Ledger) -> datetime:
    """When the next device is due by the rate; not longer ago than what may be caught up."""
    earliest = ledger.now - timedelta(seconds=BURST_S)
    return max(ledger.row.issue_at or ledger.now, earliest)


def _spend(ledger: Ledger, many: int) -> None:
    if many and ledger.plan.rate:
        ledger.row.issue_at = _rate_from(ledger) + timedelta(seconds=many * ledger.plan.interval_s())


class _Chunk:
    """What a unit knows of the members it looks at: their devices, signs and zones, each read by one statement."""

    def __init__(self, ledger: Ledger, vault: Vault, members: Sequence[CampaignMember]) -> None:
        self.ledger, self.vault = ledger, vault
        self.session = ledger.unit.session
        self.ids = [member.device_id for member in members]
        self.action: Action = action_named(ledger.row.action)
        self.args = opened(vault, ledger.row.args)
        self.subjects = subjects(self.session, ledger.tenant, self.ids)
        self.heads = signs.heads(self.session, self.ids, ledger.now)
        self._zones = signs.zones(self.session, self.ids) if ledger.plan.window else {}
        self._default = zone_named(settings_of(self.session, ledger.tenant).zone) or zone_named("UTC")
        self.asker = self.action.asker(self.session, ledger.tenant, self.args, ledger.now)

    def zone(self, device_id: int) -> tzinfo:
        zone = zone_named(self._zones.get(device_id, "")) or self._default
        assert zone is not None
        return zone

    def turn(self, device_id: int) -> datetime:
        window = self.ledger.plan.window
        return self.ledger.now if window is None else window.turn_of(self.ledger.now, self.zone(device_id), device_id, self.ledger.row.id)

    def closes(self, device_id: int) -> datetime | None:
        window = self.ledger.plan.window
        return None if window is None else window.closes(self.ledger.now, self.zone(device_id))

    def ask(self, subject: Subject) -> Step:
        return asked(self.asker, subject)

    def inverse(self, subject: Subject, member: CampaignMember) -> Step:
        kept = member.before or {}
        done = Done(kept.get("remembered") or {}, (member.after or {}).get("result") or {})
        try:
            return self.action.inverse(self.session, self.vault, self.args, subject, done, self.ledger.now)
        except HearthlineError as error:
            return Refused(str(error))

    def request(self, member: CampaignMember, step: Ask, expires: datetime, urgent: bool) -> None:
        """Ask it, in a savepoint: a refusal leaves nothing behind. HearthlineError says why not."""
        ledger = self.ledger
        lifetime = min(max(expires - ledger.now, timedelta(seconds=10)), LONGEST)
        with self.session.begin_nested():
            member.operation_id = operations.request(
                ledger.unit, Actor(f"campaign:{ledger.row.id}", ledger.tenant), DeviceId(member.device_id), step.kind, step.args, ledger.now,
                f"{ledger.row.name}"[:300], urgent, int(lifetime.total_seconds()), vault=self.vault,
            )  # fmt: skip
        member.steps += 1


def opened(vault: Vault, args: dict[str, Any]) -> dict[str, Any]:
    """A campaign's arguments with their secrets open."""
    return {**args, "args": open_args(vault, args["args"])} if "args" in args else dict(args)


def _issue(database: Database, vault: Vault, campaign_id: int, now: datetime) -> bool:
    """Begin with members whose turn has come, as many as rate and number under way allow."""
    with database.write() as unit:
        ledger = Ledger(unit, campaign_id, now)
        if ledger.state not in WORKING:
            return False
        allowed = _allowed(ledger, Member.ISSUED)
        if allowed <= 0:
            return False
        members = [m for m in _due(ledger, (Member.PENDING,)) if m.wave <= ledger.row.wave]
        if not members:
            return False
        chunk = _Chunk(ledger, vault, members)
        begun: list[CampaignMember] = []
        for member in members:
            if len(begun) >= allowed:
                break
            if _try(chunk, member):
                begun.append(member)
        _note_before(chunk, begun)
        _spend(ledger, len(begun))
        ledger.close()
        return True


def _try(chunk: _Chunk, member: CampaignMember) -> bool:
    """Look at a pending member: whether its operation was asked."""
    ledger, now = chunk.ledger, chunk.ledger.now
    subject, until = chunk.subjects.get(member.device_id), ledger.row.until or ledger.now
    if subject is None:
        ledger.move(member, Member.SKIPPED, reason="The device is gone.")
        return False
    if until - now < timedelta(seconds=10):
        ledger.move(member, Member.EXPIRED, reason="The campaign's time was over before it came.")
        return False
    if chunk.heads[member.device_id].is_offline:
        ledger.move(member, Member.OFFLINE, now + RECHECK)
        return False
    turn, closes = chunk.turn(member.device_id), chunk.closes(member.device_id)
    if turn > now or (closes is not None and closes - now < SHORTEST):
        member.look_at = turn if turn > now else (closes or now) + timedelta(seconds=1)
        return False
    step = chunk.ask(subject)
    if isinstance(step, Refused):
        ledger.move(member, Member.SKIPPED, reason=step.reason)
        return False
    if isinstance(step, Nothing):
        _settled(ledger, member, step.reason)
        return False
    try:
        chunk.request(member, step, min(until, closes or until), ledger.plan.wake)
    except Conflict as error:  # something else is under way with it: later
        member.look_at, member.reason = now + RETRY, str(error)[:200]
        return False
    except HearthlineError as error:
        ledger.move(member, Member.SKIPPED, reason=str(error))
        return False
    if not member.touched:
        member.before = {**(member.before or {}), "remembered": dict(step.remember)}
        member.issued_at = now
    ledger.move(member, Member.ISSUED, now + FOLLOW, reason="")
    return True


def _settled(ledger: Ledger, member: CampaignMember, reason: str) -> None:
    """Nothing is left to ask: of one that was touched its health is to be watched, any other never needed us."""
    if member.touched:
        member.ended_at = ledger.now
        ledger.move(member, Member.WATCHED)
    else:
        ledger.move(member, Member.SKIPPED, reason=reason)


def _note_before(chunk: _Chunk, members: Sequence[CampaignMember]) -> None:
    """The figures of the gates before anything is done, of those that begin now."""
    ledger, plan = chunk.ledger, chunk.ledger.plan
    fresh = [member for member in members if not member.touched]
    if not fresh or not plan.gates:
        return
    ids = [member.device_id for member in fresh]
    names = [gate.reading for gate in plan.gates if gate.signal == "reading"]
    told, mark = signs.readings(chunk.session, ids, names), signs.newest_event(chunk.session)
    counts_boots = any(gate.signal == "reboots" for gate in plan.gates)
    times = signs.boot_times(chunk.session, ids, 0) if counts_boots else {}
    since = ledger.now - timedelta(seconds=plan.watch_s)
    for member in fresh:
        figures: dict[str, float] = {}
        for number, gate in enumerate(plan.gates):
            match gate.signal:
                case "reading" if gate.reading in told.get(member.device_id, {}):
                    figures[str(number)] = told[member.device_id][gate.reading]
                case "reboots":
                    figures[str(number)] = sum(at > since for at in times.get(member.device_id, ()))
                case "alarms":
                    figures[str(number)] = chunk.heads[member.device_id].alarm_severity
        member.before, member.event_mark = {**(member.before or {}), "figures": figures}, mark


# ---- what came of it -----------------------------------------------------------------------------------------


def _follow(database: Database, vault: Vault, campaign_id: int, now: datetime) -> bool:
    """Members whose operation has ended, or whose device fell silent with it."""
    with database.write() as unit:
        ledger = Ledger(unit, campaign_id, now)
        members = _due(ledger, (Member.ISSUED, Member.REVERTING))
        if not members:
            return False
        ids = [member.operation_id for member in members]
        rows = {row.id: row for row in unit.session.scalars(select(Operation).where(Operation.id.in_(ids)))}
        chunk = _Chunk(ledger, vault, members)
        for member in members:
            operation = rows.get(member.operation_id or 0)
            if member.state == Member.REVERTING:
                _follow_back(chunk, member, operation)
            else:
                _follow_one(chunk, member, operation)
        ledger.close()
        return True


def begun(operation: Operation) -> bool:
    """Whether the device was told of it, or may have been."""
    return bool(operation.sent or operation.attempts or operation.phase or "session" in (operation.stations or {}))


def _follow_one(chunk: _Chunk, member: CampaignMember, operation: Operation | None) -> None:
    ledger, now = chunk.ledger, chunk.ledger.now
    if operation is None:
        ledger.move(member, Member.FAILED, reason="Its operation is not kept any more.")
        return
    was_begun = begun(operation)
    member.touched = member.touched or was_begun
    match OperationState(operation.state):
        case OperationState.DONE:
            _succeeded(chunk, member, operation)
        case OperationState.FAILED:
            _failed(ledger, member, operation.finished_at or now, told_of(operation))
        case OperationState.EXPIRED if was_begun:
            _failed(ledger, member, now, "The device never told how it ended.")
        case OperationState.EXPIRED:
            ledger.move(member, Member.PENDING, max(chunk.turn(member.device_id), now))
        case OperationState.CANCELLED if was_begun:
            _failed(ledger, member, now, "Its operation was cancelled.")
        case OperationState.CANCELLED:
            member.ended_at = now
            ledger.move(member, Member.CANCELLED, reason="Its operation was cancelled.")
        case _:
            _still_open(chunk, member, operation, was_begun)


def told_of(operation: Operation) -> str:
    """Why an operation failed, with the fault code: what failures are counted by."""
    fault = operation.fault or {}
    return f"{fault['code']} {fault['text']}".strip()[:200] if fault.get("code") and not operation.error else _short(operation.error, fault)


def _short(error: str, fault: dict[str, Any]) -> str:
    return f"{error[:180]} ({fault['code']})" if fault.get("code") else (error[:200] or "It failed without a word.")


def _succeeded(chunk: _Chunk, member: CampaignMember, operation: Operation) -> None:
    ledger = chunk.ledger
    member.touched = True
    result = {name: value for name, value in (operation.result or {}).items() if isinstance(value, str | int | float | bool)}
    member.after = {**(member.after or {}), "result": result}
    member.ended_at = operation.finished_at or ledger.now
    subject = chunk.subjects.get(member.device_id)
    if chunk.action.has_steps and subject is not None:
        step = chunk.ask(subject)
        if isinstance(step, Ask) and member.steps < STEPS_MOST:
            ledger.move(member, Member.PENDING)
            return
        if not isinstance(step, Nothing):
            _failed(ledger, member, ledger.now, step.reason if isinstance(step, Refused) else "The way to the wanted version does not end.")
            return
    ledger.move(member, Member.WATCHED)


def _failed(ledger: Ledger, member: CampaignMember, at: datetime, reason: str) -> None:
    member.touched, member.ended_at = True, at
    ledger.move(member, Member.FAILED, reason=reason)


def _still_open(chunk: _Chunk, member: CampaignMember, operation: Operation, was_begun: bool) -> None:
    """A silent device: what was not begun is taken back until it is there again; what was begun counts against the gate of silence."""
    ledger, now = chunk.ledger, chunk.ledger.now
    is_offline = member.device_id in chunk.heads and chunk.heads[member.device_id].is_offline
    if is_offline and not was_begun and withdraw(ledger, member, operation):
        ledger.move(member, Member.OFFLINE, now + RECHECK)
        return
    for number, gate in enumerate(ledger.plan.gates):
        if gate.signal == "offline" and was_begun and is_offline:
            ledger.measure(member, number, None, 1.0, True)
    member.look_at = now + FOLLOW


def withdraw(ledger: Ledger, member: CampaignMember, operation: Operation) -> bool:
    """Cancel an operation of ours that no device was told of; whether that was possible."""
    if operation.state != OperationState.QUEUED or begun(operation):
        return False
    if operation.requested_by == f"campaign:{ledger.row.id}":  # one that somebody else asked for as well goes on
        operations.cancel(ledger.unit, ledger.actor, operations.OperationId(operation.id), ledger.now)
    return True


def _watch(database: Database, vault: Vault, campaign_id: int, now: datetime) -> bool:
    """Look at the health of members whose operation succeeded; at the end of their time they are done, or unhealthy."""
    with database.write() as unit:
        ledger = Ledger(unit, campaign_id, now)
        if ledger.state is State.ROLLING_BACK:
            return False
        members = _due(ledger, (Member.WATCHED,))
        if not members:
            return False
        ids, plan = [member.device_id for member in members], ledger.plan
        heads = signs.heads(unit.session, ids, now)
        names = [gate.reading for gate in plan.gates if gate.signal == "reading"]
        told = signs.readings(unit.session, ids, names, min((m.ended_at or now) for m in members))
        counts_boots = any(gate.signal == "reboots" for gate in plan.gates)
        times = signs.boot_times(unit.session, ids, min(m.event_mark for m in members)) if counts_boots else {}
        every = timedelta(seconds=min(60.0, max(2.0, plan.watch_s / 10)))
        for member in members:
            head = heads.get(member.device_id)
            if head is None:
                continue  # gone in this very moment: its row goes with it
            ended = member.ended_at or now
            _measure(ledger, member, head, told.get(member.device_id, {}), sum(at > ended for at in times.get(member.device_id, ())))
            if ended + timedelta(seconds=plan.watch_s) <= now:
                ledger.move(member, Member.UNHEALTHY if member.bad else Member.DONE)
            else:
                member.look_at = min(now + every, ended + timedelta(seconds=plan.watch_s))
        ledger.close()
        return True


def _measure(ledger: Ledger, member: CampaignMember, head: signs.Head, told: dict[str, float], boots: int) -> None:
    figures = (member.before or {}).get("figures") or {}
    for number, gate in enumerate(ledger.plan.gates):
        before = figures.get(str(number))
        after: float | None = None
        match gate.signal:
            case "reboots":
                after = float(boots)
            case "offline":
                after = float(head.is_offline)
            case "alarms":
                after = float(head.alarm_severity)
            case "settings_lost":
                after = float(head.last_bootstrap_at is not None and member.issued_at is not None and head.last_bootstrap_at > member.issued_at)
            case "reading" if before is not None:
                after = told.get(gate.reading)
        if after is not None:
            ledger.measure(member, number, before, after, is_bad(gate, before, after))


def _return(database: Database, vault: Vault, campaign_id: int, now: datetime) -> bool:
    """Members that were offline: those that are there again take their turn, those whose time is over are given up."""
    with database.write() as unit:
        ledger = Ledger(unit, campaign_id, now)
        if ledger.state not in WORKING:
            return False
        is_late = ledger.row.until is not None and ledger.row.until <= now
        members = _due(ledger, (Member.OFFLINE, Member.PENDING), until=EVER) if is_late else _due(ledger, (Member.OFFLINE,))
        if not members:
            return False
        heads = signs.heads(unit.session, [member.device_id for member in members], now)
        for member in members:
            if is_late:
                ledger.move(member, Member.EXPIRED, reason="It did not come in the campaign's time.")
            elif member.device_id in heads and not heads[member.device_id].is_offline:
                ledger.move(member, Member.PENDING)
            else:
                member.look_at = now + RECHECK
        ledger.close()
        return True


def _advance(database: Database, vault: Vault, campaign_id: int, now: datetime) -> bool:
    """Open the next wave when all that can be reached of this one is through, and end the campaign after the last."""
    with database.write() as unit:
        ledger = Ledger(unit, campaign_id, now)
        if ledger.state not in WORKING:
            return False
        current = ledger.row.wave
        so_far = [number for number in ledger.waves if number <= current]
        if ledger.count(Member.PENDING, Member.ISSUED, Member.WATCHED, waves=so_far):
            return False
        if current == 0 and not _canaries_spoke(ledger):
            ledger.close()
            return ledger.state not in WORKING
        ahead = sorted(number for number in ledger.waves if number > current)
        if ledger.waves[current].passed_at is None:
            ledger.waves[current].passed_at = now
        elif not ahead and ledger.count(Member.OFFLINE):
            return False
        if ahead:
            if current == 0:
                ledger.apply(Event.CANARY_PASSED)
            ledger.open_wave(ahead[0])
        elif not ledger.count(Member.OFFLINE):
            ledger.apply(Event.FINISH)
        ledger.close()
        return True


def _canaries_spoke(ledger: Ledger) -> bool:
    """Whether enough of the canaries came through to go on. Where all were left out, a person decides."""
    tally = ledger.tallies[0]
    counted = sum(tally.values()) - tally.get(Member.SKIPPED, 0) - tally.get(Member.CANCELLED, 0)
    if not counted:
        ledger.halt(Reason("canaries", text="Every canary was left out: nothing shows how the change goes."))
        return False
    _failed_ones, ended = failed_of(tally)
    if tally.get(Member.OFFLINE, 0) and ended < QUORUM * counted:
        return False
    if not ended:
        ledger.halt(Reason("canaries", text="No canary came in its time: nothing shows how the change goes."))
    return bool(ended)


# ---- standing, ending, going back ------------------------------------------------------------------------------


def _withdraw(database: Database, vault: Vault, campaign_id: int, now: datetime) -> bool:
    """A campaign that stands or ended: operations that no device was told of are taken back."""
    with database.write() as unit:
        ledger = Ledger(unit, campaign_id, now)
        if ledger.state in WORKING or not ledger.count(Member.ISSUED):
            return False
        query = (
            select(CampaignMember, Operation)
            .join(Operation, Operation.id == CampaignMember.operation_id)
            .where(
                CampaignMember.campaign_id == campaign_id, CampaignMember.state == Member.ISSUED.value, Operation.state == OperationState.QUEUED.value,
                Operation.attempts == 0, Operation.sent.is_(False), Operation.phase == "",
            )
            .limit(CHUNK)
        )  # fmt: skip
        moved = 0
        for member, operation in unit.session.execute(query):
            if withdraw(ledger, member, operation):
                ledger.move(member, Member.PENDING)
                moved += 1
        ledger.close()
        return moved > 0


def _close_down(database: Database, vault: Vault, campaign_id: int, now: datetime) -> bool:
    """A campaign that ended: whoever was still to come is told off."""
    with database.write() as unit:
        ledger = Ledger(unit, campaign_id, now)
        if ledger.state not in OVER and ledger.state is not State.ROLLING_BACK:
            return False
        members = _due(ledger, (Member.PENDING, Member.OFFLINE), 200, EVER)
        for member in members:
            if member.touched and member.state == Member.PENDING:
                _failed(ledger, member, now, "The campaign ended between two of its steps.")
            else:
                ledger.move(member, Member.CANCELLED)
        ledger.close()
        return bool(members)


REVERTED_FROM = (Member.WATCHED, Member.UNHEALTHY, Member.DONE, Member.FAILED)


def _revert(database: Database, vault: Vault, campaign_id: int, now: datetime) -> bool:
    """Take back what was done, one device after the other under the same rate; no window is waited for."""
    with database.write() as unit:
        ledger = Ledger(unit, campaign_id, now)
        if ledger.state is not State.ROLLING_BACK:
            return False
        allowed = _allowed(ledger, Member.REVERTING)
        if allowed <= 0:
            return False
        members = _due(ledger, (Member.WATCHED,), allowed, EVER) or _due(ledger, REVERTED_FROM[1:], allowed)
        if not members:
            return False
        chunk, asked_now = _Chunk(ledger, vault, members), 0
        for member in members:
            asked_now += _turn_back(chunk, member)
        _spend(ledger, asked_now)
        ledger.close()
        return True


def _turn_back(chunk: _Chunk, member: CampaignMember) -> bool:
    ledger, now = chunk.ledger, chunk.ledger.now
    subject = chunk.subjects.get(member.device_id)
    step = Refused("The device is gone.") if subject is None else chunk.inverse(subject, member)
    if isinstance(step, Ask):
        try:
            chunk.request(member, step, now + timedelta(seconds=ledger.plan.expires_s), True)
        except Conflict as error:
            if member.state == Member.WATCHED:
                ledger.move(member, Member.UNHEALTHY)
            member.look_at, member.reason = now + RETRY, str(error)[:200]
            return False
        except HearthlineError as error:
            step = Refused(str(error))
    if isinstance(step, Refused):
        ledger.move(member, Member.KEPT, reason=step.reason)
        return False
    ledger.move(member, Member.REVERTING, now + FOLLOW, reason=step.reason if isinstance(step, Nothing) else None)
    if isinstance(step, Nothing):
        ledger.move(member, Member.REVERTED)
        return False
    return True


def _follow_back(chunk: _Chunk, member: CampaignMember, operation: Operation | None) -> None:
    ledger = chunk.ledger
    if operation is not None and OperationState(operation.state) in OPEN:
        member.look_at = ledger.now + FOLLOW
        return
    if operation is None or operation.state != OperationState.DONE:
        ledger.move(member, Member.KEPT, reason="Not taken back: " + (told_of(operation) if operation is not None else "its operation is gone"))
        return
    subject = chunk.subjects.get(member.device_id)
    if chunk.action.has_steps and subject is not None and member.steps < 2 * STEPS_MOST:
        step = chunk.inverse(subject, member)
        if isinstance(step, Ask):
            try:
                chunk.request(member, step, ledger.now + timedelta(seconds=ledger.plan.expires_s), True)
            except HearthlineError as error:
                ledger.move(member, Member.KEPT, reason=str(error))
            else:
                member.look_at = ledger.now + FOLLOW
            return
    ledger.move(member, Member.REVERTED)


def _turned_back(database: Database, vault: Vault, campaign_id: int, now: datetime) -> bool:
    """The rollback is over when nobody is left of whom something could be taken back."""
    with database.write() as unit:
        ledger = Ledger(unit, campaign_id, now)
        left = (Member.PENDING, Member.OFFLINE, Member.ISSUED, Member.REVERTING, *REVERTED_FROM)
        if ledger.state is not State.ROLLING_BACK or ledger.count(*left):
            return False
        kept = None if ledger.row.reason is None else Reason(**ledger.row.reason)
        ledger.apply(Event.ROLLED_BACK, kept)
        ledger.close()
        return True


def _sample(ledger: Ledger) -> None:
    """Once in a while, how it stands: for the drawing on its page."""
    if ledger.state is State.DRAFT:
        return
    query = select(CampaignSample.at).where(CampaignSample.campaign_id == ledger.row.id).order_by(CampaignSample.at.desc()).limit(1)
    last = ledger.unit.session.scalar(query)
    if last is not None and ledger.now - last < SAMPLE_EVERY:
        return
    failed, ended = 0, 0
    for tally in ledger.tallies.values():
        bad, of = failed_of(tally)
        failed, ended = failed + bad, ended + of
    shares: list[float | None] = [100 * failed / ended if ended else None]
    for number in range(len(ledger.plan.gates)):
        measured = sum(figures[number]["measured"] for figures in ledger.gauges.values())
        shares.append(100 * sum(figures[number]["bad"] for figures in ledger.gauges.values()) / measured if measured else None)
    ledger.unit.session.add(
        CampaignSample(
            campaign_id=ledger.row.id, at=ledger.now, tenant_id=ledger.row.tenant_id, finished=ledger.count(*ENDED_WELL, Member.FAILED, Member.UNHEALTHY),
            shares=shares,
        )
    )  # fmt: skip


STEPS = (_freeze, _begin, _follow, _watch, _withdraw, _return, _issue, _advance, _close_down, _revert, _turned_back)
"""In this order: what came of devices is known before more are begun."""

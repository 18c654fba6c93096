"""One campaign under the lock of its row, for one unit of work: every move of the campaign and of its members goes through here.

Counts follow the moves, the stop rules are asked before the unit ends, and what changed is told by one hint. Two workers at one campaign
wait for each other here; a worker that dies leaves everything as it was before its unit.
"""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from acs import audit
from acs.audit import Actor
from acs.campaigns import states
from acs.campaigns.models import Campaign, CampaignMember, CampaignWave
from acs.campaigns.plans import Gate, Plan, read_plan
from acs.campaigns.states import MOVES, OVER, WORKING, Event, Member, State
from acs.campaigns.stopping import judge
from acs.campaigns.views import GaugeView, Reason
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.errors import NotFound

TICK = timedelta(seconds=2)
REASONS_MOST = 40
OTHER = "other reasons"


def gauges_of(plan: Plan, kept: Any) -> tuple[GaugeView, ...]:
    """Gauges as views; `kept` is the document of a wave."""
    return tuple(_gauge(gate, figures) for gate, figures in zip(plan.gates, kept or [], strict=False))


def _gauge(gate: Gate, figures: dict[str, Any]) -> GaugeView:
    pairs = figures.get("pairs", 0)
    before, after = (figures["before"] / pairs, figures["after"] / pairs) if pairs and gate.signal == "reading" else (None, None)
    return GaugeView(gate.signal, gate.reading, gate.share, figures["measured"], figures["bad"], before, after)


def empty_gauges(plan: Plan) -> list[dict[str, Any]]:
    return [{"measured": 0, "bad": 0, "pairs": 0, "before": 0.0, "after": 0.0} for _ in plan.gates]


class Ledger:
    """Open it at the beginning of a unit, `close` it before the end."""

    def __init__(self, unit: Unit, campaign_id: int, now: datetime, actor: Actor | None = None) -> None:
        row = unit.session.get(Campaign, campaign_id, with_for_update=True)
        if row is None or (actor is not None and row.tenant_id != actor.tenant):
            raise NotFound(f"There is no campaign {campaign_id}.")
        self.unit, self.row, self.now = unit, row, now
        self.tenant = TenantId(row.tenant_id)
        self.actor = actor or Actor.system("campaigns", self.tenant)
        self.plan = read_plan(row.plan)
        rows = unit.session.scalars(select(CampaignWave).where(CampaignWave.campaign_id == row.id).order_by(CampaignWave.number))
        self.waves = {wave.number: wave for wave in rows}
        self.tallies = {number: {Member(state): count for state, count in wave.tally.items()} for number, wave in self.waves.items()}
        self.gauges = {number: [dict(figures) for figures in wave.gauges] for number, wave in self.waves.items()}
        self._touched: set[int] = set()
        self._changed = False

    @property
    def state(self) -> State:
        return State(self.row.state)

    @property
    def title(self) -> str:
        return f"Campaign “{self.row.name}”"

    # ---- the campaign -----------------------------------------------------------------------------------------

    def apply(self, event: Event, reason: Reason | None = None) -> None:
        """The one way a campaign changes its state. Conflict where the table does not list it."""
        row, before = self.row, self.state
        following = states.after(before, event, self.title)
        if before in WORKING:
            row.stage = before.value
        row.state, row.updated_at, row.tick_at = following.value, self.now, self.now
        if event in (Event.BEGIN, Event.BEGIN_WITHOUT_CANARY):
            row.started_at, row.until = self.now, self.now + timedelta(seconds=self.plan.expires_s)
        if following in OVER:
            row.finished_at = self.now
        if reason is not None or following in WORKING:
            row.reason = None if reason is None else asdict(reason)
        told = {"state": following.value, **({"reason": reason.sentence} if reason is not None else {})}
        audit.record(self.unit, self.actor, f"campaign.{event}", f"campaign:{row.id}", self.now, before={"state": before.value}, after=told)
        self._changed = True

    def open_wave(self, number: int) -> None:
        self.row.wave, self.waves[number].opened_at = number, self.now
        audit.record(self.unit, self.actor, "campaign.wave", f"campaign:{self.row.id}", self.now, after={"wave": number})
        self._changed = True

    def add_wave(self, number: int) -> None:
        wave = CampaignWave(campaign_id=self.row.id, number=number, tenant_id=self.row.tenant_id, tally={}, gauges=empty_gauges(self.plan))
        self.unit.session.add(wave)
        self.waves[number], self.tallies[number], self.gauges[number] = wave, {}, empty_gauges(self.plan)

    # ---- members ----------------------------------------------------------------------------------------------

    def count(self, *wanted: Member, waves: Iterable[int] | None = None) -> int:
        numbers = self.tallies if waves is None else waves
        return sum(self.tallies[number].get(state, 0) for number in numbers for state in wanted)

    def add(self, wave: int, state: Member, many: int = 1) -> None:
        """Count members anew."""
        tally = self.tallies[wave]
        tally[state] = tally.get(state, 0) + many
        self._touched.add(wave)

    def move(self, member: CampaignMember, to: Member, look_at: datetime | None = None, reason: str | None = None) -> None:
        """The one way a member changes its state. ValueError for a move the table does not have: a mistake of ours."""
        was = Member(member.state)
        if to not in MOVES[was]:
            raise ValueError(f"member {member.device_id} of campaign {self.row.id} cannot go from {was} to {to}")
        self.add(member.wave, was, -1)
        self.add(member.wave, to)
        member.state, member.look_at = to.value, look_at or self.now
        if reason is not None:
            member.reason = reason[:200]
        if to in (Member.FAILED, Member.KEPT):
            self._count_reason(member.reason)

    def _count_reason(self, reason: str) -> None:
        counts = dict(self.row.reasons or {})
        key = reason if reason in counts or len(counts) < REASONS_MOST else OTHER
        counts[key] = counts.get(key, 0) + 1
        self.row.reasons = counts

    def to_wave(self, member: CampaignMember, wave: int) -> None:
        """A canary is taken out of its wave."""
        self.add(member.wave, Member(member.state), -1)
        member.wave = wave
        self.add(wave, Member(member.state))

    def measure(self, member: CampaignMember, number: int, before: float | None, after: float, is_bad: bool) -> None:
        """Note a figure of a member for gate `number`, in place of the one it had."""
        figures, bit = self.gauges[member.wave][number], 1 << number
        kept = dict(member.after or {})
        was = kept.get(str(number))
        figures["measured"] += not member.measured & bit
        figures["bad"] += is_bad - bool(member.bad & bit)
        if before is not None:
            if was is None:
                figures["pairs"] += 1
                figures["before"] += before
            figures["after"] += after - (was or 0.0)
        member.measured |= bit
        member.bad = member.bad | bit if is_bad else member.bad & ~bit
        if was != after:
            member.after = {**kept, str(number): after}
        self._touched.add(member.wave)

    # ---- the end of a unit ------------------------------------------------------------------------------------

    def close(self) -> None:
        """Write the counts, and stop the campaign where a rule says so: in the transaction that counted, so nothing more is begun."""
        for number in self._touched:
            wave = self.waves[number]
            wave.tally = {state.value: count for state, count in self.tallies[number].items() if count}
            wave.gauges = self.gauges[number]
        if self._touched and self.state in WORKING:
            views = {number: gauges_of(self.plan, figures) for number, figures in self.gauges.items()}
            reason = judge(self.plan, self.tallies, views)
            if reason is not None:
                self.halt(reason)
        if self._touched or self._changed:
            self.row.updated_at = self.now
            self.unit.hint("campaign", id=self.row.id)

    def halt(self, reason: Reason) -> None:
        """By a rule: it stands, and takes back what it did if the plan says so."""
        self.apply(Event.HALT, reason)
        if self.plan.on_stop == "roll_back":
            self.apply(Event.ROLL_BACK, reason)

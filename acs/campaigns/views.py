"""What others see of campaigns."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NewType

from acs.campaigns.plans import Plan
from acs.campaigns.states import Member, State

__all__ = [
    "CampaignId", "CampaignView", "GaugeView", "Member", "MemberView", "OfDevice", "Preview", "Reason", "SampleView",
    "Sampled", "State", "TenantSettings", "WaveView",
]  # fmt: skip

CampaignId = NewType("CampaignId", int)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a campaign stands. `rule` is person, failures, failed_share or gate; of a rule: its figures and the wave they are of.

    `signal` and `reading` name the gate, `value` and `limit` are a count or per cent, `bad` of `measured` devices are on the wrong side.
    """

    rule: str
    by: str = ""
    text: str = ""
    signal: str = ""
    reading: str = ""
    value: float = 0
    limit: float = 0
    bad: int = 0
    measured: int = 0
    wave: int = 0

    @property
    def sentence(self) -> str:
        where = "among the canaries" if self.wave == 0 else f"in wave {self.wave}"
        match self.rule:
            case "failures":
                return f"{self.value:.0f} devices failed; the campaign stops at {self.limit:.0f}."
            case "failed_share":
                return f"{self.bad} of {self.measured} devices {where} failed: {self.value:.0f} %, it stops above {self.limit:g} %."
            case "gate":
                told = _SIGNALS.get(self.signal, self.signal).format(reading=self.reading)
                return f"{self.bad} of {self.measured} devices {where} {told}: {self.value:.0f} %, it stops above {self.limit:g} %."
        return self.text or f"By {self.by}."


_SIGNALS = {
    "reboots": "restart again and again since the change",
    "offline": "fell silent since the change",
    "alarms": "have a worse alarm since the change",
    "settings_lost": "lost their settings",
    "reading": "have a worse {reading} since the change",
}


@dataclass(frozen=True, slots=True)
class GaugeView:
    """One gate as measured in a wave or in all: per cent on the wrong side, means before and after where it is a reading."""

    signal: str
    reading: str
    limit: float
    measured: int
    bad: int
    mean_before: float | None = None
    mean_after: float | None = None

    @property
    def share(self) -> float | None:
        return 100 * self.bad / self.measured if self.measured else None

    @property
    def is_within(self) -> bool:
        return self.share is None or self.share <= self.limit


@dataclass(frozen=True, slots=True)
class WaveView:
    number: int
    tally: Mapping[Member, int]
    gauges: tuple[GaugeView, ...]
    opened_at: datetime | None
    passed_at: datetime | None

    @property
    def members(self) -> int:
        return sum(self.tally.values())

    def count(self, *states: Member) -> int:
        return sum(self.tally.get(state, 0) for state in states)

    @property
    def finished(self) -> int:
        return self.members - self.count(Member.PENDING, Member.OFFLINE, Member.ISSUED, Member.WATCHED)


@dataclass(frozen=True, slots=True)
class CampaignView:
    """A campaign. `waits_for` says what a started draft waits for: list, approval, or nothing."""

    id: CampaignId
    name: str
    note: str
    state: State
    stage: str
    reason: Reason | None
    selection: str
    spared: str
    spared_count: int
    action: str
    args: Mapping[str, Any]
    says: str
    plan: Plan
    members: int
    frozen_at: datetime | None
    waits_for: str
    wave: int
    waves: tuple[WaveView, ...]
    gauges: tuple[GaugeView, ...]
    reasons: Mapping[str, int]
    asked_at: datetime | None
    asked_by: str
    asked_person: str
    approved_at: datetime | None
    approved_by: str
    started_at: datetime | None
    until: datetime | None
    finished_at: datetime | None
    created_at: datetime
    created_by: str
    updated_at: datetime

    def count(self, *states: Member) -> int:
        return sum(wave.count(*states) for wave in self.waves)

    @property
    def finished(self) -> int:
        return sum(wave.finished for wave in self.waves)


@dataclass(frozen=True, slots=True)
class MemberView:
    """One device of a campaign. `before` and `after` are figures by name, `reason` why it failed or was left out."""

    device_id: int
    serial: str
    model: str
    software_version: str
    wave: int
    state: Member
    operation_id: int | None
    reason: str
    steps: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    issued_at: datetime | None
    ended_at: datetime | None
    look_at: datetime


@dataclass(frozen=True, slots=True)
class OfDevice:
    """A campaign as a device's page names it."""

    campaign_id: int
    name: str
    campaign_state: State
    wave: int
    state: Member
    operation_id: int | None
    reason: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Sampled:
    """What would be sent to one device, or why nothing is."""

    device_id: int
    serial: str
    model: str
    software_version: str
    kind: str
    says: str
    excluded: str
    is_offline: bool
    opens_at: datetime | None


@dataclass(frozen=True, slots=True)
class Preview:
    """How many devices a campaign would reach and what it would do.

    `number` is exact where `is_exact`. Of the first `looked_at` devices: `would` get an operation, the rest is excluded for these reasons.
    """

    number: int
    is_exact: bool
    looked_at: int
    would: int
    offline: int
    exclusions: Mapping[str, int]
    models: Mapping[str, int]
    sample: tuple[Sampled, ...]
    canaries: int
    needs_approval: bool
    inverse: str
    says: str


@dataclass(frozen=True, slots=True)
class SampleView:
    at: datetime
    finished: int
    shares: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """`zone` for devices whose own is not known; campaigns of more than `approve_above` devices need a second person, None: never."""

    zone: str = "UTC"
    approve_above: int | None = 100

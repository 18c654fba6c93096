"""What pages and REST do with campaigns, over acs.campaigns.

Who runs campaigns needs, beside RUN_CAMPAIGNS, what one device would take: the permission of every kind of operation the action asks.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from acs.audit import Actor, AuditView, lines
from acs.campaigns import service as campaigns
from acs.campaigns.service import CampaignId, CampaignView, MemberView, Preview, TenantSettings
from acs.campaigns.views import OfDevice, SampleView
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.secrets import Vault
from care.operations.service import check_target, permission_for
from care.security.permissions import Permission
from care.security.service import Clock


class Campaigns:
    """Campaigns of one tenant at a time."""

    def __init__(self, db: Database, vault: Vault, clock: Clock, move_hosts: tuple[str, ...] = ()) -> None:
        self._db = db
        self._vault = vault
        self._clock = clock
        self._move_hosts = move_hosts

    def permissions(self, tenant: TenantId, given: Mapping[str, Any]) -> tuple[Permission, ...]:
        """What the action of a campaign so described needs. Invalid names what is wrong with it."""
        args = given.get("args") or {}
        if isinstance(args, Mapping) and args.get("kind") == "move_acs":
            check_target(str((args.get("args") or {}).get("url", "")), self._move_hosts)
        with self._db.read() as session:
            return tuple(permission_for(kind) for kind in campaigns.kinds(session, tenant, given))

    def permissions_of(self, tenant: TenantId, campaign_id: int) -> tuple[Permission, ...]:
        with self._db.read() as session:
            return tuple(permission_for(kind) for kind in campaigns.kinds_of(session, tenant, campaign_id))

    def create(self, by: Actor, given: Mapping[str, Any]) -> CampaignId:
        with self._db.write() as unit:
            return campaigns.create(unit, by, self._vault, given, self._clock())

    def change(self, by: Actor, campaign_id: int, given: Mapping[str, Any]) -> None:
        with self._db.write() as unit:
            campaigns.change(unit, by, self._vault, campaign_id, given, self._clock())

    def remove(self, by: Actor, campaign_id: int) -> None:
        with self._db.write() as unit:
            campaigns.remove(unit, by, campaign_id, self._clock())

    def preview(self, tenant: TenantId, given: Mapping[str, Any]) -> Preview:
        with self._db.read() as session:
            return campaigns.preview(session, self._vault, tenant, given, self._clock())

    def start(self, by: Actor, campaign_id: int, person: str) -> None:
        with self._db.write() as unit:
            campaigns.start(unit, by, campaign_id, self._clock(), person)

    def approve(self, by: Actor, campaign_id: int, person: str) -> None:
        with self._db.write() as unit:
            campaigns.approve(unit, by, campaign_id, self._clock(), person)

    def pause(self, by: Actor, campaign_id: int, text: str = "") -> None:
        with self._db.write() as unit:
            campaigns.pause(unit, by, campaign_id, self._clock(), text)

    def resume(self, by: Actor, campaign_id: int) -> None:
        with self._db.write() as unit:
            campaigns.resume(unit, by, campaign_id, self._clock())

    def abort(self, by: Actor, campaign_id: int, text: str = "") -> None:
        with self._db.write() as unit:
            campaigns.abort(unit, by, campaign_id, self._clock(), text)

    def roll_back(self, by: Actor, campaign_id: int, text: str = "") -> None:
        with self._db.write() as unit:
            campaigns.roll_back(unit, by, campaign_id, self._clock(), text)

    def change_pace(self, by: Actor, campaign_id: int, given: Mapping[str, Any]) -> None:
        with self._db.write() as unit:
            campaigns.change_pace(unit, by, campaign_id, given, self._clock())

    def retry(self, by: Actor, campaign_id: int, device_id: int) -> None:
        with self._db.write() as unit:
            campaigns.retry(unit, by, campaign_id, device_id, self._clock())

    def get(self, tenant: TenantId, campaign_id: int) -> CampaignView:
        with self._db.read() as session:
            return campaigns.get(session, tenant, campaign_id)

    def listed(self, tenant: TenantId, before: int | None = None, limit: int = 50) -> tuple[CampaignView, ...]:
        with self._db.read() as session:
            return campaigns.listed(session, tenant, (), before, limit)

    def members(self, tenant: TenantId, campaign_id: int, state: str = "", after: str = "", limit: int = 50) -> tuple[tuple[MemberView, ...], str]:
        """A page of members, and the cursor of the next; "" where there is none. Invalid for a state there is not."""
        wanted = campaigns.member_state(state)
        with self._db.read() as session:
            found = campaigns.members(session, tenant, campaign_id, wanted, campaigns.cursor_of(after), limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        return found[:limit], "" if last is None else "-".join(map(str, campaigns.key_of(last, wanted)))

    def rows(self, tenant: TenantId, campaign_id: int, state: str = "") -> Iterator[MemberView]:
        """Every member, read page by page while they are sent."""
        wanted, after = campaigns.member_state(state), None
        while True:
            with self._db.read() as session:
                found = campaigns.members(session, tenant, campaign_id, wanted, after, 500)
            yield from found
            if len(found) < 500:
                return
            after = campaigns.key_of(found[-1], wanted)

    def of_device(self, tenant: TenantId, device_id: int) -> tuple[OfDevice, ...]:
        with self._db.read() as session:
            return campaigns.of_device(session, tenant, device_id)

    def samples(self, tenant: TenantId, campaign_id: int) -> tuple[SampleView, ...]:
        with self._db.read() as session:
            return campaigns.samples(session, tenant, campaign_id)

    def decisions(self, tenant: TenantId, campaign_id: int) -> tuple[AuditView, ...]:
        """The log of decisions: the audit lines of this campaign, the newest first."""
        with self._db.read() as session:
            return lines(session, tenant, f"campaign:{campaign_id}", limit=12)

    def settings(self, tenant: TenantId) -> TenantSettings:
        with self._db.read() as session:
            return campaigns.settings(session, tenant)

    def set_settings(self, by: Actor, zone: str, approve_above: int | None) -> None:
        with self._db.write() as unit:
            campaigns.set_settings(unit, by, zone, approve_above, self._clock())

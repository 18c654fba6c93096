"""What pages and REST do with redirects: the rules, and groups that move for good. Targets are those the settings name (conformance J-17)."""

from acs import audit, jobs
from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.errors import Invalid
from acs.redirects import service as redirects
from acs.redirects.views import RedirectView
from care.operations.service import check_target
from care.security.service import Clock

MOVE_JOB = "moves.group"


class Redirects:
    """Of one tenant at a time. `hosts`: where devices may be sent."""

    def __init__(self, db: Database, clock: Clock, hosts: tuple[str, ...]) -> None:
        self._db, self._clock, self.hosts = db, clock, hosts

    def listed(self, tenant: TenantId) -> tuple[RedirectView, ...]:
        with self._db.read() as session:
            return redirects.listed(session, tenant)

    def add(self, by: Actor, tag: str, model: str, url: str, reason: str = "") -> int:
        target = check_target(url, self.hosts)
        with self._db.write() as unit:
            return redirects.add(unit, by, tag, model, target, reason, self._clock())

    def remove(self, by: Actor, redirect_id: int) -> None:
        with self._db.write() as unit:
            redirects.remove(unit, by, redirect_id, self._clock())

    def weigh(self, by: Actor, tag: str, model: str, url: str) -> int:
        """How many devices would move for good. Invalid where none would, all would, or the target is not one of ours."""
        check_target(url, self.hosts)
        tag, model = tag.strip().lower(), model.strip()
        if not tag and not model:
            raise Invalid("A tag or a model says which devices move: not all of them may.", "tag")
        with self._db.read() as session:
            count = redirects.count(session, by.tenant, tag, model)
        if not count:
            raise Invalid("No device has this tag and model.", "tag")
        return count

    def move(self, by: Actor, tag: str, model: str, url: str, reason: str = "") -> int:
        """Have each of them moved at its next contact, in the background; the number of the job."""
        count = self.weigh(by, tag, model, url)
        args = {"tag": tag.strip().lower(), "model": model.strip(), "url": check_target(url, self.hosts), "reason": reason.strip()[:300]}
        now = self._clock()
        with self._db.write() as unit:
            job = jobs.enqueue(unit, by.tenant, MOVE_JOB, {**args, "by": by.name, "tenant": int(by.tenant)}, now, by=by.name)
            audit.record(unit, by, "redirect.move_group", f"job:{job}", now, after={**args, "devices": count})
        return int(job or 0)

"""Desired state in the background: devices that a changed profile concerns are marked, reports go on by slices, drift is looked at and repaired.

Each piece is done in small transactions and may run twice. What takes longer than `RUN_S` goes on in a job of its own, from where this one ended.
"""

import time
from contextlib import closing
from datetime import timedelta
from typing import Any

from acs import jobs
from acs.audit import Actor
from acs.db.tenancy import TenantId
from acs.desired import service as desired
from acs.hooks.service import Running
from acs.jobs import JobView
from acs.secrets import Vault
from tasks.app import House, work

EVERY_S: dict[str, float] = {"desired.dates": 60, "desired.reconcile": 3600}
RUN_S = 120.0
KEEP_REPORTS = timedelta(days=60)


def _later(house: House, job: JobView, args: dict[str, Any]) -> None:
    """Go on in another job; its key says from where, so that two runs of this one make one of it."""
    mark = f"{job.name}:{job.id}:" + ":".join(str(args[name]) for name in sorted(args))
    with house.database.write() as unit:
        tenant = TenantId(int(args.get("tenant", 1)))
        jobs.enqueue(unit, tenant, job.name, args, house.now(), by=job.created_by, key=mark[:200])


@work("desired.mark")
def mark(house: House, job: JobView) -> str:
    """args: tenant, selection, after. Devices of a selection are to be worked out anew; where no profile is left, let go."""
    begun, given, marked = time.monotonic(), job.args, 0
    tenant, after = TenantId(given["tenant"]), int(given.get("after", 0))
    with house.database.read() as session:
        has_profiles = tenant in desired.tenants_with_profiles(session)
    while not has_profiles:
        with house.database.write() as unit:
            let_go = desired.unmark_all(unit, tenant)
        marked += let_go
        if not let_go:
            return f"no profile is in force: {marked} devices let go"
    while True:
        with house.database.read() as session:
            ids, following = desired.selected(session, tenant, given["selection"], after, house.now())
        if ids:
            with house.database.write() as unit:
                desired.mark(unit, tenant, ids, house.now())
        marked += len(ids)
        if following is None:
            return f"{marked} devices marked"
        after = following
        if time.monotonic() - begun > RUN_S:
            _later(house, job, {**given, "after": after})
            return f"{marked} devices marked so far"


@work("desired.report")
def report(house: House, job: JobView) -> str:
    """args: report."""
    begun, vault, book = time.monotonic(), Vault.of(house.settings.home), desired.quirk_book(house.database)
    with closing(Running(house.database, house.now)) as running:
        hooks = desired.hooks_of(running, vault, house.now)
        while desired.report_goes_on(house.database, vault, int(job.args["report"]), house.now(), book, hooks):
            if time.monotonic() - begun > RUN_S:
                _later(house, job, {**job.args, "part": int(job.args.get("part", 0)) + 1})
                return "goes on"
    return "done"


@work("desired.repair")
def repair(house: House, job: JobView) -> str:
    """args: report, after, by, tenant. Every device of the report is brought to its profiles."""
    given, asked, after = job.args, 0, int(job.args.get("after", 0))
    actor = Actor(given["by"], TenantId(given["tenant"]))
    while True:
        with house.database.write() as unit:
            some, following = desired.repair_some(unit, actor, int(given["report"]), after, house.now())
        asked += some
        if following is None:
            return f"{asked} devices asked"
        after = following


@work("desired.check")
def check(house: House, job: JobView) -> str:
    """args: device. What was read is compared with what should hold."""
    vault = Vault.of(house.settings.home)
    with closing(Running(house.database, house.now)) as running:
        hooks = desired.hooks_of(running, vault, house.now)
        return desired.check_device(house.database, vault, int(job.args["device"]), house.now(), hooks)


@work("desired.dates")
def dates(house: House, job: JobView) -> str:
    with house.database.write() as unit:
        return f"{desired.enforce_dates(unit, house.now())} profiles put in force"


@work("desired.reconcile")
def reconcile(house: House, job: JobView) -> str:
    """args: of a run that goes on, tenant and after. Devices that came under a profile or left one are marked; old reports go."""
    begun, marked = time.monotonic(), 0
    with house.database.write() as unit:
        desired.delete_old_reports(unit, house.now() - KEEP_REPORTS)
    with house.database.read() as session:
        tenants = desired.tenants_with_profiles(session)
    for tenant in tenants:
        if "tenant" in job.args and tenant < job.args["tenant"]:
            continue
        after: int | None = int(job.args.get("after", 0)) if tenant == job.args.get("tenant") else 0
        while after is not None:
            with house.database.read() as session:
                ids, following = desired.stray(session, tenant, after, house.now())
            if ids:
                with house.database.write() as unit:
                    desired.mark(unit, tenant, ids, house.now())
            marked, after = marked + len(ids), following
            if after is not None and time.monotonic() - begun > RUN_S:
                _later(house, job, {"tenant": int(tenant), "after": after})
                return f"{marked} devices marked so far"
    return f"{marked} devices marked"

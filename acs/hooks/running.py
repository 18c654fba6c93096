"""Running published hooks: their code from a short memory, their outcomes counted, and an end to those that fail again and again.

`Running` opens transactions of its own, short ones, and blocks while a hook runs: it belongs to worker jobs and to threads of pages, never to a
reactor's thread and never inside a transaction.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from acs import audit, log
from acs.audit import Actor
from acs.db.engine import Database, Unit
from acs.db.tenancy import TenantId
from acs.errors import NotFound
from acs.hooks.contract import values_of, verdict_of
from acs.hooks.models import Hook, HookVersion
from acs.hooks.runner import HookRunner
from acs.hooks.views import Fault, HookFailed, HookKind, HookState, Limits, Tried, Verdict, VersionState

_log = log.get("hooks")

REMEMBERED = timedelta(seconds=5)
"""How long a published version is run from memory: a change is heeded as soon as that."""
WRITE_EVERY = timedelta(seconds=10)
WRITE_AT = 500
FAILURES_IN_A_ROW = 20
WINDOW, WINDOW_RUNS, WINDOW_SHARE = 10, 100, 0.5
"""A hook is switched off after so many failures one after the other, or when of the last writes' runs, if they are many, so many failed."""
_NOT_ITS_FAULT = frozenset({Fault.BUSY, Fault.OFF})


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came of runs of one hook since they were last written. `in_a_row`: failures at the end; `cleared`: a success was among them."""

    runs: int = 0
    failures: int = 0
    in_a_row: int = 0
    cleared: bool = False
    error: str = ""

    def with_run(self, error: str | None) -> "Outcomes":
        if error is None:
            return replace(self, runs=self.runs + 1, in_a_row=0, cleared=True)
        return replace(self, runs=self.runs + 1, failures=self.failures + 1, in_a_row=self.in_a_row + 1, error=error)


@dataclass(frozen=True, slots=True)
class _Published:
    id: int
    name: str
    kind: HookKind
    code: str
    limits: Limits
    sees_secrets: bool
    state: HookState
    off_reason: str
    at: datetime


class Running:
    """The published hooks of all tenants, to be run. One per process; `close` ends the children and writes what was counted."""

    def __init__(self, database: Database, clock: Callable[[], datetime], runner: HookRunner | None = None) -> None:
        self._database, self._clock = database, clock
        self.runner = runner or HookRunner()
        self._known: dict[tuple[int, str], _Published] = {}
        self._outcomes: dict[int, Outcomes] = {}
        self._written_at = clock()
        self._lock = threading.Lock()

    def sees_secrets(self, tenant: TenantId, name: str) -> bool:
        """Whether the hook may be told secrets in clear. NotFound, HookFailed OFF."""
        return self._published(tenant, name).sees_secrets

    def values(self, tenant: TenantId, name: str, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a hook for values wants of the device with these facts: by canonical name or path with its root, all checked.

        HookFailed when it gives no such answer, or one with a value that breaks a rule: then nothing of it is to be used. NotFound.
        """
        hook = self._published(tenant, name)
        _expect(hook, HookKind.VALUES)
        return self._counted(hook, lambda: good_values(self._answer(tenant, hook, facts), str(facts.get("device", {}).get("root", ""))))

    def verdict(self, tenant: TenantId, name: str, facts: Mapping[str, Any]) -> Verdict:
        """What a hook for a verdict says of the device with these facts. HookFailed, NotFound."""
        hook = self._published(tenant, name)
        _expect(hook, HookKind.VERDICT)
        return self._counted(hook, lambda: verdict_of(self._answer(tenant, hook, facts)))

    def _answer(self, tenant: TenantId, hook: _Published, facts: Mapping[str, Any]) -> Any:
        return self.runner.run(tenant, hook.code, facts, hook.limits).answer

    def _published(self, tenant: TenantId, name: str) -> _Published:
        now = self._clock()
        known = self._known.get((tenant, name))
        if known is None or now - known.at > REMEMBERED:
            with self._database.read() as session:
                known = _load(session, tenant, name, now)
            self._known[tenant, name] = known
        if known.state is not HookState.ON:
            raise HookFailed(Fault.OFF, f"Hook {name} is switched off{': ' + known.off_reason if known.off_reason else ''}.")
        return known

    def _counted(self, hook: _Published, run: Callable[[], Any]) -> Any:
        try:
            found = run()
        except HookFailed as failed:
            if failed.fault not in _NOT_ITS_FAULT:
                self._count(hook, str(failed))
            raise
        self._count(hook, None)
        return found

    def _count(self, hook: _Published, error: str | None) -> None:
        with self._lock:
            outcomes = self._outcomes[hook.id] = self._outcomes.get(hook.id, Outcomes()).with_run(error)
            due = outcomes.runs >= WRITE_AT or outcomes.in_a_row >= FAILURES_IN_A_ROW or self._clock() - self._written_at >= WRITE_EVERY
        if due:
            self.write()

    def write(self) -> None:
        """Write what was counted: a few rows, in a transaction of its own."""
        with self._lock:
            outcomes, self._outcomes, self._written_at = self._outcomes, {}, self._clock()
        if not outcomes:
            return
        with self._database.write() as unit:
            switched = [hook_id for hook_id, each in sorted(outcomes.items()) if note(unit, hook_id, each, self._clock())]
        if switched:
            self._known.clear()

    def close(self) -> None:
        self.write()
        self.runner.close()


def _load(session: Session, tenant: TenantId, name: str, now: datetime) -> _Published:
    found = session.execute(
        select(Hook, HookVersion.code)
        .outerjoin(HookVersion, (HookVersion.hook_id == Hook.id) & (HookVersion.state == VersionState.PUBLISHED.value))
        .where(Hook.tenant_id == tenant, Hook.name == name)
    ).first()
    if found is None:
        raise NotFound(f"There is no hook {name!r}.")
    hook, code = found
    if code is None:
        raise HookFailed(Fault.OFF, f"Hook {name} has no published version.")
    limits = Limits(hook.time_ms, hook.memory_mb)
    return _Published(hook.id, name, HookKind(hook.kind), code, limits, hook.sees_secrets, HookState(hook.state), hook.off_reason, now)


def _expect(hook: _Published, kind: HookKind) -> None:
    if hook.kind is not kind:
        raise HookFailed(Fault.OFF, f"Hook {hook.name} answers with a {hook.kind.value.removesuffix('s')}, not with a {kind.value.removesuffix('s')}.")


def good_values(answer: Any, root: str) -> dict[str, Any]:
    """The values of an answer by name. HookFailed REFUSED naming the first that breaks a rule."""
    checked = values_of(answer, root)
    wrong = next((each for each in checked if each.problem), None)
    if wrong is not None:
        raise HookFailed(Fault.REFUSED, f"{wrong.name}: {wrong.problem}")
    return {each.name: each.value for each in checked}


def note(unit: Unit, hook_id: int, outcomes: Outcomes, now: datetime) -> bool:
    """Add outcomes to a hook's counts; True where it is switched off for them, with an audit line."""
    hook = unit.session.get(Hook, hook_id, with_for_update=True)
    if hook is None:
        return False
    hook.runs, hook.failures, hook.last_run_at = hook.runs + outcomes.runs, hook.failures + outcomes.failures, now
    hook.in_a_row = outcomes.in_a_row + (0 if outcomes.cleared else hook.in_a_row)
    hook.recent = [*(hook.recent or []), [outcomes.runs, outcomes.failures]][-WINDOW:]
    if outcomes.failures:
        hook.last_error, hook.last_failed_at = outcomes.error[:500], now
    runs, failures = (sum(column) for column in zip(*hook.recent, strict=True))
    too_many = hook.in_a_row >= FAILURES_IN_A_ROW or (runs >= WINDOW_RUNS and failures >= WINDOW_SHARE * runs)
    if not too_many or hook.state != HookState.ON:
        return False
    share = f"{hook.in_a_row} times in a row" if hook.in_a_row >= FAILURES_IN_A_ROW else f"{failures} of {runs} times"
    hook.state, hook.off_at, hook.off_reason = HookState.FAILED.value, now, f"it failed {share}, at last: {hook.last_error}"[:300]
    actor = Actor.system("hooks", TenantId(hook.tenant_id))
    audit.record(unit, actor, "hook.failed", f"hook:{hook.id}", now, before={"state": "on"}, after={"state": "failed", "reason": hook.off_reason})
    _log.warning("a hook is switched off because it failed too often", hook=hook.name, tenant=hook.tenant_id, reason=hook.off_reason)
    return True


# ---- trying ------------------------------------------------------------------------------------------------


def check_code(runner: HookRunner, tenant: TenantId, code: str, limits: Limits) -> None:
    """HookFailed where the code cannot be read or has no function `hook`. What it does with a device is not judged."""
    runner.check(tenant, code, limits)


def try_on(runner: HookRunner, tenant: TenantId, kind: HookKind, code: str, facts: Mapping[str, Any], limits: Limits) -> Tried:
    """Run code once on these facts, for the one who writes it: nothing is counted, nothing is changed."""
    try:
        ran = runner.run(tenant, code, facts, limits)
    except HookFailed as failed:
        return Tried(facts, fault=failed.fault, told=failed.told, line=failed.line, logs=failed.logs, took_ms=failed.took_ms)
    try:
        if kind is HookKind.VERDICT:
            return Tried(facts, verdict=verdict_of(ran.answer), logs=ran.logs, took_ms=ran.took_ms)
        return Tried(facts, values_of(ran.answer, str(facts.get("device", {}).get("root", ""))), logs=ran.logs, took_ms=ran.took_ms)
    except HookFailed as failed:
        return Tried(facts, fault=failed.fault, told=failed.told, logs=ran.logs, took_ms=ran.took_ms)

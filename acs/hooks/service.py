"""The door of hooks: their code in versions, and what they answer.

A draft is edited, tried and published; what was published is kept as it was, retired when the next one takes its place. Running is
`Running`: it knows the published code for a few seconds, counts outcomes and writes them now and then, and switches a hook off that fails
again and again. Functions that change something take a unit and leave an audit line.
"""

import difflib
import re
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.errors import Conflict, Invalid, NotFound
from acs.hooks.facts import facts_of
from acs.hooks.models import Hook, HookVersion
from acs.hooks.runner import CODE_MOST, HookRunner
from acs.hooks.running import Outcomes, Running, check_code, note, try_on
from acs.hooks.views import (
    Checked,
    Fault,
    HookFailed,
    HookKind,
    HookState,
    HookView,
    Limits,
    Ran,
    Tried,
    Verdict,
    VersionState,
    VersionView,
)  # fmt: skip

__all__ = [
    "Checked", "Fault", "HookFailed", "HookKind", "HookRunner", "HookState", "HookView", "Limits", "Outcomes", "Ran", "Running", "Tried", "Verdict",
    "VersionState", "VersionView", "check_code", "facts_of", "note", "try_on",
]  # fmt: skip

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}")
TIME_MS, MEMORY_MB = (10, 2000), (2, 64)
"""From and to of what one hook may be allowed."""


def create(
    unit: Unit,
    actor: Actor,
    now: datetime,
    name: str,
    kind: str = HookKind.VALUES,
    description: str = "",
    code: str = "",
    sees_secrets: bool = False,
    time_ms: int = Limits().time_ms,
    memory_mb: int = Limits().memory_mb,
) -> int:
    """A hook with its first draft. Invalid names the field, Conflict where the name is taken."""
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise Invalid(f"{name!r} is no name of a hook: small letters, digits, dash and underscore, at most 60, a letter first.", "name")
    if kind not in list(HookKind):
        raise Invalid(f"A hook is of kind {' or '.join(HookKind)}, not {kind!r}.", "kind")
    if unit.session.scalar(select(Hook.id).where(Hook.tenant_id == actor.tenant, Hook.name == name)) is not None:
        raise Conflict(f"There is a hook {name} already.")
    hook = Hook(
        tenant_id=actor.tenant, name=name, kind=str(kind), description=description.strip()[:300], sees_secrets=sees_secrets,
        **_limits(time_ms, memory_mb), state=HookState.ON.value, runs=0, failures=0, in_a_row=0, recent=[], created_at=now, created_by=actor.name,
    )  # fmt: skip
    unit.session.add(hook)
    unit.session.flush()
    audit.record(unit, actor, "hook.create", f"hook:{hook.id}", now, after={"name": name, "kind": hook.kind, "sees_secrets": sees_secrets})
    save_draft(unit, actor, hook.id, code or EXAMPLES[HookKind(kind)], now)
    return hook.id


EXAMPLES = {
    HookKind.VALUES: """// What should hold on this device: canonical names or paths with their root.
function hook(d) {
  if (d.tags.includes("quiet-channel")) {
    return { "wifi.2g.channel": 1 };
  }
  return {};
}
""",
    HookKind.VERDICT: """// Whether something is so of this device, and why.
function hook(d) {
  const rx = d.values["optical.rx_power_dbm"];
  return { ok: rx === undefined || rx > -27, reason: "rx power " + rx + " dBm", facts: { rx } };
}
""",
}


def _limits(time_ms: int, memory_mb: int) -> dict[str, int]:
    for field, value, (low, high) in (("time_ms", time_ms, TIME_MS), ("memory_mb", memory_mb, MEMORY_MB)):
        if not low <= value <= high:
            raise Invalid(f"{field} must be {low} to {high}; {value} is outside.", field)
    return {"time_ms": time_ms, "memory_mb": memory_mb}


def change(
    unit: Unit,
    actor: Actor,
    hook_id: int,
    now: datetime,
    description: str | None = None,
    sees_secrets: bool | None = None,
    time_ms: int | None = None,
    memory_mb: int | None = None,
) -> None:
    """What it is for, what it may see, and what it may take."""
    hook = _row(unit.session, actor.tenant, hook_id)
    wanted: dict[str, Any] = _limits(hook.time_ms if time_ms is None else time_ms, hook.memory_mb if memory_mb is None else memory_mb)
    if description is not None:
        wanted["description"] = description.strip()[:300]
    if sees_secrets is not None:
        wanted["sees_secrets"] = sees_secrets
    before = {name: getattr(hook, name) for name in wanted}
    changed = {name: value for name, value in wanted.items() if value != before[name]}
    for name, value in changed.items():
        setattr(hook, name, value)
    if changed:
        audit.record(unit, actor, "hook.change", f"hook:{hook_id}", now, before={name: before[name] for name in changed}, after=changed)


def save_draft(unit: Unit, actor: Actor, hook_id: int, code: str, now: datetime, note: str = "") -> int:
    """Keep code as the draft, which is made where there is none; the number of its version."""
    hook = _row(unit.session, actor.tenant, hook_id)
    code = code.replace("\r\n", "\n")
    if len(code.encode("utf-8", "replace")) > CODE_MOST:
        raise Invalid(f"The code is longer than {CODE_MOST // 1024} KB.", "code")
    if "\x00" in code or any("\ud800" <= char <= "\udfff" for char in code):
        raise Invalid("The code holds characters that are none.", "code")
    draft = _version(unit.session, hook.id, VersionState.DRAFT)
    if draft is None:
        last = unit.session.scalar(select(func.max(HookVersion.number)).where(HookVersion.hook_id == hook.id)) or 0
        draft = HookVersion(tenant_id=hook.tenant_id, hook_id=hook.id, number=last + 1, state=VersionState.DRAFT.value, code="", created_at=now)
        unit.session.add(draft)
    draft.code, draft.note, draft.created_at, draft.created_by = code, note.strip()[:300], now, actor.name
    unit.session.flush()
    audit.record(unit, actor, "hook.draft", f"hook:{hook_id}", now, after={"version": draft.number, "bytes": len(code)})
    return draft.number


def publish(unit: Unit, actor: Actor, hook_id: int, number: int, now: datetime) -> None:
    """Let a version run: the draft, or one that was retired. The one before is retired. Conflict where that is not possible.

    Whoever calls has it checked first (`check_code`, outside the transaction). A hook that had failed too often starts anew.
    """
    hook = _row(unit.session, actor.tenant, hook_id)
    version = unit.session.scalar(select(HookVersion).where(HookVersion.hook_id == hook.id, HookVersion.number == number))
    if version is None:
        raise NotFound(f"Hook {hook.name} has no version {number}.")
    if version.state == VersionState.PUBLISHED:
        raise Conflict(f"Version {number} of hook {hook.name} is published already.")
    before = _version(unit.session, hook.id, VersionState.PUBLISHED)
    if before is not None:
        before.state, before.retired_at = VersionState.RETIRED.value, now
    version.state, version.published_at, version.published_by, version.retired_at = VersionState.PUBLISHED.value, now, actor.name, None
    hook.in_a_row, hook.recent = 0, []
    if hook.state == HookState.FAILED:
        hook.state, hook.off_reason, hook.off_at = HookState.ON.value, "", None
    audit.record(
        unit, actor, "hook.publish", f"hook:{hook_id}", now, before={"version": before.number if before else None}, after={"version": number}
    )


def retire(unit: Unit, actor: Actor, hook_id: int, now: datetime) -> None:
    """Take the published version back; nothing runs then. Conflict where none is published."""
    hook = _row(unit.session, actor.tenant, hook_id)
    version = _version(unit.session, hook.id, VersionState.PUBLISHED)
    if version is None:
        raise Conflict(f"Hook {hook.name} has no published version.")
    version.state, version.retired_at = VersionState.RETIRED.value, now
    audit.record(unit, actor, "hook.retire", f"hook:{hook_id}", now, before={"version": version.number})


def switch(unit: Unit, actor: Actor, hook_id: int, on: bool, now: datetime, reason: str = "") -> None:
    """On or off by a person. On again, its failures are counted anew."""
    hook = _row(unit.session, actor.tenant, hook_id)
    before = hook.state
    hook.state = HookState.ON.value if on else HookState.OFF.value
    hook.off_reason, hook.off_at = ("", None) if on else (reason.strip()[:300], now)
    if on:
        hook.in_a_row, hook.recent = 0, []
    audit.record(
        unit, actor, "hook.on" if on else "hook.off", f"hook:{hook_id}", now, before={"state": before}, after={"state": hook.state, "reason": reason}
    )


def remove(unit: Unit, actor: Actor, hook_id: int, now: datetime) -> None:
    """Delete a hook that never ran for anybody. Conflict once a version was published: switch it off instead, its history stays."""
    hook = _row(unit.session, actor.tenant, hook_id)
    if unit.session.scalar(select(HookVersion.id).where(HookVersion.hook_id == hook.id, HookVersion.published_at.is_not(None)).limit(1)) is not None:
        raise Conflict(f"Hook {hook.name} was published once: it can be switched off, not deleted.")
    unit.session.delete(hook)
    audit.record(unit, actor, "hook.delete", f"hook:{hook_id}", now, before={"name": hook.name})


# ---- reading -----------------------------------------------------------------------------------------------


def _row(session: Session, tenant: TenantId, hook_id: int) -> Hook:
    hook = session.get(Hook, hook_id)
    if hook is None or hook.tenant_id != tenant:
        raise NotFound(f"There is no hook {hook_id}.")
    return hook


def _version(session: Session, hook_id: int, state: VersionState) -> HookVersion | None:
    return session.scalar(select(HookVersion).where(HookVersion.hook_id == hook_id, HookVersion.state == state.value))


def get(session: Session, tenant: TenantId, hook_id: int) -> HookView:
    return _view(session, _row(session, tenant, hook_id))


def named(session: Session, tenant: TenantId, name: str) -> HookView:
    """By its name, as profiles have it. NotFound."""
    hook = session.scalar(select(Hook).where(Hook.tenant_id == tenant, Hook.name == name))
    if hook is None:
        raise NotFound(f"There is no hook {name!r}.")
    return _view(session, hook)


def listed(session: Session, tenant: TenantId) -> tuple[HookView, ...]:
    """By name. A house has dozens, so they come in one piece."""
    hooks = list(session.scalars(select(Hook).where(Hook.tenant_id == tenant).order_by(Hook.name)))
    numbers = session.execute(
        select(HookVersion.hook_id, HookVersion.state, HookVersion.number).where(
            HookVersion.tenant_id == tenant, HookVersion.state.in_([VersionState.DRAFT.value, VersionState.PUBLISHED.value])
        )
    )
    by_state = {(row.hook_id, row.state): row.number for row in numbers}
    return tuple(_viewed(hook, by_state) for hook in hooks)


def versions(session: Session, tenant: TenantId, hook_id: int, limit: int = 100) -> tuple[VersionView, ...]:
    """The newest first."""
    hook = _row(session, tenant, hook_id)
    rows = session.scalars(select(HookVersion).where(HookVersion.hook_id == hook.id).order_by(HookVersion.number.desc()).limit(limit))
    return tuple(_version_view(row) for row in rows)


def version(session: Session, tenant: TenantId, hook_id: int, number: int) -> VersionView:
    hook = _row(session, tenant, hook_id)
    row = session.scalar(select(HookVersion).where(HookVersion.hook_id == hook.id, HookVersion.number == number))
    if row is None:
        raise NotFound(f"Hook {hook.name} has no version {number}.")
    return _version_view(row)


def difference(session: Session, tenant: TenantId, hook_id: int, older: int, newer: int) -> tuple[str, ...]:
    """What changed from one version to another, as lines of a unified diff without its head; empty where nothing did."""
    before, after = (version(session, tenant, hook_id, number).code.splitlines() for number in (older, newer))
    return tuple(difflib.unified_diff(before, after, lineterm="", n=3))[2:]


def _view(session: Session, hook: Hook) -> HookView:
    rows = session.execute(select(HookVersion.state, HookVersion.number).where(HookVersion.hook_id == hook.id))
    return _viewed(hook, {(hook.id, row.state): row.number for row in rows})


def _viewed(hook: Hook, numbers: dict[tuple[int, str], int]) -> HookView:
    return HookView(
        hook.id, hook.name, HookKind(hook.kind), hook.description, hook.sees_secrets, Limits(hook.time_ms, hook.memory_mb), HookState(hook.state),
        hook.off_reason, hook.off_at, numbers.get((hook.id, VersionState.PUBLISHED.value)), numbers.get((hook.id, VersionState.DRAFT.value)), hook.runs,
        hook.failures, hook.in_a_row, hook.last_error, hook.last_failed_at, hook.last_run_at, hook.created_at, hook.created_by,
    )  # fmt: skip


def _version_view(row: HookVersion) -> VersionView:
    return VersionView(
        row.id, row.number, VersionState(row.state), row.code, row.note, row.created_at, row.created_by, row.published_at, row.published_by,
        row.retired_at,
    )  # fmt: skip

"""How devices are reached: what is known, what was tried, whose login they refuse, and the short interval while somebody looks.

The waker notes each try here and asks here where to call; pages read the same. Tests: tests/acs/reach/test_service.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.devices import store
from acs.devices.models import Device, DeviceCredential, DeviceReach, ReachAttempt, ReachWatch
from acs.devices.views import DeviceId
from acs.errors import HearthlineError, UnknownDevice
from acs.operations import progress
from acs.operations import service as operations
from acs.operations.models import Operation
from acs.operations.preparing import reach_row
from acs.operations.views import OPEN, OperationState
from acs.provisioning.plan import Trust
from acs.provisioning.quirks import STANDARD, DeviceQuirks
from acs.reach import ways
from acs.reach.diagnosis import diagnose
from acs.reach.views import Attempt, Facts, Method, ReachView, Watch, Way
from acs.secrets import Vault

BINDING_LIFE = timedelta(minutes=30)
"""A binding stored longer ago than this, and not heard of since, is not called by its login any more."""
WATCH_MOST = timedelta(minutes=15)
WATCH_STEP = timedelta(seconds=150)
"""A page that is open renews its lease every minute; two missed ones end it."""
LOOK_AGAIN, REFUSED_AGAIN = timedelta(seconds=20), timedelta(hours=1)
"""When an interval that is being put back is looked at again; when a device that refused is asked again."""
SYSTEM = "reach"


@dataclass(frozen=True, slots=True)
class Target:
    """A device that is to be woken: where, with which login, and whether something still waits for it."""

    tenant: TenantId
    ways: tuple[Way, ...]
    username: str
    secret: str
    stun_username: str
    in_session: bool
    wanted: bool
    informed_at: datetime | None
    thorough: bool = True
    """Whether all ways are named, or only the one that the device's head row tells."""
    model: tuple[str, str, str] = ("", "", "")
    """OUI, product class and firmware."""
    quirks: DeviceQuirks = STANDARD
    """What a person said of calling its model."""


# ---- reading -----------------------------------------------------------------------------------------------


def target(session: Session, vault: Vault, device_id: int, now: datetime, xmpp: bool, udp: bool, thorough: bool) -> Target | None:
    """What the waker needs; None for a device that may not be called. Its tree is read only where its call address is not enough:
    a device that speaks from the address it gives is tried there first, unless XMPP is used (`thorough` reads it all the same)."""
    device = session.get(Device, device_id)
    if device is None or device.trust != Trust.ADMITTED:
        return None
    credential = session.get(DeviceCredential, device_id)
    row = session.get(DeviceReach, device_id)
    facts = _head_facts(device, row, now)
    thorough = thorough or xmpp or ways.host_of(facts.url) != facts.source
    if thorough:
        facts = _with_values(session, device, facts)
    in_session = device.session_token is not None and device.session_until is not None and device.session_until > now
    return Target(
        TenantId(device.tenant_id), ways.ways_of(facts, xmpp, udp), credential.request_username if credential else "",
        vault.open(credential.request_secret) if credential and credential.request_secret else "", (row.stun_username or "") if row else "",
        in_session, progress.is_wanted(session, device_id, now), device.last_inform_at, thorough,
        (device.oui, device.product_class, device.software_version),
    )  # fmt: skip


def _head_facts(device: Device, row: DeviceReach | None, now: datetime) -> Facts:
    fresh = row is not None and row.udp_at is not None and now - row.udp_at < BINDING_LIFE
    return Facts(
        url=device.connection_request_url, source=device.address, udp_address=row.udp_address if row and fresh else "",
        udp_at=row.udp_at if row and fresh else None, admitted=device.trust == Trust.ADMITTED, last_inform_at=device.last_inform_at,
        interval_s=device.inform_interval_s, rewriting=bool(row and row.login_rewrite_id),
    )  # fmt: skip


def _with_values(session: Session, device: Device, facts: Facts) -> Facts:
    prefix = f"{device.root or 'Device'}.ManagementServer."
    loaded = store.load_tree(session.connection(), device.id, prefix).values
    told = ways.of_values({path[len(prefix) :]: stored.value for path, stored in loaded.items()})
    if facts.udp_at is not None:
        told.pop("udp_address")  # what its own datagrams showed is newer than what it wrote down
    return replace(facts, **told)  # type: ignore[arg-type]


def view(session: Session, tenant: TenantId, device_id: int, now: datetime, xmpp: bool, udp: bool, limit: int = 12) -> ReachView:
    """All that is known. `xmpp` and `udp`: whether we can use them at all."""
    device = _device(session, tenant, device_id)
    row = session.get(DeviceReach, device_id)
    facts = _with_values(session, device, _head_facts(device, row, now))
    if row is not None and row.login_rewrite_id is not None:
        rewriting = session.scalar(select(Operation.state).where(Operation.id == row.login_rewrite_id))
        facts = replace(facts, rewriting=rewriting in OPEN)
    found = ways.ways_of(facts, xmpp, udp)
    tried = attempts(session, device_id, limit)
    credential = session.get(DeviceCredential, device_id)
    return ReachView(
        diagnose(facts, found, tried, now), found, tried, facts, _watch(session, device_id),
        can_stun=udp and not facts.stun_on and facts.admitted, can_xmpp=xmpp and facts.xmpp_known and not facts.jabber_id and facts.admitted,
        login_known=bool(credential and credential.request_secret),
    )  # fmt: skip


def attempts(session: Session, device_id: int, limit: int) -> tuple[Attempt, ...]:
    """The newest first."""
    rows = session.scalars(select(ReachAttempt).where(ReachAttempt.device_id == device_id).order_by(ReachAttempt.id.desc()).limit(limit))
    return tuple(Attempt(r.id, r.at, Method(r.method), r.result, r.detail, r.latency_ms, r.came_at) for r in rows)


def _watch(session: Session, device_id: int) -> Watch | None:
    row = session.get(ReachWatch, device_id)
    if row is None:
        return None
    applied = session.scalar(select(Operation.state).where(Operation.id == row.set_id)) == OperationState.DONE
    return Watch(row.until, row.since, row.by, applied, row.back_id is not None)


def _device(session: Session, tenant: TenantId, device_id: int) -> Device:
    device = session.get(Device, device_id)
    if device is None or device.tenant_id != tenant:
        raise UnknownDevice(f"There is no device {device_id}.")
    return device


# ---- what the waker found out ------------------------------------------------------------------------------


def note_attempt(
    unit: Unit, vault: Vault, device_id: int, at: datetime, method: Method, result: str, detail: str, latency_ms: int | None, now: datetime,
    keep: int = 40,
) -> int:  # fmt: skip
    """Keep how a try ended, and show it; its id. The oldest beyond `keep` go. A refused login is rewritten at the next contact, once."""
    device = unit.session.get(Device, device_id)
    if device is None:
        return 0
    row = ReachAttempt(
        tenant_id=device.tenant_id,
        device_id=device_id,
        at=at,
        method=method.value,
        result=result,
        detail=detail[:200],
        latency_ms=latency_ms,
    )
    unit.session.add(row)
    unit.session.flush()
    oldest = select(ReachAttempt.id).where(ReachAttempt.device_id == device_id).order_by(ReachAttempt.id.desc()).offset(keep).limit(1)
    oldest_id = unit.session.scalar(oldest)
    if oldest_id is not None:
        unit.session.execute(delete(ReachAttempt).where(ReachAttempt.device_id == device_id, ReachAttempt.id <= oldest_id))
    operations.note_waking(unit, device_id, now, "ok" if result == "sent" else result, detail)
    if result == "unauthorized":
        _login_refused(unit, vault, device, method, now)
    elif result == "ok":
        unit.session.execute(
            update(DeviceReach)
            .where(DeviceReach.device_id == device_id, DeviceReach.login_refused_at.is_not(None))
            .values(login_refused_at=None, login_rewrite_id=None)
        )
    unit.hint("reach", device=device_id)
    return row.id


def _login_refused(unit: Unit, vault: Vault, device: Device, method: Method, now: datetime) -> None:
    """The device does not know our login any more: queue that it is written anew, once until a call is answered again."""
    row = reach_row(unit.session, device)
    if row.login_rewrite_id is not None:
        return
    actor = Actor.system(SYSTEM, TenantId(device.tenant_id))
    reason = f"the device refused our login when called by {method}"
    try:
        number = operations.request(unit, actor, DeviceId(device.id), "request_login", {}, now, reason, urgent=False, vault=vault)
    except HearthlineError:
        return  # too much is open for it already: the next refusal asks again
    row.login_refused_at, row.login_rewrite_id = now, number


def settle(unit: Unit, attempt_id: int, came_at: datetime | None) -> None:
    """Whether the device came after a try that it answered, or that was sent."""
    row = unit.session.get(ReachAttempt, attempt_id)
    if row is None or row.came_at is not None:
        return
    row.came_at = came_at
    if came_at is None:
        row.result = "no_inform"
        row.detail = row.detail or "it was called, and did not come"
        unit.session.execute(
            update(Device).where(Device.id == row.device_id).values(wake_result="no_inform", wake_detail="it was called, and did not come")
        )
    unit.hint("reach", device=row.device_id)


def reserve_ts(unit: Unit, device_id: int, now: datetime) -> int:
    """A timestamp for a UDP request larger than every one before, whatever the clock did (conformance F-42)."""
    device = unit.session.get(Device, device_id)
    if device is None:
        raise UnknownDevice(f"There is no device {device_id}.")
    row = reach_row(unit.session, device)
    row.udp_ts = max(int(now.timestamp()), row.udp_ts + 1)
    return row.udp_ts


def stun_secret(session: Session, vault: Vault, username: str) -> str | None:
    """The secret a device proves its STUN login with; None for a username that is not of ours."""
    sealed = session.scalar(select(DeviceReach.stun_secret).where(DeviceReach.stun_username == username))
    return vault.open(sealed) if sealed else None


def store_bindings(unit: Unit, bindings: Mapping[str, tuple[str, datetime]]) -> None:
    """Where devices were heard from, by STUN username."""
    for username, (address, at) in bindings.items():
        unit.session.execute(update(DeviceReach).where(DeviceReach.stun_username == username).values(udp_address=address[:64], udp_at=at))


def accounts_to_make(session: Session, vault: Vault, limit: int = 100) -> tuple[tuple[int, str, str], ...]:
    """(device, username, password) of XMPP accounts that the server does not have yet."""
    rows = session.scalars(
        select(DeviceReach)
        .where(DeviceReach.xmpp_secret != "", DeviceReach.xmpp_account_at.is_(None))
        .order_by(DeviceReach.device_id)
        .limit(limit)
    )
    return tuple((row.device_id, row.xmpp_username, vault.open(row.xmpp_secret)) for row in rows)


def account_made(unit: Unit, device_id: int, now: datetime) -> None:
    unit.session.execute(update(DeviceReach).where(DeviceReach.device_id == device_id).values(xmpp_account_at=now))


# ---- the short interval while somebody looks ---------------------------------------------------------------


def watch(unit: Unit, vault: Vault, actor: Actor, device_id: int, now: datetime, interval_s: int, xmpp: bool, udp: bool) -> Watch | None:
    """Somebody has the page open. Where nothing wakes the device, it is told at its next contact to speak every `interval_s` for a while.

    None where that is not needed: a call brings it, or it speaks so often already.
    """
    _device(unit.session, actor.tenant, device_id)
    row = unit.session.get(ReachWatch, device_id)
    if row is not None:
        if row.back_id is None:
            row.until = max(row.until, min(row.since + WATCH_MOST, now + WATCH_STEP))
        return _watch(unit.session, device_id)
    found = view(unit.session, actor.tenant, device_id, now, xmpp, udp, 4)
    speaks_s = found.facts.interval_s
    if not interval_s or found.diagnosis.wakes or not found.facts.admitted or speaks_s <= interval_s * 2:
        return None
    number = operations.request(
        unit, actor, DeviceId(device_id), "inform_interval", {"interval_s": interval_s}, now, "somebody looks at the device", urgent=False,
        expires_in_s=int(WATCH_MOST.total_seconds()), vault=vault,
    )  # fmt: skip
    row = ReachWatch(device_id=device_id, tenant_id=actor.tenant, since=now, until=now + WATCH_STEP, by=actor.name, set_id=number)
    unit.session.add(row)
    unit.session.flush()
    audit.record(
        unit,
        actor,
        "device.watch",
        f"device:{device_id}",
        now,
        after={"interval_s": interval_s, "at most until": (now + WATCH_MOST).isoformat()},
    )
    unit.hint("reach", device=device_id)
    return _watch(unit.session, device_id)


def end_watches(unit: Unit, vault: Vault, now: datetime, limit: int = 200) -> int:
    """Put back the intervals of devices nobody looks at any more; leases are rows, so a crash in between loses none. How many are done with."""
    ended = 0
    rows = unit.session.scalars(select(ReachWatch).where(ReachWatch.until <= now).order_by(ReachWatch.until).limit(limit))
    for row in list(rows):
        set_by = unit.session.get(Operation, row.set_id)
        back = unit.session.get(Operation, row.back_id) if row.back_id is not None else None
        actor = Actor.system(SYSTEM, TenantId(row.tenant_id))
        if set_by is not None and set_by.state in OPEN:
            if set_by.state == OperationState.QUEUED and not set_by.sent:
                operations.cancel(unit, actor, set_by.id, now)  # type: ignore[arg-type]
            else:
                row.until = now + LOOK_AGAIN  # it is being said this moment
                continue
        if set_by is None or set_by.state != OperationState.DONE or (back is not None and back.state == OperationState.DONE):
            unit.session.delete(row)
            ended += 1
        elif back is not None and back.state in OPEN:
            row.until = now + LOOK_AGAIN
        else:
            row.until = now + (LOOK_AGAIN if back is None else REFUSED_AGAIN)
            result = set_by.result or {}
            args = {"interval_s": int(result.get("before_s") or 0) or 3600, "enable": bool(result.get("before_enable", True))}
            try:
                row.back_id = operations.request(
                    unit, actor, DeviceId(row.device_id), "inform_interval", args, now, "nobody looks at the device any more", urgent=False,
                    expires_in_s=30 * 86400, vault=vault,
                )  # fmt: skip
            except HearthlineError:
                unit.session.delete(row)  # blocked or gone meanwhile: nothing may be asked of it
                ended += 1
                continue
        unit.hint("reach", device=row.device_id)
    return ended


def watched(session: Session, now: datetime) -> int:
    return int(session.scalar(select(func.count()).select_from(ReachWatch).where(ReachWatch.until > now)) or 0)


def delete_old(unit: Unit, before: datetime, limit: int = 1000) -> int:
    """Retention: tries older than `before`; how many."""
    ids: Iterable[int] = unit.session.scalars(
        select(ReachAttempt.id).where(ReachAttempt.at < before).order_by(ReachAttempt.id).limit(limit)
    )
    gone = list(ids)
    for part in (gone[i : i + 500] for i in range(0, len(gone), 500)):
        unit.session.execute(delete(ReachAttempt).where(ReachAttempt.id.in_(part)))
    return len(gone)

"""Upgrades in several steps: each is an operation that begins when the last has succeeded, and the way is found anew from what runs then.

The wanted image is the `goal` among the arguments; `image` is the one this step loads. What an upgrade gives back later, because the device
went back by itself, is noticed here too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.devices.models import Device, DeviceEvent
from acs.errors import Invalid, NotFound
from acs.firmware import service as firmware
from acs.firmware.service import ImageId, ImageState, ImageView, NoPath, Path
from acs.operations.keys import new_command_key
from acs.operations.models import Operation
from acs.operations.views import OperationState
from acs.provisioning.kinds import KINDS

STEPS_MOST = 12
"""A chain that is longer goes in a circle."""
REMEMBERED = timedelta(days=7)
"""How long after an upgrade an old version that comes back is told as its undoing."""


def first_step(
    session: Session, tenant: TenantId, kind: str, given: Mapping[str, Any], device: Device, now: datetime
) -> tuple[dict[str, Any], ImageId]:
    """Arguments with the image that can be loaded now, and its id. Invalid (field image) says why there is no way.

    Only `firmware` goes in steps; of other kinds the wanted image must be loadable from what runs.
    """
    wanted = firmware.get(session, tenant, given["image"])
    _refuse_draft(wanted, given)
    found = _path(session, tenant, device, wanted, now, bool(given.get("force")))
    if len(found.steps) <= 1:
        return dict(given), wanted.id
    first = found.steps[0]
    if kind != "firmware":
        raise Invalid(f"Image {wanted.id} ({wanted.version}) cannot be loaded from {found.runs}: load {first.version} (image {first.id}) before.", "image")
    return {**given, "image": first.id, "goal": wanted.id, "step": 1, "steps": len(found.steps)}, first.id


def _refuse_draft(image: ImageView, given: Mapping[str, Any]) -> None:
    if image.state is ImageState.DRAFT and not given.get("draft"):
        raise Invalid(f"Image {image.id} ({image.version}) is a draft: release it first, or try it on single devices.", "image")


def _path(session: Session, tenant: TenantId, device: Device, wanted: ImageView, now: datetime, force: bool) -> Path:
    found = firmware.path(session, tenant, firmware.runs(session, tenant, device.id), wanted.id, now, force)
    if isinstance(found, NoPath):
        raise Invalid(found.reason, "image")
    return found


def go_on(unit: Unit, done: Operation, at: datetime) -> None:
    """A step succeeded: ask for the next one, in the same transaction. Where no way leads on any more the upgrade as a whole has failed."""
    goal = (done.args or {}).get("goal")
    if not goal or goal == done.args["image"]:
        return
    device, tenant = unit.session.get(Device, done.device_id), TenantId(done.tenant_id)
    assert device is not None
    version, step = str((done.result or {}).get("version", "")), int(done.args.get("step", 1))
    reason, follows = "", None
    try:
        wanted = firmware.get(unit.session, tenant, goal)
        runs = replace(firmware.runs(unit.session, tenant, device.id), software_version=version)
        found = firmware.path(unit.session, tenant, runs, wanted.id, at)
    except NotFound as error:
        reason = str(error)
    else:
        if isinstance(found, NoPath):
            reason = found.reason
        elif step >= STEPS_MOST:
            reason = f"{step} steps did not lead to {wanted.version}."
        elif found.steps and not done.cancel_wanted:
            follows = _ask_next(unit, done, device, found, step + 1, at)
    if reason:
        done.state, done.error = OperationState.FAILED.value, f"{version} runs now, but the way ends here: {reason}"
    if follows is not None:
        done.result = {**(done.result or {}), "next": follows}


def _ask_next(unit: Unit, done: Operation, device: Device, found: Path, step: int, at: datetime) -> int:
    image, kind = found.steps[0], KINDS["firmware"]
    args = {**done.args, "image": image.id, "force": False, "step": step, "steps": step - 1 + len(found.steps), "follows": done.id}
    operation = Operation(
        tenant_id=done.tenant_id, device_id=device.id, kind=kind.name, args=args, state=OperationState.QUEUED.value,
        stations={"queued": at.isoformat()}, priority=done.priority, urgent=done.urgent, due_at=at, expires_at=at + timedelta(seconds=kind.expiry_s),
        command_key=new_command_key(), requested_by=done.requested_by, reason=done.reason, created_at=at, updated_at=at, image_id=image.id, memo={},
    )  # fmt: skip
    unit.session.add(operation)
    unit.session.flush()
    actor = Actor.system("upgrade", TenantId(done.tenant_id))
    told = {"operation": operation.id, "image": image.id, "follows": done.id, "step": step}
    audit.record(unit, actor, f"operation.{kind.name}", f"device:{device.id}", at, after=told)
    unit.hint("operation", device=device.id, operation=operation.id, urgent=operation.urgent, key=device.key)
    unit.hint("progress", device=device.id, operation=operation.id)
    return operation.id


def last_of(session: Session, tenant: TenantId, operation_id: int) -> int:
    """The newest step of the upgrade this operation is a step of: where to look how it ended. The operation itself where nothing follows."""
    for _ in range(STEPS_MOST + 1):
        row = session.execute(select(Operation.result).where(Operation.id == operation_id, Operation.tenant_id == tenant)).first()
        follows = (row.result or {}).get("next") if row is not None else None
        if not follows:
            break
        operation_id = int(follows)
    return operation_id


def notice_undone(unit: Unit, changed: Sequence[tuple[int, str]], at: datetime) -> None:
    """Devices that started with other firmware, with its version: one that an upgrade had replaced means that the device went back by itself."""
    versions = dict(changed)
    rows = unit.session.scalars(
        select(Operation)
        .where(Operation.device_id.in_(list(versions)), Operation.kind == "firmware", Operation.finished_at > at - REMEMBERED)
        .order_by(Operation.id)
    )
    newest = {row.device_id: row for row in rows if row.state == OperationState.DONE}
    for device_id, row in newest.items():
        result, version = row.result or {}, versions[device_id]
        ran = result.get("version")
        if version != result.get("before") or version == ran or "undone_at" in result:
            continue
        row.result, row.updated_at = {**result, "undone_at": at.isoformat()}, at
        detail = f"{ran} → {version}: the device went back by itself"
        unit.session.add(DeviceEvent(tenant_id=row.tenant_id, device_id=device_id, at=at, code="firmware_undone", detail=detail[:300]))
        unit.hint("progress", device=device_id, operation=row.id)

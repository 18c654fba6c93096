"""What people set on one device by hand: the newest value of each parameter, who wrote it and when.

Kept with the end of the operation that wrote it, so that a profile does not undo it blindly (acs/desired says who wins) and a successor can be
given it. Values of secrets stay sealed as they are in the operation. What the system or a campaign wrote is nobody's own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from acs.db.base import Base, BigId, Instant
from acs.db.bulk import upsert_rows
from acs.db.engine import Unit
from acs.operations.models import Operation

NOBODY = ("system:", "campaign:", "workflow:")
"""Beginnings of names of those whose writing is not personal."""


class PersonalValue(Base):
    __tablename__ = "personal_value"

    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(String(256), primary_key=True)
    tenant_id: Mapped[int]
    value: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(Instant)
    operation_id: Mapped[int] = mapped_column(BigId)


@dataclass(frozen=True, slots=True)
class PersonalView:
    """`value` as it is stored: sealed if it is a secret."""

    path: str
    value: str
    type: str
    by: str
    at: datetime
    operation_id: int


def note(unit: Unit, row: Operation, result: Mapping[str, Any], at: datetime) -> None:
    """An operation ended well: keep what it set, forget what it deleted."""
    if row.kind not in ("write", "add_object", "delete_object") or row.requested_by.startswith(NOBODY):
        return
    if row.kind == "delete_object":
        forget_below(unit.session, row.device_id, str(row.args.get("path", "")))
        return
    start = str(result.get("path", "")) if row.kind == "add_object" else ""
    lost = {item.get("path") for item in result.get("not_held", ())}
    written = set(result["written"]) - lost if "written" in result else None
    rows = [
        {
            "device_id": row.device_id, "path": start + path, "tenant_id": row.tenant_id, "value": value, "type": kind, "by": row.requested_by,
            "at": at, "operation_id": row.id,
        }
        for path, value, kind in row.args.get("values", ())
        if written is None or path in written
    ]  # fmt: skip
    upsert_rows(unit.connection, PersonalValue, ("device_id", "path"), ("tenant_id", "value", "type", "by", "at", "operation_id"), rows)


def of_device(session: Session, device_id: int) -> tuple[PersonalView, ...]:
    rows = session.scalars(select(PersonalValue).where(PersonalValue.device_id == device_id).order_by(PersonalValue.path))
    return tuple(PersonalView(r.path, r.value, r.type, r.by, r.at, r.operation_id) for r in rows)


def forget(session: Session, device_id: int, paths: Iterable[str]) -> int:
    """Let go of values: from now on they are the profiles'. How many there were."""
    query = delete(PersonalValue).where(PersonalValue.device_id == device_id, PersonalValue.path.in_(list(paths)))
    return int(session.execute(query).rowcount)  # type: ignore[attr-defined]


def forget_below(session: Session, device_id: int, prefix: str) -> None:
    if prefix.endswith("."):
        session.execute(
            delete(PersonalValue).where(PersonalValue.device_id == device_id, PersonalValue.path.startswith(prefix, autoescape=True))
        )


def written_again(session: Session, device_id: int, paths: Iterable[str], at: datetime) -> None:
    """They stand on the device again since `at`, after a reset."""
    for row in session.scalars(select(PersonalValue).where(PersonalValue.device_id == device_id, PersonalValue.path.in_(list(paths)))):
        row.at = at

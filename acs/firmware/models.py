"""Tables of firmware images and of files received from devices. The bytes lie in the files folder under their SHA-256."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from acs.db.base import Base, BigId, Instant, Json


class FirmwareImage(Base):
    __tablename__ = "firmware_image"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    file_name: Mapped[str] = mapped_column(String(120))
    version: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(String(64), default="")
    oui: Mapped[str] = mapped_column(String(6), default="")
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    notes: Mapped[str] = mapped_column(Text, default="")
    uploaded_at: Mapped[datetime] = mapped_column(Instant)
    uploaded_by: Mapped[str] = mapped_column(String(120))
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    vendor: Mapped[str] = mapped_column(String(64), default="", server_default="")
    models: Mapped[Any] = mapped_column(Json, default=list, server_default="[]")
    """Further models and product classes it fits, beside `model`."""
    hardware: Mapped[Any] = mapped_column(Json, default=list, server_default="[]")
    query: Mapped[str] = mapped_column(Text, default="", server_default="")
    from_versions: Mapped[str] = mapped_column(String(300), default="", server_default="")
    """What must run for it to be loaded: acs/firmware/versions.py."""
    state: Mapped[str] = mapped_column(String(10), default="released", server_default="released")
    released_at: Mapped[datetime | None] = mapped_column(Instant)
    released_by: Mapped[str] = mapped_column(String(120), default="", server_default="")

    __table_args__ = (UniqueConstraint("tenant_id", "sha256", "model", "version"),)


class FirmwareCensus(Base):
    """How many devices of a model run a version, as counted a while ago: pages read this, a job counts."""

    __tablename__ = "firmware_census"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    model: Mapped[str] = mapped_column(String(64), primary_key=True)
    software_version: Mapped[str] = mapped_column(String(64), primary_key=True)
    devices: Mapped[int]
    counted_at: Mapped[datetime] = mapped_column(Instant)


class DeviceFile(Base):
    """A configuration backup or a log that a device sent. Backups hold secrets: the bytes are sealed at rest."""

    __tablename__ = "device_file"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int]
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"))
    operation_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(12))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    software_version: Mapped[str] = mapped_column(String(64), default="")
    received_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index("ix_device_file_device_id_id", "device_id", "id"), Index("ix_device_file_operation_id", "operation_id"))

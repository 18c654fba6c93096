"""Tenants: whose rows these are. Every table has a tenant; every service call names one."""

from datetime import datetime
from typing import NewType

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from acs.db.base import Base, Instant

TenantId = NewType("TenantId", int)
DEFAULT_TENANT = TenantId(1)
"""The tenant that a fresh database has; made by the first migration."""


class Tenant(Base):
    __tablename__ = "tenant"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant)

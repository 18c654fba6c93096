"""Which tenants have a profile in force: all that an Inform asks of profiles. Each worker holds it in memory and reads it anew at a hint."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from acs.db.engine import Database
from acs.desired.models import DesiredProfile


class ProfileBook:
    """Read from the writer's thread and the reactor's: a reload puts a whole new state in place of the old one."""

    def __init__(self) -> None:
        self._tenants: frozenset[int] = frozenset()

    def replace(self, tenants: frozenset[int]) -> None:
        self._tenants = tenants

    def any(self, tenant: int) -> bool:
        return tenant in self._tenants


def load(database: Database) -> frozenset[int]:
    with database.read() as session:
        return tenants(session)


def tenants(session: Session) -> frozenset[int]:
    return frozenset(session.scalars(select(DesiredProfile.tenant_id).where(DesiredProfile.in_force).distinct()))

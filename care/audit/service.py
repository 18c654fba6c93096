"""Reading the audit trail, over acs.audit. There is no other verb."""

from acs import audit
from acs.audit import AuditView
from acs.db.engine import Database
from acs.db.tenancy import TenantId


class AuditTrail:
    def __init__(self, db: Database) -> None:
        self._db = db

    def lines(self, tenant: TenantId, subject: str | None = None, before: int | None = None, limit: int = 50) -> tuple[AuditView, ...]:
        """Newest first; `subject` is exact ("device:17")."""
        with self._db.read() as session:
            return audit.lines(session, tenant, subject or None, before, limit)

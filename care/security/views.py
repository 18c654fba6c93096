"""What care/security hands out: frozen, free of password hashes and of token secrets."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from acs.db.tenancy import TenantId
from care.security.permissions import PERMISSIONS, Permission, Role


class Theme(StrEnum):
    LIGHT = "light"
    DARK = "dark"
    SYSTEM = "system"


class Density(StrEnum):
    COMPACT = "compact"
    STANDARD = "standard"
    ROOMY = "roomy"


@dataclass(frozen=True, slots=True)
class UserView:
    id: int
    tenant: TenantId
    login: str
    name: str
    role: Role
    locale: str
    """"de", "en", or empty for what the browser asks for."""
    theme: Theme
    density: Density
    active: bool
    created_at: datetime
    last_login_at: datetime | None
    locked_until: datetime | None

    def may(self, permission: Permission) -> bool:
        return permission in PERMISSIONS[self.role]

    @property
    def initials(self) -> str:
        parts = self.name.split() or [self.login]
        return (parts[0][:1] + (parts[-1][:1] if len(parts) > 1 else parts[0][1:2])).upper()


@dataclass(frozen=True, slots=True)
class Identity:
    """Who makes a request: a person by session, or by one of their tokens."""

    user: UserView
    stamp: str
    """Changes with the password, so that sessions begun before end."""
    token: str | None = None
    """Name of the API token, if it is not a session."""

    @property
    def session_id(self) -> str:
        return f"{self.user.id}.{self.stamp}"

    @property
    def actor_name(self) -> str:
        return f"user:{self.user.login}" if self.token is None else f"token:{self.user.login}/{self.token}"


@dataclass(frozen=True, slots=True)
class TokenView:
    id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None

    def usable(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    view: TokenView
    secret: str
    """Shown once, kept nowhere."""

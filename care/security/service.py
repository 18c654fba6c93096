"""Signing in, users and API tokens: the only door to the tables of models.py.

Every write leaves an audit line in its own unit of work. argon2 takes about 35 ms of CPU: it runs outside of every transaction and never
in a reactor. Permissions are checked by the caller's route (care/access.py); what this file checks is tenant and rules.
Messages are for people and go through the catalogue. Tests: tests/care/security/test_service.py.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor
from acs.db.engine import Database, Unit
from acs.db.tenancy import TenantId
from acs.errors import Conflict, HearthlineError, Invalid, NotFound
from acs.secrets import fingerprint, random_secret
from care.security.models import ApiToken, User
from care.security.permissions import Role
from care.security.views import Density, Identity, IssuedToken, Theme, TokenView, UserView

Clock = Callable[[], datetime]

MAX_FAILURES = 10
LOCKED_FOR = timedelta(minutes=10)
PASSWORD_MIN = 10
PASSWORD_MAX = 200
TOKEN_PREFIX = "hl_"  # noqa: S105 - what tokens begin with, so that scanners of repositories find them
_TOKEN_USE_NOTED_EVERY = timedelta(minutes=1)
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,62}")
LOCALES = ("", "en", "de")


class WrongLogin(HearthlineError):
    """Name or password are wrong, or the user was deactivated: told alike, so that nobody learns which names exist."""

    status = 401
    code = "wrong_login"


class LockedOut(HearthlineError):
    """Too many wrong passwords in a row."""

    status = 429
    code = "locked_out"


def password_hasher() -> PasswordHasher:
    """19 MiB, two passes, one lane: OWASP's smallest, 31 to 38 ms here."""
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class Security:
    """Users and tokens of all tenants; each call names the tenant by its actor. Safe to share between threads."""

    def __init__(self, db: Database, clock: Clock, hasher: PasswordHasher | None = None) -> None:
        self._db = db
        self._clock = clock
        self._hasher = hasher or password_hasher()
        self._nobody = self._hasher.hash(random_secret())  # so that an unknown name takes as long as a known one

    # ---- coming in -------------------------------------------------------------------------------------------

    def authenticate(self, login: str, password: str, address: str) -> Identity:
        """The identity of who knows the password. WrongLogin, or LockedOut after MAX_FAILURES in a row."""
        now = self._clock()
        login = login.strip().lower()
        with self._db.read() as session:
            row = session.scalar(select(User).where(User.login == login))
            known = (row.id, row.password_hash, row.locked_until) if row and row.active else None
        if known is not None and known[2] is not None and known[2] > now:
            raise _locked_out(known[2] - now)
        fits = self._fits(known[1] if known else self._nobody, password[:PASSWORD_MAX])
        if known is None:
            raise WrongLogin(_("Name or password is wrong."))
        return self._come_in(known[0], address, now) if fits else self._stay_out(known[0], address, now)

    def _come_in(self, user_id: int, address: str, now: datetime) -> Identity:
        with self._db.write() as unit:
            user = unit.session.get_one(User, user_id)
            user.failed_logins, user.locked_until, user.last_login_at = 0, None, now
            actor = Actor(f"user:{user.login}", TenantId(user.tenant_id), address)
            audit.record(unit, actor, "user.login", f"user:{user.id}", now)
            return _identity(user)

    def _stay_out(self, user_id: int, address: str, now: datetime) -> Identity:
        with self._db.write() as unit:
            user = unit.session.get_one(User, user_id)
            user.failed_logins += 1
            actor = Actor(f"user:{user.login}", TenantId(user.tenant_id), address)
            audit.record(unit, actor, "user.login_failed", f"user:{user.id}", now, after={"in a row": user.failed_logins})
            locked = user.failed_logins >= MAX_FAILURES
            if locked:
                user.failed_logins, user.locked_until = 0, now + LOCKED_FOR
                audit.record(unit, actor, "user.lock", f"user:{user.id}", now, after={"until": user.locked_until.isoformat()})
        raise _locked_out(LOCKED_FOR) if locked else WrongLogin(_("Name or password is wrong."))

    def _fits(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    def by_session(self, session_id: str) -> Identity | None:
        """Who a session cookie belongs to; None if they were deactivated or changed their password since."""
        user_id, _dot, stamp = session_id.partition(".")
        if not user_id.isdecimal() or len(user_id) > 18:
            return None
        with self._db.read() as session:
            user = session.get(User, int(user_id))
            return _identity(user) if user and user.active and _stamp(user) == stamp else None

    def by_token(self, secret: str) -> Identity | None:
        """Who acts with this API token; None if it is unknown, expired, revoked, or its user was deactivated."""
        now = self._clock()
        with self._db.read() as session:
            token = session.scalar(select(ApiToken).where(ApiToken.token_hash == fingerprint(secret)))
            if token is None or not _token_view(token).usable(now):
                return None
            user = session.get(User, token.user_id)
            if user is None or not user.active:
                return None
            identity = Identity(_view(user), _stamp(user), token.name)
            noted = token.last_used_at is not None and now - token.last_used_at < _TOKEN_USE_NOTED_EVERY
            token_id = token.id
        if not noted:  # telemetry, so no audit line: what the token did has its own
            with self._db.write() as unit:
                unit.session.get_one(ApiToken, token_id).last_used_at = now
        return identity

    # ---- users -----------------------------------------------------------------------------------------------

    def users(self, tenant: TenantId, after: str = "", limit: int = 100) -> tuple[UserView, ...]:
        """Users by login, those after `after`."""
        with self._db.read() as session:
            query = select(User).where(User.tenant_id == tenant, User.login > after).order_by(User.login).limit(limit)
            return tuple(_view(user) for user in session.scalars(query))

    def user(self, tenant: TenantId, user_id: int) -> UserView:
        with self._db.read() as session:
            return _view(_owned(session, tenant, user_id))

    def user_by_login(self, login: str) -> UserView:
        """For the command line, which knows no tenant."""
        with self._db.read() as session:
            user = session.scalar(select(User).where(User.login == login.strip().lower()))
            if user is None:
                raise NotFound(_("There is no user %(login)s.", login=login))
            return _view(user)

    def administrators(self, tenant: TenantId, limit: int = 3) -> tuple[str, ...]:
        """Names of some who can give permissions."""
        with self._db.read() as session:
            query = select(User.name).where(User.tenant_id == tenant, User.role == Role.ADMIN.value, User.active)
            return tuple(session.scalars(query.order_by(User.id).limit(limit)))

    def create_user(self, by: Actor, login: str, name: str, role: Role, password: str | None = None) -> tuple[UserView, str | None]:
        """A new user, and their password if it was made up here (to be shown once)."""
        login = login.strip().lower()
        if not _LOGIN.fullmatch(login):
            raise Invalid(_("A sign-in name has 1 to 63 letters, digits or . _ @ + -, the first a letter or digit."), "login")
        made_up = None if password else random_secret(16)
        hashed = self._hash(password or made_up or "", login)
        now = self._clock()
        with self._db.write() as unit:
            if unit.session.scalar(select(User.id).where(User.login == login)) is not None:
                raise Invalid(_("The sign-in name %(login)s is taken.", login=login), "login")
            user = User(
                tenant_id=by.tenant, login=login, name=_checked_name(name), role=role.value, password_hash=hashed, created_at=now,
                locale="", theme=Theme.SYSTEM.value, density=Density.STANDARD.value, active=True, failed_logins=0,
            )  # fmt: skip
            unit.session.add(user)
            unit.session.flush()
            audit.record(unit, by, "user.create", f"user:{user.id}", now, after=_audited(user))
            return _view(user), made_up

    def update_user(
        self, by: Actor, user_id: int, name: str | None = None, role: Role | None = None, active: bool | None = None
    ) -> UserView:
        """Change what is given. Conflict if nobody would be left to manage users."""
        now = self._clock()
        with self._db.write() as unit:
            user = _owned(unit.session, by.tenant, user_id)
            before = _audited(user)
            user.name = user.name if name is None else _checked_name(name)
            user.role = user.role if role is None else role.value
            if active is not None and active != user.active:
                user.active, user.failed_logins, user.locked_until = active, 0, None
            _keep_an_administrator(unit, user)
            after = _audited(user)
            if after != before:
                verb = "user.update" if before["active"] == after["active"] else "user.activate" if user.active else "user.deactivate"
                audit.record(unit, by, verb, f"user:{user.id}", now, before, after)
            return _view(user)

    def set_preferences(
        self, by: Actor, user_id: int, *, locale: str | None = None, theme: Theme | None = None, density: Density | None = None
    ) -> UserView:
        now = self._clock()
        if locale is not None and locale not in LOCALES:
            raise Invalid(_("The language %(locale)s is not there.", locale=locale), "locale")
        with self._db.write() as unit:
            user = _owned(unit.session, by.tenant, user_id)
            before = {"locale": user.locale, "theme": user.theme, "density": user.density}
            user.locale = user.locale if locale is None else locale
            user.theme = user.theme if theme is None else theme.value
            user.density = user.density if density is None else density.value
            after = {"locale": user.locale, "theme": user.theme, "density": user.density}
            if after != before:
                audit.record(unit, by, "user.preferences", f"user:{user.id}", now, before, after)
            return _view(user)

    def change_password(self, by: Actor, user_id: int, old: str, new: str) -> Identity:
        """A person changes their own password, and proves the old one. Other sessions of theirs end."""
        with self._db.read() as session:
            user = _owned(session, by.tenant, user_id)
            login, hashed = user.login, user.password_hash
        if not self._fits(hashed, old[:PASSWORD_MAX]):
            raise Invalid(_("This is not your present password."), "old")
        return self._set_password(by, user_id, self._hash(new, login))

    def reset_password(self, by: Actor, user_id: int, password: str | None = None) -> str | None:
        """An administrator gives a new one; the made-up password if none is given. Ends lock and sessions."""
        made_up = None if password else random_secret(16)
        self._set_password(by, user_id, self._hash(password or made_up or "", self.user(by.tenant, user_id).login))
        return made_up

    def _set_password(self, by: Actor, user_id: int, hashed: str) -> Identity:
        now = self._clock()
        with self._db.write() as unit:
            user = _owned(unit.session, by.tenant, user_id)
            user.password_hash, user.failed_logins, user.locked_until = hashed, 0, None
            audit.record(unit, by, "user.password", f"user:{user.id}", now)
            return _identity(user)

    def _hash(self, password: str, login: str) -> str:
        if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
            raise Invalid(_("A password has %(least)d to %(most)d characters.", least=PASSWORD_MIN, most=PASSWORD_MAX), "password")
        if password.lower() == login:
            raise Invalid(_("The password must differ from the sign-in name."), "password")
        return self._hasher.hash(password)

    # ---- tokens ----------------------------------------------------------------------------------------------

    def tokens(self, tenant: TenantId, user_id: int) -> tuple[TokenView, ...]:
        """Tokens of one user, newest first, revoked ones included."""
        with self._db.read() as session:
            query = select(ApiToken).where(ApiToken.tenant_id == tenant, ApiToken.user_id == user_id).order_by(ApiToken.id.desc())
            return tuple(_token_view(token) for token in session.scalars(query))

    def issue_token(self, by: Actor, user_id: int, name: str, days: int | None = None) -> IssuedToken:
        """A token of `user_id`, valid for `days` or until revoked. Its secret is in the answer and nowhere else."""
        name = name.strip()
        if not 0 < len(name) <= 80:
            raise Invalid(_("A token needs a name of 1 to 80 characters."), "name")
        if days is not None and not 0 < days <= 3650:
            raise Invalid(_("A token lives 1 to 3650 days."), "days")
        now = self._clock()
        secret = TOKEN_PREFIX + random_secret(40)
        with self._db.write() as unit:
            _owned(unit.session, by.tenant, user_id)
            token = ApiToken(
                tenant_id=by.tenant, user_id=user_id, name=name, token_hash=fingerprint(secret), created_at=now,
                expires_at=None if days is None else now + timedelta(days=days),
            )  # fmt: skip
            unit.session.add(token)
            unit.session.flush()
            audit.record(unit, by, "token.issue", f"user:{user_id}", now, after={"id": token.id, "name": name, "days": days})
            return IssuedToken(_token_view(token), secret)

    def revoke_token(self, by: Actor, user_id: int, token_id: int) -> None:
        now = self._clock()
        with self._db.write() as unit:
            token = unit.session.get(ApiToken, token_id)
            if token is None or token.tenant_id != by.tenant or token.user_id != user_id:
                raise NotFound(_("There is no token %(id)s of yours.", id=token_id))
            if token.revoked_at is None:
                token.revoked_at = now
                audit.record(unit, by, "token.revoke", f"user:{user_id}", now, before={"id": token.id, "name": token.name})


def _locked_out(rest: timedelta) -> LockedOut:
    minutes = max(1, -(-int(rest.total_seconds()) // 60))
    return LockedOut(
        ngettext(
            "Too many wrong passwords. Sign-in is closed for %(num)s minute; an administrator can open it at once.",
            "Too many wrong passwords. Sign-in is closed for %(num)s minutes; an administrator can open it at once.",
            minutes,
        )
    )


def _owned(session: Session, tenant: TenantId, user_id: int) -> User:
    user = session.get(User, user_id)
    if user is None or user.tenant_id != tenant:
        raise NotFound(_("There is no user %(login)s.", login=user_id))
    return user


def _keep_an_administrator(unit: Unit, user: User) -> None:
    unit.session.flush()
    query = select(func.count()).select_from(User).where(User.tenant_id == user.tenant_id, User.role == Role.ADMIN.value, User.active)
    if (user.role != Role.ADMIN.value or not user.active) and not unit.session.scalar(query):
        raise Conflict(_("%(name)s is the last active administrator. Make somebody else one first.", name=user.name))


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= 120:
        raise Invalid(_("A name has 1 to 120 characters."), "name")
    return name


def _audited(user: User) -> dict[str, object]:
    return {"login": user.login, "name": user.name, "role": user.role, "active": user.active}


def _stamp(user: User) -> str:
    return fingerprint(user.password_hash)[:16]


def _identity(user: User) -> Identity:
    return Identity(_view(user), _stamp(user))


def _view(user: User) -> UserView:
    return UserView(
        user.id, TenantId(user.tenant_id), user.login, user.name, Role(user.role), user.locale, Theme(user.theme), Density(user.density),
        user.active, user.created_at, user.last_login_at, user.locked_until,
    )  # fmt: skip


def _token_view(token: ApiToken) -> TokenView:
    return TokenView(token.id, token.name, token.created_at, token.last_used_at, token.expires_at, token.revoked_at)

"""A web application over an SQLite file, a clock that moves when told, and clients signed in by role."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from alembic import command
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from acs.audit import Actor
from acs.db.base import Base
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT, Tenant, TenantId
from acs.db.upgrade import config
from acs.settings import MODEL_MODULES, Settings
from care.app import create_app
from care.limits import limiter
from care.security.permissions import Role
from care.security.service import Security
from care.services import Services, build_services

PASSWORD = "correct horse battery"
OTHER_TENANT = TenantId(2)
ADMIN = Actor("system:test", DEFAULT_TENANT)


class Clock:
    """The present time of a test."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 20, 52, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)


def create_tables(db: Database) -> None:
    for name in MODEL_MODULES:
        if find_spec(name.rpartition(".")[0]) and find_spec(name):
            import_module(name)
    Base.metadata.create_all(db.engine)
    with db.engine.begin() as connection:  # a process asks which revision it is at before it serves
        command.stamp(config(connection), "head")
    with db.write() as unit:  # as the first migration does, and a second one to be kept apart
        for tenant in (DEFAULT_TENANT, OTHER_TENANT):
            unit.session.add(Tenant(id=tenant, name=f"tenant {tenant}", created_at=datetime(2026, 1, 1, tzinfo=UTC)))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    db = Database(settings.database)
    create_tables(db)
    yield db
    db.close()


@pytest.fixture
def cheap_argon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of argon2 is tested once (test_service.py); elsewhere it would only be waited for."""
    monkeypatch.setattr("care.security.service.password_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def services(settings: Settings, db: Database, clock: Clock, cheap_argon: None) -> Services:
    return build_services(settings, db, clock)


@pytest.fixture
def security(services: Services) -> Security:
    return services.security


@pytest.fixture
def app(settings: Settings, services: Services) -> Flask:
    """CSRF is checked as in production; `signed_in` sends the proof."""
    app = create_app(settings, services)
    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    limiter.reset()
    return app


class Browser:
    """A test client that keeps the CSRF proof of its session and sends it with what it posts."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def token(self) -> str:
        page = self.client.get("/login", follow_redirects=True).get_data(as_text=True)
        return page.partition('name="csrf-token" content="')[2].partition('"')[0]

    def get(self, url: str, **kwargs):
        return self.client.get(url, **kwargs)

    def post(self, url: str, data: dict | None = None, **kwargs):
        return self.client.post(url, data={"csrf_token": self.token(), **(data or {})}, **kwargs)


SignedIn = Callable[..., Browser]


@pytest.fixture
def signed_in(app: Flask, security: Security) -> SignedIn:
    """`signed_in(Role.AGENT)` is a browser of a new user of that role, their login being the role's name."""

    def sign_in(role: Role = Role.ADMIN, tenant: TenantId = DEFAULT_TENANT) -> Browser:
        login = f"{role.value}{'' if tenant == DEFAULT_TENANT else tenant}"
        if not [user for user in security.users(tenant) if user.login == login]:
            security.create_user(Actor("system:test", tenant), login, f"Test {role.value.title()}", role, PASSWORD)
        browser = Browser(app.test_client())
        answer = browser.post("/login", {"login": login, "password": PASSWORD})
        assert answer.status_code == 302, answer.get_data(as_text=True)
        return browser

    return sign_in

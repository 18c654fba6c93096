"""A web application over an SQLite file, a clock that moves when told, and clients signed in by role."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import CodeType
from typing import Any, cast

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.local import LocalProxy

from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT, TenantId
from acs.settings import Settings
from care.app import create_app
from care.limits import limiter
from care.security.permissions import Role
from care.security.service import Security
from care.services import EXTENSION, Services, build_services

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


class _Compiled(BytecodeCache):
    """Templates compiled once per process: every application has a Jinja environment of its own, and would compile them anew."""

    def __init__(self) -> None:
        self._code: dict[str, CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get(bucket.key + bucket.checksum)

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._code[bucket.key + bucket.checksum] = bucket.code


COMPILED = _Compiled()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def db(settings: Settings, sqlite_template: Path) -> Iterator[Database]:
    shutil.copyfile(sqlite_template, settings.home / "hearthline.db")
    db = Database(settings.database)
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


class _Stage:
    """One application for all tests of a process, for making one takes longer than most tests: it answers from the services put here."""

    def __init__(self) -> None:
        self._services: Services | None = None
        self._app: Flask | None = None
        self._config: dict[str, Any] = {}

    def set(self, settings: Settings, services: Services) -> Flask:
        self._services = services
        if self._app is None:
            self._app = _make(settings, cast(Services, LocalProxy(lambda: self._services)))
            self._config = dict(self._app.config)
        self._app.config.clear()
        self._app.config.update(self._config, SECRET_KEY=services.vault.key_for("flask"))
        self._app.extensions[EXTENSION] = services
        return self._app


STAGE = _Stage()


def _make(settings: Settings, services: Services) -> Flask:
    app = create_app(settings, services)
    app.jinja_env.bytecode_cache = COMPILED
    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.fixture
def app(settings: Settings, services: Services) -> Flask:
    """CSRF is checked as in production; `signed_in` sends the proof. Who adds routes, or counts, takes `own_app`."""
    app = STAGE.set(settings, services)
    limiter.reset()
    return app


@pytest.fixture
def own_app(settings: Settings, services: Services) -> Flask:
    """An application nobody used before: for tests that add to it, or count."""
    app = _make(settings, services)
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

"""Wires the web application: settings and services in, a Flask application out. Decides nothing.

Pages and REST come from blueprints.py, what guards them from access.py, what is told when they refuse from problems.py.
`/events`, `/health` and `/metrics` are served beside it by care/web.py, without a thread.
"""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from flask_babel import get_locale
from jinja2 import StrictUndefined

from acs.settings import Settings
from care import access, ages, api, headers, i18n, metrics, navigation, paging, problems
from care.blueprints import api_blueprints, page_blueprints
from care.limits import limiter
from care.proxies import TrustedProxies
from care.security.permissions import PERMISSION_WORDS, ROLE_HELP, ROLE_WORDS, Permission
from care.services import EXTENSION, Services

HERE = Path(__file__).parent
STATIC = HERE / "static"
COOKIE = "hearthline_session"
BODY_MAX = 4 * 1024 * 1024
"""A route that takes more (firmware) raises `request.max_content_length` itself."""


def create_app(settings: Settings, services: Services, counters: metrics.Metrics | None = None) -> Flask:
    app = Flask("care", static_folder=str(STATIC), template_folder=str(HERE / "templates"), root_path=str(HERE))
    app.config.update(
        SECRET_KEY=services.vault.key_for("flask"),
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        MAX_CONTENT_LENGTH=BODY_MAX,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
        WTF_CSRF_CHECK_DEFAULT=False,  # access.py checks, and lets tokens pass
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session lives
        RATELIMIT_STORAGE_URI="memory://",
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.extensions[EXTENSION] = services
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    metrics.install(app, counters or metrics.Metrics())
    access.guard(app, services)
    i18n.install(app)
    ages.install(app)
    paging.install(app)
    problems.install(app)
    headers.install(app)
    limiter.init_app(app)
    _dress(app, services)
    for blueprint in page_blueprints():
        app.register_blueprint(blueprint)
    api.install(app, api_blueprints())
    access.public(app.view_functions["static"])
    access.assert_guarded(app)
    app.wsgi_app = TrustedProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]
    return app


def _dress(app: Flask, services: Services) -> None:
    """What every template may use."""
    hashes: dict[str, str] = {}

    def asset(name: str) -> str:
        """Address of a static file with its content's name, so that it may be cached for a year."""
        if name not in hashes:
            path = STATIC / name
            hashes[name] = hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else "missing"
        return url_for("static", filename=name, v=hashes[name])

    @app.context_processor
    def _shell() -> dict[str, Any]:
        identity = access.current_identity()
        return {
            "me": identity.user if identity else None,
            "now": services.clock(),
            "locale": get_locale(),
        }

    app.add_template_global(asset, "asset")
    app.add_template_global(access.may, "may")
    app.add_template_global(navigation.navigation, "navigation")
    app.add_template_global(navigation.search_url, "search_url")
    app.jinja_env.globals.update(
        Permission=Permission, ROLE_WORDS=ROLE_WORDS, ROLE_HELP=ROLE_HELP, PERMISSION_WORDS=PERMISSION_WORDS, LANGUAGES=i18n.LANGUAGES
    )

"""The one list of what the application serves, and how a feature joins it.

* `care/<feature>/routes.py` has `bp = Blueprint("<feature>", __name__, template_folder="templates", url_prefix="/<feature>")`, named below in
  `page_blueprints`. Under each route: `@needs(Permission.X)` (care/access.py); the application does not start with a route that lacks it.
* Its service is a field of care/services.py; routes say `services().<feature>…`, `current_user_view().tenant` and `current_actor()`.
* Templates lie in `care/<feature>/templates/<feature>/`, extend base.html (blocks title, styles, scripts, content) and take their parts
  from macros.html. A style sheet of its own goes to static/ and uses tokens only; a new icon into ICONS of care/assets.py.
* The left bar: AREAS of care/navigation.py; an area shows as soon as its endpoint exists.
* What is live: the macro `live(["device:7"])` around fragments with `hx-get` and `hx-trigger="sse:device-7, live-again from:body"`;
  kinds of topics in care/topics.py.
* REST: `care/api/<feature>.py`, named in `api_blueprints`; its conventions are in care/api/__init__.py.
* New sentences: `_()`, then `python -m care.translations extract`, translate, `compile`.
"""

from flask import Blueprint
from flask_smorest import Blueprint as ApiBlueprint


def page_blueprints() -> tuple[Blueprint, ...]:
    from care.access_control.routes import bp as access_control
    from care.audit.routes import bp as audit
    from care.bulk.routes import bp as bulk
    from care.campaigns.routes import bp as campaigns
    from care.devices.routes import bp as devices
    from care.firmware.routes import bp as firmware
    from care.groups.routes import bp as groups
    from care.hooks.routes import bp as hooks
    from care.jobs.routes import bp as jobs
    from care.monitoring.alarms import bp as alarms
    from care.monitoring.fleet import bp as fleet
    from care.monitoring.routes import bp as monitoring
    from care.onboarding.routes import bp as onboarding
    from care.operations.routes import bp as operations
    from care.profiles.routes import bp as profiles
    from care.quirks.routes import bp as quirks
    from care.reach.routes import bp as reach
    from care.redirects.routes import bp as redirects
    from care.sessions.routes import bp as sessions
    from care.signin.routes import bp as signin
    from care.users.profile import bp as profile
    from care.users.routes import bp as users

    house = fleet, alarms, monitoring, campaigns, jobs, users, audit, profile
    return signin, devices, groups, bulk, reach, access_control, onboarding, operations, sessions, profiles, hooks, firmware, quirks, redirects, *house


def api_blueprints() -> tuple[ApiBlueprint, ...]:
    from care.api.access import bp as access
    from care.api.audit import bp as audit
    from care.api.bulk import bp as bulk
    from care.api.campaigns import bp as campaigns
    from care.api.devices import bp as devices
    from care.api.firmware import bp as firmware
    from care.api.groups import bp as groups
    from care.api.hooks import bp as hooks
    from care.api.jobs import bp as jobs
    from care.api.monitoring import bp as monitoring
    from care.api.operations import bp as operations
    from care.api.profiles import bp as profiles
    from care.api.quirks import bp as quirks
    from care.api.reach import bp as reach
    from care.api.redirects import bp as redirects
    from care.api.sessions import bp as sessions
    from care.api.users import bp as users

    return devices, groups, bulk, reach, access, operations, profiles, hooks, firmware, quirks, redirects, sessions, users, jobs, audit, monitoring, campaigns

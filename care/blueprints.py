"""The one list of what the application serves. A feature adds its page blueprint to `page_blueprints` and its REST blueprint to
`api_blueprints`; templates lie in `care/<feature>/templates/<feature>/`, the area of the left bar in navigation.py.
"""

from flask import Blueprint
from flask_smorest import Blueprint as ApiBlueprint


def page_blueprints() -> tuple[Blueprint, ...]:
    from care.audit.routes import bp as audit
    from care.jobs.routes import bp as jobs
    from care.signin.routes import bp as signin
    from care.users.profile import bp as profile
    from care.users.routes import bp as users

    return signin, jobs, users, audit, profile


def api_blueprints() -> tuple[ApiBlueprint, ...]:
    from care.api.audit import bp as audit
    from care.api.jobs import bp as jobs
    from care.api.users import bp as users

    return users, jobs, audit

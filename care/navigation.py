"""The areas of the left bar. An area shows when its endpoint exists and the reader has its permission: features only register.

`endpoint` is the first page of the area; its blueprint marks the area as current.
"""

from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for
from flask_babel import lazy_gettext as _l

from care.access import may
from care.security.permissions import Permission


@dataclass(frozen=True, slots=True)
class Area:
    group: Any
    label: Any
    icon: str
    endpoint: str
    permission: Permission


NETWORK, HOUSE = _l("Network"), _l("House")
AREAS = (
    Area(NETWORK, _l("Fleet"), "speedometer2", "fleet.index", Permission.VIEW_FLEET),
    Area(NETWORK, _l("Devices"), "router", "devices.index", Permission.VIEW_DEVICES),
    Area(NETWORK, _l("Alarms"), "bell", "alarms.index", Permission.VIEW_DEVICES),
    Area(NETWORK, _l("Monitors"), "eye", "monitoring.index", Permission.VIEW_FLEET),
    Area(NETWORK, _l("Campaigns"), "send", "campaigns.index", Permission.VIEW_DEVICES),
    Area(NETWORK, _l("Access"), "shield-lock", "access_control.index", Permission.VIEW_ACCESS),
    Area(NETWORK, _l("Operations"), "lightning", "operations.index", Permission.VIEW_DEVICES),
    Area(NETWORK, _l("Sessions"), "activity", "sessions.index", Permission.VIEW_SESSIONS),
    Area(NETWORK, _l("Profiles"), "sliders", "profiles.index", Permission.VIEW_DEVICES),
    Area(NETWORK, _l("Firmware"), "cpu", "firmware.index", Permission.MANAGE_FIRMWARE),
    Area(NETWORK, _l("Hooks"), "code-slash", "hooks.index", Permission.VIEW_DEVICES),
    Area(NETWORK, _l("Quirks"), "bug", "quirks.index", Permission.VIEW_DEVICES),
    Area(NETWORK, _l("Other ACS"), "signpost-split", "redirects.index", Permission.MOVE_DEVICES),
    Area(HOUSE, _l("Jobs"), "list-task", "jobs.index", Permission.VIEW_JOBS),
    Area(HOUSE, _l("Users"), "people", "users.index", Permission.MANAGE_USERS),
    Area(HOUSE, _l("Audit trail"), "journal-text", "audit.index", Permission.VIEW_AUDIT),
)


WITHIN = {"reach": "devices", "groups": "devices", "bulk": "devices", "onboarding": "access_control"}
"""Blueprints that are part of another one's area."""


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    icon: str
    url: str
    current: bool


def navigation() -> tuple[tuple[str, tuple[Link, ...]], ...]:
    """Groups with the links the reader may follow, in order."""
    blueprint = (request.endpoint or "").partition(".")[0]
    blueprint = WITHIN.get(blueprint, blueprint)
    groups: dict[str, list[Link]] = {}
    for area in AREAS:
        if area.endpoint in current_app.view_functions and may(area.permission):
            link = Link(str(area.label), area.icon, url_for(area.endpoint), area.endpoint.partition(".")[0] == blueprint)
            groups.setdefault(str(area.group), []).append(link)
    return tuple((group, tuple(links)) for group, links in groups.items())


def search_url() -> str | None:
    """Where the search of the top bar goes, if the reader may look there."""
    return url_for("devices.index") if "devices.index" in current_app.view_functions and may(Permission.VIEW_DEVICES) else None


def first_page() -> str:
    """Where signing in lands: the first area of the role."""
    return next((links[0].url for _group, links in navigation()), url_for("profile.show"))

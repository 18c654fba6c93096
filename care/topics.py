"""What a live stream may watch: kinds of things, who may watch them, and whose they are.

A topic is `kind:id` ("device:7") or a list ("devices"). A hint of the hub ({"kind": "progress", "device": 7, "operation": 12}) touches
the topics of every id in it and of their lists. A feature adds its kind to `kinds()`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from acs.db.tenancy import TenantId
from acs.devices import service as devices
from acs.errors import NotFound
from acs.operations import service as operations
from care.security.permissions import Permission
from care.security.views import UserView
from care.services import Services

MAX_TOPICS = 60
_TOPIC = re.compile(r"([a-z]{1,30})(?::(\d{1,18}))?")


@dataclass(frozen=True, slots=True)
class Kind:
    """`owned` says whether thing `id` exists in the tenant; it runs in a thread and may read the database."""

    permission: Permission
    owned: Callable[[Services, TenantId, int], bool]


def kinds() -> dict[str, Kind]:
    return {
        "device": Kind(Permission.VIEW_DEVICES, _device_is_there),
        "operation": Kind(Permission.VIEW_DEVICES, _operation_is_there),
        "job": Kind(Permission.VIEW_JOBS, _job_is_there),
        "campaign": Kind(Permission.VIEW_DEVICES, lambda services, tenant, number: _exists(lambda: services.campaigns.get(tenant, number))),
        "alarm": Kind(Permission.VIEW_DEVICES, _alarm_is_there),
        "fleet": Kind(Permission.VIEW_FLEET, lambda services, tenant, number: number == tenant),
    }


def allowed(services: Services, user: UserView, wanted: Iterable[str]) -> tuple[str, ...]:
    """Those of `wanted` that exist, are of the user's tenant, and that they may see. The rest is left out without a word."""
    known = kinds()
    found = []
    for topic in list(dict.fromkeys(wanted))[:MAX_TOPICS]:
        match = _TOPIC.fullmatch(topic)
        if match is None:
            continue
        name, number = match.groups()
        kind = known.get(name if number else name.removesuffix("s"))
        if kind is None or not user.may(kind.permission) or (number is None and not name.endswith("s")):
            continue
        if number is None or kind.owned(services, user.tenant, int(number)):
            found.append(topic)
    return tuple(found)


def touched(hint: dict[str, Any]) -> tuple[str, ...]:
    """The topics that a hint is about."""
    topics: dict[str, None] = {}
    for key, value in hint.items():
        kind = hint.get("kind") if key == "id" else key
        if isinstance(value, int) and not isinstance(value, bool) and isinstance(kind, str):
            topics[f"{kind}:{value}"] = None
            topics[f"{kind}s"] = None
    return tuple(topics)


def event_name(topic: str) -> str:
    """ "operation:12" is sent as event "operation-12", which htmx can name in hx-trigger."""
    return topic.replace(":", "-")


def _alarm_is_there(services: Services, tenant: TenantId, number: int) -> bool:
    return _exists(lambda: services.monitoring.alarm(tenant, number))


def _job_is_there(services: Services, tenant: TenantId, number: int) -> bool:
    return _exists(lambda: services.jobs.job(tenant, number))


def _device_is_there(services: Services, tenant: TenantId, number: int) -> bool:
    with services.db.read() as session:
        return _exists(lambda: devices.get(session, tenant, number, services.clock()))


def _operation_is_there(services: Services, tenant: TenantId, number: int) -> bool:
    with services.db.read() as session:
        return _exists(lambda: operations.get(session, tenant, number, services.clock()))


def _exists(look: Callable[[], object]) -> bool:
    try:
        look()
    except NotFound:
        return False
    return True

"""Which device an unknown identity leads to: aliases, and OUIs that mean nothing (quirk K-35). Asked only when no device has the identity.

Both ways need proof. An alias was entered by a person. A meaningless OUI is passed over only for who proved to be that very device, or
where nobody proves anything; a stranger with the onboarding secret becomes a device of its own, in quarantine, for a person to look at.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from acs.cwmp.identity import Identity, split_username
from acs.db.bulk import fetch_rows, upsert_rows
from acs.db.engine import Database
from acs.devices.models import Device, DeviceAlias
from acs.devices.sightings import is_placeholder

VOID_OUIS = ("", "000000", "FFFFFF")
"""What firmware reports before it has read its own OUI (a Baicells one changes between them at each boot)."""
_PROVES_ITSELF = frozenset({"own", "next", "certificate", "shared", "none"})


def same_but_oui(one: Identity, other: Identity) -> bool:
    """Whether two identities differ in an OUI that means nothing, and in nothing else."""
    alike = one.serial_number == other.serial_number and one.product_class == other.product_class and one.oui != other.oui
    return alike and (one.oui in VOID_OUIS or other.oui in VOID_OUIS) and not is_placeholder(one.serial_number)


def leads_to(connection: Connection, unknown: Sequence[tuple[Identity, str, int, datetime]]) -> dict[str, int]:
    """For identities no device has: key to the id of the device they lead to. Each with its login, tenant and instant."""
    keys = {str(identity.key) for identity, *_ in unknown}
    found: dict[str, int] = dict(fetch_rows(connection, DeviceAlias, ("key", "device_id"), "key", keys))
    seen = [at for identity, _, _, at in unknown if identity.key in found]
    if found:
        connection.execute(update(DeviceAlias).where(DeviceAlias.key.in_(list(found))).values(last_seen_at=max(seen)))
    proved = [(identity, tenant, at) for identity, login, tenant, at in unknown if identity.key not in found and login in _PROVES_ITSELF]
    for (identity, tenant, at), device_id in zip(proved, _by_serial(connection, proved), strict=True):
        if device_id is not None and identity.key not in found:
            found[identity.key] = device_id
            _enter(connection, identity, tenant, device_id, at)
    return found


def _by_serial(connection: Connection, strangers: Sequence[tuple[Identity, int, datetime]]) -> list[int | None]:
    """For each the one device that differs in a meaningless OUI only; None where there are several."""
    serials = {identity.serial_number for identity, _, _ in strangers if not is_placeholder(identity.serial_number)}
    columns = ("id", "tenant_id", "oui", "product_class", "serial_number")
    same: dict[tuple[int, str, str], list[tuple[int, str]]] = {}
    for id_, tenant, oui, product_class, serial in fetch_rows(connection, Device, columns, "serial_number", serials):
        same.setdefault((tenant, product_class, serial), []).append((id_, oui))
    found: list[int | None] = []
    for identity, tenant, _ in strangers:
        alike = same.get((tenant, identity.product_class, identity.serial_number), ())
        fitting = [id_ for id_, oui in alike if same_but_oui(identity, Identity(oui, identity.product_class, identity.serial_number))]
        found.append(fitting[0] if len(fitting) == 1 else None)
    return found


def _enter(connection: Connection, identity: Identity, tenant: int, device_id: int, at: datetime) -> None:
    row = {
        "key": str(identity.key), "tenant_id": tenant, "device_id": device_id, "oui": identity.oui[:16], "product_class": identity.product_class[:64],
        "serial_number": identity.serial_number[:64], "reason": "the OUI says nothing", "created_at": at, "created_by": "system:identity",
        "last_seen_at": at,
    }  # fmt: skip
    upsert_rows(connection, DeviceAlias, ("key",), tuple(name for name in row if name != "key"), [row], update_all=False)


def is_same(database: Database, login_key: str, claimed: Identity) -> bool:
    """Whether a login of one identity may speak for another: they are one device. In a thread, and only when they differ.

    Two identities that are two devices here never are, whatever their OUIs: or who enrols under a meaningless one could speak for anybody.
    """
    with database.read() as session:
        one, other = _device_of(session, login_key), _device_of(session, str(claimed.key))
    if other is None:
        own = split_username(login_key)
        return own is not None and same_but_oui(own, claimed)
    return one == other


def _device_of(session: Session, key: str) -> int | None:
    """Two looks at unique keys; one statement for both would read every device."""
    own = session.scalar(select(Device.id).where(Device.key == key))
    return own if own is not None else session.scalar(select(DeviceAlias.device_id).where(DeviceAlias.key == key))

"""What must be durable before an operation is asked for: logins that it will hand out, so that they are known here before the device has them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from acs.devices.models import Device, DeviceCredential, DeviceReach
from acs.errors import Invalid
from acs.secrets import Vault, random_secret


def prepare(session: Session, vault: Vault | None, device: Device, kind: str, args: Mapping[str, Any], now: datetime) -> None:
    """Make what the kind's briefing will tell; nothing for most kinds. ValueError without a vault where one is needed."""
    step = _STEPS.get(kind)
    if step is None:
        return
    if vault is None:
        raise ValueError(f"{kind} hands out a secret: it needs the vault to keep it in")
    step(session, vault, device, args, now)


def reach_row(session: Session, device: Device) -> DeviceReach:
    """The row of how a device is reached, made where there is none."""
    row = session.get(DeviceReach, device.id)
    if row is None:
        row = DeviceReach(
            device_id=device.id, tenant_id=device.tenant_id, udp_address="", udp_ts=0, stun_secret="", xmpp_username="", xmpp_secret=""
        )
        session.add(row)
        session.flush()
    return row


def _request_login(session: Session, vault: Vault, device: Device, args: Mapping[str, Any], now: datetime) -> None:
    row = session.get(DeviceCredential, device.id)
    if row is None:
        row = DeviceCredential(device_id=device.id, tenant_id=device.tenant_id, username=device.key, secret="", next_secret="")
        session.add(row)
    if not row.request_secret:
        row.request_username, row.request_secret = random_secret(12), vault.seal(random_secret())


def _stun(session: Session, vault: Vault, device: Device, args: Mapping[str, Any], now: datetime) -> None:
    _request_login(session, vault, device, args, now)
    row = reach_row(session, device)
    if not row.stun_secret:
        row.stun_username, row.stun_secret = random_secret(12), vault.seal(random_secret())


def _xmpp(session: Session, vault: Vault, device: Device, args: Mapping[str, Any], now: datetime) -> None:
    """An account that is given, or one of our making, which the server is asked for."""
    _request_login(session, vault, device, args, now)
    row = reach_row(session, device)
    if args.get("username"):
        if not args.get("password"):
            raise Invalid("password: an account that exists has one.", "password")
        row.xmpp_username, row.xmpp_secret, row.xmpp_account_at = args["username"], vault.seal(args["password"]), now
    elif not row.xmpp_secret:
        row.xmpp_username, row.xmpp_secret = f"cpe-{random_secret(12).lower()}", vault.seal(random_secret())


_STEPS: dict[str, Callable[[Session, Vault, Device, Mapping[str, Any], datetime], None]] = {
    "request_login": _request_login,
    "enable_stun": _stun,
    "enable_xmpp": _xmpp,
}

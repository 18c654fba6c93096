"""A device's own login as operations change it: made anew beside the old one, or given up because we reset the device."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from acs.devices.models import Device, DeviceCredential
from acs.secrets import Vault, random_secret

ENROL_WITHIN = timedelta(days=1)
"""How long after a factory reset of ours a device may come back with the onboarding secret (conformance C-144)."""


def renew(session: Session, vault: Vault, device: Device) -> None:
    """A new secret for `secure` to hand out. One that waits to be used stays: the device may have taken it without our knowing."""
    row = session.get(DeviceCredential, device.id)
    if row is not None and row.secret and not row.next_secret:
        row.next_secret = vault.seal(random_secret())


def expect_enrolment(session: Session, device_id: int, now: datetime) -> None:
    """A factory reset is about to leave: the device forgets its login, and may enrol again."""
    session.execute(update(DeviceCredential).where(DeviceCredential.device_id == device_id).values(enrol_until=now + ENROL_WITHIN))


def called_as(session: Session, device_id: int, username: str) -> None:
    """The device keeps the name it is called by (quirk K-54): only the password is ours."""
    session.execute(update(DeviceCredential).where(DeviceCredential.device_id == device_id).values(request_username=username[:255]))

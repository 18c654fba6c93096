"""What pages and REST do with firmware images, over acs.firmware: list, upload, withdraw."""

from pathlib import Path
from typing import BinaryIO

from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.devices.views import DeviceView
from acs.firmware import service as firmware
from acs.firmware.service import ImageId, ImageView
from care.devices.evidence import fits, version_key
from care.security.service import Clock


class Firmware:
    """The library of one tenant at a time; bytes lie in `files`, at most `limit` of them per image."""

    def __init__(self, db: Database, clock: Clock, files: Path, limit: int) -> None:
        self._db = db
        self._clock = clock
        self._files = files
        self.limit = limit

    def listed(self, tenant: TenantId, with_withdrawn: bool = False) -> tuple[ImageView, ...]:
        """The newest first."""
        with self._db.read() as session:
            return firmware.listed(session, tenant, None, with_withdrawn)

    def get(self, tenant: TenantId, image_id: int) -> ImageView:
        with self._db.read() as session:
            return firmware.get(session, tenant, image_id)

    def fitting(self, tenant: TenantId, head: DeviceView) -> tuple[ImageView, ...]:
        """Images for this device, the highest version first."""
        images = [image for image in self.listed(tenant) if fits(image, head)]
        return tuple(sorted(images, key=lambda image: version_key(image.version), reverse=True))

    def upload(
        self, by: Actor, source: BinaryIO, file_name: str, version: str, model: str = "", oui: str = "", notes: str = ""
    ) -> ImageView:
        """Store the bytes, then enter them. TooLarge, Invalid with its field, Conflict if it is there already."""
        _place, sha256, size = firmware.store_upload(source, self._files, self.limit)
        with self._db.write() as unit:
            image_id = firmware.add(unit, by, self._clock(), sha256, size, file_name, version, model, oui, notes)
        return self.get(by.tenant, image_id)

    def withdraw(self, by: Actor, image_id: int) -> None:
        with self._db.write() as unit:
            firmware.withdraw(unit, by, ImageId(image_id), self._clock())

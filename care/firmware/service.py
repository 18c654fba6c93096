"""What pages and REST do with firmware images, over acs.firmware: list, upload, describe, release, withdraw; what runs, and what leads where."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, BinaryIO

from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.devices.views import DeviceView
from acs.firmware import service as firmware
from acs.firmware.service import Census, ImageId, ImageState, ImageView, NoPath, Path, runs_of, version_key
from acs.operations import service as operations
from care.devices.evidence import fits
from care.security.service import Clock


@dataclass(frozen=True, slots=True)
class Offer:
    """An image for a device, and the way to it from what runs there."""

    image: ImageView
    way: Path | NoPath

    @property
    def can_start(self) -> bool:
        return isinstance(self.way, Path)


@dataclass(frozen=True, slots=True)
class Shown:
    """An image with what runs on its models, how it is reached from there, and what came of it so far."""

    image: ImageView
    ways: tuple[tuple[Census, Path | NoPath], ...]
    outcomes: Mapping[str, int]

    @property
    def devices(self) -> int:
        """How many run it."""
        return sum(each.devices for each, _way in self.ways if each.version == self.image.version)

    @property
    def of(self) -> int:
        return sum(each.devices for each, _way in self.ways)


class Firmware:
    """The library of one tenant at a time; bytes lie in `files`, at most `limit` of them per image."""

    def __init__(self, db: Database, clock: Clock, files: FilePath, limit: int) -> None:
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

    def shown(self, tenant: TenantId, image_id: int) -> Shown:
        with self._db.read() as session:
            image, now = firmware.get(session, tenant, image_id), self._clock()
            ways = firmware.ways(session, tenant, image, firmware.census(session, tenant, now))
            return Shown(image, ways, operations.of_image(session, tenant, image_id, now))

    def census(self, tenant: TenantId) -> tuple[Census, ...]:
        """Which devices run what, most first."""
        with self._db.read() as session:
            return firmware.census(session, tenant, self._clock())

    def fitting(self, tenant: TenantId, head: DeviceView) -> tuple[ImageView, ...]:
        """Images for this device, the highest version first."""
        images = [image for image in self.listed(tenant) if fits(image, head)]
        return tuple(sorted(images, key=lambda image: version_key(image.version), reverse=True))

    def offers(self, tenant: TenantId, head: DeviceView) -> tuple[Offer, ...]:
        """The same with the way to each: found before anything starts."""
        images = self.fitting(tenant, head)
        with self._db.read() as session:
            library = firmware.listed(session, tenant, with_drafts=False)
            return tuple(
                Offer(image, firmware.path_among(session, tenant, library, runs_of(head), image, self._clock())) for image in images
            )

    def way(self, tenant: TenantId, device_id: int, image_id: int) -> Path | NoPath:
        """From what a device runs to an image."""
        with self._db.read() as session:
            return firmware.path(session, tenant, firmware.runs(session, tenant, device_id), ImageId(image_id), self._clock())

    def upload(
        self, by: Actor, source: BinaryIO, file_name: str, version: str, model: str = "", oui: str = "", notes: str = "", sha256: str = "",
        draft: bool = False, **fit: Any,
    ) -> ImageView:  # fmt: skip
        """Store the bytes, then enter them. TooLarge, Invalid with its field, Conflict if it is there already.

        `sha256` is what its maker says, compared; `fit` as acs.firmware.service.add takes it.
        """
        _place, found, size = firmware.store_upload(source, self._files, self.limit, sha256)
        state = ImageState.DRAFT if draft else ImageState.RELEASED
        with self._db.write() as unit:
            image_id = firmware.add(unit, by, self._clock(), found, size, file_name, version, model, oui, notes, state, **fit)
        return self.get(by.tenant, image_id)

    def describe(self, by: Actor, image_id: int, **given: Any) -> ImageView:
        with self._db.write() as unit:
            firmware.describe(unit, by, image_id, self._clock(), **given)
        return self.get(by.tenant, image_id)

    def release(self, by: Actor, image_id: int) -> ImageView:
        with self._db.write() as unit:
            firmware.release(unit, by, image_id, self._clock())
        return self.get(by.tenant, image_id)

    def withdraw(self, by: Actor, image_id: int) -> None:
        with self._db.write() as unit:
            firmware.withdraw(unit, by, ImageId(image_id), self._clock())

"""What others see of firmware images, of files from devices, of upgrade paths and of what runs."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

ImageId = NewType("ImageId", int)


class ImageState(StrEnum):
    """A draft is given by hand to single devices, for trying; only a released image is offered, or a step of a path."""

    DRAFT = "draft"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class ImageView:
    """A firmware image; size in bytes. Each of what it is for, left empty, fits any; together they must hold.

    `models` are models or product classes beside `model`, `hardware` hardware versions with `*` for anything, `query` a selection of
    devices, `from_versions` the rule of what must run for it to be loaded (acs/firmware/versions.py).
    """

    id: ImageId
    file_name: str
    version: str
    model: str
    oui: str
    size: int
    sha256: str
    notes: str
    uploaded_at: datetime
    uploaded_by: str
    withdrawn_at: datetime | None
    vendor: str = ""
    models: tuple[str, ...] = ()
    hardware: tuple[str, ...] = ()
    query: str = ""
    from_versions: str = ""
    state: ImageState = ImageState.RELEASED
    released_at: datetime | None = None
    released_by: str = ""

    @property
    def all_models(self) -> tuple[str, ...]:
        """Every model or product class it names; empty for any."""
        return tuple(dict.fromkeys(name for name in (self.model, *self.models) if name))


@dataclass(frozen=True, slots=True)
class Runs:
    """What decides which firmware a device can take: as its head row has it."""

    device_id: int
    oui: str
    vendor: str
    model: str
    product_class: str
    hardware_version: str
    software_version: str


@dataclass(frozen=True, slots=True)
class Path:
    """The images to load one after the other, the wanted one last. Empty where the device runs it already."""

    runs: str
    steps: tuple[ImageView, ...]
    is_downgrade: bool = False


@dataclass(frozen=True, slots=True)
class NoPath:
    """Why the wanted image cannot be reached."""

    reason: str


@dataclass(frozen=True, slots=True)
class Census:
    """How many devices of a model run a version; `counted_at` when that was so."""

    model: str
    version: str
    devices: int
    counted_at: datetime


@dataclass(frozen=True, slots=True)
class FileView:
    """A backup or log received from a device."""

    id: int
    device_id: int
    operation_id: int
    kind: str
    size: int
    sha256: str
    software_version: str
    received_at: datetime

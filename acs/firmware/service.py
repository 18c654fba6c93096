"""The door of the firmware library and of files received from devices: rows here, bytes in the files folder under their SHA-256.

A backup is sealed at rest, since it holds secrets. Links for devices are signed, bound to one operation, and valid while it is open
(architecture §10); acs/server/files.py serves them.
"""

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NewType

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.errors import Conflict, Invalid, NotFound, TooLarge
from acs.firmware.models import DeviceFile, FirmwareImage
from acs.secrets import Vault

ImageId = NewType("ImageId", int)
CHUNK = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,110}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+: -]{0,62}")


@dataclass(frozen=True, slots=True)
class ImageView:
    """A firmware image; size in bytes. `model` or `oui` empty: fits any."""

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


def store_upload(source: BinaryIO, folder: Path, limit: int) -> tuple[Path, str, int]:
    """Copy an upload into the files folder while hashing; (its place, SHA-256, size). TooLarge beyond `limit`, Invalid when empty.

    Written beside and renamed, so that a broken upload leaves nothing behind.
    """
    target = folder / "firmware"
    target.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    handle, name = tempfile.mkstemp(prefix=".upload-", dir=target)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            while chunk := source.read(CHUNK):
                size += len(chunk)
                if size > limit:
                    raise TooLarge(f"The image is larger than {limit // (1 << 20)} MiB.")
                digest.update(chunk)
                file.write(chunk)
        if size == 0:
            raise Invalid("The file is empty.", "file")
        place = target / digest.hexdigest()
        temporary.replace(place)
        return place, digest.hexdigest(), size
    finally:
        temporary.unlink(missing_ok=True)


def add(
    unit: Unit,
    actor: Actor,
    now: datetime,
    sha256: str,
    size: int,
    file_name: str,
    version: str,
    model: str = "",
    oui: str = "",
    notes: str = "",
) -> ImageId:
    """Enter an uploaded file as an image. Invalid names the field, Conflict if it is there already."""
    file_name, version, model, oui = Path(file_name).name.strip(), version.strip(), model.strip(), oui.strip().upper()
    if not _NAME.fullmatch(file_name):
        raise Invalid(f"{file_name!r} cannot be a file name: letters, digits, dot, plus, dash and underscore only.", "file")
    if not _VERSION.fullmatch(version):
        raise Invalid(f"{version!r} is not a version.", "version")
    if oui and not re.fullmatch(r"[0-9A-F]{6}", oui):
        raise Invalid(f"{oui!r} is not an OUI of six hex digits.", "oui")
    same = select(FirmwareImage).where(
        FirmwareImage.tenant_id == actor.tenant,
        FirmwareImage.sha256 == sha256,
        FirmwareImage.model == model,
        FirmwareImage.version == version,
    )
    found = unit.session.scalar(same)
    if found is not None and found.withdrawn_at is None:
        raise Conflict(f"This image is in the library already, as version {found.version} (number {found.id}).")
    if found is not None:
        found.withdrawn_at = None
        audit.record(unit, actor, "firmware.restore", f"firmware:{found.id}", now)
        return ImageId(found.id)
    image = FirmwareImage(
        tenant_id=actor.tenant, file_name=file_name, version=version, model=model[:64], oui=oui, size=size, sha256=sha256, notes=notes[:4000],
        uploaded_at=now, uploaded_by=actor.name,
    )  # fmt: skip
    unit.session.add(image)
    unit.session.flush()
    audit.record(unit, actor, "firmware.add", f"firmware:{image.id}", now, after={"version": version, "model": model, "sha256": sha256})
    return ImageId(image.id)


def withdraw(unit: Unit, actor: Actor, image_id: int, now: datetime) -> None:
    """Take an image out of the library; operations under way keep it."""
    image = _row(unit.session, actor.tenant, image_id)
    image.withdrawn_at = now
    audit.record(unit, actor, "firmware.withdraw", f"firmware:{image_id}", now, before={"version": image.version, "model": image.model})


def _row(session: Session, tenant: TenantId, image_id: int) -> FirmwareImage:
    image = session.get(FirmwareImage, image_id)
    if image is None or image.tenant_id != tenant:
        raise NotFound(f"There is no firmware image {image_id}.")
    return image


def get(session: Session, tenant: TenantId, image_id: int) -> ImageView:
    return _view(_row(session, tenant, image_id))


def listed(session: Session, tenant: TenantId, for_model: str | None = None, with_withdrawn: bool = False) -> tuple[ImageView, ...]:
    """Images, the newest first; `for_model` only those that fit this model."""
    query = select(FirmwareImage).where(FirmwareImage.tenant_id == tenant).order_by(FirmwareImage.id.desc())
    if not with_withdrawn:
        query = query.where(FirmwareImage.withdrawn_at.is_(None))
    if for_model is not None:
        query = query.where(FirmwareImage.model.in_(["", for_model]))
    return tuple(_view(row) for row in session.scalars(query))


def check_fits(image: ImageView, model: str, product_class: str, oui: str) -> None:
    """Invalid where the image is not for this device."""
    if image.withdrawn_at is not None:
        raise Invalid(f"Image {image.id} ({image.version}) was withdrawn.", "image")
    if image.model and image.model not in (model, product_class):
        raise Invalid(f"Image {image.id} is for model {image.model}; this device is a {model or product_class}.", "image")
    if image.oui and image.oui != oui:
        raise Invalid(f"Image {image.id} is for devices of {image.oui}; this one is of {oui}.", "image")


def _view(row: FirmwareImage) -> ImageView:
    return ImageView(
        ImageId(row.id), row.file_name, row.version, row.model, row.oui, row.size, row.sha256, row.notes, row.uploaded_at, row.uploaded_by,
        row.withdrawn_at,
    )  # fmt: skip


def image_path(folder: Path, image: ImageView) -> Path:
    return folder / "firmware" / image.sha256


# ---- files from devices -------------------------------------------------------------------------------------


def file_path(folder: Path, sha256: str) -> Path:
    return folder / "devices" / sha256[:2] / sha256


def keep_file(
    unit: Unit, tenant: int, device_id: int, operation_id: int, kind: str, sha256: str, size: int, version: str, now: datetime
) -> int:
    """Enter a file a device sent for an operation; sent twice, the later counts."""
    found = unit.session.scalar(select(DeviceFile).where(DeviceFile.operation_id == operation_id))
    if found is not None:
        found.sha256, found.size, found.received_at = sha256, size, now
        return found.id
    row = DeviceFile(
        tenant_id=tenant,
        device_id=device_id,
        operation_id=operation_id,
        kind=kind,
        size=size,
        sha256=sha256,
        software_version=version,
        received_at=now,
    )
    unit.session.add(row)
    unit.session.flush()
    return row.id


def file_of_operation(session: Session, operation_id: int) -> FileView | None:
    row = session.scalar(select(DeviceFile).where(DeviceFile.operation_id == operation_id))
    return None if row is None else _file_view(row)


def get_file(session: Session, tenant: TenantId, file_id: int) -> FileView:
    row = session.get(DeviceFile, file_id)
    if row is None or row.tenant_id != tenant:
        raise NotFound(f"There is no file {file_id}.")
    return _file_view(row)


def files_of(session: Session, tenant: TenantId, device_id: int) -> tuple[FileView, ...]:
    query = select(DeviceFile).where(DeviceFile.tenant_id == tenant, DeviceFile.device_id == device_id).order_by(DeviceFile.id.desc())
    return tuple(_file_view(row) for row in session.scalars(query))


def stored_bytes(session: Session, tenant: TenantId) -> int:
    """What all files from devices take: the upload quota counts it."""
    return int(session.scalar(select(func.coalesce(func.sum(DeviceFile.size), 0)).where(DeviceFile.tenant_id == tenant)) or 0)


def write_sealed(vault: Vault, folder: Path, content: bytes) -> tuple[str, int]:
    """Seal a file's bytes at rest; (SHA-256 of the content, size)."""
    sha256 = hashlib.sha256(content).hexdigest()
    place = file_path(folder, sha256)
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_suffix(".part")
    temporary.write_text(vault.seal(content.decode("latin-1")))
    temporary.replace(place)
    return sha256, len(content)


def read_sealed(vault: Vault, folder: Path, sha256: str) -> bytes:
    return vault.open(file_path(folder, sha256).read_text()).encode("latin-1")


def _file_view(row: DeviceFile) -> FileView:
    return FileView(row.id, row.device_id, row.operation_id, row.kind, row.size, row.sha256, row.software_version, row.received_at)


# ---- links -------------------------------------------------------------------------------------------------


def link(base: str, vault: Vault, verb: str, operation_id: int, device_id: int, name: str) -> str:
    """A URL of at most 256 characters that only this operation's device is told: verb ("get", "put", "down", "up"), ids, signature, file name."""
    signature = vault.sign("file-link", f"{verb}:{operation_id}:{device_id}", 32)
    return f"{base}/f/{verb}/{operation_id}/{device_id}/{signature}/{name[:100]}"


def opened(vault: Vault, parts: list[str]) -> tuple[str, int, int] | None:
    """(verb, operation, device) of a link's path parts, or None if it is not ours."""
    if len(parts) < 4 or not (parts[1].isdecimal() and parts[2].isdecimal()) or len(parts[3]) != 32:
        return None
    verb, operation_id, device_id = parts[0], int(parts[1]), int(parts[2])
    if not vault.signed("file-link", f"{verb}:{operation_id}:{device_id}", parts[3]):
        return None
    return verb, operation_id, device_id

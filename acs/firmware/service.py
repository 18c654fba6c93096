"""The door of the firmware library and of files received from devices: rows here, bytes in the files folder under their SHA-256.

A backup is sealed at rest, since it holds secrets. Links for devices are signed, bound to one operation, and valid while it is open
(architecture §10); acs/server/files.py serves them.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path as FilePath
from typing import Any, BinaryIO

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor
from acs.db.bulk import insert_rows
from acs.db.engine import Unit
from acs.db.tenancy import Tenant, TenantId
from acs.devices.models import Device
from acs.devices.views import DeviceView
from acs.errors import Conflict, Invalid, NotFound, TooLarge
from acs.finding import service as finding
from acs.firmware import paths
from acs.firmware.models import DeviceFile, FirmwareCensus, FirmwareImage
from acs.firmware.paths import check_fits, unfit
from acs.firmware.versions import VERSION, parse_rule, version_key
from acs.firmware.views import Census, FileView, ImageId, ImageState, ImageView, NoPath, Path, Runs
from acs.secrets import Vault

__all__ = [
    "Census", "FileView", "ImageId", "ImageState", "ImageView", "NoPath", "Path", "Runs", "check_fits", "unfit", "version_key",
]  # fmt: skip

CHUNK = 1 << 20
LIVE_MOST = 20_000
"""Up to so many devices are counted when somebody looks; beyond, a job counts."""
QUERY_MOST = 1000
NAMES_MOST = 200
"""Models or hardware versions one image may name."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,110}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def store_upload(source: BinaryIO, folder: FilePath, limit: int, expected: str = "") -> tuple[FilePath, str, int]:
    """Copy an upload into the files folder while hashing; (its place, SHA-256, size). TooLarge beyond `limit`, Invalid when empty.

    `expected`: the SHA-256 its maker gives, as 64 hex digits; Invalid (field sha256) where the bytes have another one.

    Written beside and renamed, so that a broken upload leaves nothing behind.
    """
    expected = re.sub(r"[\s:]", "", expected).lower()
    if expected and not _SHA256.fullmatch(expected):
        raise Invalid(f"{expected[:80]!r} is no SHA-256: 64 hex digits.", "sha256")
    target = folder / "firmware"
    target.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    handle, name = tempfile.mkstemp(prefix=".upload-", dir=target)
    temporary = FilePath(name)
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
        if expected and expected != digest.hexdigest():
            raise Invalid(f"The file's SHA-256 is {digest.hexdigest()}, not {expected}: it is another file, or was damaged on its way.", "sha256")
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
    state: ImageState = ImageState.RELEASED,
    **fit: Any,
) -> ImageId:
    """Enter an uploaded file as an image. `fit`: vendor, models, hardware, query, from_versions as ImageView has them.

    Invalid names the field, Conflict if it is there already. One that was withdrawn comes back, as it is described now.
    """
    file_name, version = FilePath(file_name).name.strip(), version.strip()
    if not _NAME.fullmatch(file_name):
        raise Invalid(f"{file_name!r} cannot be a file name: letters, digits, dot, plus, dash and underscore only.", "file")
    if not VERSION.fullmatch(version):
        raise Invalid(f"{version!r} is not a version.", "version")
    if state is ImageState.WITHDRAWN:
        raise Invalid("An image begins as draft or released.", "state")
    described = _described(version, model=model, oui=oui, notes=notes, **fit)
    same = select(FirmwareImage).where(
        FirmwareImage.tenant_id == actor.tenant,
        FirmwareImage.sha256 == sha256,
        FirmwareImage.model == described["model"],
        FirmwareImage.version == version,
    )
    found = unit.session.scalar(same)
    if found is not None and found.state != ImageState.WITHDRAWN:
        raise Conflict(f"This image is in the library already, as version {found.version} (number {found.id}).")
    image = found or FirmwareImage(
        tenant_id=actor.tenant, file_name=file_name, version=version, size=size, sha256=sha256, uploaded_at=now, uploaded_by=actor.name
    )
    for name, value in described.items():
        setattr(image, name, value)
    image.state, image.withdrawn_at = state.value, None
    image.released_at, image.released_by = (now, actor.name) if state is ImageState.RELEASED else (None, "")
    unit.session.add(image)
    unit.session.flush()
    told = {"version": version, **_told(described), "sha256": sha256, "state": state.value}
    audit.record(unit, actor, "firmware.restore" if found else "firmware.add", f"firmware:{image.id}", now, after=told)
    return ImageId(image.id)


def describe(unit: Unit, actor: Actor, image_id: int, now: datetime, **given: Any) -> None:
    """Change what an image is for, its rule of versions or its notes: model, oui, vendor, models, hardware, query, from_versions, notes."""
    image = _row(unit.session, actor.tenant, image_id)
    kept = {name: getattr(image, name) for name in _DESCRIBED}
    after = _described(image.version, **{**kept, **given})
    changed = {name: value for name, value in after.items() if value != kept[name]}
    for name, value in changed.items():
        setattr(image, name, value)
    if changed:
        before = {name: kept[name] for name in changed}
        audit.record(unit, actor, "firmware.describe", f"firmware:{image_id}", now, before=before, after=changed)


_DESCRIBED = ("model", "oui", "vendor", "models", "hardware", "query", "from_versions", "notes")


def _described(
    version: str,
    model: str = "",
    oui: str = "",
    vendor: str = "",
    models: Iterable[str] = (),
    hardware: Iterable[str] = (),
    query: str = "",
    from_versions: str = "",
    notes: str = "",
) -> dict[str, Any]:
    """What an image is for, checked, as its columns hold it."""
    oui = oui.strip().upper()
    if oui and not re.fullmatch(r"[0-9A-F]{6}", oui):
        raise Invalid(f"{oui!r} is not an OUI of six hex digits.", "oui")
    from_versions = from_versions.strip()
    parse_rule(from_versions)
    if query.strip():
        _check_query(query)
    return {
        "model": _short(model, "model"), "oui": oui, "vendor": _short(vendor, "vendor"), "models": _names(models, "models"),
        "hardware": _names(hardware, "hardware"), "query": query.strip(), "from_versions": from_versions, "notes": notes[:20_000],
    }  # fmt: skip


def _check_query(query: str) -> None:
    if len(query) > QUERY_MOST:
        raise Invalid(f"A query of an image has at most {QUERY_MOST} characters; this one has {len(query)}.", "query")
    try:
        finding.parse(query)
    except Invalid as error:
        raise Invalid(str(error), "query") from None


def _short(text: str, field: str) -> str:
    text = text.strip()
    if len(text) > 64:
        raise Invalid(f"{field} has at most 64 characters; {text[:20]}… has {len(text)}.", field)
    return text


def _names(given: Iterable[str], field: str) -> list[str]:
    names = list(dict.fromkeys(text for name in given if (text := _short(name, field))))
    if len(names) > NAMES_MOST:
        raise Invalid(f"{field} names at most {NAMES_MOST}; {len(names)} were given.", field)
    return names


def _told(described: dict[str, Any]) -> dict[str, Any]:
    """For the audit line: what was said, without notes."""
    return {name: value for name, value in described.items() if (value or name == "model") and name != "notes"}


def release(unit: Unit, actor: Actor, image_id: int, now: datetime) -> None:
    """Let a draft be offered and be a step of paths. Conflict for anything but a draft."""
    image = _row(unit.session, actor.tenant, image_id)
    if image.state != ImageState.DRAFT:
        raise Conflict(f"Image {image_id} ({image.version}) is {image.state}; only a draft can be released.")
    image.state, image.released_at, image.released_by = ImageState.RELEASED.value, now, actor.name
    audit.record(unit, actor, "firmware.release", f"firmware:{image_id}", now, after={"version": image.version, "model": image.model})


def withdraw(unit: Unit, actor: Actor, image_id: int, now: datetime) -> None:
    """Take an image out of the library; operations under way keep it."""
    image = _row(unit.session, actor.tenant, image_id)
    image.withdrawn_at, image.state = now, ImageState.WITHDRAWN.value
    audit.record(unit, actor, "firmware.withdraw", f"firmware:{image_id}", now, before={"version": image.version, "model": image.model})


def _row(session: Session, tenant: TenantId, image_id: int) -> FirmwareImage:
    image = session.get(FirmwareImage, image_id)
    if image is None or image.tenant_id != tenant:
        raise NotFound(f"There is no firmware image {image_id}.")
    return image


def get(session: Session, tenant: TenantId, image_id: int) -> ImageView:
    return _view(_row(session, tenant, image_id))


def listed(
    session: Session, tenant: TenantId, for_model: str | None = None, with_withdrawn: bool = False, with_drafts: bool = True
) -> tuple[ImageView, ...]:
    """Images, the newest first; `for_model` only those that fit this model."""
    query = select(FirmwareImage).where(FirmwareImage.tenant_id == tenant).order_by(FirmwareImage.id.desc())
    if not with_withdrawn:
        query = query.where(FirmwareImage.state != ImageState.WITHDRAWN.value)
    if not with_drafts:
        query = query.where(FirmwareImage.state != ImageState.DRAFT.value)
    found = (_view(row) for row in session.scalars(query))
    return tuple(image for image in found if for_model is None or not image.all_models or for_model in image.all_models)


def _view(row: FirmwareImage) -> ImageView:
    return ImageView(
        ImageId(row.id), row.file_name, row.version, row.model, row.oui, row.size, row.sha256, row.notes, row.uploaded_at, row.uploaded_by,
        row.withdrawn_at, row.vendor, tuple(row.models or ()), tuple(row.hardware or ()), row.query, row.from_versions, ImageState(row.state),
        row.released_at, row.released_by,
    )  # fmt: skip


# ---- from what runs to what is wanted ------------------------------------------------------------------------


def runs(session: Session, tenant: TenantId, device_id: int) -> Runs:
    """What decides which firmware this device can take. NotFound."""
    columns = (Device.oui, Device.manufacturer, Device.model, Device.product_class, Device.hardware_version, Device.software_version)
    found = session.execute(select(*columns).where(Device.id == device_id, Device.tenant_id == tenant)).first()
    if found is None:
        raise NotFound(f"There is no device {device_id}.")
    return Runs(device_id, *found)


def runs_of(head: DeviceView) -> Runs:
    """The same of a head that is at hand."""
    return Runs(
        head.id, head.oui, head.manufacturer, head.model, head.product_class, head.hardware_version, head.software_version
    )  # fmt: skip


def path(session: Session, tenant: TenantId, device: Runs, image: ImageId, now: datetime, force: bool = False) -> Path | NoPath:
    """Which images lead this device to the wanted one, or why none do. `force` loads it even where its version runs. NotFound for no image.

    For many devices of one model: `library` once, then acs.firmware.service.path_among for each.
    """
    return path_among(session, tenant, listed(session, tenant, with_drafts=False), device, get(session, tenant, image), now, force)


def path_among(
    session: Session, tenant: TenantId, library: Sequence[ImageView], device: Runs, wanted: ImageView, now: datetime, force: bool = False
) -> Path | NoPath:
    """`path` over images that were read before: one look into the library for a whole wave of devices."""
    answers: dict[str, bool] = {}

    def asked(query: str) -> bool:
        if query not in answers:
            answers[query] = finding.matches(session, tenant, finding.parse(query), device.device_id, now)
        return answers[query]

    return paths.find(library, device, wanted, asked, force)


# ---- what runs, and what came of it --------------------------------------------------------------------------


def count_running(session: Session, tenant: TenantId, most: int | None = None) -> list[tuple[str, str, int]] | None:
    """(model, version, devices), walking one index; None where there are more than `most` devices in all."""
    if most is not None:
        some = select(Device.id).where(Device.tenant_id == tenant).limit(most + 1).subquery()
        if int(session.scalar(select(func.count()).select_from(some)) or 0) > most:
            return None
    kinds = (Device.model, Device.software_version)
    rows = session.execute(select(*kinds, func.count()).where(Device.tenant_id == tenant).group_by(*kinds))
    return [(model, version, count) for model, version, count in rows]


def tenants(session: Session) -> tuple[TenantId, ...]:
    """All of them: for the job that counts."""
    return tuple(TenantId(number) for number in session.scalars(select(Tenant.id)))


def keep_census(unit: Unit, tenant: TenantId, rows: Iterable[tuple[str, str, int]], now: datetime) -> int:
    """Replace what was counted of a tenant; how many kinds there are."""
    found = [
        {"tenant_id": int(tenant), "model": model, "software_version": version, "devices": count, "counted_at": now} for model, version, count in rows
    ]
    unit.session.execute(delete(FirmwareCensus).where(FirmwareCensus.tenant_id == tenant))
    insert_rows(unit.connection, FirmwareCensus, found)
    return len(found)


def census(session: Session, tenant: TenantId, now: datetime) -> tuple[Census, ...]:
    """How many devices run what, most first: counted at this moment where that takes a few milliseconds, else as the last job counted."""
    rows = count_running(session, tenant, LIVE_MOST)
    if rows is not None:
        found = [Census(model, version, devices, now) for model, version, devices in rows]
    else:
        kept = session.scalars(select(FirmwareCensus).where(FirmwareCensus.tenant_id == tenant))
        found = [Census(row.model, row.software_version, row.devices, row.counted_at) for row in kept]
    return tuple(sorted(found, key=lambda each: (-each.devices, each.model, each.version)))


def running(counted: Iterable[Census], image: ImageView) -> tuple[Census, ...]:
    """Of what was counted, what is about the models of an image; all of it for an image of any model."""
    names = image.all_models
    return tuple(each for each in counted if not names or each.model in names)


def image_path(folder: FilePath, image: ImageView) -> FilePath:
    return folder / "firmware" / image.sha256


def ways(session: Session, tenant: TenantId, image: ImageView, counted: Iterable[Census]) -> tuple[tuple[Census, Path | NoPath], ...]:
    """For each version that runs on its models, how the image is reached from there; what only single devices tell (hardware, maker, query)
    is taken as given."""

    def plain(each: ImageView) -> ImageView:
        return replace(each, oui="", vendor="", hardware=(), query="")

    library, wanted = [plain(each) for each in listed(session, tenant, with_drafts=False)], plain(image)
    found = []
    for each in running(counted, image):
        runs = Runs(0, "", "", each.model, each.model, "", each.version)
        found.append((each, paths.find(library, runs, wanted)))
    return tuple(found)


# ---- files from devices -------------------------------------------------------------------------------------


def file_path(folder: FilePath, sha256: str) -> FilePath:
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


def write_sealed(vault: Vault, folder: FilePath, content: bytes) -> tuple[str, int]:
    """Seal a file's bytes at rest; (SHA-256 of the content, size)."""
    sha256 = hashlib.sha256(content).hexdigest()
    place = file_path(folder, sha256)
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_suffix(".part")
    temporary.write_text(vault.seal(content.decode("latin-1")))
    temporary.replace(place)
    return sha256, len(content)


def read_sealed(vault: Vault, folder: FilePath, sha256: str) -> bytes:
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

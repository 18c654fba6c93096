"""Which images fit, and in which order they are offered."""

import io

from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from tests.care import samples

ANNA = Actor("user:anna", DEFAULT_TENANT)


def test_fitting_images_come_with_the_highest_version_first(services, db, clock):
    head = services.devices.head(DEFAULT_TENANT, samples.home(db, services.vault, clock(), samples.NORVIK, read=False))
    for version in ("3.9", "3.10", "3.2"):
        services.firmware.upload(ANNA, io.BytesIO(version.encode()), f"{version}.bin", version, "G240")
    services.firmware.upload(ANNA, io.BytesIO(b"other"), "other.bin", "9", "R110")
    assert [image.version for image in services.firmware.fitting(DEFAULT_TENANT, head)] == ["3.10", "3.9", "3.2"]


def test_withdrawn_image_is_no_longer_offered(services, db, clock):
    head = services.devices.head(DEFAULT_TENANT, samples.home(db, services.vault, clock(), samples.NORVIK, read=False))
    image = services.firmware.upload(ANNA, io.BytesIO(b"a"), "a.bin", "3.2.4", "G240")
    services.firmware.withdraw(ANNA, image.id)
    assert services.firmware.fitting(DEFAULT_TENANT, head) == ()
    assert services.firmware.get(DEFAULT_TENANT, image.id).withdrawn_at is not None

"""Facts of a verdict: versions, fitting images, who is heard."""

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.packing import EMPTY
from care.devices.evidence import neighbours_of, newer_image, version_key
from care.devices.known import Known
from tests.care import samples


@pytest.mark.parametrize(("older", "newer"), [("3.9", "3.10"), ("3.10", "3.10.1"), ("1.0-rc1", "1.0-rc2"), ("2.9.1", "3.2.4"), ("V1.2", "V1.10")])
def test_versions_are_compared_part_by_part(older, newer):
    assert version_key(older) < version_key(newer)


def test_only_images_of_the_model_say_that_a_device_is_old(services, home):
    import io

    from acs.audit import Actor

    anna = Actor("user:anna", DEFAULT_TENANT)
    head = services.devices.head(DEFAULT_TENANT, home(samples.NORVIK, 1, ["old-firmware"], read=False))
    for name, version, model, oui in (
        ("any.bin", "9", "", ""), ("other.bin", "8", "R110", ""), ("maker.bin", "7", "G240", "FFFFFF"), ("fit.bin", "3.2.4", "G240", ""),
    ):  # fmt: skip
        services.firmware.upload(anna, io.BytesIO(name.encode()), name, version, model, oui)
    assert newer_image(head, services.firmware.listed(DEFAULT_TENANT)).file_name == "fit.bin"
    assert [image.file_name for image in services.firmware.fitting(DEFAULT_TENANT, head)] == ["any.bin", "fit.bin"]


def test_neighbours_without_channel_or_signal_are_left_out(services, db, home, clock):
    device_id = home(read=False)
    heard = [{"ssid": "a", "channel": 6, "signal_dbm": -50}, {"ssid": "b", "channel": None, "signal_dbm": -50}]
    samples.finished(db, device_id, "wifi_scan", {"neighbours": heard}, clock())
    look = services.devices.look(DEFAULT_TENANT, device_id)
    found, at = neighbours_of(look.known, look.results["wifi_scan"])
    assert [n.ssid for n in found] == ["a"]
    assert at == clock()


def test_unread_device_has_no_neighbours():
    assert neighbours_of(Known(EMPTY, ""), None) == ((), None)

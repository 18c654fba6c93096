"""Images: what version they bring, and which are refused."""

from __future__ import annotations

import pytest

from simulators.firmware import ImageFault, loops_of, make_image, version_of, write_current
from simulators.profile import profiles

MODEL = "Norvik G240"


def test_an_image_of_ours_says_its_version():
    image = make_image(MODEL, "3.3.0", 20000)
    assert len(image) == 20000
    assert version_of(image, MODEL, "http://h/f.bin", "") == "3.3.0"


@pytest.mark.cwmp("I-7", "L-61")
@pytest.mark.parametrize(
    "image",
    [b"", make_image("Halden G8", "1.0"), make_image(MODEL, "3.3.0")[:-1], make_image(MODEL, "3.3.0")[:-1] + b"!"],
)
def test_other_models_and_damaged_images_are_9018(image):
    with pytest.raises(ImageFault) as caught:
        version_of(image, MODEL, "http://h/f.bin", "")
    assert caught.value.code == 9018


@pytest.mark.parametrize(
    ("url", "target", "version"),
    [
        ("http://h/fw/g240-3.4.5.bin?sig=9.9", "", "3.4.5"), ("http://h/fw/x.bin", "g240_v4.0.1.img", "4.0.1"),
        ("http://h/fw/x.bin", "nightly.bin", "nightly"), ("http://h/fw/x", "", "unknown"),
    ],
)  # fmt: skip
def test_other_files_are_named_by_their_names(url, target, version):
    assert version_of(b"anything", MODEL, url, target) == version


def test_too_small_an_image_cannot_be_made():
    with pytest.raises(ValueError, match="at least"):
        make_image(MODEL, "1.0", 50)


def test_folder_of_todays_images_has_one_of_every_model(tmp_path):
    write_current(tmp_path / "images")
    made = {path.name: path.read_bytes() for path in (tmp_path / "images").iterdir()}
    assert set(made) == {f"{p.name}_{p.firmware}.bin".replace(" ", "_") for p in profiles().values()}
    for p in profiles().values():
        assert version_of(made[f"{p.name}_{p.firmware}.bin".replace(" ", "_")], p.name, "", "") == p.firmware


def test_an_image_can_make_its_device_restart_in_a_loop():
    assert loops_of(make_image("Norvik G240", "9.9.9", loops_s=4)) == 4
    assert loops_of(make_image("Norvik G240", "9.9.9")) == 0
    assert loops_of(b"anything") == 0

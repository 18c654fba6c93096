"""What an image says of itself: acs/firmware/views.py."""

from datetime import UTC, datetime

import pytest

from acs.firmware.views import ImageId, ImageView


@pytest.mark.parametrize(
    ("model", "more", "names"), [("", (), ()), ("G240", (), ("G240",)), ("G240", ("G250", "G240", ""), ("G240", "G250")), ("", ("G250",), ("G250",))]
)
def test_models_of_an_image_are_named_once(model, more, names):
    image = ImageView(ImageId(1), "a.bin", "1.0", model, "", 1, "0" * 64, "", datetime(2026, 1, 1, tzinfo=UTC), "user:anna", None, models=more)
    assert image.all_models == names

"""Names as they are typed: care/firmware/forms.py."""

import pytest

from care.firmware.forms import listed


@pytest.mark.parametrize(
    ("typed", "names"), [(None, []), ("", []), ("G240", ["G240"]), (" G240 ,\r\nG250\n\n, Home Gateway", ["G240", "G250", "Home Gateway"])]
)
def test_names_stand_on_lines_or_between_commas(typed, names):
    assert listed(typed) == names

"""The census of what runs, by a job: tasks/firmware.py."""

from acs.firmware import service as firmware
from tasks.firmware import census
from tests.acs.kit import add_device


def test_only_what_is_too_much_for_a_page_is_counted(house, monkeypatch):
    for number in range(3):
        add_device(house.database, f"C{number}", software_version="1.0")
    assert census(house, None) == "0 models and versions"
    monkeypatch.setattr(firmware, "LIVE_MOST", 2)
    assert census(house, None) == "1 models and versions"
    with house.database.read() as session:
        assert [each.devices for each in firmware.census(session, 1, house.now())] == [3]

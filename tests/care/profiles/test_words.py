"""What standings and differences are called."""

from acs.desired.views import ReportState, Standing
from acs.provisioning.desired import Hold
from care.profiles import words

ONE = {"kind": "value", "wanted": "6", "shown": "1"}


def test_every_standing_hold_and_state_has_words(app):
    assert set(words.STANDING) == set(words.STANDING_HELP) == set(Standing)
    assert set(words.REPORT) == set(ReportState)
    assert set(words.HOLD) == set(words.HOLD_SHORT) == set(Hold)


def test_a_difference_is_a_sentence(app):
    with app.test_request_context():
        assert words.what(ONE) == "Should be 6, is 1."
        assert words.what({**ONE, "shown": None}) == "Should be 6; nothing is known of it."
        assert words.what({**ONE, "kind": "row", "wanted": "ExternalPort 80"}) == "A row with ExternalPort 80 is missing."
        assert words.what({**ONE, "kind": "extra", "shown": "ExternalPort 80"}) == "A row with ExternalPort 80 must not be there."


def test_names_are_told_as_people_read_them(app):
    with app.test_request_context():
        assert words.label("nat.port_mappings") == "Port mappings"
        assert words.label("", "Device.Time.NTPServer1")
        assert "Channel" in words.label("wifi.2g.channel")

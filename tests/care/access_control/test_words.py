"""Every reason, action and alarm has words, and targets read as a sentence."""

from datetime import UTC, datetime

import pytest

from acs.access.views import BlockAction, BlockView, CertificateKind, Reason
from acs.devices.sightings import AlarmKind
from acs.devices.views import AlarmState
from care.access_control import words


def test_nothing_is_without_words():
    assert set(words.REASONS) == set(Reason)
    assert set(words.ACTIONS) == set(BlockAction)
    assert set(words.CERTIFICATES) == set(CertificateKind)
    assert set(words.ALARMS) == set(AlarmKind)
    assert set(words.ALARM_STATES) == set(AlarmState)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"network": "192.0.2.0/24"}, "from 192.0.2.0/24"), ({"oui": "00D09E", "serial_pattern": "NV*"}, "OUI 00D09E, serial NV*"),
        ({"product_class": "G240", "firmware": "1.*"}, "G240, firmware 1.*"),
    ],
)  # fmt: skip
def test_target_of_a_rule_is_one_line(app, given, told):
    facts = {"network": "", "oui": "", "product_class": "", "serial_pattern": "", "firmware": "", **given}
    rule = BlockView(
        1,
        action=BlockAction.REFUSE,
        reason="",
        created_at=datetime.now(UTC),
        created_by="",
        expires_at=None,
        hits=0,
        last_hit_at=None,
        **facts,
    )
    with app.test_request_context():
        assert words.target_of(rule) == told


def test_evidence_shows_what_was_seen_and_nothing_else(app):
    with app.test_request_context():
        shown = words.evidence_words({"at": "x", "from": "a", "to": "b", "in_session": True, "turns": 0, "other_id": 7})
    assert [value for _label, value in shown] == ["a", "b", "yes"]


def test_unknown_reason_is_shown_as_it_is():
    assert words.reason_words("odd") == ("bad", "odd", "")


def test_rows_are_counted_in_words(app):
    with app.test_request_context():
        assert words.rows_words({"operation": 2, "unknown_table": 4, "device_event": 1, "device_credential": 1, "quirk_seen": 3}) == (
            "operations (2), events (1), the login, what was learned of it"
        )

"""Words for every state."""

from acs.campaigns.service import Reason
from acs.campaigns.views import Member, State
from care.campaigns import words


def test_every_state_has_its_word(app):
    assert set(words.STATES) == set(State) and set(words.MEMBERS) == set(Member)


def test_a_reason_is_told_in_one_sentence(app):
    with app.test_request_context():
        assert words.why(Reason("person", by="user:anna", text="lunch")) == "By anna. lunch"
        assert "fell silent" in words.why(Reason("gate", signal="offline", value=50, limit=10, bad=1, measured=2, wave=2))

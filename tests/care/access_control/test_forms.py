"""The forms offer every action and kind there is, and bound what is typed."""

import pytest

from acs.access.views import BlockAction, CertificateKind
from care.access_control.forms import BlockForm, CertificateForm


def test_everything_that_can_be_chosen_is_offered(app):
    with app.test_request_context():
        assert {value for value, _label in BlockForm().action.choices} == set(BlockAction)
        assert {value for value, _label in CertificateForm().kind.choices} == set(CertificateKind)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"reason": ""}, "reason"),
        ({"days": "4000"}, "days"),
        ({"days": "soon"}, "days"),
        ({"network": "x" * 65}, "network"),
        ({"action": "shout"}, "action"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(app, given, wrong):
    app.config["WTF_CSRF_ENABLED"] = False
    with app.test_request_context(method="POST", data={"reason": "stolen", "action": "refuse", **given}):
        form = BlockForm()
        assert not form.validate()
        assert list(form.errors) == [wrong]

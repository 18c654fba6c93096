"""Forms of users."""

from werkzeug.datastructures import MultiDict

from acs.errors import Invalid
from care.users.forms import NewUserForm, blame


def test_sentence_of_the_service_goes_to_its_field_else_to_the_first(app):
    with app.test_request_context():
        form = NewUserForm(formdata=MultiDict())
        blame(form, Invalid("taken", "login"))
        blame(form, Invalid("odd"))
        assert list(form.login.errors) == ["taken", "odd"]


def test_no_password_is_allowed_a_short_one_is_not(app):
    with app.test_request_context():
        given = {"login": "bo", "name": "Bo", "role": "agent"}
        assert NewUserForm(formdata=MultiDict({**given, "password": ""}), meta={"csrf": False}).validate()
        assert not NewUserForm(formdata=MultiDict({**given, "password": "short"}), meta={"csrf": False}).validate()

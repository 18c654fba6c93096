"""What the pages of users ask. No form knows the database."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import IntegerField, PasswordField, RadioField, SelectField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, NumberRange, Optional

from acs.errors import Invalid
from care.i18n import LANGUAGES
from care.security.permissions import ROLE_WORDS, Role
from care.security.service import PASSWORD_MAX, PASSWORD_MIN
from care.security.views import Density

_ROLES = [(role.value, ROLE_WORDS[role]) for role in Role]


class NewUserForm(FlaskForm):
    login = StringField(_l("Sign-in name"), [InputRequired(), Length(max=63)])
    name = StringField(_l("Name"), [InputRequired(), Length(max=120)])
    role = RadioField(_l("Role"), choices=_ROLES, default=Role.AGENT.value)
    password = PasswordField(_l("Password"), [Optional(), Length(PASSWORD_MIN, PASSWORD_MAX)])


class UserForm(FlaskForm):
    name = StringField(_l("Name"), [InputRequired(), Length(max=120)])
    role = RadioField(_l("Role"), choices=_ROLES)


class PreferencesForm(FlaskForm):
    locale = SelectField(_l("Language"), choices=[("", _l("As the browser says")), *LANGUAGES.items()])
    density = SelectField(
        _l("Height of rows"),
        choices=[(Density.COMPACT.value, _l("Compact")), (Density.STANDARD.value, _l("Standard")), (Density.ROOMY.value, _l("Roomy"))],
    )


class PasswordForm(FlaskForm):
    old = PasswordField(_l("Present password"), [InputRequired(), Length(max=PASSWORD_MAX)])
    password = PasswordField(_l("New password"), [InputRequired(), Length(PASSWORD_MIN, PASSWORD_MAX)])
    again = PasswordField(_l("New password again"), [InputRequired(), EqualTo("password", _l("The two differ."))])


class TokenForm(FlaskForm):
    name = StringField(_l("What the token is for"), [InputRequired(), Length(max=80)])
    days = IntegerField(_l("Valid for, days"), [Optional(), NumberRange(1, 3650)])


def blame(form: FlaskForm, error: Invalid) -> None:
    """Put the service's sentence beside the field it is about."""
    field = form[error.field] if error.field and error.field in form else next(iter(form))
    field.errors = [*field.errors, str(error)]

"""What the pages of hooks ask. No form knows the database."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Regexp

from acs.hooks.service import MEMORY_MB, TIME_MS
from acs.hooks.views import Limits
from care.hooks.words import KIND_WORDS

_NAME = _l("Small letters, digits, dash and underscore, a letter first.")


class SettingsForm(FlaskForm):
    description = StringField(_l("What it is for"), [Length(max=300)])
    time_ms = IntegerField(_l("Time, ms"), [InputRequired(), NumberRange(*TIME_MS)], default=Limits().time_ms)
    memory_mb = IntegerField(_l("Memory, MB"), [InputRequired(), NumberRange(*MEMORY_MB)], default=Limits().memory_mb)
    sees_secrets = BooleanField(_l("It may see passwords in clear"))


class NewForm(SettingsForm):
    name = StringField(_l("Name"), [InputRequired(), Length(max=60), Regexp("^[a-z][a-z0-9_-]*$", message=_NAME)])
    kind = SelectField(_l("It answers with"), choices=list(KIND_WORDS.items()))

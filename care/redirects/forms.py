"""What the page of redirects asks."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired, Length


class GroupForm(FlaskForm):
    """Which devices, and where to."""

    tag = StringField(_l("Tag"), [Length(max=40)])
    model = StringField(_l("Model"), [Length(max=64)])
    url = StringField(_l("Address of the other ACS"), [InputRequired(), Length(max=256)])
    reason = StringField(_l("Why?"), [Length(max=300)])

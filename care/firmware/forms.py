"""What the page of the library asks. No form knows the database."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, Regexp

_OUI = _l("Six hex digits, as on the label: the first half of the MAC address.")


class UploadForm(FlaskForm):
    file = FileField(_l("Image file"), [FileRequired()])
    version = StringField(_l("Version"), [InputRequired(), Length(max=63)])
    model = StringField(_l("Model"), [Length(max=64)])
    oui = StringField(_l("OUI"), [Optional(), Regexp("^[0-9A-Fa-f]{6}$", message=_OUI)])
    notes = TextAreaField(_l("Notes"), [Length(max=4000)])

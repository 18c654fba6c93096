"""What the pages of the quirk registry ask. No form knows the database."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from care.quirks.words import KNOB_WORDS

_OUI = _l("Six hex digits, as on the label: the first half of the MAC address.")


class EntryForm(FlaskForm):
    """An entry set by hand."""

    oui = StringField(_l("OUI"), [Optional(), Regexp("^[0-9A-Fa-f]{6}$", message=_OUI)])
    product_class = StringField(_l("Product class"), [Length(max=64)])
    firmware = StringField(_l("Firmware"), [Length(max=80)])
    knob = SelectField(_l("What it does"), [InputRequired()], choices=list(KNOB_WORDS.items()))
    item = StringField(_l("Parameter"), [Length(max=256)])
    value = StringField(_l("Value"), [Length(max=300)])
    note = TextAreaField(_l("Note"), [Length(max=300)])
    pinned = BooleanField(_l("Pinned: learning does not overrule it"), default=True)


class ChangeForm(FlaskForm):
    value = StringField(_l("Value"), [InputRequired(), Length(max=300)])
    note = TextAreaField(_l("Note"), [Length(max=300)])
    pinned = BooleanField(_l("Pinned: learning does not overrule it"))


class ImportForm(FlaskForm):
    file = FileField(_l("File"), [FileRequired()])

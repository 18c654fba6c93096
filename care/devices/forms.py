"""What the pages of devices ask. No form knows the database."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Regexp

_OUI = _l("Six hex digits, as on the label: the first half of the MAC address.")


class NewDeviceForm(FlaskForm):
    serial_number = StringField(_l("Serial number"), [InputRequired(), Length(max=64)])
    oui = StringField(_l("OUI"), [InputRequired(), Regexp("^[0-9A-Fa-f]{6}$", message=_OUI)])
    product_class = StringField(_l("Product class"), [Length(max=64)])
    tags = StringField(_l("Tags"), [Length(max=400)])
    note = TextAreaField(_l("Note"), [Length(max=2000)])


def tags_of(text: str) -> list[str]:
    """Tags as they are typed: between commas or blanks."""
    return [tag for tag in text.replace(",", " ").split() if tag]

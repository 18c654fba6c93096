"""What the page of onboarding rules asks."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired, Length, Optional, Regexp

_OUI = _l("Six hex digits, as on the label: the first half of the MAC address.")


class RuleForm(FlaskForm):
    name = StringField(_l("Name"), [InputRequired(), Length(max=80)])
    oui = StringField(_l("OUI"), [Optional(), Regexp("^[0-9A-Fa-f]{6}$", message=_OUI)])
    product_class = StringField(_l("Product class"), [Length(max=64)])
    serial_prefix = StringField(_l("Serial number begins with"), [Length(max=64)])
    network = StringField(_l("Address or network"), [Length(max=64)])

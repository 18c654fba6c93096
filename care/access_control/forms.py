"""What the pages of access ask. No form knows the database; what a rule may say is checked by acs.access."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from acs.access.views import BlockAction, CertificateKind


class BlockForm(FlaskForm):
    network = StringField(_l("Address or network"), [Length(max=64)])
    oui = StringField(_l("OUI"), [Length(max=6)])
    product_class = StringField(_l("Product class"), [Length(max=64)])
    serial_pattern = StringField(_l("Serial number"), [Length(max=64)])
    firmware = StringField(_l("Firmware"), [Length(max=64)])
    action = SelectField(
        _l("What happens"),
        choices=[
            (BlockAction.REFUSE.value, _l("Refuse (403)")),
            (BlockAction.LATER.value, _l("Put off: come again later (503)")),
            (BlockAction.CLOSE.value, _l("Hang up without an answer")),
            (BlockAction.QUARANTINE.value, _l("Hold: answer, but ask nothing")),
        ],
    )
    days = IntegerField(_l("Holds for, days"), [Optional(), NumberRange(0, 3650)])
    reason = StringField(_l("Why"), [InputRequired(), Length(max=300)])


class CertificateForm(FlaskForm):
    kind = SelectField(
        _l("Whose it is"),
        choices=[
            (CertificateKind.DEVICE.value, _l("One device's: it is its login")),
            (CertificateKind.MODEL.value, _l("A model's: a login is asked for as well")),
            (CertificateKind.REVOKED.value, _l("Nobody's any more: it is turned away")),
        ],
    )
    fingerprint = StringField(_l("Fingerprint, SHA-256"), [Length(max=120)])
    subject = StringField(_l("Subject, or its common name"), [Length(max=300)])
    device_key = StringField(_l("Device"), [Length(max=255)])
    oui = StringField(_l("OUI"), [Length(max=6)])
    product_class = StringField(_l("Product class"), [Length(max=64)])
    note = StringField(_l("Note"), [Length(max=300)])

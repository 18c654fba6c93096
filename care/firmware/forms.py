"""What the pages of the library ask. No form knows the database."""

import re
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, Regexp

_OUI = _l("Six hex digits, as on the label: the first half of the MAC address.")


class FitForm(FlaskForm):
    """What an image is for, and from which versions it can be loaded."""

    model = StringField(_l("Model"), [Length(max=64)])
    models = TextAreaField(_l("Further models"), [Length(max=4000)])
    oui = StringField(_l("OUI"), [Optional(), Regexp("^[0-9A-Fa-f]{6}$", message=_OUI)])
    vendor = StringField(_l("Maker"), [Length(max=64)])
    hardware = StringField(_l("Hardware versions"), [Length(max=2000)])
    query = StringField(_l("Only devices with"), [Length(max=1000)])
    from_versions = StringField(_l("Can be loaded from"), [Length(max=300)])
    notes = TextAreaField(_l("Release notes"), [Length(max=20_000)])

    def fit(self) -> dict[str, Any]:
        """The fields as acs.firmware takes them."""
        return {
            "model": self.model.data or "", "models": listed(self.models.data), "oui": self.oui.data or "", "vendor": self.vendor.data or "",
            "hardware": listed(self.hardware.data), "query": self.query.data or "", "from_versions": self.from_versions.data or "",
            "notes": self.notes.data or "",
        }  # fmt: skip


class UploadForm(FitForm):
    file = FileField(_l("Image file"), [FileRequired()])
    version = StringField(_l("Version"), [InputRequired(), Length(max=63)])
    sha256 = StringField(_l("SHA-256"), [Length(max=100)])
    draft = BooleanField(_l("Keep it as a draft: nobody is offered it until it is released"))


def listed(text: str | None) -> list[str]:
    """Names on lines or between commas."""
    return [name.strip() for name in re.split(r"[\n,]", text or "") if name.strip()]

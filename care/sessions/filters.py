"""What sessions are looked for, as it stands in the address: one reading of it for pages, one spelling for links.

Values that cannot be are refused with the field's name, so that a link somebody wrote by hand says what is wrong with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _

from acs.errors import Invalid
from acs.recorder.service import Key, Wanted
from care.sessions.transcript import OUTCOMES

METHODS = (
    "AddObject", "AutonomousDUStateChangeComplete", "AutonomousTransferComplete", "CancelTransfer", "ChangeDUState", "DUStateChangeComplete",
    "DeleteObject", "Download", "FactoryReset", "GetAllQueuedTransfers", "GetOptions", "GetParameterAttributes", "GetParameterNames",
    "GetParameterValues", "GetQueuedTransfers", "GetRPCMethods", "Kicked", "Reboot", "RequestDownload", "ScheduleDownload", "ScheduleInform",
    "SetParameterAttributes", "SetParameterValues", "SetVouchers", "TransferComplete", "Upload",
)  # fmt: skip
"""Offered for completion; any other name, such as a vendor's method, may be written."""


@dataclass(frozen=True, slots=True)
class Filters:
    """`told` is what was asked, field by field, as it goes back into the address."""

    wanted: Wanted
    told: Mapping[str, str]
    before: Key | None

    def without_last(self) -> dict[str, str]:
        return dict(list(self.told.items())[:-1])


FIELDS = ("outcome", "serial", "fault", "rpc", "event", "text", "model", "oui", "since", "until")


def filters_of(arguments: Mapping[str, str]) -> Filters:
    """The filters of an address. Invalid, with the field, for what no session could have."""
    told = {name: value for name in FIELDS if (value := arguments.get(name, "").strip()[:200])}
    if told.get("outcome", "ok") not in OUTCOMES:
        raise Invalid(_("A session is ok, failed or lost."), "outcome")
    fault = told.get("fault")
    if fault is not None and not (fault.isascii() and fault.isdigit() and len(fault) < 6):
        raise Invalid(_("A fault is a number, such as 9005."), "fault")
    given: dict[str, Any] = {name: told.get(name, "") for name in ("outcome", "serial", "rpc", "event", "text", "model", "oui")}
    given |= {"fault": int(fault) if fault else None, "since": _instant(told, "since"), "until": _instant(told, "until")}
    return Filters(Wanted(**given), told, key_in(arguments.get("before", "")))


def _instant(told: Mapping[str, str], name: str) -> datetime | None:
    if name not in told:
        return None
    try:
        at = datetime.fromisoformat(told[name])
    except ValueError:
        raise Invalid(_("This is not a date and time: %(given)s.", given=told[name]), name) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def key_text(key: Key) -> str:
    """A key as it stands in addresses."""
    return f"{key[0].isoformat()}~{key[1]}"


def key_in(text: str) -> Key | None:
    """The key of an address; None for none. Invalid for what is no key."""
    if not text:
        return None
    at, _tilde, number = text.replace(" ", "+").partition("~")  # a plus sign that was not escaped
    try:
        key = datetime.fromisoformat(at), int(number or 2**62)
        if key[0].tzinfo is None or not 0 <= key[1] < 2**63:
            raise ValueError
    except ValueError:
        raise Invalid(_("“before” must be the key a page ended with."), "before") from None
    return key

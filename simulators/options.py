"""Options a simulated CPE can be licensed for: vouchers that SetVouchers brings, and what GetOptions tells of them.

A voucher is the base64 of the `Option` element of TR-069 Annex E; its signature is not checked, but it counts only for the device it
names, and not when a newer one is known (conformance C-150). Tests: tests/simulators/test_options.py.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import timedelta
from html import unescape
from typing import Any
from xml.sax.saxutils import escape

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import GetOptions, GetOptionsResponse, OptionStruct, SetVouchers, SetVouchersResponse
from acs.cwmp.times import format_time, parse_time
from simulators.cpe import Cpe, instant

MODES = {"Disabled": 0, "EnabledWithExpiration": 1, "EnabledWithoutExpiration": 2}
DAYS = {"Days": 1, "Months": 30}
ENABLED, SET_UP = 1, 2


def make_voucher(option: str, number: int, serial: str, mode: str = "EnabledWithoutExpiration", days: int = 0) -> str:
    """A voucher for one device, as base64 text."""
    fields = {"VSerialNum": number, "OptionIdent": option, "Mode": mode, "Duration": days, "DurationUnits": "Days"}
    inner = "".join(f"<{name}>{escape(str(text))}</{name}>" for name, text in fields.items())
    voucher = f"<Option>{inner}<DeviceId><SerialNumber>{escape(serial)}</SerialNumber></DeviceId></Option>"
    return base64.b64encode(voucher.encode()).decode()


def set_vouchers(cpe: Cpe, message: SetVouchers) -> SetVouchersResponse | CwmpFault:
    """All are taken, or none: 9003 for what is no voucher, 9001 for another device's or one older than what is known."""
    taken: dict[str, dict[str, Any]] = {}
    for text in message.voucher_list:
        said = _read(text)
        if said is None:
            return CwmpFault(9003, "not a voucher")
        if said["SerialNumber"] != cpe.serial:
            return CwmpFault(9001, "the voucher is for another device")
        known = taken.get(said["OptionIdent"]) or cpe.options.get(said["OptionIdent"])
        if known is not None and int(said["VSerialNum"]) < known["number"]:
            return CwmpFault(9001, "a newer voucher is known")
        taken[said["OptionIdent"]] = {
            "number": int(said["VSerialNum"]), "mode": MODES[said["Mode"]], "start": said.get("StartDate") or instant(cpe.facts.now()),
            "days": int(said.get("Duration") or 0) * DAYS.get(said.get("DurationUnits", "Days"), 1),
        }  # fmt: skip
    if not taken:
        return CwmpFault(9003, "no voucher")
    cpe.options.update(taken)
    cpe.touched = True
    return SetVouchersResponse()


def _read(text: str) -> dict[str, str] | None:
    try:
        voucher = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    said = {name: unescape(value.strip()) for name, value in re.findall(r"<(\w+)>([^<]*)</\1>", voucher)}
    numbers = said.get("VSerialNum", ""), said.get("Duration") or "0"
    sound = said.get("OptionIdent") and said.get("Mode") in MODES and all(number.isdigit() and len(number) < 10 for number in numbers)
    return {"SerialNumber": "", **said} if sound else None


def get_options(cpe: Cpe, message: GetOptions) -> GetOptionsResponse:
    """One by its name, or all; an unknown name gives an empty list."""
    names = [message.option_name] if message.option_name else sorted(cpe.options)
    return GetOptionsResponse(tuple(_struct(cpe, name) for name in names if name in cpe.options))


def _struct(cpe: Cpe, name: str) -> OptionStruct:
    known = cpe.options[name]
    start, end = parse_time(known["start"]), ""
    is_on = known["mode"] != MODES["Disabled"]
    if known["mode"] == MODES["EnabledWithExpiration"] and start is not None:
        expires = start + timedelta(days=known["days"])
        end = format_time(expires)
        is_on = expires.timestamp() > cpe.facts.now()
    return OptionStruct(name[:64], known["number"], ENABLED | SET_UP if is_on else 0, known["mode"], known["start"], end, 0)

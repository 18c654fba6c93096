"""How a device connected last, and when that looks like two boxes with one identity (conformance J-4). Pure.

`device.sightings` is a small document, written only when it changes: a plain periodic contact finds itself in it. What it holds: `login`
and `certificate` of the last contact, `address` and the one `before` it, `moved` (when it last changed), `turns` (how often it went
back and forth within a day), `hardware`, `mac`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from acs.cwmp.messages import Inform

ALTERNATES_WITHIN = timedelta(days=1)
TURNS = 2
"""A, B, A, B: one return to an old address may be a line that fell over to its reserve; a second one looks like two boxes."""


class AlarmKind(StrEnum):
    """What looks like two boxes with one identity."""

    ADDRESS = "address"
    HARDWARE = "hardware"
    MAC = "mac"
    SERIAL = "serial"
    PLACEHOLDER = "placeholder"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one Inform shows of the box behind it."""

    at: datetime
    address: str
    login: str
    certificate: tuple[str, str] | None
    hardware: str
    mac: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The new document, None where nothing changed, and what is suspicious: kind and evidence."""

    document: dict[str, Any] | None
    alarms: tuple[tuple[AlarmKind, dict[str, Any]], ...] = ()


def mac_of(inform: Inform) -> str:
    """A MAC address the device reports of itself, in one spelling; "" where it does not."""
    for v in inform.parameter_list:
        if v.name.endswith("MACAddress") and v.value:
            return str(v.value).upper().replace("-", ":")[:17]
    return ""


def look(known: Mapping[str, Any] | None, now: Sighting, in_session: bool) -> Seen:
    """Compare with what is known. `in_session`: an earlier session of the device is not over."""
    known = known or {}
    certificate = list(now.certificate) if now.certificate is not None else None
    if (
        known.get("address") == now.address
        and known.get("login") == now.login
        and known.get("certificate") == certificate
        and known.get("hardware", "") == (now.hardware or known.get("hardware", ""))
        and known.get("mac", "") == (now.mac or known.get("mac", ""))
    ):
        return Seen(None)
    document = {**known, "address": now.address, "login": now.login, "certificate": certificate}
    alarms: list[tuple[AlarmKind, dict[str, Any]]] = []
    if known.get("address") not in (None, now.address):
        alarms += _moved(known, document, now, in_session)
    for name, kind, value in (("hardware", AlarmKind.HARDWARE, now.hardware), ("mac", AlarmKind.MAC, now.mac)):
        if value and known.get(name) not in (None, "", value):
            alarms.append((kind, {"at": now.at.isoformat(), "from": known[name], "to": value, "address": now.address}))
        if value:
            document[name] = value
    return Seen(document, tuple(alarms))


def _moved(known: Mapping[str, Any], document: dict[str, Any], now: Sighting, in_session: bool) -> list[tuple[AlarmKind, dict[str, Any]]]:
    """It comes from another address: for good, or back and forth?"""
    recent = "moved" in known and now.at - datetime.fromisoformat(known["moved"]) < ALTERNATES_WITHIN
    turns = int(known.get("turns", 0)) + 1 if recent and known.get("before") == now.address else 0
    document |= {"before": known["address"], "moved": now.at.isoformat(), "turns": turns}
    # Back at an old address while the session from the other one is not over: no line falls over that fast.
    if turns >= TURNS or (turns and in_session):
        return [
            (
                AlarmKind.ADDRESS,
                {"at": now.at.isoformat(), "from": known["address"], "to": now.address, "in_session": in_session, "turns": turns},
            )
        ]
    return []


def is_placeholder(serial_number: str) -> bool:
    """A serial number that no factory gave: empty, or one sign over and over, as thousands of boxes have (quirk K-35)."""
    return len(set(serial_number)) <= 1 and (len(serial_number) >= 6 or not serial_number)

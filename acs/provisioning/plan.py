"""What an Inform makes due: decided from the Inform and the device's small head row alone (architecture: rule 2 of the Inform's path)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from acs.cwmp.events import BOOTSTRAP


class Trust(StrEnum):
    """May we talk to this device? In quarantine it is recorded and answered, but asked nothing."""

    QUARANTINE = "quarantine"
    ADMITTED = "admitted"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Planned:
    """An operation of our own: its kind, and why."""

    kind: str
    reason: str
    args: Mapping[str, Any] = field(default_factory=dict)


def due_at_inform(
    trust: Trust, events: tuple[str, ...], is_new: bool, has_tree: bool, admitted_now: bool, login_is_old: bool, new_firmware: bool = False,
    configure: str = "", known_kind: Mapping[str, Any] | None = None,
) -> tuple[Planned, ...]:  # fmt: skip
    """Operations that this Inform calls for. What is stored of a device that was reset or runs other firmware stays, and is read anew
    (conformance K-6).

    `known_kind`: arguments of `provision` where what devices of its kind have is known, which needs no discovery. `login_is_old`: the device
    proved itself with the onboarding secret, or has none of its own where it should.
    """
    if trust is not Trust.ADMITTED:
        return ()
    planned = []
    fresh = is_new or admitted_now or BOOTSTRAP in events
    if fresh and known_kind is not None:
        planned.append(Planned("provision", "first contact", known_kind))
        return (*planned, Planned("configure", configure)) if configure else tuple(planned)
    if fresh or login_is_old:
        planned.append(Planned("secure", "first contact" if fresh else "still logs in with the onboarding secret"))
    if fresh or not has_tree or new_firmware:
        planned.append(Planned("discover", "first contact" if fresh else "runs other firmware" if has_tree else "tree not known yet"))
    if configure:
        planned.append(Planned("configure", configure))
    return tuple(planned)


def why_configure(desired_key: str | None, parameter_key: str, has_profiles: bool, anew: bool) -> str:
    """Why a device has to be brought to its profiles; "" where it carries the key it should, or nothing is wanted of it: one comparison.

    `desired_key` as its head row has it (None: to be worked out), `anew`: it is new, was reset, or runs other firmware.
    """
    if desired_key == parameter_key and not anew:
        return ""
    if desired_key and desired_key != parameter_key:
        return "it comes without the key its profiles gave it"
    if has_profiles and (desired_key is None or anew):
        return "what should hold on it has changed" if desired_key is None else "it is new, was reset or runs other firmware"
    return ""

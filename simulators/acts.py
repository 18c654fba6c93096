"""What a tester can have a device do of its own: `"30 kick Reboot"` in the troubles of a fleet, `--act` on the command line.

An act is a word with arguments; before it stands how many seconds after the device was switched on it happens. From Python the same
words go through `perform`. Conformance C-126, C-162, C-170 to C-173, D-33. Tests: tests/simulators/test_acts.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from acs.cwmp import events
from acs.cwmp.messages import ArgStruct, GetRPCMethods, InstallOpStruct, Kicked, RequestDownload, UninstallOpStruct, UpdateOpStruct
from acs.errors import WrongEnvironment
from simulators.cpe import Transfer
from simulators.device import Device


@dataclass(frozen=True, slots=True)
class Act:
    """`after_s` seconds after power on."""

    after_s: float
    word: str
    arguments: tuple[str, ...]


def parse(text: str) -> Act:
    """WrongEnvironment with what there is, for a word nobody knows or arguments that are missing."""
    first, _, rest = text.strip().partition(" ")
    word, *arguments = rest.split() or [""]
    if not first.replace(".", "", 1).isdigit() or word not in ACTS or len(arguments) < ACTS[word].arguments:
        raise WrongEnvironment(
            f"{text!r} is no act; there are " + ", ".join(f"`SECONDS {name} {known.usage}`" for name, known in ACTS.items())
        )
    return Act(float(first), word, tuple(arguments))


def perform(device: Device, word: str, *arguments: str) -> None:
    """Do it now."""
    device.habits.say(f"{device.serial}: {' '.join((word, *arguments))}")
    ACTS[word].do(device, arguments)


def schedule(device: Device, acts: Sequence[Act]) -> None:
    for act in acts:
        device.expect(act.after_s, perform, device, act.word, *act.arguments)


def _kick(device: Device, given: Sequence[str]) -> None:
    command, *rest = given
    device.cpe.call(Kicked(command[:32], "192.168.1.2", " ".join(rest)[:256], "http://192.168.1.1/"), events.KICKED)
    device.wake()


def _request_download(device: Device, given: Sequence[str]) -> None:
    """FileType in words, and arguments `Name=value`."""
    plain = [each for each in given if "=" not in each]
    named = [each.partition("=") for each in given if "=" in each]
    message = RequestDownload(" ".join(plain), tuple(ArgStruct(name, value) for name, _, value in named))
    device.cpe.call(message, events.REQUEST_DOWNLOAD)
    device.wake()


def _ask_methods(device: Device, _given: Sequence[str]) -> None:
    device.cpe.call(GetRPCMethods())
    device.wake()


def _move(kind: str) -> Callable[[Device, Sequence[str]], None]:
    def move(device: Device, given: Sequence[str]) -> None:
        url, *words = given
        file_type = " ".join(words) or ("1 Firmware Upgrade Image" if kind == "download" else "2 Vendor Log File")
        device.begin(Transfer(kind, "", file_type, url, "", "", 0, "", device.cpe.facts.now(), method=""))

    return move


def _event(device: Device, given: Sequence[str]) -> None:
    device.trigger(" ".join(given))


@dataclass(frozen=True, slots=True)
class _Known:
    usage: str
    arguments: int
    do: Callable[[Device, Sequence[str]], None]


ACTS: dict[str, _Known] = {
    "kick": _Known("COMMAND [ARG]", 1, _kick),
    "request-download": _Known("FILE TYPE [Name=value …]", 1, _request_download),
    "ask-methods": _Known("", 0, _ask_methods),
    "fetch": _Known("URL [FILE TYPE]", 1, _move("download")),
    "send": _Known("URL [FILE TYPE]", 1, _move("upload")),
    "install": _Known("URL [UUID]", 1, lambda device, given: device.change_by_itself(InstallOpStruct(given[0], *given[1:2]))),
    "update": _Known("UUID [VERSION [URL]]", 1, lambda device, given: device.change_by_itself(UpdateOpStruct(*given[:3]))),
    "uninstall": _Known("UUID [VERSION]", 1, lambda device, given: device.change_by_itself(UninstallOpStruct(*given[:2]))),
    "standby": _Known("SECONDS", 1, lambda device, given: device.standby(float(given[0]))),
    "confirm": _Known("COMMANDKEY", 1, lambda device, given: device.confirm(given[0])),
    "event": _Known("CODE", 1, _event),
    "set": _Known("PATH VALUE", 2, lambda device, given: device.set_local(given[0], " ".join(given[1:]))),
    "power-cut": _Known("", 0, lambda device, given: device.power_cut()),
}

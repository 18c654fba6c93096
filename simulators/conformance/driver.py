"""How a case lets an ACS act: prepare a device, ask something of it, learn the outcome. drivers/ has ours, one by hand, one by REST.

An action is a word with arguments; what a driver cannot do is missing in its `capabilities`, and the cases that need it are skipped with
that reason. Tests: tests/simulators/conformance/test_driver.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

_ESCAPED = str.maketrans({sign: f"%{ord(sign):02X}" for sign in "-.~"})
ACTIONS = {
    "read": "read parameters: paths",
    "write": "write parameters: values as [path, value, type]",
    "add": "add a row: table, values below it",
    "delete": "delete a row: path",
    "attributes": "set notification: paths, notification",
    "names": "discover a subtree: path",
    "download": "install firmware: image (bytes), file_name, version",
    "upload": "fetch the device's configuration",
    "reboot": "restart the device",
    "factory_reset": "take the device back to its factory state",
    "ping": "let the device ping: host, count",
    "schedule_inform": "call for an Inform later: delay_s",
    "schedule_download": "install firmware in a time window: image (bytes), file_name, version, start_s, end_s",
    "queued_transfers": "ask which transfers wait",
    "cancel_transfer": "cancel a transfer: command_key",
    "install_module": "install a software module: url, uuid",
    "wake": "an asked operation makes the ACS send a connection request",
    "own_login": "an admitted device gets a login of its own",
}
"""Everything a case may need of a driver."""


@dataclass(frozen=True, slots=True)
class Identified:
    """The device a driver is asked about."""

    oui: str
    product_class: str
    serial: str
    root: str

    @property
    def key(self) -> str:
        """As the standard builds it: each part percent-encoded but for letters, digits and underscore (conformance A-99)."""
        parts = (self.oui, *([self.product_class] if self.product_class else []), self.serial)
        return "-".join(quote(part, safe="").translate(_ESCAPED) for part in parts)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an action. `state` is pending, done or failed; `fault` the CWMP code the device gave; `detail` words and results."""

    state: str
    detail: str = ""
    fault: int | None = None


class DriverFailed(Exception):
    """The driver itself could not do its work: the ACS's API refused, or a person gave up."""


class Driver(Protocol):
    """`capabilities` are words of ACTIONS. Handles are the driver's own."""

    name: str
    capabilities: frozenset[str]

    async def open(self) -> None:
        """Log in, look what there is. DriverFailed if nothing can be done at all."""

    async def prepare(self, device: Identified) -> None:
        """Let the ACS serve this device from its first Inform on."""

    async def ask(self, device: Identified, action: str, **args: Any) -> Any:
        """Queue an action; the handle to ask for its outcome. DriverFailed if it is refused."""

    async def outcome(self, handle: Any) -> Outcome: ...


class NoDriver:
    """For an ACS that cannot be told anything: cases that need it to act are skipped."""

    name = "none"
    capabilities: frozenset[str] = frozenset()

    async def open(self) -> None:
        """Nothing to open."""

    async def prepare(self, device: Identified) -> None:
        """Nothing to prepare: the ACS takes what comes."""

    async def ask(self, device: Identified, action: str, **args: Any) -> Any:
        raise DriverFailed(f"there is no driver that could {ACTIONS.get(action, action)}")

    async def outcome(self, handle: Any) -> Outcome:
        return Outcome("pending")

"""What simulated devices said and were told, read off the wire: the witness when server processes are killed.

A tap sits in a device's HTTP client and decodes what passes; nothing of the simulator is asked for it. What counts as acknowledged is what
the device got an answer to; what counts as sent is what reached the device.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from acs.cwmp.codec import decode
from acs.cwmp.events import PERIODIC, normalised
from acs.cwmp.faults import CpeProtocolError, CwmpFault
from acs.cwmp.messages import (
    DeleteObjectResponse,
    GetParameterValuesResponse,
    Inform,
    InformResponse,
    SetParameterValues,
    SetParameterValuesResponse,
    TransferComplete,
    TransferCompleteResponse,
)
from simulators.device import Device
from simulators.http import HttpClient, Response

IRREVERSIBLE = ("Download", "Upload", "Reboot", "FactoryReset", "AddObject", "DeleteObject")
Event = tuple[str, str]
"""Code and CommandKey."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Told:
    """A call of the device's own: an Inform with its events, or a TransferComplete with its key."""

    events: tuple[Event, ...]
    at: datetime
    key: str = ""
    answered: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that reached the device."""

    at: datetime
    name: str
    message: Any


@dataclass
class Ledger:
    """One device. `values`: by path every text it told of it or took from the server, in order, with the instant."""

    informs: list[Told] = field(default_factory=list)
    reports: list[Told] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    values: dict[str, list[tuple[datetime, str]]] = field(default_factory=lambda: defaultdict(list))
    exchanges: int = 0
    deleted: int = 0
    """Rows it took away as asked: asked again for one that is gone, it refuses, and nothing happens."""

    # ---- listening -----------------------------------------------------------------------------------------------

    def says(self, body: bytes) -> Told | None:
        """The device posts this; what waits for an answer, if it is a call of its own."""
        message = _message(body)
        match message:
            case Inform():
                told = Told(tuple((normalised(event.event_code), event.command_key) for event in message.event), utc_now())
                self.informs.append(told)
                self._note(message.parameter_list)
                return told
            case TransferComplete():
                told = Told((), utc_now(), message.command_key)
                self.reports.append(told)
                return told
            case GetParameterValuesResponse():
                self._note(message.parameter_list)
            case DeleteObjectResponse():
                self.deleted += 1
            case SetParameterValuesResponse():
                written = next(each.message for each in reversed(self.asked) if isinstance(each.message, SetParameterValues))
                self._note(written.parameter_list)
        return None

    def _note(self, values: Iterable[Any]) -> None:
        now = utc_now()
        for value in values:
            known = self.values[value.name]
            if not known or known[-1][1] != value.value:
                known.append((now, value.value))

    def unsaid(self, told: Told | None) -> None:
        """The server wanted a login first: it has not looked at what was said."""
        for kept in (self.informs, self.reports):
            if told is not None and kept and kept[-1] is told:
                kept.pop()

    def hears(self, told: Told | None, body: bytes) -> None:
        """The answer to what it said."""
        self.exchanges += 1
        message = _message(body)
        name = type(message).__name__
        if isinstance(message, InformResponse | TransferCompleteResponse):
            if told is not None:
                told.answered = utc_now()
        elif message is not None and not isinstance(message, CwmpFault) and not name.endswith("Response"):
            self.asked.append(Asked(utc_now(), name, message))

    # ---- telling -------------------------------------------------------------------------------------------------

    def received(self, name: str) -> list[Asked]:
        return [each for each in self.asked if each.name == name]

    def keys_of(self, name: str) -> Counter[str]:
        """How often a request with each CommandKey reached the device."""
        return Counter(each.message.command_key for each in self.received(name))

    def was_reset_after(self, name: str, key: str) -> bool:
        """Whether it went back to its factory state after this request: asked so later, or before in the same session, at whose end it does."""
        since = next(each.at for each in self.received(name) if each.message.command_key == key)
        began = max((told.at for told in self.informs if told.at <= since), default=since)
        return any(each.at >= began for each in self.received("FactoryReset"))

    def around(self, name: str, key: str) -> list[str]:
        """What else reached it from the session of this request on, in order."""
        since = next(each.at for each in self.received(name) if each.message.command_key == key)
        began = max((told.at for told in self.informs if told.at <= since), default=since)
        return [each.name for each in self.asked if each.at >= began and not each.name.startswith("Get")][:12]

    def events(self, *, only_acknowledged: bool) -> Counter[Event]:
        """Those that leave a row: all but a plain periodic contact and our own call. The key counts for M events alone."""
        return Counter(
            (code, key if code.startswith("M ") else "")
            for told in self.informs
            if told.answered is not None or not only_acknowledged
            for code, key in told.events
            if code != PERIODIC and not code.startswith("6 ")
        )

    def had(self, path: str, text: str) -> bool:
        """Whether it ever had this value, as far as anybody was told."""
        return any(known == text for _, known in self.values.get(path, ()))


def _message(body: bytes) -> Any:
    if not body.strip():
        return None
    try:
        return decode(body).message
    except CpeProtocolError:
        return None


class TappedClient(HttpClient):
    """The client of one device; `passed` is called after each exchange with the name of what the server asks ("" for nothing)."""

    def __init__(self, reactor: Any, ledger: Ledger, passed: Callable[[str], None]) -> None:
        super().__init__(reactor)
        self._ledger, self._passed = ledger, passed

    async def request(self, method: str, url: str, headers: list[tuple[str, str]], body: bytes = b"", **more: Any) -> Response:
        told = self._ledger.says(body)
        response: Response = await super().request(method, url, headers, body, **more)
        if response.status in (200, 204):
            before = len(self._ledger.asked)
            self._ledger.hears(told, response.body)
            self._passed(self._ledger.asked[-1].name if len(self._ledger.asked) > before else "")
        elif response.status == 401:
            self._ledger.unsaid(told)
        return response


def tap(device: Device, passed: Callable[[str], None]) -> Ledger:
    """Listen to a device that was not switched on yet."""
    ledger = Ledger()
    device.client = TappedClient(device.reactor, ledger, passed)
    return ledger

"""The CPE of a case: says what the script wants, honestly where it does not care, and remembers every message.

Bytes, cookies, connections and logins are the script's to change for a single POST; the device behind (simulators.cpe.Cpe) answers
requests of the ACS as a real one would. One case has one serial number of its own, and more by `another`.
Tests: tests/simulators/conformance/test_cpe.py.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin

from twisted.internet.defer import Deferred

from acs.cwmp.codec import decode, encode
from acs.cwmp.faults import CpeProtocolError, CwmpFault
from acs.cwmp.messages import DeviceIdStruct, EventStruct, Inform, ParameterValueStruct
from simulators import rpc
from simulators.conformance.calls import CallPort
from simulators.conformance.case import CaseFailed, Line, check, masked
from simulators.conformance.driver import Driver, DriverFailed, Identified, Outcome
from simulators.conformance.soap import Document, NotXml, read
from simulators.conformance.wire import Answer, NoAnswer, Place, connect, in_chunks
from simulators.conformance.wire import Line as Connection
from simulators.cpe import Cpe
from simulators.facts import make_facts
from simulators.profile import profiles
from simulators.transport import MAX_REDIRECTS, Authorizer, is_stale

NAMESPACE = "urn:dslforum-org:cwmp-1-2"
KEPT = 4000
"""How much of a message a transcript keeps, in characters."""
_COOKIE = re.compile(r"\s*([^=;\s]+)\s*=\s*([^;]*)(.*)", re.S)


@dataclass
class World:
    """What all cases of a run share. `login` are username and password the devices begin with; an empty username is the standard's."""

    reactor: Any
    url: str
    driver: Driver
    login: tuple[str, str] = ("", "")
    tls: Any = None
    timeout_s: float = 10.0
    callback: str = "127.0.0.1"
    prefix: str = "HLC"
    count: int = 0

    def serial(self) -> str:
        self.count += 1
        return f"{self.prefix}{self.count:05d}"


@dataclass
class Said:
    """An answer of the ACS."""

    answer: Answer
    _document: Document | None = field(default=None, repr=False)

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def body(self) -> bytes:
        """Unpacked, if the ACS packed it: whether it may is another question."""
        if self.answer.one("content-encoding").lower() in ("gzip", "x-gzip"):
            try:
                return zlib.decompress(self.answer.body, 31)
            except zlib.error:
                return self.answer.body
        return self.answer.body

    @property
    def is_empty(self) -> bool:
        return self.status in (200, 204) and not self.body.strip()

    @property
    def xml(self) -> Document:
        """The envelope, read strictly; the case fails if there is none."""
        if self._document is None:
            try:
                self._document = read(self.body)
            except NotXml as error:
                raise CaseFailed(f"HTTP {self.status} with what is no envelope: {error}") from None
        return self._document

    @property
    def name(self) -> str:
        """Name of the RPC, response or Fault in it; "" for an empty answer or one without envelope."""
        if not self.body.strip() or b"Envelope" not in self.body:
            return ""
        return self.xml.rpc.name if self.xml.rpc is not None else ""

    @property
    def code(self) -> int | None:
        """The CWMP fault code, if it is a fault with one."""
        return self.xml.fault[1] if self.name == "Fault" else None

    @property
    def is_request(self) -> bool:
        return bool(self.name) and self.name != "Fault" and not self.name.endswith("Response")

    def __str__(self) -> str:
        what = self.name or ("nothing" if self.is_empty else f"{len(self.body)} octets")
        return f"HTTP {self.status} with {what}" + (f" {self.code}" if self.code else "")


class WireCpe:
    """One simulated CPE whose script decides. `last` is the latest answer of the ACS."""

    def __init__(self, world: World, lines: list[Line] | None = None, began: float | None = None, profile: str = "Norvik R110") -> None:
        self.world = world
        self.lines: list[Line] = [] if lines is None else lines
        self._began = world.reactor.seconds() if began is None else began
        facts = make_facts(
            profiles()[profile], 1, 1, world.reactor.seconds, acs_url=world.url, password=world.login[1], inform_interval_s=86400,
            connection_request_url=f"http://{world.callback}:9/none",
        )  # fmt: skip
        facts.serial = world.serial()
        self.model = Cpe(facts)
        facts.username = world.login[0] or str(self.model.identity.key)
        self.namespace = NAMESPACE
        self.headers: tuple[tuple[str, str, int], ...] = ()
        self.cookies: dict[str, str] = {}
        self.cookie_lines: list[str] = []
        self.url = world.url
        self.connection: Connection | None = None
        self.auth = Authorizer("", "")
        self.last = Said(Answer(0, (), b""))
        self.warnings: list[str] = []
        self.asked: list[str] = []
        self.redirects = 0
        self.port: CallPort | None = None
        self._number = 0
        self._prepared = False
        self._mine: list[WireCpe] = [self]
        self._opened: list[Connection] = []
        self.renew_login()

    # ---- who it is -----------------------------------------------------------------------------------------------

    @property
    def serial(self) -> str:
        return self.model.facts.serial

    @property
    def root(self) -> str:
        return self.model.tree.root

    @property
    def who(self) -> Identified:
        identity = self.model.identity
        return Identified(identity.oui, identity.product_class, self.serial, self.root)

    def another(self, profile: str = "Norvik R110") -> WireCpe:
        """A second device of the same case, in the same transcript."""
        other = WireCpe(self.world, self.lines, self._began, profile)
        other._mine = self._mine
        self._mine.append(other)
        other.warnings = self.warnings
        return other

    def close(self) -> None:
        """Everything the case opened."""
        for cpe in self._mine:
            cpe.connection = None
            for line in cpe._opened:
                line.close()
            if cpe.port is not None:
                cpe.port.close()

    def note(self, text: str, who: str = "", more: str = "") -> None:
        now = self.world.reactor.seconds() - self._began
        self.lines.append(Line(int(now * 1000), who, masked(text), masked(more[:KEPT]) + ("…" if len(more) > KEPT else "")))

    def should(self, holds: object, otherwise: str) -> None:
        """Warn unless it holds."""
        if not holds and otherwise not in self.warnings:
            self.warnings.append(otherwise)
            self.note(f"should: {otherwise}")

    def pause(self, seconds: float) -> Deferred[None]:
        waiting: Deferred[None] = Deferred(lambda _: timer.cancel())
        timer: Any = self.world.reactor.callLater(seconds, waiting.callback, None)
        return waiting

    # ---- the wire ------------------------------------------------------------------------------------------------

    def renew_login(self) -> None:
        self.auth = Authorizer(self.model.setting("Username"), self.model.setting("Password"))

    def hang_up(self, *, cut: bool = False) -> None:
        """Close the connection, or cut it with a reset."""
        if self.connection is not None:
            if cut:
                self.connection.abort()
            else:
                self.connection.close()
        self.connection = None

    async def line(self) -> Connection:
        """The open connection, or a new one."""
        if self.connection is None or self.connection.closed:
            try:
                self.connection = await connect(self.world.reactor, Place.of(self.url), self.world.tls, self.world.timeout_s)
                self._opened.append(self.connection)
            except NoAnswer as error:
                raise CaseFailed(str(error)) from None
        return self.connection

    def request(
        self, body: bytes = b"", headers: Mapping[str, str | None] | None = None, *, method: str = "POST", target: str = "", cookies: bool = True,
        login: bool = True, http10: bool = False, chunk: int = 0, extension: str = "",
    ) -> bytes:  # fmt: skip
        """The bytes of a request. `headers` change or (None) take away single ones; `chunk` sends pieces of that size."""
        place = Place.of(self.url)
        said: dict[str, str | None] = {"Host": place.authority, "User-Agent": "Hearthline-Conformance"}
        if body:
            said |= {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        if cookies and self.cookies:
            said["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        authorization = self.auth.header(method, self.url) if login else None
        if authorization:
            said["Authorization"] = authorization
        if chunk:
            said["Transfer-Encoding"] = "chunked"
            body = in_chunks(body, chunk, extension)
        else:
            said["Content-Length"] = str(len(body))
        said |= headers or {}
        lines = [f"{method} {target or place.target} HTTP/1.{0 if http10 else 1}"]
        lines += [f"{name}: {value}" for name, value in said.items() if value is not None]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body

    async def post(
        self, body: bytes = b"", headers: Mapping[str, str | None] | None = None, *, fresh: bool = False, pieces: int = 0, pause_s: float = 0.0,
        patience_s: float | None = None, follow: bool = True, login: bool = True, **how: Any,
    ) -> Said:  # fmt: skip
        """One POST with its login rounds and redirects. NoAnswer is told as a failed case.

        `fresh` takes a new connection; `pieces` sends in so many octets at a time, `pause_s` apart; without `login` a 401 is an answer.
        """
        refusals = redirects = 0
        while True:
            said = await self._exchange(body, headers, fresh, pieces, pause_s, patience_s, login, how)
            self._keep_cookies(said.answer)
            if said.status == 401 and login and refusals < (3 if is_stale(said.answer) else 1):  # type: ignore[arg-type]
                refusals += 1
                if not self.auth.challenged(said.answer):  # type: ignore[arg-type]
                    break
            elif said.status in (302, 307) and follow and said.answer.one("location"):
                redirects += 1
                self.redirects += 1
                check(redirects <= MAX_REDIRECTS, f"more than {MAX_REDIRECTS} redirects in a row")
                self.url = urljoin(self.url, said.answer.one("location"))
                self.hang_up()
            else:
                break
        self.last = said
        return said

    async def _exchange(
        self,
        body: bytes,
        headers: Any,
        fresh: bool,
        pieces: int,
        pause_s: float,
        patience_s: float | None,
        login: bool,
        how: dict[str, Any],
    ) -> Said:
        if fresh:
            self.hang_up()
        data = self.request(body, headers, login=login, **how)
        try:
            return Said(await self.exchange(data, pieces, pause_s, patience_s))
        except NoAnswer as error:
            raise CaseFailed(f"{_what(body)}: {error}") from None

    async def exchange(self, data: bytes, pieces: int = 0, pause_s: float = 0.0, patience_s: float | None = None) -> Answer:
        """Send bytes and read one answer. A kept connection that was closed under it is opened again once (conformance A-21)."""
        reused = self.connection is not None and not self.connection.closed
        line = await self.line()
        self.note(_what(data.partition(b"\r\n\r\n")[2]), ">", data[: KEPT * 2].decode("utf-8", "replace"))
        heard = line.heard
        try:
            answer = await self._send(line, data, pieces, pause_s, patience_s)
        except NoAnswer as error:
            if not (reused and error.closed and line.heard == heard):
                self.note(str(error), "<")
                raise
            self.connection = None
            line = await self.line()
            answer = await self._send(line, data, pieces, pause_s, patience_s)
        self._note_answer(answer)
        if not answer.keeps:
            line.close()
            self.connection = None
        return answer

    async def _send(self, line: Connection, data: bytes, pieces: int, pause_s: float, patience_s: float | None) -> Answer:
        for at in range(0, len(data), pieces or max(len(data), 1)):
            line.send(data[at : at + (pieces or len(data))])
            if pieces:
                await self.pause(pause_s)
        return await line.answer(patience_s or self.world.timeout_s)

    def _note_answer(self, answer: Answer) -> None:
        head = "\r\n".join([f"{answer.version} {answer.status}", *(f"{name}: {value}" for name, value in answer.headers)])
        said = Said(answer)
        try:
            what = f"{answer.status} {said.name}".strip() + (f" {said.code}" if said.code else "")
        except CaseFailed:
            what = f"{answer.status}, no envelope"
        self.note(what, "<", head + "\r\n\r\n" + answer.body[:KEPT].decode("utf-8", "replace"))

    def _keep_cookies(self, answer: Answer) -> None:
        for header in answer.all("set-cookie"):
            found = _COOKIE.match(header)
            if found is not None:
                self.cookie_lines.append(header)
                self.cookies[found[1]] = found[2].strip()
                if re.search(r";\s*max-age\s*=\s*0\b", found[3], re.I):
                    del self.cookies[found[1]]

    # ---- what it says --------------------------------------------------------------------------------------------

    def rid(self) -> str:
        self._number += 1
        return f"{self.serial}-{self._number}"

    def inform(self, *events: str, values: Mapping[str, str] | Sequence[ParameterValueStruct] | None = None, **changes: Any) -> Inform:
        """An Inform: events as "2 PERIODIC" or "M Reboot|key". `values` are added; `changes` replace fields, of DeviceId too."""
        structs = tuple(EventStruct(*(code.split("|") if "|" in code else (code, ""))) for code in events or ("2 PERIODIC",))
        identity = self.model.identity
        device = DeviceIdStruct(self.model.facts.profile.manufacturer, identity.oui, identity.product_class, self.serial)
        device = replace(device, **{key: changes.pop(key) for key in tuple(changes) if hasattr(device, key)})
        known = list(self.model.inform().parameter_list)
        if isinstance(values, Mapping):
            known = [item for item in known if item.name not in values]
            known += [ParameterValueStruct(name, text, "string") for name, text in values.items()]
        elif values is not None:
            known = list(values)
        return replace(Inform(device, structs, 1, self.model.clock(), 0, tuple(known)), **changes)

    def envelope(self, message: Any, rid: str | None = "", headers: Sequence[tuple[str, str, int]] = ()) -> bytes:
        """`rid` "" takes the next number, None sends no ID."""
        return encode(message, self.rid() if rid == "" else rid, self.namespace, extra_headers=(*headers, *self.headers))

    async def informs(
        self, *events: str, body: bytes = b"", values: Any = None, how: Mapping[str, Any] | None = None, **changes: Any
    ) -> Said:
        """Begin a session: a new connection, no cookies, an Inform; the case fails unless InformResponse comes."""
        self.begin()
        said = await self.post(body or self.envelope(self.inform(*events, values=values, **changes)), **(how or {}))
        check(said.status == 200, f"the Inform was answered with {said}, not with InformResponse")
        check(said.name == "InformResponse", f"the Inform was answered with {said}, not with InformResponse")
        self.model.acknowledged()
        return said

    def begin(self) -> None:
        """Forget the last session: cookies, connection, redirect."""
        self.hang_up()
        self.cookies, self.cookie_lines, self.url = {}, [], self.world.url
        self.renew_login()

    async def calls(self, message: Any, rid: str | None = "", **how: Any) -> Said:
        """A request of the device's own."""
        return await self.post(self.envelope(message, rid), **how)

    async def empty(self, **how: Any) -> Said:
        return await self.post(b"", **how)

    # ---- what it answers -----------------------------------------------------------------------------------------

    def reading(self, said: Said) -> Any:
        """The message an ACS sent, as our codec reads it."""
        try:
            return decode(said.body).message
        except CpeProtocolError as error:
            raise CaseFailed(f"{said} cannot be read: {error}") from None

    async def answers(self, said: Said, reply: Any = None, rid: str | None = "", **how: Any) -> Said:
        """Answer a request of the ACS: honestly, or with `reply`; `rid` "" echoes its ID."""
        check(said.is_request, f"a request of the ACS was expected, there was {said}")
        self.asked.append(said.name)
        try:
            message = decode(said.body).message
        except CpeProtocolError as error:
            message, reply = None, reply or CwmpFault(9003, str(error)[:200])
        found = rpc.answer(self.model, message) if reply is None else reply
        return await self.post(encode(found, said.xml.id if rid == "" else rid, self.namespace), **how)

    async def until(
        self, name: str, where: Callable[[Any], bool] = lambda _message: True, *, most: int = 600, said: Said | None = None
    ) -> Said:
        """Post empty and answer honestly until the ACS sends this request; it is returned unanswered."""
        said = await self.empty() if said is None else said
        for _ in range(most):
            if said.name == name and where(self.reading(said)):
                return said
            if not said.is_request:
                raise CaseFailed(f"the ACS never asked for {name}; it ended with {said}")
            said = await self.answers(said)
        raise CaseFailed(f"{most} requests and still no {name}")

    async def finishes(self, said: Said | None = None, *, most: int = 2000) -> list[str]:
        """Answer honestly until the ACS has nothing more to do; names of what it asked. The case fails if it ends with a fault or a refusal."""
        said = await self.empty() if said is None else said
        asked: list[str] = []
        while said.is_request and len(asked) < most:
            asked.append(said.name)
            said = await self.answers(said)
        check(
            said.status in (200, 204) and not said.name,
            f"the session ended with {said}" if len(asked) < most else f"{most} requests and no end",
        )
        self.hang_up()
        return asked

    async def lives(self) -> None:
        """The ACS still serves: another device has a whole session."""
        other = self.another()
        await other.informs()
        check((await other.empty()).status in (200, 204), "the ACS does not serve any more")
        other.hang_up()

    # ---- what the ACS is told ------------------------------------------------------------------------------------

    async def prepared(self) -> None:
        if not self._prepared:
            self._prepared = True
            await self.world.driver.prepare(self.who)

    async def wants(self, action: str, **args: Any) -> Any:
        """Let the ACS be asked to do something with this device; the handle for `outcome`."""
        await self.prepared()
        self.note(f"the driver is asked to {action}: {', '.join(f'{k}={str(v)[:80]}' for k, v in args.items())}")
        return await self.world.driver.ask(self.who, action, **args)

    async def outcome(self, handle: Any, within_s: float = 15.0) -> Outcome:
        """What became of it; pending if that is all there is in time."""
        deadline = self.world.reactor.seconds() + within_s
        while True:
            found = await self.world.driver.outcome(handle)
            if found.state != "pending" or self.world.reactor.seconds() > deadline:
                self.note(f"the driver says: {found.state} {found.detail[:300]}")
                return found
            await self.pause(0.1)

    async def acquainted(self) -> None:
        """A device the ACS serves and knows: its first session is over."""
        await self.prepared()
        await self.informs("0 BOOTSTRAP", "1 BOOT")
        await self.finishes()

    async def listens(self, **behaviour: Any) -> CallPort:
        """Be reachable for connection requests, with these ways; the next Inform says where."""
        login = (self.model.setting("ConnectionRequestUsername"), self.model.setting("ConnectionRequestPassword"))
        self.port = CallPort(self.world.reactor, self.world.callback, login, self.note, **behaviour)
        self.model.facts.connection_request_url = self.port.url
        return self.port


def _what(body: bytes) -> str:
    """A message in short, for a transcript."""
    if not body.strip():
        return "an empty POST"
    found = re.search(rb"<(?:[\w.-]+:)?Body[^>]*>\s*<(?:[\w.-]+:)?([\w.-]+)", body)
    return found[1].decode() if found else f"{len(body)} octets"


__all__ = ["CwmpFault", "DriverFailed", "Said", "WireCpe", "World"]

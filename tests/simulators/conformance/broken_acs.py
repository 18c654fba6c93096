"""A small ACS of our own, correct as far as it goes, with defects that can be switched on: what the conformance suite is tested with.

It shares nothing with Hearthline's server: twisted.web, a dictionary of sessions, and procedures that are generators. `DEFECTS` says what
each switch breaks. `Teller` is its driver.
"""

import gzip
import re
import secrets
import zlib
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.http import HTTPChannel
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from acs.cwmp.codec import UnknownRpc, decode, encode
from acs.cwmp.digest import Basic, Digest, Nonces, NonceState, challenge, matching_secret, parse_authorization
from acs.cwmp.faults import CpeProtocolError, CwmpFault
from acs.cwmp.messages import (
    AddObject,
    DeleteObject,
    Download,
    GetParameterNames,
    GetParameterValues,
    GetRPCMethods,
    GetRPCMethodsResponse,
    Inform,
    InformResponse,
    ParameterValueStruct,
    Reboot,
    SetParameterAttributes,
    SetParameterAttributesStruct,
    SetParameterValues,
    TransferComplete,
    TransferCompleteResponse,
)
from simulators.conformance.driver import Identified, Outcome

PASSWORD = "let-me-in"
LIMIT = 64 * 1024 * 1024
VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4")
METHODS = ("Inform", "GetRPCMethods", "TransferComplete", "AutonomousTransferComplete")

DEFECTS = {
    "no_cookie": "knows a session by its connection only",
    "forgets_cookie": "sets a cookie and does not know it again",
    "same_cookie": "gives every session the same cookie",
    "short_cookie": "cookies can be guessed",
    "narrow_path": "the cookie's path does not cover the URL",
    "odd_cookie": "cookies hold characters devices cannot keep",
    "cookie_once": "only the first answer sets the cookie",
    "old_cookie_refused": "refuses an Inform with an old cookie",
    "cookie_is_enough": "the cookie of an ended session still opens everything",
    "comma_refused": "does not find its cookie after a comma",
    "no_connection_session": "knows a session by its cookie only",
    "wrong_namespace": "always answers in cwmp-1-0",
    "xml_declaration": "sends an XML declaration",
    "soap_prefix": "uses the prefix soap",
    "qualified": "puts arguments into the CWMP namespace",
    "no_max_envelopes": "leaves MaxEnvelopes out",
    "two_elements": "puts two elements into a body",
    "wrong_count": "counts its arrays wrong",
    "wrong_id": "answers with an ID of its own",
    "no_id": "answers without ID",
    "id_stripped": "strips blanks from the ID",
    "must_understand": "passes over headers that must be understood",
    "says_ok": "ends with 200 and a body instead of 204",
    "empty_200": "ends with an empty 200 instead of 204",
    "no_inform_response": "answers Inform with nothing",
    "fault_500": "sends faults with HTTP 500",
    "no_detail": "sends faults without detail",
    "wrong_fault": "answers unknown requests with 8003",
    "silent_on_unknown": "answers unknown requests with nothing",
    "fault_ends": "ends the session after a fault",
    "get_served": "serves GET",
    "strict_content_type": "wants Content-Type text/xml to the letter",
    "strict_action": "wants a SOAPAction",
    "html": "sends envelopes as text/html",
    "packs": "compresses without being asked",
    "no_gzip": "refuses what is compressed",
    "knows_all_encodings": "takes an unknown Content-Encoding for none",
    "closes": "closes the connection in mid-session",
    "follows_dtd": "follows document type declarations",
    "crashes_on_garbage": "answers garbage with 500",
    "serves_anybody": "takes any password",
    "fixed_nonce": "always gives the same nonce",
    "replay": "takes a login twice",
    "telltale": "says whether it knows a username",
    "basic_only": "offers Basic only",
    "begins_anywhere": "serves requests without an Inform",
    "strict_time": "refuses times it cannot read",
    "strict_events": "refuses events it does not know",
    "strict_retry": "refuses a high RetryCount",
    "needs_parameters": "refuses an Inform without parameters",
    "version_always": "tells everybody which version to use",
    "version_too_high": "tells a device to use a version it did not announce",
    "no_8006": "takes a device without a common version",
    "mixes_devices": "knows a session by the address it comes from",
    "older_wins": "refuses a device whose session is still open",
    "asks_after_end": "asks on after the end",
    "asks_at_once": "answers a device's request with one of its own",
    "hold_for_ever": "holds requests back and never takes them again",
    "short_methods": "leaves TransferComplete out of its methods",
    "foreign_methods": "lists a device's methods as its own",
    "report_refused": "refuses a TransferComplete that it does not know",
    "report_once": "refuses a TransferComplete that comes twice",
    "any_answer": "takes an answer whatever its ID",
    "same_request_id": "gives every request the same ID",
    "no_answer_is_good": "takes an empty POST for success",
    "fault_is_good": "takes a fault for success",
    "asks_for_ever": "asks again whenever it gets a fault",
    "all_strings": "sends every value as a string",
    "raw_text": "loses blanks of the values it writes",
    "no_read_back": "believes what it wrote",
    "assumes_1": "writes to instance 1, whatever the device says",
    "leaves_rows": "leaves rows behind that it could not fill",
    "reboots_again": "sends Reboot again after the boot",
    "boot_unseen": "does not see that a device rebooted",
    "downloads_again": "sends Download again while the first may run",
    "any_report": "takes any report for its download's",
    "believes_reports": "believes a report, whatever version informs",
    "no_size": "sends Download without the size",
    "open_links": "serves a file by any link",
}  # fmt: skip

Step = Generator[Any, Any, Outcome | None]


@dataclass
class Task:
    """Something asked of a device. `run` makes its procedure anew for each session; None from it means: wait for another session."""

    run: Callable[["Task", "Session"], Step]
    outcome: Outcome = field(default_factory=lambda: Outcome("pending"))
    key: str = field(default_factory=lambda: secrets.token_hex(8))
    memo: dict[str, Any] = field(default_factory=dict)


@dataclass
class Session:
    device: str
    namespace: str
    inform: Inform
    cookie: str
    steps: Any = None
    task: Task | None = None
    asked: Any = None
    asked_id: str = ""
    number: int = 0
    over: bool = False
    held: bool = False
    waited: set[int] = field(default_factory=set)
    reports: dict[str, TransferComplete] = field(default_factory=dict)


class StandIn(Resource):
    """The ACS. `listen` opens it on loopback; `url` is where it is."""

    isLeaf = True

    def __init__(self, reactor: Any, defects: frozenset[str] = frozenset(), hold: bool = False) -> None:
        super().__init__()
        unknown = defects - DEFECTS.keys()
        assert not unknown, unknown
        self.reactor, self.defects, self.hold = reactor, defects, hold or "hold_for_ever" in defects
        self.by_cookie: dict[str, Session] = {}
        self.by_line: dict[Any, Session] = {}
        self.by_device: dict[str, Session] = {}
        self.ended: dict[str, Session] = {}
        self.tasks: dict[str, deque[Task]] = {}
        self.files: dict[str, bytes] = {}
        self.reported: set[tuple[str, str]] = set()
        self.nonces = Nonces(secrets.token_bytes(16))
        self.port: Any = None

    def listen(self) -> None:
        site = _Quiet(self, requestFactory=_Bounded, timeout=60)
        site.protocol = HTTPChannel
        self.port = self.reactor.listenTCP(0, site, interface="127.0.0.1", backlog=200)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port.getHost().port}/acs"

    def has(self, defect: str) -> bool:
        return defect in self.defects

    # ---- HTTP --------------------------------------------------------------------------------------------------

    def render(self, request: Any) -> bytes:
        try:
            status, body, headers = self._answer(request)
        except CpeProtocolError as error:
            status, body, headers = error.status, b"", {}
            if error.soap_fault:
                body, status = (
                    self._soap(CwmpFault(8003, "x"), error.rid, error.namespace).replace(b"Client<", b"SOAP-ENV:MustUnderstand<"),
                    200,
                )
            elif error.fault is not None:
                body, status = self._soap(CwmpFault(error.fault, str(error)), error.rid, error.namespace), 200
            if self.has("crashes_on_garbage"):
                status, body = 500, b""
        request.setResponseCode(status)
        for name, value in headers.items():
            request.setHeader(name, value)
        if body and b"Envelope" in body:
            request.setHeader("Content-Type", "text/html" if self.has("html") else "text/xml; charset=utf-8")
            if self.has("packs"):
                body = gzip.compress(body)
                request.setHeader("Content-Encoding", "gzip")
        if self.has("closes"):
            request.setHeader("Connection", "close")
        if status == 204 or not body:
            request.responseHeaders.removeHeader("Content-Type")
            request.defaultContentType = None
        if status != 204:
            request.setHeader("Content-Length", str(len(body)))
        return bytes(body)

    def _answer(self, request: Any) -> tuple[int, bytes, dict[str, str]]:
        path = request.path.decode("latin-1")
        if path.startswith("/files/"):
            return self._file(request, path)
        if request.method != b"POST":
            return (200, b"<html>hello</html>", {}) if self.has("get_served") else (405, b"", {"Allow": "POST"})
        if not path.startswith("/acs"):
            return 404, b"", {}
        kind = (request.getHeader("content-type") or "").lower()
        body = self._unpacked(request)
        if body.strip():
            if self.has("strict_content_type") and not kind.startswith("text/xml"):
                return 415, b"", {}
            if self.has("strict_action") and request.getHeader("soapaction") is None:
                return 400, b"", {}
        return self._cwmp(request, body, kind)

    def _unpacked(self, request: Any) -> bytes:
        body = request.content.read()
        coding = (request.getHeader("content-encoding") or "").lower()
        if not body or not coding or (self.has("knows_all_encodings") and coding not in ("gzip", "deflate")):
            return bytes(body)
        if coding not in ("gzip", "deflate") or self.has("no_gzip"):
            raise CpeProtocolError("unknown encoding", status=415)
        try:
            inflater = zlib.decompressobj(31 if coding == "gzip" else 15)
            found = inflater.decompress(body, LIMIT)
        except zlib.error:
            raise CpeProtocolError("broken", status=400) from None
        if inflater.unconsumed_tail:
            raise CpeProtocolError("a bomb", status=413)
        if not inflater.eof:
            raise CpeProtocolError("cut", status=400)
        return found

    def _file(self, request: Any, path: str) -> tuple[int, bytes, dict[str, str]]:
        token = path.split("/")[2] if not self.has("open_links") or not self.files else next(iter(self.files))
        found = self.files.get(token)
        if found is None:
            return 404, b"", {}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", request.getHeader("range") or "")
        if wanted:
            return 206, found[int(wanted[1]) : int(wanted[2]) + 1], {"Content-Range": f"bytes {wanted[1]}-{wanted[2]}/{len(found)}"}
        return 200, found, {"Content-Type": "application/octet-stream"}

    # ---- who ---------------------------------------------------------------------------------------------------

    def _refusal(self, request: Any) -> tuple[int, bytes, dict[str, str]] | None:
        """401 unless the login is good."""
        if self.has("serves_anybody") and request.getHeader("authorization"):
            return None
        given = parse_authorization(request.getHeader("authorization") or "")
        now = self.reactor.seconds()
        state = NonceState.GOOD
        if isinstance(given, Digest):
            fixed = self.has("fixed_nonce") or (self.has("replay") and given.nonce)
            state = NonceState.GOOD if fixed else self.nonces.check(given, now)
            if given.uri != request.uri.decode("latin-1"):
                given = None
        if isinstance(given, Digest) and state is NonceState.GOOD and matching_secret(given, "POST", (PASSWORD,)) is not None:
            return None
        if isinstance(given, Basic) and given.password == PASSWORD:
            return None
        nonce = "0123456789abcdef0123456789abcdef" if self.has("fixed_nonce") else self.nonces.make(now)
        lines = ('Basic realm="x"',) if self.has("basic_only") else challenge("x", nonce, state is NonceState.STALE, basic=False)
        known = given is not None and "-" in given.username and not given.username.startswith("nobody")
        body = (b"wrong password" if known else b"no such device") if self.has("telltale") and given is not None else b""
        request.responseHeaders.setRawHeaders("WWW-Authenticate", list(lines))
        return 401, body, {}

    def _session_of(self, request: Any) -> Session | None:
        if self.has("mixes_devices"):
            return next(reversed(self.by_cookie.values()), None)
        raw = request.getHeader("cookie") or ""
        raw = raw if self.has("comma_refused") else raw.replace(",", ";")
        for part in raw.split(";"):
            name, _, value = part.strip().partition("=")
            value = value.strip().strip('"')
            if name == "sid" and value:
                if self.has("forgets_cookie"):
                    break
                found = self.by_cookie.get(value)
                if found is None and self.has("cookie_is_enough"):
                    found = self.ended.get(value)
                return found
        if self.has("no_connection_session"):
            return None
        found = self.by_line.get(request.channel)
        return None if found is not None and found.over else found

    # ---- CWMP --------------------------------------------------------------------------------------------------

    def _cwmp(self, request: Any, body: bytes, kind: str) -> tuple[int, bytes, dict[str, str]]:
        session = self._session_of(request)
        if not body.strip():
            return self._empty(request, session)
        if self.has("follows_dtd"):
            body = self._follow(body)
        _, found, charset = kind.partition("charset=")
        try:
            envelope = decode(body, charset.split(";")[0].strip(" \"'") if found else None)
        except CpeProtocolError as error:
            if not (error.soap_fault and self.has("must_understand")):
                raise
            envelope = decode(re.sub(rb"<cwmp:Mystery.*?</cwmp:Mystery>", b"", body))
        message = envelope.message
        if isinstance(message, Inform):
            return self._inform(request, envelope, session)
        if session is None or (session.over and not self.has("cookie_is_enough")):
            refusal = None if self.has("begins_anywhere") else self._refusal(request)
            if refusal is not None:
                return refusal
            if self.has("begins_anywhere"):
                return self._called(Session("x", envelope.namespace, Inform(), ""), envelope)  # type: ignore[call-arg]
            return 200, self._soap(CwmpFault(8003, "no session"), envelope.id, envelope.namespace), {}
        if isinstance(message, CwmpFault) or type(message).__name__.endswith("Response"):
            return self._replied(session, message, envelope.id)
        return self._called(session, envelope)

    def _follow(self, body: bytes) -> bytes:
        """Fetch what the message names, and take the declaration away."""
        from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
        from twisted.internet.protocol import Protocol

        text = body.decode("utf-16") if body[:2] in (b"\xff\xfe", b"\xfe\xff") else body.decode("utf-8", "replace")
        for port in re.findall(r'(?:SYSTEM|PUBLIC "[^"]*") "http://127\.0\.0\.1:(\d+)/', text):
            connectProtocol(TCP4ClientEndpoint(self.reactor, "127.0.0.1", int(port)), Protocol()).addBoth(lambda _: None)
        if "<!DOCTYPE" not in text:
            return body
        text = re.sub(r"<!DOCTYPE[^\[>]*(?:\[.*?\])?\s*>", "", text, flags=re.S)
        return re.sub(r"<\?xml[^>]*\?>", "", re.sub(r"&(?!amp|lt|gt|quot|apos)\w+;", "entity", text)).encode()

    def _inform(self, request: Any, envelope: Any, old: Session | None) -> tuple[int, bytes, dict[str, str]]:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        inform: Inform = envelope.message
        if self.has("old_cookie_refused") and request.getHeader("cookie") and (old is None or old.over):
            return 400, b"", {}
        if not inform.device_id.serial_number.strip():
            return 200, self._soap(CwmpFault(8003, "no serial number"), envelope.id, envelope.namespace), {}
        device = "-".join((inform.device_id.oui, inform.device_id.product_class, inform.device_id.serial_number))
        wrong = self._strict(inform)
        versions = envelope.headers.supported_versions
        common = [version for version in VERSIONS if version in versions]
        if versions and not common and not self.has("no_8006"):
            return 200, self._soap(CwmpFault(8006, "no common version"), envelope.id, envelope.namespace), {}
        if wrong:
            return 200, self._soap(CwmpFault(8003, wrong), envelope.id, envelope.namespace), {}
        before = self.by_device.get(device)
        if before is not None and not before.over:
            if self.has("older_wins") and before is not old:
                return 400, b"", {}
            self._end(before)
        cookie = "always-the-same-for-everybody" if self.has("same_cookie") else secrets.token_hex(4 if self.has("short_cookie") else 16)
        cookie = cookie + "+/#" if self.has("odd_cookie") else cookie
        session = Session(device, envelope.namespace, inform, cookie, held=self.hold)
        if self.has("mixes_devices"):
            self.by_cookie.clear()  # one session an address
        self.by_cookie[cookie] = self.by_line[request.channel] = self.by_device[device] = session
        if self.has("no_inform_response"):
            return 204, b"", self._cookie(session)
        extra = []
        if versions or self.has("version_always"):
            extra = [("UseCWMPVersion", "1.4" if self.has("version_too_high") or not common else common[-1], 1)]
        body = self._soap(InformResponse(1), envelope.id, session.namespace, self.hold, extra)
        return 200, body, self._cookie(session)

    def _strict(self, inform: Inform) -> str:
        if self.has("strict_time") and not re.fullmatch(r"[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)", inform.current_time):
            return "CurrentTime"
        known = re.compile(r"\d{1,2} [A-Z ]+|M (?:Reboot|Download|Upload|ScheduleInform|ScheduleDownload|ChangeDUState)")
        if self.has("strict_events") and any(not known.fullmatch(event.event_code) or (event.event_code > "90" and event.event_code[0] == "9" and
                                             event.event_code[1:2].isdigit()) for event in inform.event):  # fmt: skip
            return "Event"
        if self.has("strict_retry") and inform.retry_count > 100:
            return "RetryCount"
        return "ParameterList" if self.has("needs_parameters") and not inform.parameter_list else ""

    def _cookie(self, session: Session) -> dict[str, str]:
        if self.has("no_cookie") or (self.has("cookie_once") and session.number):
            return {}
        session.number += 1
        path = "/elsewhere" if self.has("narrow_path") else "/"
        return {"Set-Cookie": f"sid={session.cookie}; Path={path}; HttpOnly"}

    def _called(self, session: Session, envelope: Any) -> tuple[int, bytes, dict[str, str]]:
        """A request of the device's own."""
        message = envelope.message
        name = message.name if isinstance(message, UnknownRpc) else type(message).__name__
        if self.has("asks_at_once") and self.tasks.get(session.device):
            return self._turn(session, None)
        if isinstance(message, GetRPCMethods):
            listed = METHODS[:2] if self.has("short_methods") else METHODS
            listed = (*listed, "GetParameterValues", "Reboot") if self.has("foreign_methods") else listed
            return 200, self._soap(GetRPCMethodsResponse(listed), envelope.id, session.namespace), self._cookie(session)
        if isinstance(message, TransferComplete):
            return self._reported(session, message, envelope.id)
        if name == "AutonomousTransferComplete":
            from acs.cwmp.messages import AutonomousTransferCompleteResponse

            return 200, self._soap(AutonomousTransferCompleteResponse(), envelope.id, session.namespace), self._cookie(session)
        if self.has("silent_on_unknown"):
            return 204, b"", self._cookie(session)
        return self._fault(session, CwmpFault(8003 if self.has("wrong_fault") else 8000, "Method not supported"), envelope.id)

    def _reported(self, session: Session, message: TransferComplete, rid: str | None) -> tuple[int, bytes, dict[str, str]]:
        known = any(task.key == message.command_key for task in self.tasks.get(session.device, ()))
        again = (session.device, message.command_key) in self.reported
        if (self.has("report_refused") and not known) or (self.has("report_once") and again):
            return self._fault(session, CwmpFault(8003, "unknown CommandKey"), rid)
        self.reported.add((session.device, message.command_key))
        session.reports[message.command_key] = message
        return 200, self._soap(TransferCompleteResponse(), rid, session.namespace), self._cookie(session)

    def _fault(self, session: Session, fault: CwmpFault, rid: str | None) -> tuple[int, bytes, dict[str, str]]:
        if self.has("fault_ends"):
            self._end(session)
        return 500 if self.has("fault_500") else 200, self._soap(fault, rid, session.namespace), self._cookie(session)

    def _empty(self, request: Any, session: Session | None) -> tuple[int, bytes, dict[str, str]]:
        if session is None or session.over:
            gone = self.by_line.get(request.channel)
            if self.has("asks_after_end") and gone is not None:
                gone.asked, gone.asked_id = GetParameterValues(("InternetGatewayDevice.DeviceInfo.UpTime",)), "after-end"
                return 200, self._soap(gone.asked, gone.asked_id, gone.namespace), {}
            if gone is not None and gone.over and not request.getHeader("cookie"):
                return 204, b"", {}
            return self._refusal(request) or (400, b"", {})
        if session.asked is not None:
            return self._turn(session, None if self.has("no_answer_is_good") else CwmpFault(9002, "no answer"), answered=True)
        return self._turn(session, None)

    def _replied(self, session: Session, message: Any, rid: str | None) -> tuple[int, bytes, dict[str, str]]:
        if session.asked is None:
            return 400, b"", {}
        wanted = type(session.asked).__name__ + "Response"
        foreign = rid is not None and rid.strip() not in ("", session.asked_id) and not self.has("any_answer")
        if foreign or (not isinstance(message, CwmpFault) and type(message).__name__ != wanted):
            self._end(session)
            return 400, b"", {}
        if isinstance(message, CwmpFault) and self.has("asks_for_ever"):
            return self._ask(session, session.asked)
        if isinstance(message, CwmpFault) and self.has("fault_is_good"):
            message = None
        return self._turn(session, message, answered=True)

    # ---- its turn ----------------------------------------------------------------------------------------------

    def _turn(self, session: Session, answer: Any, answered: bool = False) -> tuple[int, bytes, dict[str, str]]:
        """The next question of the task at hand, of the next one, or the end."""
        session.asked = None
        while True:
            if session.steps is None:
                waiting = [
                    task
                    for task in self.tasks.get(session.device, ())
                    if task.outcome.state == "pending" and id(task) not in session.waited
                ]
                if not waiting:
                    return self._over(session)
                session.task, answered = waiting[0], False
                session.steps = session.task.run(session.task, session)
            assert session.task is not None
            try:
                question = session.steps.send(answer) if answered else next(session.steps)
            except StopIteration as stop:
                if stop.value is None:
                    session.waited.add(id(session.task))
                else:
                    session.task.outcome = stop.value
                session.steps = None
                continue
            return self._ask(session, question)

    def _ask(self, session: Session, question: Any) -> tuple[int, bytes, dict[str, str]]:
        session.asked = question
        session.asked_id = "same" if self.has("same_request_id") else secrets.token_hex(6)
        return 200, self._soap(question, session.asked_id, session.namespace, own=True), self._cookie(session)

    def _over(self, session: Session) -> tuple[int, bytes, dict[str, str]]:
        headers = self._cookie(session)
        if session.held and not self.has("hold_for_ever"):
            session.held = False  # an empty answer releases it, and the device may go on
            return 204, b"", headers
        self._end(session)
        if self.has("says_ok"):
            return 200, b"OK", headers
        return (200 if self.has("empty_200") else 204), b"", headers

    def _end(self, session: Session) -> None:
        session.over = True
        self.ended[session.cookie] = session
        self.by_cookie.pop(session.cookie, None)
        self.by_device.pop(session.device, None)

    def _soap(self, message: Any, rid: str | None, namespace: str, hold: bool = False, extra: Any = (), own: bool = False) -> bytes:
        if not own:
            rid = "mine-1" if self.has("wrong_id") else None if self.has("no_id") else rid
            rid = rid.strip() if rid is not None and self.has("id_stripped") else rid
        body = encode(message, rid, "urn:dslforum-org:cwmp-1-0" if self.has("wrong_namespace") else namespace, hold, extra)
        if self.has("no_detail"):
            body = re.sub(rb"<detail>.*</detail>", b"", body)
        if self.has("no_max_envelopes"):
            body = body.replace(b"<MaxEnvelopes>1</MaxEnvelopes>", b"")
        if self.has("qualified"):
            body = re.sub(rb"<(/?)(MaxEnvelopes|MethodList)([ >])", rb"<\1cwmp:\2\3", body)
        if self.has("two_elements"):
            name = type(message).__name__.encode()
            body = body.replace(b"</cwmp:" + name + b">", b"</cwmp:" + name + b"><cwmp:Other/>")
        if self.has("wrong_count"):
            body = re.sub(rb'(arrayType="[^"\[]*\[)', rb"\g<1>1", body)
        if self.has("all_strings"):
            body = re.sub(rb'xsi:type="xsd:\w+"', b'xsi:type="xsd:string"', body)
        if self.has("raw_text"):
            body = re.sub(rb"(<Value[^>]*>)\s*(.*?)\s*</Value>", rb"\1\2</Value>", body)
        if self.has("soap_prefix"):
            body = body.replace(b"SOAP-ENV", b"soap")
        if self.has("xml_declaration"):
            body = b'<?xml version="1.0" encoding="UTF-8"?>\n' + body
        return body


class _Quiet(Site):
    noisy = False
    displayTracebacks = False

    def log(self, request: Any) -> None:
        """No access log."""


class _Bounded(Request):
    """Refuses a body without bound by its announced length."""

    def process(self) -> None:
        if self.channel is not None and self.channel.transport is not None:  # else it was cut before it was read
            super().process()

    def gotLength(self, length: int | None) -> None:
        if length is not None and length > LIMIT:
            self.channel.transport.write(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            self.channel.loseConnection()
            return
        super().gotLength(length)


# ---- what it can be asked to do ----------------------------------------------------------------------------------


@dataclass
class Teller:
    """The driver of a StandIn, in the same process."""

    acs: StandIn
    name: str = "stand-in"
    capabilities: frozenset[str] = frozenset({"read", "write", "add", "delete", "attributes", "names", "reboot", "download"})

    async def open(self) -> None:
        """Nothing to open."""

    async def prepare(self, device: Identified) -> None:
        """It takes every device with the password."""

    async def ask(self, device: Identified, action: str, **args: Any) -> Any:
        run = getattr(self, f"_{action}")
        task = Task(lambda task, session: run(task, session, **args))
        self.acs.tasks.setdefault(device.key, deque()).append(task)
        return task

    async def outcome(self, handle: Any) -> Outcome:
        pause: Deferred[None] = Deferred()
        self.acs.reactor.callLater(0, pause.callback, None)
        await pause
        found: Outcome = handle.outcome
        return found

    def _read(self, _task: Task, _session: Session, paths: list[str]) -> Step:
        found: dict[str, str] = {}
        waiting = deque([tuple(paths)])
        while waiting:
            names = waiting.popleft()
            answer = yield GetParameterValues(names)
            if isinstance(answer, CwmpFault):
                if answer.code != 9004 or len(names) == 1:
                    return _failed(answer)
                waiting += [names[: len(names) // 2], names[len(names) // 2 :]]
            elif answer is not None:
                found |= {item.name: item.value for item in answer.parameter_list}
        return Outcome("done", str(found))

    def _write(self, _task: Task, _session: Session, values: list[list[str]]) -> Step:
        wanted = tuple(ParameterValueStruct(*value) for value in values)
        answer = yield SetParameterValues(wanted, "")
        if isinstance(answer, CwmpFault):
            return _failed(answer)
        back = yield GetParameterValues(tuple(item.name for item in wanted))
        if isinstance(back, CwmpFault) or back is None or self.acs.has("no_read_back"):
            return Outcome("done")
        now = {item.name: item.value for item in back.parameter_list}
        wrong = [item.name for item in wanted if now.get(item.name, "") not in ("", item.value)]
        return Outcome("failed", f"{wrong} did not hold: {[now[name] for name in wrong]}") if wrong else Outcome("done")

    def _add(self, _task: Task, _session: Session, table: str, values: list[list[str]]) -> Step:
        answer = yield AddObject(table, "")
        if isinstance(answer, CwmpFault):
            return _failed(answer)
        number = 1 if self.acs.has("assumes_1") else answer.instance_number if answer is not None else 0
        if number < 1:
            return Outcome("failed", "no instance number")
        if values:
            answer = yield SetParameterValues(
                tuple(ParameterValueStruct(f"{table}{number}.{leaf}", text, kind) for leaf, text, kind in values), ""
            )
            if isinstance(answer, CwmpFault):
                if not self.acs.has("leaves_rows"):
                    yield DeleteObject(f"{table}{number}.", "")
                return _failed(answer)
        return Outcome("done", f"instance {number}")

    def _delete(self, _task: Task, _session: Session, path: str) -> Step:
        answer = yield DeleteObject(path, "")
        return _failed(answer) if isinstance(answer, CwmpFault) else Outcome("done")

    def _attributes(self, _task: Task, _session: Session, paths: list[str], notification: int) -> Step:
        answer = yield SetParameterAttributes(tuple(SetParameterAttributesStruct(path, True, notification, False, ()) for path in paths))
        return _failed(answer) if isinstance(answer, CwmpFault) else Outcome("done")

    def _names(self, _task: Task, _session: Session, path: str) -> Step:
        answer = yield GetParameterNames(path, False)
        return _failed(answer) if isinstance(answer, CwmpFault) else Outcome("done")

    def _reboot(self, task: Task, session: Session) -> Step:
        booted = any(event.event_code.startswith(("1 BOOT", "M Reboot")) for event in session.inform.event)
        if "sent" in task.memo and not self.acs.has("reboots_again"):
            if not booted:
                return None
            return None if self.acs.has("boot_unseen") else Outcome("done")
        task.memo["sent"] = True
        answer = yield Reboot(task.key)
        return _failed(answer) if isinstance(answer, CwmpFault) and answer.text != "no answer" else None

    def _download(self, task: Task, session: Session, image: bytes, file_name: str, version: str, force: bool = False) -> Step:
        if "sent" not in task.memo or self.acs.has("downloads_again"):
            task.memo["sent"] = token = secrets.token_hex(16)
            self.acs.files[token] = image
            url = f"http://127.0.0.1:{self.acs.port.getHost().port}/files/{token}/{file_name}"
            size = 0 if self.acs.has("no_size") else len(image)
            answer = yield Download(task.key, "1 Firmware Upgrade Image", url, "", "", size, file_name, 0, "", "")
            if isinstance(answer, CwmpFault):
                return _failed(answer)
            task.memo["now"] = answer is not None and answer.status == 0
            return None
        yield from ()
        informed = {item.name.rpartition(".")[2]: item.value for item in session.inform.parameter_list}
        report = session.reports.get(task.key) or (next(iter(session.reports.values()), None) if self.acs.has("any_report") else None)
        if report is not None and report.fault_struct.fault_code:
            return Outcome("failed", report.fault_struct.fault_string, report.fault_struct.fault_code)
        if informed.get("SoftwareVersion") == version and (report is not None or task.memo["now"] or "1 BOOT" in str(session.inform.event)):
            return Outcome("done", version)
        if report is not None and (self.acs.has("believes_reports") or self.acs.has("any_report")):
            return Outcome("done")
        return Outcome("failed", "not applied") if report is not None else None


def _failed(fault: CwmpFault) -> Outcome:
    return Outcome("failed", f"{fault.code} {fault.text} {[(p.name, p.code) for p in fault.parameters]}", fault.code)

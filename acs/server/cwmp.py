"""The CWMP resource: which session a POST belongs to, who may speak, and what is answered. Thin: decode, conversation, encode.

Sessions belong to a cookie and a device, never to an address; a device that keeps no cookie is known by its connection (quirk K-5). A cookie
of another worker is taken over from the database. An exception ends one session, with a fault and a record; never the process.
"""

import gzip
import re
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from acs import log
from acs.cwmp.apart import DecoderApart
from acs.cwmp.codec import Envelope, encode, encode_refusal
from acs.cwmp.events import BOOT, BOOTSTRAP, CONNECTION_REQUEST, normalised
from acs.cwmp.faults import ACS_FAULTS, AcsProtocolError, CpeProtocolError, CwmpFault
from acs.cwmp.identity import identity_of
from acs.cwmp.messages import Inform
from acs.cwmp.session import EMPTY_POST, EmptyPost, State
from acs.devices.informs import InformOut
from acs.provisioning.runner import Task
from acs.server.admission import Admission
from acs.server.auth import CpeAuthenticator
from acs.server.batch import Takeover
from acs.server.commit import GroupCommit, Overloaded
from acs.server.conversation import Conversation, NotRebuilt, SessionLost, new_token, rebuild, values_of
from acs.server.http import Connection, Request, Response
from acs.server.login.entrance import Entrance, Turned
from acs.server.redirects import Redirects

COOKIE = "hl"
MOST_TRACED, TRACED_WHEN_MANY = 256 * 1024 * 1024, 64 * 1024
"""What the records of all live sessions may hold in memory; beyond it each keeps only so much, and how its later messages began."""
_OURS = re.compile(r"[0-9a-f]{34}-[0-9]{1,18}")
"""What we hand out: anything else is nobody's session and is not looked up."""
_XML = (b"Content-Type", b"text/xml; charset=utf-8")

_TELLING = tuple((name.encode(), name) for name in ("user-agent", "content-type", "soapaction", "content-encoding", "transfer-encoding"))

_log = log.get("cwmp")
_sessions = Counter("hearthline_sessions_total", "CWMP sessions by outcome", ["outcome"])
_informs = Counter("hearthline_informs_total", "Informs by first event", ["event"])
_refusals = Counter("hearthline_cwmp_refused_total", "messages refused, by reason", ["reason"])
_tolerated = Counter("hearthline_cwmp_tolerated_total", "messages that break a rule and were read all the same")
_live = Gauge("hearthline_sessions_live", "sessions under way")
_seconds = Histogram(
    "hearthline_inform_answer_seconds", "from Inform to answer", buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
)
_ok_sessions = _sessions.labels("ok")


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings say about sessions."""

    worker: int
    tenant: int
    session_timeout_s: float
    session_timeout_max_s: float
    max_sessions: int
    max_body: int
    recorder: str
    record_bytes: int
    kicked_url: str = ""


@dataclass
class CwmpHandler:
    """Serves the CWMP port of one worker. `load` reads a device's open operations, `take_over` claims another worker's session."""

    policy: Policy
    commit: GroupCommit
    auth: CpeAuthenticator
    now: Callable[[], datetime]
    load: Callable[[int], Awaitable[list[Task]]]
    take_over: Callable[[int, str, int | None], Awaitable[Takeover | None]]
    redirects: Redirects = field(default_factory=Redirects)
    entrance: Entrance = None  # type: ignore[assignment]
    """Left out, one that knows the logins of `auth` and no other rule."""
    admission: Admission = field(default_factory=Admission)
    decode: DecoderApart = field(default_factory=DecoderApart)
    _by_token: dict[str, Conversation] = field(default_factory=dict)
    _by_device: dict[int, Conversation] = field(default_factory=dict)
    _ended: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        if self.entrance is None:
            self.entrance = Entrance(self.auth)

    async def __call__(self, request: Request) -> Response:
        self.entrance.see(request, self.now())
        if request.method != b"POST":
            _refusals.labels("method").inc()
            return Response(405, b"", ((b"Allow", b"POST"),))
        try:
            body = _decoded_body(request, self.policy.max_body)
            return await self._post(request, body)
        except CpeProtocolError as error:
            return self._refused(request, error, None)
        except Overloaded:
            _refusals.labels("overload").inc()
            return self._later()

    # ---- one POST --------------------------------------------------------------------------------------

    async def _post(self, request: Request, body: bytes) -> Response:
        conversation = await self._find(request)
        if conversation is None and (wait_s := self.admission.refuses(body)) is not None:
            return self._later(wait_s)
        envelope: Envelope | EmptyPost = EMPTY_POST
        if body.strip():
            try:
                envelope = self.decode(body, _charset(request))
            except CpeProtocolError as error:
                return self._refused(request, error, conversation, body)
            if envelope.tolerances:
                _tolerated.inc()
                what = "; ".join(each.partition(":")[0] for each in envelope.tolerances)
                _log.info("tolerated", peer=request.peer, device=_number_of(conversation), what=what)
        if isinstance(envelope, Envelope) and isinstance(envelope.message, Inform) and not _is_repetition(conversation, envelope):
            if conversation is not None and _is_of(conversation, envelope.message):
                self._abandon(conversation, "lost", "the device began a new session")
            return await self._begin(request, envelope, body, self.decode.shape)
        if conversation is None:
            return await self._stray(request, envelope)
        return await self._go_on(conversation, envelope, body, request, self.decode.shape)

    async def _begin(self, request: Request, envelope: Envelope, body: bytes, shape: bytes) -> Response:
        """An Inform: log in, store, answer."""
        now = self.now()
        entry = await self.entrance.admit(request, envelope.message, now)
        if isinstance(entry, Turned):
            return _turned(request, entry)
        identity = identity_of(envelope.message.device_id)
        if (target := self.redirects.target(identity.key)) is not None:
            return Response(307, b"", ((b"Location", target.encode()),))
        # Anybody can say that he is awaited: twice as many, not any number.
        if len(self._by_token) >= self.policy.max_sessions * (2 if _is_awaited(envelope.message) else 1):
            _refusals.labels("sessions").inc()
            self.entrance.overloaded(request, envelope.message, now)
            return self._later()
        conversation = Conversation(
            new_token(self.policy.worker), self.commit, request.peer, now, self.policy.session_timeout_s, self.policy.recorder,
            self.policy.record_bytes, login=entry.login.kind, held=entry.held, who=request.who, kicked_url=self.policy.kicked_url,
        )  # fmt: skip
        conversation.note(True, body, 0, now, _client_headers(request), values_of(envelope.message, shape))
        try:
            answer = await conversation.inform(envelope, now, self.policy.tenant, self.policy.session_timeout_max_s)
        except CpeProtocolError as error:
            return self._refused(request, error, conversation)
        except Overloaded:
            raise
        except Exception:  # what was not stored is not acknowledged: its events would be lost (conformance D-12)
            _log.exception("an Inform could not be stored", device=identity.key, peer=request.peer)
            _refusals.labels("storage").inc()
            return self._later()
        assert conversation.device is not None
        self._hold(conversation, request.connection)
        _informs.labels(conversation.device.events[0] if conversation.device.events else "none").inc()
        self.admission.came(conversation.device.events)
        _tell(conversation.device, identity.key)
        self.entrance.came_in(identity, conversation.device.device_id)
        _seconds.observe((self.now() - now).total_seconds())
        return self._answer(conversation, answer, request)

    async def _go_on(
        self, conversation: Conversation, envelope: Envelope | EmptyPost, body: bytes, request: Request, shape: bytes = b""
    ) -> Response:
        if conversation.busy:  # the device asked again on another connection while we still store: the first one gets the answer
            _refusals.labels("twice").inc()
            return Response(503, b"", ((b"Retry-After", b"5"),), close=True)
        now = self.now()
        conversation.touch(now)
        conversation.note(True, body, 0, now, values=values_of(envelope.message, shape) if isinstance(envelope, Envelope) else None)
        request.connection.state = conversation
        conversation.line = request.connection
        conversation.busy = True
        try:
            answer = await conversation.receive(envelope, body, now, self.load)
        except SessionLost:
            if (back := await self._came_back(conversation, request)) is not None:
                return await self._go_on(back, envelope, body, request)
            self._let_go(conversation)
            _sessions.labels("lost").inc()
            return Response(400, close=True)
        except CpeProtocolError as error:
            if (back := await self._came_back(conversation, request)) is not None:
                return await self._go_on(back, envelope, body, request)
            return self._refused(request, error, conversation)
        except Overloaded:
            _refusals.labels("overload").inc()
            self._abandon(conversation, "failed", "overloaded")
            return self._later()
        except AcsProtocolError as error:
            _log.exception("we were about to break the protocol", device=_number_of(conversation))
            self._abandon(conversation, "failed", f"our own error: {error}")
            return Response(500, close=True)
        except Exception as error:
            _log.exception("a session failed", device=_number_of(conversation))
            self._abandon(conversation, "failed", f"our own error: {error!r}")
            return Response(500, close=True)
        finally:
            conversation.busy = False
        if not answer:
            self._let_go(conversation)
            _ok_sessions.inc()
            return Response(204, headers=(_cookie(conversation, request),))
        return self._answer(conversation, answer, request)

    def _answer(self, conversation: Conversation, body: bytes, request: Request) -> Response:
        now = self.now()
        conversation.note(False, body, 200, now)
        conversation.touch(now)
        return Response(200, body, (_XML, _cookie(conversation, request)))

    # ---- which session ---------------------------------------------------------------------------------

    async def _find(self, request: Request) -> Conversation | None:
        """By cookie; without one, by connection. A cookie wins over the connection: proxies mix devices (quirk K-9)."""
        token, device_id = _cookie_of(request.headers.get(b"cookie", b""))
        if token:
            found = self._by_token.get(token)
            if found is not None:
                return found
            if token not in self._ended and device_id is not None:
                return await self._foreign(request, token, device_id)
            return None
        state = request.connection.state
        return state if isinstance(state, Conversation) and not state.over else None

    async def _came_back(self, conversation: Conversation, request: Request) -> Conversation | None:
        """What we know of the session does not fit: did it go on at another worker, between two messages to us? Then claim it again."""
        assert conversation.device is not None
        return await self._foreign(request, conversation.token, conversation.device.device_id, conversation)

    async def _foreign(self, request: Request, token: str, device_id: int, held: Conversation | None = None) -> Conversation | None:
        """A cookie we did not hand out: another worker's session, or ours from before a restart."""
        taken = await self.take_over(device_id, token, held.device.epoch if held is not None and held.device is not None else None)
        if taken is None:
            return None
        if held is not None:
            held.over = True  # its end was not its own
        policy = self.policy
        now = self.now()
        try:
            conversation = rebuild(
                taken, token, self.commit, request.peer, now, policy.session_timeout_s, policy.recorder, policy.record_bytes, self.decode
            )
        except NotRebuilt as error:
            _sessions.labels("lost").inc()
            error.conversation.abandon("lost", str(error), now)
            return None
        _log.info("took a session over", device=device_id)
        _sessions.labels("taken_over").inc()
        conversation.kicked_url = policy.kicked_url
        self._hold(conversation, request.connection)
        return conversation

    def _hold(self, conversation: Conversation, connection: Connection) -> None:
        device = conversation.device
        assert device is not None
        older = self._by_device.get(device.device_id)
        if older is not None and older is not conversation:
            self._abandon(older, "lost", "the device began a new session")
        self._by_token[conversation.token] = conversation
        self._ended.pop(conversation.token, None)
        conversation.line = connection
        self._by_device[device.device_id] = conversation
        connection.state = conversation
        _live.set(len(self._by_token))

    def _let_go(self, conversation: Conversation) -> None:
        self._by_token.pop(conversation.token, None)
        if conversation.device is not None and self._by_device.get(conversation.device.device_id) is conversation:
            del self._by_device[conversation.device.device_id]
        self._ended[conversation.token] = None
        if len(self._ended) > 20_000:
            self._ended.popitem(last=False)
        _live.set(len(self._by_token))

    def _abandon(self, conversation: Conversation, outcome: str, reason: str) -> None:
        if not conversation.over:
            _sessions.labels(outcome).inc()
            try:
                conversation.abandon(outcome, reason, self.now())
            except Overloaded:
                pass
        self._let_go(conversation)

    # ---- refusals --------------------------------------------------------------------------------------

    async def _stray(self, request: Request, envelope: Envelope | EmptyPost) -> Response:
        """A POST that belongs to no session. Empty: a challenge for who is not logged in (R-14), 204 for the end said once more (K-17)."""
        token, _ = _cookie_of(request.headers.get(b"cookie", b""))
        if isinstance(envelope, EmptyPost) and (token in self._ended or isinstance(request.connection.state, Conversation)):
            return Response(204)
        if (turned := await self.entrance.challenge_stranger(request, self.now())) is not None:
            return _turned(request, turned)
        _refusals.labels("no_session").inc()
        if isinstance(envelope, Envelope):
            return _fault(envelope, 8003, "a session begins with Inform")
        return Response(400, close=True)

    def _refused(self, request: Request, error: CpeProtocolError, conversation: Conversation | None, body: bytes = b"") -> Response:
        """Answer what a device did wrong, with a fault where one fits; its session ends and is kept for people to read."""
        _refusals.labels("protocol").inc()
        _log.info(
            "refused",
            peer=request.peer,
            reason=str(error)[:300],
            device=_number_of(conversation),
        )
        if conversation is not None and body:
            conversation.note(True, body, 0, self.now())
        session = conversation.session if conversation is not None else None
        answer = encode_refusal(error, session.reply_id, session.namespace) if session is not None else encode_refusal(error)
        status = error.status if answer is None else 200  # SOAP faults travel with 200 (conformance A-6)
        if conversation is not None:
            conversation.note(False, answer or b"", status, self.now())
            if error.fault is not None:
                conversation.note_fault(error.fault)
            self._abandon(conversation, "failed", str(error))
        return Response(status, answer or b"", (_XML,) if answer else (), close=True)

    def _later(self, wait_s: int | None = None) -> Response:
        """Too busy: come again, each at another time."""
        wait_s = self.admission.come_again_s() if wait_s is None else wait_s
        return Response(503, b"", ((b"Retry-After", b"%d" % wait_s),), close=True)

    @property
    def sessions(self) -> int:
        """How many are under way."""
        return len(self._by_token)

    # ---- from outside ----------------------------------------------------------------------------------

    def queued(self, device_id: int) -> bool:
        """An operation was queued: a session under way looks again before it ends. Whether there is one."""
        conversation = self._by_device.get(device_id)
        if conversation is not None and not conversation.over:
            conversation.check_queue = True
            return True
        return False

    def sweep(self) -> None:
        """End sessions whose device has been silent for too long. Who is in the middle of a message is not (quirk K-14)."""
        now = self.now()
        for conversation in [c for c in self._by_token.values() if c.deadline < now]:
            silent = conversation.line.silent_s() if conversation.line is not None else None
            if silent is not None and silent < conversation.timeout_s:
                conversation.stay(now)
                continue
            waiting = conversation.session.state is State.AWAITING_REPLY
            asked = f" to {type(conversation.session.asked).__name__}" if waiting else ""
            self._abandon(conversation, "lost", f"no answer{asked} within {conversation.timeout_s:.0f} s")
        if sum(conversation.traced for conversation in self._by_token.values()) > MOST_TRACED:
            for conversation in self._by_token.values():
                conversation.record_bytes = min(conversation.record_bytes, TRACED_WHEN_MANY)

    def stop(self) -> None:
        """End what is under way: the devices come again."""
        for conversation in list(self._by_token.values()):
            self._abandon(conversation, "lost", "the server stopped")
        self.decode.stop()


def _tell(device: InformOut, key: str) -> None:
    """What an operator at the console wants to know of an Inform."""
    if device.quarantined_now:
        log.announce(f"device {key} knocks for the first time and waits in quarantine")
    elif device.is_new:
        log.announce(f"device {key} came for the first time and is let in, firmware {device.software_version}")
    elif device.admitted_now:
        log.announce(f"device {key} is let in")
    elif BOOT in device.events:
        log.announce(f"device {key} restarted, firmware {device.software_version}")


def _number_of(conversation: Conversation | None) -> int | None:
    return conversation.device.device_id if conversation is not None and conversation.device is not None else None


def _is_repetition(conversation: Conversation | None, envelope: Envelope) -> bool:
    return (
        conversation is not None and conversation.session.state is State.CPE_TURN and conversation.session.is_same_inform(envelope.message)
    )


def _is_of(conversation: Conversation, inform: Inform) -> bool:
    """Whether the Inform is of the session's device: behind a proxy another one may use its connection (quirk K-9)."""
    return conversation.device is not None and conversation.device.key == identity_of(inform.device_id).key


def _is_awaited(inform: Inform) -> bool:
    """Somebody waits for this session: a call of ours was answered, or the device is new. Always admitted (architecture: rule 5)."""
    return any(normalised(event.event_code) in (CONNECTION_REQUEST, BOOTSTRAP) for event in inform.event)


def _cookie(conversation: Conversation, request: Request) -> tuple[bytes, bytes]:
    """Sent with every answer (K-4), for every path (K-3), of letters, digits and a dash only (K-6). Secure where it is (A-25)."""
    assert conversation.device is not None
    secure = "; Secure" if request.who.is_secret else ""
    return b"Set-Cookie", f"{COOKIE}={conversation.token}-{conversation.device.device_id}; Path=/; HttpOnly{secure}".encode()


def _cookie_of(header: bytes) -> tuple[str, int | None]:
    """(token, device) of our cookie, however the device joins, quotes or repeats cookies (K-1, K-2, R-16)."""
    for part in header.decode("latin-1").replace(",", ";").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            value = value.strip().strip('"')
            token, _, device_id = value.partition("-")
            if _OURS.fullmatch(value):
                return token, int(device_id)
    return "", None


def _turned(request: Request, turned: Turned) -> Response:
    """The answer to who is not let in; a challenge keeps the connection, and without a status there is none (A-94)."""
    if not turned.status:
        request.connection.idle()
    headers = [(b"WWW-Authenticate", header.encode()) for header in turned.challenges]
    if turned.retry_after_s:
        headers.append((b"Retry-After", b"%d" % turned.retry_after_s))
    return Response(turned.status, b"", tuple(headers), close=turned.status != 401)


def _fault(envelope: Envelope, code: int, text: str) -> Response:
    body = encode(CwmpFault(code, text or ACS_FAULTS[code]), envelope.id, envelope.namespace)
    return Response(200, body, (_XML,), close=True)


def _client_headers(request: Request) -> tuple[tuple[str, str], ...]:
    """What tells one kind of client from another, for the record: no login, no cookie."""
    given = request.headers
    return tuple((name, given[key].decode("latin-1")[:200]) for key, name in _TELLING if key in given)


def _charset(request: Request) -> str | None:
    content_type = request.headers.get(b"content-type", b"").decode("latin-1").lower()
    _, found, charset = content_type.partition("charset=")
    return charset.split(";")[0].strip(" \"'") if found else None


def _decoded_body(request: Request, limit: int) -> bytes:
    """The body without its Content-Encoding; an empty one is never fed to a decompressor (R-13). CpeProtocolError beyond the limit."""
    coding = request.headers.get(b"content-encoding", b"").strip().lower()
    body = request.body
    if not body or coding in (b"", b"identity"):
        return body
    if coding not in (b"gzip", b"x-gzip", b"deflate"):
        raise CpeProtocolError(f"Content-Encoding {coding.decode('latin-1')[:40]!r} is not supported", status=415)
    try:
        if coding == b"deflate":
            try:
                return _inflate(body, zlib.MAX_WBITS, limit)
            except zlib.error:
                return _inflate(body, -zlib.MAX_WBITS, limit)
        return _inflate(body, zlib.MAX_WBITS | 16, limit)
    except (zlib.error, gzip.BadGzipFile) as error:
        raise CpeProtocolError(f"broken {coding.decode('latin-1')} body: {error}") from None


def _inflate(body: bytes, bits: int, limit: int) -> bytes:
    inflater: Any = zlib.decompressobj(bits)
    out: bytes = inflater.decompress(body, limit + 1)
    if len(out) > limit:
        raise CpeProtocolError(f"the body is larger than {limit} bytes unpacked", status=413)
    return out

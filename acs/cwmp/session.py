"""The CWMP session as the ACS sees it: whose turn it is, and what may be said.

Every change of state happens in this file. It knows no HTTP, no clock and no database; acs/server/conversation.py feeds it and
tests/acs/cwmp/test_session.py scripts it. Follows TR-069 Amendment 6 §3.7 (conformance A.4, A.6, B.2).
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from acs.cwmp.codec import Envelope, RawRpc, UnknownRpc, encode
from acs.cwmp.faults import AcsProtocolError, CpeProtocolError, CwmpFault
from acs.cwmp.messages import (
    ACS_METHODS,
    CLASSES,
    SINCE,
    AutonomousDUStateChangeComplete,
    AutonomousDUStateChangeCompleteResponse,
    AutonomousTransferComplete,
    AutonomousTransferCompleteResponse,
    DUStateChangeComplete,
    DUStateChangeCompleteResponse,
    GetRPCMethods,
    GetRPCMethodsResponse,
    Inform,
    InformResponse,
    Kicked,
    KickedResponse,
    RequestDownload,
    RequestDownloadResponse,
    TransferComplete,
    TransferCompleteResponse,
)

OUR_VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4")


class State(Enum):
    AWAITING_INFORM = auto()  # nothing but an Inform is legal
    CPE_TURN = auto()  # the device may send RPCs of its own
    ACS_TURN = auto()  # the device posted empty, or answered: we may ask
    AWAITING_REPLY = auto()  # one question is out, never two
    ENDED = auto()


class EmptyPost:
    """A POST without a body: "it is your turn"."""


EMPTY_POST = EmptyPost()


@dataclass(frozen=True, slots=True)
class Informed:
    """An Inform came: decide, store, then `inform_response`. `repeated` if it is the same one again (our answer got lost)."""

    inform: Inform
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class CpeCalled:
    """The device called one of our methods: store what it says, then `reply` with `answer`."""

    request: Any
    answer: Any


@dataclass(frozen=True, slots=True)
class Replied:
    """The answer to our question: a response, a CwmpFault, or None where the device posted empty instead (lesson R-3)."""

    answer: Any


@dataclass(frozen=True, slots=True)
class YourTurn:
    """The device has no more to say: `ask` something or `end`."""


Received = Informed | CpeCalled | Replied | YourTurn

_CPE_CALLS: dict[type, Any] = {
    GetRPCMethods: GetRPCMethodsResponse(ACS_METHODS),
    TransferComplete: TransferCompleteResponse(),
    AutonomousTransferComplete: AutonomousTransferCompleteResponse(),
    DUStateChangeComplete: DUStateChangeCompleteResponse(),
    AutonomousDUStateChangeComplete: AutonomousDUStateChangeCompleteResponse(),
    RequestDownload: RequestDownloadResponse(),
    Kicked: KickedResponse(),
}
"""What a device may call beside Inform (conformance C-3), and what it is answered where nothing better is known."""


@dataclass(slots=True)
class CwmpSession:
    """One session. `receive` says what came in; `inform_response`, `reply`, `ask` and `end` make what goes out.

    `can_ask` is whether it is our turn. A device that never posts empty (K-16) still gives us a turn by answering.
    """

    namespace: str = ""
    version: str = "1.0"
    state: State = State.AWAITING_INFORM
    asked: Any = None
    asked_id: str = ""
    inform_id: str | None = None
    announced: tuple[str, ...] = ()
    session_timeout_s: int | None = None
    reply_id: str | None = None
    asked_count: int = 0
    _inform: Inform | None = None

    def is_same_inform(self, inform: Inform) -> bool:
        """Whether it is the Inform this session began with: sent again because our answer was slow or lost."""
        return inform == self._inform

    # ---- in ------------------------------------------------------------------------------------------------

    def receive(self, envelope: Envelope | EmptyPost) -> Received:
        """What a POST means in this state. CpeProtocolError for what is illegal; the state is then unchanged unless it ends."""
        if self.state is State.ENDED:
            raise CpeProtocolError("the session is over")
        if isinstance(envelope, EmptyPost):
            return self._receive_empty()
        message = envelope.message
        self.reply_id = envelope.id
        if isinstance(message, Inform):
            return self._receive_inform(message, envelope)
        if self.state is State.AWAITING_INFORM:
            raise CpeProtocolError(f"a session begins with Inform, not with {type(message).__name__}", fault=8003)
        if isinstance(message, CwmpFault) or _name(message).endswith("Response"):
            return self._receive_reply(message, envelope.id)
        return self._receive_call(message)

    def _receive_empty(self) -> Received:
        if self.state is State.AWAITING_INFORM:
            raise CpeProtocolError("a session begins with Inform, not with an empty POST")
        if self.state is State.AWAITING_REPLY:
            return self._answered(None)
        self.state = State.ACS_TURN
        return YourTurn()

    def _receive_inform(self, inform: Inform, envelope: Envelope) -> Received:
        if self.state is not State.AWAITING_INFORM:
            if inform == self._inform and self.state is State.CPE_TURN:
                self.inform_id = envelope.id
                return Informed(inform, repeated=True)
            raise CpeProtocolError("a second, different Inform within the session", fault=8003)
        self.namespace = envelope.namespace  # a refusal goes out in it too
        if not inform.device_id.serial_number.strip():
            raise CpeProtocolError("the Inform names no SerialNumber", fault=8003)
        self.announced = envelope.headers.supported_versions
        self.session_timeout_s = envelope.headers.session_timeout_s
        self.version = negotiate(envelope)
        self.inform_id = envelope.id
        self._inform = inform
        self.state = State.CPE_TURN
        return Informed(inform)

    def _receive_reply(self, message: Any, rid: str | None) -> Received:
        if self.state is not State.AWAITING_REPLY:
            raise CpeProtocolError(f"{_name(message)} answers nothing we asked")
        if rid is not None and rid.strip() not in ("", self.asked_id):  # none, empty, or with a line feed: quirk K-28
            raise CpeProtocolError(f"the answer carries ID {rid[:40]!r}, the question had {self.asked_id!r}")
        expected = _name(self.asked) + "Response"
        if not isinstance(message, CwmpFault) and _name(message) != expected:
            raise CpeProtocolError(f"{_name(message)} came where {expected} was due")
        return self._answered(message)

    def _answered(self, message: Any) -> Replied:
        self.state = State.ACS_TURN
        self.asked = None
        return Replied(message)

    def _receive_call(self, message: Any) -> Received:
        """A request of the device's own. Answered in any turn but when it owes us an answer (conformance A-44, lesson R-4)."""
        if self.state is State.AWAITING_REPLY:
            raise CpeProtocolError(f"{_name(message)} came where the answer to {_name(self.asked)} was due")
        answer = _CPE_CALLS.get(type(message))
        return CpeCalled(message, CwmpFault(8000, f"{_name(message)} is not supported") if answer is None else answer)

    # ---- out -----------------------------------------------------------------------------------------------

    def inform_response(self) -> bytes:
        """The answer to Inform, in the CPE's namespace; UseCWMPVersion only for a device that announced versions (B-21, B-24)."""
        extra = [("UseCWMPVersion", self.version, 1)] if self.announced else []
        return encode(InformResponse(max_envelopes=1), self.inform_id, self.namespace, extra_headers=extra)

    def reply(self, answer: Any) -> bytes:
        """The answer to a call of the device's."""
        return encode(answer, self.reply_id, self.namespace)

    def ask(self, request: Any, hold: bool = False) -> bytes:
        """Our question. AcsProtocolError when it is not our turn: one question at a time (conformance A-49), or the device is too old (B-27).

        `hold` is HoldRequests: the device answers and asks nothing of its own until a response without it (conformance A-82).
        """
        name = _name(request)
        if self.state is not State.ACS_TURN:
            raise AcsProtocolError(f"{name} in state {self.state.name}")
        if name not in CLASSES and not isinstance(request, RawRpc):
            raise AcsProtocolError(f"{name} is no CWMP request")
        if not is_known_to(name, self.version):
            raise AcsProtocolError(f"{name} came with CWMP {SINCE[name]}; this device speaks {self.version}")
        rid = f"hl{self.asked_count + 1}"
        body = encode(request, rid, self.namespace, hold)  # what cannot be sent was never asked
        self.asked_count += 1
        self.asked, self.asked_id = request, rid
        self.state = State.AWAITING_REPLY
        return body

    def end(self) -> None:
        """We have nothing (more) to ask: the answer is 204. What the device still sends after it belongs to no session."""
        if self.state not in (State.ACS_TURN, State.CPE_TURN):
            raise AcsProtocolError(f"a session cannot end in state {self.state.name}")
        self.state = State.ENDED


def _name(message: Any) -> str:
    return message.name if isinstance(message, UnknownRpc | RawRpc) else type(message).__name__


def is_known_to(method: str, version: str) -> bool:
    """Whether a protocol version has this method; a vendor's own may be in any."""
    return OUR_VERSIONS.index(SINCE.get(method, "1.0")) <= (OUR_VERSIONS.index(version) if version in OUR_VERSIONS else 0)


def negotiate(envelope: Envelope, ours: tuple[str, ...] = OUR_VERSIONS) -> str:
    """The protocol version of a session (conformance B-20 to B-25). CpeProtocolError 8006 where there is no common one."""
    announced = envelope.headers.supported_versions
    if announced:
        common = [version for version in ours if version in announced]
        if not common:
            raise CpeProtocolError(f"no common CWMP version: the device speaks {', '.join(announced)[:80]}", fault=8006)
        return common[-1]
    minor = envelope.namespace.rpartition("-")[2]
    if minor == "2":
        return "1.3" if envelope.headers.session_timeout_s is not None else "1.2"
    return f"1.{min(int(minor), 4)}" if minor.isdigit() else "1.0"


def resumed(namespace: str, version: str, asked: Any, asked_id: str, asked_count: int) -> CwmpSession:
    """A session another worker began: in the state after its last committed step (architecture §3, rule 3)."""
    session = CwmpSession(namespace=namespace, version=version, asked=asked, asked_id=asked_id, asked_count=asked_count)
    session.state = State.AWAITING_REPLY if asked is not None else State.CPE_TURN
    return session

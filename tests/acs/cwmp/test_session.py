"""Sessions as scripts, and every state with every kind of message."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from acs.cwmp import messages as m
from acs.cwmp.codec import Envelope, Headers, UnknownRpc, decode, encode, raw_rpc
from acs.cwmp.faults import AcsProtocolError, CpeProtocolError, CwmpFault
from acs.cwmp.messages import (
    ACS_METHODS,
    CLASSES,
    DeviceIdStruct,
    EventStruct,
    FaultStruct,
    GetParameterValues,
    GetParameterValuesResponse,
    GetRPCMethods,
    GetRPCMethodsResponse,
    Inform,
    InformResponse,
    ParameterValueStruct,
    Reboot,
    RebootResponse,
    SetParameterAttributes,
    TransferComplete,
    TransferCompleteResponse,
)
from acs.cwmp.session import (
    EMPTY_POST,
    OUR_VERSIONS,
    CpeCalled,
    CwmpSession,
    EmptyPost,
    Informed,
    Replied,
    State,
    YourTurn,
    negotiate,
    resumed,
)

NAMESPACE = "urn:dslforum-org:cwmp-1-2"
END_OF_SESSION = object()


def inform(*events: str, serial: str = "SN1") -> Inform:
    return Inform(DeviceIdStruct("Zyxel", "00A0C5", "Router", serial), tuple(EventStruct(code, "") for code in events), 1)


def values(**given: str) -> GetParameterValuesResponse:
    return GetParameterValuesResponse(tuple(ParameterValueStruct(f"Device.DeviceInfo.{name}", text) for name, text in given.items()))


@dataclass
class Playbook:
    """A session as a script: `play >> what the device posts << what we answer`.

    Whatever is in `queued` is asked when it is our turn; then the session ends. Answers to our questions carry the ID of the question.
    """

    queued: list[Any] = field(default_factory=list)
    namespace: str = NAMESPACE
    headers: Headers = field(default_factory=Headers)
    session: CwmpSession = field(default_factory=CwmpSession)
    replies: list[Any] = field(default_factory=list)
    answer: Any = None
    rid: str | None = None
    posts: int = 0

    def __rshift__(self, posted: Any) -> "Playbook":
        return self.post(posted)

    def post(self, posted: Any, rid: str | None = "own") -> "Playbook":
        self.posts += 1
        is_answer = isinstance(posted, CwmpFault) or type(posted).__name__.endswith("Response")
        if rid == "own":
            rid = self.session.asked_id if is_answer else f"cpe{self.posts}"
        self.rid = rid
        envelope = posted if isinstance(posted, EmptyPost) else _on_the_wire(Envelope(posted, rid, self.namespace, self.headers))
        self._react(self.session.receive(envelope))
        return self

    def _react(self, received: Any) -> None:
        match received:
            case Informed():
                self._answered(self.session.inform_response())
            case CpeCalled():
                self._answered(self.session.reply(received.answer))
            case Replied() | YourTurn():
                if isinstance(received, Replied):
                    self.replies.append(received.answer)
                if self.queued:
                    self._answered(self.session.ask(self.queued.pop(0)))
                else:
                    self.session.end()
                    self.answer = END_OF_SESSION

    def _answered(self, body: bytes) -> None:
        envelope = decode(body)
        assert envelope.namespace == self.namespace
        self.answer, self.rid_of_answer = envelope.message, envelope.id

    def __lshift__(self, expected: Any) -> "Playbook":
        assert self.answer == expected
        return self


def _on_the_wire(envelope: Envelope) -> Envelope:
    """As it looks when it was encoded by the device and decoded by us."""
    if isinstance(envelope.message, UnknownRpc):
        return envelope
    read = decode(encode(envelope.message, envelope.id, envelope.namespace))
    return Envelope(read.message, read.id, read.namespace, envelope.headers)


def refused(play: Playbook, posted: Any, rid: str | None = "own") -> CpeProtocolError:
    with pytest.raises(CpeProtocolError) as caught:
        play.post(posted, rid)
    return caught.value


READ = GetParameterValues(("Device.DeviceInfo.",))
DONE = TransferComplete("k1", FaultStruct(0, ""), "2026-03-01T10:00:00Z", "2026-03-01T10:01:00Z")


# ---- scripts ---------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("L-1", "A-42", "A-50", "A-55", "A-88")
def test_session_with_nothing_to_do_is_an_inform_and_an_empty_post():
    play = Playbook()
    play.post(inform("2 PERIODIC"), "17") << InformResponse(1)
    assert play.rid_of_answer == "17"
    play >> EMPTY_POST << END_OF_SESSION
    assert play.session.state is State.ENDED


@pytest.mark.cwmp("L-2", "A-46")
def test_device_that_posts_empty_is_asked_what_is_queued():
    play = Playbook(queued=[READ])
    play >> inform("2 PERIODIC") << InformResponse(1)
    play >> EMPTY_POST << READ
    play >> values(SoftwareVersion="3.1") << END_OF_SESSION
    assert play.replies == [values(SoftwareVersion="3.1")]


@pytest.mark.cwmp("A-49")
def test_the_second_question_waits_for_the_first_answer():
    play = Playbook(queued=[READ, Reboot("r7")])
    play >> inform("2 PERIODIC") << InformResponse(1)
    play >> EMPTY_POST << READ
    play >> values(UpTime="1") << Reboot("r7")
    play >> RebootResponse() << END_OF_SESSION


@pytest.mark.cwmp("A-43")
def test_device_reports_a_transfer_before_it_gives_us_the_turn():
    play = Playbook()
    play >> inform("7 TRANSFER COMPLETE", "M Download") << InformResponse(1)
    play >> DONE << TransferCompleteResponse()
    play >> EMPTY_POST << END_OF_SESSION


@pytest.mark.cwmp("A-47", "C-11")
def test_device_asks_our_methods_then_is_asked():
    play = Playbook(queued=[READ])
    play >> inform("1 BOOT") << InformResponse(1)
    play >> GetRPCMethods() << GetRPCMethodsResponse(ACS_METHODS)
    play >> EMPTY_POST << READ
    play >> values() << END_OF_SESSION


@pytest.mark.quirk("R-4")
def test_transfers_are_answered_before_the_first_empty_post_also_twice_and_without_their_event():
    play = Playbook(queued=[READ])
    play >> inform("2 PERIODIC") << InformResponse(1)
    play >> DONE << TransferCompleteResponse()
    play >> DONE << TransferCompleteResponse()
    play >> EMPTY_POST << READ


@pytest.mark.quirk("R-3")
def test_an_empty_post_in_place_of_an_answer_is_a_missing_answer_and_the_session_goes_on():
    play = Playbook(queued=[SetParameterAttributes(), READ])
    play >> inform("2 PERIODIC") << InformResponse(1)
    play >> EMPTY_POST << SetParameterAttributes()
    play >> EMPTY_POST << READ
    assert play.replies == [None]


def test_a_fault_is_an_answer_like_any_other():
    play = Playbook(queued=[READ])
    play >> inform("2 PERIODIC") << InformResponse(1)
    play >> EMPTY_POST << READ
    play >> CwmpFault(9005, "Invalid parameter name") << END_OF_SESSION
    assert play.replies == [CwmpFault(9005, "Invalid parameter name")]


def test_the_same_inform_again_is_answered_again_with_its_new_id():
    play = Playbook()
    play.post(inform("2 PERIODIC"), "1") << InformResponse(1)
    play.post(inform("2 PERIODIC"), "2") << InformResponse(1)
    assert play.rid_of_answer == "2"
    play >> EMPTY_POST << END_OF_SESSION


def test_the_same_inform_again_is_told_apart_from_the_first():
    session = CwmpSession()
    envelope = Envelope(inform("2 PERIODIC"), "1", NAMESPACE)
    assert session.receive(envelope) == Informed(envelope.message, repeated=False)
    assert session.is_same_inform(envelope.message)
    assert session.receive(envelope) == Informed(envelope.message, repeated=True)


@pytest.mark.parametrize("turns", [0, 1], ids=["before", "after"])
def test_another_inform_within_the_session_is_refused(turns):
    play = Playbook(queued=[READ])
    play >> inform("2 PERIODIC")
    for _ in range(turns):
        play >> EMPTY_POST
    assert refused(play, inform("1 BOOT")).fault == 8003


@pytest.mark.cwmp("A-41")
@pytest.mark.parametrize(
    "first", [GetRPCMethods(), DONE, values(), CwmpFault(9000), UnknownRpc("Kicked")], ids=lambda message: type(message).__name__
)
def test_a_session_that_does_not_begin_with_an_inform_is_refused(first):
    play = Playbook()
    assert refused(play, first).fault == 8003
    assert play.session.state is State.AWAITING_INFORM


@pytest.mark.cwmp("A-48")
def test_an_answer_to_another_question_is_refused():
    play = Playbook(queued=[READ])
    play >> inform("2 PERIODIC") >> EMPTY_POST
    assert "GetParameterValuesResponse was due" in str(refused(play, RebootResponse()))


@pytest.mark.cwmp("B-84")
@pytest.mark.parametrize(
    "stray", [RebootResponse(), CwmpFault(9002), UnknownRpc("X_00A0C5_FooResponse")], ids=lambda message: type(message).__name__
)
def test_an_answer_to_nothing_is_refused_without_a_fault(stray):
    play = Playbook()
    play >> inform("2 PERIODIC")
    error = refused(play, stray)
    assert (error.fault, error.status) == (None, 400)


@pytest.mark.cwmp("A-44")
def test_a_request_where_an_answer_was_due_is_refused():
    play = Playbook(queued=[READ])
    play >> inform("2 PERIODIC") >> EMPTY_POST
    assert "GetParameterValues was due" in str(refused(play, DONE))


@pytest.mark.cwmp("B-88", "E-40")
@pytest.mark.parametrize(
    "call", [UnknownRpc("X_00A0C5_Foo"), UnknownRpc("ScheduleUpload"), Reboot("x"), READ], ids=lambda message: type(message).__name__
)
def test_a_method_that_is_not_ours_is_answered_not_supported(call):
    play = Playbook()
    play >> inform("2 PERIODIC") >> call
    assert play.answer.code == 8000


def test_nothing_is_heard_after_the_end():
    play = Playbook()
    play >> inform("2 PERIODIC") >> EMPTY_POST
    refused(play, EMPTY_POST)
    refused(play, DONE)


@pytest.mark.parametrize("serial", ["", "  ", "\n"])
def test_an_inform_without_a_serial_number_is_refused_in_its_own_namespace(serial):
    play = Playbook()
    assert refused(play, inform("0 BOOTSTRAP", serial=serial)).fault == 8003
    assert (play.session.state, play.session.namespace) == (State.AWAITING_INFORM, NAMESPACE)


# ---- IDs -------------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("A-80")
@pytest.mark.quirk("K-28")
@pytest.mark.parametrize("rid", ["42", " 4 2\n", "", None])
def test_our_answers_carry_the_devices_id_as_it_wrote_it(rid):
    play = Playbook()
    play.post(inform("2 PERIODIC"), rid)
    assert play.rid_of_answer == rid
    play.post(DONE, rid)
    assert play.rid_of_answer == rid


@pytest.mark.cwmp("A-81")
def test_each_question_has_an_id_of_its_own():
    play = Playbook(queued=[READ, READ, READ])
    play >> inform("2 PERIODIC") >> EMPTY_POST
    seen = [play.rid_of_answer]
    for _ in range(2):
        play >> values()
        seen.append(play.rid_of_answer)
    assert len(set(seen)) == 3


@pytest.mark.cwmp("A-81")
def test_an_answer_with_another_id_is_refused():
    play = Playbook(queued=[READ])
    play >> inform("2 PERIODIC") >> EMPTY_POST
    assert refused(play, values(), "hl99").fault is None
    assert play.session.state is State.AWAITING_REPLY


@pytest.mark.cwmp("A-81")
@pytest.mark.quirk("K-28")
@pytest.mark.parametrize("rid", [None, "", "\n", " hl1", "hl1\n"])
def test_an_answer_whose_id_is_missing_or_padded_is_taken(rid):
    play = Playbook(queued=[READ])
    play >> inform("2 PERIODIC") >> EMPTY_POST
    play.post(values(), rid) << END_OF_SESSION


def test_a_question_that_cannot_be_encoded_was_never_asked():
    session = _in(State.ACS_TURN)
    with pytest.raises(AcsProtocolError):
        session.ask(Reboot("k" * 33))
    assert (session.state, session.asked, session.asked_count) == (State.ACS_TURN, None, 0)
    session.ask(Reboot("k"))
    assert session.asked_id == "hl1"


# ---- versions --------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("L-31", "B-20", "B-21", "B-25", "A-86")
def test_the_highest_common_version_is_chosen_and_said():
    session = CwmpSession()
    session.receive(Envelope(inform("1 BOOT"), "1", NAMESPACE, Headers(supported_versions=("1.0", "1.2", "1.4"))))
    assert b'<cwmp:UseCWMPVersion SOAP-ENV:mustUnderstand="1">1.4</cwmp:UseCWMPVersion>' in session.inform_response()
    announced = Envelope(inform("1 BOOT"), "1", NAMESPACE, Headers(supported_versions=("1.0", "1.2", "1.4")))
    assert negotiate(announced, ("1.0", "1.1", "1.2")) == "1.2"
    with pytest.raises(CpeProtocolError) as caught:
        negotiate(Envelope(inform("1 BOOT"), "1", NAMESPACE, Headers(supported_versions=("2.0",))))
    assert caught.value.fault == 8006


@pytest.mark.cwmp("B-24")
def test_a_device_that_announced_nothing_is_told_no_version():
    session = CwmpSession()
    session.receive(Envelope(inform("1 BOOT"), "1", NAMESPACE))
    assert decode(session.inform_response()).headers == Headers()


@pytest.mark.cwmp("B-24", "L-30", "X-1")
@pytest.mark.quirk("K-29")
@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4, 9])
def test_the_session_stays_in_the_namespace_of_its_inform(minor):
    play = Playbook(queued=[READ], namespace=f"urn:dslforum-org:cwmp-1-{minor}")
    play >> inform("1 BOOT") << InformResponse(1)
    play.posts += 1
    received = play.session.receive(Envelope(DONE, "x", "urn:dslforum-org:cwmp-1-1"))
    assert decode(play.session.reply(received.answer)).namespace == play.namespace
    play >> EMPTY_POST << READ


@pytest.mark.cwmp("B-23", "B-31")
@pytest.mark.parametrize(
    ("minor", "timeout", "version"),
    [(0, None, "1.0"), (1, None, "1.1"), (2, None, "1.2"), (2, 60, "1.3"), (3, None, "1.3"), (4, None, "1.4"), (7, None, "1.4")],
)
def test_without_announcement_the_namespace_tells_the_version(minor, timeout, version):
    assert negotiate(Envelope(inform(), "1", f"urn:dslforum-org:cwmp-1-{minor}", Headers(session_timeout_s=timeout))) == version


def test_the_timeout_a_device_asks_for_is_kept_for_the_server():
    session = CwmpSession()
    session.receive(Envelope(inform("1 BOOT"), "1", NAMESPACE, Headers(session_timeout_s=60)))
    assert (session.session_timeout_s, session.version) == (60, "1.3")


def test_the_versions_we_offer_are_those_of_the_schemas():
    assert OUR_VERSIONS == ("1.0", "1.1", "1.2", "1.3", "1.4")


# ---- every state, every kind of message ------------------------------------------------------------------------

SAME, OTHER = inform("2 PERIODIC"), inform("1 BOOT")

MESSAGES: dict[str, Any] = {
    "empty": EMPTY_POST,
    "same inform": SAME,
    "other inform": OTHER,
    "transfer": DONE,
    "methods": GetRPCMethods(),
    "unknown": UnknownRpc("Kicked"),
    "acs method": Reboot("x"),
    "the answer": values(),
    "another answer": RebootResponse(),
    "unknown answer": UnknownRpc("KickedResponse"),
    "fault": CwmpFault(9001),
}

R = CpeProtocolError
TABLE: dict[State, dict[str, tuple[Any, State]]] = {
    State.AWAITING_INFORM: {
        "same inform": (Informed, State.CPE_TURN),
        "other inform": (Informed, State.CPE_TURN),
    },
    State.CPE_TURN: {
        "empty": (YourTurn, State.ACS_TURN),
        "same inform": (Informed, State.CPE_TURN),
        "transfer": (CpeCalled, State.CPE_TURN),
        "methods": (CpeCalled, State.CPE_TURN),
        "unknown": (CpeCalled, State.CPE_TURN),
        "acs method": (CpeCalled, State.CPE_TURN),
    },
    State.ACS_TURN: {
        "empty": (YourTurn, State.ACS_TURN),
        "transfer": (CpeCalled, State.ACS_TURN),
        "methods": (CpeCalled, State.ACS_TURN),
        "unknown": (CpeCalled, State.ACS_TURN),
        "acs method": (CpeCalled, State.ACS_TURN),
    },
    State.AWAITING_REPLY: {
        "empty": (Replied, State.ACS_TURN),
        "the answer": (Replied, State.ACS_TURN),
        "fault": (Replied, State.ACS_TURN),
    },
    State.ENDED: {},
}
"""What is legal in each state, and the state after it. What is not listed is refused and changes nothing."""


def _in(state: State) -> CwmpSession:
    session = CwmpSession()
    if state is State.AWAITING_INFORM:
        return session
    session.receive(Envelope(SAME, "1", NAMESPACE))
    if state is State.CPE_TURN:
        return session
    session.receive(EMPTY_POST)
    if state is State.AWAITING_REPLY:
        session.ask(READ)
    if state is State.ENDED:
        session.end()
    return session


@pytest.mark.parametrize("kind", MESSAGES)
@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_every_message_in_every_state_is_as_the_table_says(state, kind):
    session = _in(state)
    message = MESSAGES[kind]
    envelope = message if isinstance(message, EmptyPost) else Envelope(message, None, NAMESPACE)
    what, after = TABLE[state].get(kind, (R, state))
    if what is R:
        with pytest.raises(CpeProtocolError):
            session.receive(envelope)
    else:
        assert isinstance(session.receive(envelope), what)
    assert session.state is after
    assert (session.asked is None) == (after is not State.AWAITING_REPLY)


@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_we_ask_only_when_it_is_our_turn(state):
    session = _in(state)
    if state is State.ACS_TURN:
        session.ask(READ)
        assert session.state is State.AWAITING_REPLY
        return
    with pytest.raises(AcsProtocolError):
        session.ask(READ)
    assert session.state is state


@pytest.mark.cwmp("A-54")
@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_we_end_only_when_nothing_is_owed(state):
    session = _in(state)
    if state in (State.ACS_TURN, State.CPE_TURN):
        session.end()
        assert session.state is State.ENDED
        return
    with pytest.raises(AcsProtocolError):
        session.end()
    assert session.state is state


def test_only_a_cwmp_message_is_asked():
    with pytest.raises(AcsProtocolError):
        _in(State.ACS_TURN).ask(object())


@pytest.mark.cwmp("A-48")
@pytest.mark.parametrize(
    "name", sorted(name for name in CLASSES if (name + "Response" in CLASSES and name not in m.ACS_METHODS) or name == "GetRPCMethods")
)
def test_each_question_is_answered_by_its_own_response(name):
    session = _in(State.ACS_TURN)
    session.ask(CLASSES[name]())
    received = session.receive(Envelope(CLASSES[name + "Response"](), session.asked_id, NAMESPACE))
    assert received == Replied(CLASSES[name + "Response"]())


# ---- taken over ------------------------------------------------------------------------------------------------


def test_a_session_taken_over_waits_for_the_answer_that_was_due():
    session = resumed(NAMESPACE, "1.2", READ, "hl3", 3)
    assert session.receive(Envelope(values(), "hl3", NAMESPACE)) == Replied(values())
    assert b">hl4<" in session.ask(READ)


def test_a_session_taken_over_before_any_question_lets_the_device_speak():
    session = resumed(NAMESPACE, "1.2", None, "", 0)
    assert isinstance(session.receive(Envelope(DONE, "1", NAMESPACE)), CpeCalled)
    assert isinstance(session.receive(EMPTY_POST), YourTurn)


@pytest.mark.cwmp("A-43", "A-47", "C-3", "B-8")
@pytest.mark.parametrize("method", sorted(set(m.ACS_METHODS) - {"Inform"}))
def test_every_method_of_ours_is_answered_with_its_own_response(method):
    play = Playbook()
    play >> inform("2 PERIODIC") >> CLASSES[method]()
    assert type(play.answer) is CLASSES[method + "Response"]


# ---- what a device may be asked --------------------------------------------------------------------------------


@pytest.mark.cwmp("B-27")
@pytest.mark.parametrize(
    ("request_", "version"),
    [(m.ChangeDUState(), "1.1"), (m.ScheduleDownload(), "1.0"), (m.CancelTransfer("k"), "1.1"), (m.GetAllQueuedTransfers(), "1.0")],
)
def test_a_method_newer_than_the_devices_protocol_is_not_asked(request_, version):
    session = _in(State.ACS_TURN)
    session.version = version
    with pytest.raises(AcsProtocolError, match=f"this device speaks {version}"):
        session.ask(request_)
    assert session.state is State.ACS_TURN
    session.version = "1.2"
    session.ask(request_)


@pytest.mark.cwmp("A-82")
def test_a_question_may_ask_the_device_to_hold_its_own():
    session = _in(State.ACS_TURN)
    assert decode(session.ask(READ, hold=True)).headers.hold_requests
    session.receive(Envelope(values(), session.asked_id, NAMESPACE))
    assert not decode(session.ask(READ)).headers.hold_requests


@pytest.mark.cwmp("C-6")
def test_a_vendors_method_is_answered_by_its_own_response_and_by_no_other():
    session = _in(State.ACS_TURN)
    session.ask(raw_rpc("<cwmp:X_00A0C5_Probe/>"))
    with pytest.raises(CpeProtocolError, match="X_00A0C5_ProbeResponse was due"):
        session.receive(Envelope(UnknownRpc("X_00A0C5_OtherResponse"), "hl1", NAMESPACE))
    assert session.receive(Envelope(UnknownRpc("X_00A0C5_ProbeResponse"), "hl1", NAMESPACE)) == Replied(
        UnknownRpc("X_00A0C5_ProbeResponse")
    )

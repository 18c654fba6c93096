"""Playing a recorded session against an ACS that follows a script: simulators/replay.py."""

import json

import pytest
import pytest_twisted
from twisted.internet import reactor

from acs.cwmp.codec import decode, encode
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    DeviceIdStruct,
    EventStruct,
    GetParameterNames,
    GetParameterNamesResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    Inform,
    InformResponse,
    ParameterInfoStruct,
    ParameterValueStruct,
    Reboot,
    RebootResponse,
    SetParameterValues,
    SetParameterValuesResponse,
    TransferComplete,
    TransferCompleteResponse,
)
from acs.errors import WrongEnvironment
from simulators.http import Response
from simulators.recording import Recording, Said, Turn
from simulators.replay import Replay, replay_file
from tests.simulators.kit import AcsResource, ScriptedAcs, quiet_site

NS = "urn:dslforum-org:cwmp-1-0"


def value(name, text="x"):
    return ParameterValueStruct(name, text, "string")


INFORM = Inform(DeviceIdStruct("N", "00D09E", "G240", "SN1"), (EventStruct("1 BOOT", ""),), 1, "", 0, (value("Device.Root", "r"),))


def recording(*pairs, whole=True):
    """Turns of (CPE's message, ACS's answer); None is an empty one. A second passes between an answer and the next message."""
    turns, ms = [], 0
    for number, (cpe, acs) in enumerate(pairs):
        status = 200 if acs is not None else 204
        turns.append(Turn(Said(True, body(cpe, f"c{number}"), ms), Said(False, body(acs, f"a{number}"), ms + 10, status)))
        ms += 1010
    return Recording(tuple(turns), INFORM, whole)


def body(message, rid):
    return b"" if message is None else encode(message, rid, NS)


class Posts:
    """The other ACS: answers in turn, and holds what was posted."""

    def __init__(self, *answers):
        self.answers, self.posted, self.pauses = list(answers), [], []

    async def post(self, posted):
        self.posted.append(decode(posted) if posted else None)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return body(answer, f"q{len(self.posted)}")

    async def pause(self, seconds):
        self.pauses.append(round(seconds, 3))

    def play(self, recorded):
        from twisted.internet.defer import ensureDeferred

        done = []
        ensureDeferred(Replay(recorded, self.post, self.pause).play()).addCallback(done.append)
        return done[0]

    @property
    def messages(self):
        return [envelope.message if envelope else None for envelope in self.posted]


READ = GetParameterValues(("Device.A", "Device.B"))
VALUES = GetParameterValuesResponse((value("Device.A", "1"), value("Device.B", "2")))
INFORMED = InformResponse(1)
WHOLE = recording((INFORM, INFORMED), (None, READ), (VALUES, Reboot("k1")), (RebootResponse(), None))


def test_same_acs_gets_the_same_messages_with_its_own_ids_in_the_recorded_time():
    acs = Posts(INFORMED, READ, Reboot("other"), None)
    made = acs.play(WHOLE)
    assert made.same, made.text()
    assert acs.messages == [INFORM, None, VALUES, RebootResponse()]
    assert [envelope.id for envelope in acs.posted if envelope] == ["c0", "q2", "q3"]
    assert acs.pauses == [1.0, 1.0, 1.0]
    assert made.notes == ()


def test_questions_in_another_order_get_their_answers_and_are_told():
    acs = Posts(INFORMED, Reboot("k"), READ, None)
    made = acs.play(WHOLE)
    assert acs.messages == [INFORM, None, RebootResponse(), VALUES]
    assert not made.same
    assert made.notes == ()


def test_question_that_comes_again_gets_the_same_answer():
    acs = Posts(INFORMED, READ, READ, Reboot("k"), None)
    made = acs.play(WHOLE)
    assert acs.messages == [INFORM, None, VALUES, VALUES, RebootResponse()]
    assert sorted(step.verdict for step in made.steps) == ["new", "same", "same", "same", "same"]


def test_acs_that_asks_nothing_is_missing_what_was_asked():
    acs = Posts(INFORMED, None)
    made = acs.play(WHOLE)
    assert [(step.verdict, step.name.split()[0]) for step in made.steps] == [
        ("same", "InformResponse"), ("missing", "GetParameterValues"), ("missing", "Reboot"), ("same", "empty:"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (GetParameterValues(("Device.B",)), GetParameterValuesResponse((value("Device.B", "2"),))),
        (
            GetParameterValues(("Device.Root", "Device.Written")),
            GetParameterValuesResponse((value("Device.Root", "r"), value("Device.Written", "w"))),
        ),
        (GetParameterValues(("Device.T.",)), GetParameterValuesResponse((value("Device.T.1", "t"),))),
        (GetParameterNames("Device.", True), GetParameterNamesResponse((ParameterInfoStruct("Device.T.", False),))),
        (GetParameterNames("Device.T.", False), GetParameterNamesResponse((ParameterInfoStruct("Device.T.1", True),))),
    ],
)
def test_read_of_what_is_known_from_elsewhere_is_answered_and_told(asked, answer):
    known = recording(
        (INFORM, INFORMED),
        (None, READ),
        (
            GetParameterValuesResponse((*VALUES.parameter_list, value("Device.T.1", "t"))),
            SetParameterValues((value("Device.Written", "w"),), ""),
        ),
        (SetParameterValuesResponse(0), GetParameterNames("", False)),
        (GetParameterNamesResponse((ParameterInfoStruct("Device.T.", False), ParameterInfoStruct("Device.T.1", True))), None),
    )
    acs = Posts(INFORMED, asked, None)
    made = acs.play(known)
    assert acs.messages[2] == answer
    assert acs.posted[2].id == "q2"
    assert "answered with values from elsewhere" in made.notes[0]
    assert not made.same


@pytest.mark.parametrize(
    "asked",
    [GetParameterValues(("Device.A", "Device.Unknown")), SetParameterValues((value("Device.A", "5"),), ""), GetParameterNames("X.", True)],
)
def test_question_without_an_answer_gets_a_fault_and_the_session_goes_on(asked):
    acs = Posts(INFORMED, asked, READ, Reboot("k"), None)
    made = acs.play(WHOLE)
    assert acs.messages[2] == CwmpFault(9002, "the recorded session has no answer to this")
    assert acs.messages[3:] == [VALUES, RebootResponse()]
    assert "answered with fault 9002" in made.notes[0]
    assert [step.verdict for step in made.steps].count("new") == 1


def test_requests_of_the_device_come_in_their_order_whatever_is_asked_between():
    recorded = recording((INFORM, INFORMED), (TransferComplete("k"), TransferCompleteResponse()), (None, None))
    acs = Posts(INFORMED, TransferCompleteResponse(), Reboot("k"), None)
    made = acs.play(recorded)
    assert [type(message).__name__ for message in acs.messages] == ["Inform", "TransferComplete", "NoneType", "CwmpFault"]
    assert not made.same


def test_empty_post_that_was_the_recorded_answer_is_the_answer_again():
    recorded = recording((INFORM, INFORMED), (None, READ), (None, None))
    acs = Posts(INFORMED, READ, None)
    assert acs.play(recorded).same
    assert acs.messages == [INFORM, None, None]


def test_refusal_and_broken_connection_are_ends_and_told():
    from simulators.session import SessionFailed

    made = Posts(INFORMED, SessionFailed("the ACS answered HTTP 500")).play(WHOLE)
    assert "HTTP 500" in made.text()
    assert [step.verdict for step in made.steps] == ["same", "different", "missing", "missing"]
    made = Posts(CwmpFault(8003, "no")).play(WHOLE)
    assert (made.steps[0].verdict, made.steps[0].name) == ("different", "Fault 8003")


def test_acs_that_never_ends_is_left():
    acs = Posts(INFORMED, *[READ] * 3000)
    made = acs.play(WHOLE)
    assert len(acs.posted) == 2000
    assert "did not come to an end" in made.notes[-1]


def test_answer_of_which_only_the_beginning_was_kept_is_no_answer():
    cut = [*WHOLE.turns]
    cut[2] = Turn(Said(True, cut[2].cpe.body[:200], 0, cut=True), cut[2].acs)
    acs = Posts(INFORMED, READ, Reboot("k"), None)
    made = acs.play(Recording(tuple(cut), INFORM, True))
    assert isinstance(acs.messages[2], CwmpFault)
    assert made.notes[0] == "GetParameterValues: only the beginning of the recorded answer was kept"
    assert made.same


def test_recording_that_was_cut_is_compared_as_far_as_it_reaches():
    turns = [*WHOLE.turns]
    turns[2] = Turn(turns[2].cpe, Said(False, b"", 0, 200, cut=True))
    turns[3] = Turn(Said(True, b"", 0, cut=True), turns[3].acs)
    acs = Posts(INFORMED, READ, Reboot("k"), None)
    made = acs.play(Recording(tuple(turns), INFORM, True))
    assert made.same
    assert acs.messages[:3] == [INFORM, None, VALUES]
    assert isinstance(acs.messages[3], CwmpFault)
    assert "cut from its exchange 3 on" in made.notes[0]


# ---- on a socket ----------------------------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path):
    messages = []
    for turn in WHOLE.turns:
        messages.append(
            {"from": "cpe", "ms": turn.cpe.ms, "body": turn.cpe.body.decode(), "headers": {"content-type": "text/xml", "user-agent": "u"}}
        )
        messages.append({"from": "acs", "ms": turn.acs.ms, "status": turn.acs.status, "body": turn.acs.body.decode()})
    path = tmp_path / "session.json"
    path.write_text(json.dumps({"format": "hearthline-session", "version": 1, "messages": messages}))
    return path


@pytest.fixture
def listening():
    ports = []

    def listen(acs):
        ports.append(reactor.listenTCP(0, quiet_site(AcsResource(acs)), interface="127.0.0.1"))
        return f"http://127.0.0.1:{ports[-1].getHost().port}/acs"

    yield listen
    for port in ports:
        pytest_twisted.blockon(port.stopListening())


@pytest_twisted.ensureDeferred
async def test_file_is_played_over_http_with_login_and_the_recorded_headers(saved, listening):
    challenge = Response(401, (("www-authenticate", 'Digest realm="r", nonce="n", qop="auth"'),), b"")
    acs = ScriptedAcs(questions=[READ, Reboot("k")], verdicts=[challenge])
    made = await replay_file(reactor, saved, listening(acs), "", "secret", None, True)
    assert made.same, made.text()
    assert 'username="00D09E-G240-SN1"' in acs.logins[1]
    assert [headers.get("content-type") for headers in acs.headers] == ["text/xml", "text/xml", None, "text/xml", "text/xml"]
    assert "soapaction" not in acs.headers[0]
    assert acs.answers() == [None, VALUES, RebootResponse()][1:]


@pytest_twisted.ensureDeferred
async def test_login_that_is_given_is_used(saved, listening):
    acs = ScriptedAcs(questions=[READ, Reboot("k")], verdicts=[Response(401, (("www-authenticate", 'Basic realm="r"'),), b"")])
    made = await replay_file(reactor, saved, listening(acs), "anna", "secret", None, True)
    assert made.same, made.text()
    assert acs.logins[1] == "Basic YW5uYTpzZWNyZXQ="


@pytest_twisted.ensureDeferred
async def test_nobody_there_is_not_a_difference_but_a_wrong_address(saved):
    port = reactor.listenTCP(0, quiet_site(AcsResource(ScriptedAcs())), interface="127.0.0.1")
    number = port.getHost().port
    await port.stopListening()
    with pytest.raises(WrongEnvironment, match="no connection"):
        await replay_file(reactor, saved, f"http://127.0.0.1:{number}/", "", "", None, True)

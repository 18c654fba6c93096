"""A conversation and its rebuilding by another worker, without HTTP: what can be replayed, and what cannot."""

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from acs.cwmp.codec import decode
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import DownloadResponse, FaultStruct, GetParameterValues, GetRPCMethods, TransferComplete
from acs.cwmp.session import EMPTY_POST, State
from acs.db.engine import Database
from acs.firmware import service as firmware
from acs.operations.briefing import Briefing
from acs.secrets import Vault
from acs.server.batch import Takeover, take_over
from acs.server.conversation import MESSAGES_MAX, NAMES_MAX, Conversation, NotRebuilt, SessionLost, new_token, rebuild
from tests.acs.server.kit import ACTOR, Bench, envelope, inform, post, values

A, B = "Device.DeviceInfo.A", "Device.DeviceInfo.B"


def run(coroutine: Any) -> Any:
    found: list[Any] = []
    Deferred.fromCoroutine(coroutine).addBoth(found.append)
    assert found, "it waits"
    return found[0]


@pytest.fixture
def claim(bench: Bench, database: Database, vault: Vault) -> Any:
    def do(cookie: str) -> Takeover:
        token, _, number = cookie.removeprefix("hl=").partition("-")
        taken = take_over(database, Briefing(vault, "", "none"), int(number), token, bench.now())
        assert taken is not None
        return taken

    return do


def rebuilt(bench: Bench, taken: Takeover) -> Conversation:
    return rebuild(taken, new_token(2), bench.commit, "192.0.2.1", bench.now(), 30.0, "on", 100_000)  # type: ignore[arg-type]


async def no_tasks(_device_id: int) -> list[Any]:
    return []


def asked_twice(bench: Bench) -> tuple[str, Any]:
    """A session in which the second question of an operation is out: the batch was refused, its halves are asked for."""
    line, cookie = bench.known()
    bench.request("read", {"paths": [A, B]})
    first = line.ask(post(cookie=cookie))
    second = line.ask(post(envelope(CwmpFault(9002, "both: no"), first.envelope.id), cookie))
    assert second.message.parameter_names == (A,)
    return cookie, second


def test_token_names_its_worker_and_has_128_bits():
    token = new_token(255)
    assert (token[:2], len(token)) == ("ff", 34)
    assert token.isalnum()


def test_session_is_rebuilt_to_the_question_that_is_out(bench: Bench, claim: Any):
    cookie, second = asked_twice(bench)
    conversation = rebuilt(bench, claim(cookie))
    assert conversation.session.state is State.AWAITING_REPLY
    assert conversation.session.asked == GetParameterValues((A,))
    body = envelope(values({A: "1"}), second.envelope.id)
    following = run(conversation.receive(decode(body), body, bench.now(), no_tasks))
    assert decode(following).message.parameter_names == (B,)
    assert decode(following).id == "hl3"


def test_session_in_which_nothing_was_asked_is_rebuilt_to_the_devices_turn(bench: Bench, claim: Any):
    _, cookie = bench.known()
    conversation = rebuilt(bench, claim(cookie))
    assert conversation.session.state is State.CPE_TURN
    assert run(conversation.receive(EMPTY_POST, b"", bench.now(), no_tasks)) is None


def test_quarantined_device_has_no_runner_after_a_takeover_either(guarded: Bench, database: Database, vault: Vault):
    from tests.acs.server.test_cwmp import enrol

    enrol(guarded)
    (token,) = guarded.handler._by_token
    taken = take_over(database, Briefing(vault, "", "device"), guarded.device().id, token, guarded.now())
    assert taken is not None
    conversation = rebuilt(guarded, taken)
    assert conversation.runner is None


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("an answer too long to keep", "too long to be kept"), ("another question", "it would ask GetParameterValues now, and had asked Reboot"),
        ("an operation that is gone", "no longer open"), ("answered, and nothing came of it", "what came of the last answer"),
    ],
)  # fmt: skip
def test_what_cannot_be_replayed_is_not_rebuilt(bench: Bench, claim: Any, why: str, said: str):
    cookie, _ = asked_twice(bench)
    taken = claim(cookie)
    (seq, operation, request, _answer, _), last = taken.exchanges
    changed = {
        "an answer too long to keep": replace(taken, exchanges=[(seq, operation, request, None, True), last]),
        "another question": replace(taken, exchanges=[taken.exchanges[0], (*last[:2], "Reboot", *last[3:])]),
        "an operation that is gone": replace(taken, tasks=[]),
        "answered, and nothing came of it": replace(taken, exchanges=[taken.exchanges[0], (*last[:3], b"<x/>", True)]),
    }[why]
    with pytest.raises(NotRebuilt, match=said) as found:
        rebuilt(bench, changed)
    conversation = found.value.conversation
    assert conversation.runner is not None
    assert conversation.runner.drain() == ([], [], [])  # nothing of the replay is stored as if it had happened
    assert (conversation.runner.current is None) == (why == "an operation that is gone")


def test_step_of_a_session_that_was_taken_over_is_lost(bench: Bench, claim: Any):
    cookie, second = asked_twice(bench)
    claim(cookie)
    (conversation,) = bench.handler._by_token.values()
    body = envelope(values({A: "1"}), second.envelope.id)
    outcome = run(conversation.receive(decode(body), body, bench.now(), no_tasks))
    assert outcome.check(SessionLost)
    assert conversation.over


def test_record_is_bounded_however_many_messages_there_are(bench: Bench):
    conversation = Conversation(new_token(0), bench.commit, "192.0.2.1", bench.now(), 30.0, "on", 1000)  # type: ignore[arg-type]
    for _ in range(50):
        conversation.note(True, b"<x>" + b"y" * 1000 + b"</x>", 0, bench.now())
    assert sum(len(message.body) for message in conversation.trace) <= 1000 + 4096 + 50 * 200
    assert len(conversation.trace) == 50
    for n in range(3000):
        conversation.note(True, b"<x/>", 0, bench.now())
        conversation.note_fault(9000 + n)
    assert (len(conversation.trace), len(conversation._faults)) == (MESSAGES_MAX, NAMES_MAX)


@pytest.mark.cwmp("J-22")
def test_device_that_calls_for_ever_is_remembered_by_its_first_calls(bench: Bench):
    line, cookie = bench.known()
    for n in range(NAMES_MAX + 20):
        line.ask(post(envelope(GetRPCMethods()).replace(b"GetRPCMethods", b"X_A_%d" % n), cookie))
    (conversation,) = bench.handler._by_token.values()
    assert len(conversation._called_by_cpe) == NAMES_MAX


def test_abandoned_twice_is_recorded_once(bench: Bench):
    bench.known()
    (conversation,) = bench.handler._by_token.values()
    before = len(bench.records())
    for _ in range(2):
        conversation.abandon("lost", "gone", bench.now() + timedelta(seconds=1))
    assert len(bench.records()) == before + 1


def test_question_that_cannot_be_sent_ends_its_operation_not_the_session(bench: Bench):
    """A value no XML can carry: our own mistake, told on the operation."""
    line, cookie = bench.known()
    number = bench.request("write", {"values": [["Device.WiFi.SSID.1.SSID", "bell\x07", "string"]]})
    following = bench.request("read", {"paths": [A]})
    answer = line.ask(post(cookie=cookie))
    assert answer.message.parameter_names == (A,)
    view = bench.operation(number)
    assert (view.state, "cannot be sent" in view.error) == ("failed", True)
    assert line.ask(post(envelope(values({A: "1"}), answer.envelope.id), cookie)).status == 204
    assert bench.operation(following).state == "done"


def test_procedure_that_breaks_ends_its_operation_not_the_session(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    from acs.provisioning.runner import Runner

    line, cookie = bench.known()
    number = bench.request("read", {"paths": [A]})
    whole = Runner.next

    def broken(self: Runner, now: Any, answer: Any = None) -> Any:
        asked = whole(self, now, answer)
        if asked is not None:
            raise RuntimeError("a defect")
        return asked

    monkeypatch.setattr(Runner, "next", broken)
    assert line.ask(post(cookie=cookie)).status == 204
    view = bench.operation(number)
    assert (view.state, view.error) == ("failed", "An error of ours ended this operation; it is in the log.")


def test_upgrade_whose_answer_was_lost_is_settled_in_the_session_that_reports_it(bench: Bench, tmp_path: Path):
    """The server was killed between Download and DownloadResponse; the device loaded the image, restarted and tells."""
    version = "Device.DeviceInfo.SoftwareVersion"
    line, cookie = bench.known()
    _, sha, size = firmware.store_upload(io.BytesIO(b"image"), tmp_path, 1000)
    with bench.database.write() as unit:
        image = firmware.add(unit, ACTOR, bench.now(), sha, size, "image.bin", "2.0")
    number = bench.request("firmware", {"image": image})
    question = line.ask(post(cookie=cookie))
    question = line.ask(post(envelope(values({version: "1.0"}), question.envelope.id), cookie))
    assert type(question.message).__name__ == "Download"
    key = question.message.command_key
    bench.clock.advance(100)

    line = bench.line()
    told = inform("S1", "1 BOOT", "7 TRANSFER COMPLETE", f"M Download|{key}", values={version: "2.0"})
    cookie = line.ask(post(envelope(told))).cookie
    report = TransferComplete(key, FaultStruct(0, ""), "2026-11-21T20:52:00Z", "2026-11-21T20:53:00Z")
    line.ask(post(envelope(report, "2"), cookie))
    assert "Download" not in bench.play(line, cookie, {version: "2.0"})
    assert (bench.operation(number).state, bench.operation(number).result.get("version")) == ("done", "2.0")


def test_session_that_broke_off_while_it_verified_is_taken_up_at_the_next_inform(bench: Bench, tmp_path: Path):
    """The server is killed while it reads the version that came back: nothing of the session's end is stored."""
    version = "Device.DeviceInfo.SoftwareVersion"
    line, cookie = bench.known()
    _, sha, size = firmware.store_upload(io.BytesIO(b"image"), tmp_path, 1000)
    with bench.database.write() as unit:
        image = firmware.add(unit, ACTOR, bench.now(), sha, size, "image.bin", "2.0")
    number = bench.request("firmware", {"image": image})
    question = line.ask(post(cookie=cookie))
    question = line.ask(post(envelope(values({version: "1.0"}), question.envelope.id), cookie))
    key = question.message.command_key
    line.ask(post(envelope(DownloadResponse(1, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"), question.envelope.id), cookie))
    assert bench.operation(number).state == "waiting"
    bench.clock.advance(100)

    line = bench.line()
    told = inform("S1", "1 BOOT", "7 TRANSFER COMPLETE", f"M Download|{key}", values={version: "2.0"})
    cookie = line.ask(post(envelope(told))).cookie
    line.ask(post(envelope(TransferComplete(key, FaultStruct(0, ""), "2026-11-21T20:52:00Z", "2026-11-21T20:53:00Z"), "2"), cookie))
    assert type(line.ask(post(cookie=cookie)).message).__name__ == "GetParameterValues"
    for conversation in bench.handler._by_token.values():
        conversation.over = True  # killed: it stores nothing more
    bench.clock.advance(10)
    line, cookie = bench.begin("S1", bench.line(), "1 BOOT")
    bench.play(line, cookie, {version: "2.0"})
    assert bench.operation(number).state == "done"

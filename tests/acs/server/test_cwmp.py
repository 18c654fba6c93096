"""Sessions over HTTP, in memory: cookies, logins, whose turn it is, and everything that is refused.

The bench has the real HTTP channel, handler, session, batch and database; its time is a Clock, its transport a string.
"""

import gzip
import zlib
from typing import Any

import pytest
from twisted.internet.task import Clock

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    FaultStruct,
    GetParameterNamesResponse,
    GetParameterValues,
    GetRPCMethods,
    GetRPCMethodsResponse,
    InformResponse,
    ParameterInfoStruct,
    RebootResponse,
    TransferComplete,
    TransferCompleteResponse,
)
from acs.devices import service as devices
from acs.errors import UnknownDevice
from acs.provisioning.plan import Trust
from tests.acs.server.kit import ACTOR, Bench, Line, digest_line, envelope, inform, post, sample, values

VERSION = "Device.DeviceInfo.SoftwareVersion"


def asked(bench: Bench, line: Line) -> tuple[str, Any]:
    """A session in which a question is out: its cookie and the question."""
    _, cookie = bench.known(line=line)
    bench.request("read", {"paths": [VERSION]})
    answer = line.ask(post(cookie=cookie))
    assert isinstance(answer.message, GetParameterValues)
    return cookie, answer.envelope


def refused(reason: str) -> float:
    return sample("hearthline_cwmp_refused_total", reason=reason)


# ---- the shape of a session ------------------------------------------------------------------------------------


def test_what_breaks_a_rule_and_is_read_all_the_same_is_counted(bench: Bench):
    line, _ = bench.known()
    before = sample("hearthline_cwmp_tolerated_total")
    assert line.ask(post(envelope(inform("S1")))).status == 200
    assert sample("hearthline_cwmp_tolerated_total") == before
    assert line.ask(post(envelope(inform("S1")).replace(b"<Manufacturer>", b"<Manufacturer>Smith & "))).status == 200
    assert sample("hearthline_cwmp_tolerated_total") == before + 1


@pytest.mark.cwmp("L-1", "A-42", "A-50", "A-55", "A-6", "A-7", "A-80")
def test_session_without_anything_to_do(bench: Bench):
    line, _ = bench.known()
    answer = line.ask(post(envelope(inform("S1"), rid="id 77")))
    assert (answer.status, answer.one("content-type")) == (200, "text/xml; charset=utf-8")
    assert isinstance(answer.message, InformResponse)
    assert (answer.message.max_envelopes, answer.envelope.id, answer.envelope.namespace) == (1, "id 77", "urn:dslforum-org:cwmp-1-2")
    end = line.ask(post(cookie=answer.cookie))
    assert (end.status, end.body, end.all("content-type")) == (204, b"", [])
    assert not line.closed  # closing is the device's part


@pytest.mark.cwmp("L-2", "A-46", "A-48", "A-49", "A-52", "A-53")
def test_what_is_queued_is_asked_when_the_device_posts_empty(bench: Bench):
    line = bench.line()
    cookie, question = asked(bench, line)
    answer = line.ask(post(envelope(values({VERSION: "2.5"}), rid=question.id), cookie))
    assert answer.status == 204
    (view,) = [bench.operation(n) for n in range(1, 9) if _exists(bench, n) and bench.operation(n).kind == "read"]
    assert (view.state, view.result["values"]) == ("done", {VERSION: "2.5"})


def _exists(bench: Bench, number: int) -> bool:
    try:
        bench.operation(number)
    except Exception:
        return False
    return True


def test_nothing_is_answered_before_it_is_stored(bench: Bench):
    bench.commit.held = True
    line = bench.line()
    assert line.send(post(envelope(inform("S1")))) == []
    bench.commit.release()
    (answer,) = line.read()
    assert isinstance(answer.message, InformResponse)


def test_question_leaves_only_when_its_intent_is_stored(bench: Bench):
    line, cookie = bench.known()
    number = bench.request("reboot")
    bench.commit.held = True
    assert line.send(post(cookie=cookie)) == []
    assert bench.operation(number).state == "queued"
    bench.commit.release()
    (answer,) = line.read()
    assert type(answer.message).__name__ == "Reboot"
    assert bench.operation(number).state == "running"


@pytest.mark.cwmp("L-3", "L-4", "A-43", "A-47")
def test_device_asks_first(bench: Bench):
    line, cookie = bench.begin()
    answer = line.ask(post(envelope(GetRPCMethods(), "m1"), cookie))
    assert isinstance(answer.message, GetRPCMethodsResponse)
    assert answer.envelope.id == "m1"
    done = TransferComplete("unknown-key", FaultStruct(0, ""), "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")
    for _ in range(2):  # C-125, R-4: repeated, it is answered again
        assert isinstance(line.ask(post(envelope(done, "t1"), cookie)).message, TransferCompleteResponse)


def test_unknown_method_is_answered_with_8000(bench: Bench):
    line, cookie = bench.begin()
    body = envelope(GetRPCMethods(), "9").replace(b"GetRPCMethods", b"MakeCoffee")
    answer = line.ask(post(body, cookie))
    assert (answer.status, answer.message.code, answer.envelope.id) == (200, 8000, "9")
    assert line.ask(post(cookie=cookie)).status == 200  # the session goes on


@pytest.mark.quirk("R-3")
def test_empty_post_where_an_answer_was_due_fails_that_question_only(bench: Bench):
    line = bench.line()
    cookie, _ = asked(bench, line)
    assert line.ask(post(cookie=cookie)).status == 204
    assert "empty POST" in str(_reads(bench)[0].fault)


def _reads(bench: Bench) -> list[Any]:
    return [view for n in range(1, 9) if _exists(bench, n) and (view := bench.operation(n)).kind == "read"]


@pytest.mark.quirk("K-16")
def test_empty_post_of_blanks_counts_as_empty(bench: Bench):
    line, cookie = bench.known()
    assert line.ask(post(b" \r\n", cookie)).status == 204


@pytest.mark.quirk("K-17")
def test_end_said_once_more_is_answered_204_again(bench: Bench):
    line, cookie = bench.known()
    assert [line.ask(post(cookie=cookie)).status for _ in range(3)] == [204, 204, 204]
    assert line.ask(post()).status == 204  # without its cookie, on the connection of the session


def test_operation_queued_in_mid_session_is_taken_up_in_it(bench: Bench):
    line = bench.line()
    cookie, question = asked(bench, line)
    bench.request("read", {"paths": ["Device.DeviceInfo.HardwareVersion"]})
    answer = line.ask(post(envelope(values({VERSION: "2.5"}), rid=question.id), cookie))
    assert answer.message.parameter_names == ("Device.DeviceInfo.HardwareVersion",)


# ---- cookies ---------------------------------------------------------------------------------------------------


@pytest.mark.quirk("K-3", "K-4", "K-6")
@pytest.mark.cwmp("A-23", "A-25")
def test_every_answer_of_a_session_sets_the_cookie(bench: Bench):
    line = bench.line()
    bench.known(line=line)
    bench.request("read", {"paths": [VERSION]})
    first = line.ask(post(envelope(inform())))
    second = line.ask(post(cookie=first.cookie))
    third = line.ask(post(envelope(values({VERSION: "1"}), rid=second.envelope.id), first.cookie))
    assert third.status == 204
    for answer in (first, second, third):
        (header,) = answer.all("set-cookie")
        name, _, rest = header.partition("=")
        value, *attributes = [part.strip() for part in rest.split(";")]
        assert set(attributes) == {"Path=/", "HttpOnly"}
        assert (name + value).replace("-", "").isalnum()
        assert len(header) < 120
        assert answer.cookie == first.cookie


def test_no_two_sessions_have_the_same_cookie(bench: Bench):
    assert len({bench.begin(f"S{n}")[1] for n in range(20)}) == 20


@pytest.mark.quirk("K-1", "R-16")
@pytest.mark.cwmp("A-28")
def test_cookie_of_the_last_session_with_a_new_inform_begins_a_new_session(bench: Bench):
    line, old = bench.known()
    assert line.ask(post(cookie=old)).status == 204
    answer = line.ask(post(envelope(inform()), cookie=old + "; Path=/"))
    assert answer.status == 200
    assert answer.cookie != old


@pytest.mark.quirk("K-2", "R-16")
@pytest.mark.cwmp("A-29")
@pytest.mark.parametrize(
    "shape", ["{0}", '{1}="{2}"', "$Version=1; {0}; $Path=/", "other=1, {0}", "other=1,{0},more=2", "{0}; Path=/; HttpOnly"]
)
def test_cookie_is_found_however_it_is_joined_or_quoted(bench: Bench, shape: str):
    _, cookie = bench.known()
    name, _, value = cookie.partition("=")
    assert bench.line().ask(post(cookie=shape.format(cookie, name, value))).status == 204


@pytest.mark.quirk("K-5")
def test_device_without_cookies_is_known_by_its_connection(bench: Bench):
    line, _ = bench.known()
    assert line.ask(post()).status == 204


@pytest.mark.quirk("K-5")
def test_empty_cookie_counts_as_none(bench: Bench):
    line, _ = bench.known()
    assert line.ask(post(cookie="hl=")).status == 204


@pytest.mark.quirk("K-7")
@pytest.mark.cwmp("A-21", "L-12")
def test_session_goes_on_over_another_connection(bench: Bench):
    line = bench.line()
    cookie, question = asked(bench, line)
    line.hang_up()
    other = bench.line("198.51.100.7")
    assert other.ask(post(envelope(values({VERSION: "1"}), rid=question.id), cookie)).status == 204
    assert _reads(bench)[0].state == "done"


@pytest.mark.quirk("K-7")
def test_new_connection_without_a_cookie_belongs_to_no_session(bench: Bench):
    bench.known()
    before = refused("no_session")
    assert bench.line().ask(post()).status == 400
    assert refused("no_session") == before + 1


@pytest.mark.quirk("K-9")
def test_two_devices_on_one_connection_of_a_proxy_do_not_disturb_each_other(bench: Bench):
    for serial in ("A", "B"):
        line, cookie = bench.known(serial)
        assert line.ask(post(cookie=cookie)).status == 204
    line = bench.line()
    _, first = bench.begin("A", line)
    _, second = bench.begin("B", line)
    bench.request("read", {"paths": [VERSION]}, "A")
    bench.request("read", {"paths": ["Device.DeviceInfo.HardwareVersion"]}, "B")
    asked_a, asked_b = (line.ask(post(cookie=cookie)) for cookie in (first, second))
    assert asked_a.message.parameter_names == (VERSION,)
    assert asked_b.message.parameter_names == ("Device.DeviceInfo.HardwareVersion",)
    assert all(record.row.outcome == "ok" for record in bench.records())


_STRANGE_COOKIES = [
    "hl=" + "0" * 34 + "-1", "hl=" + "0" * 34 + "-99999", "hl=x", "hl=--", "hl=" + "9" * 500, "\xe9=1", "hl=" + "0" * 34 + "-\xb2",
    "hl=" + "0" * 34 + "-" + "9" * 5000, "hl=" + "0" * 34 + "-9223372036854775808", "hl=" + "\xe9" * 34 + "-1",
]  # fmt: skip


@pytest.mark.cwmp("A-27", "L-11", "J-14", "J-8")
@pytest.mark.parametrize("cookie", _STRANGE_COOKIES)
def test_cookie_that_nobody_gave_out_opens_nothing(bench: Bench, cookie: str):
    bench.known()
    before = refused("no_session")
    answer = bench.line().ask(post(cookie=cookie))
    assert (answer.status, answer.body) == (400, b"")
    assert refused("no_session") == before + 1


@pytest.mark.cwmp("A-27")
def test_other_message_without_a_session_gets_8003(bench: Bench):
    answer = bench.line().ask(post(envelope(GetRPCMethods(), "5")))
    assert (answer.status, answer.message.code, answer.envelope.id) == (200, 8003, "5")


# ---- another worker --------------------------------------------------------------------------------------------


@pytest.mark.cwmp("L-12")
def test_other_worker_goes_on_with_the_session(make_bench: Any):
    one, two = make_bench(number=1), make_bench(number=2)
    line = one.line()
    cookie, question = asked(one, line)
    assert two.line().ask(post(envelope(values({VERSION: "7"}), rid=question.id), cookie)).status == 204
    assert _reads(one)[0].result["values"] == {VERSION: "7"}
    assert sample("hearthline_sessions_total", outcome="taken_over") > 0


def test_former_worker_is_fenced_off(make_bench: Any):
    """Both workers think that the session is theirs: what the former one does changes nothing."""
    one, two = make_bench(number=1), make_bench(number=2)
    line, cookie = one.known()
    number = one.request("reboot")
    question = line.ask(post(cookie=cookie))
    assert type(question.message).__name__ == "Reboot"
    stolen = two.line()
    answer = CwmpFault(9001, "no")
    assert stolen.ask(post(envelope(answer, question.envelope.id), cookie)).status == 204
    assert one.operation(number).state == "failed"
    late = line.ask(post(envelope(RebootResponse(), question.envelope.id), cookie))
    assert late.status == 400
    assert one.operation(number).fault["code"] == 9001
    assert [record.row.outcome for record in one.records()].count("lost") == 1


def test_irreversible_question_is_not_asked_twice_when_the_session_moves(make_bench: Any):
    one, two = make_bench(number=1), make_bench(number=2)
    line, cookie = one.known()
    number = one.request("reboot")
    question = line.ask(post(cookie=cookie))
    answer = two.line().ask(post(envelope(RebootResponse(), question.envelope.id), cookie))
    assert answer.status == 204
    assert two.operation(number).state == "waiting"


def test_restart_asked_for_in_a_session_is_not_taken_for_done_when_the_session_moves(make_bench: Any):
    """The session began with a boot. That was the last one, not the one it just asked for."""
    one, two = make_bench(number=1), make_bench(number=2)
    line, cookie = one.known()
    assert line.ask(post(cookie=cookie)).status == 204
    one.clock.advance(1)
    read = one.request("read", {"paths": [VERSION]})
    reboot = one.request("reboot")
    with one.database.write() as unit:  # the read after the restart
        from acs.operations.models import Operation

        row = unit.session.get(Operation, read)
        assert row is not None
        row.priority = 90
    _, cookie = one.begin("S1", line, "1 BOOT")
    question = line.ask(post(cookie=cookie))
    question = line.ask(post(envelope(RebootResponse(), question.envelope.id), cookie))
    assert question.message.parameter_names == (VERSION,)
    assert two.line().ask(post(envelope(values({VERSION: "1.0"}), question.envelope.id), cookie)).status == 204
    assert (one.operation(read).state, one.operation(reboot).state) == ("done", "waiting")
    line, cookie = one.begin("S1", one.line(), "1 BOOT", "M Reboot")
    assert line.ask(post(cookie=cookie)).status == 204
    assert one.operation(reboot).state == "done"


def test_session_is_taken_over_between_questions_of_a_longer_dialogue(make_bench: Any):
    one, two = make_bench(number=1), make_bench(number=2)
    line, cookie = one.known()
    number = one.request("read", {"paths": ["Device.DeviceInfo."]})
    workers = [line, two.line()]
    question = line.ask(post(cookie=cookie))
    parts = (ParameterInfoStruct("Device.DeviceInfo.A", False), ParameterInfoStruct("Device.DeviceInfo.B", False))
    answers = [
        CwmpFault(9002, "as a whole: no"), GetParameterNamesResponse(parts), CwmpFault(9002, "both: no"), values({"Device.DeviceInfo.A": "1"}),
        values({"Device.DeviceInfo.B": "2"}),
    ]  # fmt: skip
    for n, answer in enumerate(answers):
        question = workers[(n + 1) % 2].ask(post(envelope(answer, question.envelope.id), cookie))
    assert question.status == 204
    assert one.operation(number).result["values"] == {"Device.DeviceInfo.A": "1", "Device.DeviceInfo.B": "2"}


@pytest.mark.quirk("K-7", "K-28")
def test_answer_without_an_id_to_the_worker_that_lags_behind_is_not_lost(make_bench: Any):
    """It fits the question that worker remembers; only the commit tells that the session went on elsewhere."""
    one, two = make_bench(number=1), make_bench(number=2)
    line, cookie = one.known()
    number = one.request("read", {"paths": ["Device.DeviceInfo.A", "Device.DeviceInfo.B"]})
    line.ask(post(cookie=cookie))
    other = two.line()
    assert other.ask(post(envelope(CwmpFault(9002, "both: no"), None), cookie)).message.parameter_names == ("Device.DeviceInfo.A",)
    question = line.ask(post(envelope(values({"Device.DeviceInfo.A": "1"}), None), cookie))
    assert question.message.parameter_names == ("Device.DeviceInfo.B",)
    assert line.ask(post(envelope(values({"Device.DeviceInfo.B": "2"}), None), cookie)).status == 204
    assert one.operation(number).result["values"] == {"Device.DeviceInfo.A": "1", "Device.DeviceInfo.B": "2"}


@pytest.mark.cwmp("A-27")
def test_cookie_of_a_session_that_is_over_is_not_taken_over(make_bench: Any):
    one, two = make_bench(number=1), make_bench(number=2)
    line, cookie = one.known()
    assert line.ask(post(cookie=cookie)).status == 204
    assert two.line().ask(post(cookie=cookie)).status == 400


def test_cookie_of_a_session_long_silent_is_not_taken_over(make_bench: Any, clock: Clock):
    one, two = make_bench(number=1), make_bench(number=2)
    _, cookie = one.known()
    clock.advance(120)
    assert two.line().ask(post(cookie=cookie)).status == 400


# ---- a second Inform -------------------------------------------------------------------------------------------


@pytest.mark.quirk("K-19")
@pytest.mark.cwmp("L-15", "A-58", "X-16")
def test_second_inform_replaces_the_session(bench: Bench):
    line = bench.line()
    cookie, question = asked(bench, line)
    _, newer = bench.begin(line=bench.line("198.51.100.7"))
    late = line.ask(post(envelope(values({VERSION: "1"}), rid=question.id), cookie))
    assert late.message.code == 8003
    assert _reads(bench)[0].is_open
    lost = [record.row for record in bench.records() if record.row.outcome == "lost"]
    assert [row.summary for row in lost] == ["the device began a new session"]
    again = bench.line().ask(post(cookie=newer))
    assert again.message.parameter_names == (VERSION,)


def test_second_inform_reaches_another_worker(make_bench: Any):
    one, two = make_bench(number=1), make_bench(number=2)
    line = one.line()
    cookie, question = asked(one, line)
    two.begin()
    late = line.ask(post(envelope(values({VERSION: "1"}), rid=question.id), cookie))
    assert late.status == 400
    assert _reads(one)[0].is_open


def test_same_inform_again_is_answered_again(bench: Bench):
    line = bench.line()
    answers = [line.ask(post(envelope(inform("S1", "1 BOOT"), rid=rid), cookie)) for rid, cookie in (("1", ""), ("2", ""))]
    assert [a.envelope.id for a in answers] == ["1", "2"]
    assert answers[0].cookie == answers[1].cookie
    assert bench.device().inform_count == 1


@pytest.mark.cwmp("A-59")
def test_post_while_the_one_before_is_still_stored_is_put_off(bench: Bench):
    line = bench.line()
    cookie, question = asked(bench, line)
    bench.commit.held = True
    before = refused("twice")
    body = post(envelope(values({VERSION: "1"}), rid=question.id), cookie)
    assert line.send(body) == []
    second = bench.line().ask(body)
    assert (second.status, second.one("retry-after")) == (503, "5")
    assert refused("twice") == before + 1
    bench.commit.release()
    assert [a.status for a in line.read()] == [204]


# ---- silence ---------------------------------------------------------------------------------------------------


@pytest.mark.quirk("K-18")
@pytest.mark.cwmp("A-62", "A-70", "A-52")
def test_device_that_falls_silent_loses_its_session_and_the_record_says_so(bench: Bench, clock: Clock):
    asked(bench, bench.line())
    clock.advance(29)
    bench.handler.sweep()
    assert len(bench.records()) == 0 or bench.records()[0].row.outcome != "lost"
    clock.advance(2)
    bench.handler.sweep()
    record = bench.records()[0].row
    assert (record.outcome, record.summary) == ("lost", "no answer to GetParameterValues within 30 s")
    assert _reads(bench)[0].is_open


@pytest.mark.quirk("K-14")
def test_answer_that_takes_minutes_to_come_is_waited_for(bench: Bench, clock: Clock):
    line = bench.line()
    cookie, question = asked(bench, line)
    data = post(envelope(values({VERSION: "slow"}), rid=question.id), cookie)
    for at in range(0, len(data) - 10, 100):
        line.send(data[at : min(at + 100, len(data) - 10)])
        clock.advance(20)
        bench.handler.sweep()
        bench.factory.sweep()
    assert clock.seconds() > 1168
    assert bench.device().in_session
    end = line.send(data[len(data) - 10 :] if (len(data) - 10) % 100 == 0 else data[-10:])
    assert [a.status for a in end] == [204]
    assert _reads(bench)[0].result["values"] == {VERSION: "slow"}


@pytest.mark.quirk("K-14")
def test_answer_that_stops_in_the_middle_is_not_waited_for(bench: Bench, clock: Clock):
    line = bench.line()
    cookie, question = asked(bench, line)
    line.send(post(envelope(values({VERSION: "slow"}), rid=question.id), cookie)[:-10])
    clock.advance(31)
    bench.handler.sweep()
    assert bench.records()[0].row.outcome == "lost"


def test_long_session_keeps_its_device(bench: Bench, clock: Clock):
    """Upkeep frees devices whose session should be over; a session that goes on must say so."""
    from acs.operations import service as operations

    line, cookie = bench.known()
    bench.request("read", {"paths": [f"Device.X.{n}" for n in range(20)]})
    answer = line.ask(post(cookie=cookie))
    for _ in range(12):
        clock.advance(25)
        with bench.database.write() as unit:
            assert operations.close_lost_sessions(unit, bench.now()) == 0
        answer = line.ask(post(envelope(CwmpFault(9002, "no"), answer.envelope.id), cookie))
        assert answer.status == 200
    assert bench.device().in_session


@pytest.mark.quirk("K-21")
@pytest.mark.cwmp("A-63", "L-32")
@pytest.mark.parametrize(("wish", "patience"), [("60", 60), ("5", 30), ("86400", 300)])
def test_device_may_ask_for_more_patience(bench: Bench, clock: Clock, wish: str, patience: int):
    answer = bench.line().ask(post(envelope(inform(), headers=(("SessionTimeout", wish, 0),))))
    clock.advance(patience - 1)
    bench.handler.sweep()
    assert bench.records() == []
    clock.advance(2)
    bench.handler.sweep()
    assert bench.records()[0].row.outcome == "lost"
    assert answer.status == 200


def test_stopping_ends_what_is_under_way_with_a_record(bench: Bench):
    bench.known()
    bench.handler.stop()
    assert bench.records()[0].row.summary == "the server stopped"
    assert not bench.device().in_session


# ---- logins ----------------------------------------------------------------------------------------------------


def enrol(bench: Bench, serial: str = "S1") -> Line:
    line = bench.line()
    first = line.ask(post(envelope(inform(serial))))
    assert first.status == 401
    good = digest_line(first.one("www-authenticate"), "anything", bench.onboarding)
    assert line.ask(post(envelope(inform(serial)), authorization=good)).status == 200
    return line


@pytest.mark.cwmp("L-22", "A-94")
def test_first_post_is_challenged_and_stores_nothing(guarded: Bench):
    answer = guarded.line().ask(post(envelope(inform())))
    assert (answer.status, answer.body) == (401, b"")
    assert [h.split()[0] for h in answer.all("www-authenticate")] == ["Digest", "Digest"]  # in clear, no Basic
    assert guarded.device_keys() == []


@pytest.mark.cwmp("J-7", "A-108")
def test_unknown_device_enrols_into_quarantine_and_is_asked_nothing(guarded: Bench):
    line = enrol(guarded)
    assert guarded.device().trust == Trust.QUARANTINE
    assert line.ask(post()).status == 204


@pytest.mark.cwmp("L-24", "A-100")
def test_login_of_one_device_with_the_identity_of_another_is_refused(guarded: Bench):
    enrol(guarded, "S1")
    enrol(guarded, "S2")
    _give_secret(guarded, "S1", "mine")
    before, seen = sample("hearthline_refused_total", reason="identity"), guarded.device("S2").inform_count
    line = guarded.line()
    challenge = line.ask(post(envelope(inform("S2")))).one("www-authenticate")
    answer = line.ask(post(envelope(inform("S2")), authorization=digest_line(challenge, guarded.device("S1").key, "mine")))
    assert (answer.status, answer.body, answer.all("set-cookie")) == (403, b"", [])
    assert guarded.device("S2").inform_count == seen
    assert sample("hearthline_refused_total", reason="identity") == before + 1


def _give_secret(bench: Bench, serial: str, secret: str) -> None:
    from acs.devices.models import DeviceCredential

    with bench.database.write() as unit:
        device_id = devices.find(unit.session, ACTOR.tenant, serial)
        key = devices.get(unit.session, ACTOR.tenant, device_id, bench.now()).key
        unit.session.add(
            DeviceCredential(
                device_id=device_id, tenant_id=1, username=key, secret=bench.vault.seal(secret), next_secret="", request_username="",
                request_secret="", changed_at=bench.now(),
            )
        )  # fmt: skip


@pytest.mark.quirk("R-14")
def test_empty_post_of_who_is_not_logged_in_is_challenged(guarded: Bench):
    assert guarded.line().ask(post()).status == 401


@pytest.mark.quirk("R-14")
def test_device_that_is_challenged_at_every_post_goes_on(guarded: Bench):
    """icwmp sends every POST first without credentials; a session's cookie is what counts once it has begun."""
    line = enrol(guarded)
    assert line.ask(post()).status == 204


def test_device_that_was_refused_leaves_nothing_behind(guarded: Bench):
    line = guarded.line()
    challenge = line.ask(post(envelope(inform()))).one("www-authenticate")
    answer = line.ask(post(envelope(inform()), authorization=digest_line(challenge, "S1", "a guess")))
    assert answer.status == 401
    with pytest.raises(UnknownDevice):
        guarded.device()


# ---- what is refused before it is read -------------------------------------------------------------------------


@pytest.mark.cwmp("A-2")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_other_methods_get_405(bench: Bench, method: str):
    before = refused("method")
    answer = bench.line().ask(post(method=method))
    assert (answer.status, answer.one("allow")) == (405, "POST")
    assert refused("method") == before + 1


@pytest.mark.quirk("K-11", "K-12")
@pytest.mark.cwmp("A-3", "A-4")
@pytest.mark.parametrize("content_type", ["text/html", None, "application/soap+xml", "TEXT/XML;charset=UTF-8", 'text/xml; charset="utf-8"'])
@pytest.mark.parametrize("action", [None, "", '""', "urn:whatever"])
def test_content_type_and_soapaction_do_not_matter(bench: Bench, content_type: str | None, action: str | None):
    headers = {"Content-Type": content_type, "SOAPAction": action}
    assert bench.line().ask(post(envelope(inform()), headers=headers)).status == 200  # type: ignore[arg-type]


@pytest.mark.quirk("K-13", "R-13")
@pytest.mark.cwmp("A-13", "L-13")
@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress), ("x-gzip", gzip.compress), ("GZIP", gzip.compress), ("deflate", zlib.compress), ("identity", lambda b: b),
        ("deflate", lambda b: zlib.compress(b)[2:-4]),
    ],
    ids=["gzip", "x-gzip", "upper case", "deflate", "identity", "raw deflate"],
)  # fmt: skip
def test_packed_body_is_unpacked(bench: Bench, coding: str, pack: Any):
    answer = bench.line().ask(post(pack(envelope(inform())), headers={"Content-Encoding": coding}))
    assert isinstance(answer.message, InformResponse)


@pytest.mark.quirk("R-13")
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_empty_body_is_never_unpacked(bench: Bench, coding: str):
    line, cookie = bench.known()
    assert line.ask(post(cookie=cookie, headers={"Content-Encoding": coding})).status == 204


@pytest.mark.cwmp("A-14", "L-13")
def test_unknown_coding_is_refused(bench: Bench):
    before = refused("protocol")
    assert bench.line().ask(post(envelope(inform()), headers={"Content-Encoding": "br"})).status == 415
    assert refused("protocol") == before + 1


@pytest.mark.cwmp("A-14")
@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_bomb_is_not_unpacked(bench: Bench, coding: str, pack: Any):
    bomb = pack(b"<x>" + b" " * 30_000_000)
    assert len(bomb) < 40_000
    before = refused("protocol")
    assert bench.line().ask(post(bomb, headers={"Content-Encoding": coding})).status == 413
    assert refused("protocol") == before + 1


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("body", [b"\x00\x01\x02", gzip.compress(b"<x/>", mtime=0)[:-6], b"<plain/>"])
def test_broken_packed_body_is_refused(bench: Bench, coding: str, body: bytes):
    answer = bench.line().ask(post(body, headers={"Content-Encoding": coding}))
    assert answer.status == 400


# ---- what is refused when it is read ---------------------------------------------------------------------------


@pytest.mark.cwmp("L-17", "A-71", "J-5")
@pytest.mark.parametrize(
    "body",
    [
        b"<", b"hello", b"\x00\xff\xfe binary", b"<html/>", envelope(inform())[:300],
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + envelope(inform()), envelope(inform()).replace(b"SOAP-ENV:Body", b"SOAP-ENV:Legs"),
    ],
)  # fmt: skip
def test_what_is_no_message_creates_nothing(bench: Bench, body: bytes):
    before = refused("protocol")
    answer = bench.line().ask(post(body))
    assert (answer.status, answer.body) == (400, b"")
    assert bench.device_keys() == []
    assert refused("protocol") == before + 1


def test_inform_without_a_serial_number_gets_8003_with_its_own_id(bench: Bench):
    answer = bench.line().ask(post(envelope(inform("  "), rid="abc")))
    assert (answer.status, answer.message.code, answer.envelope.id) == (200, 8003, "abc")
    assert bench.device_keys() == []


@pytest.mark.cwmp("A-87", "L-40")
def test_unknown_header_that_must_be_understood_gets_the_soap_fault(bench: Bench):
    answer = bench.line().ask(post(envelope(inform(), rid="abc", headers=(("Strange", "1", 1),))))
    assert answer.status == 200
    assert b"faultcode>SOAP-ENV:MustUnderstand<" in answer.body
    assert answer.envelope.id == "abc"


@pytest.mark.cwmp("L-31", "B-25", "X-3")
def test_no_common_version_gets_8006_in_the_devices_namespace(bench: Bench):
    answer = bench.line().ask(post(envelope(inform(), rid="abc", headers=(("SupportedCWMPVersions", "2.0", 0),))))
    assert (answer.message.code, answer.envelope.id, answer.envelope.namespace) == (8006, "abc", "urn:dslforum-org:cwmp-1-2")


@pytest.mark.cwmp("A-71", "A-81")
@pytest.mark.parametrize("what", ["wrong id", "another response", "half an envelope", "a request of its own"])
def test_wrong_answer_ends_the_session_with_a_record_and_the_operation_stays(bench: Bench, what: str):
    line = bench.line()
    cookie, question = asked(bench, line)
    body = {
        "wrong id": envelope(values({VERSION: "1"}), rid="other"), "another response": envelope(GetParameterNamesResponse(()), rid=question.id),
        "half an envelope": envelope(values({VERSION: "1"}), rid=question.id)[:200], "a request of its own": envelope(GetRPCMethods(), "x"),
    }[what]  # fmt: skip
    before = refused("protocol")
    assert line.ask(post(body, cookie)).status == 400
    assert line.closed
    assert refused("protocol") == before + 1
    record = bench.records()[0]
    assert record.row.outcome == "failed"
    assert record.messages[-2].body == body
    assert _reads(bench)[0].is_open


def test_refused_message_with_characters_xml_cannot_carry_is_answered(bench: Bench):
    """What is wrong is told in the fault: it must not break the fault."""
    body = envelope(inform()).replace(b"<MaxEnvelopes>1<", b"<MaxEnvelopes>\x02x<").replace(b">1</cwmp:ID>", b">&#2;</cwmp:ID>")
    assert bench.line().ask(post(body)).status in (200, 400)


# ---- load ------------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("A-59")
def test_overload_puts_off_with_a_random_wait(bench: Bench):
    bench.commit.full = True
    before = refused("overload")
    answers = [bench.line().ask(post(envelope(inform(f"S{n}")))) for n in range(20)]
    assert {a.status for a in answers} == {503}
    waits = {int(a.one("retry-after")) for a in answers}
    assert len(waits) > 5
    assert all(30 <= wait <= 300 for wait in waits)
    assert refused("overload") == before + 20


def test_closed_door_refuses_a_routine_contact_before_it_is_decoded_and_a_session_under_way_goes_on(bench: Bench):
    line = bench.line()
    cookie, question = asked(bench, line)
    bench.handler.admission.openness = 0.0
    decode, bench.handler.decode = bench.handler.decode, None  # type: ignore[assignment]
    put_off = bench.line().ask(post(envelope(inform("S9", "2 PERIODIC"))))
    assert (put_off.status, put_off.body) == (503, b"")
    assert 30 <= int(put_off.one("retry-after")) <= 300
    bench.handler.decode = decode
    assert bench.line().ask(post(envelope(inform("S9", "6 CONNECTION REQUEST")))).status == 200
    assert line.ask(post(envelope(values({VERSION: "1"}), rid=question.id), cookie)).status in (200, 204)


def test_overload_in_mid_session_puts_off_and_is_counted(bench: Bench):
    line = bench.line()
    cookie, question = asked(bench, line)
    bench.commit.full = True
    before = refused("overload")
    answer = line.ask(post(envelope(values({VERSION: "1"}), rid=question.id), cookie))
    assert answer.status == 503
    assert refused("overload") == before + 1
    bench.commit.full = False
    assert _reads(bench)[0].is_open
    assert bench.begin()[1]


def test_too_many_sessions_put_routine_off_but_admit_who_is_awaited(make_bench: Any):
    bench = make_bench(max_sessions=2)
    for serial in ("A", "B"):
        bench.begin(serial)
    before = refused("sessions")
    answer = bench.line().ask(post(envelope(inform("C"))))
    assert (answer.status, bool(answer.one("retry-after"))) == (503, True)
    assert refused("sessions") == before + 1
    for serial, event in (("D", "6 CONNECTION REQUEST"), ("E", "0 BOOTSTRAP")):
        assert bench.begin(serial, None, event)[1]
    assert bench.line().ask(post(envelope(inform("F", "6 CONNECTION REQUEST")))).status == 503  # who says so may say anything


@pytest.mark.cwmp("D-12")
def test_an_inform_that_cannot_be_stored_is_put_off_and_harms_nobody_else(bench: Bench):
    bench.commit.broken = RuntimeError("disk")
    line, before = bench.line(), refused("storage")
    answer = line.ask(post(envelope(inform())))
    assert (answer.status, bool(answer.one("retry-after")), refused("storage")) == (503, True, before + 1)
    bench.commit.broken = None
    assert bench.begin("S2")[1]


def test_failed_commit_of_a_step_ends_its_session(bench: Bench):
    line = bench.line()
    cookie, question = asked(bench, line)
    bench.commit.broken = RuntimeError("disk")
    assert line.ask(post(envelope(values({VERSION: "1"}), rid=question.id), cookie)).status == 500
    bench.commit.broken = None
    assert _reads(bench)[0].is_open
    assert bench.begin()[1]


# ---- records ---------------------------------------------------------------------------------------------------


def test_record_holds_the_whole_session_in_order(bench: Bench):
    line = bench.line()
    cookie, question = asked(bench, line)
    line.ask(post(envelope(values({VERSION: "1"}), rid=question.id), cookie))
    record = bench.records()[0]
    assert record.row.outcome == "ok"
    assert [(m.from_cpe, m.status) for m in record.messages] == [(True, 0), (False, 200), (True, 0), (False, 200), (True, 0), (False, 204)]
    assert record.messages[2].body == b""
    assert b"InformResponse" in record.messages[1].body


def test_records_of_many_live_sessions_are_bounded_together(bench: Bench, monkeypatch: Any):
    monkeypatch.setattr("acs.server.cwmp.MOST_TRACED", 1000)
    monkeypatch.setattr("acs.server.cwmp.TRACED_WHEN_MANY", 100)
    line = bench.line()
    cookie, question = asked(bench, line)
    bench.handler.sweep()
    line.ask(post(envelope(values({VERSION: "long " * 20_000}), rid=question.id), cookie))
    assert len(bench.records()[0].messages[4].body) < 6000
    assert len(bench.records()[0].messages) == 6


@pytest.mark.cwmp("J-11")
def test_secrets_are_struck_out_of_the_record(bench: Bench):
    line, cookie = bench.known()
    path = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
    bench.request("write", {"values": [[path, "correct horse", "string"]]})
    answer = line.ask(post(cookie=cookie))
    assert b"correct horse" in answer.body
    line.ask(post(envelope(values({path: "battery staple"}), rid=answer.envelope.id), cookie))
    bench.handler.stop()
    said = b"".join(m.body for record in bench.records() for m in record.messages)
    assert path.encode() in said
    assert b"correct horse" not in said
    assert b"battery staple" not in said


def test_recorder_of_failures_keeps_only_failures(make_bench: Any):
    bench = make_bench(recorder="failed")
    line, cookie = bench.known()
    line.ask(post(cookie=cookie))
    bench.begin()
    bench.handler.stop()
    assert [record.row.outcome for record in bench.records()] == ["lost"]


def test_recorder_that_is_off_keeps_nothing(make_bench: Any):
    bench = make_bench(recorder="off")
    bench.known()
    bench.handler.stop()
    assert bench.records() == []

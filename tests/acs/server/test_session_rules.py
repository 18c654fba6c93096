"""Rules of a session as a device meets them at the CWMP port: sizes, coding, what an Inform may leave out, what events say."""

import re

import pytest

from acs.cwmp.messages import InformResponse, RebootResponse, TransferComplete
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from tests.acs.server.kit import Bench, envelope, inform, post, values

BIG = "x" * 33_000
PATH = "Device.DeviceInfo.Description"


@pytest.mark.cwmp("A-11", "L-14")
def test_answer_of_33_000_bytes_is_taken(bench: Bench):
    line, cookie = bench.known()
    number = bench.request("read", {"paths": [PATH]})
    question = line.ask(post(cookie=cookie))
    body = envelope(values({PATH: BIG}), rid=question.envelope.id)
    assert len(body) > 33_000
    assert line.ask(post(body, cookie)).status == 204
    view = bench.operation(number)
    assert (view.state, view.result["values"]) == ("done", {PATH: BIG})


@pytest.mark.cwmp("A-11", "L-14")
def test_question_of_33_000_bytes_is_sent_whole(bench: Bench):
    line, cookie = bench.known()
    paths = [f"Device.X_Example_{n:03}_{'n' * 200}" for n in range(200)]
    bench.request("set_notification", {"paths": paths, "notification": 1})
    asked = line.ask(post(cookie=cookie))
    assert type(asked.message).__name__ == "SetParameterAttributes"
    assert len(asked.body) > 33_000
    assert asked.one("content-length") == str(len(asked.body))


@pytest.mark.cwmp("A-15")
@pytest.mark.parametrize("accepts", [{}, {"Accept-Encoding": "gzip, deflate"}])
def test_answers_are_never_compressed(bench: Bench, accepts: dict[str, str]):
    answer = bench.line().ask(post(envelope(inform()), headers=accepts))
    assert answer.all("content-encoding") == []
    assert answer.body.startswith(b"<SOAP-ENV:Envelope")


@pytest.mark.cwmp("D-5")
@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00", "", "yesterday"])
def test_devices_clock_does_not_count_for_records(bench: Bench, time: str):
    said = re.sub(rb"<CurrentTime>[^<]*<", b"<CurrentTime>" + time.encode() + b"<", envelope(inform()))
    assert isinstance(bench.line().ask(post(said)).message, InformResponse)
    with bench.database.read() as session:
        (row,) = devices.search(session, DEFAULT_TENANT, bench.now())
    assert row.last_inform_at == bench.now()


@pytest.mark.cwmp("D-11", "D-9")
def test_command_key_counts_with_the_event_of_a_method_only_and_the_order_of_events_not_at_all(bench: Bench):
    line, cookie = bench.known()
    number = bench.request("reboot")
    key = bench.operation(number).command_key
    question = line.ask(post(cookie=cookie))
    assert line.ask(post(envelope(RebootResponse(), rid=question.envelope.id), cookie)).status == 204
    assert bench.operation(number).state == "waiting"
    bench.play(*bench.begin("S1", None, f"2 PERIODIC|{key}", f"4 VALUE CHANGE|{key}"))
    assert bench.operation(number).state == "waiting"
    bench.play(*bench.begin("S1", None, f"M Reboot|{key}", "1 BOOT"))
    assert bench.operation(number).state == "done"


@pytest.mark.cwmp("C-128")
@pytest.mark.parametrize("key", ["", "nobody-s"])
def test_transfer_complete_is_never_refused_even_one_of_nobodys(bench: Bench, key: str):
    line, cookie = bench.known()
    for _ in range(2):
        answer = line.ask(post(envelope(TransferComplete(key), rid="7"), cookie))
        assert type(answer.message).__name__ == "TransferCompleteResponse"

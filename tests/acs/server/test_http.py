"""The HTTP channel alone: bytes on a StringTransport, a handler that answers what it is told to."""

import tracemalloc
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from acs.server.http import HttpFactory, Limits, Request, Response
from tests.acs.server.kit import Line, post, sample


class Echo:
    """Answers with the body it got, at once or when `answer` is called."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.later: list[Deferred[Response]] = []
        self.waits = False

    async def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        if self.waits:
            done: Deferred[Response] = Deferred()
            self.later.append(done)
            return await done
        return Response(200, request.body, ((b"Content-Type", b"text/plain"),))


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def factory(echo: Echo, clock: Clock) -> HttpFactory:
    return HttpFactory(clock, echo, Limits(header=1000, body=2000, waiting=3, idle_s=60, per_address=2))


@pytest.fixture
def line(factory: HttpFactory) -> Line:
    return Line(factory)


def refused(reason: str) -> float:
    return sample("hearthline_http_refused_total", reason=reason)


@pytest.mark.cwmp("A-1", "A-20")
def test_several_requests_on_one_connection_are_answered_on_it(line: Line, echo: Echo):
    assert [line.ask(post(body)).body for body in (b"one", b"two")] == [b"one", b"two"]
    assert not line.closed
    assert echo.requests[0].connection is echo.requests[1].connection


def test_answer_has_its_length_and_its_headers(line: Line):
    answer = line.ask(post(b"hello"))
    assert (answer.status, answer.one("content-length"), answer.one("content-type")) == (200, "5", "text/plain")


@pytest.mark.quirk("K-14")
def test_message_split_at_every_byte_is_the_same_message(factory: HttpFactory, echo: Echo):
    data = post(b"<x/>", cookie="a=1; b=2")
    for at in range(1, len(data)):
        line = Line(factory)
        assert line.send(data[:at]) == []
        assert [a.body for a in line.send(data[at:])] == [b"<x/>"]
        line.hang_up()
    assert {(r.body, r.headers[b"cookie"]) for r in echo.requests} == {(b"<x/>", b"a=1; b=2")}


def test_message_in_single_bytes_is_read(line: Line, echo: Echo):
    answers = [answer for byte in post(b"drop by drop") for answer in line.send(bytes([byte]))]
    assert [a.body for a in answers] == [b"drop by drop"]


@pytest.mark.cwmp("A-9")
def test_pipelined_requests_are_answered_in_order(line: Line, echo: Echo):
    echo.waits = True
    line.send(post(b"1") + post(b"2") + post(b"3"))
    assert len(echo.requests) == 1  # the next begins when the one before is answered
    for n in range(3):
        echo.later[n].callback(Response(200, b"answer %d" % n))
    assert [a.body for a in line.read()] == [b"answer 0", b"answer 1", b"answer 2"]


def test_too_many_waiting_requests_end_the_connection(line: Line, echo: Echo):
    echo.waits, before = True, refused("pipelining")
    assert line.send(post(b"x") * 5) == []
    assert refused("pipelining") == before + 1
    echo.later[0].callback(Response(200, b"the first"))
    assert [(a.status, a.body) for a in line.read()] == [(200, b"the first"), (400, b"")]
    assert line.closed
    assert len(echo.requests) == 1  # the others are not even begun


def test_refusal_is_not_taken_for_the_answer_to_what_was_asked_before(line: Line, echo: Echo):
    echo.waits = True
    assert line.send(post(b"good") + b"GARBAGE\r\n\r\n") == []
    echo.later[0].callback(Response(200, b"good too"))
    assert [a.status for a in line.read()] == [200, 400]
    assert line.closed


@pytest.mark.quirk("K-8")
def test_http_1_0_is_answered_and_closed(line: Line):
    answer = line.ask(post(b"old", version="1.0"))
    assert (answer.status, answer.body, answer.one("connection")) == (200, b"old", "close")
    assert line.closed


def test_http_1_0_that_asks_to_keep_the_connection_keeps_it(line: Line):
    line.ask(post(b"old", version="1.0", headers={"Connection": "keep-alive"}))
    assert not line.closed


@pytest.mark.quirk("K-8")
def test_client_that_says_close_is_answered_and_closed(line: Line):
    assert line.ask(post(b"x", headers={"Connection": "close"})).one("connection") == "close"
    assert line.closed


@pytest.mark.quirk("K-10")
@pytest.mark.cwmp("A-19")
def test_expect_100_continue_is_answered_before_the_body_comes(line: Line):
    data = post(b"body", headers={"Expect": "100-continue"})
    assert [a.status for a in line.send(data[:-4])] == [100]
    assert [(a.status, a.body) for a in line.send(b"body")] == [(200, b"body")]


def test_expect_of_a_body_that_is_too_large_gets_413_at_once(line: Line):
    head = post(headers={"Expect": "100-continue", "Content-Length": "5000"})
    assert [a.status for a in line.send(head)] == [413]


@pytest.mark.quirk("K-13")
@pytest.mark.cwmp("A-10", "L-13")
def test_chunked_body_is_put_together(line: Line, echo: Echo):
    head = post(headers={"Content-Length": None, "Transfer-Encoding": "chunked"})
    assert line.ask(head + b"3\r\nabc\r\n2;x=y\r\nde\r\n1\r\nf\r\n0\r\n\r\n").body == b"abcdef"


def test_chunked_body_beyond_the_limit_is_refused(line: Line):
    head = post(headers={"Content-Length": None, "Transfer-Encoding": "chunked"})
    answers = line.send(head + (b"1F4\r\n" + b"x" * 500 + b"\r\n") * 5)
    assert [a.status for a in answers] == [413]
    assert line.closed


def test_chunks_of_one_byte_cost_no_more_than_the_body(factory: HttpFactory, echo: Echo):
    tracemalloc.start()
    try:
        line = Line(HttpFactory(factory.reactor, echo, Limits(body=300_000)))
        line.send(post(headers={"Content-Length": None, "Transfer-Encoding": "chunked"}))
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(100):
            line.send(b"2\r\nab\r\n" * 1000)
        assert tracemalloc.get_traced_memory()[0] - before < 1_000_000
    finally:
        tracemalloc.stop()
    assert len(line.ask(b"0\r\n\r\n").body) == 200_000


@pytest.mark.parametrize("tail", [b"0\r\nX-Late: ", b"1;ext="])
def test_trailer_or_chunk_extension_without_an_end_is_refused(line: Line, tail: bytes):
    before = refused("header")
    line.send(post(headers={"Content-Length": None, "Transfer-Encoding": "chunked"}) + tail)
    for _ in range(100):
        if not line.closed:
            line.send(b"z" * 1000)
    assert [a.status for a in line.read()] == [] and line.closed  # read while it was sent
    assert refused("header") == before + 1


def test_trailer_does_not_say_anew_who_is_asking(line: Line, echo: Echo):
    head = post(cookie="hl=first", headers={"Content-Length": None, "Transfer-Encoding": "chunked"})
    line.send(head + b"1\r\na\r\n0\r\nCookie: hl=second\r\nAuthorization: Basic eDp5\r\n\r\n")
    assert (echo.requests[0].headers[b"cookie"], b"authorization" in echo.requests[0].headers) == (b"hl=first", False)


def test_bodies_of_all_connections_together_are_bounded(clock: Clock, echo: Echo):
    factory = HttpFactory(clock, echo, Limits(body=2000, buffered=3000, per_address=10))
    echo.waits, before = True, refused("memory")
    first, second, third = Line(factory), Line(factory), Line(factory)
    first.send(post(b"x" * 2000))
    assert second.send(post(b"y" * 500)) == []
    (answer,) = third.send(post(b"z" * 1000))
    assert (answer.status, 30 <= int(answer.one("retry-after")) <= 300) == (503, True)
    assert refused("memory") == before + 1
    echo.later[0].callback(Response(200))
    assert factory.held == 500
    second.hang_up()
    assert factory.held == 0
    third.hang_up()
    echo.waits = False
    assert Line(factory).ask(post(b"z" * 1000)).status == 200
    assert factory.held == 0


@pytest.mark.cwmp("A-12")
def test_length_beyond_the_limit_is_refused_before_the_body(line: Line, echo: Echo):
    before = refused("body")
    assert line.ask(post(headers={"Content-Length": "2001"})).status == 413
    assert line.closed
    assert (echo.requests, refused("body")) == ([], before + 1)


def test_body_at_the_limit_is_taken(line: Line):
    assert len(line.ask(post(b"x" * 2000)).body) == 2000


def test_header_beyond_the_limit_is_refused(line: Line, echo: Echo):
    before = refused("header")
    assert line.ask(post(headers={"X-Long": "y" * 1200})).status == 431
    assert line.closed
    assert (echo.requests, refused("header")) == ([], before + 1)


def test_one_endless_header_is_refused_without_its_end(line: Line):
    """A parser that hands headers over whole must not be left to collect them for ever."""
    statuses = [a.status for a in line.send(b"POST / HTTP/1.1\r\nX: ")]
    for _ in range(100):
        if not line.closed:
            statuses += [a.status for a in line.send(b"z" * 1000)]
    assert statuses == [431]


def test_one_endless_target_is_refused(line: Line):
    statuses = [a.status for a in line.send(b"POST /" + b"a" * 1500)]
    assert statuses == [431]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GARBAGE\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n", b"POST / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_no_http_gets_400_and_is_counted(line: Line, nonsense: bytes):
    before = sample("hearthline_http_refused_total")
    assert line.ask(nonsense).status == 400
    assert line.closed
    assert sample("hearthline_http_refused_total") == before + 1


@pytest.mark.parametrize("method", ["GET", "POST", "CONNECT"])
def test_upgrade_is_refused_and_what_follows_is_no_request(line: Line, echo: Echo, method: str):
    before = refused("upgrade")
    answers = line.send(post(post(b"smuggled"), method=method, headers={"Upgrade": "websocket", "Connection": "Upgrade"}))
    assert [a.status for a in answers] == [400]
    assert (echo.requests, refused("upgrade")) == ([], before + 1)


def test_bytes_after_a_refusal_are_not_read(line: Line, echo: Echo):
    line.send(b"GARBAGE\r\n\r\n")
    assert line.send(post(b"x")) == []
    assert echo.requests == []


def test_lying_length_makes_the_rest_a_broken_request(line: Line, echo: Echo):
    answers = line.send(post(b"<soap>and more</soap>", headers={"Content-Length": "6"}))
    assert [a.status for a in answers] == [200, 400]
    assert echo.requests[0].body == b"<soap>"


def test_handler_that_fails_is_answered_500_and_counted(clock: Clock):
    async def broken(_request: Request) -> Response:
        raise RuntimeError("a defect")

    before = sample("hearthline_http_refused_total")
    line = Line(HttpFactory(clock, broken))
    assert line.ask(post(b"x")).status == 500
    assert line.closed
    assert sample("hearthline_http_refused_total") == before + 1


@pytest.mark.parametrize("more", [post(b"2"), b"GARBAGE\r\n\r\n"])
def test_failure_is_told_in_its_place_and_ends_the_connection(line: Line, echo: Echo, more: bytes):
    echo.waits = True
    line.send(post(b"1") + more)
    echo.later[0].errback(RuntimeError("a defect"))
    assert [a.status for a in line.read()] == [500]
    assert line.closed
    assert len(echo.requests) == 1


@pytest.mark.quirk("K-15")
def test_answer_to_who_has_hung_up_is_dropped(line: Line, echo: Echo):
    echo.waits = True
    line.send(post(b"x"))
    line.hang_up()
    echo.later[0].callback(Response(200, b"too late"))
    assert line.read() == []


def test_who_has_said_all_it_has_to_say_is_still_answered(line: Line, echo: Echo):
    """A client may close its half of the connection after the request and wait for the answer."""
    echo.waits = True
    line.send(post(b"x"))
    line.connection.readConnectionLost()
    assert not line.closed
    echo.later[0].callback(Response(200, b"here you are"))
    assert [(a.body, a.one("connection")) for a in line.read()] == [(b"here you are", "close")]
    assert line.closed


def test_who_closes_its_half_with_nothing_asked_is_let_go(line: Line):
    line.connection.readConnectionLost()
    assert line.closed


def test_who_does_not_read_is_not_read(line: Line):
    line.transport.producer.pauseProducing()
    assert line.transport.producerState == "paused"
    line.transport.producer.resumeProducing()
    assert line.transport.producerState == "producing"
    line.send(post(b"x", headers={"Connection": "close"}))
    assert line.transport.producer is None  # else the transport would wait for it for ever


# ---- silence ---------------------------------------------------------------------------------------------------


def test_silent_connection_is_swept_away_and_counted(line: Line, factory: HttpFactory, clock: Clock):
    before = refused("idle")
    clock.advance(59)
    factory.sweep()
    assert not line.closed
    clock.advance(2)
    factory.sweep()
    assert line.transport.aborted
    assert refused("idle") == before + 1


@pytest.mark.quirk("K-14")
def test_slow_message_is_not_silence(line: Line, factory: HttpFactory, clock: Clock):
    data = post(b"b" * 20)
    for byte in data[:-1]:
        line.send(bytes([byte]))
        clock.advance(50 if byte == ord("b") else 0.1)
        factory.sweep()
    assert not line.closed
    assert line.ask(data[-1:]).status == 200


@pytest.mark.cwmp("J-6")
def test_header_that_never_ends_is_swept_away(line: Line, factory: HttpFactory, clock: Clock):
    """A byte now and then keeps a body alive, but nobody needs minutes for a header."""
    before = refused("slow")
    for byte in b"POST / HTTP/1.1\r\nHost: a\r\n":
        if line.closed:
            break
        line.send(bytes([byte]))
        clock.advance(10)
        factory.sweep()
    assert line.transport.aborted
    assert refused("slow") == before + 1


def test_half_open_connection_is_swept_away(factory: HttpFactory, clock: Clock):
    line = Line(factory)
    clock.advance(61)
    factory.sweep()
    assert line.transport.aborted


def test_connection_that_waits_for_us_is_not_swept_away(line: Line, factory: HttpFactory, echo: Echo, clock: Clock):
    echo.waits = True
    line.send(post(b"x"))
    clock.advance(500)
    factory.sweep()
    assert not line.closed
    echo.later[0].callback(Response(204))
    assert [a.status for a in line.read()] == [204]


# ---- how many --------------------------------------------------------------------------------------------------


def test_one_address_has_only_so_many_connections(factory: HttpFactory):
    before = refused("connections")
    first, second, third = (Line(factory, "192.0.2.1") for _ in range(3))
    assert third.connection is None
    assert Line(factory, "192.0.2.2").connection is not None
    assert refused("connections") == before + 1
    first.hang_up()
    assert Line(factory, "192.0.2.10").connection is not None
    second.hang_up()
    assert Line(factory, "192.0.2.1").connection is not None


def test_one_ipv6_network_has_only_so_many_connections(factory: HttpFactory):
    assert Line(factory, "2001:db8:0:1::1").connection is not None
    assert Line(factory, "2001:db8:0:1:ffff::2").connection is not None
    assert Line(factory, "2001:db8:0:1::3").connection is None
    assert Line(factory, "2001:db8:0:2::1").connection is not None


@pytest.mark.cwmp("J-6")
def test_room_is_made_for_new_connections_by_those_longest_without_a_message(clock: Clock, echo: Echo):
    factory = HttpFactory(clock, echo, Limits(connections=40, per_address=100))
    before = refused("crowded")
    idle = [Line(factory) for _ in range(20)]
    clock.advance(1)
    busy = [Line(factory) for _ in range(20)]
    idle[0].ask(post(b"x"))
    assert Line(factory).connection is not None
    assert [line.closed for line in idle].count(True) == 3
    assert not idle[0].closed
    assert not any(line.closed for line in busy)
    assert (len(factory.connections), refused("crowded")) == (38, before + 3)


def test_connections_are_forgotten_when_they_go(factory: HttpFactory):
    gone: list[Any] = []
    factory.on_gone = gone.append
    lines = [Line(factory) for _ in range(2)]
    assert len(factory.connections) == 2
    for line in lines:
        line.hang_up()
    assert factory.connections == set()
    assert gone == [line.connection for line in lines]


def test_mapped_ipv4_address_is_told_as_ipv4(factory: HttpFactory, echo: Echo):
    Line(factory, "::ffff:192.0.2.9").ask(post(b"x"))
    assert echo.requests[0].peer == "192.0.2.9"


def test_repeated_cookie_headers_are_joined_others_keep_the_last(line: Line, echo: Echo):
    line.send(b"POST / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nCOOKIE: b=2\r\nX: 1\r\nx: 2\r\nContent-Length: 0\r\n\r\n")
    assert (echo.requests[0].headers[b"cookie"], echo.requests[0].headers[b"x"]) == (b"a=1; b=2", b"2")

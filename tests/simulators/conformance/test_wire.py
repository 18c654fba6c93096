"""One connection: bytes out as given, answers read back whole, in all their forms."""

import pytest
import pytest_twisted
from twisted.internet.protocol import Factory, Protocol

from simulators.conformance.wire import NoAnswer, Place, connect, in_chunks
from tests.simulators.conformance.kit import reactor, settle


class _Canned(Protocol):
    def dataReceived(self, data: bytes) -> None:
        self.factory.heard += data  # type: ignore[union-attr]
        for piece in self.factory.says:  # type: ignore[union-attr]
            self.transport.write(piece)  # type: ignore[union-attr]
        if self.factory.closes:  # type: ignore[union-attr]
            self.transport.loseConnection()  # type: ignore[union-attr]


async def answered(*says: bytes, closes: bool = False, timeout_s: float = 2.0):
    factory = Factory.forProtocol(_Canned)
    factory.says, factory.closes, factory.heard, factory.noisy = says, closes, b"", False  # type: ignore[attr-defined]
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    line = await connect(reactor, Place.of(f"http://127.0.0.1:{port.getHost().port}/"))
    try:
        line.send(b"anything")
        return await line.answer(timeout_s)
    finally:
        line.abort()
        await port.stopListening()
        await settle()


@pytest_twisted.ensureDeferred
async def test_answers_are_read_by_length_by_chunks_and_to_the_end():
    assert (await answered(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello more")).body == b"hello"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    assert (await answered(chunked)).body == b"abcde"
    assert (await answered(b"HTTP/1.0 200 OK\r\n\r\nto the end", closes=True)).body == b"to the end"
    assert (await answered(b"HTTP/1.1 204 No Content\r\n\r\n")).body == b""


@pytest_twisted.ensureDeferred
async def test_a_hundred_continue_is_noted_and_passed_over():
    got = await answered(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: a\r\nWWW-Authenticate: b\r\n\r\n"
    )
    assert (got.status, got.continued, got.all("www-authenticate"), got.keeps) == (401, True, ["a", "b"], True)


@pytest_twisted.ensureDeferred
async def test_what_is_no_answer_says_why():
    with pytest.raises(NoAnswer, match="not HTTP"):
        await answered(b"hello\r\n\r\n")
    with pytest.raises(NoAnswer, match="in the middle") as told:
        await answered(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", closes=True)
    assert told.value.closed
    with pytest.raises(NoAnswer, match="in time"):
        await answered(b"HTTP/1.1 200", timeout_s=0.1)
    with pytest.raises(NoAnswer, match="no connection"):
        await connect(reactor, Place(False, "127.0.0.1", 1, "/"))


def test_places_and_chunks():
    assert Place.of("https://acs.example/a/b?c=d") == Place(True, "acs.example", 443, "/a/b?c=d")
    assert (Place.of("http://[::1]:7547").authority, Place.of("http://h").authority) == ("[::1]:7547", "h")
    assert in_chunks(b"abcde", 3, ";n=v") == b"3;n=v\r\nabc\r\n2;n=v\r\nde\r\n0\r\n\r\n"

"""Connections that are slow, silent, many, cut or misframed, against a running server, with devices that behave beside them."""

import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.acs.server.kit import envelope, inform, post
from tests.integration.besieged import Besieged, besieged, connect, read, reset, said
from tests.integration.processes import Premises

PATIENCE_S = 3.0
INFORM = envelope(inform("SLOW"))
HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    premises = Premises(tmp_path_factory.mktemp("slow"), HEARTHLINE_CPE_AUTH="none", HEARTHLINE_MAX_CONNECTIONS_PER_ADDRESS="4000")
    yield besieged(premises)
    assert "Traceback" not in premises.commands[-1].said
    premises.stop()


def closed(sock: socket.socket, within_s: float = 5.0) -> bool:
    sock.settimeout(within_s)
    try:
        while sock.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def settled(server: Besieged, most: int = 20) -> bool:
    """Whether the connections of an attack are gone."""
    deadline = time.monotonic() + 10
    while server.connections() > most and time.monotonic() < deadline:
        time.sleep(0.1)
    return server.connections() <= most


# ---- how a message is framed -----------------------------------------------------------------------------------

MISFRAMED = {
    "both lengths": HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
    "both lengths, other order": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 0\r\nContent-Length: 40\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    "the same length twice": HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a list of lengths": HEAD + b"Content-Length: 3, 3\r\n\r\nabc",
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "a length with a sign": HEAD + b"Content-Length: +3\r\n\r\nabc",
    "a length in hex": HEAD + b"Content-Length: 0x3\r\n\r\nabc",
    "a length beyond all": HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "a blank before the colon": HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a coding after chunked": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked in disguise": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    "a chunk beyond all": CHUNKED + b"FFFFFFFFFFFFFFFFF\r\n",
    "a negative chunk": CHUNKED + b"-5\r\nabcde\r\n",
    "a chunk that is none": CHUNKED + b"ZZ\r\nabc\r\n",
    "a chunk without its end": CHUNKED + b"3\r\nabcXX0\r\n\r\n",
    "a bare line feed": b"POST / HTTP/1.1\nHost: a\nContent-Length: 0\n\n",
    "a NUL in a header": HEAD + b"X: a\0b\r\nContent-Length: 0\r\n\r\n",
    "a folded header": HEAD + b"X: a\r\n Content-Length: 9\r\nContent-Length: 0\r\n\r\n",
    "an upgrade with a request for a body": post(post(b"smuggled"), headers={"Upgrade": "h2c", "Connection": "Upgrade"}),
    "HTTP/2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}  # fmt: skip


@pytest.mark.cwmp("A-9", "J-6")
@pytest.mark.parametrize("what", MISFRAMED)
def test_message_whose_end_could_be_read_in_two_ways_ends_the_connection(server: Besieged, what: str):
    before = server.refused()
    with connect(server.port) as sock:
        sock.sendall(MISFRAMED[what])
        answers = read(sock, 2)
        assert [answer.status for answer in answers] in ([400], [405]), (what, answers)
        assert closed(sock)
    assert server.refused() == before + 1


@pytest.mark.cwmp("A-9", "A-19")
@pytest.mark.quirk("K-8", "K-10")
def test_odd_but_honest_clients_are_served(server: Besieged):
    assert said(server.port, post(INFORM, version="1.0"))[0].status == 200
    with connect(server.port) as sock:
        sock.sendall(post(INFORM, headers={"Expect": "100-continue"})[: -len(INFORM)])
        assert [answer.status for answer in read(sock)] == [100]
        sock.sendall(INFORM)
        (answer,) = read(sock)
        sock.sendall(post(method="GET") + post(cookie=answer.cookie))  # pipelined, and answered in order
        assert [later.status for later in read(sock, 2)] == [405, 200]
    with connect(server.port) as sock:
        sock.sendall(post(INFORM))
        sock.shutdown(socket.SHUT_WR)
        assert [answer.status for answer in read(sock)] == [200]
        assert closed(sock)


# ---- too much --------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("J-6")
def test_floods_of_one_connection_are_cut_off_early(server: Besieged):
    """Headers, trailers, chunk extensions, single chunks without an end: each is refused long before it is a burden."""
    floods = {
        "headers": (HEAD, b"".join(b"X-%d: %s\r\n" % (n, b"y" * 50) for n in range(1000))), "one header": (HEAD + b"X: ", b"z" * 60_000),
        "target": (b"POST /", b"a" * 60_000), "method": (b"P", b"P" * 60_000), "trailer": (CHUNKED + b"0\r\nX: ", b"z" * 60_000),
        "chunk extension": (CHUNKED + b"1;x=", b"z" * 60_000), "tiny chunks": (CHUNKED, b"1\r\na\r\n" * 10_000),
        "body": (CHUNKED, b"ffff\r\n" + b"x" * 65535 + b"\r\n"),
    }  # fmt: skip
    before = server.resident_mib()
    with server.good_devices(PATIENCE_S):
        for name, (start, more) in floods.items():
            with connect(server.port) as sock:
                sent, answered = 0, False
                with suppress(OSError):
                    sock.sendall(start)
                    while (sent < 64_000_000 and name != "tiny chunks") or sent < 3_000_000:
                        sock.sendall(more)
                        sent += len(more)
                        sock.setblocking(False)
                        with suppress(BlockingIOError):
                            answered = bool(sock.recv(1, socket.MSG_PEEK)) or answered
                            break
                        sock.settimeout(20)
                most = {"body": 45_000_000, "tiny chunks": 4_000_000}.get(name, 8_000_000)  # what the sockets' buffers take is not yet read
                assert sent < most, (name, sent)
    assert server.resident_mib() - before < 150


@pytest.mark.cwmp("J-6")
def test_client_that_never_reads_does_not_fill_our_memory(server: Besieged):
    before = server.resident_mib()
    with server.good_devices(PATIENCE_S), connect(server.port) as sock:
        sock.settimeout(0.5)
        request, sent = post(method="GET") * 500, 0
        with suppress(OSError):
            while sent < 40_000_000:
                sock.sendall(request)
                sent += len(request)
        assert sent < 40_000_000  # it is not read any more
    assert server.resident_mib() - before < 60


@pytest.mark.cwmp("A-59", "J-6")
@pytest.mark.quirk("K-15")
def test_many_tiny_requests_are_all_answered(server: Besieged):
    """A connection of its own for each, and many on one; then a connection each with RST instead of an end."""
    with server.good_devices(PATIENCE_S):
        with connect(server.port) as sock:
            for _ in range(40):
                sock.sendall(post(method="GET") * 8)
                assert [answer.status for answer in read(sock, 8)] == [405] * 8
        statuses = server.throw([post(INFORM)] * 100)
        for _ in range(100):
            cut = connect(server.port)
            cut.sendall(post(INFORM)[:-20])
            reset(cut)
        for _ in range(100):
            cut = connect(server.port)
            cut.sendall(post(INFORM))
            reset(cut)
    assert set(statuses) == {200}
    assert settled(server)


# ---- too slow, too many ----------------------------------------------------------------------------------------


@pytest.mark.cwmp("A-59", "J-6", "L-16")
@pytest.mark.quirk("K-14")
def test_slow_silent_and_idle_connections_hold_nobody_up(server: Besieged):
    """Header byte by byte, body byte by byte, nothing at all, half a message; a thousand and more of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 4096:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    before = server.resident_mib()
    whole = post(INFORM)
    socks = [connect(server.port) for _ in range(1200)]
    try:
        stop = threading.Event()

        def trickle() -> None:
            at = 0
            while not stop.wait(0.02):
                for sock in socks[:200]:  # a header that takes its time
                    sock.send(whole[at : at + 1])
                for sock in socks[200:400]:  # a body that does
                    sock.send(whole[at : at + 1] if at else whole[:-100])
                at += 1

        slow = threading.Thread(target=trickle)
        slow.start()
        for sock in socks[400:600]:
            sock.sendall(whole[:-1])
        with server.good_devices(PATIENCE_S):
            time.sleep(1.5)
        stop.set()
        slow.join()
        assert server.connections() >= 1200
        socks[400].sendall(whole[-1:])  # slow is not wrong
        assert [answer.status for answer in read(socks[400])] == [200]
    finally:
        for sock in socks:
            reset(sock)
    assert settled(server)
    assert server.resident_mib() - before < 100


@pytest.mark.soak
@pytest.mark.cwmp("J-6", "A-59")
def test_a_hundred_thousand_tiny_requests(server: Besieged):
    before = server.resident_mib()
    with server.good_devices(PATIENCE_S):
        for _ in range(10):
            statuses = server.throw([post(method="GET")] * 9_000 + [post(INFORM)] * 1_000, at_once=16)
            assert set(statuses) == {405, 200}
    assert settled(server)
    assert server.resident_mib() - before < 100

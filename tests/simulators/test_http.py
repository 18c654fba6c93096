"""The HTTP client against raw answers on loopback."""

from __future__ import annotations

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred
from twisted.internet.protocol import Factory, Protocol

from simulators.http import ConnectFailed, ExchangeFailed, HttpClient, SharedLine, in_chunks


class Raw(Protocol):
    """Answers the n-th request with the n-th text; `close` closes after each."""

    def dataReceived(self, data):
        self.factory.requests.append(data)
        if self.factory.answers:
            self.transport.write(self.factory.answers.pop(0))
        if self.factory.close:
            self.transport.loseConnection()


class Server(Factory):
    noisy = False
    protocol = Raw

    def __init__(self, *answers, close=False):
        self.answers, self.close, self.requests, self.connections = list(answers), close, [], 0
        self.port = reactor.listenTCP(0, self, interface="127.0.0.1")
        self.url = f"http://127.0.0.1:{self.port.getHost().port}/a?b=c"

    def buildProtocol(self, address):
        self.connections += 1
        return super().buildProtocol(address)


async def ask(server, client=None, **more):
    client = client or HttpClient(reactor, idle_s=2, connect_s=2)
    try:
        return await client.request("POST", server.url, [("X", "y")], b"body", **more)
    finally:
        client.close()
        await server.port.stopListening()


@pytest_twisted.ensureDeferred
async def test_counted_body_and_an_informational_answer_before_it():
    server = Server(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n\r\nhello")
    response = await ask(server)
    assert (response.status, response.body, response.all("set-cookie")) == (200, b"hello", ["a=1", "b=2"])
    assert server.requests[0].startswith(b"POST /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nContent-Length: 4\r\n\r\nbody" in server.requests[0]


@pytest.mark.cwmp("A-10")
@pytest_twisted.ensureDeferred
async def test_chunked_body():
    response = await ask(Server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"))
    assert response.body == b"abcde"


@pytest.mark.cwmp("L-13")
def test_body_in_three_chunks():
    assert in_chunks(b"abcdefgh") == b"3\r\nabc\r\n3\r\ndef\r\n2\r\ngh\r\n0\r\n\r\n"


@pytest_twisted.ensureDeferred
async def test_body_to_the_end_of_the_connection():
    assert (await ask(Server(b"HTTP/1.0 200 OK\r\n\r\nall of it", close=True))).body == b"all of it"


@pytest_twisted.ensureDeferred
async def test_pieces_go_to_the_sink():
    got = []
    response = await ask(Server(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd"), sink=got.append)
    assert (b"".join(got), response.body) == (b"abcd", b"")


def certificate(folder, name):
    """A key and a self-signed certificate for 127.0.0.1; the path of each."""
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, secret = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    kind = serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()))
    return pem, secret


@pytest.mark.cwmp("A-103")
@pytest_twisted.ensureDeferred
async def test_https_is_checked_against_the_authority_given(tmp_path):
    ssl = pytest.importorskip("twisted.internet.ssl")
    pem, key = certificate(tmp_path, "acs")
    other, _ = certificate(tmp_path, "other")
    server = Server(*[b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"] * 2)
    await server.port.stopListening()
    port = reactor.listenSSL(0, server, ssl.DefaultOpenSSLContextFactory(str(key), str(pem)), interface="127.0.0.1")
    url = f"https://127.0.0.1:{port.getHost().port}/"
    good = HttpClient(reactor, idle_s=3, ca=pem)
    assert (await good.request("POST", url, [])).body == b"ok"
    good.close()
    with pytest.raises((ConnectFailed, ExchangeFailed)):
        await HttpClient(reactor, idle_s=3, ca=other).request("POST", url, [])
    await port.stopListening()


@pytest.mark.cwmp("A-22")
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", b"SSH-2.0-x\r\n\r\n"])
@pytest_twisted.ensureDeferred
async def test_broken_answer_is_a_failure(answer):
    with pytest.raises(ExchangeFailed):
        await ask(Server(answer, close=True))


@pytest_twisted.ensureDeferred
async def test_nobody_there_is_a_failure_to_connect():
    with pytest.raises(ConnectFailed):
        await HttpClient(reactor, connect_s=2).request("GET", "http://127.0.0.1:1/", [])


@pytest.mark.cwmp("A-20", "A-21", "L-12")
@pytest_twisted.ensureDeferred
async def test_one_connection_serves_and_a_closed_one_is_replaced():
    ok = b"HTTP/1.1 204 No Content\r\n\r\n"
    server, client = Server(ok, ok, ok), HttpClient(reactor, idle_s=2)
    await client.request("POST", server.url, [])
    await client.request("POST", server.url, [])
    assert server.connections == 1
    server.close = True
    await client.request("POST", server.url, [])
    server.answers.append(ok)
    assert (await ask(server, client)).status == 204
    assert server.connections == 2


@pytest.mark.quirk("K-10")
@pytest_twisted.ensureDeferred
async def test_body_waits_for_100_continue_and_goes_after_a_while_without(monkeypatch):
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    server = Server(b"HTTP/1.1 100 Continue\r\n\r\n", ok)
    assert (await ask(server, expect=True)).body == b"ok"
    assert [b"Expect: 100-continue" in server.requests[0], server.requests[0].endswith(b"\r\n\r\n"), server.requests[1]] == [
        True,
        True,
        b"body",
    ]
    monkeypatch.setattr("simulators.http.CONTINUE_S", 0.05)
    silent = Server(b"", ok)
    assert (await ask(silent, expect=True)).body == b"ok"
    assert silent.requests[1] == b"body"


@pytest.mark.quirk("K-10")
@pytest_twisted.ensureDeferred
async def test_body_is_not_sent_after_a_final_answer():
    server = Server(b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n")
    assert (await ask(server, expect=True)).status == 417
    assert len(server.requests) == 1


@pytest.mark.quirk("K-14")
@pytest_twisted.ensureDeferred
async def test_request_in_small_pieces():
    server = Server(b"", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert (await ask(server, trickle=40)).status == 200
    assert len(server.requests[0]) == 40
    assert b"".join(server.requests).endswith(b"\r\n\r\nbody")


@pytest.mark.quirk("K-65")
@pytest_twisted.ensureDeferred
async def test_head_has_a_length_and_no_body():
    server = Server(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    client = HttpClient(reactor, idle_s=2)
    assert (await client.request("HEAD", server.url, [])).body == b""
    assert (await ask(server, client)).body == b"ok"


@pytest.mark.quirk("K-9")
@pytest_twisted.ensureDeferred
async def test_a_shared_line_is_one_connection_for_all_in_turn():
    server = Server(*[b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % n for n in range(4)])
    line = SharedLine(reactor)
    asked = [ensureDeferred(line.request("POST", server.url, [], b"x")) for _ in range(4)]
    answers = [(await each).body for each in asked]
    line.close()
    line.abort()
    assert line.is_connected
    line.end()
    await server.port.stopListening()
    assert (answers, server.connections) == ([b"0", b"1", b"2", b"3"], 1)

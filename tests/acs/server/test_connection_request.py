"""Connection requests against real listeners on loopback, which behave as devices do."""

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol

from acs.cwmp.digest import matching_secret, parse_authorization
from acs.server import connection_request
from acs.server.connection_request import Call, Https, WakeResult, call, may_call

LOOPBACK = tuple(ipaddress.ip_network(text) for text in ("127.0.0.0/8", "::1/128"))
USER, SECRET = "acs-user", "s3cr3t"
DIGEST = 'WWW-Authenticate: Digest realm="cpe", nonce="5f9a1c0e", qop="auth", algorithm=MD5'


class _Device(Protocol):
    """Reads whole heads and answers each with what the script says."""

    def __init__(self, script: "Script") -> None:
        self.script, self.buffer = script, b""

    def connectionMade(self) -> None:
        self.script.connections += 1
        self.script.open.add(self)

    def connectionLost(self, reason: Any = None) -> None:
        self.script.open.discard(self)

    def dataReceived(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            self.script.heard.append((first, headers))
            answer = self.script.answer(first, headers)
            if answer is None:
                continue
            self.transport.write(answer)
            if self.script.closes:
                self.transport.loseConnection()


class Script:
    """A device's listener. `challenge` are the lines of its 401; who answers one well gets `then`."""

    def __init__(
        self, *challenge: str, then: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", silent: bool = False, closes: bool = False
    ):
        self.challenge, self.then, self.silent, self.closes = challenge, then, silent, closes
        self.heard: list[tuple[str, dict[str, str]]] = []
        self.open: set[_Device] = set()
        self.connections = 0

    def answer(self, first: str, headers: dict[str, str]) -> bytes | None:
        if self.silent:
            return None
        if not self.challenge or self._good(first, headers):
            return self.then
        return ("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n" + "".join(f"{line}\r\n" for line in self.challenge) + "\r\n").encode()

    @staticmethod
    def _good(first: str, headers: dict[str, str]) -> bool:
        credentials = parse_authorization(headers.get("authorization", ""))
        return (
            credentials is not None
            and credentials.username == USER
            and matching_secret(credentials, "GET", (SECRET,)) is not None
            and getattr(credentials, "uri", "") == first.split()[1]
        )


Listen = Callable[..., tuple[Script, str]]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Start a device's listener: the script, and its URL."""
    ports: list[Any] = []
    scripts: list[Script] = []

    def start(*challenge: str, interface: str = "127.0.0.1", path: str = "/cr/9d1f", **given: Any) -> tuple[Script, str]:
        script = Script(*challenge, **given)
        factory = Factory.forProtocol(lambda: _Device(script))  # type: ignore[arg-type]
        factory.noisy = False
        port = reactor.listenTCP(0, factory, interface=interface)  # type: ignore[attr-defined]
        ports.append(port)
        scripts.append(script)
        host = f"[{interface}]" if ":" in interface else interface
        return script, f"http://{host}:{port.getHost().port}{path}"

    yield start
    for script in scripts:
        for device in list(script.open):
            device.transport.abortConnection()
    for port in ports:
        pytest_twisted.blockon(port.stopListening())


async def wake(url: str, secret: str = SECRET, allowed: Any = LOOPBACK, own: frozenset[str] = frozenset()) -> tuple[WakeResult, str]:
    return await call(reactor, Call(url, USER, secret), allowed, own)


@pytest.mark.quirk("K-67", "R-18")
@pytest.mark.cwmp("L-71", "F-1", "F-4", "F-5", "F-6")
@pytest.mark.parametrize(
    "challenge",
    [
        (DIGEST,),
        ('WWW-Authenticate: Digest realm="cpe", nonce="5f9a1c0e"',),
        ('WWW-Authenticate: Digest realm="cpe",qop="auth,auth-int",nonce="5f9a1c0e",opaque="0p4que"',),
        ('www-authenticate: digest REALM="cpe", Nonce="5f9a1c0e", algorithm=MD5-sess, qop="auth"',),
        ('WWW-Authenticate: Basic realm="cpe"', DIGEST),
        ('WWW-Authenticate: Digest realm="cpe", nonce="5f9a1c0e", qop="auth", algorithm=SHA-256',),
        ('WWW-Authenticate: Basic realm="cpe", Digest realm="cpe", nonce="x", qop="auth"',),
    ],
    ids=["plain", "rfc2069", "opaque", "md5-sess", "two headers", "sha-256", "both in one"],
)
@pytest_twisted.ensureDeferred
async def test_every_form_of_digest_is_answered(listen: Listen, challenge: tuple[str, ...]):
    script, url = listen(*challenge)
    assert await wake(url) == (WakeResult.OK, "")
    assert [first for first, _ in script.heard] == ["GET /cr/9d1f HTTP/1.1"] * 2
    assert "authorization" not in script.heard[0][1]


@pytest.mark.quirk("K-67")
@pytest_twisted.ensureDeferred
async def test_url_with_a_query_is_called_and_signed_as_it_is(listen: Listen):
    script, url = listen(DIGEST, path="/cr?id=1&token=a%20b")
    assert (await wake(url))[0] is WakeResult.OK
    assert script.heard[1][0] == "GET /cr?id=1&token=a%20b HTTP/1.1"


@pytest.mark.quirk("K-68")
@pytest_twisted.ensureDeferred
async def test_device_that_closes_after_its_challenge_is_answered_on_a_new_connection(listen: Listen):
    script, url = listen(DIGEST, closes=True)
    assert (await wake(url))[0] is WakeResult.OK
    assert script.connections == 2


@pytest.mark.quirk("R-18")
@pytest_twisted.ensureDeferred
async def test_device_that_asks_for_no_login_is_called(listen: Listen):
    script, url = listen()
    assert (await wake(url))[0] is WakeResult.OK
    assert len(script.heard) == 1


@pytest.mark.quirk("K-68")
@pytest_twisted.ensureDeferred
async def test_secret_is_not_given_to_who_knows_only_basic(listen: Listen):
    script, url = listen('WWW-Authenticate: Basic realm="cpe"')
    result, detail = await wake(url)
    assert (result, detail) == (WakeResult.UNAUTHORIZED, "the device offers no login we may use")
    assert len(script.heard) == 1


@pytest.mark.cwmp("F-7", "F-16")
@pytest_twisted.ensureDeferred
async def test_wrong_login_is_told_and_not_tried_again(listen: Listen):
    script, url = listen(DIGEST)
    assert (await wake(url, "wrong"))[0] is WakeResult.UNAUTHORIZED
    assert len(script.heard) == 2


@pytest.mark.cwmp("F-16")
@pytest.mark.parametrize(
    ("status", "result"),
    [(404, WakeResult.NOT_FOUND), (503, WakeResult.BUSY), (403, WakeResult.UNAUTHORIZED), (500, WakeResult.UNREACHABLE)],
)
@pytest_twisted.ensureDeferred
async def test_other_answers_are_told_apart(listen: Listen, status: int, result: WakeResult):
    _, url = listen(DIGEST, then=b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)
    assert (await wake(url))[0] is result


@pytest.mark.cwmp("F-17")
@pytest_twisted.ensureDeferred
async def test_redirect_is_not_followed(listen: Listen):
    elsewhere, target = listen()
    _, url = listen(then=f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())
    result, detail = await wake(url)
    assert (result, detail) == (WakeResult.UNREACHABLE, "the device answered 302")
    assert elsewhere.heard == []


@pytest.mark.cwmp("F-17")
@pytest_twisted.ensureDeferred
async def test_body_without_end_is_not_waited_for(listen: Listen):
    _, url = listen(then=b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 10000)
    assert (await wake(url))[0] is WakeResult.OK


@pytest.mark.cwmp("F-17")
@pytest_twisted.ensureDeferred
async def test_header_without_end_is_cut_off(listen: Listen):
    _, url = listen(then=b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 2_000_000)
    assert (await wake(url))[0] is WakeResult.UNREACHABLE


@pytest_twisted.ensureDeferred
async def test_what_is_no_http_is_told_as_unreachable(listen: Listen):
    _, url = listen(then=b"SSH-2.0-dropbear\r\n\r\n", closes=True)
    assert (await wake(url))[0] is WakeResult.UNREACHABLE


@pytest.mark.cwmp("F-16")
@pytest_twisted.ensureDeferred
async def test_silent_device_is_given_up(listen: Listen, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection_request, "TIMEOUT_S", 0.2)
    _, url = listen(silent=True)
    assert (await wake(url))[0] is WakeResult.TIMEOUT


@pytest.mark.cwmp("F-16")
@pytest_twisted.ensureDeferred
async def test_closed_port_is_told():
    port = reactor.listenTCP(0, Factory(), interface="127.0.0.1")  # type: ignore[attr-defined]
    number = port.getHost().port
    await port.stopListening()
    assert (await wake(f"http://127.0.0.1:{number}/"))[0] is WakeResult.REFUSED


@pytest.mark.quirk("K-69")
@pytest_twisted.ensureDeferred
async def test_ipv6_literal_is_called(listen: Listen):
    script, url = listen(DIGEST, interface="::1")
    assert (await wake(url))[0] is WakeResult.OK
    assert script.heard[0][1]["host"].startswith("[::1]:")


@pytest_twisted.ensureDeferred
async def test_name_is_resolved_and_what_it_means_is_checked(listen: Listen):
    script, url = listen()
    named = url.replace("127.0.0.1", "localhost")
    assert (await wake(named, allowed=(ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))))[0] in (
        WakeResult.OK, WakeResult.REFUSED,
    )  # fmt: skip
    assert (await wake(named, allowed=()))[0] is WakeResult.FORBIDDEN_ADDRESS
    assert len(script.heard) <= 1


@pytest.mark.parametrize("host", ["no-such-name.invalid", "192.168..4", "x" * 64])
@pytest_twisted.ensureDeferred
async def test_unknown_name_is_told(host):
    assert (await wake(f"http://{host}/"))[0] is WakeResult.UNREACHABLE


@pytest.mark.quirk("K-69")
@pytest.mark.parametrize(
    "url", ["", "https://192.0.2.1/", "ftp://192.0.2.1/", "http://", "http://[::1", "http://a:port/", "192.0.2.1:7547"]
)
@pytest_twisted.ensureDeferred
async def test_what_is_no_http_address_is_told(url: str):
    assert (await wake(url))[0] is WakeResult.NO_URL


@pytest.mark.cwmp("L-76", "F-18", "J-9")
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "169.254.169.254", "0.0.0.0", "224.0.0.1", "[::ffff:127.0.0.1]", "[fe80::1]", "240.0.0.1"]
)
@pytest_twisted.ensureDeferred
async def test_address_that_may_not_be_called_is_not_connected_to(listen: Listen, host: str):
    script, url = listen()
    port = url.rsplit(":", 1)[1]
    assert (await wake(f"http://{host}:{port}", allowed=()))[0] is WakeResult.FORBIDDEN_ADDRESS
    assert script.connections == 0


@pytest.mark.cwmp("F-18")
@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("192.0.2.1", True), ("10.0.0.7", True), ("100.64.3.2", True), ("2001:db8::7", True), ("198.51.100.9", False), ("::ffff:198.51.100.9", False),
        ("not an address", False), ("::", False),
    ],
)  # fmt: skip
def test_ordinary_addresses_may_be_called_our_own_may_not(address: str, good: bool):
    assert may_call(address, (), frozenset({"198.51.100.9"})) is good


def test_setting_allows_even_our_own_address():
    assert may_call("198.51.100.9", (ipaddress.ip_network("198.51.100.0/24"),), frozenset({"198.51.100.9"}))


@pytest.mark.cwmp("J-8")
@pytest.mark.parametrize("path", ["/x\r\nX-Evil: 1", "/a b", "/\x00", "/ü"])
@pytest_twisted.ensureDeferred
async def test_url_with_characters_no_url_has_is_not_called(listen: Listen, path: str):
    script, url = listen(path=path)
    assert (await wake(url))[0] is WakeResult.NO_URL
    assert script.connections == 0


# ---- the rest of what devices do -----------------------------------------------------------------------------------


class Stale(Script):
    """Calls a nonce stale that was good a moment ago, `times` times, each time with a new one."""

    def __init__(self, times: int) -> None:
        super().__init__("x")
        self.times, self.nonces = times, 0

    def answer(self, first: str, headers: dict[str, str]) -> bytes:
        if f'nonce="n{self.nonces}"' in headers.get("authorization", "") and self.nonces > self.times and self._good(first, headers):
            return self.then
        self.nonces += 1
        stale = ", stale=true" if self.nonces > 1 else ""
        line = f'WWW-Authenticate: Digest realm="cpe", nonce="n{self.nonces}", qop="auth"{stale}'
        return f"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n{line}\r\n\r\n".encode()


@pytest.mark.quirk("K-67")
@pytest.mark.parametrize(("times", "result"), [(0, WakeResult.OK), (1, WakeResult.OK), (9, WakeResult.UNAUTHORIZED)])
@pytest_twisted.ensureDeferred
async def test_nonce_that_went_stale_is_replaced_once_and_not_for_ever(listen: Listen, times: int, result: WakeResult):
    script, url = listen()
    odd = Stale(times)
    script.answer = odd.answer  # type: ignore[method-assign]
    assert (await wake(url))[0] is result
    assert len(script.heard) <= 3


@pytest.mark.quirk("K-68")
@pytest.mark.cwmp("F-5")
@pytest_twisted.ensureDeferred
async def test_basic_is_answered_only_where_it_is_allowed(listen: Listen):
    script, url = listen('WWW-Authenticate: Basic realm="cpe"')
    assert (await call(reactor, Call(url, USER, SECRET, basic=True), LOOPBACK, frozenset()))[
        0
    ] is not WakeResult.OK  # it wants a uri, as Digest has
    assert script.heard[1][1]["authorization"].startswith("Basic ")
    script, url = listen('WWW-Authenticate: Basic realm="cpe"')
    assert await wake(url) == (WakeResult.UNAUTHORIZED, "the device offers no login we may use")
    assert len(script.heard) == 1


@pytest.mark.cwmp("F-17")
@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 4000, WakeResult.UNREACHABLE), (b"SSH-2.0-dropbear\r\n\r\n", WakeResult.UNREACHABLE),
        (b"HTTP/1.0 200\n\n", WakeResult.OK), (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", WakeResult.OK),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\nxxx", WakeResult.OK), (b"HTTP/1.1 999 Odd\r\n\r\n", WakeResult.UNREACHABLE),
    ],
    ids=["endless head", "not http", "http 1.0", "continue", "huge body", "odd status"],
)  # fmt: skip
@pytest_twisted.ensureDeferred
async def test_answer_is_read_up_to_its_empty_line_and_no_further(listen: Listen, answer: bytes, result: WakeResult):
    _, url = listen(then=answer)
    assert (await wake(url))[0] is result


@pytest.fixture
def tls_listen(tmp_path: Any) -> Iterator[Any]:
    """A device's listener with a certificate of its own making."""
    from twisted.internet import ssl

    from tests.prosody import _certificate

    key, certificate = tmp_path / "cpe.key", tmp_path / "cpe.crt"
    _certificate(key, certificate)
    script = Script(DIGEST)
    factory = Factory.forProtocol(lambda: _Device(script))  # type: ignore[arg-type]
    factory.noisy = False
    port = reactor.listenSSL(0, factory, ssl.DefaultOpenSSLContextFactory(str(key), str(certificate)), interface="127.0.0.1")  # type: ignore[attr-defined]
    yield script, f"https://127.0.0.1:{port.getHost().port}/cr/9d1f"
    for device in list(script.open):
        device.transport.abortConnection()
    pytest_twisted.blockon(port.stopListening())


@pytest.mark.parametrize(
    ("https", "result"),
    [(Https(), WakeResult.NO_URL), (Https(allowed=True), WakeResult.OK), (Https(allowed=True, verified=True), WakeResult.UNREACHABLE)],
    ids=["not allowed", "allowed", "verified"],
)
@pytest_twisted.ensureDeferred
async def test_https_is_called_where_a_setting_allows_it_and_verified_where_one_says_so(
    tls_listen: Any, https: Https, result: WakeResult, reactor_errors: Any
):
    script, url = tls_listen
    assert (await call(reactor, Call(url, USER, SECRET), LOOPBACK, frozenset(), https))[0] is result
    assert len(script.heard) == (2 if result is WakeResult.OK else 0)
    reactor_errors.flush()  # Twisted logs a certificate it does not accept

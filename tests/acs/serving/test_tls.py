"""TLS on a port: what can be spoken, a certificate that changes while we run, and factories that refuse."""

import ssl
from pathlib import Path
from typing import Any

import pytest
from OpenSSL import SSL
from twisted.internet.task import Clock

from acs.errors import WrongEnvironment
from acs.serving.tls import ServerTls, secured
from tests.acs.server.login.certs import Made, make


@pytest.fixture(scope="module")
def server() -> Made:
    return make("127.0.0.1", host="127.0.0.1", is_rsa=True)


@pytest.fixture
def file(server: Made, tmp_path: Path) -> Path:
    return server.write(tmp_path / "server.pem")


def shake(tls: ServerTls, client: SSL.Context) -> SSL.Connection:
    """A handshake in memory, both ends by hand; the client's end afterwards. SSL.Error where it fails."""
    near, far = SSL.Connection(client, None), tls.serverConnectionForTLS(None)
    near.set_connect_state()
    far.set_accept_state()
    for _ in range(8):
        for one, other in ((near, far), (far, near)):
            try:
                one.do_handshake()
            except SSL.WantReadError:
                pass
            try:
                other.bio_write(one.bio_read(1 << 16))
            except SSL.WantReadError:
                pass
    near.do_handshake()
    return near


def client(method: int = SSL.TLS_METHOD, ciphers: bytes = b"", highest: int = 0) -> SSL.Context:
    context = SSL.Context(method)
    context.set_cipher_list(ciphers or b"DEFAULT:@SECLEVEL=0")
    if highest:
        context.set_max_proto_version(highest)
    context.set_min_proto_version(SSL.TLS1_VERSION)
    return context


@pytest.mark.cwmp("A-103", "J-1")
@pytest.mark.parametrize(("version", "name"), [(SSL.TLS1_2_VERSION, "TLSv1.2"), (SSL.TLS1_3_VERSION, "TLSv1.3")])
def test_versions_from_1_2_on_are_spoken(file: Path, version: int, name: str):
    assert shake(ServerTls(file, file), client(highest=version)).get_protocol_version_name() == name


@pytest.mark.cwmp("A-103", "J-1")
@pytest.mark.parametrize("version", [SSL.TLS1_VERSION, SSL.TLS1_1_VERSION])
def test_older_versions_are_not(file: Path, version: int):
    with pytest.raises(SSL.Error):
        shake(ServerTls(file, file), client(highest=version))


@pytest.mark.cwmp("A-104", "J-21")
def test_old_cipher_is_spoken_by_setting_only(file: Path):
    old = client(ciphers=b"AES128-SHA:@SECLEVEL=0", highest=SSL.TLS1_2_VERSION)
    with pytest.raises(SSL.Error):
        shake(ServerTls(file, file), old)
    assert shake(ServerTls(file, file, legacy=True), old).get_cipher_name() == "AES128-SHA"


def test_certificate_is_asked_for_and_never_decides_the_handshake(file: Path, tmp_path: Path):
    own = make("02A5C1-Box-S1").write(tmp_path / "own.pem")
    for shows in (False, True):
        context = client()
        if shows:
            context.use_certificate_chain_file(str(own))
            context.use_privatekey_file(str(own))
        assert shake(ServerTls(file, file, ask=True), context).get_cipher_name()


def test_changed_certificate_is_served_without_a_restart(file: Path, server: Made):
    clock = Clock()
    tls = ServerTls(file, file, clock=clock.seconds)

    def shown() -> Any:
        return shake(tls, client()).get_peer_certificate(as_cryptography=True)

    assert shown() == server.certificate
    newer = make("127.0.0.1", host="127.0.0.1", is_rsa=True)
    newer.write(file)
    assert shown() == server.certificate  # it is looked for every other second
    clock.advance(2)
    assert shown() == newer.certificate


@pytest.mark.parametrize("content", ["", "nonsense", None])
def test_broken_new_certificate_leaves_the_old_one_in_use(file: Path, server: Made, content: str | None):
    tls = ServerTls(file, file)
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
    assert not tls.look_again()
    assert shake(tls, client()).get_peer_certificate(as_cryptography=True) == server.certificate


@pytest.mark.parametrize("broken", ["missing", "empty", "other key"])
def test_certificate_that_cannot_be_used_stops_the_start(file: Path, tmp_path: Path, broken: str):
    key = tmp_path / "key.pem"
    if broken == "empty":
        key.write_text("")
    elif broken == "other key":
        make("other", is_rsa=True).write(key)
    with pytest.raises(WrongEnvironment, match=r"key\.pem"):
        ServerTls(file, key)


def test_factory_that_refuses_a_connection_refuses_it_behind_tls_too(file: Path):
    class Full:
        def buildProtocol(self, address: Any) -> None:
            return None

        def doStart(self) -> None: ...

    assert secured(Clock(), Full(), ServerTls(file, file)).buildProtocol(None) is None


def test_python_trusts_it_as_any_client_would(file: Path, server: Made, tmp_path: Path):
    """The chain file is a chain file: checked by another implementation's client context."""
    context = ssl.create_default_context(cafile=str(server.write_certificate(tmp_path / "ca.pem")))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    far = ServerTls(file, file).serverConnectionForTLS(None)
    far.set_accept_state()
    for _ in range(8):
        try:
            near.do_handshake()
            break
        except ssl.SSLWantReadError:
            far.bio_write(outgoing.read())
            try:
                far.do_handshake()
            except SSL.WantReadError:
                pass
            incoming.write(far.bio_read(1 << 16))
    assert near.version() in ("TLSv1.2", "TLSv1.3")

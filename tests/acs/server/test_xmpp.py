"""Our link to the XMPP server, against a real prosody: answers told apart, TLS, logins refused, and a server that goes away."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import ssl
from twisted.words.protocols.jabber import client, xmlstream
from twisted.words.protocols.jabber.error import StanzaError
from twisted.words.protocols.jabber.jid import JID

from acs.server.connection_request import WakeResult
from acs.server.xmpp import REQUEST, Account, XmppLink
from tests.acs.server.house import pause, reactor, until
from tests.prosody import ACS, DOMAIN, PASSWORD, Prosody

pytestmark = pytest.mark.prosody


def account(prosody: Prosody, **given: Any) -> Account:
    return replace(Account(f"{ACS}/acs", PASSWORD, "127.0.0.1", prosody.port, DOMAIN, prosody.ca.read_text()), **given)


@pytest.fixture
def links() -> Iterator[list[Any]]:
    made: list[Any] = []
    yield made
    for each in made:
        each.stop()
    pytest_twisted.blockon(pause(0.1))


async def up(prosody: Prosody, links: list[Any], **given: Any) -> XmppLink:
    link = XmppLink(reactor, account(prosody, **given))
    links.append(link)
    link.start()
    await until(lambda: link.is_up, 10, link.last_error)
    return link


class Peer:
    """A device's client that answers every request with `condition`, "" for a result, None for silence."""

    def __init__(self, prosody: Prosody, user: str, condition: str | None) -> None:
        self.condition, self.heard, self.stream = condition, list[Any](), None
        trust = ssl.trustRootFromCertificates([ssl.Certificate.loadPEM(prosody.ca.read_text())])
        auth = client.XMPPAuthenticator(JID(f"{user}@{DOMAIN}/cwmp"), "of the cpe", ssl.optionsForClientTLS(DOMAIN, trustRoot=trust))
        factory = xmlstream.XmlStreamFactory(auth)
        factory.noisy = False
        factory.clientConnectionLost = lambda _connector, _reason: None  # it does not come back
        factory.addBootstrap(xmlstream.STREAM_AUTHD_EVENT, self._up)
        self._connector = reactor.connectTCP("127.0.0.1", prosody.port, factory)

    def _up(self, stream: Any) -> None:
        self.stream = stream
        stream.addObserver("/iq[@type='get']", self._asked)

    def _asked(self, iq: Any) -> None:
        iq.handled = True
        self.heard.append(iq)
        if self.condition is not None:
            self.stream.send(StanzaError(self.condition).toResponse(iq) if self.condition else xmlstream.toResponse(iq, "result"))

    def stop(self) -> None:
        self._connector.disconnect()


async def peer(prosody: Prosody, links: list[Any], user: str, condition: str | None) -> Peer:
    prosody.register(user, DOMAIN, "of the cpe")
    made = Peer(prosody, user, condition)
    links.append(made)
    await until(lambda: made.stream is not None)
    return made


@pytest.mark.cwmp("F-52", "F-53", "F-54", "F-56")
@pytest.mark.parametrize(
    ("condition", "result"),
    [
        ("", WakeResult.OK), ("not-authorized", WakeResult.UNAUTHORIZED), ("service-unavailable", WakeResult.UNAVAILABLE),
        ("internal-server-error", WakeResult.UNREACHABLE),
    ],
)  # fmt: skip
@pytest_twisted.ensureDeferred
async def test_answers_of_the_device_are_told_apart(prosody: Prosody, links: list[Any], condition: str, result: WakeResult):
    link = await up(prosody, links)
    device = await peer(prosody, links, f"cpe-{condition or 'good'}", condition)
    assert (await link.call(f"cpe-{condition or 'good'}@{DOMAIN}/cwmp", "acs-user", "s3cr3t"))[0] is result
    (iq,) = device.heard
    request = iq.firstChildElement()
    assert (iq["type"], request.uri, request.name) == ("get", REQUEST, "connectionRequest")
    assert [(child.uri, child.name, str(child)) for child in request.elements()] == [
        (REQUEST, "username", "acs-user"),
        (REQUEST, "password", "s3cr3t"),
    ]
    assert JID(iq["from"]).userhost() == ACS


@pytest.mark.cwmp("F-54", "F-16")
@pytest_twisted.ensureDeferred
async def test_device_that_is_not_connected_is_told_by_the_server(prosody: Prosody, links: list[Any]):
    link = await up(prosody, links)
    result, detail = await link.call(f"nobody@{DOMAIN}/cwmp", "u", "p")
    assert (result, detail) == (WakeResult.UNAVAILABLE, "the device is not on the XMPP server now, or is busy")


@pytest.mark.cwmp("F-18", "F-56")
@pytest_twisted.ensureDeferred
async def test_login_of_a_device_is_sent_to_our_own_domain_only(prosody: Prosody, links: list[Any]):
    link = await up(prosody, links)
    assert (await link.call("cpe@elsewhere.example/cwmp", "u", "p"))[0] is WakeResult.FORBIDDEN_ADDRESS
    assert (await link.call(f"{DOMAIN}/cwmp", "u", "p"))[0] is WakeResult.FORBIDDEN_ADDRESS
    assert (await link.call("a@b@c/", "u", "p"))[0] in (WakeResult.NO_URL, WakeResult.FORBIDDEN_ADDRESS)


@pytest_twisted.ensureDeferred
async def test_wrong_password_is_said_and_tried_again_later(prosody: Prosody, links: list[Any]):
    link = XmppLink(reactor, account(prosody, password="wrong"))
    links.append(link)
    link.start()
    await until(lambda: "refuses our login" in link.last_error)
    assert not link.is_up
    assert (await link.call(f"x@{DOMAIN}/cwmp", "u", "p")) == (WakeResult.LINK_DOWN, link.last_error)


@pytest.mark.cwmp("F-56")
@pytest_twisted.ensureDeferred
async def test_certificate_nobody_vouches_for_is_no_link(prosody: Prosody, links: list[Any], reactor_errors: Any):
    link = XmppLink(reactor, account(prosody, ca=""))
    links.append(link)
    link.start()
    await until(lambda: link.last_error)
    assert not link.is_up


@pytest.mark.cwmp("F-56")
@pytest_twisted.ensureDeferred
async def test_server_that_wants_tls_gets_no_login_in_clear(prosody: Prosody, links: list[Any]):
    """`plain` leaves TLS out; this server requires it, so that nothing is sent."""
    link = XmppLink(reactor, account(prosody, plain=True))
    links.append(link)
    link.start()
    await until(lambda: link.last_error)
    assert not link.is_up


@pytest_twisted.ensureDeferred
async def test_account_of_a_device_is_made_once(prosody: Prosody, links: list[Any]):
    link = await up(prosody, links)
    assert await link.create_account(f"made@{DOMAIN}", "of the cpe") == ""
    again = await link.create_account(f"made@{DOMAIN}", "of the cpe")
    assert again != ""
    device = Peer(prosody, "made", "")
    links.append(device)
    await until(lambda: device.stream is not None)


@pytest_twisted.ensureDeferred
async def test_link_comes_back_after_the_server_was_away(tmp_path: Any, prosody: Prosody, links: list[Any]):
    own = Prosody(tmp_path / "own")
    try:
        link = await up(own, links)
        own.stop()
        await until(lambda: not link.is_up)
        assert (await link.call(f"x@{DOMAIN}/cwmp", "u", "p"))[0] is WakeResult.LINK_DOWN
        own.start()
        await until(lambda: link.is_up, 15)
    finally:
        own.stop()
        link.stop()
        await pause(0.1)

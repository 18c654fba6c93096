"""Connection requests as the rules have them, whoever calls: the listener's answers, and the session that follows."""

from __future__ import annotations

import re

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.words.xish import domish

from simulators.fleet import Fleet, FleetOptions
from simulators.xmpp import REQUEST, XmppLink
from tests.simulators.kit import ACS_URL, ScriptedAcs, make_device
from tests.simulators.test_connection_request import Listener, Sleeper


@pytest.mark.cwmp("J-19")
@pytest_twisted.ensureDeferred
async def test_challenge_tells_nothing_of_the_device():
    listener = Listener(Sleeper())
    answer = await listener.get()
    await listener.close()
    assert (answer.status, answer.body) == (401, b"")
    assert {name for name, _ in answer.headers} <= {"content-length", "content-type", "date", "server", "www-authenticate"}
    assert answer.one("server") == "cpe"
    told = re.findall(r'(\w+)=(?:"[^"]*"|\w+)', answer.one("www-authenticate"))
    assert set(told) == {"realm", "nonce", "qop", "algorithm"}


@pytest.mark.cwmp("J-19")
@pytest_twisted.ensureDeferred
async def test_paths_to_call_are_long_random_and_of_one_device_each():
    fleet = Fleet(reactor, FleetOptions(5, "http://127.0.0.1:1/", start_spread_s=3600))
    await fleet.start()
    paths = {device.value(device.cpe.management("ConnectionRequestURL")).rpartition("/")[2] for device in fleet.devices}
    await fleet.stop()
    assert len(paths) == 5
    assert all(re.fullmatch(r"[0-9a-f]{24}", path) for path in paths)


@pytest.mark.cwmp("F-12")
@pytest_twisted.ensureDeferred
async def test_without_credentials_anyone_may_call():
    device = Sleeper(login=("", ""))
    listener = Listener(device)
    status = (await listener.get()).status
    await listener.close()
    assert (status, device.calls) == (200, 1)


class _From(ClientFactory, Protocol):
    """One request from an address of ours, the answer as bytes."""

    noisy = False

    def __init__(self) -> None:
        self.ended: Deferred[bytes] = Deferred()
        self.said = b""

    def buildProtocol(self, _address):
        return self

    def connectionMade(self):
        self.transport.write(b"GET /cr/tok HTTP/1.1\r\nHost: cpe\r\nConnection: close\r\n\r\n")

    def dataReceived(self, data):
        self.said += data

    def connectionLost(self, reason=None):
        self.ended.callback(self.said)


@pytest.mark.cwmp("F-11")
@pytest_twisted.ensureDeferred
async def test_every_source_address_gets_the_same_answer():
    listener = Listener(Sleeper())
    answers = []
    for source in ("127.0.0.1", "127.0.0.2", "127.7.7.7"):
        caller = _From()
        reactor.connectTCP("127.0.0.1", listener.port.getHost().port, caller, bindAddress=(source, 0))
        answers.append((await caller.ended).split(b"\r\n")[0])
    await listener.close()
    assert answers == [b"HTTP/1.1 401 Unauthorized"] * 3


@pytest.mark.cwmp("F-21")
def test_session_after_a_call_goes_to_the_url_of_the_acs():
    acs = ScriptedAcs()
    device, clock = make_device(acs)
    device.start(0)
    clock.advance(0.01)
    device.trigger("6 CONNECTION REQUEST")
    clock.advance(0.01)
    assert acs.events() == ["6 CONNECTION REQUEST"]
    assert set(device.client.urls) == {ACS_URL}


# ---- by XMPP -----------------------------------------------------------------------------------------------------------


class _Stream:
    """What was sent, as text."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, element):
        self.sent.append(element.toXml())

    def sendFooter(self): ...


def linked(allowed: str = ""):
    """A device whose XMPP link is up, and its stream."""
    device, clock = make_device(ScriptedAcs())
    device.start(0)
    clock.advance(0.01)
    for leaf, text in (("ConnReqAllowedJabberIDs", allowed), ("ConnectionRequestUsername", "acs"), ("ConnectionRequestPassword", "s3cret")):
        device.cpe.tree.put(device.cpe.management(leaf), text)
    link = XmppLink(device)
    link._stream = _Stream()
    return link, link._stream, device, clock


def iq(sender: str, user: str = "acs", password: str = "s3cret"):
    asked = domish.Element((None, "iq"), attribs={"type": "get", "from": sender, "id": "7"})
    request = asked.addElement((REQUEST, "connectionRequest"))
    for name, text in (("username", user), ("password", password)):
        request.addElement((REQUEST, name), content=text)
    return asked


@pytest.mark.cwmp("F-55")
@pytest.mark.parametrize(
    ("allowed", "sender", "called"),
    [
        ("acs@x.example/main", "acs@x.example/main", True),
        ("acs@x.example/main", "acs@x.example/other", False),
        ("acs@x.example", "acs@x.example/other", True),
        ("acs@x.example", "other@x.example/main", False),
        ("b@x.example, acs@x.example", "acs@x.example/main", True),
        ("", "anybody@x.example/any", True),
    ],
)
def test_senders_are_matched_with_their_resource_or_without(allowed, sender, called):
    link, stream, device, _ = linked(allowed)
    link._asked(iq(sender))
    assert link.heard == called
    (answer,) = stream.sent
    assert ("type='result'" in answer) == called
    assert ("service-unavailable" in answer) != called
    device.stop()


@pytest.mark.cwmp("F-57")
def test_broken_link_is_tried_again_in_the_time_of_its_table():
    link, _, device, clock = linked()
    tries: list[float] = []
    link._wanted, link._connect = ("",), lambda: tries.append(clock.seconds())  # type: ignore[method-assign]
    waits = []
    for _attempt in range(17):
        before = clock.seconds()
        link._ended(None)
        due = [call.getTime() - before for call in clock.getDelayedCalls() if call is link._timer and call.active()]
        waits += due
        if due:
            clock.advance(due[0])
    assert len(waits) == len(tries) == 16
    for number, wait in enumerate(waits):
        longest = min(30720.0, 60.0 * 2**number)
        assert longest / 2 <= wait <= longest
    device.stop()

"""Connection requests as the rules have them, whoever calls: the listener's answers, and the session that follows."""

from __future__ import annotations

import re

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientFactory, Protocol

from simulators.fleet import Fleet, FleetOptions
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

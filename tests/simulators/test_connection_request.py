"""The connection-request listener on a real socket."""

from __future__ import annotations

import pytest
import pytest_twisted
from twisted.internet import reactor

from acs.cwmp.digest import answer_challenge
from simulators.connection_request import MAX_IN_WINDOW, ConnectionRequests
from simulators.http import HttpClient


class Sleeper:
    """A device as the listener sees it."""

    def __init__(self, login=("acs", "s3cret"), quirks=(True, False), awake=True):
        self.login, self.quirks, self.awake, self.calls = login, quirks, awake, 0

    def call_login(self):
        return self.login

    def listens(self):
        return True

    def call_quirks(self):
        return self.quirks

    def may_be_called(self):
        return self.awake

    def called(self):
        self.calls += 1


class Listener:
    def __init__(self, device):
        self.resource = ConnectionRequests(reactor.seconds)
        self.resource.devices["tok"] = device
        self.port = reactor.listenTCP(0, self.resource.site(), interface="127.0.0.1")
        self.client = HttpClient(reactor, idle_s=3)

    async def get(self, login=None, path="/cr/tok", method="GET", challenge=None):
        headers = []
        if login and challenge:
            line = answer_challenge(challenge, *login, method, path, "a1b2", allow_basic=True)
            headers.append(("Authorization", line))
        return await self.client.request(method, f"http://127.0.0.1:{self.port.getHost().port}{path}", headers)

    async def call(self, *login, **more):
        first = await self.get(**more)
        if first.status != 401:
            return first
        return await self.get(login, challenge=first.all("www-authenticate"), **more)

    async def close(self):
        self.client.close()
        await self.port.stopListening()


@pytest.mark.cwmp("F-4", "F-6", "L-71")
@pytest_twisted.ensureDeferred
async def test_challenge_then_200_and_the_device_is_called():
    device = Sleeper()
    listener = Listener(device)
    first = await listener.get()
    assert first.status == 401
    assert 'qop="auth"' in first.one("www-authenticate")
    assert device.calls == 0
    good = await listener.get(("acs", "s3cret"), challenge=first.all("www-authenticate"))
    again = await listener.get(("acs", "s3cret"), challenge=first.all("www-authenticate"))
    await listener.close()
    assert (good.status, good.body, device.calls) == (200, b"", 1)
    assert again.status == 401  # the same nonce with the same count is a replay


@pytest.mark.cwmp("F-7")
@pytest_twisted.ensureDeferred
async def test_wrong_login_path_and_method_never_call():
    device = Sleeper()
    listener = Listener(device)
    answers = [
        (await listener.call("acs", "wrong")).status, (await listener.call("who", "s3cret")).status,
        (await listener.get(path="/cr/other")).status, (await listener.get(path="/tok")).status, (await listener.get(method="POST")).status,
    ]  # fmt: skip
    await listener.close()
    assert answers == [401, 401, 404, 404, 405]
    assert device.calls == 0


@pytest.mark.cwmp("F-8", "F-13", "L-72")
@pytest_twisted.ensureDeferred
async def test_busy_or_asked_too_often_is_503_without_a_challenge():
    busy = Listener(Sleeper(awake=False))
    answer = await busy.get()
    await busy.close()
    assert (answer.status, answer.all("www-authenticate")) == (503, [])
    device = Sleeper(login=("", ""))
    listener = Listener(device)
    statuses = [(await listener.get()).status for _ in range(MAX_IN_WINDOW + 2)]
    await listener.close()
    assert statuses == [200] * MAX_IN_WINDOW + [503, 503]
    assert device.calls == MAX_IN_WINDOW


@pytest.mark.quirk("K-67", "K-68")
@pytest.mark.parametrize(("quirks", "scheme"), [((False, False), "Digest"), ((True, True), "Basic")])
@pytest_twisted.ensureDeferred
async def test_old_digest_and_basic_only(quirks, scheme):
    device = Sleeper(quirks=quirks)
    listener = Listener(device)
    header = (await listener.get()).one("www-authenticate")
    answer = await listener.call("acs", "s3cret")
    await listener.close()
    assert header.startswith(scheme)
    assert "qop" not in header
    assert (answer.status, device.calls) == (200, 1)

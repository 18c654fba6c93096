"""The connection-request listener on a real socket."""

from __future__ import annotations

import pytest
import pytest_twisted
from twisted.internet import reactor

from acs.cwmp.digest import answer_challenge
from simulators.connection_request import MAX_IN_WINDOW, ConnectionRequests
from simulators.http import ExchangeFailed, HttpClient
from simulators.quirks import quirks_of


class Sleeper:
    """A device as the listener sees it."""

    def __init__(self, login=("acs", "s3cret"), quirks=(), awake=True):
        self.login, self.quirks, self.awake, self.calls = login, quirks_of(quirks), awake, 0

    def call_login(self):
        return self.login

    def call_path(self):
        return "/cr/tok"

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


def quirk(number, name, *expected):
    return pytest.param(name, *expected, marks=pytest.mark.quirk(number), id=name)


@pytest.mark.parametrize(
    ("name", "has", "lacks"),
    [
        quirk("K-67", "cr-rfc2069", ["Digest"], ["qop", "algorithm"]),
        quirk("K-67", "cr-no-algorithm", ["Digest", "qop"], ["algorithm"]),
        quirk("K-67", "cr-opaque", ["Digest", "opaque="], []),
        quirk("K-68", "cr-basic", ["Basic"], ["Digest"]),
    ],
)
@pytest_twisted.ensureDeferred
async def test_other_challenges_and_the_login_they_lead_to(name, has, lacks):
    device = Sleeper(quirks=(name,))
    listener = Listener(device)
    header = (await listener.get()).one("www-authenticate")
    answer = await listener.call("acs", "s3cret")
    await listener.close()
    assert all(word in header for word in has)
    assert not any(word in header for word in lacks)
    assert (answer.status, device.calls) == (200, 1)


@pytest.mark.quirk("K-67")
@pytest_twisted.ensureDeferred
async def test_two_challenges_and_a_nonce_that_is_always_stale_once():
    two = Listener(Sleeper(quirks=("cr-two-challenges",)))
    headers = (await two.get()).all("www-authenticate")
    await two.close()
    assert [header.split(" ")[0] for header in headers] == ["Basic", "Digest"]
    device = Sleeper(quirks=("cr-stale",))
    listener = Listener(device)
    second = await listener.call("acs", "s3cret")
    third = await listener.get(("acs", "s3cret"), challenge=second.all("www-authenticate"))
    await listener.close()
    assert (second.status, third.status, device.calls) == (401, 200, 1)
    assert "stale=true" in second.one("www-authenticate")


@pytest.mark.quirk("K-68")
@pytest_twisted.ensureDeferred
async def test_connection_is_closed_after_the_challenge():
    listener = Listener(Sleeper(quirks=("cr-closes",)))
    first = await listener.get()
    assert (first.status, first.one("connection")) == (401, "close")
    assert not listener.client.is_connected
    await listener.close()


@pytest.mark.quirk("K-70")
@pytest_twisted.ensureDeferred
async def test_one_request_a_minute():
    device = Sleeper(login=("", ""), quirks=("cr-one-a-minute",))
    listener = Listener(device)
    statuses = [(await listener.get()).status for _ in range(3)]
    listener.resource.now = lambda: reactor.seconds() + 61
    statuses.append((await listener.get()).status)
    await listener.close()
    assert (statuses, device.calls) == ([200, 503, 503, 200], 2)


@pytest.mark.quirk("R-18")
@pytest_twisted.ensureDeferred
async def test_no_login_is_asked_for():
    listener = Listener(Sleeper(quirks=("cr-no-login",)))
    status = (await listener.get()).status
    await listener.close()
    assert status == 200


@pytest.mark.cwmp("F-3")
@pytest_twisted.ensureDeferred
async def test_a_device_that_does_not_listen_cuts_the_connection():
    device = Sleeper()
    device.listens = lambda: False
    listener = Listener(device)
    with pytest.raises(ExchangeFailed):
        await listener.get()
    await listener.close()

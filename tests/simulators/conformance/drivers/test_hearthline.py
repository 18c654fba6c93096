"""Our own driver: what is asked of /api/v1, and how its words are read. The real thing is in tests/integration/test_conformance.py."""

import json
from typing import Any

import pytest
import pytest_twisted
from twisted.web.resource import Resource
from twisted.web.server import Site

from simulators.conformance.driver import DriverFailed, Identified
from simulators.conformance.drivers.hearthline import Hearthline
from tests.simulators.conformance.kit import reactor, settle

WHO = Identified("02A5C1", "R110", "S1", "InternetGatewayDevice.")


class Api(Resource):
    """As much of the API as the driver speaks to, with answers to give."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str, Any]] = []
        self.known = False
        self.state: dict[str, Any] = {"id": 7, "state": "running", "fault": None}
        self.permissions = ["manage_devices", "admit_device"]

    def render(self, request: Any) -> bytes:
        method, path = request.method.decode(), request.path.decode()
        body = request.content.read()
        self.seen.append((method, path, json.loads(body) if body[:1] == b"{" else body))
        if path == "/login" and method == "GET":
            return b'<meta name="csrf-token" content="t1">'
        if path == "/login":
            request.setResponseCode(302 if b"password=right" in body else 200)
            return b""
        if path == "/api/v1/docs":
            return b'<meta name="csrf-token" content="t2">'
        if path == "/api/v1/devices" and self.known:
            request.setResponseCode(409)
            return b"{}"
        answers: dict[str, Any] = {
            "/api/v1/tokens": {"secret": "tok"}, "/api/v1/me": {"login": "anna", "permissions": self.permissions}, "/api/v1/operations/7": self.state,
            "/api/v1/openapi.json": {"components": {"schemas": {"NewOperation": {"properties": {"kind": {"enum": ["read", "firmware"]}}}}}},
            "/api/v1/firmware": {"id": 3, "items": []},
        }  # fmt: skip
        return json.dumps(answers.get(path, {"id": 7})).encode()


@pytest_twisted.async_yield_fixture
async def api():
    made = Api()
    port = reactor.listenTCP(0, Site(made), interface="127.0.0.1")
    made.url = f"http://127.0.0.1:{port.getHost().port}"  # type: ignore[attr-defined]
    yield made
    await port.stopListening()
    await settle()


@pytest_twisted.ensureDeferred
async def test_a_login_gets_a_token_and_what_there_is_can_be_done(api):
    driver = Hearthline(api.url, login=("anna", "right"))
    await driver.open()
    assert driver.token == "tok"
    assert driver.capabilities == {"read", "download", "wake", "own_login"}
    with pytest.raises(DriverFailed, match="refuses the login"):
        await Hearthline(api.url, login=("anna", "wrong")).open()
    api.permissions = ["manage_devices"]
    with pytest.raises(DriverFailed, match="admit_device"):
        await Hearthline(api.url, "tok").open()


@pytest_twisted.ensureDeferred
async def test_devices_are_entered_before_they_come_or_let_in(api):
    driver = Hearthline(api.url, "tok")
    await driver.prepare(WHO)
    assert api.seen == [("POST", "/api/v1/devices", {"oui": "02A5C1", "product_class": "R110", "serial_number": "S1"})]
    api.known = True
    await driver.prepare(WHO)
    assert api.seen[-1] == ("PATCH", "/api/v1/devices/02A5C1-R110-S1", {"trust": "admitted"})


@pytest_twisted.ensureDeferred
async def test_operations_are_asked_for_and_their_state_is_told(api):
    driver = Hearthline(api.url, "tok")
    handle = await driver.ask(WHO, "read", paths=["A.B"])
    assert api.seen[-1][2] == {"kind": "read", "args": {"paths": ["A.B"]}, "reason": "conformance"}
    assert (await driver.outcome(handle)).state == "pending"
    api.state |= {"state": "failed", "fault": {"code": 9005}, "error": "no such name"}
    outcome = await driver.outcome(handle)
    assert (outcome.state, outcome.fault) == ("failed", 9005)
    assert "no such name" in outcome.detail


@pytest_twisted.ensureDeferred
async def test_an_image_is_uploaded_once(api):
    driver = Hearthline(api.url, "tok")
    for _ in range(2):
        await driver.ask(WHO, "download", image=b"firmware", file_name="a.bin", version="1.2")
    posts = [body for method, path, body in api.seen if (method, path) == ("POST", "/api/v1/firmware")]
    assert len(posts) == 1
    assert b"firmware" in posts[0]
    assert b"1.2" in posts[0]
    assert api.seen[-1][2] == {"kind": "firmware", "args": {"image": 3, "force": False}, "reason": "conformance"}

"""An API described in TOML: what is sent, what counts as done, and what is wrong with a file."""

import json
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.web.resource import Resource
from twisted.web.server import Site

from simulators.conformance import drivers
from simulators.conformance.driver import DriverFailed, Identified
from simulators.conformance.drivers.http import Reply
from simulators.conformance.drivers.rest import Rest, filled, holds, within
from tests.simulators.conformance.kit import reactor, settle

WHO = Identified("00A0C5", "Box", "SN 1", "Device.")


class Nbi(Resource):
    """The northbound interface of GenieACS, as far as the example file speaks to it."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str, Any]] = []
        self.tasks: list[dict[str, str]] = []
        self.faults: list[dict[str, str]] = []

    def render(self, request: Any) -> bytes:
        body = request.content.read()
        self.seen.append((request.method.decode(), request.uri.decode(), body))
        if request.method == b"POST":
            self.tasks.append({"_id": "t1"})
            return b'{"_id": "t1"}'
        if request.method == b"PUT":
            return b""
        return json.dumps(self.faults if request.path == b"/faults/" else self.tasks).encode()


@pytest_twisted.async_yield_fixture
async def nbi():
    made = Nbi()
    port = reactor.listenTCP(0, Site(made), interface="127.0.0.1")
    made.url = f"http://127.0.0.1:{port.getHost().port}"  # type: ignore[attr-defined]
    yield made
    await port.stopListening()
    await settle()


@pytest_twisted.ensureDeferred
async def test_the_example_for_genieacs_asks_and_learns_the_outcome(nbi):
    driver = Rest.read(Path(drivers.__file__).parent / "genieacs.toml")
    driver.said["base"] = nbi.url
    await driver.open()
    await driver.prepare(WHO)
    handle = await driver.ask(WHO, "write", values=[["Device.X", "1", "boolean"]])
    method, uri, body = nbi.seen[0]
    assert (method, uri) == ("POST", "/devices/00A0C5-Box-SN%25201/tasks?connection_request")
    assert json.loads(body) == {"name": "setParameterValues", "parameterValues": [["Device.X", "1", "xsd:boolean"]]}
    assert (await driver.outcome(handle)).state == "pending"
    nbi.faults.append({"code": "cwmp.9005"})
    failed = await driver.outcome(handle)
    assert (failed.state, failed.fault) == ("failed", 9005)
    nbi.faults.clear()
    nbi.tasks.clear()
    assert (await driver.outcome(handle)).state == "done"


@pytest_twisted.ensureDeferred
async def test_an_action_may_take_several_requests(nbi):
    driver = Rest.read(Path(drivers.__file__).parent / "genieacs.toml")
    driver.said["base"] = nbi.url
    await driver.ask(WHO, "download", image=b"\x00\x01", file_name="a b.bin", version="1")
    assert [(method, uri) for method, uri, _ in nbi.seen] == [
        ("PUT", "/files/a%20b.bin"), ("POST", "/devices/00A0C5-Box-SN%25201/tasks?connection_request"),
    ]  # fmt: skip
    assert nbi.seen[0][2] == b"\x00\x01"


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "neither base"), ("base = 'x'\n[[actions.fly]]\npath = '/'", "no action 'fly'"), ("= nonsense", "toml"), (None, "No such file")],
)
def test_a_file_that_is_wrong_is_told(tmp_path, text, why):
    place = tmp_path / "driver.toml"
    if text is not None:
        place.write_text(text)
    with pytest.raises(DriverFailed, match=why):
        Rest.read(place)


def test_templates_keep_lists_and_fill_texts():
    words = {"paths": ["a", "b"], "name": "x"}
    assert filled({"p": "{paths}", "q": ["{name}!", 1]}, words) == {"p": ["a", "b"], "q": ["x!", 1]}
    assert within({"a": [{"b": 1}]}, "a.0.b") == 1
    assert within([], "0.code") is None


def test_rules_decide_by_status_emptiness_or_value():
    assert holds("empty", Reply(200, (), b"[]"))
    assert not holds("empty", Reply(404, (), b""))
    assert holds("not_empty", Reply(200, (), b"[1]"))
    assert holds("status=404", Reply(404, (), b""))
    assert holds("state=done", Reply(200, (), b'{"state": "done"}'))

"""A session handed from worker to worker at every boundary between two messages, with and without the death of the first.

Two workers of one database, joined to the device in memory (tests/acs/server/kit.py), so that every boundary of every script is played on
SQLite and PostgreSQL; the real processes are killed in test_processes.py. Architecture §3 rule 3: rebuilt, or ended as unsuccessful with
nothing lost; and nothing that cannot be taken back is done twice.
"""

import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    AddObjectResponse,
    DeleteObjectResponse,
    DownloadResponse,
    FactoryResetResponse,
    FaultStruct,
    GetRPCMethods,
    RebootResponse,
    SetParameterAttributesResponse,
    TransferComplete,
)
from acs.db.engine import Database
from acs.firmware import service as firmware
from acs.secrets import Vault
from tests.acs.server.kit import ACTOR, NOW, Answer, Bench, Line, envelope, inform, post, reply

VERSION = "Device.DeviceInfo.SoftwareVersion"
NO_TIME = "0001-01-01T00:00:00Z"
IRREVERSIBLE = frozenset(("Reboot", "FactoryReset", "AddObject", "DeleteObject", "Download"))


@dataclass
class Box:
    """A device that works, and counts what it was asked to do."""

    line: Line
    events: tuple[str, ...] = ("2 PERIODIC",)
    tree: dict[str, str] = field(
        default_factory=lambda: {VERSION: "1.0", "Device.DeviceInfo.HardwareVersion": "A1", "Device.T.1.A": "old", "Device.T.1.B": "b"}
    )
    cookie: str = ""
    asked: list[str] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)
    transfer: str = ""
    retries: int = 0
    """Sessions since it started last: it tells of a start until one of them ends well."""

    def first(self) -> list[bytes]:
        """What it says before it is asked anything, as bodies; the cookie is added when they are sent."""
        said = [envelope(inform("S1", *self.events, values={VERSION: self.tree[VERSION]}, retry=self.retries)), envelope(GetRPCMethods(), "call")]
        self.retries += 1
        if self.transfer:
            said.append(envelope(TransferComplete(self.transfer, FaultStruct(0, ""), NO_TIME, NO_TIME), "told"))
        return [*said, b""]

    def says(self, answer: Answer) -> bytes:
        """Its answer to a question, which is carried out."""
        question = answer.message
        name = type(question).__name__
        self.asked.append(name)
        self.effects[name] += 1
        if name in ("Reboot", "FactoryReset", "Download"):
            self.retries = 0
        match name:
            case "Reboot":
                message: Any = RebootResponse()
                self.events = ("1 BOOT", f"M Reboot|{question.command_key}")
            case "FactoryReset":
                message = FactoryResetResponse()
                self.events = ("0 BOOTSTRAP", "1 BOOT")
            case "AddObject":
                message = AddObjectResponse(7, 0)
                self.tree["Device.T.7.A"] = ""
            case "DeleteObject":
                self.tree = {path: value for path, value in self.tree.items() if not path.startswith(question.object_name)}
                message = DeleteObjectResponse(0)
            case "SetParameterValues":
                self.tree |= {item.name: item.value for item in question.parameter_list}
                message = reply(self.tree, question)
            case "SetParameterAttributes":
                message = SetParameterAttributesResponse()
            case "Download":
                message = DownloadResponse(1, NO_TIME, NO_TIME)
                self.tree[VERSION], self.transfer = "2.0", question.command_key
                self.events = ("1 BOOT", "7 TRANSFER COMPLETE", f"M Download|{question.command_key}")
            case _:
                message = reply(self.tree, question)
        return envelope(message, answer.envelope.id)


SCRIPTS: Mapping[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "several": (
        ("write", {"values": [["Device.T.1.A", "new", "string"]]}), ("add_object", {"table": "Device.T.", "values": [["A", "x", "string"]]}),
        ("delete_object", {"path": "Device.T.1."}), ("read", {"paths": [VERSION, "Device.T."]}), ("reboot", {}),
    ),
    "restart": (("reboot", {}),),
    "factory reset": (("factory_reset", {}),),
    "firmware": (("firmware", {}),),
}  # fmt: skip


PLAYED = [*(("database", name) for name in SCRIPTS), pytest.param("postgres_database", "several", marks=pytest.mark.postgres)]
"""Every script on SQLite, the one with everything in it on PostgreSQL too."""


class Theatre:
    """Two workers, a device known to them, and the operations of a script queued for it."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, image: int, script: str) -> None:
        self._database, self._vault, self._clock = database, vault, clock
        self.workers = [self._worker(0), self._worker(1)]
        self.workers[0].known()
        self.workers[0].handler.stop()
        self.numbers = []
        for kind, args in SCRIPTS[script]:
            if kind == "firmware":
                args = {"image": image}
            self.numbers.append(self.workers[0].request(kind, args))
        self.box = Box(self.workers[0].line())
        self.messages = 0

    def _worker(self, number: int) -> Bench:
        return Bench(self._database, self._vault, self._clock, number=number)

    def kill(self, which: int) -> None:
        """As kill -9 and a restart: nothing is stored any more, nothing is remembered."""
        for conversation in self.workers[which].handler._by_token.values():
            conversation.over = True
        self.workers[which] = self._worker(which)

    def session(self, route: Any = lambda n: 0, before: Any = lambda n: None, lost: int | None = None) -> bool:
        """One session; whether it came to its 204. `route` says which worker gets message n, `before` is called before it is sent.

        `lost`: the answer to this message never arrives, and the device gives the session up.
        """
        self._clock.advance(40)
        box, waiting, n = self.box, self.box.first(), 0
        box.cookie, on, line = "", -1, box.line
        while True:
            body = waiting.pop(0)
            before(n)
            if route(n) != on or line.closed:
                on = route(n)
                line = self.workers[on].line()
            answer = line.ask(post(body, box.cookie))
            box.cookie = answer.cookie or box.cookie
            n += 1
            self.messages = n
            if lost == n - 1:
                return False
            if answer.status == 204:
                box.transfer = ""
                return True
            if answer.status != 200 or (isinstance(answer.message, CwmpFault) and answer.message.code == 8003):
                return False
            if not waiting:
                waiting.append(box.says(answer))

    def ends(self) -> list[Any]:
        """The operations, once the device has come as often as they need."""
        for n in range(8):
            views = [self.workers[0].operation(number) for number in self.numbers]
            if not any(view.is_open for view in views):
                return views
            if n > 3:
                self._clock.advance(3600)
            self.session()
        raise AssertionError([(view.kind, view.state, view.progress) for view in views])


@pytest.fixture
def stage(request: pytest.FixtureRequest, vault: Vault, tmp_path: Path) -> Any:
    database: Database = request.getfixturevalue(getattr(request, "param", "database"))
    clock = Clock()
    clock.rightNow = 1000.0
    _, sha, size = firmware.store_upload(io.BytesIO(b"image"), tmp_path, 1000)
    with database.write() as unit:
        image = firmware.add(unit, ACTOR, NOW, sha, size, "image.bin", "2.0")
    return lambda script: Theatre(database, vault, clock, image, script)


def told(views: list[Any]) -> list[tuple[str, str, str]]:
    return [(view.kind, view.state, view.error) for view in views]


def once(effects: Counter[str]) -> bool:
    return all(effects[name] <= 1 for name in IRREVERSIBLE)


@pytest.fixture
def untouched(stage: Any) -> Any:
    """How a script goes with one worker: what was asked in the first session, over how many messages, and how all ended."""

    def play(script: str) -> tuple[list[str], int]:
        theatre = stage(script)
        assert theatre.session()
        asked, messages = list(theatre.box.asked), theatre.messages
        assert {state for _, state, _ in told(theatre.ends())} == {"done"}
        assert once(theatre.box.effects)
        return asked, messages

    return play


@pytest.mark.cwmp("A-70")
@pytest.mark.quirk("K-7")
@pytest.mark.parametrize(("stage", "script"), PLAYED, indirect=["stage"])
@pytest.mark.parametrize("how", ["moves and comes back", "changes with every message", "the first is killed", "it is killed and restarts"])
def test_session_goes_on_at_the_other_worker_from_every_message(stage: Any, untouched: Any, script: str, how: str):
    asked, messages = untouched(script)
    for k in range(1, messages if how != "changes with every message" else 3):
        theatre = stage(script)

        def route(n: int, k: int = k) -> int:
            if how == "moves and comes back":
                return int(n == k)
            if how == "changes with every message":
                return (n + k) % 2
            return int(n >= k and how != "it is killed and restarts")

        def before(n: int, k: int = k, theatre: Theatre = theatre) -> None:
            if n == k and "killed" in how:
                theatre.kill(0)

        assert theatre.session(route, before), (script, how, k)
        assert theatre.box.asked == asked, (script, how, k)
        assert {state for _, state, _ in told(theatre.ends())} == {"done"}, (script, how, k)
        assert once(theatre.box.effects)


@pytest.mark.cwmp("A-70")
@pytest.mark.parametrize(("stage", "script"), PLAYED, indirect=["stage"])
@pytest.mark.parametrize("how", ["the answer is lost", "and its worker, and the next session moves at every message"])
def test_session_that_breaks_at_any_message_loses_nothing_and_does_nothing_twice(stage: Any, untouched: Any, script: str, how: str):
    """The device never saw the answer to message k: what it held may have been sent, and is settled by what the device shows."""
    _, messages = untouched(script)
    for k in range(messages):
        theatre = stage(script)
        theatre.session(lost=k)
        if how != "the answer is lost":
            theatre.kill(0)
        if how.startswith("and its worker"):
            theatre.session(lambda n: n % 2)
        views = theatre.ends()
        assert all(view.state == "done" or (view.state == "failed" and view.error) for view in views), (script, how, k, told(views))
        assert once(theatre.box.effects), (script, how, k, theatre.box.effects)


@pytest.mark.cwmp("I-13")
@pytest.mark.parametrize("k", [1, 2, 3])
def test_what_settles_an_upgrade_does_not_begin_it_anew_when_it_moves(stage: Any, k: int):
    """Download may have been sent; the next session reads the version, and is handed over around that question."""
    theatre = stage("firmware")
    theatre.session(lost=3)  # Inform, a call, empty, the version; the answer to it is the Download
    theatre.kill(0)
    assert theatre.session(lambda n: int(n >= k))
    assert theatre.box.asked == ["GetParameterValues"] * 2
    (view,) = [theatre.workers[0].operation(number) for number in theatre.numbers]
    assert (view.state, view.attempts) == ("waiting", 2)


def test_session_that_cannot_be_rebuilt_leaves_a_record_and_its_operation_goes_on(stage: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("acs.operations.progress.ANSWER_LIMIT", 10)
    theatre = stage("several")
    assert not theatre.session(lambda n: int(n >= 4))
    (record, *_) = theatre.workers[1].records()
    assert record.row.outcome == "lost"
    assert "not rebuilt: an answer was too long to be kept" in record.row.summary
    assert not theatre.workers[1].device().in_session
    assert {state for _, state, _ in told(theatre.ends())} == {"done"}
    assert once(theatre.box.effects)

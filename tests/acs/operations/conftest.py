"""Operations on a device, as people ask for them and as sessions move them on."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from acs.db.engine import Database
from acs.operations import progress, service
from acs.operations.briefing import Briefing
from acs.operations.progress import StepIn
from tests.acs.kit import add_device


class Play:
    """One device and what happens to it, in a line each."""

    def __init__(self, database: Database, actor: Any, now: Any, briefing: Briefing) -> None:
        self.database, self.actor, self.now, self.briefing = database, actor, now, briefing
        self.device = add_device(database)
        self.epoch = 1

    def do(self, call: Callable[..., Any], *args: Any, **given: Any) -> Any:
        with self.database.write() as unit:
            return call(unit, *args, **given)

    def ask(self, call: Callable[..., Any], *args: Any, **given: Any) -> Any:
        with self.database.read() as session:
            return call(session, *args, **given)

    def request(self, kind: str = "reboot", args: Any = None, **given: Any) -> Any:
        whom = given.pop("actor", self.actor), given.pop("device", self.device)
        return self.do(service.request, *whom, kind, args or {}, given.pop("now", self.now), vault=self.briefing.vault, **given)

    def view(self, operation: int) -> Any:
        return self.ask(service.get, 1, operation, self.now)

    def tasks(self) -> list[Any]:
        return self.ask(progress.load_open, self.briefing, [self.device]).get(self.device, [])

    def task(self, operation: int) -> Any:
        return next(task for task in self.tasks() if task.id == operation)

    def step(self, after_s: float = 0, **given: Any) -> None:
        at = self.now + timedelta(seconds=after_s)
        self.do(progress.apply_steps, [StepIn(1, self.device, given.pop("epoch", self.epoch), at, **given)])


@pytest.fixture
def briefing(vault):
    return Briefing(vault, "http://files.example:7567", "device", 300)


@pytest.fixture
def play(any_database, actor, now, briefing):
    return Play(any_database, actor, now, briefing)

"""A house for jobs to work in, and tasks that note what they did."""

import importlib
from collections.abc import Iterator

import pytest
from celery import _state

from acs import jobs
from acs.db.engine import Database
from acs.settings import Settings
from tasks import app as tasks_app
from tasks.app import House

importlib.import_module("tasks.upkeep")


@pytest.fixture(autouse=True)
def one_app_at_a_time() -> Iterator[None]:
    """Celery shares tasks among all apps of a process: a second app's would run in the first one's house. Only tests make several."""
    before = set(_state._on_app_finalizers)
    yield
    _state._on_app_finalizers.clear()
    _state._on_app_finalizers.update(before)


class Works:
    """Declares works for one test: `works.add("test.ok", lambda house, job: "fine")`."""

    def __init__(self) -> None:
        self.done: list[tuple[str, int]] = []

    def add(self, name: str, function=None) -> None:
        def noted(house, job):
            self.done.append((name, job.attempts))
            return function(house, job) if function else "done"

        tasks_app.work(name)(noted)


@pytest.fixture
def works() -> Iterator[Works]:
    before = dict(tasks_app._WORKS)
    yield Works()
    tasks_app._WORKS.clear()
    tasks_app._WORKS.update(before)


class TestHouse(House):
    """The house of a test, with a line for what tests do often."""

    __slots__ = ()
    __test__ = False

    def enqueue(self, name="test.work", **given):
        with self.database.write() as unit:
            return jobs.enqueue(unit, 1, name, given.pop("args", {}), given.pop("now", self.now()), given.pop("by", "user:anna"), **given)

    def job(self, job_id):
        with self.database.read() as session:
            return jobs.get(session, job_id)


@pytest.fixture
def house(database: Database, tmp_path) -> TestHouse:
    (tmp_path / "run").mkdir()
    return TestHouse(Settings(home=tmp_path), database)


@pytest.fixture
def any_house(any_database: Database, tmp_path) -> TestHouse:
    (tmp_path / "run").mkdir()
    return TestHouse(Settings(home=tmp_path, database_url=any_database.url), any_database)

"""Group commit with its writer thread: what is committed together, what fails alone, what is refused."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_twisted
from sqlalchemy import text
from twisted.internet import reactor
from twisted.internet.defer import DeferredList, gatherResults

from acs.db.engine import Database, Unit
from acs.server.commit import GroupCommit, Overloaded
from tests.acs.server.kit import sample


class Log:
    """Writes each work into a table; the work "poison" breaks its transaction."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []

    def __call__(self, unit: Unit, works: Sequence[Any]) -> list[Any]:
        self.batches.append(list(works))
        for work in works:
            unit.session.execute(text("INSERT INTO note (said) VALUES (:said)"), {"said": str(work)})
            if work == "poison":
                raise ValueError("cannot be stored")
        return [f"stored {work}" for work in works]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def notes(database: Database) -> Database:
    with database.write() as unit:
        unit.session.execute(text("CREATE TABLE note (said TEXT)"))
    return database


def stored(database: Database) -> list[str]:
    with database.read() as session:
        return [row[0] for row in session.execute(text("SELECT said FROM note"))]


@pytest_twisted.async_yield_fixture
async def commit(notes: Database, log: Log) -> AsyncIterator[GroupCommit]:
    made = GroupCommit(reactor, notes, log, window_s=0.02, most=5, waiting_limit=12)
    yield made
    await made.drained()
    made.stop()


@pytest_twisted.ensureDeferred
async def test_works_of_one_window_are_one_transaction(commit: GroupCommit, log: Log, notes: Database):
    results = await gatherResults([commit.submit(n) for n in range(4)])
    assert results == [f"stored {n}" for n in range(4)]
    assert log.batches == [[0, 1, 2, 3]]
    assert stored(notes) == ["0", "1", "2", "3"]


@pytest_twisted.ensureDeferred
async def test_answer_comes_after_the_commit(commit: GroupCommit, notes: Database):
    seen: list[list[str]] = []
    await commit.submit("first").addCallback(lambda _result: seen.append(stored(notes)))
    assert seen == [["first"]]


@pytest_twisted.ensureDeferred
async def test_full_batch_does_not_wait_for_the_window(commit: GroupCommit, log: Log):
    await gatherResults([commit.submit(n) for n in range(12)])
    assert log.batches[0] == [0, 1, 2, 3, 4]
    assert [work for batch in log.batches for work in batch] == list(range(12))


@pytest_twisted.ensureDeferred
async def test_poisoned_work_fails_alone(commit: GroupCommit, notes: Database):
    before = sample("hearthline_commit_failed_total")
    results = await DeferredList([commit.submit(work) for work in ("a", "poison", "b")], consumeErrors=True)
    assert [good for good, _ in results] == [True, False, True]
    assert results[1][1].check(ValueError)
    assert stored(notes) == ["a", "b"]
    assert sample("hearthline_commit_failed_total") == before + 1


@pytest_twisted.ensureDeferred
async def test_next_work_is_stored_after_a_poisoned_one(commit: GroupCommit):
    await commit.submit("poison").addErrback(lambda failure: failure.trap(ValueError))
    assert await commit.submit("good") == "stored good"


@pytest_twisted.ensureDeferred
async def test_more_than_may_wait_is_refused_at_once(commit: GroupCommit, log: Log):
    waiting = [commit.submit(n) for n in range(5)]  # these leave for the writer
    waiting += [commit.submit(n) for n in range(5, 17)]
    with pytest.raises(Overloaded):
        commit.submit("one too many")
    await gatherResults(waiting)
    assert sum(len(batch) for batch in log.batches) == 17


@pytest_twisted.ensureDeferred
async def test_drained_tells_when_all_is_stored(commit: GroupCommit, notes: Database):
    for n in range(7):
        commit.submit(n)
    await commit.drained()
    assert len(stored(notes)) == 7


@pytest_twisted.ensureDeferred
async def test_drained_of_an_idle_one_fires_at_once(commit: GroupCommit):
    await commit.drained()


@pytest_twisted.ensureDeferred
async def test_work_that_comes_from_an_answer_is_stored_too(commit: GroupCommit, notes: Database):
    """Sessions submit their next step from the callback of the last one."""
    await commit.submit("first").addCallback(lambda _result: commit.submit("second"))
    assert stored(notes) == ["first", "second"]


@pytest_twisted.ensureDeferred
async def test_works_are_prepared_before_their_transaction_begins(notes: Database, log: Log):
    seen: list[tuple[list[int], list[list[int]]]] = []
    made = GroupCommit(reactor, notes, log, window_s=0.001, prepare=lambda works: seen.append((list(works), list(log.batches))))
    await made.submit(7)
    await made.drained()
    made.stop()
    assert seen == [([7], [])]
    assert log.batches == [[7]]

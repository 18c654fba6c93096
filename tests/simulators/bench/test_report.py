from datetime import UTC, datetime

from simulators.bench.cases import CASES, FULL
from simulators.bench.figures import Figure, Growth
from simulators.bench.report import Results, machine, page, table
from simulators.bench.run import Outcome
from tests.simulators.bench.test_run import _run_of, found
from tests.simulators.bench.test_storm import outcome as storm


def results(**given):
    runs = [_run_of(found(1.0, 0.5, failed=given.pop("failed", 0)), 0.1), _run_of(found(3.0, 0.5), 0.1), _run_of(found(2.0, 0.5), 0.1)]
    made = Results(FULL, datetime(2026, 11, 22, tzinfo=UTC), [Outcome(CASES[1], "sqlite", runs, 10, given.pop("wrong", []))])
    made.figures.append(Figure("memory of a fleet", "", 300.0, "MB", 1024.0, "more words"))
    made.growths.append(Growth("sqlite", "devices stored", ((0, 0.5), (1000, 0.55))))
    made.storms.append(storm([3] * 60, **given))
    return made


def test_page_tells_method_machine_goals_and_what_was_measured():
    text = page(results(), {"processor": "a fast one"}, "bench.svg")
    parts = ("a fast one", "30 s after the last", "Median of 5", "**2.50**", "1.50 to 3.50", "bench.svg", "**300 MB**", "1.10", "p99 1.90", "10 of 10")
    for part in parts:
        assert part in text, part


def test_what_failed_is_told():
    text = page(results(failed=2, wrong=["X is stored"]), {})
    assert "2 sessions failed" in text
    assert "X is stored" in text


def test_only_a_run_without_losses_is_sound():
    assert results().is_sound
    for wrong in ({"failed": 1}, {"wrong": ["x"]}, {"lost": 1}, {"unserved": 2}):
        assert not results(**wrong).is_sound


def test_machine_is_described():
    about = machine()
    assert "cores" in about["processor"]
    assert about["Python"].startswith("3.")


def test_table_is_markdown():
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"

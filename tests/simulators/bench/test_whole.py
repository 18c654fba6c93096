import pytest

from simulators.bench.cases import CASES, Case, Size
from simulators.bench.run import Outcome
from simulators.bench.storm import StormPlan
from simulators.bench.whole import SMALL, Part, Plan, Scale, carry_out, summary
from tests.simulators.bench.test_run import _run_of, found


def test_summary_names_the_goal_the_parts_and_the_first_value_that_is_wrong():
    outcome = Outcome(Case("periodic", "periodic, nothing due", 0.6, 6.0, 1, 1), "sqlite", [_run_of(found(0.5, 0.0, failed=2), 0.1)], 10, ["X: 1"])
    text = summary(outcome)
    for part in ("periodic, nothing due", "0.50 ms", "goal 0.6", "9 of 10 values", "X: 1", "2 sessions failed"):
        assert part in text


def test_quick_run_is_a_small_one():
    full = Scale()
    assert SMALL.stored < full.stored
    assert SMALL.simulated < full.simulated
    assert SMALL.listed < full.listed


@pytest.mark.soak
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_everything_is_measured_against_real_servers_and_written_down(database, tmp_path):
    said: list[str] = []
    place = tmp_path / "report.md"
    scale, weather = Scale(20, 50, 2000, (0, 500)), StormPlan(300, 10, 30)
    results = carry_out(Plan((database,), tuple(Part), CASES, Size(0.02, 1, 1.0), scale, weather, report=place), said.append)
    assert results.is_sound, "\n".join(said)
    assert {outcome.case.name for outcome in results.outcomes} == {case.name for case in CASES}
    text = place.read_text()
    assert all(part in text for part in ("## Sessions", "## Growth", "## Storm", "slowest list query"))
    assert (tmp_path / "report.svg").exists()

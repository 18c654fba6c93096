import pytest

from simulators.bench.cases import Case, Size, case_of
from simulators.bench.run import Outcome
from simulators.bench.whole import Plan, carry_out, summary
from tests.simulators.bench.test_run import _run_of, found


def test_summary_names_the_goal_the_parts_and_the_first_value_that_is_wrong():
    outcome = Outcome(Case("periodic", "periodic, nothing due", 0.6, 6.0, 1, 1), "sqlite", [_run_of(found(0.5, 0.0, failed=2), 0.1)], 10, ["X: 1"])
    text = summary(outcome)
    for part in ("periodic, nothing due", "0.50 ms", "goal 0.6", "9 of 10 values", "X: 1", "2 sessions failed"):
        assert part in text


@pytest.mark.soak
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_kind_of_session_is_played_against_real_servers(database):
    said: list[str] = []
    cases = tuple(case_of(name) for name in ("bootstrap", "periodic", "periodic-3000", "read", "refresh"))
    assert carry_out(Plan(cases, (database,), Size(0.02, 1, 1.0), None, None), said.append), "\n".join(said)

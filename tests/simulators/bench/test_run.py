import json
import sys

import pytest

from acs.errors import WrongEnvironment
from simulators.bench.cases import Asked, Case
from simulators.bench.run import Outcome, Player, _run_of, _to_compare
from simulators.bench.tree import INFORMED, build

CASE = Case("periodic", "periodic", 0.6, 6.0, 100, 10)


def found(all_ms, database_ms, failed=0):
    parts = {"all": all_ms, "cwmp": all_ms / 2, "database": database_ms}
    cpu = {name: {"cpu_ms_per_session": ms, "rss_peak_mb": 100 + ms} for name, ms in parts.items()}
    return {
        "cpu": cpu, "sessions_done": 10, "sessions_failed": failed, "failures": {}, "rpcs": {}, "sessions_per_s": 5.0, "latency_ms": {"p50": 1.0},
    }  # fmt: skip


def test_median_of_the_runs_counts_with_the_database_in_it():
    outcome = Outcome(CASE, "postgresql", [_run_of(found(*each), 0.1) for each in ((1.0, 0.5), (9.0, 0.5), (2.0, 0.5))])
    assert outcome.total_ms == 2.5
    assert outcome.part_ms("cwmp") == 1.0
    assert outcome.part_ms("web") == 0.0
    assert outcome.null_ms == 0.1
    assert outcome.memory_mb == 104.5
    assert outcome.failed == 0


def test_what_is_compared_afterwards_is_what_the_server_was_told():
    tree = build(100)
    assert len(_to_compare(CASE, tree)) == len(INFORMED)
    refreshed = _to_compare(Case("r", "r", 1, 1, 1, 1, asked=Asked.REFRESH), tree)
    assert 80 < len(refreshed) < 100
    assert not any(path.endswith("Password") for path in refreshed)


def test_generator_may_be_another_one(tmp_path):
    other = tmp_path / "other.py"
    other.write_text("import json, sys; print(json.dumps({'words': sys.argv[1:]}))")
    assert Player(other).play("--devices", 5) == {"words": ["--devices", "5"]}
    other.write_text("import sys; sys.exit('broken')")
    with pytest.raises(WrongEnvironment, match="broken"):
        Player(other).play()
    assert sys.executable
    assert json.dumps(Player().play("--list", "devices", "--devices", 1)) == '{"devices": ["0A1B2C-BenchCPE-BENCH0000000"]}'

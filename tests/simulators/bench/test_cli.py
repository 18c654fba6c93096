from click.testing import CliRunner

from simulators.bench.cli import bench


def test_options_are_told_and_wrong_ones_refused():
    told = CliRunner().invoke(bench, ["--help"])
    assert "--quick" in told.output
    assert CliRunner().invoke(bench, ["--case", "nothing"]).exit_code == 2


def test_options_become_a_plan(monkeypatch):
    plans = []
    monkeypatch.setattr("simulators.bench.whole.carry_out", lambda plan, say: plans.append(plan) or True)
    assert CliRunner().invoke(bench, ["--quick", "--case", "read", "--database", "sqlite", "--runs", "3"]).exit_code == 0
    assert ([case.name for case in plans[0].cases], plans[0].databases, plans[0].size.runs) == (["read"], ("sqlite",), 3)
    assert CliRunner().invoke(bench, []).exit_code == 0
    assert (len(plans[1].databases), plans[1].size.runs, plans[1].size.settle_s) == (2, 5, 30.0)

from types import SimpleNamespace

from click.testing import CliRunner

from simulators.bench.cli import PARTS, bench
from simulators.bench.whole import Part


def test_options_are_told_and_wrong_ones_refused():
    told = CliRunner().invoke(bench, ["--help"])
    assert "--quick" in told.output
    assert CliRunner().invoke(bench, ["--case", "nothing"]).exit_code == 2


def test_parts_have_the_same_names_everywhere():
    assert tuple(Part) == PARTS


def test_options_become_a_plan(monkeypatch):
    plans = []
    sound = SimpleNamespace(is_sound=True)
    monkeypatch.setattr("simulators.bench.whole.carry_out", lambda plan, say: plans.append(plan) or sound)
    assert CliRunner().invoke(bench, ["--quick", "--case", "read", "--database", "sqlite", "--runs", "3"]).exit_code == 0
    assert ([case.name for case in plans[0].cases], plans[0].databases, plans[0].size.runs) == (["read"], ("sqlite",), 3)
    assert plans[0].parts == (Part.SESSIONS,)
    assert CliRunner().invoke(bench, []).exit_code == 0
    assert (len(plans[1].databases), plans[1].size.runs, plans[1].size.settle_s) == (2, 5, 30.0)
    assert plans[1].parts == tuple(Part)
    assert (plans[1].weather.known, plans[1].weather.rate, plans[1].weather.seconds) == (100_000, 167.0, 180.0)
    sound.is_sound = False
    assert CliRunner().invoke(bench, ["--part", "storm", "--known", "500", "--workers", "2"]).exit_code == 1
    assert (plans[2].weather.known, plans[2].weather.workers) == (500, 2)

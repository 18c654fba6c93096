from types import SimpleNamespace

import pytest

from simulators.bench import figures
from simulators.bench.figures import Figure, Growth
from simulators.bench.run import NullServer


def test_figure_is_good_up_to_its_goal():
    assert Figure("x", "", 5, "ms", 5).is_good
    assert not Figure("x", "", 6, "ms", 5).is_good
    assert Figure("x", "", 6, "ms").is_good


def test_growth_is_told_by_the_last_point_through_the_first():
    assert Growth("sqlite", "devices", ((0, 0.5), (1000, 0.6))).ratio == 1.2
    assert Growth("sqlite", "devices", ()).ratio == 0.0


def test_storage_is_what_the_tables_take_for_each_device():
    answers = {"SELECT count(*) FROM param_live": "100"}
    asked: list[str] = []

    def ask(sql: str) -> str:
        asked.append(sql)
        return answers.get(sql, "50000")

    known: list[tuple[int, int]] = []
    bench = SimpleNamespace(house=SimpleNamespace(postgres=SimpleNamespace(ask=ask)), know=lambda *given: known.append(given))
    values, head = figures.storage(bench, 10, 1000)  # type: ignore[arg-type]
    assert known == [(1000, 10)]
    assert (values.value, head.value) == (5000, 5000)
    assert "10.0 values in rows" in values.more
    assert all("pg_total_relation_size" in sql for sql in asked if "count" not in sql)


def test_storage_is_not_asked_where_tables_have_no_size():
    assert figures.storage(SimpleNamespace(house=SimpleNamespace(postgres=None)), 10) == []  # type: ignore[arg-type]


@pytest.mark.soak
def test_memory_of_a_fleet_is_measured_against_the_server_that_does_nothing():
    null, said = NullServer(), []
    try:
        figure = figures.fleet_memory(null, 30, said.append)
    finally:
        null.stop()
    assert 20 < figure.value < 300
    assert "0 failed" in figure.more
    assert said


def test_slowest_line_of_the_list_is_found():
    for between in ("    10.0 best    20.0 worst     5.0 CPU here  ", "    20.0 worst  "):
        found = figures._LINE.match(f"   12.3 ms{between}model = HG, second page                       50 rows")
        assert found is not None
        assert (float(found[1]), found[2]) == (12.3, "model = HG, second page")

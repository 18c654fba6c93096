"""What is written reads back as the same."""

import pytest

from acs.finding.parsing import parse_node
from acs.finding.writing import all_of, conjuncts, quoted, written
from tests.acs.finding.test_service import QUERIES

MORE = ('group:"weak light" or failed:reboot', "last_boot < now", 'model = "none"', "interval > 1h30m", '"-x" "in" "a\\"b"')


@pytest.mark.parametrize("text", [*QUERIES, *MORE])
def test_a_query_reads_back_as_itself(text: str) -> None:
    assert parse_node(written(parse_node(text))) == parse_node(text)


def test_parts_are_put_together_again() -> None:
    parts = conjuncts("model = HG8245 and (tag:vip or tag:lab) rx < -27")
    assert [written(part) for part in parts] == ["model = HG8245", "tag:vip or tag:lab", "optical.rx_power_dbm < -27"]
    assert all_of(parts) == "model = HG8245 and (tag:vip or tag:lab) and optical.rx_power_dbm < -27"
    assert all_of(parts[:1]) == "model = HG8245"
    assert all_of(()) == ""
    assert conjuncts("") == ()


def test_values_that_need_quotes_have_them() -> None:
    assert [quoted(each) for each in ("HG8245", "a b", "", "and", "-27", 'say "x"')] == ["HG8245", '"a b"', '""', '"and"', '"-27"', '"say \\"x\\""']

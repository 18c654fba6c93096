"""What the language reads, and what it says where it cannot."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from acs.errors import Invalid
from acs.finding.fields import field_named
from acs.finding.nodes import NOTHING, Age, And, Compare, Not, Op, Or, Word
from acs.finding.parsing import MAX_CONDITIONS, MAX_DEPTH, MAX_LENGTH, parse_node
from acs.finding.tokens import QueryError


def compare(name: str, op: str, *values: object) -> Compare:
    field = field_named(name)
    assert field is not None
    return Compare(field, Op(op), values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ('model = "HG 8245"', compare("model", "=", "HG 8245")),
        ("firmware >= 1.10", compare("version", ">=", "1.10")),
        ("rx_power < -27 dBm", compare("optical.rx_power_dbm", "<", -27.0)),
        ("down_rate_kbps > 20 Mbit/s", compare("dsl.down_rate_kbps", ">", 20_000.0)),
        ("last_inform < 1h ago", compare("last_inform", "<", Age(timedelta(hours=1)))),
        ("last_inform < 2 days ago tag:vip", And((compare("last_inform", "<", Age(timedelta(days=2))), compare("tag", "=", "vip")))),
        ("first_seen >= 2026-11-01", compare("first_seen", ">=", datetime(2026, 11, 1, tzinfo=UTC))),
        ("last_boot > 2026-11-01T18:30+01:00", compare("last_boot", ">", datetime(2026, 11, 1, 17, 30, tzinfo=UTC))),
        ("interval = 15m", compare("inform_interval", "=", 900.0)),
        ("wan in 10.0.0.0/8", compare("wan_address", "=", ip_network("10.0.0.0/8"))),
        ("model not in (a, 'b c')", compare("model", "!=", "a", "b c")),
        ("TAG:VIP", compare("tag", "=", "vip")),
        ("-group:„weak light“", Not(compare("group", "=", "weak light"))),
        ("presence:(online, silent)", compare("presence", "=", "online", "silent")),
        ("wifi.2g.enabled = on", compare("wifi.2g.enabled", "=", True)),
        ("rx = none", compare("rx", "=", NOTHING)),
        ("00:11:22:33:44:55", Word("00:11:22:33:44:55")),
        ("a b or not c", Or((And((Word("a"), Word("b"))), Not(Word("c"))))),
        ("(a or b) and c", And((Or((Word("a"), Word("b"))), Word("c")))),
        ("  ", None),
    ],
)  # fmt: skip
def test_what_is_meant_is_read(text: str, node: object) -> None:
    assert parse_node(text) == node


@pytest.mark.parametrize(
    ("text", "said", "mark"),
    [
        ("modle = x", "There is no field “modle” (column 1): did you mean model?", "^^^^^"),
        ("tag:vip and modle:x", "There is no field “modle” (column 13): did you mean model?", "            ^^^^^"),
        ("presence = onlin", "did you mean online?", "           ^^^^^"),
        ("last_inform < 1h", "an age ends with “ago” (column 15): did you mean 1h ago?", "              ^^"),
        ("rx_power < weak", "is a number in dBm, not “weak”", "           ^^^^"),
        ("rx_power < -27 and (tag:vip", "opened and not closed", "                   ^"),
        ("tag:vip)", "never opened", "       ^"),
        ("tag < vip", "not compared by <, but by = !=", "    ^"),
        ("model =", "A value of model is missing", "       ^"),
        ("model = (a, b", "list is opened", "        ^"),
        ("model in a", "did you mean model in (a)?", "         ^"),
        ("and tag:vip", "A condition is expected, not “and”", "^^^"),
        ('model = "HG', "opened here and not closed", "        ^^^"),
        ("operation = frimware", "did you mean firmware?", "            ^^^^^^^^"),
        ("wan in 10.0.0.0/99", "no network", "       ^^^^^^^^^^^"),
        ("wan in 2001:db8::/33", "whole groups", "       ^^^^^^^^^^^^^"),
        ("system.uptime_s > 5", "not kept for lists", "^^^^^^^^^^^^^^^"),
        ("rx < none", "compared by = and != only", "     ^^^^"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_with_its_place(text: str, said: str, mark: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_node(text)
    assert said in str(caught.value)
    assert caught.value.caret() == f"{text}\n{mark}"
    assert isinstance(caught.value, Invalid)
    assert caught.value.field == "query"


def test_queries_are_bounded() -> None:
    for text, said in (
        ("x" * (MAX_LENGTH + 1), "at most 2000"),
        ("(" * (MAX_DEPTH + 1) + "a", "nested more than"),
        ("not " * (MAX_DEPTH + 1) + "a", "nested more than"),
        ("a " * (MAX_CONDITIONS + 1), "at most 100"),
        (f"model in ({','.join('a' * 501)})", "at most 500"),
        ("a\x00", "zero"),
    ):
        with pytest.raises(QueryError, match=said):
            parse_node(text)

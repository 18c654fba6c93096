"""What a query tells of itself."""

from acs.finding import service


def test_a_query_tells_its_fields_and_groups() -> None:
    query = service.parse('model = x and (group:a or not group in ("b c", d)) and rx < -27 and word')
    assert query.fields() == {"model", "group", "optical.rx_power_dbm"}
    assert query.groups() == {"a", "b c", "d"}


def test_two_queries_hold_together() -> None:
    both = service.parse("a or b").and_also(service.parse("tag:x"))
    assert both.node == service.parse("(a or b) and (tag:x)").node
    assert service.parse(both.text).node == both.node
    assert service.parse("").and_also(service.parse("tag:x")).text == "tag:x"
    assert service.parse("tag:x").and_also(service.parse("")).text == "tag:x"

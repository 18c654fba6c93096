"""Addresses of the list become one query, old ones too."""

from care.devices.queries import chips, text_of


def test_old_filters_and_the_search_of_the_top_bar_are_a_query() -> None:
    assert text_of({}) == ""
    assert text_of({"query": "tag:vip"}) == "tag:vip"
    assert text_of({"q": "NV24"}) == "NV24"
    assert text_of({"q": "Speedport W724V"}) == '"Speedport W724V"'
    assert text_of({"q": "tag:vip rx < -27"}) == "tag:vip rx < -27"
    assert text_of({"presence": "silent", "model": "HG 1", "tag": "vip", "version": "1.2"}) == 'presence:silent and model:"HG 1" and tag:vip and version:1.2'
    assert text_of({"query": "a or b", "tag": "vip"}) == "(a or b) and tag:vip"


def test_each_condition_can_be_taken_away() -> None:
    shown = chips("tag:vip and (model = A or model = B) and rx < -27")
    assert [(each.chip.field, each.chip.op, each.chip.value) for each in shown] == [
        ("tag", "", "vip"), ("", "", "model = A or model = B"), ("optical.rx_power_dbm", "<", "-27"),
    ]  # fmt: skip
    assert [each.without for each in shown] == [
        "(model = A or model = B) and optical.rx_power_dbm < -27", "tag:vip and optical.rx_power_dbm < -27", "tag:vip and (model = A or model = B)",
    ]  # fmt: skip

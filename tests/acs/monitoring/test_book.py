"""What a worker knows of monitors: acs/monitoring/book.py."""

from acs.monitoring.book import MonitorBook
from acs.monitoring.views import Severity
from tests.acs.monitoring.kit import RX, book_of, monitor, threshold


def test_book_is_empty_until_it_is_loaded():
    assert MonitorBook().watches == {}


def test_monitors_stand_by_tenant_and_name_with_their_limits(database, now, other_actor):
    view = monitor(database, now, thresholds=[threshold("critical", limit=-27), threshold("warning", limit=-25)])
    monitor(database, now, selection='model = "x"', name="second")
    monitor(database, now, actor=other_actor)
    monitor(database, now, name="paused", enabled=False)
    watches = book_of(database).watches
    assert set(watches) == {1, 2}
    first, second = watches[1][RX]
    assert (first.monitor_id, first.everyone, first.unit, [limit.severity for limit in first.limits]) == (
        view.id, True, "dBm", [Severity.WARNING, Severity.CRITICAL]
    )  # fmt: skip
    assert (second.everyone, second.limits) == (False, ())


def test_words_of_an_enum_come_with_it(database, now):
    monitor(database, now, "dsl.status")
    assert book_of(database).watches[1]["dsl.status"][0].words[:2] == ("up", "connecting")


def test_reload_puts_a_whole_new_state_in_place():
    book = MonitorBook()
    before = book.watches
    book.replace({1: {}})
    assert before == {}
    assert book.watches == {1: {}}

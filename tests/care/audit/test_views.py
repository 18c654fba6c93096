"""Lines of the audit trail as changes."""

from datetime import UTC, datetime

from acs.audit import AuditView
from care.audit.views import Change, line_row
from care.security.permissions import Role


def line(before, after) -> AuditView:
    return AuditView(1, datetime(2026, 1, 1, tzinfo=UTC), "user:anna", "", "x.change", "x:1", before, after)


def test_only_what_differs_is_listed():
    assert line_row(line({"a": 1, "b": "x"}, {"a": 2, "b": "x"})).changes == (Change("a", "1", "2"),)


def test_new_and_gone_values_have_one_side():
    assert line_row(line(None, {"a": True})).changes == (Change("a", None, "true"),)
    assert line_row(line({"a": [1]}, None)).changes == (Change("a", "[1]", None),)


def test_plain_values_are_one_change():
    assert line_row(line("old", "new")).changes == (Change("", "old", "new"),)


def test_page_filters_by_subject(signed_in):
    browser = signed_in(Role.ADMIN)
    assert "user.create" in browser.get("/audit/").get_data(as_text=True)
    assert "user.create" in browser.get("/audit/?subject=user:1").get_data(as_text=True)
    assert "Nothing about device:&lt;1" in browser.get("/audit/?subject=device:<1").get_data(as_text=True)

"""Words of operations."""

from care.operations.words import kind_words, wake_failure


def test_call_that_worked_or_was_not_made_has_no_failure():
    assert (wake_failure(""), wake_failure("ok")) == ("", "")


def test_unknown_failure_shows_its_detail():
    assert wake_failure("odd", "port 0") == "The device could not be called (port 0)."


def test_unknown_kind_keeps_its_label():
    assert (kind_words("reboot"), kind_words("new", "New thing"), kind_words("new")) == ("Restart", "New thing", "new")

"""The HTML report: one file, no script, every case found, everything escaped."""

from datetime import UTC, datetime
from html.parser import HTMLParser

from simulators.conformance.page import page
from tests.simulators.conformance.test_junit import RESULTS


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(results):
    reader = _Reader()
    reader.feed(page(results, "http://acs/?<x>", "none", datetime(2026, 11, 22, tzinfo=UTC), 12.0))
    assert not reader.open
    return reader


def test_page_needs_nothing_else_and_no_script():
    found = read(RESULTS)
    assert not [
        tag
        for tag, given in found.tags
        if tag in ("script", "link", "img") or "src" in given or any(name.startswith("on") for name in given)
    ]
    assert found.tags[1][0] == "head"
    assert ("html", {"lang": "en"}) in found.tags


def test_every_case_is_there_and_the_failed_ones_are_open():
    found = read(RESULTS)
    cases = [given for tag, given in found.tags if tag == "details" and "class" in given]
    assert [given["class"] for given in cases] == ["passed", "failed", "skipped", "warning"]
    assert ["open" in given for given in cases] == [False, True, False, False]
    assert 'it said "no"' in found.text
    assert "1 of 4 cases failed" in found.text
    assert "http://acs/?<x>" in found.text


def test_filters_are_radio_buttons_with_labels():
    found = read(RESULTS)
    assert [given["id"] for tag, given in found.tags if tag == "input"] == ["f-all", "f-failed", "f-warning", "f-passed", "f-skipped"]

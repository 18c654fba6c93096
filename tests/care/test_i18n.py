"""The reader's language."""

from datetime import UTC, datetime

import pytest

from care.i18n import instant_words, language


def test_germans_read_german(app, signed_in):
    browser = signed_in()
    page = browser.get("/users/", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}).get_data(as_text=True)
    assert '<html lang="de"' in page
    assert "Person hinzufügen" in page
    assert "Zuletzt hier" in page


def test_setting_of_the_user_counts_more_than_the_browser(signed_in):
    browser = signed_in()
    browser.post("/profile/preferences", {"locale": "en", "density": "compact"})
    page = browser.get("/users/", headers={"Accept-Language": "de"}).get_data(as_text=True)
    assert '<html lang="en"' in page
    assert 'data-density="compact"' in page


@pytest.mark.parametrize(("asked", "got"), [("de-AT", "de"), ("fr", "en"), ("en-GB,de;q=0.5", "en"), ("", "en"), ("\u00e4", "en")])
def test_language_is_the_best_we_have(app, asked, got):
    with app.test_request_context(headers={"Accept-Language": asked}):
        assert language() == got


def test_instants_are_written_the_readers_way_and_name_their_zone(app):
    at = datetime(2026, 11, 21, 20, 52, tzinfo=UTC)
    with app.test_request_context(headers={"Accept-Language": "de"}):
        assert instant_words(at) == "21.11.2026, 20:52:00 UTC"
    assert instant_words(None) == ""

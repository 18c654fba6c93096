"""Headers of every answer."""

import re

from care.headers import CONTENT_SECURITY_POLICY


def test_policy_allows_no_inline_and_no_foreign_code():
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY


def test_every_answer_carries_the_policy(app):
    for path in ("/login", "/nowhere", "/api/v1/me", "/static/app.css"):
        with app.test_client().get(path) as answer:
            headers = answer.headers
        assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_static_files_are_kept_for_a_year_by_content_name_and_pages_never(app):
    client = app.test_client()
    page = client.get("/login")
    address = re.search(r'href="(/static/app\.css\?v=[0-9a-f]{12})"', page.get_data(as_text=True)).group(1)
    with client.get(address) as named:
        assert named.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    with client.get("/static/app.css") as nameless:
        assert "immutable" not in nameless.headers.get("Cache-Control", "")
    assert page.headers["Cache-Control"] == "no-store"


def test_browser_behind_tls_is_told_to_stay_there(app):
    client = app.test_client()
    assert "Strict-Transport-Security" in client.get("/login", base_url="https://care.example").headers
    assert "Strict-Transport-Security" not in client.get("/login").headers

"""The reader's language: their setting, else what the browser asks for, else English. Dates and numbers follow it; instants are shown
in UTC by the server and in the browser's own zone by static/app.js, because we keep no zone per user."""

from datetime import datetime

from flask import Flask, has_request_context, request
from flask_babel import Babel, format_datetime, get_locale

from care.access import current_identity

LANGUAGES = {"en": "English", "de": "Deutsch"}


def choose_locale() -> str:
    if not has_request_context():
        return "en"
    identity = current_identity()
    if identity is not None and identity.user.locale in LANGUAGES:
        return identity.user.locale
    # not best_match(): for "en-GB, de;q=0.5" it finds "de", because only that is named exactly
    asked = (tag.split("-")[0].lower() for tag in request.accept_languages.values())
    return next((tag for tag in asked if tag in LANGUAGES), "en")


def install(app: Flask) -> None:
    Babel(app, default_locale="en", default_timezone="UTC", locale_selector=choose_locale, default_translation_directories="translations")
    app.add_template_global(language, "language")
    app.add_template_filter(instant_words, "instant")


def language() -> str:
    """For `<html lang>`."""
    locale = get_locale()
    return str(locale.language) if locale else "en"


def instant_words(at: datetime | None) -> str:
    """"21 Nov 2026, 20:52 UTC" in the reader's way of writing."""
    return "" if at is None else f"{format_datetime(at, 'medium')} UTC"

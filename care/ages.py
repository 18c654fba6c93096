"""How old something is, in the words of an age chip: "now", "38 s", "6 min", "3 h", "2 d", and a date after a week.

static/app.js counts on with the same steps; both follow this table.
"""

from datetime import datetime, timedelta

from flask import Flask
from flask_babel import format_date
from flask_babel import gettext as _

from care.services import services

NBSP = "\u00a0"


def age_text(age: timedelta) -> str | None:
    """None when it is so long ago that a date says more."""
    seconds = int(age.total_seconds())
    if seconds < 2:
        return _("now")
    if seconds < 90:
        return f"{seconds}{NBSP}s"
    if seconds < 90 * 60:
        return f"{seconds // 60}{NBSP}min"
    if seconds < 36 * 3600:
        return f"{seconds // 3600}{NBSP}h"
    return f"{seconds // 86400}{NBSP}d" if seconds <= 7 * 86400 else None


def age_words(at: datetime) -> str:
    return age_text(services().clock() - at) or format_date(at, "medium")


def is_older(at: datetime, seconds: float) -> bool:
    return services().clock() - at > timedelta(seconds=seconds)


def install(app: Flask) -> None:
    app.add_template_global(age_words, "age_words")
    app.add_template_global(is_older, "is_older")

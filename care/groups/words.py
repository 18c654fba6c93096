"""Numbers of devices as people read them: exact ones in full, estimates rounded."""

from flask_babel import format_decimal
from flask_babel import gettext as _

from acs.finding.views import Count


def how_many(count: Count) -> str:
    """ "1,234", "about 120,000" or "about 1.2 million"."""
    if count.is_exact:
        return str(format_decimal(count.number))
    if count.number >= 1_000_000:
        return _("about %(number)s million", number=format_decimal(round(count.number / 1e6, 1)))
    step = 10 ** max(len(str(count.number)) - 2, 0)
    return _("about %(number)s", number=format_decimal(round(count.number / step) * step))

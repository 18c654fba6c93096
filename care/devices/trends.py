"""A device's parameters over time: the tab, the numbers its chart draws, and the same as CSV."""

import csv
import io
from datetime import datetime

from flask import Response, jsonify, request

from acs.errors import Invalid
from care.access import current_user_view, needs
from care.devices import pages
from care.devices.blueprint import bp
from care.monitoring import charts, words
from care.monitoring.service import RANGES, Trend
from care.security.permissions import Permission
from care.services import services
from datamodels import canonical

SHOWN = 4
"""Parameters drawn at first; more are chosen."""
FIRST = ("optical.rx_power_dbm", "dsl.down_margin_db", "dsl.down_rate_kbps", "ethernet.", "wan.", "wifi.")


@bp.get("/<int:device_id>/trends")
@needs(Permission.VIEW_DEVICES)
def trends(device_id: int) -> str:
    """`name` (several) and `range` in the address: a copied link shows the same."""
    found = pages.look(device_id)
    kept = services().monitoring.names_of(current_user_view().tenant, device_id)
    wanted = [name for name in dict.fromkeys(request.args.getlist("name")) if name in kept][:8]
    return pages.page(
        found, "trends", "trends", kept=kept, chosen=wanted or _first(kept), w=words, span=_span(), ranges=words.RANGE_WORDS,
        groups={canonical.group_label(group): [n for n in kept if words.group_of(n) == group] for group in dict.fromkeys(map(words.group_of, kept))},
    )  # fmt: skip


def _first(kept: tuple[str, ...]) -> list[str]:
    """What says most of the line and the WiFi, one of each kind."""
    found = [name for start in FIRST if (name := next((k for k in kept if k.startswith(start)), None)) is not None]
    return list(dict.fromkeys((*found, *kept)))[:SHOWN]


def _span() -> str:
    wanted = request.args.get("range", "24h")
    return wanted if wanted in RANGES else "24h"


def _trend(device_id: int) -> Trend:
    name = request.args.get("name", "")
    if name not in canonical.names():
        raise Invalid(f"{name!r} is no canonical parameter.", "name")
    return services().monitoring.trend(current_user_view().tenant, device_id, name, RANGES[_span()])


@bp.get("/<int:device_id>/series.json")
@needs(Permission.VIEW_DEVICES)
def series(device_id: int) -> Response:
    return jsonify(charts.of_trend(_trend(device_id)))


@bp.get("/<int:device_id>/series.csv")
@needs(Permission.VIEW_DEVICES)
def series_csv(device_id: int) -> Response:
    trend = _trend(device_id)
    out = io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow(["at", "parameter", "unit", "low", "mean", "high", "last", "samples"])
    unit = canonical.describe(trend.series.name).unit
    for p in trend.series.points:
        sheet.writerow([_text(p.at), trend.series.name, unit, p.low, round(p.mean, 6), p.high, p.last, p.count])
    name = f"{trend.series.name}-{device_id}.csv"
    return Response(out.getvalue(), mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")

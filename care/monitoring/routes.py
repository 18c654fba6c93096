"""Monitors and their thresholds, how a group is spread, and reports over any selection, as a page and as CSV."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as AnyResponse

from acs.errors import Conflict, Invalid
from acs.monitoring.views import CONTACT, MonitorView, Report, Severity
from care.access import current_actor, current_user_view, needs
from care.devices import words as device_words
from care.monitoring import charts, words
from care.monitoring.fleet import span_name
from care.monitoring.service import RANGES, unit_of
from care.security.permissions import Permission
from care.services import services
from datamodels import canonical

bp = Blueprint("monitoring", __name__, template_folder="templates", url_prefix="/monitoring")
bp.add_app_template_filter(device_words.number, "thousands")
ROWS = 3
"""Rows for thresholds in the form; a monitor with more is given as many and one."""
FIELDS = ("severity", "direction", "limit", "clear", "word", "samples", "minutes", "repair")
DEFAULT_REPORT = ("optical.rx_power_dbm", "dsl.down_margin_db", "dsl.down_rate_kbps", "ethernet.wan.rate_mbps", "wifi.2g.clients",
                  "system.cpu_percent")  # fmt: skip


@bp.context_processor
def _parts() -> dict[str, Any]:
    return {"w": words, "quantity": device_words.quantity, "unit_of": unit_of, "ranges": words.RANGE_WORDS}


# ---- monitors ------------------------------------------------------------------------------------------------


@bp.get("/")
@needs(Permission.VIEW_FLEET)
def index() -> str:
    return render_template("monitoring/monitors.html", monitors=services().monitoring.monitors(current_user_view().tenant))


@bp.post("/starter")
@needs(Permission.MANAGE_MONITORS)
def starter() -> AnyResponse:
    count = services().monitoring.starter(current_actor())
    flash(ngettext("%(num)d monitor is at work.", "%(num)d monitors are at work.", count))
    return redirect(url_for("monitoring.index"))


@bp.get("/<int:monitor_id>")
@needs(Permission.VIEW_FLEET)
def show(monitor_id: int) -> str:
    tenant = current_user_view().tenant
    monitor = services().monitoring.monitor(tenant, monitor_id)
    found = services().monitoring.alarms(tenant, monitor_id=monitor_id, limit=10)
    spreads = services().monitoring.spreads(tenant, monitor_id, RANGES["2y"]) if monitor.parameter != CONTACT else ()
    newest = spreads[-1] if spreads else None
    unit = unit_of(monitor.parameter)
    return render_template(
        "monitoring/monitor.html", monitor=monitor, alarms=found.rows, newest=newest, unit=unit, bars=charts.bars(newest, unit) if newest else None,
        says=charts.spread_says(newest, unit), span=span_name(),
    )  # fmt: skip


@bp.get("/<int:monitor_id>/spread.json")
@needs(Permission.VIEW_FLEET)
def spread(monitor_id: int) -> Response:
    tenant, span, now = current_user_view().tenant, RANGES[span_name()], services().monitoring.now()
    monitor = services().monitoring.monitor(tenant, monitor_id)
    if monitor.parameter == CONTACT:
        raise Invalid(_("Silence has no values to draw."), "monitor")
    spreads = services().monitoring.spreads(tenant, monitor_id, span)
    return jsonify(charts.of_spreads(monitor.parameter, spreads, (monitor,), now - span, now))


@bp.get("/new")
@needs(Permission.MANAGE_MONITORS)
def new() -> str:
    """`parameter` and `selection` in the address fill the form: the way here from a chart or a group."""
    given = {
        "name": "", "parameter": request.args.get("parameter", ""), "selection": request.args.get("selection", ""), "every_s": 0, "wake": False,
        "enabled": True, "storm_percent": 10, "rows": [_row({})],
    }  # fmt: skip
    return _form(given, None)


@bp.get("/<int:monitor_id>/edit")
@needs(Permission.MANAGE_MONITORS)
def edit(monitor_id: int) -> str:
    monitor = services().monitoring.monitor(current_user_view().tenant, monitor_id)
    return _form(_given_of(monitor), monitor)


def _given_of(monitor: MonitorView) -> dict[str, Any]:
    rows = [
        _row({
            "severity": t.severity.word, "direction": t.direction.value, "limit": "" if t.limit is None else f"{t.limit:g}",
            "clear": "" if t.clear is None or t.clear == t.limit else f"{t.clear:g}", "word": t.word, "samples": str(t.samples), "minutes": f"{t.for_s / 60:g}",
            "repair": t.repair,
        })
        for t in monitor.thresholds
    ]  # fmt: skip
    return {
        "name": monitor.name, "parameter": monitor.parameter, "selection": monitor.selection, "every_s": monitor.every_s, "wake": monitor.wake,
        "enabled": monitor.enabled, "storm_percent": monitor.storm_percent, "rows": rows,
    }  # fmt: skip


def _row(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given.get(name, "") for name in FIELDS}


def _form(given: dict[str, Any], monitor: MonitorView | None, error: Exception | None = None) -> str:
    rows = [*given["rows"], *(_row({}) for _i in range(max(1, ROWS - len(given["rows"]))))]
    names: dict[str, list[str]] = {}
    for name in services().monitoring.parameters():
        names.setdefault(canonical.group_label(words.group_of(name)), []).append(name)
    return render_template(
        "monitoring/form.html", given={**given, "rows": rows}, monitor=monitor, error=error, field=getattr(error, "field", None), names=names, contact=CONTACT,
        severities=[s for s in sorted(Severity, reverse=True) if s], directions=words.DIRECTIONS,
    )  # fmt: skip


def _posted() -> dict[str, Any]:
    form = request.form
    columns = {name: form.getlist(f"t_{name}") for name in FIELDS}
    rows = [dict(zip(FIELDS, row, strict=True)) for row in zip(*columns.values(), strict=False)]
    return {
        **{name: form.get(name, "") for name in ("name", "parameter", "selection")}, "every_s": form.get("every_s", 0, type=int),
        "wake": form.get("wake") == "yes", "enabled": form.get("enabled") == "yes", "storm_percent": form.get("storm_percent", 10, type=int),
        "rows": [row for row in rows if row["severity"]],
    }  # fmt: skip


def _save(monitor: MonitorView | None) -> AnyResponse | tuple[str, int]:
    given = _posted()
    if monitor is not None:
        given["parameter"] = monitor.parameter
    try:
        wanted = {**given, "thresholds": [_threshold(row) for row in given["rows"]]}
        saved = services().monitoring.save(current_actor(), wanted, monitor.id if monitor else None)
    except (Invalid, Conflict) as error:
        return _form(given, monitor, error), error.status
    flash(_("The monitor is saved. Workers know it within seconds, its devices within minutes."))
    return redirect(url_for("monitoring.show", monitor_id=saved.id))


def _threshold(row: Mapping[str, str]) -> dict[str, Any]:
    try:
        for_s, samples = round(60 * float((row["minutes"] or "0").replace(",", "."))), int(row["samples"] or 1)
    except ValueError:
        raise Invalid(_("Minutes and readings are numbers."), "thresholds") from None
    numbers = {name: row[name].replace(",", ".").replace("\u2212", "-").strip() for name in ("limit", "clear")}
    return {**row, **numbers, "for_s": for_s, "samples": samples}


@bp.post("/new")
@needs(Permission.MANAGE_MONITORS)
def create() -> AnyResponse | tuple[str, int]:
    return _save(None)


@bp.post("/<int:monitor_id>/edit")
@needs(Permission.MANAGE_MONITORS)
def change(monitor_id: int) -> AnyResponse | tuple[str, int]:
    return _save(services().monitoring.monitor(current_user_view().tenant, monitor_id))


@bp.post("/<int:monitor_id>/remove")
@needs(Permission.MANAGE_MONITORS)
def remove(monitor_id: int) -> AnyResponse:
    services().monitoring.remove(current_actor(), monitor_id)
    flash(_("The monitor is gone, its alarms are cleared. What it kept stays until it is old."))
    return redirect(url_for("monitoring.index"))


# ---- reports -------------------------------------------------------------------------------------------------


@bp.get("/report")
@needs(Permission.VIEW_FLEET)
def report() -> str | tuple[str, int]:
    """Percentiles over a selection (`q`) of parameters (`p`, several) in a range."""
    q, chosen = request.args.get("q", "").strip()[:2000], _chosen()
    error: Invalid | None = None
    made: Report | None = None
    try:
        made = services().monitoring.report(current_user_view().tenant, q, chosen, RANGES[span_name()])
    except Invalid as refused:
        error = refused
    page = render_template(
        "monitoring/report.html", report=made, q=q, chosen=chosen, names=services().monitoring.parameters(), span=span_name(), error=error,
        drawn={line.parameter: charts.bars(line.spread, unit_of(line.parameter), 160, 28) for line in (made.lines if made else ()) if line.spread},
    )  # fmt: skip
    return (page, 422) if error else page


def _chosen() -> list[str]:
    known = set(services().monitoring.parameters())
    wanted = list(dict.fromkeys(request.args.getlist("p")))[:12]
    return wanted or [name for name in DEFAULT_REPORT if name in known]


@bp.get("/report.csv")
@needs(Permission.VIEW_FLEET)
def report_csv() -> Response:
    made = services().monitoring.report(current_user_view().tenant, request.args.get("q", "").strip()[:2000], _chosen(), RANGES[span_name()])
    out = io.StringIO()
    sheet = csv.writer(out)
    shares = ("count", "mean", "low", "p5", "p25", "p50", "p75", "p95", "high")
    sheet.writerow(["parameter", "unit", "basis", "devices", "samples", *shares, "good", "warn", "bad", "selection", "since", "until", "members", "looked_at"])
    for each in made.lines:
        values = [None] * len(shares) if each.spread is None else [round(float(getattr(each.spread, name)), 4) for name in shares]
        sheet.writerow([
            each.parameter, unit_of(each.parameter), each.basis, each.devices, each.samples, *values, each.good, each.warn, each.bad, _safe(made.selection),
            made.since.isoformat(), made.until.isoformat(), made.members, made.looked_at,
        ])  # fmt: skip
    return Response(out.getvalue(), mimetype="text/csv", headers={"Content-Disposition": 'attachment; filename="report.csv"'})


def _safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@") else text

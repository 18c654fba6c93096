"""Alarms: the list, one alarm with what proves it and what repairs it, and what people do with it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.errors import Conflict, Invalid
from acs.monitoring.alarms import DEEDS
from acs.monitoring.views import Severity
from acs.operations.views import OperationState
from acs.provisioning.kinds import KINDS
from care.access import current_actor, current_user_view, may, needs
from care.devices import panels
from care.monitoring import words
from care.operations import stations
from care.operations.words import kind_words
from care.paging import key_argument
from care.security.permissions import Permission
from care.services import services
from datamodels import canonical

bp = Blueprint("alarms", __name__, template_folder="templates", url_prefix="/alarms")
PER_PAGE = 50
STATES = ("open", "unacknowledged", "suppressed", "all")


@bp.get("/")
@needs(Permission.VIEW_DEVICES)
def index() -> str:
    severity, state = request.args.get("severity", ""), request.args.get("state", "open")
    chosen = next((s for s in Severity if s.word == severity and s), None)
    state = state if state in STATES else "open"
    before, device_id, monitor_id = key_argument(), key_argument("device"), key_argument("monitor")
    found = services().monitoring.alarms(
        current_user_view().tenant, chosen, state != "all", state == "unacknowledged", state == "suppressed" if state != "all" else None, device_id, monitor_id,
        before, PER_PAGE + 1,
    )  # fmt: skip
    rows = found.rows[:PER_PAGE]
    given = {"severity": severity if chosen else None, "state": state if state != "open" else None, "device": device_id, "monitor": monitor_id}
    return render_template(
        "monitoring/alarms.html", rows=rows, found=found, w=words, given=given, severity=severity if chosen else "", state=state, first=before is None,
        later=rows[-1].id if len(found.rows) > PER_PAGE else None,
    )  # fmt: skip


@bp.get("/<int:alarm_id>")
@needs(Permission.VIEW_DEVICES)
def show(alarm_id: int) -> str:
    return _show(alarm_id)


def _show(alarm_id: int, problem: str = "") -> str:
    tenant = current_user_view().tenant
    alarm = services().monitoring.alarm(tenant, alarm_id)
    name = (alarm.crossed or {}).get("parameter", "")
    head, monitor = None, None
    live: tuple[Any, ...] = ()
    offers: tuple[tuple[str, Any], ...] = ()
    reads: tuple[str, ...] = ()
    if alarm.monitor_id is not None:
        monitor = services().monitoring.monitor(tenant, alarm.monitor_id)
    if alarm.device_id is not None:
        look = services().devices.look(tenant, alarm.device_id)
        head, now = look.head, services().clock()
        shown = [op for op in look.shown if op.state in set(OperationState)][:2]
        live = tuple(stations.live(op, now) for op in shown)
        offers = _offers(name)
        group = words.group_of(name)
        reads = panels.prefixes(look.known, group if group in canonical.groups() else "system")
    return render_template(
        "monitoring/alarm.html", alarm=alarm, w=words, head=head, live=live, offers=offers, reads=reads, monitor=monitor, parameter=name, problem=problem,
        kind_words=kind_words,
    )  # fmt: skip


def _offers(parameter: str) -> tuple[tuple[str, Any], ...]:
    """Kinds of operations that look at or repair what the alarm is about, as far as the reader may ask for them."""
    kinds = words.REPAIRS.get(words.group_of(parameter), ("refresh", "reboot"))
    return tuple((kind, KINDS[kind]) for kind in kinds if may(Permission(KINDS[kind].permission)))


@bp.post("/<int:alarm_id>")
@needs(Permission.HANDLE_ALARMS)
def act(alarm_id: int) -> Response | str | tuple[str, int]:
    deed, note = request.form.get("deed", ""), request.form.get("note", "")
    if deed not in DEEDS:
        raise Invalid(_("An alarm is acknowledged, cleared, suppressed, or noted upon."), "deed")
    try:
        services().monitoring.act(current_actor(), alarm_id, deed, note)
    except (Invalid, Conflict) as error:
        return _show(alarm_id, str(error)), error.status
    flash(_("The alarm is updated."))
    if request.form.get("back") == "list":
        return redirect(url_for("alarms.index"))
    return redirect(url_for("alarms.show", alarm_id=alarm_id))

"""The fleet in numbers, alarms in the words of TMF642, monitors, series and reports. As on the pages, with the same permissions."""

from dataclasses import asdict
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from acs.errors import Invalid, NotFound
from acs.monitoring.alarms import DEEDS
from acs.monitoring.views import AlarmType, AlarmView, Direction, MonitorView, Severity
from care.access import current_actor, current_user_view, needs
from care.api.schemas import Ignoring, PageQuery, page, page_of
from care.monitoring.service import RANGES
from care.security.permissions import Permission
from care.services import services
from datamodels import canonical

bp = Blueprint("api-monitoring", __name__, url_prefix="/api/v1", description="The fleet in numbers, alarms, monitors, series, reports")
SEVERITIES = [s.word for s in Severity if s]


class AlarmNoteSchema(Schema):
    at = fields.DateTime()
    by = fields.String()
    did = fields.String()
    text = fields.String()


class MonitoringAlarmSchema(Schema):
    """Names are those of TMF642 where it has one."""

    id = fields.Integer()
    device_id = fields.Integer(allow_none=True, metadata={"description": "Null for an alarm of the whole fleet"})
    serial_number = fields.String()
    monitor_id = fields.Integer(allow_none=True)
    perceivedSeverity = fields.String(metadata={"description": "critical, major, minor, warning, indeterminate or cleared"})
    raisedSeverity = fields.String()
    alarmType = fields.String()
    probableCause = fields.String()
    specificProblem = fields.String()
    proposedRepairedActions = fields.String()
    state = fields.String(metadata={"description": "raised or cleared; whether it is suppressed is told apart"})
    ackState = fields.String()
    ackSystemId = fields.String()
    suppressed = fields.Boolean()
    flapping = fields.Boolean()
    count = fields.Integer()
    alarmRaisedTime = fields.DateTime()
    alarmChangedTime = fields.DateTime()
    alarmClearedTime = fields.DateTime(allow_none=True)
    clearSystemId = fields.String()
    crossedThresholdInformation = fields.Dict(allow_none=True)
    comment = fields.List(fields.Nested(AlarmNoteSchema))


class MonitoringAlarmQuery(PageQuery):
    severity = fields.String(load_default="", validate=validate.OneOf(["", *SEVERITIES]), metadata={"description": "This one and worse"})
    all = fields.Boolean(load_default=False, metadata={"description": "Cleared ones too"})
    unacknowledged = fields.Boolean(load_default=False)
    suppressed = fields.Boolean(load_default=None, allow_none=True)
    device = fields.Integer(load_default=None, allow_none=True)
    monitor = fields.Integer(load_default=None, allow_none=True)


class DeedSchema(Schema):
    deed = fields.String(required=True, validate=validate.OneOf(DEEDS))
    note = fields.String(load_default="", validate=validate.Length(max=300))


class ThresholdSchema(Schema):
    severity = fields.String(required=True, validate=validate.OneOf(SEVERITIES))
    direction = fields.Enum(Direction, by_value=True, required=True)
    limit = fields.Float(load_default=None, allow_none=True)
    clear = fields.Float(load_default=None, allow_none=True, metadata={"description": "Where it clears again; the limit itself without"})
    word = fields.String(load_default="")
    for_s = fields.Integer(load_default=0)
    samples = fields.Integer(load_default=1)
    alarm_type = fields.Enum(AlarmType, by_value=True, load_default=AlarmType.QUALITY)
    probable_cause = fields.String(load_default="")
    repair = fields.String(load_default="")


class MonitorSchema(Schema):
    id = fields.Integer(dump_only=True)
    name = fields.String(required=True, validate=validate.Length(1, 80))
    parameter = fields.String(required=True, metadata={"description": "A canonical name, or `contact`"})
    selection = fields.String(load_default="", validate=validate.Length(max=2000))
    every_s = fields.Integer(load_default=0)
    wake = fields.Boolean(load_default=False)
    enabled = fields.Boolean(load_default=True)
    storm_percent = fields.Integer(load_default=10)
    members = fields.Integer(dump_only=True)
    members_at = fields.DateTime(dump_only=True, allow_none=True)
    thresholds = fields.List(fields.Nested(ThresholdSchema), load_default=list)


class MonitorListSchema(Schema):
    items = fields.List(fields.Nested(MonitorSchema))


class RangeQuery(Ignoring):
    range = fields.String(load_default="24h", validate=validate.OneOf(list(RANGES)))


class SeriesQuery(RangeQuery):
    name = fields.String(required=True, metadata={"description": "A canonical name"})


class PointSchema(Schema):
    at = fields.DateTime()
    low = fields.Float()
    mean = fields.Float()
    high = fields.Float()
    last = fields.Float()
    count = fields.Integer()


class SeriesSchema(Schema):
    name = fields.String()
    unit = fields.String()
    since = fields.DateTime()
    until = fields.DateTime()
    step_s = fields.Integer(metadata={"description": "What lies usually between two points; three times as much is a gap"})
    points = fields.List(fields.Nested(PointSchema))


class ReportQuery(RangeQuery):
    q = fields.String(load_default="", validate=validate.Length(max=2000), metadata={"description": "A query; every device without"})
    parameters = fields.String(required=True, metadata={"description": "Canonical names between commas, at most 12"})


class SpreadSchema(Schema):
    at = fields.DateTime()
    count = fields.Integer()
    mean = fields.Float()
    low = fields.Float()
    p5 = fields.Float()
    p25 = fields.Float()
    p50 = fields.Float()
    p75 = fields.Float()
    p95 = fields.Float()
    high = fields.Float()
    bins = fields.List(fields.List(fields.Float()))


class ReportLineSchema(Schema):
    parameter = fields.String()
    basis = fields.String()
    devices = fields.Integer()
    samples = fields.Integer()
    spread = fields.Nested(SpreadSchema, allow_none=True)
    good = fields.Integer(allow_none=True)
    warn = fields.Integer(allow_none=True)
    bad = fields.Integer(allow_none=True)


class GroupReportSchema(Schema):
    selection = fields.String()
    since = fields.DateTime()
    until = fields.DateTime()
    members = fields.Integer()
    looked_at = fields.Integer()
    lines = fields.List(fields.Nested(ReportLineSchema))


class SpreadListSchema(Schema):
    items = fields.List(fields.Nested(SpreadSchema))


class FleetSchema(Schema):
    at = fields.DateTime()
    total = fields.Integer()
    presence = fields.Dict()
    models = fields.List(fields.List(fields.Raw()))
    versions = fields.List(fields.List(fields.Raw()))
    operations = fields.Dict()
    alarms = fields.Dict()
    faults = fields.List(fields.List(fields.Raw()))
    failed_sessions = fields.Integer()
    cwmp = fields.Dict(metadata={"description": "What the workers did in the last minute, per second"})


def alarm_of(a: AlarmView) -> dict[str, Any]:
    return {
        "id": a.id, "device_id": a.device_id, "serial_number": a.serial_number, "monitor_id": a.monitor_id, "perceivedSeverity": a.perceived_severity.word,
        "raisedSeverity": a.severity.word, "alarmType": a.alarm_type.value, "probableCause": a.probable_cause, "specificProblem": a.specific_problem,
        "proposedRepairedActions": a.repair, "state": a.state.value, "ackState": a.ack_state.value, "ackSystemId": a.acked_by, "suppressed": a.suppressed,
        "flapping": a.flapping, "count": a.count, "alarmRaisedTime": a.raised_at, "alarmChangedTime": a.changed_at, "alarmClearedTime": a.cleared_at,
        "clearSystemId": a.cleared_by, "crossedThresholdInformation": a.crossed, "comment": a.notes,
    }  # fmt: skip


def monitor_of(m: MonitorView) -> dict[str, Any]:
    return {**asdict(m), "thresholds": [{**asdict(t), "severity": t.severity.word} for t in m.thresholds]}


@bp.route("/fleet")
@needs(Permission.VIEW_FLEET)
@bp.response(200, FleetSchema)
def fleet() -> dict[str, Any]:
    """The last census: at most a few minutes old. 404 before the first."""
    found = services().monitoring.fleet(current_user_view().tenant)
    if found is None:
        raise NotFound("The fleet was not counted yet: the worker does it every minute.")
    return {**asdict(found), "cwmp": asdict(found.load), "total": found.total}


# ---- alarms --------------------------------------------------------------------------------------------------


@bp.route("/alarms")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(MonitoringAlarmQuery, location="query")
@bp.response(200, page_of(MonitoringAlarmSchema))
def alarms(query: dict[str, Any]) -> dict[str, Any]:
    """Alarms, the newest first."""
    severity = Severity.of(query["severity"]) if query["severity"] else None
    found = services().monitoring.alarms(
        current_user_view().tenant, severity, not query["all"], query["unacknowledged"], query["suppressed"], query["device"], query["monitor"],
        query["before"], query["limit"] + 1,
    )  # fmt: skip
    return page([alarm_of(row) for row in found.rows], query["limit"], key=lambda row: row["id"])


@bp.route("/alarms/<int:alarm_id>")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, MonitoringAlarmSchema)
def alarm(alarm_id: int) -> dict[str, Any]:
    """One alarm."""
    return alarm_of(services().monitoring.alarm(current_user_view().tenant, alarm_id))


@bp.route("/alarms/<int:alarm_id>", methods=["POST"])
@needs(Permission.HANDLE_ALARMS)
@bp.arguments(DeedSchema)
@bp.response(200, MonitoringAlarmSchema)
def act(given: dict[str, Any], alarm_id: int) -> dict[str, Any]:
    """Acknowledge, clear, suppress or note upon an alarm. Clearing and suppressing need a note."""
    return alarm_of(services().monitoring.act(current_actor(), alarm_id, given["deed"], given["note"]))


# ---- monitors ------------------------------------------------------------------------------------------------


@bp.route("/monitors")
@needs(Permission.VIEW_FLEET)
@bp.response(200, MonitorListSchema)
def monitors() -> dict[str, Any]:
    """The monitors of the tenant."""
    return {"items": [monitor_of(m) for m in services().monitoring.monitors(current_user_view().tenant)]}


@bp.route("/monitors", methods=["POST"])
@needs(Permission.MANAGE_MONITORS)
@bp.arguments(MonitorSchema)
@bp.response(201, MonitorSchema)
def add_monitor(given: dict[str, Any]) -> dict[str, Any]:
    """Watch a parameter of a selection of devices."""
    return monitor_of(services().monitoring.save(current_actor(), given))


@bp.route("/monitors/<int:monitor_id>")
@needs(Permission.VIEW_FLEET)
@bp.response(200, MonitorSchema)
def monitor(monitor_id: int) -> dict[str, Any]:
    """One monitor with its thresholds."""
    return monitor_of(services().monitoring.monitor(current_user_view().tenant, monitor_id))


@bp.route("/monitors/<int:monitor_id>", methods=["PUT"])
@needs(Permission.MANAGE_MONITORS)
@bp.arguments(MonitorSchema)
@bp.response(200, MonitorSchema)
def change_monitor(given: dict[str, Any], monitor_id: int) -> dict[str, Any]:
    """Change a monitor."""
    return monitor_of(services().monitoring.save(current_actor(), given, monitor_id))


@bp.route("/monitors/<int:monitor_id>", methods=["DELETE"])
@needs(Permission.MANAGE_MONITORS)
@bp.response(204)
def remove_monitor(monitor_id: int) -> None:
    """Watch no more: its alarms are cleared."""
    services().monitoring.remove(current_actor(), monitor_id)


@bp.route("/monitors/<int:monitor_id>/spread")
@needs(Permission.VIEW_FLEET)
@bp.arguments(RangeQuery, location="query")
@bp.response(200, SpreadListSchema)
def spread(query: dict[str, Any], monitor_id: int) -> dict[str, Any]:
    """How the newest readings of a monitor's devices were spread, as time went by."""
    return {"items": services().monitoring.spreads(current_user_view().tenant, monitor_id, RANGES[query["range"]])}


# ---- series and reports --------------------------------------------------------------------------------------


@bp.route("/devices/<int:device_id>/series")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(SeriesQuery, location="query")
@bp.response(200, SeriesSchema)
def series(query: dict[str, Any], device_id: int) -> dict[str, Any]:
    """A canonical parameter of a device over time."""
    if query["name"] not in canonical.names():
        raise Invalid(f"{query['name']!r} is no canonical parameter.", "name")
    found = services().monitoring.trend(current_user_view().tenant, device_id, query["name"], RANGES[query["range"]]).series
    return {**asdict(found), "unit": canonical.describe(found.name).unit}


@bp.route("/reports")
@needs(Permission.VIEW_FLEET)
@bp.arguments(ReportQuery, location="query")
@bp.response(200, GroupReportSchema)
def report(query: dict[str, Any]) -> dict[str, Any]:
    """Percentiles of parameters over the devices of a query."""
    names = [name.strip() for name in query["parameters"].split(",") if name.strip()]
    return asdict(services().monitoring.report(current_user_view().tenant, query["q"], names, RANGES[query["range"]]))

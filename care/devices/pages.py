"""The device page: one head for all tabs, each tab an address of its own. Reads only; one look at the database per page."""

from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _

from acs.devices.views import DeviceView
from acs.recorder.service import Wanted
from care.access import current_actor, current_user_view, may, needs
from care.devices import browser, channels, diagnoses, drawings, evidence, panels, settings, words
from care.devices.blueprint import bp
from care.devices.looks import AREAS, PRESENCE, detail_words, event_words
from care.devices.service import Look
from care.monitoring import words as alarm_words
from care.operations import stations
from care.reach.words import WORDS
from care.security.permissions import Permission
from care.services import services

PER_PAGE = 50
SHOWN_LIVE = 3
READS = {
    "show": ("system", "wan", "optical", "wifi", "lan", "dhcp"),
    "wifi": ("wifi",),
    "hosts": ("lan", "dhcp", "wifi"),
    "line": ("wan", "optical", "dsl"),
}
"""What "Read now" reads on which tab; everywhere else it reads everything."""
ACCESS_LINES = {"dsl": (".DSL.", ".WANDSL"), "atm": (".ATM.", ".WANATM", ".WANDSLLinkConfig.")}
"""Objects without which a test of the access line is not offered."""
WITHIN = {"reach": "show"}
"""Pages that belong to a tab without being one."""


def look(device_id: int) -> Look:
    return services().devices.look(current_user_view().tenant, device_id, request.args.get("op", type=int))


def page(found: Look, tab: str, template: str, **more: Any) -> str:
    """A tab with the head that all share."""
    shown = tuple(op for op in found.shown if op.kind != "inform_interval")  # nobody asked for it: the box "Reach" tells of it
    live = tuple(stations.live(op, found.now) for op in shown[:SHOWN_LIVE])
    more_running = max(0, found.open_count - (len(found.shown) - len(shown)) - SHOWN_LIVE)
    open_alarms = services().monitoring.open_of(current_user_view().tenant, found.head.id)
    return render_template(
        f"devices/{template}.html", look=found, head=found.head, known=found.known, verdict=found.verdict, live=live,
        title=title(found), tabs_of=_tabs(found, tab), presence=PRESENCE[found.head.presence], areas=AREAS, tab=tab,
        reads=panels.prefixes(found.known, *READS.get(tab, ())), more_running=more_running, detail_words=detail_words, alarms=open_alarms,
        alarm_words=alarm_words, **more,
    )  # fmt: skip


def title(found: Look) -> str:
    return title_of(found.head)


def title_of(head: DeviceView) -> str:
    """Manufacturer and model; a model that names its maker already is not told twice."""
    maker, model = head.manufacturer, head.model or head.product_class
    return model if not maker or model.lower().startswith(maker.lower()) else f"{maker} {model}"


def _tabs(found: Look, tab: str) -> list[tuple[str, str, bool, Any]]:
    named: list[tuple[str, str, Any, Permission | None]] = [
        ("show", _("Overview"), None, None),
        ("wifi", _("WiFi"), None, None),
        ("hosts", _("Home"), _count(panels.hosts(found.known).hosts), None),
        ("line", _("Line"), None, None),
        ("diagnostics", _("Diagnostics"), None, None),
        ("trends", _("Trends"), None, None),
        ("parameters", _("Parameters"), words.number(len(found.known.values)) if found.known.values else None, None),
        ("software", _("Software"), None, Permission.MANAGE_MODULES),
        ("desired", _("Desired state"), None, None),
        ("operations", _("Operations"), _("%(count)d running", count=found.open_count) if found.open_count else None, None),
        ("sessions", _("Sessions"), None, Permission.VIEW_SESSIONS),
        ("backups", _("Backups"), None, None),
        ("identity", _("Identity"), None, None),
        ("history", _("History"), None, None),
    ]
    return [
        (word, url_for(f"devices.{name}", device_id=found.head.id), name == WITHIN.get(tab, tab), count)
        for name, word, count, needed in named
        if needed is None or may(needed)
    ]


def _count(items: tuple[Any, ...]) -> int | None:
    return len(items) or None


# ---- tabs ----------------------------------------------------------------------------------------------------


@bp.get("/<int:device_id>")
@needs(Permission.VIEW_DEVICES)
def show(device_id: int) -> str:
    found = look(device_id)
    known = found.known
    tenant = current_user_view().tenant
    history = services().devices.events(tenant, device_id, None, 6)
    return page(
        found, "show", "show", light=panels.light(known), hosts=panels.hosts(known), air=_air(found), system=known.readings(panels.SYSTEM),
        wan=known.readings(panels.WAN[:8]), bands=tuple(_band(found, band) for band in known.bands), ping=diagnoses.ping(found.results.get("ping")),
        speeds=diagnoses.speeds(found.results), events=tuple((event, *event_words(event.code)) for event in history),
        reach=services().reach.look(tenant, device_id), **WORDS,
    )  # fmt: skip


@bp.get("/<int:device_id>/wifi")
@needs(Permission.VIEW_DEVICES)
def wifi(device_id: int) -> str:
    found = look(device_id)
    groups = tuple(settings.group(found.known, f"wifi-{band}", **rights()) for band in found.known.bands)
    facts = {band: found.known.readings(tuple(f"wifi.{band}.{leaf}" for leaf in panels.WIFI_FACTS)) for band in found.known.bands}
    return page(found, "wifi", "wifi", groups=groups, facts=facts, air=_air(found))


@bp.get("/<int:device_id>/hosts")
@needs(Permission.VIEW_DEVICES)
def hosts(device_id: int) -> str:
    found = look(device_id)
    return page(found, "hosts", "hosts", hosts=panels.hosts(found.known), group=settings.group(found.known, "home", **rights()))


@bp.get("/<int:device_id>/line")
@needs(Permission.VIEW_DEVICES)
def line(device_id: int) -> str:
    found = look(device_id)
    known = found.known
    return page(
        found, "line", "line", light=panels.light(known), wan=known.readings(panels.WAN), optical=known.readings(panels.OPTICAL),
        dsl=known.readings(panels.DSL),
    )  # fmt: skip


@bp.get("/<int:device_id>/diagnostics")
@needs(Permission.VIEW_DEVICES)
def diagnostics(device_id: int) -> str:
    found = look(device_id)
    r = found.results
    return page(
        found, "diagnostics", "diagnostics", ping=diagnoses.ping(r.get("ping")), trace=diagnoses.trace(r.get("traceroute")),
        speeds=diagnoses.speeds(r), lookup=diagnoses.lookup(r.get("nslookup")), plain=diagnoses.plain(r), air=_air(found),
        running={op.kind for op in found.shown if op.is_open}, has={name: panels.has(found.known, *marks) for name, marks in ACCESS_LINES.items()},
    )  # fmt: skip


@bp.get("/<int:device_id>/parameters")
@needs(Permission.VIEW_DEVICES)
def parameters(device_id: int) -> str:
    found = look(device_id)
    q, path = request.args.get("q", "").strip()[:120], request.args.get("path", "").strip()[:256]
    if path and not path.endswith("."):
        path = path[: path.rfind(".") + 1]
    branch = browser.search(found.known, q) if q else browser.rows(found.known, path or _top(found))
    told = browser.about(found.known, path) if not q else None
    if request.args.get("part") == "branch":
        return render_template("devices/_branch.html", branch=branch, head=found.head, q=q, about=told)
    return page(found, "parameters", "parameters", branch=branch, q=q, path=path, trail=browser.trail(path), about=told,
                overlays=browser.overlays(found.known), model=found.known.model.name if found.known.model is not None else "")  # fmt: skip


def _top(found: Look) -> str:
    """The root object opens by itself: it is the only row of its level."""
    return f"{found.head.root}." if found.head.root and found.known.values else ""


@bp.get("/<int:device_id>/operations")
@needs(Permission.VIEW_DEVICES)
def operations(device_id: int) -> str:
    found = look(device_id)
    before = request.args.get("before", type=int)
    ops = services().operations.listed(current_user_view().tenant, device_id, before=before, limit=PER_PAGE + 1)
    rows = tuple(stations.live(op, found.now) for op in ops[:PER_PAGE])
    return page(found, "operations", "operations", rows=rows, more=len(ops) > PER_PAGE, first=before is None)


@bp.get("/<int:device_id>/sessions")
@needs(Permission.VIEW_SESSIONS)
def sessions(device_id: int) -> str:
    found = look(device_id)
    rows = services().sessions.listed(current_user_view().tenant, Wanted(device_id=device_id), limit=200)
    return page(found, "sessions", "sessions", rows=rows)


@bp.get("/<int:device_id>/backups")
@needs(Permission.VIEW_DEVICES)
def backups(device_id: int) -> str:
    found = look(device_id)
    return page(found, "backups", "backups", files=services().devices.files(current_user_view().tenant, device_id))


@bp.get("/<int:device_id>/files/<int:file_id>")
@needs(Permission.BACKUP_RESTORE)
def file(device_id: int, file_id: int) -> Response:
    """A backup or a log, in clear, as a download."""
    view, content = services().devices.file(current_actor(), device_id, file_id)
    name = f"{view.kind}-{device_id}-{view.received_at:%Y%m%d-%H%M%S}.bin"
    return Response(content, mimetype="application/octet-stream", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@bp.get("/<int:device_id>/history")
@needs(Permission.VIEW_DEVICES)
def history(device_id: int) -> str:
    found = look(device_id)
    told = services().devices.history(
        current_user_view().tenant, device_id, may(Permission.VIEW_AUDIT), request.args.get("event", type=int), request.args.get("line", type=int)
    )  # fmt: skip
    entries: list[tuple[Any, str, Any]] = [(event.at, "event", event) for event in told.events]
    entries += [(each.at, "line", each) for each in told.lines]
    entries.sort(key=lambda entry: entry[0], reverse=True)
    shown = entries[:PER_PAGE]
    last = {kind: min((each.id for _at, k, each in shown if k == kind), default=request.args.get(kind, type=int)) for kind in ("event", "line")}
    return page(
        found, "history", "history", entries=shown, event_words=event_words, more=len(entries) > PER_PAGE, last=last,
        first=not (request.args.get("event") or request.args.get("line")),
    )  # fmt: skip


# ---- parts ---------------------------------------------------------------------------------------------------


def rights() -> dict[str, Any]:
    """What of a form is offered to this reader."""
    return {"may_all": may(Permission.WRITE_PARAMETERS), "may_basic": may(Permission.WRITE_BASIC)}


def _band(found: Look, band: str) -> dict[str, Any]:
    names = tuple(f"wifi.{band}.{leaf}" for leaf in ("ssid", "security_mode", "channel", "clients"))
    return {"title": words.BANDS[band], "readings": found.known.readings(names)}


def _air(found: Look) -> dict[str, Any]:
    """WiFi channels around this home, drawn; what of it is missing is None."""
    known = found.known
    near, at = evidence.neighbours_of(known, found.results.get("wifi_scan"))
    own2, own5, width = known.value("wifi.2g.channel"), known.value("wifi.5g.channel"), known.value("wifi.5g.bandwidth")
    crowding = channels.crowding_2g(own2, near)
    heard = tuple(sorted(near, key=lambda n: -n.signal_dbm))
    return {
        "at": at,
        "drawings": tuple(
            drawn for drawn in (
                drawings.channels_2g(own2, near, crowding),
                drawings.channels_5g(own5, int(width) if str(width).isdigit() else 80, near),
            ) if drawn is not None
        ) if near else (),
        "neighbours": heard,
        "crowding": crowding,
        "op": found.results.get("wifi_scan"),
    }  # fmt: skip

"""Charts of every access technology, alarms repaired where they are diagnosed, the fleet in numbers, reports: seen by a browser."""

import math
import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import canonicals
from acs.devices.canonicals import Reading
from acs.devices.models import Device, DeviceEvent
from acs.monitoring import fleet, load, members, reports
from acs.monitoring import service as monitoring
from acs.monitoring.book import MonitorBook
from acs.monitoring.load import Totals
from care.security.permissions import Role
from tests.browser.conftest import PHONE, WIDE
from tests.browser.test_accessibility import violations
from tests.care import samples

pytestmark = pytest.mark.browser
ANNA = Actor("user:anna", DEFAULT_TENANT)
FIELDS = {
    "optical.rx_power_dbm": lambda i: -21 + math.sin(i / 9) - (5.2 if i > 200 else 0), "dsl.down_margin_db": lambda i: 9 + 2 * math.sin(i / 20),
    "dsl.down_rate_kbps": lambda i: 51_000 + 300 * (i % 7), "ethernet.wan.rate_mbps": lambda i: 100 if 90 < i < 130 else 1000,
    "wifi.2g.clients": lambda i: 4 + i // 40, "wifi.5g.channel": lambda i: 36 if i < 150 else 100,
}  # fmt: skip
"""A day of readings every five minutes: fibre, DSL, Ethernet, WiFi."""


def day_of(db, devices, now):
    """Monitors of each field with their thresholds, a day of readings with a gap, and a restart."""
    book = MonitorBook()
    with db.write() as unit:
        for name in FIELDS:
            limits = []
            if name == "optical.rx_power_dbm":
                limits = [{"severity": "warning", "direction": "below", "limit": -24, "repair": "Clean and check the connector."},
                          {"severity": "critical", "direction": "below", "limit": -26.5, "samples": 2, "repair": "Send a crew to the fibre."}]  # fmt: skip
            monitoring.save(unit, ANNA, {"name": name, "parameter": name, "thresholds": limits}, now)
    book.replace(monitoring.load(db))
    for n, device in enumerate(devices):
        told = []
        for i in range(288):
            if 40 < i < 60:
                continue  # a gap
            at = now - timedelta(minutes=5 * (288 - i))
            told += [Reading(1, device, name, f"{value(i) + n * 0.4:.2f}", round(value(i) + n * 0.4, 2), at) for name, value in FIELDS.items()]
        with db.write() as unit:
            unit.session.execute(update(Device).where(Device.id == device).values(first_seen_at=now - timedelta(days=30)))
            monitoring.collect(unit, told, book)
            canonicals.keep(unit.connection, told[-len(FIELDS):])
            unit.session.add(DeviceEvent(tenant_id=1, device_id=device, at=now - timedelta(hours=19), code="1 BOOT", detail=""))
            unit.session.add(DeviceEvent(tenant_id=1, device_id=device, at=now - timedelta(hours=7), code="M Download", detail=""))


def count_the_fleet(db, now):
    with db.read() as session:
        counts = fleet.new_counts(session)
        for part in fleet.ranges(session):
            fleet.count(session, counts, part, now)
        told = {tenant: fleet.document(session, tenant, counted, now) for tenant, counted in counts.items()}
    for tenant, document in told.items():
        with db.write() as unit:
            fleet.keep(unit, tenant, document, now, 7)


def fleet_of(server, now, most=3):
    """Homes with a day behind them, the fleet counted for an hour and a half."""
    db, vault = server.services.db, server.services.vault
    homes = [samples.home(db, vault, now, model, number, ago_s=20) for number, model in enumerate([samples.NORVIK, samples.ONT], 1)]
    homes.append(samples.home(db, vault, now, samples.ROUTER_098, 9, ago_s=7200))
    day_of(db, homes[:most], now)
    with db.write() as unit:
        for i in range(6):
            at = now - timedelta(seconds=10 * i)
            load.note(unit, DEFAULT_TENANT, "cwmp 0", Totals(at - timedelta(seconds=10)),
                      Totals(at, sessions=123, failed=2, informs=123, answers=123, answer_s=1.2, cpu_s=1.7, live=5, openness=3))  # fmt: skip
    for minute in range(90, -1, -15):
        count_the_fleet(db, now - timedelta(minutes=minute))
    with db.read() as session:
        numbers = reports.due(session, now)
        found = {number: reports.look(session, number, now) for number in numbers}
    with db.write() as unit:
        for number, spread in found.items():
            if spread is not None:
                reports.keep(unit, DEFAULT_TENANT, number, spread)
    with db.read() as session:
        ids = monitoring.numbers(session)
    for number in ids:
        after: int | None = 0
        while after is not None:
            with db.write() as unit:
                after = members.refresh(unit, number, after, now)
    return homes


@pytest.mark.feature("U-46", "U-49", "U-60")
def test_charts_alarms_and_reports_for_an_engineer(open_page, sign_in, live_server, now, shot):
    homes = fleet_of(live_server, now)
    page = open_page()
    sign_in(page, Role.ENGINEER)

    # the fleet is the engineer's first page
    page.goto("/")
    assert page.url.endswith("/fleet/")
    page.locator("[data-chart][data-drawn=yes]").nth(1).wait_for()
    assert page.locator(".hl-number-value").first.inner_text() == "3"
    shot(page, "fleet-1440")

    # charts of every access technology on the device's page
    names = "&".join(f"name={name}" for name in FIELDS)
    page.goto(f"/devices/{homes[0]}/trends?{names}")
    for i in range(len(FIELDS)):
        page.locator("[data-chart][data-drawn=yes] canvas").nth(i).wait_for()
    titles = page.locator("#panel .hl-card-head h2").all_inner_texts()
    assert len(titles) == len(FIELDS)
    says = page.locator("[data-chart-says]").all_inner_texts()
    assert "1 gap without readings" in says[0]
    first = page.locator("[data-chart-place]").first
    first.focus()
    page.keyboard.press("End")
    assert re.search(r"\u2212\d\d", page.locator("[data-chart-read]").first.inner_text())
    page.locator(".hl-chart-foot summary").first.click()
    assert page.locator("[data-chart-table] tbody tr").count() >= 60
    shot(page, "trends-1440")
    assert page.request.get(f"/devices/{homes[0]}/series.csv?name=dsl.down_margin_db&range=24h").text().count("\n") == 269
    page.goto(f"/devices/{homes[0]}/trends?name=optical.rx_power_dbm&range=7d")
    page.locator("[data-chart][data-drawn=yes] canvas").wait_for()
    shot(page, "trends-7d-1440")

    # the alarm: evidence, diagnosis and repair in one panel
    page.goto("/alarms/")
    shot(page, "alarms-1440")
    page.get_by_role("link", name=re.compile("Light received")).first.click()
    page.locator("[data-chart][data-drawn=yes] canvas").wait_for()
    panel = page.locator("section.hl-card", has=page.get_by_role("heading", name="Look, and repair"))
    assert panel.locator("canvas").count()
    assert panel.get_by_role("button", name="Restart").count() == 1
    panel.get_by_role("button", name="Read now").click()
    panel.locator("[data-operation]").first.wait_for()
    shot(page, "alarm-1440")
    page.locator("#alarm-note").fill("Crew is on its way")
    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_text("Crew is on its way").wait_for()
    page.goto(f"/devices/{homes[0]}")
    shot(page, "device-alarm-1440")

    # the group: percentiles over time, its spread, and the report with CSV
    page.goto("/monitoring/")
    shot(page, "monitors-1440")
    page.get_by_role("link", name="optical.rx_power_dbm").click()
    page.locator("[data-chart][data-drawn=yes] canvas").wait_for()
    shot(page, "monitor-1440")
    page.goto("/monitoring/report?range=24h")
    assert page.locator("tbody tr").count() >= 5
    shot(page, "report-1440")
    sheet = page.request.get("/monitoring/report.csv?range=24h").text().splitlines()
    assert sheet[0].startswith("parameter,unit,basis,devices,samples,count,mean,low,p5,p25,p50,p75,p95,high")
    assert sheet[1].startswith("optical.rx_power_dbm,dBm,samples,3,")


def test_monitor_is_made_by_hand_and_mistakes_stay_in_the_form(open_page, sign_in, live_server, now, shot):
    page = open_page(PHONE, tolerant=True)  # what is refused is an error on the console
    sign_in(page, Role.ADMIN)
    page.goto("/monitoring/")
    page.get_by_role("button", name="Begin with these").click()
    page.get_by_role("link", name="Silent devices").wait_for()
    page.goto("/monitoring/new")
    page.locator("#m-name").fill("hot boxes")
    page.locator("#m-parameter").select_option("system.temperature_c")
    page.locator("#t-severity-1").select_option("minor")
    page.locator("#t-direction-1").select_option("above")
    page.locator("#t-limit-1").fill("85")
    page.locator("#t-clear-1").fill("90")
    shot(page, "monitor-form-390")
    page.locator("#m-selection").fill('model = "Norvik G240"')
    page.get_by_role("button", name="Save").click()
    page.get_by_text("it would never be raised for long").wait_for()
    page.locator("#t-clear-1").fill("80")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="hot boxes").wait_for()
    assert "rises above 85" in page.locator("main").inner_text()


@pytest.mark.parametrize(("size", "dark"), [(WIDE, True), (PHONE, False)])
def test_axe_finds_nothing_in_monitoring(open_page, sign_in, live_server, now, shot, size, dark):
    """And numbers that cannot be read say so, and are asked for again."""
    homes = fleet_of(live_server, now, 1)
    page = open_page(size, dark=dark, tolerant=True)
    sign_in(page, Role.ADMIN)
    page.route("**/fleet/chart/load.json*", lambda route: route.abort())
    page.goto("/fleet/")
    page.locator("[data-chart-problem]:visible").wait_for()
    page.unroute("**/fleet/chart/load.json*")
    page.get_by_role("button", name="Try again").click()
    page.locator("[data-chart][data-drawn=yes]").nth(1).wait_for()
    found = {}
    pages = ("/fleet/", "/alarms/", "/alarms/1", "/monitoring/", "/monitoring/1", "/monitoring/1/edit", "/monitoring/report", f"/devices/{homes[0]}/trends")
    for path in pages[dark::2]:  # each half in one look
        page.goto(path)
        if page.locator("[data-chart]").count():
            page.locator("[data-chart][data-drawn=yes]").first.wait_for()
        found[path] = violations(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        shot(page, f"{path.strip('/').replace('/', '-')}-{'dark' if dark else size['width']}")
    assert {path: list(bad) for path, bad in found.items() if bad} == {}

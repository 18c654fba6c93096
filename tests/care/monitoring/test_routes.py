"""Monitors and reports on their pages: care/monitoring/routes.py."""

import csv
import io

import pytest

from acs import audit
from acs.db.tenancy import DEFAULT_TENANT
from acs.monitoring import reports
from care.security.permissions import Role
from tests.acs.monitoring.kit import RX
from tests.care.conftest import OTHER_TENANT

FORM = {
    "name": "weak light", "parameter": RX, "selection": 'model = "Halden ONT-4"', "every_s": "900", "enabled": "yes", "storm_percent": "10",
    "t_severity": ["warning", "critical", ""], "t_direction": ["below", "below", "below"], "t_limit": ["-25", "\u221227,5", ""], "t_clear": ["-24", "", ""],
    "t_word": ["", "", ""], "t_samples": ["2", "", ""], "t_minutes": ["1,5", "", ""], "t_repair": ["Clean it.", "", ""],
}  # fmt: skip


def html(answer):
    return answer.get_data(as_text=True)


def monitors(services):
    return services.monitoring.monitors(DEFAULT_TENANT)


def test_nothing_watched_offers_a_beginning(signed_in, services):
    browser = signed_in(Role.ENGINEER)
    assert "Begin with these" in html(browser.get("/monitoring/"))
    assert browser.post("/monitoring/starter").status_code == 302
    assert {"Silent devices", "Light received", "DSL noise margin"} <= {m.name for m in monitors(services)}
    page = html(browser.get("/monitoring/"))
    assert "falls below \u221227.0\u00a0dBm, clears at \u221226.5\u00a0dBm, after 2 readings" in page
    browser.post("/monitoring/starter")  # twice does no harm
    assert len({m.name for m in monitors(services)}) == len(monitors(services))


def test_monitor_is_made_changed_and_removed(signed_in, services, db):
    browser = signed_in(Role.ENGINEER)
    assert browser.post("/monitoring/new", FORM).status_code == 302
    (made,) = monitors(services)
    assert [(t.severity.word, t.limit, t.clear, t.samples, t.for_s, t.repair) for t in made.thresholds] == [
        ("warning", -25.0, -24.0, 2, 90, "Clean it."), ("critical", -27.5, -27.5, 1, 0, "")
    ]  # fmt: skip
    assert (made.every_s, made.selection) == (900, 'model = "Halden ONT-4"')
    page = html(browser.get(f"/monitoring/{made.id}/edit"))
    assert 'value="-27.5"' in page
    assert browser.post(f"/monitoring/{made.id}/edit", {**FORM, "name": "light", "enabled": ""}).status_code == 302
    (changed,) = monitors(services)
    assert (changed.name, changed.enabled, changed.parameter) == ("light", False, RX)
    assert "Paused" in html(browser.get(f"/monitoring/{made.id}"))
    assert browser.post(f"/monitoring/{made.id}/remove").status_code == 302
    assert monitors(services) == ()
    with db.read() as session:
        assert audit.lines(session, DEFAULT_TENANT)[0].actor == "user:engineer"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "needs a name"), ({"selection": "model = = 3"}, "Nothing was saved yet"), ({"t_limit": ["cold", "", ""]}, "is no number"),
        ({"t_minutes": ["soon", "", ""]}, "Minutes and readings are numbers"), ({"t_clear": ["-26", "", ""]}, "never be raised"),
    ],
)  # fmt: skip
def test_mistakes_come_back_in_the_form_with_what_was_typed(signed_in, services, wrong, said):
    answer = signed_in(Role.ENGINEER).post("/monitoring/new", {**FORM, **wrong})
    assert answer.status_code == 422
    page = html(answer)
    assert said in page
    assert "Clean it." in page
    assert monitors(services) == ()


def test_group_is_shown_by_its_percentiles_and_alarms(signed_in, services, db, device, light, clock):
    with db.read() as session:
        found = reports.look(session, light, clock())
    with db.write() as unit:
        reports.keep(unit, 1, light, found)
    browser = signed_in(Role.ENGINEER)
    page = html(browser.get(f"/monitoring/{light}"))
    assert "Of 1 devices half are below \u221228.0\u00a0dBm" in page
    assert "Light received: \u221228.0\u00a0dBm, below \u221227.0\u00a0dBm" in page
    drawn = browser.get(f"/monitoring/{light}/spread.json").get_json()
    assert [s["label"] for s in drawn["series"]] == ["p95", "p75", "median", "p25", "p5"]
    assert [limit["value"] for limit in drawn["limits"]] == [-27, -25]


@pytest.mark.feature("U-60")
def test_report_of_a_group_as_a_page_and_as_a_file(signed_in, device):
    browser = signed_in(Role.ENGINEER)
    page = html(browser.get(f"/monitoring/report?p={RX}&p=wifi.2g.channel&q=model+%3D+%22Halden+ONT-4%22"))
    assert "12 readings" in page
    assert "1 devices" in page
    rows = list(csv.DictReader(io.StringIO(html(browser.get(f"/monitoring/report.csv?p={RX}&q=model+%3D+%22Halden+ONT-4%22")))))
    assert (rows[0]["parameter"], rows[0]["devices"], rows[0]["samples"], rows[0]["unit"]) == (RX, "1", "12", "dBm")
    assert rows[0]["p50"] == rows[0]["mean"]
    assert html(browser.get("/monitoring/report.csv?q=")).count("\n") > 3


def test_report_shows_an_example_query_whole(signed_in, device):
    assert 'placeholder="Every device, or a query such as model = HG8245"' in html(signed_in(Role.ENGINEER).get("/monitoring/report"))


def test_report_of_a_wrong_query_says_where(signed_in, device):
    answer = signed_in(Role.ENGINEER).get("/monitoring/report?q=model+%3D+%3D")
    assert answer.status_code == 422
    assert "hl-bad" in html(answer)
    assert "No device fits" in html(signed_in(Role.ENGINEER).get("/monitoring/report?q=model+%3D+%22none%22"))


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
def test_who_may_not_is_told_so(signed_in, services, role):
    browser = signed_in(role)
    assert browser.get("/monitoring/").status_code == 403
    assert browser.get("/monitoring/report").status_code == 403
    assert browser.post("/monitoring/new", FORM).status_code == 403
    assert monitors(services) == ()


def test_monitors_of_others_do_not_exist(signed_in, device, light):
    browser = signed_in(Role.ENGINEER, OTHER_TENANT)
    for path in (f"/monitoring/{light}", f"/monitoring/{light}/edit", f"/monitoring/{light}/spread.json"):
        assert browser.get(path).status_code == 404
    assert browser.post(f"/monitoring/{light}/remove").status_code == 404
    assert "Nothing is watched yet" in html(browser.get("/monitoring/"))

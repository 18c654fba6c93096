"""Reports over a fleet: one hand-changed device found, explained and repaired; progress, pages, what cannot be repaired."""

from datetime import timedelta

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.desired import reports, service
from acs.desired.views import ReportState, Standing
from acs.errors import Conflict, Invalid, NotFound
from tests.acs.desired.conftest import ANNA, CHANNEL, NOW
from tests.conftest import OTHER_TENANT


def run(homes, selection="", with_profile=None):
    with homes.database.write() as unit:
        number = service.start_report(unit, ANNA, selection, with_profile, homes.now)
    while service.report_goes_on(homes.database, homes.vault, number, homes.now):
        pass
    with homes.database.read() as session:
        return service.report(session, DEFAULT_TENANT, number), service.lines(session, DEFAULT_TENANT, number)


def fleet(homes, count):
    """Devices that are in step: the first was brought there, the others are as it is."""
    first = homes.device("S0")
    homes.configured(first)
    key = homes.head(first).desired_key
    values = {path: stored.value for path, stored in homes.tree(first).values.items()}
    for n in range(1, count):
        number = homes.device(f"S{n}", values, desired_key=key, parameter_key=key)
        with homes.database.write() as unit:
            row = service.DesiredDevice(
                device_id=number, tenant_id=1, state="in_step", key=key, profiles=",1,", drift=0, key_lost=0, error="", configured_at=homes.now
            )
            unit.session.add(row)
    return first


def found_explained_and_repaired(homes, count):
    homes.profile()
    first = fleet(homes, count)
    odd = first + count // 2
    homes.now += timedelta(minutes=5)
    homes.reads(odd, channel="13")
    report, lines = run(homes)
    assert (report.state, report.checked, report.total) == (ReportState.DONE, count, count)
    assert report.counts == {"in_step": count - 1, "drift": 1, "lines": 1}
    (line,) = lines
    assert (line.device_id, line.state, line.changes) == (odd, Standing.DRIFT, 1)
    (difference,) = line.differences
    assert (difference["path"], difference["wanted"], difference["shown"]) == (CHANNEL, "6", "13")
    assert (difference["winner"], difference["name"]) == ("Basic", "wifi.2g.channel")
    with homes.database.write() as unit:
        assert service.ask_repair(unit, ANNA, report.id, homes.now) == 1
        assert service.repair_some(unit, ANNA, report.id, 0, homes.now) == (1, None)
    assert [o.kind for o in homes.operations(odd)] == ["configure"]
    told = [(name, xml) for name, xml in line.messages]
    with homes.database.read() as session:
        rehearsed = service.rehearsed(session, homes.vault, DEFAULT_TENANT, odd, homes.now)
    asked = homes.configured(odd)
    assert asked == list(rehearsed)
    assert [type(m).__name__ for m in asked] == [name for name, _ in told]
    assert run(homes, f'serial = "S{odd - first}"')[0].counts["in_step"] == 1


def test_drift_of_one_device_among_many_is_found_explained_and_repaired(homes):
    found_explained_and_repaired(homes, 200)


@pytest.mark.soak
def test_drift_of_one_device_among_ten_thousand_is_found_explained_and_repaired(homes):
    found_explained_and_repaired(homes, 10_000)


def test_a_dry_run_of_a_profile_that_is_not_in_force_says_what_it_would_do(homes):
    profile, device = homes.profile(enabled=False), homes.device()
    report, lines = run(homes, with_profile=profile.id)
    assert report.counts == {"pending": 1, "lines": 1}
    assert [name for name, _ in lines[0].messages] == ["SetParameterValues", "GetParameterValues"]
    assert homes.row(device) is None
    with homes.database.write() as unit, pytest.raises(Conflict, match="not in force"):
        service.ask_repair(unit, ANNA, report.id, NOW)


def test_a_report_goes_on_from_where_it_was(homes, monkeypatch):
    monkeypatch.setattr(reports, "SLICE", 2)
    homes.profile()
    for n in range(5):
        homes.device(f"S{n}")
    with homes.database.write() as unit:
        number = service.start_report(unit, ANNA, "", None, NOW)
    assert service.report_goes_on(homes.database, homes.vault, number, NOW)
    with homes.database.read() as session:
        assert service.report(session, DEFAULT_TENANT, number).checked == 2
    with homes.database.write() as unit, pytest.raises(Conflict, match="running"):
        service.ask_repair(unit, ANNA, number, NOW)
    while service.report_goes_on(homes.database, homes.vault, number, NOW):
        pass
    with homes.database.read() as session:
        assert service.report(session, DEFAULT_TENANT, number).checked == 5
        page = service.lines(session, DEFAULT_TENANT, number, limit=3)
        assert len(page) == 3
        assert len(service.lines(session, DEFAULT_TENANT, number, page[-1].device_id)) == 2


def test_a_report_is_repaired_once_and_belongs_to_its_tenant(homes):
    report, _ = run(homes)
    with homes.database.write() as unit:
        service.ask_repair(unit, ANNA, report.id, NOW)
        with pytest.raises(Conflict, match="already"):
            service.ask_repair(unit, ANNA, report.id, NOW)
    with homes.database.read() as session, pytest.raises(NotFound):
        service.report(session, OTHER_TENANT, report.id)
    with homes.database.read() as session, pytest.raises(NotFound):
        reports.line(session, DEFAULT_TENANT, report.id, 99)


def test_a_selection_that_is_none_makes_no_report(homes):
    with homes.database.write() as unit, pytest.raises(Invalid):
        service.start_report(unit, ANNA, "model =", None, NOW)


def test_old_reports_go(homes):
    run(homes)
    with homes.database.write() as unit:
        assert service.delete_old_reports(unit, NOW + timedelta(days=1)) == 1

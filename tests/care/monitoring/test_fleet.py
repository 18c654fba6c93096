"""The fleet's page: care/monitoring/fleet.py."""

from datetime import timedelta

from sqlalchemy import event

from acs.db.tenancy import DEFAULT_TENANT
from acs.monitoring import fleet, load
from acs.monitoring.load import Totals
from care.security.permissions import Role


def html(answer):
    return answer.get_data(as_text=True)


def census(db, now):
    with db.read() as session:
        counts = fleet.new_counts(session)
        for part in fleet.ranges(session):
            fleet.count(session, counts, part, now)
        told = {tenant: fleet.document(session, tenant, counted, now) for tenant, counted in counts.items()}
    for tenant, document in told.items():
        with db.write() as unit:
            fleet.keep(unit, tenant, document, now, 7)


def test_before_the_first_census_the_page_says_what_is_missing(signed_in):
    assert "Not counted yet" in html(signed_in(Role.ENGINEER).get("/fleet/"))


def test_it_is_the_first_page_of_who_may_see_it(signed_in):
    assert signed_in(Role.ENGINEER).get("/").headers["Location"] == "/fleet/"
    assert signed_in(Role.AGENT).get("/").headers["Location"] == "/devices/"


def test_numbers_are_those_of_the_census(signed_in, db, device, clock):
    now = clock()
    with db.write() as unit:
        load.note(unit, DEFAULT_TENANT, "cwmp 0", Totals(now - timedelta(seconds=10)), Totals(now, sessions=125, informs=125, put_off=3, openness=1))
    census(db, now)
    page = html(signed_in(Role.ENGINEER).get("/fleet/"))
    assert "Halden ONT-4" in page
    assert "1 Critical" in page
    assert ">12.5<" in page
    assert "routine contacts wait" in page
    assert "below \u221227.0" in page  # what needs a look


def test_charts_have_their_numbers(signed_in, db, device, clock):
    for _ in range(3):
        census(db, clock())
        clock.advance(minutes=1)
    browser = signed_in(Role.ENGINEER)
    drawn = browser.get("/fleet/chart/presence.json?range=24h").get_json()
    assert drawn["series"][0]["values"] == [1, 1, 1]
    assert drawn["says"] == "1 online, 0 silent."
    assert browser.get("/fleet/chart/load.json").get_json()["unit"] == "/s"
    assert browser.get("/fleet/chart/nothing.json").status_code == 404


def test_page_counts_nothing_itself(signed_in, db, device, clock):
    census(db, clock())
    browser = signed_in(Role.ENGINEER)
    asked = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    browser.get("/fleet/")
    assert len(asked) <= 8
    assert not [sql for sql in asked if "FROM device" in sql and "count(" in sql.lower()]


def test_who_may_not_see_it_is_told_so(signed_in):
    assert signed_in(Role.AGENT).get("/fleet/").status_code == 403
    assert signed_in(Role.AGENT).get("/fleet/chart/load.json").status_code == 403

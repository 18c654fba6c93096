"""Rules that send devices on: acs/redirects/service.py."""

import pytest

from acs import audit
from acs.audit import Actor
from acs.devices import service
from acs.errors import Invalid, NotFound
from acs.redirects import service as redirects
from tests.acs.kit import add_device

URL = "http://other.example:7547/"


def add(database, actor, now, tag="", model="", url=URL):
    with database.write() as unit:
        return redirects.add(unit, actor, tag, model, url, "closing down", now)


def destinations(database):
    with database.read() as session:
        return redirects.destinations(session)


def test_devices_are_sent_on_by_tag_by_model_or_by_both(any_database, actor, now):
    ids = [add_device(any_database, serial, product_class=kind) for serial, kind in (("A1", "G240"), ("A2", "R110"), ("A3", "G240"))]
    with any_database.write() as unit:
        service.set_tags(unit, actor, ids[0], ["pilot"], now)
        service.set_tags(unit, actor, ids[1], ["pilot"], now)
    assert destinations(any_database) == {}
    both = add(any_database, actor, now, "pilot", "G240", URL + "both")
    assert destinations(any_database) == {"00D09E-G240-A1": URL + "both"}
    add(any_database, actor, now, "", "G240", URL + "model")
    assert destinations(any_database) == {"00D09E-G240-A1": URL + "model", "00D09E-G240-A3": URL + "model"}
    with any_database.write() as unit:
        redirects.remove(unit, actor, both, now)
        assert {"kind": "redirects"} in unit.hints
    with any_database.read() as session:
        (rule,) = redirects.listed(session, 1)
        assert (rule.model, rule.url, rule.devices, rule.created_by) == ("G240", URL + "model", 2, actor.name)
        assert redirects.fitting(session, 1, "pilot", "") == tuple(ids[:2])
        assert redirects.fitting(session, 1, "pilot", "", after_id=ids[0]) == (ids[1],)
        assert redirects.fitting(session, 1, "", "", limit=2) == tuple(ids[:2])


def test_a_rule_for_everything_or_for_the_same_devices_is_refused(any_database, actor, now):
    for tag, model in (("", ""), (" ", " ")):
        with pytest.raises(Invalid, match="every device"):
            add(any_database, actor, now, tag, model)
    add(any_database, actor, now, "Pilot")
    with pytest.raises(Invalid, match="already"):
        add(any_database, actor, now, "pilot")


def test_rules_are_audited_and_those_of_another_tenant_do_not_exist(any_database, actor, now):
    rule = add(any_database, actor, now, "pilot")
    with any_database.write() as unit, pytest.raises(NotFound):
        redirects.remove(unit, Actor("user:eve", 2), rule, now)
    with any_database.read() as session:
        assert redirects.listed(session, 2) == ()
        (line,) = audit.lines(session, 1)
    assert (line.action, line.after["url"], line.after["tag"]) == ("redirect.add", URL, "pilot")
    with any_database.write() as unit:
        redirects.remove(unit, actor, rule, now)
    with any_database.read() as session:
        assert audit.lines(session, 1)[0].before["url"] == URL

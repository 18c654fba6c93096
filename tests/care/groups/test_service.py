"""The list by queries, and the export that holds no list."""

import tracemalloc

import pytest

from acs.audit import Actor
from acs.db.bulk import insert_rows
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.canonicals import Reading, keep
from acs.devices.models import Device
from acs.errors import Invalid
from acs.finding import service as finding
from tests.acs.finding.fleet import seed
from tests.care.conftest import OTHER_TENANT

ANNA = Actor("user:anna", DEFAULT_TENANT)


@pytest.fixture
def fleet(db, clock):
    return seed(db, clock(), 120)


def test_a_list_knows_its_numbers_and_asks_few_questions(services, db, fleet) -> None:
    from sqlalchemy import event

    query = finding.parse("model = HG8245 and rx < -15")
    there = [each for each, facts in fleet.facts.items() if query.on_head(facts)]
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    listed = services.finding.listed(DEFAULT_TENANT, query, "", None, None, 5)
    event.remove(db.engine, "before_cursor_execute", note)
    assert [row.id for row in listed.rows] == there[:5]
    assert (listed.count.number, listed.count.is_exact) == (len(there), True)
    assert listed.fleet.number == len(fleet.facts)
    assert sum(listed.presences.counts.values()) == len(fleet.facts)
    assert len(asked) <= 26, "\n".join(asked)


def test_the_export_has_what_was_asked_for(services, fleet) -> None:
    lines = list(services.finding.export(ANNA, finding.parse("rx_power < -20"), ("serial", "rx_power", "presence", "tags")))
    assert lines[0] == "id,serial,rx_power,presence,tags\r\n"
    rows = [line.strip().split(",") for line in lines[1:]]
    fitting = {each for each, facts in fleet.facts.items() if (facts["readings"].get("optical.rx_power_dbm") or 0) < -20}
    assert {int(row[0]) for row in rows} == fitting
    assert all(float(row[2]) < -20 for row in rows)
    line = services.audit.listed(DEFAULT_TENANT, "devices")[0] if hasattr(services.audit, "listed") else None
    assert line is None or line.action == "device.export"


def test_what_a_spreadsheet_would_run_is_text(services, db, clock) -> None:
    with db.write() as unit:
        unit.session.add(Device(tenant_id=DEFAULT_TENANT, key="k", oui="", product_class="", serial_number="S", trust="admitted", note="=cmd()", model="-x"))
    lines = list(services.finding.export(ANNA, finding.parse(""), ("note", "model")))
    assert lines[1] == "1,'=cmd(),-x\r\n"


def test_a_column_that_is_not_there_and_devices_of_others_are_not_exported(services, fleet) -> None:
    with pytest.raises(Invalid, match="no column 'secret'"):
        services.finding.export(ANNA, finding.parse(""), ("secret",))
    with pytest.raises(Invalid, match="no group"):
        services.finding.export(ANNA, finding.parse("group:nobody"), ())
    boris = Actor("user:boris", OTHER_TENANT)
    mine = {line.partition(",")[0] for line in services.finding.export(ANNA, finding.parse(""), ())}
    theirs = {line.partition(",")[0] for line in services.finding.export(boris, finding.parse(""), ())}
    assert mine & theirs == {"id"}


def test_a_long_export_takes_no_more_memory_than_a_short_one(services, db, clock) -> None:
    from random import Random

    from tests.acs.finding.fleet import _device

    rows = [{**_device(Random(number), number, clock()), "tenant_id": DEFAULT_TENANT} for number in range(1, 6001)]
    with db.write() as unit:
        insert_rows(unit.connection, Device, rows)
        keep(unit.connection, [Reading(DEFAULT_TENANT, 1, "optical.rx_power_dbm", "-20", -20.0, clock())])
    lines = services.finding.export(ANNA, finding.parse(""), ("serial", "model", "rx_power"))
    for _ in range(1500):
        next(lines)
    tracemalloc.start()
    rest = sum(1 for _ in lines)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rest == 6001 - 1500
    assert peak < 8_000_000

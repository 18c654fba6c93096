"""Which index answers what: the plan of every source, as the databases tell it, reads no table from end to end."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Select, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import Invalid
from acs.finding import seeking, service
from acs.finding.compiling import Compiler, Source, prefixes
from acs.finding.parsing import parse_node
from tests.acs.finding.fleet import seed

QUICK = (
    "model = HG8245", "model ~ 82", "version < 1.2.10", "manufacturer = ZTE", "oui = 001A2B", "product_class = HG8245", "hw = A", "serial = ABC*",
    "key = x", "address = 192.0.2.7", "wan in 10.1.0.0/16", "trust = quarantine", "presence:silent", "presence:online", "presence:never", "alarm = critical",
    "last_inform < 1h ago", "first_seen > 3 days ago", "interval = 15m", "tag:vip", "rx_power < -27", "wan.status = down", "wifi.2g.enabled = yes",
    "failed:reboot", "operation:any", "ABC0001",
)  # fmt: skip


@pytest.mark.parametrize("query", QUICK)
def test_sqlite_looks_up_by_an_index(database: Database, now: datetime, query: str) -> None:
    seed(database, now, 60)
    with database.read() as session:
        for source in _sources(session, query, now):
            counting = select(func.count()).select_from(source.ids.limit(20_000).subquery())
            plan = _sqlite_plan(session, counting)
            assert "SEARCH" in plan, plan
            assert "SCAN device" not in plan.replace("SCAN device USING COVERING INDEX", ""), plan


@pytest.mark.postgres
def test_postgres_looks_up_by_an_index(postgres_database: Database, now: datetime) -> None:
    seed(postgres_database, now, 60)
    with postgres_database.read() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))  # sixty rows are read faster without an index: ask whether there is one
        session.execute(text("SET LOCAL enable_bitmapscan = off"))
        for query in QUICK:
            for source in _sources(session, query, now):
                sql = source.ids.limit(20_000).compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
                plan = "\n".join(session.scalars(text("EXPLAIN " + str(sql).replace(":", "\\:"))))
                assert "Index" in plan, f"{query}: {plan}"
                assert "Seq Scan" not in plan, f"{query}: {plan}"


def test_a_head_row_is_looked_up_by_its_id_only(database: Database, now: datetime) -> None:
    """SQLite takes the first index it sees for few rows; what a page looks at is chosen already."""
    seed(database, now, 60)
    with database.read() as session:
        compiler = Compiler(session, DEFAULT_TENANT, now)
        node = parse_node("model = HG8245 and rx < -20 and tag:vip and trust = admitted and serial = ABC00001 and wan.status = up")
        statement = select(seeking.Device.id).where(seeking.among(True), compiler.col("tenant_id") == DEFAULT_TENANT, compiler.condition(node))
        sql = str(statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})).replace(":ids", "'[1,2]'")
        plan = "\n".join(row.detail for row in session.execute(text("EXPLAIN QUERY PLAN " + sql.replace(":", "\\:"))))
        assert "SEARCH device USING INTEGER PRIMARY KEY" in plan, plan


def test_addresses_of_a_network_begin_alike() -> None:
    def texts(network: str) -> list[str]:
        node = parse_node(f"wan in {network}")
        return [each for each, _whole in prefixes(node.values[0])]  # type: ignore[union-attr,arg-type]

    assert texts("10.0.0.0/8") == ["10."]
    assert texts("10.1.16.0/22") == ["10.1.16.", "10.1.17.", "10.1.18.", "10.1.19."]
    assert texts("10.1.2.4/31") == ["10.1.2.4", "10.1.2.5"]
    assert texts("192.0.2.7/32") == ["192.0.2.7"]
    assert texts("2001:db8::/32") == ["2001:db8:"]
    assert set(texts("2001:db8:0:5::/64")) == {"2001:db8:0:5:", "2001:db8::5:"}
    assert set(texts("2001:db8::/48")) == {"2001:db8:0:", "2001:db8::"}


def test_a_group_that_is_not_there_is_said(database: Database, now: datetime) -> None:
    with database.read() as session, pytest.raises(Invalid, match="no group “nobody”"):
        service.page(session, DEFAULT_TENANT, service.parse("group:nobody"), now)


def _sources(session: Session, query: str, now: datetime) -> list[Source]:
    ways = Compiler(session, DEFAULT_TENANT, now).sources(parse_node(query))
    assert ways, f"no index leads to {query}"
    return [source for way in ways for source in way]


def _sqlite_plan(session: Session, statement: Select[Any]) -> str:
    sql = str(statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    return "\n".join(row.detail for row in session.execute(text("EXPLAIN QUERY PLAN " + sql.replace(":", "\\:"))))

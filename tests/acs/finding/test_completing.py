"""Completion: fields, operators, values devices have, and the words between."""

from datetime import datetime

import pytest

from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.finding import groups
from acs.finding.completing import complete
from tests.acs.finding.fleet import seed
from tests.conftest import OTHER_TENANT


def texts(database: Database, typed: str, now: datetime) -> list[str]:
    """`|` is the cursor. What the query would be with each proposal."""
    at = typed.index("|")
    whole = typed.replace("|", "")
    with database.read() as session:
        found = complete(session, DEFAULT_TENANT, whole, at, now)
    return [whole[: each.start] + each.text + whole[each.end :] for each in found]


def test_what_can_follow_is_proposed(database: Database, actor: Actor, now: datetime) -> None:
    seed(database, now, 60)
    with database.write() as unit:
        groups.create(unit, actor, "weak light", now, "rx < -27")
    cases = {
        "|": "model ",
        "mo|": "model ",
        "rx_p|": "rx_power ",
        "ta|": "tag:",
        "-ta|": "-tag:",
        "tag:vip and mod|": "tag:vip and model ",
        "model |": "model = ",
        "model !|": "model != ",
        "model = |": "model = EG8145V5 ",
        "model = sp|": 'model = "Speedport W724V" ',
        'model = "sp|': 'model = "Speedport W724V" ',
        "model in (EG8145V5, hg|": "model in (EG8145V5, HG8245 ",
        "tag:v|": "tag:vip ",
        "tag:vip a|": "tag:vip and ",
        "presence = |": "presence = online ",
        "presence:si|": "presence:silent ",
        "last_inform < |": "last_inform < 15m ago ",
        "group:|": 'group:"weak light" ',
        "(tag:vip or mo|": "(tag:vip or model ",
        "not mo|": "not model ",
        "failed:reb|": "failed:reboot ",
    }
    for typed, wanted in cases.items():
        assert wanted in texts(database, typed, now), typed
    assert texts(database, "model = EG8145V5 |", now) == ["model = EG8145V5 and ", "model = EG8145V5 or "]


def test_values_of_another_tenant_are_not_proposed(database: Database, now: datetime) -> None:
    seed(database, now, 9)
    with database.read() as session:
        assert complete(session, OTHER_TENANT, "tag:", 4, now) == ()
        assert complete(session, OTHER_TENANT, "model = ", 8, now) == ()


@pytest.mark.parametrize("typed", ["'", "((((", "= = =", "model in in (", "\x00", "a" * 3000, ") or ("])
def test_nonsense_breaks_nothing(database: Database, now: datetime, typed: str) -> None:
    with database.read() as session:
        for at in (-1, 0, len(typed), 10**6):
            complete(session, DEFAULT_TENANT, typed, at, now)

"""What is counted ahead is what there is."""

from collections import Counter
from datetime import datetime

from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.finding import service, tallies
from tests.acs.finding.fleet import seed
from tests.conftest import OTHER_TENANT


def test_tallies_are_what_a_count_finds_and_are_put_in_place_of_the_last(any_database: Database, now: datetime) -> None:
    fleet = seed(any_database, now, 120)
    for _ in range(2):
        with any_database.write() as unit:
            tallies.recount(unit, DEFAULT_TENANT, now)
    with any_database.read() as session:
        models = service.tally(session, DEFAULT_TENANT, "model")
        assert models.counts == Counter(facts["model"] for facts in fleet.facts.values())
        assert models.at == now
        assert models.total == len(fleet.facts)
        assert service.tally(session, OTHER_TENANT, "model").counts == {}
        presences = service.tally(session, DEFAULT_TENANT, "presence").counts
        for presence, number in presences.items():
            assert service.count(session, DEFAULT_TENANT, service.parse(f"presence:{presence}"), now).number == number, presence
        assert presences == service.presences(session, DEFAULT_TENANT, now).counts

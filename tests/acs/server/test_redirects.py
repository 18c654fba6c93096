"""Which devices are sent on, as a worker holds it: acs/server/redirects.py."""

from acs.audit import Actor
from acs.redirects import service as redirects
from acs.server.redirects import Redirects, load
from tests.acs.kit import add_device
from tests.acs.server.kit import sample

URL = "http://other.example/"


def test_rules_are_read_and_held_in_memory(database, now):
    add_device(database, "A1", product_class="G240")
    assert load(database) == {}
    with database.write() as unit:
        redirects.add(unit, Actor("user:anna", 1), "", "G240", URL, "", now)
    held, before = Redirects(), sample("hearthline_redirects_total")
    assert held.target("00D09E-G240-A1") is None
    held.replace(load(database))
    assert [held.target(f"00D09E-G240-{serial}") for serial in ("A1", "A2")] == [URL, None]
    held.replace({})
    assert held.target("00D09E-G240-A1") is None
    assert sample("hearthline_redirects_total") == before + 1

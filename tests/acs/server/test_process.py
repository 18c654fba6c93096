"""The cwmp process put together: everything on, an Inform through it, everything off again, and what it says of its health."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.protocol import ClientCreator
from twisted.web.client import Agent, HTTPConnectionPool, readBody
from twisted.web.server import Site

from acs.errors import WrongEnvironment
from acs.server.process import CwmpParent, health_of, open_database
from acs.settings import Settings
from tests.acs.server.house import RawConnection, pause, reactor
from tests.acs.server.kit import envelope, inform, post


@pytest.fixture
def settings(tmp_path: Path, sqlite_url: str) -> Settings:
    (tmp_path / "run").mkdir()
    return Settings(
        home=tmp_path, database_url=sqlite_url, bind="127.0.0.1", cwmp_port=0, files_port=0, metrics_port=0, stun_port=0, cpe_auth="none", onboarding="x"
    )


async def get(url: str) -> tuple[int, bytes]:
    pool = HTTPConnectionPool(reactor, persistent=False)
    response: Any = await Agent(reactor, pool=pool).request(b"GET", url.encode())
    body = await readBody(response)
    await pool.closeCachedConnections()
    return int(response.code), body


@pytest.mark.cwmp("J-10")
@pytest_twisted.ensureDeferred
async def test_parent_serves_all_of_it_and_stops_in_order(settings: Settings):
    parent = CwmpParent(reactor, settings)
    parent.start()
    await pause(0.05)
    ports = {type(p.getHost()).__name__ + str(getattr(p.getHost(), "port", "")): p for p in parent._ports}
    assert len(ports) == 4  # the hub, files, CWMP, metrics; STUN is the calls' own
    cwmp, files = (sock.getsockname()[1] for sock in parent._keep)
    raw: RawConnection = await ClientCreator(reactor, RawConnection).connectTCP("127.0.0.1", cwmp)
    answer = await raw.ask(post(envelope(inform("S1"))))
    assert (answer.status, type(answer.message).__name__) == (200, "InformResponse")
    assert (await get(f"http://127.0.0.1:{files}/health/ready"))[0] == 200
    assert (await get(f"http://127.0.0.1:{files}/health/live"))[1].startswith(b"ok ")
    metrics = parent._ports[-1].getHost().port
    assert b"hearthline_informs_total" in (await get(f"http://127.0.0.1:{metrics}/metrics"))[1]

    await parent.stop()
    await raw.hang_up()
    parent._database._publish.close()  # type: ignore[union-attr]
    await pause(0.05)
    database = open_database(settings, publish=False)
    with database.read() as session:  # the session that was under way has its record
        from acs.db.tenancy import DEFAULT_TENANT
        from acs.recorder import service as recorder

        assert [row.summary for row in recorder.listed(session, DEFAULT_TENANT)] == ["the server stopped"]
    database.close()
    for sock in parent._keep:
        sock.close()


@pytest.mark.parametrize("which", ["cwmp_port", "files_port"])
def test_port_that_is_taken_is_told_before_anything_runs(settings: Settings, which: str, unused: int):
    with pytest.raises(WrongEnvironment, match=f"Port {unused} .* taken"):
        CwmpParent(reactor, settings.model_copy(update={which: unused})).start()


@pytest.fixture
def unused() -> Iterator[int]:
    """A port somebody else listens on."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest_twisted.ensureDeferred
async def test_house_without_its_database_is_live_but_not_ready(settings: Settings):
    database = open_database(settings.model_copy(update={"database_url": "sqlite:////no/such/place/x.db"}), publish=False)
    site = Site(health_of(database))
    site.noisy = False
    port = reactor.listenTCP(0, site, interface="127.0.0.1")
    base = f"http://127.0.0.1:{port.getHost().port}"
    assert (await get(f"{base}/live"))[0] == 200
    assert await get(f"{base}/ready") == (503, b"not ready\n")
    await port.stopListening()
    await pause(0.02)
    database.close()

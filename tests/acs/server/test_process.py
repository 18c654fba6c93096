"""The cwmp process put together: it answers, says how it is, refuses a database of another version, and leaves nothing behind."""

import urllib.error
import urllib.request

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.threads import deferToThread

from acs.errors import WrongEnvironment
from acs.server.process import CwmpParent
from acs.settings import Settings


def _get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def _settings(tmp_path, url):
    return Settings(home=tmp_path, database_url=url, bind="127.0.0.1", cwmp_port=0, files_port=0, metrics_port=0, onboarding="secret")


@pytest_twisted.ensureDeferred
async def test_parent_serves_files_health_metrics_and_cwmp_and_stops_clean(sqlite_url, tmp_path):
    parent = CwmpParent(reactor, _settings(tmp_path, sqlite_url))
    parent.start()
    ports = [port.getHost().port for port in parent._ports if hasattr(port.getHost(), "port")]
    said = {path: [] for path in ("/health/ready", "/health/live", "/metrics", "/")}
    for port in ports:
        for path, answers in said.items():
            answers.append(await deferToThread(_get, f"http://127.0.0.1:{port}{path}"))
    assert [status for status, _ in said["/health/ready"]].count(200) == 2
    assert [status for status, _ in said["/health/live"]].count(200) == 2
    assert any("hearthline_sessions_live" in body for _, body in said["/metrics"])
    assert [status for status, _ in said["/"]].count(405) == 1
    await parent.stop()
    assert not any(port.connected for port in parent._ports if hasattr(port, "connected"))


def test_database_without_tables_is_refused(tmp_path):
    with pytest.raises(WrongEnvironment, match="hearthline db upgrade"):
        CwmpParent(reactor, _settings(tmp_path, f"sqlite:///{tmp_path / 'empty.db'}")).start()

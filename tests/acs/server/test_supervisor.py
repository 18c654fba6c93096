"""What `hearthline up` prepares before it starts anything. Its children are tried with real ones in tests/integration/test_processes.py."""

import http.server
import signal
import socket
import stat
import sys
import threading
import time
from pathlib import Path

import pytest

from acs.errors import WrongEnvironment
from acs.server import supervisor
from acs.server.supervisor import Child, House
from acs.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "logs").mkdir()
    return Settings(home=tmp_path, bind="127.0.0.1", cwmp_port=0, files_port=0, web_port=0)


def test_onboarding_secret_is_made_once_and_is_private(settings: Settings):
    made = supervisor._with_onboarding(settings, demo=False)
    assert len(made.onboarding) == 20
    assert supervisor._with_onboarding(settings, demo=False).onboarding == made.onboarding
    place = settings.home / "onboarding.secret"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_onboarding_secret_that_is_given_is_kept(settings: Settings):
    given = settings.model_copy(update={"onboarding": "ours"})
    assert supervisor._with_onboarding(given, demo=False).onboarding == "ours"
    assert not (settings.home / "onboarding.secret").exists()


def test_only_the_demo_may_call_devices_on_loopback(settings: Settings):
    assert supervisor._with_onboarding(settings, demo=False).cpe_networks == ()
    assert supervisor._with_onboarding(settings, demo=True).cpe_networks == ("127.0.0.0/8",)


def test_children_are_told_the_settings_explicitly(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HEARTHLINE_BIND", "0.0.0.0")
    said = supervisor._environment(supervisor._with_onboarding(settings, demo=True))
    assert said["HEARTHLINE_BIND"] == "127.0.0.1"
    assert said["HEARTHLINE_HOME"] == str(settings.home.absolute())
    assert said["HEARTHLINE_CPE_NETWORKS"] == "127.0.0.0/8"


def test_taken_port_names_its_setting(settings: Settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(WrongEnvironment, match="HEARTHLINE_WEB_PORT"):
            supervisor._check_ports(settings.model_copy(update={"web_port": number}))


def test_cause_of_an_end_is_told_in_words():
    assert [supervisor._cause(code) for code in (-9, -15, 3)] == ["signal SIGKILL", "signal SIGTERM", "exit code 3"]


def test_only_200_counts_as_ready():
    class Busy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/good" else 503)
            self.end_headers()

        def log_message(self, *_args: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Busy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        base = f"http://127.0.0.1:{server.server_port}"
        assert supervisor._answers(base + "/good")
        assert not supervisor._answers(base + "/bad")
        server.shutdown()
        thread.join()
    assert not supervisor._answers(base + "/good")


def test_child_that_dies_is_started_again_with_growing_waits(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    """Here a child is a command that does not exist: it ends at once with exit code 2."""
    monkeypatch.setattr(supervisor, "announce", lambda _text: None)
    house = House(settings, demo=False)
    child = Child("broken", ["no-such-command"], supervisor._environment(settings), settings.log_dir / "broken.log", delay=0.05)
    house._children = [child]
    house._start(child)
    deadline = time.monotonic() + 30
    while child.restarts < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    house._stopping.set()
    for monitor in house._monitors:
        monitor.join(10)
    assert child.restarts >= 2
    assert child.delay >= 0.2
    assert "no-such-command" in child.log.read_text()


def test_child_that_does_not_listen_is_ended_by_force(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    import subprocess

    told: list[str] = []
    monkeypatch.setattr(supervisor, "announce", told.append)
    monkeypatch.setattr(supervisor, "STOP_S", 0.3)
    house = House(settings, demo=False)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    process.stdout.readline()
    house._children = [Child("cwmp", [], {}, settings.log_dir / "x.log", process=process)]
    house._stop()
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    assert any("is ended" in line for line in told)

"""`hearthline up --demo` as a newcomer meets it: started once, looked at and used by the commands the README names."""

import re
import signal
from collections.abc import Iterator

import pytest

from tests.integration.processes import Command, Premises

FLEET = 20


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Premises, Command]]:
    premises = Premises(tmp_path_factory.mktemp("demo") / "home")
    del premises.environment["HEARTHLINE_CPE_NETWORKS"]  # the demo allows its own fleet by itself
    try:
        up = premises.run("up", "--demo")
        _wait(lambda: "ready" in up.said, up)
        _wait(lambda: _listed(premises) >= FLEET, up)
        yield premises, up
    finally:
        premises.stop()


def _wait(check: object, up: Command, seconds: float = 60.0) -> None:
    import time

    deadline = time.monotonic() + seconds
    while not check():  # type: ignore[operator]
        assert up.process.poll() is None, up.said
        assert time.monotonic() < deadline, up.said
        time.sleep(0.5)


def _listed(premises: Premises) -> int:
    ran = premises.once("device", "list")
    return len([line for line in ran.stdout.splitlines() if re.match(r" *\d+ ", line)])


def test_ready_line_password_and_secret_are_told_once(demo: tuple[Premises, Command]):
    premises, up = demo
    assert f"ready http://127.0.0.1:{premises.web}" in up.said.splitlines()
    assert up.said.count("with the password") == 1
    assert "came for the first time and is let in" in up.said


def test_fleet_of_twenty_is_listed_online(demo: tuple[Premises, Command]):
    premises, _ = demo
    lines = [line for line in premises.once("device", "list").stdout.splitlines() if line.strip()]
    assert len(lines) == FLEET
    assert all("online" in line for line in lines)


def test_device_shows_its_values(demo: tuple[Premises, Command]):
    premises, _ = demo
    key = premises.once("device", "list", "--limit", "1").stdout.split()[1]
    ran = premises.once("device", "show", key, "-p", "")
    assert ran.returncode == 0
    assert re.search(r"\.SSID = .+", ran.stdout)
    assert not re.search(r"(?:Passphrase|Password) = [^•\n]", ran.stdout)


def test_ping_from_the_command_line_tells_its_result(demo: tuple[Premises, Command]):
    premises, up = demo
    number = premises.once("device", "list", "--limit", "1").stdout.split()[0]
    ran = premises.once("device", "ping", number, "192.0.2.1", "--count", "2", "--wait", "40")
    assert ran.returncode == 0, ran.stdout + ran.stderr + up.said
    assert re.search(r"2 answered, 0 lost; \d+ / \d+ / \d+ ms", ran.stdout)


def test_unknown_device_is_refused_in_one_sentence(demo: tuple[Premises, Command]):
    premises, _ = demo
    ran = premises.once("device", "show", "nobody")
    assert (ran.returncode, ran.stderr.strip()) == (1, "There is no device 'nobody'.")


def test_interrupt_ends_it_all(demo: tuple[Premises, Command]):
    premises, up = demo
    up.process.send_signal(signal.SIGINT)
    up.process.wait(30)
    assert up.process.returncode == 0
    assert premises.processes() == {}
    assert premises.once("db", "check").stdout.strip() == "The database is sound and up to date."

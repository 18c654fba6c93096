"""`hearthline up`: prepares the data directory, starts one of each process, restarts what dies, stops everything at Ctrl-C.

It serves nothing itself and needs no reactor: threads wait for children and pass on the lines they announce. What children log goes to
files in the data directory.
"""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click
from sqlalchemy import text

from acs.audit import Actor
from acs.db.engine import Database
from acs.db.revision import require_current
from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import WrongEnvironment
from acs.log import announce
from acs.secrets import random_secret
from acs.serving.listening import bind
from acs.settings import Settings, load, prepare_home

STOP_S = 12.0
READY_S = 60.0
DEMO_OUIS = ("02A5C1", "02B7D3")
"""Of the bundled simulated models; locally administered, so nobody's."""
_LOG_MOST = 20 * 1024 * 1024


@dataclass
class Child:
    """One process and how it is doing."""

    name: str
    args: Sequence[str]
    environment: dict[str, str]
    log: Path
    health: str = ""
    process: subprocess.Popen[str] | None = None
    restarts: int = 0
    started: float = 0.0
    delay: float = field(default=0.5)


def run(demo: bool) -> int:
    """Until asked to stop; the exit code."""
    settings = load(bind=os.environ.get("HEARTHLINE_BIND") or ("127.0.0.1" if demo else None))
    prepare_home(settings)
    settings = _with_onboarding(settings, demo)
    _check_ports(settings)
    password = _prepare_database(settings, demo)
    house = House(settings, demo)
    return house.run(password)


def _with_onboarding(settings: Settings, demo: bool) -> Settings:
    """The secret devices enrol with: given, or made once and kept in the data directory."""
    changes: dict[str, object] = {}
    if not settings.onboarding:
        place = settings.home / "onboarding.secret"
        if not place.exists():
            handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(random_secret(20))
        changes["onboarding"] = place.read_text().strip()
    if demo and "127.0.0.0/8" not in settings.cpe_networks:
        changes["cpe_networks"] = (*settings.cpe_networks, "127.0.0.0/8")
    return settings.model_copy(update=changes)


def _check_ports(settings: Settings) -> None:
    for port, what, setting in (
        (settings.cwmp_port, "CWMP", "HEARTHLINE_CWMP_PORT"),
        (settings.files_port, "files", "HEARTHLINE_FILES_PORT"),
        (settings.web_port, "pages", "HEARTHLINE_WEB_PORT"),
    ):
        bind(settings.bind, port, what, setting).close()


def _prepare_database(settings: Settings, demo: bool) -> str:
    """Tables, an administrator, and the demo's rules; the administrator's password if one was made, else "".

    An existing house is only looked at: what makes a new one is imported when it is needed, so that the second start is quick.
    """
    database = Database(settings.database)
    try:
        require_current(database)
    except WrongEnvironment:
        from acs.db.upgrade import upgrade

        upgrade(settings.database)
    with database.engine.connect() as connection:
        someone = connection.execute(
            text("SELECT 1 FROM app_user LIMIT 1")
        ).first()  # its table belongs to care; asking its command costs a second
        rules = {row.name for row in connection.execute(text("SELECT name FROM onboarding_rule"))}
    if demo:
        missing = {_rule_name(oui): oui for oui in DEMO_OUIS if _rule_name(oui) not in rules}
        if missing:
            _add_demo_rules(database, missing)
            _add_demo_images(database, settings)
    database.close()
    if someone is not None:
        return ""
    said = _command(settings, "user", "add", "admin", "--role", "admin", "--name", "Administrator")
    return said.rpartition("password: ")[2].strip()


def _rule_name(oui: str) -> str:
    return f"simulated fleet {oui}"


def _add_demo_rules(database: Database, missing: Mapping[str, str]) -> None:
    """Let the simulated fleet in, and nobody else."""
    from acs.devices import service

    with database.write() as unit:
        for name, oui in missing.items():
            service.add_rule(unit, Actor.system("demo", DEFAULT_TENANT), name, oui, "", "", datetime.now(UTC))


def _add_demo_images(database: Database, settings: Settings) -> None:
    """Today's firmware of each simulated model, so that an outdated device can be told and updated."""
    from acs.firmware import service as firmware

    folder = settings.home / "demo-firmware"
    subprocess.run([sys.executable, "-m", "simulators.firmware", str(folder)], check=True)
    for image in sorted(folder.glob("*.bin")):
        model, _, version = image.stem.replace("_", " ").rpartition(" ")
        with image.open("rb") as file:
            _, sha256, size = firmware.store_upload(file, settings.files_dir, settings.firmware_max)
        with database.write() as unit:
            firmware.add(
                unit,
                Actor.system("demo", DEFAULT_TENANT),
                datetime.now(UTC),
                sha256,
                size,
                image.name,
                version,
                model,
                notes="Of the simulated fleet.",
            )
        image.unlink()
    folder.rmdir()


def _command(settings: Settings, *args: str) -> str:
    ran = subprocess.run([sys.executable, "-m", "acs.cli", *args], env=_environment(settings), capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise WrongEnvironment(f"`hearthline {' '.join(args)}` failed: {ran.stderr.strip()[-500:]}")
    return ran.stdout


def _environment(settings: Settings) -> dict[str, str]:
    """What children read: our own settings, said explicitly."""
    given = {
        "HOME": settings.home.absolute(), "BIND": settings.bind, "ONBOARDING": settings.onboarding, "CPE_NETWORKS": ",".join(settings.cpe_networks),
        "LOG": settings.log,
    }  # fmt: skip
    return {**os.environ, **{f"HEARTHLINE_{name}": str(value) for name, value in given.items()}}


class House:
    """All processes of one host."""

    def __init__(self, settings: Settings, demo: bool) -> None:
        self._settings, self._demo = settings, demo
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        base = f"http://{settings.host_for_people}"
        environment = _environment(settings)
        self._children = [
            Child("cwmp", ["cwmp"], environment, settings.log_dir / "cwmp.log", f"{base}:{settings.files_port}/health/ready"),
            Child("web", ["web"], environment, settings.log_dir / "web.log", f"{base}:{settings.web_port}/health/ready"),
            Child("worker", ["worker"], environment, settings.log_dir / "worker.log"),
        ]
        if demo:
            state = str(settings.home.absolute() / "simulated.json")
            fleet = ["simulate", "--demo", "--url", settings.acs_base, "--state", state]
            self._fleet = Child("fleet", fleet, environment, settings.log_dir / "fleet.log")
        self._monitors: list[threading.Thread] = []

    def run(self, password: str) -> int:
        signal.signal(signal.SIGINT, self._asked)
        signal.signal(signal.SIGTERM, self._asked)
        for child in self._children:
            self._start(child)
        if not self._wait_ready():
            self._stop()
            return 0 if self._stopping.is_set() else 1
        if self._demo:
            self._children.append(self._fleet)
            self._start(self._fleet)
        self._greet(password)
        self._stopping.wait()
        self._stop()
        return 0

    def _greet(self, password: str) -> None:
        settings = self._settings
        click.echo(f"ready {settings.web_base}")
        click.echo("")
        if password:
            click.echo(f"  Log in at {settings.web_base} as admin with the password {password}")
            click.echo("  It is shown this once; `hearthline user passwd admin` sets another.")
        else:
            click.echo(f"  Pages at {settings.web_base}; forgot the password? `hearthline user passwd admin`")
        click.echo(f"  Devices inform {settings.acs_base} and enrol with the secret {settings.onboarding}")
        click.echo(f"  Data and logs are in {settings.home.absolute()}. Ctrl-C stops everything.")
        click.echo("")
        sys.stdout.flush()

    # ---- children --------------------------------------------------------------------------------------

    def _start(self, child: Child) -> None:
        if child.log.exists() and child.log.stat().st_size > _LOG_MOST:
            child.log.replace(child.log.with_suffix(".1.log"))
        with child.log.open("a") as errors:
            # A session of its own: Ctrl-C reaches us alone, and we stop the children in order.
            child.process = subprocess.Popen(
                [sys.executable, "-m", "acs.cli", *child.args], env=child.environment, stdout=subprocess.PIPE, stderr=errors, text=True,
                start_new_session=True,
            )  # fmt: skip
        child.started = time.monotonic()
        monitor = threading.Thread(target=self._watch, args=(child, child.process), daemon=True)
        monitor.start()
        self._monitors.append(monitor)

    def _watch(self, child: Child, process: subprocess.Popen[str]) -> None:
        """Pass on what the child announces; when it ends unasked, start it again with back-off."""
        assert process.stdout is not None
        for line in process.stdout:
            with self._lock:
                sys.stdout.write(line)
                sys.stdout.flush()
        code = process.wait()
        process.stdout.close()
        if self._stopping.is_set():
            return
        if time.monotonic() - child.started > 60:
            child.delay = 0.5
        announce(f"{child.name} ended ({_cause(code)}); starting it again in {child.delay:.1f} s, its log is {child.log}")
        if self._stopping.wait(child.delay):
            return
        child.delay = min(child.delay * 2, 30)
        child.restarts += 1
        self._start(child)

    def _wait_ready(self) -> bool:
        deadline = time.monotonic() + READY_S
        waiting = [child for child in self._children if child.health]
        while waiting and not self._stopping.is_set():
            waiting = [child for child in waiting if not _answers(child.health)]
            broken = [child for child in self._children if child.restarts >= 3]
            if broken or time.monotonic() > deadline:
                names = ", ".join(child.name for child in broken or waiting)
                click.echo(f"{names} did not start; see the logs in {self._settings.log_dir.absolute()}.", err=True)
                for child in broken or waiting:
                    click.echo("".join(child.log.read_text(errors="replace").splitlines(True)[-8:]), err=True)
                return False
            time.sleep(0.05)
        return not self._stopping.is_set()

    def _asked(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    def _stop(self) -> None:
        """In the order that loses nothing: the fleet, pages, CWMP, then the worker. Politely; by force after a while."""
        self._stopping.set()
        announce("stopping")
        order = {"fleet": 0, "web": 1, "cwmp": 1, "worker": 2}
        for step in (0, 1, 2):
            group = [child for child in self._children if order[child.name] == step and child.process is not None]
            for child in group:
                _end(child, signal.SIGTERM)
            deadline = time.monotonic() + STOP_S
            for child in group:
                assert child.process is not None
                try:
                    child.process.wait(max(0.1, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    announce(f"{child.name} did not stop in time and is ended")
                    _end(child, signal.SIGKILL)
                    child.process.wait()
        announce("stopped")


def _end(child: Child, signum: int) -> None:
    if child.process is not None and child.process.poll() is None:
        try:
            if signum == signal.SIGKILL:
                os.killpg(child.process.pid, signum)
            else:
                child.process.send_signal(signum)
        except ProcessLookupError:
            pass


def _cause(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - our own health page
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False

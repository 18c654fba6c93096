"""The real commands as subprocesses in a house of their own: free ports, a data directory, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.task import deferLater

from acs.server.process import open_database
from acs.settings import Settings
from tests.ports import free_ports, free_range

reactor: Any = installed
ROOT = Path(__file__).parent.parent.parent
ONBOARDING = "enrol-me-please"


class Premises:
    """A data directory, ports, and the environment that names them."""

    def __init__(self, home: Path, **more: str) -> None:
        self.home = home
        cwmp, files, web = free_ports(3)
        self.metrics = free_range(20)  # metrics ports are counted up from one
        self.cwmp, self.files, self.web = cwmp, files, web
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HEARTHLINE_")}, "HEARTHLINE_HOME": str(home),
            "HEARTHLINE_BIND": "127.0.0.1", "HEARTHLINE_CWMP_PORT": str(cwmp), "HEARTHLINE_FILES_PORT": str(files), "HEARTHLINE_WEB_PORT": str(web),
            "HEARTHLINE_METRICS_PORT": str(self.metrics), "HEARTHLINE_STUN_PORT": "0", "HEARTHLINE_ONBOARDING": ONBOARDING,
            "HEARTHLINE_CPE_NETWORKS": "127.0.0.0/8",
            "PYTHONUNBUFFERED": "1", **more,
        }  # fmt: skip
        self.commands: list[Command] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.cwmp}/"

    def settings(self) -> Settings:
        given = {
            name.removeprefix("HEARTHLINE_").lower(): value for name, value in self.environment.items() if name.startswith("HEARTHLINE_")
        }
        return Settings(**given)  # type: ignore[arg-type]

    @contextmanager
    def database(self) -> Iterator[Any]:
        """The house's database as another program opens it: its hints reach the cwmp process."""
        database = open_database(self.settings())
        try:
            yield database
        finally:
            database.close()
            publisher = database._publish
            if publisher is not None:
                publisher.close()  # type: ignore[attr-defined]

    def run(self, *args: str) -> "Command":
        command = Command(self, args)
        self.commands.append(command)
        return command

    def once(self, *args: str, seconds: float = 60.0, **changes: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "acs.cli", *args], env={**self.environment, **changes}, cwd=ROOT, capture_output=True, text=True, timeout=seconds,
            check=False,
        )  # fmt: skip

    def processes(self) -> dict[int, str]:
        """All processes of these premises, by number, with their commands: their environment names our data directory."""
        mark = f"HEARTHLINE_HOME={self.home}".encode() + b"\0"
        found = {}
        for place in Path("/proc").iterdir():
            if place.name.isdigit() and int(place.name) != os.getpid():
                try:
                    said = (place / "environ").read_bytes() + b"\0"
                    if mark in said and "\nState:\tZ" not in (place / "status").read_text():
                        found[int(place.name)] = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                except OSError:
                    continue
        return found

    def kill(self, name: str, signum: int = signal.SIGKILL) -> int:
        """Send a signal to every process that runs this subcommand; how many."""
        hit = [number for number, line in self.processes().items() if f"acs.cli {name}" in line]
        for number in hit:
            try:
                os.kill(number, signum)
            except ProcessLookupError:
                continue
        return len(hit)

    def stop(self) -> None:
        """Nothing of it survives the test."""
        for command in self.commands:
            command.end()
        deadline = time.monotonic() + 5
        while self.processes() and time.monotonic() < deadline:
            for number in self.processes():
                try:
                    os.kill(number, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(0.05)

    def metric(self, name: str, offsets: Iterator[int] | range) -> float:
        """The sum of a sample over the processes at these metrics ports."""
        total = 0.0
        for offset in offsets:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics + offset}/metrics", timeout=5) as answer:
                    lines = answer.read().decode().splitlines()
            except OSError:
                continue
            total += sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))
        return total


class Command:
    """A command that runs, and what it said."""

    def __init__(self, premises: Premises, args: tuple[str, ...]) -> None:
        premises.home.mkdir(parents=True, exist_ok=True)
        self._out = premises.home / f"said-{len(premises.commands)}.txt"
        with self._out.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "acs.cli", *args], env=premises.environment, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT
            )

    @property
    def said(self) -> str:
        return self._out.read_text(errors="replace")

    async def says(self, text: str, seconds: float = 60.0) -> str:
        """The first line with this text. AssertionError if it ends, or takes longer."""
        deadline = time.monotonic() + seconds
        while True:
            line = next((line for line in self.said.splitlines() if text in line), None)
            if line is not None:
                return line
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.said}"
            assert time.monotonic() < deadline, f"never said {text!r}:\n{self.said}"
            await deferLater(reactor, 0.05, lambda: None)

    async def ended(self, seconds: float = 40.0) -> int:
        """Its exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"does not end:\n{self.said}"
            await deferLater(reactor, 0.05, lambda: None)
        return int(self.process.returncode)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


async def answers(url: str, seconds: float = 40.0) -> None:
    """Wait until this URL says 200."""
    from twisted.internet.threads import deferToThread

    def ask() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    deadline = time.monotonic() + seconds
    while not await deferToThread(ask):
        assert time.monotonic() < deadline, f"{url} does not answer"
        await deferLater(reactor, 0.1, lambda: None)

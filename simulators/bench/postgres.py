"""A PostgreSQL server of the bench's own, so that nobody else's work is counted: made, started, asked and removed again.

Durability as the manual's defaults have it: fsync and synchronous_commit on. PostgreSQL refuses to run as root; there, it runs as the
user `postgres`. Tests: tests/simulators/bench/test_postgres.py.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from acs.errors import WrongEnvironment

DATABASE = "hearthline"


def programs() -> Path | None:
    """The folder of initdb, postgres and psql: on the path, or where Debian and Red Hat put them, the newest first."""
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    ranked = sorted(places, key=lambda place: int("".join(filter(str.isdigit, str(place))) or 0), reverse=True)
    if (found := shutil.which("initdb")) is not None:
        ranked = [Path(found).resolve().parent, *ranked]
    return next((place for place in ranked if all((place / name).exists() for name in ("initdb", "postgres", "psql"))), None)


class Postgres:
    """Runs from `start` to `stop`. WrongEnvironment where PostgreSQL is not installed."""

    def __init__(self, folder: Path, port: int) -> None:
        place = programs()
        if place is None:
            raise WrongEnvironment("PostgreSQL's programs (initdb, postgres, psql) are not on this machine; try --database sqlite")
        self._bin, self._folder, self.port = place, folder, port
        self._process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def version(self) -> str:
        return self.ask("SHOW server_version").partition(" ")[0]

    def start(self, **options: str) -> None:
        self._folder.mkdir(parents=True)
        if self._as:
            shutil.chown(self._folder, "postgres", "postgres")
        self._run("initdb", "-D", str(self._folder), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-instructions")
        given = {"port": str(self.port), "listen_addresses": "127.0.0.1", "unix_socket_directories": "", **options}
        words = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [str(self._bin / "postgres"), "-D", str(self._folder), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd="/", start_new_session=True, **self._as,
        )  # fmt: skip
        for _ in range(100):
            if self._psql("postgres", "SELECT 1").returncode == 0:
                break
            time.sleep(0.1)
        made = self._psql("postgres", f"CREATE DATABASE {DATABASE}")
        if made.returncode != 0:
            raise WrongEnvironment(f"PostgreSQL did not start: {made.stderr.strip()[-300:]}")

    def _run(self, name: str, *words: str) -> None:
        ran = subprocess.run([str(self._bin / name), *words], capture_output=True, text=True, check=False, cwd="/", **self._as)
        if ran.returncode != 0:
            raise WrongEnvironment(f"{name} failed: {ran.stderr.strip()[-300:]}")

    def _psql(self, database: str, sql: str) -> subprocess.CompletedProcess[str]:
        words = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database, "-XAtq", "-c", sql]
        return subprocess.run([str(self._bin / "psql"), *words], capture_output=True, text=True, check=False, cwd="/")

    def ask(self, sql: str) -> str:
        """The one value a statement gives, as text. WrongEnvironment with what PostgreSQL says against it."""
        ran = self._psql(DATABASE, sql)
        if ran.returncode != 0:
            raise WrongEnvironment(ran.stderr.strip()[-300:])
        return ran.stdout.strip()

    def carry_out(self, statements: Iterable[str]) -> None:
        """Several statements, each a transaction of its own. WrongEnvironment with what PostgreSQL says against the first that fails."""
        words = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", DATABASE, "-Xq", "-v", "ON_ERROR_STOP=1"]
        script = "".join(f"{each};\n" for each in statements)
        ran = subprocess.run([str(self._bin / "psql"), *words], input=script, capture_output=True, text=True, check=False, cwd="/")
        if ran.returncode != 0:
            raise WrongEnvironment(ran.stderr.strip()[-500:])

    def stop(self) -> None:
        """End it at once, and take its folder away."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # fast shutdown
            self._process.wait(30)
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)

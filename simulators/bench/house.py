"""The servers under test: `hearthline up` in a fresh data directory, on SQLite or on a PostgreSQL of its own, all on loopback.

Logins of devices are off, recorder and metrics on, everything else as it comes out of the box, but for the limits on how often one address
may come: here all devices share one. Tests: tests/simulators/bench/test_house.py.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from acs.errors import WrongEnvironment
from simulators.bench.api import Api
from simulators.bench.copies import Named, statements
from simulators.bench.postgres import Postgres
from simulators.bench.proc import Group, family, words_of

READY_S = 90.0
_PASSWORD = re.compile(r"as admin with the password (\S+)")


def free_ports(count: int) -> list[int]:
    """So many free ports of loopback."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


class House:
    """`start`, use, `stop`. `database` is "sqlite" or "postgresql"; `more` are settings beside those of the bench."""

    def __init__(self, database: str, more: dict[str, str] | None = None) -> None:
        self.database, self._more = database, more or {}
        self.folder = Path(tempfile.mkdtemp(prefix="hearthline-bench-"))
        self.cwmp_port, self.files_port, self.web_port, pg_port = free_ports(4)
        self.metrics_port = 20_000 + os.getpid() % 9_000
        self.postgres: Postgres | None = None
        if database == "postgresql":
            # Beside ours, which is private: PostgreSQL runs as another user.
            self.postgres = Postgres(self.folder.with_name(self.folder.name + "-pg"), pg_port)
        self._process: subprocess.Popen[str] | None = None
        self.api: Api

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.cwmp_port}/"

    def start(self) -> None:
        """Until everything answers. WrongEnvironment with the end of its log when it does not."""
        if self.postgres is not None:
            self.postgres.start()
        said = self.folder / "said"
        given = {
            "HOME": self.folder / "home", "BIND": "127.0.0.1", "CWMP_PORT": self.cwmp_port, "FILES_PORT": self.files_port,
            "WEB_PORT": self.web_port, "STUN_PORT": -1, "METRICS_PORT": self.metrics_port, "CPE_AUTH": "none", "INFORM_RATE": 1e9,
            "INFORM_RATE_PER_ADDRESS": 1e9, "MAX_CONNECTIONS_PER_ADDRESS": 20_000,
            "DATABASE_URL": self.postgres.url if self.postgres is not None else "", **self._more,
        }  # fmt: skip
        environment = {**os.environ, **{f"HEARTHLINE_{name}": str(value) for name, value in given.items()}}
        with said.open("w") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "acs.cli", "up"], env=environment, stdout=out, stderr=subprocess.STDOUT, text=True,
                cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + READY_S
        while not any(line.startswith("ready ") for line in said.read_text().splitlines()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise WrongEnvironment(f"The server did not start: {said.read_text()[-1500:]}")
            time.sleep(0.1)
        time.sleep(0.2)
        found = _PASSWORD.search(said.read_text())
        self.api = Api(f"http://127.0.0.1:{self.web_port}", "admin", found[1] if found else "")

    def stop(self) -> None:
        """End everything and take the data away."""
        if self._process is not None:
            self.api.close() if hasattr(self, "api") else None
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        if self.postgres is not None:
            self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- what runs -----------------------------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def pids_of(self, command: str) -> list[int]:
        """Processes of `hearthline COMMAND`: the parent first, its workers below it."""
        return [pid for pid in family([self.pid]) if "acs.cli" in (words := words_of(pid)) and command in words]

    def groups(self) -> dict[str, list[int]]:
        """Whose CPU counts: everything `up` started, and the database; and parts of it to look at."""
        parts = {"all": [self.pid], "cwmp": self.pids_of("cwmp")[:1], "web": self.pids_of("web")[:1], "worker": self.pids_of("worker")[:1]}
        return {**parts, **({"database": [self.postgres.pid]} if self.postgres is not None else {})}

    def memory_of(self, command: str) -> Group:
        return Group(command, self.pids_of(command)[:1])

    def metrics(self, offset: int = 1) -> str:
        """The metrics page of the cwmp process (1), of its n-th worker (10 + n)."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port + offset}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    def sql(self, statement: str) -> str:
        """The one value a statement gives, as text: for what no page tells."""
        if self.postgres is not None:
            return self.postgres.ask(statement)
        place = sqlite3.connect(f"file:{self.folder / 'home' / 'hearthline.db'}?mode=ro", uri=True, timeout=30)
        try:
            row = place.execute(statement).fetchone()
            return "" if row is None else str(row[0])
        finally:
            place.close()

    def copy_devices(self, names: Sequence[Named]) -> None:
        """Have devices known that are like others; copies.py says how."""
        made = statements(names, self._columns)
        if self.postgres is not None:
            made += ["SELECT setval(pg_get_serial_sequence('device', 'id'), (SELECT max(id) FROM device))", "ANALYZE"]
            self.postgres.carry_out(made)
            return
        place = sqlite3.connect(self.folder / "home" / "hearthline.db", timeout=60, isolation_level=None)
        try:
            for each in [*made, "ANALYZE"]:
                place.execute(each)
        finally:
            place.close()

    def _columns(self, table: str) -> list[str]:
        if self.postgres is not None:
            found = self.sql(f"SELECT string_agg(column_name, ',') FROM information_schema.columns WHERE table_name = '{table}'")  # noqa: S608
        else:
            found = self.sql(f"SELECT group_concat(name, ',') FROM pragma_table_info('{table}')")  # noqa: S608
        return [name for name in found.replace("None", "").split(",") if name]

    def stored_bytes(self) -> int:
        """What the database takes on disk."""
        if self.postgres is not None:
            return int(self.postgres.ask("SELECT pg_database_size(current_database())"))
        home = self.folder / "home"
        return sum((home / name).stat().st_size for name in ("hearthline.db", "hearthline.db-wal") if (home / name).exists())

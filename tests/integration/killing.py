"""A house of real processes of which any may be killed with -9 at any instant, and that stands up again each time.

Kept alive by the test, which starts what died after a moment, or by `hearthline up`. Only processes of this house are ever killed: those whose
environment names its data directory.
"""

import os
import random
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

from tests.integration.processes import Command, Premises, answers

PARTS = ("cwmp", "web", "worker")
WEIGHTS = {"cwmp": 3, "cwmp --worker": 7, "web": 2, "worker": 4}
"""How often each is chosen, if it runs: what devices talk to most of all."""
AGAIN_S = (0.1, 1.0)


def role_of(line: str) -> str:
    """Which part of the house a command line is, "" for none that is killed."""
    said = line.partition("acs.cli ")[2]
    if said.startswith("cwmp"):
        return "cwmp --worker" if "--worker " in said else "cwmp"
    return next((part for part in ("web", "worker") if said.startswith(part)), "")


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


class House:
    """`start`, then `keep` every now and then; `kill` one. `supervised`: `hearthline up` keeps it, not we."""

    def __init__(self, premises: Premises, reactor: Any, rng: random.Random, supervised: bool) -> None:
        self.premises, self.reactor, self.rng, self.supervised = premises, reactor, rng, supervised
        self.killed: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        """Parts that were started and ended by themselves, as when the port is still held."""
        self._running: dict[str, Command] = {}
        self._again: dict[str, float] = {}
        self._victims: set[int] = set()

    async def start(self) -> str:
        """Until pages and files answer; the password of the administrator."""
        premises = self.premises
        if self.supervised:
            self._running["up"] = premises.run("up")
            await self._running["up"].says("ready")
            said = self._running["up"].said
            return said[said.index("with the password ") + 18 :].split()[0]
        password = premises.once("user", "add", "admin", "--role", "admin").stdout.rpartition("password: ")[2].strip()
        for part in PARTS:
            self._running[part] = premises.run(part)
        await self.is_up()
        return password

    async def is_up(self, seconds: float = 60.0) -> None:
        await answers(f"http://127.0.0.1:{self.premises.files}/health/ready", seconds)
        await answers(f"http://127.0.0.1:{self.premises.web}/health/ready", seconds)

    def keep(self) -> None:
        """Start what ended, a moment later."""
        now = self.reactor.seconds()
        for part, command in list(self._running.items()):
            if command.process.poll() is None:
                continue
            assert not self.supervised, f"the supervisor ended:\n{command.said}"
            if part not in self._again:
                self._again[part] = now + self.rng.uniform(*AGAIN_S)
                if command.process.returncode != -signal.SIGKILL:
                    self.refused[f"{part}: {command.said.strip().splitlines()[-1][:160] if command.said.strip() else command.process.returncode}"] += 1
            elif now >= self._again[part]:
                del self._again[part]
                self._running[part] = self.premises.run(part)

    def roles(self) -> dict[str, list[int]]:
        """What runs now, by role."""
        found: dict[str, list[int]] = {}
        for pid, line in self.premises.processes().items():
            if (role := role_of(line)) and pid not in self._victims:
                found.setdefault(role, []).append(pid)
        return found

    def kill(self) -> str:
        """Kill one process by chance; its role, "" if nothing runs."""
        alive = self.roles()
        roles = sorted(alive)
        if not roles:
            return ""
        (role,) = self.rng.choices(roles, [WEIGHTS[role] for role in roles])
        pid = self.rng.choice(sorted(alive[role]))
        self._victims.add(pid)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return ""
        self.killed[role] += 1
        return role

    def orphans(self) -> list[int]:
        """Workers whose parent is gone."""
        alive = self.roles()
        return [pid for pid in alive.get("cwmp --worker", []) if parent_of(pid) not in alive.get("cwmp", [])]

    def said(self) -> str:
        """Everything its processes wrote."""
        logs = [command.said for command in self.premises.commands]
        logs += [place.read_text(errors="replace") for place in sorted(self.premises.home.rglob("*.log"))]
        return "\n".join(logs)

    async def stop(self) -> None:
        """Politely, in order; nothing is left."""
        for command in self._running.values():
            if command.process.poll() is None:
                command.process.send_signal(signal.SIGTERM)
        for command in self._running.values():
            try:
                command.process.wait(0.01)
            except subprocess.TimeoutExpired:
                await command.ended(40)

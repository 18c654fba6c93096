"""Plays cases against a house and measures them: prepare what must be known, then runs of the load, each beside a run against the server
that does nothing. The median of the runs counts. Tests: tests/simulators/bench/test_run.py.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from acs.errors import WrongEnvironment
from simulators.bench.api import Api, ApiFailed
from simulators.bench.cases import READ_VALUES, Asked, Case, Size
from simulators.bench.cpe import key_of, serial_of
from simulators.bench.house import House, free_ports
from simulators.bench.tree import HIDDEN, INFORMED, ROOT, Tree, build

QUIET_S = 3.0
"""After operations were queued, before CPU is read: what queueing them sets off is not the sessions' cost."""
NULL_SESSIONS = 2000
FIRST = {100: 0, 1000: 1_000_000, 3000: 2_000_000}
"""Number of the first known device of each size."""
FRESH = 5_000_000
SAMPLE = 20

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a case. CPU in milliseconds a session; `parts` by process, of which "all" and "database" make the total."""

    parts: dict[str, float]
    null_ms: float
    done: int
    failed: int
    failures: dict[str, int]
    rpcs: dict[str, int]
    per_s: float
    latency_ms: dict[str, float]
    memory_mb: dict[str, float]

    @property
    def total_ms(self) -> float:
        return self.parts["all"] + self.parts.get("database", 0.0)


@dataclass(slots=True)
class Outcome:
    """What became of a case. `read_back` and `wrong` are values of a sample of devices that were compared, and that were not as they should be."""

    case: Case
    database: str
    runs: list[Run] = field(default_factory=list)
    read_back: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def total_ms(self) -> float:
        return median(run.total_ms for run in self.runs)

    @property
    def null_ms(self) -> float:
        return median(run.null_ms for run in self.runs)

    def part_ms(self, name: str) -> float:
        return median(run.parts.get(name, 0.0) for run in self.runs)

    @property
    def failed(self) -> int:
        return sum(run.failed for run in self.runs)

    @property
    def memory_mb(self) -> float:
        """The most the cwmp process ever held."""
        return max(run.memory_mb["cwmp"] for run in self.runs)


@dataclass(frozen=True, slots=True)
class Player:
    """Runs the load generator: ours, or another with the same options."""

    generator: Path | None = None

    def play(self, *words: object) -> dict[str, Any]:
        """What it printed. WrongEnvironment when it printed nothing that can be read."""
        command = [sys.executable, *([str(self.generator)] if self.generator else ["-m", "simulators.bench.load"])]
        ran = subprocess.run([*command, *map(str, words)], capture_output=True, text=True, check=False)
        try:
            found: dict[str, Any] = json.loads(ran.stdout)
        except ValueError:
            raise WrongEnvironment(f"The load generator failed: {ran.stderr.strip()[-500:]}") from None
        return found


class NullServer:
    """The server that does nothing, for as long as the bench lasts."""

    def __init__(self) -> None:
        self.port = free_ports(1)[0]
        self._process = subprocess.Popen([sys.executable, "-m", "simulators.bench.null_acs", str(self.port)])
        time.sleep(0.5)

    def cost_ms(self, player: Player) -> float:
        """CPU of one session with it, in milliseconds."""
        url, pid = f"http://127.0.0.1:{self.port}/", f"null={self._process.pid}"
        found = player.play("--url", url, "--sessions", NULL_SESSIONS, "--settle", 0.2, "--pid", pid)
        return float(found["cpu"]["null"]["cpu_ms_per_session"])

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


class Bench:
    """Cases against one house. What is known there is remembered from case to case."""

    def __init__(self, house: House, player: Player, null: NullServer, size: Size, say: Say) -> None:
        self.house, self._player, self._null, self._size, self._say = house, player, null, size, say
        self._known: dict[int, int] = {}
        self._kinds: set[int] = set()
        self._fresh = FRESH

    @property
    def api(self) -> Api:
        return self.house.api

    def _state(self, params: int) -> Path:
        return self.house.folder / f"devices-{params}.json"

    def _play(
        self, params: int, first: int, devices: int, sessions: int, event: str, settle_s: float, measured: bool = True, at_once: int = 16
    ) -> dict[str, Any]:
        words: list[object] = [
            "--url", self.house.url, "--params", params, "--first", first, "--devices", devices, "--sessions", sessions, "--event", event,
            "--state", self._state(params), "--settle", settle_s, "--duration", 1200, "--timeout", 300, "--concurrency", at_once,
        ]  # fmt: skip
        for label, pids in self.house.groups().items() if measured else ():
            words += ["--pid", f"{label}={','.join(map(str, pids))}"]
        return self._player.play(*words)

    # ---- what must be there first --------------------------------------------------------------------------------

    def know(self, params: int, devices: int) -> None:
        """Have so many devices of this size bootstrapped, and read completely."""
        known = self._known.get(params, 0)
        if devices <= known:
            return
        first = FIRST[params] + known
        self._say(f"  {devices - known} devices of {params} parameters become known")
        self._all(params, first, devices - known, "0 BOOTSTRAP,1 BOOT")
        missing = [number for number in range(first, FIRST[params] + devices) if not self._is_whole(number, params)]
        for number in missing:
            self.api.ask(key_of(number), "refresh", {"prefixes": [ROOT]})
        if missing:
            self._all(params, first, devices - known, "2 PERIODIC")
        self._known[params] = devices

    def _is_whole(self, number: int, params: int) -> bool:
        """Whether all values are stored already; a look at one in fifty, the others are of the same kind."""
        if number % 50:
            return self._whole_like_before
        found = self._stored(number)
        self._whole_like_before = len(found) >= params
        return self._whole_like_before

    _whole_like_before = False

    def _stored(self, number: int) -> dict[str, str]:
        found: dict[str, str] = {}
        after = ""
        while True:
            page = self.api.get(f"/devices/{quote(key_of(number), safe='')}/parameters", limit=1000, after=after)
            found.update({row["path"]: row["value"] for row in page["items"]})
            after = page["next"] or ""
            if not after:
                return found

    def _all(self, params: int, first: int, devices: int, event: str) -> None:
        """A session of each device, four at once; again where one failed, a few times. WrongEnvironment if that does not help."""
        for _ in range(5):
            found = self._play(params, first, devices, 0, event, 1, measured=False, at_once=4)
            if not found["sessions_failed"]:
                return
            time.sleep(2)
        raise WrongEnvironment(f"Sessions failed while devices became known: {found['failures']}")

    # ---- measuring -----------------------------------------------------------------------------------------------

    def measure(self, case: Case) -> Outcome:
        """All runs of a case, and a look at what is stored afterwards."""
        outcome = Outcome(case, self.house.database)
        devices, sessions = self._size.of(case.devices), self._size.of(case.sessions)
        if case.fresh:
            self._know_kind(case)
        else:
            self.know(case.params, devices)
        first = FIRST[case.params]
        for turn in range(self._size.runs):
            null_ms = self._null.cost_ms(self._player)
            if case.fresh:
                first, self._fresh = self._fresh, self._fresh + devices
            self._queue(case, first, devices)
            found = self._play(case.params, first, devices, sessions, case.event, self._size.settle_s)
            run = _run_of(found, null_ms)
            outcome.runs.append(run)
            self._say(
                f"  {case.name} {turn + 1}/{self._size.runs}: {run.total_ms:.2f} ms CPU a session ("
                + ", ".join(f"{name} {ms:.2f}" for name, ms in run.parts.items())
                + f"; null {run.null_ms:.2f}), {run.per_s:.0f}/s, {run.failed} failed, cwmp {run.memory_mb['cwmp']:.0f} MB"
            )
        self._read_back(case, first, devices, outcome)
        return outcome

    def _know_kind(self, case: Case) -> None:
        """A few devices first, so that the server has met this kind."""
        if case.params not in self._kinds:
            self._kinds.add(case.params)
            self.know(case.params, 20)

    def _queue(self, case: Case, first: int, devices: int) -> None:
        if case.asked is Asked.NOTHING:
            return
        names = [path for path in build(case.params).leaves if not path.endswith(HIDDEN)][:READ_VALUES]
        kind, args = ("read", {"paths": names}) if case.asked is Asked.READ else ("refresh", {"prefixes": [ROOT]})
        for number in range(first, first + devices):
            self.api.ask(key_of(number), kind, args)
        time.sleep(QUIET_S)

    def _read_back(self, case: Case, first: int, devices: int, outcome: Outcome) -> None:
        """Compare what a sample of the devices has with what the API tells of it."""
        kept = json.loads(self._state(case.params).read_text())
        tree = build(case.params)
        chosen = random.Random(1).sample(range(first, first + devices), min(SAMPLE, devices))  # noqa: S311 - a sample, no secret
        for number in chosen:
            values = kept[serial_of(number)]["values"]
            try:
                stored = self._stored(number)
            except ApiFailed as error:
                outcome.wrong.append(f"{serial_of(number)}: {error}")
                continue
            for path in _to_compare(case, tree):
                outcome.read_back += 1
                wanted = values.get(path, tree.leaves[path].value)
                if stored.get(path) != wanted:
                    outcome.wrong.append(f"{serial_of(number)} {path}: {stored.get(path)!r} is stored, {wanted!r} is there")


def _to_compare(case: Case, tree: Tree) -> Sequence[str]:
    """What an Inform carries at least; where everything is read, everything that can be."""
    if case.asked is Asked.NOTHING:
        return [ROOT + name for name in INFORMED]
    settings = ("ManagementServer.", "Time.CurrentLocalTime")
    paths = [path for path in tree.leaves if not path.endswith(HIDDEN) and not path.removeprefix(ROOT).startswith(settings)]
    return paths[:READ_VALUES] if case.asked is Asked.READ else paths


def _run_of(found: dict[str, Any], null_ms: float) -> Run:
    cpu = found["cpu"]
    return Run(
        {name: float(part["cpu_ms_per_session"] or 0.0) for name, part in cpu.items()}, null_ms, found["sessions_done"],
        found["sessions_failed"], found["failures"], found["rpcs"], found["sessions_per_s"], found["latency_ms"],
        {name: part["rss_peak_mb"] for name, part in cpu.items()},
    )  # fmt: skip

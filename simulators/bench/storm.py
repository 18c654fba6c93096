"""The storm: everybody comes back after a power cut, so many a second however the server is doing, while agents go on asking.

What is wanted: no boot is lost, what has not been served yet does not grow, and who waits at a desk waits no longer than two seconds. Tests:
tests/simulators/bench/test_storm.py.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from acs.errors import WrongEnvironment
from simulators.bench.api import ApiFailed
from simulators.bench.house import House
from simulators.bench.proc import Group

Say = Callable[[str], None]
FLAT_S = 60.0
"""How much of the end of the storm is looked at to see whether the backlog grows."""
AGENTS_BEGIN_S = 10.0


@dataclass(frozen=True, slots=True)
class StormPlan:
    """`known` devices, of which `rate` a second come back for `seconds`; agents ask `operations` things meanwhile, 0 for four in three seconds;
    `deaf` is the share of devices that do not heed Retry-After. `models` of them really bootstrap, the others are copies."""

    known: int = 100_000
    rate: float = 167.0
    seconds: float = 180.0
    operations: int = 0
    deaf: float = 0.2
    workers: int = 1
    models: int = 40
    drain_s: float = 900.0


@dataclass(frozen=True, slots=True)
class Moment:
    """One second of the storm; `backlog` are devices that were switched on and have not been served, `server` CPU seconds so far."""

    at: float
    booted: int
    back: int
    in_session: int
    server_cpu_s: float
    fleet_cpu_s: float

    @property
    def backlog(self) -> int:
        return self.booted - self.back


@dataclass(slots=True)
class StormOutcome:
    """What became of it. `lost` are devices that booted and of whose boot the server knows nothing; waits and latencies in seconds."""

    plan: StormPlan
    database: str
    moments: list[Moment] = field(default_factory=list)
    booted: int = 0
    lost: int = 0
    unserved: int = 0
    waits_s: dict[str, float] = field(default_factory=dict)
    latencies_s: list[float] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)
    """Of the operation that took longest: seconds from being asked to each of its stations."""
    unanswered: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    refused: dict[str, float] = field(default_factory=dict)
    memory_mb: float = 0.0
    fleet_mb: float = 0.0
    learn_s: float = 0.0
    drained_s: float = 0.0

    @property
    def growth_per_s(self) -> float:
        """How fast the backlog grew over the last minute of the storm, devices a second: least squares."""
        return slope([(moment.at, float(moment.backlog)) for moment in self.moments if moment.at >= self.moments[-1].at - FLAT_S]) if self.moments else 0.0

    @property
    def is_flat(self) -> bool:
        """Grows by less than one in a hundred of those who come."""
        return self.growth_per_s < self.plan.rate / 100

    def latency_s(self, share: float) -> float:
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("inf")

    @property
    def is_good(self) -> bool:
        return not self.lost and not self.unserved and self.is_flat and not self.unanswered and self.latency_s(0.99) <= 2.0


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the straight line through the points that fits best; 0 for fewer than two."""
    if len(points) < 2:
        return 0.0
    middle_x, middle_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    below = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / below if below else 0.0


class FleetProcess:
    """The process of storm_fleet.py: orders go in, the newest state is kept."""

    def __init__(self, url: str, plan: StormPlan) -> None:
        words = ["--url", url, "--count", str(plan.known), "--deaf", str(plan.deaf)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "simulators.bench.storm_fleet", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._heard = threading.Condition()
        self.state: dict[str, Any] = {}
        self.who: list[tuple[str, str]] = []
        self.turns = 0
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._heard:
                self.state = json.loads(line)
                self.who = [tuple(each) for each in self.state.pop("who", ())] or self.who
                self.turns += 1
                self._heard.notify_all()

    def order(self, *words: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()

    def next_state(self, timeout_s: float = 120.0) -> dict[str, Any]:
        """The state it tells next. WrongEnvironment when it tells none any more."""
        with self._heard:
            turn = self.turns
            if not self._heard.wait_for(lambda: self.turns > turn, timeout_s):
                raise WrongEnvironment("The fleet of the storm is silent")
            return self.state

    def stop(self) -> None:
        try:
            self.order("end")
            self._process.wait(30)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


def storm(house: House, plan: StormPlan, say: Say) -> StormOutcome:
    """Have the fleet known to the running house, cut the power, and watch it come back."""
    outcome = StormOutcome(plan, house.database)
    fleet = FleetProcess(house.url, plan)
    servers = Group("servers", [house.pid, *([house.postgres.pid] if house.postgres is not None else [])])
    try:
        outcome.learn_s = _learn(house, fleet, plan, say)
        time.sleep(5)
        fleet.order("cut")
        fleet.next_state()
        before = int(house.sql("SELECT coalesce(max(id), 0) FROM device_event"))
        servers.start()
        agents = Agents(house, fleet, plan)
        _come_back(fleet, plan, servers, agents, outcome, say)
        _drain(fleet, plan, outcome, say)
        agents.settle(outcome)
        outcome.memory_mb = house.memory_of("cwmp").memory().peak_mb
        outcome.fleet_mb = Group("fleet", [fleet.pid]).memory().peak_mb
        told = int(house.sql(f"SELECT count(DISTINCT device_id) FROM device_event WHERE id > {before} AND code = '1 BOOT'"))  # noqa: S608 - a number of ours
        outcome.lost = max(0, outcome.booted - outcome.unserved - told)
        outcome.refused = admission(house)
    finally:
        fleet.stop()
    return outcome


def _learn(house: House, fleet: FleetProcess, plan: StormPlan, say: Say) -> float:
    """Some devices of each model bootstrap; all others are copies of them, in the database as in the fleet."""
    begin = time.monotonic()
    fleet.next_state(600)
    fleet.order("learn", plan.models)
    while fleet.next_state()["known"] < plan.models:
        pass
    while int(house.sql("SELECT count(*) FROM operation WHERE state IN ('queued', 'running')")):
        fleet.next_state()
    place = house.folder / "copies.txt"
    fleet.order("adopt", plan.models, place)
    while fleet.next_state(600)["known"] < plan.known:
        pass
    names = [(like, key, serial) for like, key, serial in (line.split("\t") for line in place.read_text().splitlines())]
    house.copy_devices(names)
    say(f"  {plan.models} devices bootstrapped, {len(names)} like them, after {time.monotonic() - begin:.0f} s")
    return time.monotonic() - begin


def _come_back(fleet: FleetProcess, plan: StormPlan, servers: Group, agents: Agents, outcome: StormOutcome, say: Say) -> None:
    begin = time.monotonic()
    fleet.order("return", plan.rate, round(plan.rate * plan.seconds))
    agents.start(begin)
    while (passed := time.monotonic() - begin) < plan.seconds:
        state = fleet.next_state()
        passed = time.monotonic() - begin
        moment = Moment(passed, state["booted"], state["back"], state["in_session"], servers.cpu_s(), state["cpu_s"])
        outcome.moments.append(moment)
        if len(outcome.moments) % 15 == 0:
            say(f"  {passed:4.0f} s: {moment.booted} on, {moment.back} back, {moment.in_session} in session, servers {moment.server_cpu_s / passed:.2f} cores")
    agents.stop()


def _drain(fleet: FleetProcess, plan: StormPlan, outcome: StormOutcome, say: Say) -> None:
    """Wait for those who were refused or failed and come by their retry table."""
    begin = time.monotonic()
    while True:
        state = fleet.next_state()
        if state["back"] >= state["booted"] or time.monotonic() - begin > plan.drain_s:
            break
    outcome.drained_s = time.monotonic() - begin
    outcome.booted, outcome.unserved = state["booted"], state["booted"] - state["back"]
    outcome.waits_s, outcome.failures = state["waits_s"], state["failures"]
    say(f"  {outcome.unserved} not served {outcome.drained_s:.0f} s after the last boot")


class Agents:
    """Ask devices that are back for two values, evenly over the storm; how long each took is the server's own account."""

    def __init__(self, house: House, fleet: FleetProcess, plan: StormPlan) -> None:
        self._house, self._fleet, self._plan = house, fleet, plan
        self._asked: list[int] = []
        self._failed: list[str] = []
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, begin: float) -> None:
        self._thread = threading.Thread(target=self._run, args=(begin,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join(60)

    def _run(self, begin: float) -> None:
        span_s = self._plan.seconds - AGENTS_BEGIN_S - 5
        count = self._plan.operations or round(span_s * 4 / 3)
        every_s, due = span_s / count, begin + AGENTS_BEGIN_S
        for _ in range(count):
            if self._done.wait(max(0.0, due - time.monotonic())):
                return
            due += every_s
            if not self._fleet.who:
                continue
            key, root = random.choice(self._fleet.who)  # noqa: S311 - whoever it is
            paths = [f"{root}DeviceInfo.{name}" for name in ("UpTime", "SoftwareVersion")]
            try:
                self._asked.append(self._house.api.ask(key, "read", {"paths": paths}))
            except (ApiFailed, OSError) as error:
                self._failed.append(str(error)[:200])

    def settle(self, outcome: StormOutcome) -> None:
        """What came of each: seconds from being asked to being done."""
        outcome.unanswered = len(self._failed)
        for error in self._failed:
            outcome.failures[error] = outcome.failures.get(error, 0) + 1
        for number in dict.fromkeys(self._asked):
            told = self._house.api.get(f"/operations/{number}")
            if told["state"] != "done":
                outcome.unanswered += 1
                outcome.failures[f"operation {told['state']}: {told['error'] or told['wake_result']}"] = 1
                continue
            begin = datetime.fromisoformat(told["created_at"])
            took = (datetime.fromisoformat(told["finished_at"]) - begin).total_seconds()
            if took > max(outcome.latencies_s, default=0.0):
                outcome.slowest = {name: round((datetime.fromisoformat(at) - begin).total_seconds(), 2) for name, at in told["stations"].items()}
            outcome.latencies_s.append(took)


def admission(house: House) -> dict[str, float]:
    """What the doors of the cwmp process and its workers counted: Informs refused and let in, by class."""
    found: dict[str, float] = {}
    for offset in (1, *range(10, 10 + 8)):
        try:
            page = house.metrics(offset)
        except OSError:
            continue
        for line in page.splitlines():
            if line.startswith(("hearthline_admission_admitted_total{", "hearthline_admission_refused_total{")):
                name, _, value = line.removeprefix("hearthline_admission_").rpartition(" ")
                found[name] = found.get(name, 0.0) + float(value)
    return found


def told(outcome: StormOutcome) -> str:
    """In a few lines."""
    plan = outcome.plan
    last = outcome.moments[-1] if outcome.moments else Moment(1, 0, 0, 0, 0, 0)
    waits = ", ".join(f"{name} {seconds:.2f}" for name, seconds in outcome.waits_s.items())
    return "\n".join(
        (
            f"{outcome.database}: storm of {outcome.booted} boots, {plan.rate:g}/s, {plan.known} devices known, {plan.workers} worker(s)",
            f"  lost {outcome.lost}, not served {outcome.unserved}; backlog {last.backlog} at the end, growing by {outcome.growth_per_s:.2f}/s"
            f" ({'flat' if outcome.is_flat else 'NOT flat'}); drained {outcome.drained_s:.0f} s later",
            f"  from switched on to served, seconds: {waits}",
            f"  {len(outcome.latencies_s)} operations of agents done, {outcome.unanswered} not; p50 {outcome.latency_s(0.5):.2f}, "
            f"p99 {outcome.latency_s(0.99):.2f}, max {outcome.latency_s(1.0):.2f} s; the slowest by station {outcome.slowest}",
            f"  servers {last.server_cpu_s / last.at:.2f} cores, fleet {outcome.fleet_mb:.0f} MB, cwmp {outcome.memory_mb:.0f} MB",
            f"  admission {outcome.refused or 'open throughout'}",
            f"  failures {outcome.failures or 'none'}",
        )
    )

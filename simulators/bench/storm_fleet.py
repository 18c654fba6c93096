"""The fleet of a storm: many full devices in one process, made known, darkened by a power cut, and switched on again at a rate.

Told what to do by lines on stdin (`learn 40`, `adopt 40 FILE`, `cut`, `return 167 30000`, `end`), tells how it is doing by a line of JSON each
second. Every device is simulators/device.py with its retry table; only when it is switched on is decided here.
`python -m simulators.bench.storm_fleet --help`. Tests: tests/simulators/bench/test_storm_fleet.py.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from simulators.device import Device, Power
from simulators.fleet import Fleet, FleetOptions


class StormFleet(Fleet):
    """`booted` devices were switched on since the cut, `back` of them have ended a session well since."""

    def __init__(self, reactor: Any, options: FleetOptions) -> None:
        super().__init__(reactor, options)
        self.failures: Counter[str] = Counter()
        self.known = self.booted = self.back = 0
        self._strange = iter(self.devices[:0])
        self._served: list[Device] = []
        self._on: dict[str, float] = {}
        self.waits: list[float] = []
        self._timer: Any = None

    # ---- becoming known ------------------------------------------------------------------------------------------

    def learn(self, count: int) -> None:
        """Switch on the first devices, ten at once, and another one whenever one has ended its first session."""
        self._strange = iter(self.devices[:count])
        for _ in range(10):
            self._next()

    def _next(self) -> None:
        device = next(self._strange, None)
        if device is not None:
            self.switch_on(device)

    def _reached(self, device: Device) -> None:
        self.known += 1
        self._next()

    def adopt(self, place: Path, count: int) -> None:
        """The first `count` devices are known: have each other one be what they are, model by model; who is like whom is written to a file."""
        with place.open("w") as out:
            for number, device in enumerate(self.devices[count:]):
                like = self.devices[number % count]
                while like.cpe.facts.profile is not device.cpe.facts.profile:
                    number += 1
                    like = self.devices[number % count]
                device.cpe.from_json({**like.cpe.to_json(), "reported": {}})
                device.counts.sessions = 1
                out.write(f"{like.cpe.identity.key}\t{device.cpe.identity.key}\t{device.serial}\n")
        self.known = len(self.devices)

    # ---- the storm -----------------------------------------------------------------------------------------------

    def cut(self) -> None:
        """The power fails, everywhere at once."""
        self.booted = self.back = 0
        self._on.clear()
        self._served.clear()
        self.waits.clear()
        self.failures.clear()
        for device in self.devices:
            if device.power is not Power.OFF:
                device.power_off()

    def come_back(self, rate: float, count: int) -> None:
        """Switch on so many devices again, in a random order, so many a second, however the server is doing."""
        order = [device for device in self.devices if device.counts.sessions]
        random.Random(1).shuffle(order)  # noqa: S311 - an order, no secret
        begin, left = self.reactor.seconds(), iter(order[:count])

        def step() -> None:
            due = int((self.reactor.seconds() - begin) * rate)
            while self.booted < due:
                device = next(left, None)
                if device is None:
                    return
                self.booted += 1
                self._on[device.serial] = begin + self.booted / rate
                device.start(0.0, fresh=False)
            self._timer = self.reactor.callLater(0.02, step)

        step()

    def _ended(self, device: Device) -> None:
        switched_on = self._on.pop(device.serial, None)
        if switched_on is not None:
            self.back += 1
            self._served.append(device)
            self.waits.append(self.reactor.seconds() - switched_on)

    def _failed(self, device: Device, why: str) -> None:
        self.failures[why[:80]] += 1

    async def stop(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        await super().stop()

    def state(self) -> dict[str, Any]:
        """How it is doing. `waits_s` are seconds from being switched on to the end of the first good session."""
        waits = sorted(self.waits)
        shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
        return {
            "known": self.known, "booted": self.booted, "back": self.back, "failures": dict(self.failures),
            "in_session": sum(device.in_session for device in self.devices), "who": self.who_is_back(),
            "waits_s": {name: round(waits[min(len(waits) - 1, int(share * len(waits)))], 3) for name, share in shares.items()} if waits else {},
        }  # fmt: skip

    def who_is_back(self) -> list[tuple[str, str]]:
        """Key and root of some devices that are back: whom an agent may ask something of."""
        chosen = random.sample(self._served, min(len(self._served), 20))
        return [(str(device.cpe.identity.key), device.cpe.tree.root) for device in chosen]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulators.bench.storm_fleet", description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--deaf", type=float, default=0.0, help="share that does not heed Retry-After")
    parser.add_argument("--interval", type=int, default=86_400, help="periodic inform interval, seconds")
    args = parser.parse_args()

    from twisted.internet import reactor as installed
    from twisted.internet.defer import ensureDeferred
    from twisted.internet.stdio import StandardIO
    from twisted.internet.task import LoopingCall
    from twisted.protocols.basic import LineOnlyReceiver

    from acs import log

    log.configure(level="error")
    reactor: Any = installed
    fleet = StormFleet(
        reactor, FleetOptions(args.count, args.url, inform_interval_s=args.interval, first_number=args.first, deaf_share=args.deaf)
    )
    fleet.listen()

    def tell() -> None:
        sys.stdout.write(json.dumps({**fleet.state(), "cpu_s": time.process_time()}) + "\n")
        sys.stdout.flush()

    class Orders(LineOnlyReceiver):
        delimiter = b"\n"

        def lineReceived(self, line: bytes) -> None:
            match line.decode().split():
                case ["learn", count]:
                    fleet.learn(int(count))
                case ["adopt", count, place]:
                    fleet.adopt(Path(place), int(count))
                case ["cut"]:
                    fleet.cut()
                case ["return", rate, count]:
                    fleet.come_back(float(rate), int(count))
                case ["end"]:
                    reactor.stop()

        def connectionLost(self, reason: Any = None) -> None:
            if reactor.running:
                reactor.stop()

    def begin() -> None:
        StandardIO(Orders())
        loop = LoopingCall(tell)
        loop.clock = reactor
        loop.start(1.0)

    reactor.callWhenRunning(begin)
    reactor.addSystemEventTrigger("before", "shutdown", lambda: ensureDeferred(fleet.stop()))
    reactor.run()


if __name__ == "__main__":
    main()

"""The load: sessions of light devices against a server on loopback, in a process of its own. `python -m simulators.bench.load --help`.

A session is Inform, InformResponse, empty POST, then whatever the server asks, until 204, on one TCP connection. It counts as done only when
the Inform was acknowledged under its own cwmp:ID and the server ended the session; all else is counted by reason. No device is in two
sessions at once. What is printed is JSON. The options are those of other neutral generators, so that one of them can be used instead.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import ipaddress
import json
import os
import socket
import sys
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from simulators.bench.cpe import Cpe, key_of, opened
from simulators.bench.proc import Group
from simulators.bench.tree import ROOT, build


class SessionFailed(Exception):
    """The text is the reason it is counted under."""


class _Line(asyncio.Protocol):
    """One connection, one request at a time. A response is (status, headers by lower-case name, body); cookies are under "set-cookie"."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[tuple[int, dict[str, str], bytes]] | None = None
        self.transport: Any = None
        self.closed = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(SessionFailed("connection closed by the server"))

    async def ask(self, octets: bytes) -> tuple[int, dict[str, str], bytes]:
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(octets)
        return await self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._answer is None or self._answer.done():
            return
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split(" ", 2)[1])
        length = 0 if status == 204 else int(headers.get("content-length", "0"))
        if len(self._buffer) < end + 4 + length:
            return
        body, self._buffer = self._buffer[end + 4 : end + 4 + length], b""
        self._answer.set_result((status, headers, body))


class Load:
    """Plays sessions; `done` are their seconds from when they were due, `failures` reasons with how often."""

    def __init__(
        self, url: SplitResult, cpes: list[Cpe], events: list[str], timeout_s: float, most_rpcs: int, reconnects: bool = False
    ) -> None:
        self._reconnects = reconnects
        self._host, self._port, self._timeout_s, self._most_rpcs = url.hostname or "", url.port or 80, timeout_s, most_rpcs
        self._head = f"POST {url.path or '/'} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nUser-Agent: hearthline-bench\r\n"
        self._free, self._events = deque(cpes), events
        self.reset()

    def reset(self) -> None:
        self.done: list[float] = []
        self.failures: Counter[str] = Counter()
        self.rpcs: Counter[str] = Counter()
        self.requests = self.waits = self.bytes_out = self.bytes_in = 0

    async def _session(self, cpe: Cpe) -> None:
        line = _Line()
        cookie = ""

        async def post(body: bytes) -> tuple[int, bytes]:
            nonlocal cookie, line
            if line.transport is None or self._reconnects:
                if line.transport is not None:
                    line.transport.close()
                line = _Line()
                await asyncio.get_running_loop().create_connection(lambda: line, self._host, self._port)
            head = f"{self._head}Content-Length: {len(body)}\r\n"
            if body:
                head += 'Content-Type: text/xml; charset="utf-8"\r\nSOAPAction: ""\r\n'
            octets = (head + (f"Cookie: {cookie}\r\n" if cookie else "") + "\r\n").encode() + body
            self.requests, self.bytes_out = self.requests + 1, self.bytes_out + len(octets)
            status, headers, answer = await line.ask(octets)
            self.bytes_in += len(answer)
            cookie = headers.get("set-cookie", "").partition(";")[0] or cookie
            return status, answer

        try:
            async with asyncio.timeout(self._timeout_s):
                rid = f"{cpe.serial}-{cpe.sessions}"
                status, answer = await post(cpe.inform(self._events, rid, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())))
                if status != 200:
                    raise SessionFailed(f"HTTP {status} to Inform")
                got, method, _ = opened(answer)
                if (got, method) != (rid, "InformResponse"):
                    raise SessionFailed(f"{method} {got} to Inform {rid}")
                body = b""
                for _ in range(self._most_rpcs + 1):
                    status, answer = await post(body)
                    if status == 204 or (status == 200 and not answer.strip()):
                        return
                    if status != 200:
                        raise SessionFailed(f"HTTP {status} in a session")
                    got, method, asked = opened(answer)
                    self.rpcs[method] += 1
                    body, is_fault = cpe.answer(method, asked, got)
                    self.rpcs["fault answers"] += is_fault
                raise SessionFailed("the session does not end")
        finally:
            if line.transport is not None:
                line.transport.close()

    async def _one(self, cpe: Cpe, due: float) -> None:
        try:
            await self._session(cpe)
        except (SessionFailed, ValueError) as error:
            self.failures[str(error)] += 1
        except TimeoutError:
            self.failures["timeout"] += 1
        except OSError as error:
            self.failures[f"connect: {error.strerror or error}"] += 1
        else:
            self.done.append(time.perf_counter() - due)
        finally:
            self._free.append(cpe)

    async def closed_loop(self, total: int, concurrency: int, until: float) -> None:
        """So many at once: the next begins when one ends."""
        left = total

        async def lane() -> None:
            nonlocal left
            while left > 0 and time.perf_counter() < until:
                left -= 1
                await self._one(self._free.popleft(), time.perf_counter())

        await asyncio.gather(*(lane() for _ in range(min(concurrency, len(self._free)))))

    async def open_loop(self, total: int, rate: float, until: float) -> None:
        """So many a second, whatever becomes of those before; a latency begins when the session was due."""
        begin, running = time.perf_counter(), set[asyncio.Task[None]]()
        for number in range(total):
            due = begin + number / rate
            if (ahead := due - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
            while not self._free:
                self.waits += 1
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            if time.perf_counter() > until:
                break
            task = asyncio.create_task(self._one(self._free.popleft(), due))
            running.add(task)
            task.add_done_callback(running.discard)
        if running:
            await asyncio.wait(running)


# ---- the command -----------------------------------------------------------------------------------------------------


def calibrate() -> float:
    """CPU ms of a fixed piece of work, the best of three: how fast this core is at the moment."""
    best = float("inf")
    for _ in range(3):
        begin, octets = time.process_time(), b"x" * 4096
        for _ in range(2000):
            octets = hashlib.sha256(octets).digest() * 128
        best = min(best, time.process_time() - begin)
    return round(1000 * best, 2)


def _percentile(values: list[float], share: float) -> float | None:
    return round(1000 * values[min(len(values) - 1, int(share * len(values)))], 2) if values else None


def _group(text: str) -> Group:
    label, _, pids = text.rpartition("=")
    return Group(label or "server", [int(pid) for pid in pids.split(",")])


async def _run(args: argparse.Namespace, url: SplitResult) -> dict[str, Any]:
    tree = build(args.params)
    cpes = [Cpe(tree, args.first + n) for n in range(args.devices)]
    kept: dict[str, Any] = json.loads(args.state.read_text()) if args.state and args.state.exists() else {}
    for cpe in cpes:
        cpe.values.update(kept.get(cpe.serial, {}).get("values", {}))
        cpe.notify.update(kept.get(cpe.serial, {}).get("notify", {}))
    load = Load(url, cpes, [event.strip() for event in args.event.split(",")], args.timeout, args.max_rpcs, args.reconnect)

    async def play(total: int) -> None:
        until = time.perf_counter() + args.duration
        await (load.open_loop(total, args.rate, until) if args.rate else load.closed_loop(total, args.concurrency, until))

    if args.warmup:
        await play(args.warmup)
        load.reset()
    before = calibrate()
    for group in args.pid:
        group.start()
    own, begin = time.process_time(), time.perf_counter()
    await play(args.sessions or args.devices)
    wall, own = time.perf_counter() - begin, time.process_time() - own
    await asyncio.sleep(args.settle)  # what a server puts off until after the session is part of its cost
    if args.state:
        kept.update({cpe.serial: {"values": cpe.values, "notify": cpe.notify} for cpe in cpes})
        args.state.write_text(json.dumps(kept))
    done, seconds = len(load.done), sorted(load.done)
    return {
        "sessions_done": done, "sessions_failed": sum(load.failures.values()), "failures": dict(load.failures), "requests": load.requests,
        "rpcs": dict(load.rpcs), "bytes_out": load.bytes_out, "bytes_in": load.bytes_in, "waits_for_device": load.waits,
        "wall_s": round(wall, 3), "sessions_per_s": round(done / wall, 1),
        "latency_ms": {name: _percentile(seconds, share) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1))},
        "generator_cpu_share": round(own / wall, 3),
        "cpu": {group.label: _report(group, done) for group in args.pid},
        "calibration_ms": [before, calibrate()], "load_average": round(os.getloadavg()[0], 2),
    }  # fmt: skip


def _report(group: Group, sessions: int) -> dict[str, Any]:
    cpu_s, memory = group.cpu_s(), group.memory()
    each = round(1000 * cpu_s / sessions, 3) if sessions else None
    return {"cpu_s": round(cpu_s, 3), "cpu_ms_per_session": each, "rss_mb": memory.rss_mb, "rss_peak_mb": memory.peak_mb, "pss_mb": memory.pss_mb}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulators.bench.load", description="Sessions of light devices against a server on this machine")
    parser.add_argument("--url", default="http://127.0.0.1:7547/")
    parser.add_argument("--devices", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="number of the first device")
    parser.add_argument("--sessions", type=int, default=0, help="in all [one for each device]")
    parser.add_argument("--concurrency", type=int, default=16, help="sessions at once, closed loop")
    parser.add_argument("--rate", type=float, default=0, help="sessions a second, open loop")
    parser.add_argument("--warmup", type=int, default=0, help="sessions that are not counted")
    parser.add_argument("--event", default="2 PERIODIC", help="event codes, with commas")
    parser.add_argument("--root", choices=[ROOT.rstrip(".")], default=ROOT.rstrip("."))
    parser.add_argument("--params", type=int, default=100, help="parameters of a device")
    parser.add_argument("--state", type=Path, help="file that keeps what was set in the devices from run to run")
    parser.add_argument("--pid", type=_group, action="append", default=[], metavar="[LABEL=]PID[,PID]", help="server processes; again for another group")
    parser.add_argument("--timeout", type=float, default=60, help="seconds a session may take")
    parser.add_argument("--reconnect", action="store_true", help="a new connection for every POST: sessions go from worker to worker")
    parser.add_argument("--max-rpcs", type=int, default=1000)
    parser.add_argument("--duration", type=float, default=300, help="begin no session after so many seconds")
    parser.add_argument("--settle", type=float, default=0.5, help="seconds before CPU is read for the last time")
    parser.add_argument("--list", choices=("params", "devices"))
    args = parser.parse_args()
    url = urlsplit(args.url)
    if url.scheme != "http" or not url.hostname:
        parser.error("--url must be http://HOST:PORT/")
    if not all(ipaddress.ip_address(found[4][0]).is_loopback for found in socket.getaddrinfo(url.hostname, url.port or 80)):
        parser.error("--url must be on loopback")
    if args.list == "params":
        result: dict[str, Any] = {"params": list(build(args.params).leaves)}
    elif args.list == "devices":
        result = {"devices": [key_of(args.first + n) for n in range(args.devices)]}
    else:
        result = asyncio.run(_run(args, url))
    json.dump(result, sys.stdout, indent=2)
    print()
    sys.exit(1 if result.get("sessions_failed") else 0)


if __name__ == "__main__":
    main()

"""`make bench`: what a message, a stored tree and a session cost on this machine.

Prints a table of CPU times. The session part starts `hearthline cwmp` on a fresh SQLite (or HEARTHLINE_DATABASE_URL) in a temporary folder, without
logins, and plays devices against it over loopback: a first contact with full discovery, then periodic contacts. CPU is user + system of the server's
processes, from /proc.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import timeit
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from acs.cwmp.codec import decode, encode
from acs.cwmp.messages import (
    DeviceIdStruct,
    EventStruct,
    GetParameterNamesResponse,
    GetParameterValuesResponse,
    Inform,
    ParameterInfoStruct,
    ParameterValueStruct,
    SetParameterValuesResponse,
)
from acs.devices.packing import Stored, Tree, from_tree, to_tree

NAMESPACE = "urn:dslforum-org:cwmp-1-0"
DEVICES, SESSIONS, THREADS = 200, 1500, 16


def _values(count: int) -> tuple[ParameterValueStruct, ...]:
    return tuple(ParameterValueStruct(f"InternetGatewayDevice.LANDevice.1.Hosts.Host.{i}.Leaf", f"value {i}", "string") for i in range(count))


def _inform(serial: str, event: str, uptime: int) -> bytes:
    values = (*_values(11), ParameterValueStruct("InternetGatewayDevice.DeviceInfo.UpTime", str(uptime), "unsignedInt"))
    device = DeviceIdStruct("Bench", "0A1B2C", "BenchCPE", serial)
    return encode(Inform(device, (EventStruct(event, ""),), 1, "2026-01-01T00:00:00Z", 0, values), "1", NAMESPACE)


def _per_call(call: Callable[[], object], number: int) -> float:
    """Microseconds, best of five."""
    return min(timeit.repeat(call, number=number, repeat=5)) / number * 1e6


def messages() -> None:
    inform = _inform("B1", "2 PERIODIC", 1)
    answer = encode(GetParameterValuesResponse(_values(3000)), "1", NAMESPACE)
    message = decode(answer).message
    print(f"decode Inform of 12 values            {_per_call(lambda: decode(inform), 2000):10.0f} us")
    print(f"decode GetParameterValues of 3000     {_per_call(lambda: decode(answer), 20):10.0f} us")
    print(f"encode GetParameterValues of 3000     {_per_call(lambda: encode(message, '1', NAMESPACE), 20):10.0f} us")


def trees() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    tree = Tree({v.name: Stored(v.value, v.type, at, "session", True) for v in _values(1000)}, {})
    names, values = from_tree(tree)
    print(f"pack a tree of 1000 values            {_per_call(lambda: from_tree(tree), 20):10.0f} us, {len(values)} bytes a device, {len(names)} a kind")
    print(f"unpack it                             {_per_call(lambda: to_tree(names, values), 20):10.0f} us")


# ---- sessions ------------------------------------------------------------------------------------------------------


class Cpe:
    """As little of a device as a session needs."""

    def __init__(self, port: int, number: int) -> None:
        self.port, self.serial, self.sessions = port, f"BENCH{number:07d}", 0

    def session(self, event: str) -> None:
        self.sessions += 1
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            file, cookie = line.makefile("rb"), b""
            body = _inform(self.serial, event, self.sessions)
            while True:
                head = b"POST / HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n%s\r\n" % (len(body), cookie)
                line.sendall(head + body)
                status, cookie, answer = _read(file)
                if status == 204:
                    return
                if status != 200:
                    raise SystemExit(f"the server answered {status}")
                body = self._answer(answer)

    def _answer(self, asked: bytes) -> bytes:
        envelope = decode(asked)
        name = type(envelope.message).__name__
        if name == "InformResponse":
            return b""
        replies = {
            "SetParameterValues": SetParameterValuesResponse(0),
            "GetParameterNames": GetParameterNamesResponse(tuple(ParameterInfoStruct(v.name, True) for v in _values(100))),
            "GetParameterValues": GetParameterValuesResponse(_values(100)),
        }
        return encode(replies[name], envelope.id, NAMESPACE)


def _read(file: object) -> tuple[int, bytes, bytes]:
    status = int(file.readline().split()[1])  # type: ignore[attr-defined]
    length, cookie = 0, b""
    while (line := file.readline()) not in (b"\r\n", b""):  # type: ignore[attr-defined]
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        elif name.lower() == b"set-cookie":
            cookie = b"Cookie:" + value.split(b";")[0].rstrip() + b"\r\n"
    return status, cookie, file.read(length)  # type: ignore[attr-defined]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _play(devices: list[Cpe], event: str, count: int) -> float:
    """Wall seconds for `count` sessions by THREADS threads, each with devices of its own."""

    def run(number: int) -> None:
        own = devices[number::THREADS]
        for i in range(count // THREADS):
            own[i % len(own)].session(event)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(THREADS)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begin


def sessions() -> None:
    ports = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    cwmp, files = (s.getsockname()[1] for s in ports)
    for s in ports:
        s.close()
    with tempfile.TemporaryDirectory() as home:
        settings = {"HOME": home, "CPE_AUTH": "none", "BIND": "127.0.0.1", "CWMP_PORT": cwmp, "FILES_PORT": files, "METRICS_PORT": 0}
        environment = {**os.environ, **{f"HEARTHLINE_{name}": str(value) for name, value in settings.items()}}
        subprocess.run([sys.executable, "-m", "acs.cli", "db", "upgrade"], env=environment, check=True, stdout=subprocess.DEVNULL)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        server = subprocess.Popen([sys.executable, "-m", "acs.cli", "cwmp"], env=environment, **quiet)
        try:
            _wait(f"http://127.0.0.1:{files}/health/ready")
            devices = [Cpe(cwmp, n) for n in range(DEVICES)]
            for words, event, count in (("first contact, 100 parameters read", "0 BOOTSTRAP", DEVICES), ("periodic contact", "2 PERIODIC", SESSIONS)):
                before = _cpu_s(server.pid)
                wall = _play(devices, event, count // THREADS * THREADS)
                time.sleep(1)
                played = count // THREADS * THREADS
                cost = (_cpu_s(server.pid) - before) / played * 1000
                print(f"{words:37} {cost:10.2f} ms CPU a session, {played / wall:.0f} sessions/s by {THREADS} at once")
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)


def _wait(url: str) -> None:
    for _ in range(200):
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{re.sub('/health.*', '', url)} did not start")


if __name__ == "__main__":
    messages()
    trees()
    sessions()

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading

import pytest

from simulators.bench import load, null_acs


@pytest.fixture
def null_port():
    """The server that does nothing, in a thread of this process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    loop = asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(null_acs.serve(port))
        except asyncio.CancelledError:
            pass

    thread = threading.Thread(target=run)
    thread.start()
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            threading.Event().wait(0.02)
    yield port
    loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
    thread.join()
    loop.close()


def played(*words):
    ran = subprocess.run([sys.executable, "-m", "simulators.bench.load", *map(str, words)], capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout and json.loads(ran.stdout), ran.stderr


def test_sessions_are_counted_timed_and_their_cost_is_read(null_port, tmp_path):
    state = tmp_path / "state.json"
    words = ("--devices", 10, "--sessions", 40, "--settle", 0, "--state", state, "--pid", f"us={os.getpid()}")
    code, found, _ = played("--url", f"http://127.0.0.1:{null_port}/", *words)
    assert (code, found["sessions_done"], found["requests"], found["failures"]) == (0, 40, 80, {})
    assert found["latency_ms"]["p99"] >= found["latency_ms"]["p50"] > 0
    assert found["cpu"]["us"]["rss_mb"] > 1
    assert len(json.loads(state.read_text())) == 10


def test_open_loop_keeps_its_rate(null_port):
    code, found, _ = played("--url", f"http://127.0.0.1:{null_port}/", "--sessions", 40, "--rate", 100, "--settle", 0)
    assert (code, found["sessions_done"]) == (0, 40)
    assert found["wall_s"] >= 0.35


def test_every_post_may_have_a_connection_of_its_own(null_port):
    code, found, _ = played("--url", f"http://127.0.0.1:{null_port}/", "--sessions", 20, "--reconnect", "--settle", 0)
    assert (code, found["sessions_done"], found["requests"]) == (0, 20, 40)


def test_failures_are_counted_by_reason():
    code, found, _ = played("--url", "http://127.0.0.1:9/", "--devices", 3, "--settle", 0)
    assert (code, found["sessions_failed"]) == (1, 3)
    assert next(iter(found["failures"])).startswith("connect:")


def test_nothing_but_loopback_is_ever_contacted():
    code, _, said = played("--url", "http://192.0.2.1/")
    assert code == 2
    assert "loopback" in said


def test_percentile_is_a_measured_value():
    assert load._percentile([0.001, 0.002, 0.003], 0.99) == 3.0
    assert load._percentile([], 0.5) is None

"""Hints leave from any thread and failing is allowed: acs/hints/publish.py."""

import json
import socket
import threading
import time

import pytest

from acs.db.engine import Database
from acs.hints.publish import SocketPublisher


class Server:
    """A plain socket in a thread's hands: what a hub would read."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(str(path))
        self.socket.listen()

    def accept(self):
        connection, _ = self.socket.accept()
        connection.settimeout(5)
        return connection, connection.makefile("rb")

    def close(self):
        self.socket.close()
        self.path.unlink()


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "hub.sock")
    yield server
    if server.path.exists():
        server.close()


@pytest.fixture
def publish(server):
    publisher = SocketPublisher(server.path)
    yield publisher
    publisher.close()


def test_publisher_introduces_itself_once_and_sends_lines(server, publish):
    publish([{"kind": "job", "id": 1}])
    publish([{"kind": "job", "id": 2}])
    connection, lines = server.accept()
    assert [json.loads(lines.readline()) for _ in range(3)] == ["publisher", [{"kind": "job", "id": 1}], [{"kind": "job", "id": 2}]]
    lines.close()
    connection.close()


def test_nobody_there_costs_a_moment_and_no_error(tmp_path):
    publish = SocketPublisher(tmp_path / "nobody.sock")
    began = time.monotonic()
    publish([{"kind": "job"}])
    assert time.monotonic() - began < 0.5


def test_connection_that_broke_is_made_anew(server, publish):
    publish([{"n": 1}])
    connection, lines = server.accept()
    lines.close()
    connection.close()
    publish([{"n": 2}])
    connection, lines = server.accept()
    assert json.loads(lines.readline()) == "publisher"
    assert json.loads(lines.readline()) == [{"n": 2}]
    lines.close()
    connection.close()


def test_hub_that_does_not_read_holds_nobody_up_for_long(server, publish):
    began = time.monotonic()
    publish([{"text": "x" * 5_000_000}])
    assert time.monotonic() - began < 2


def test_threads_do_not_mix_their_lines(server, publish):
    threads = [threading.Thread(target=lambda n=n: [publish([{"n": n, "text": "x" * 500}]) for _ in range(20)]) for n in range(4)]
    publish([])
    connection, lines = server.accept()
    for thread in threads:
        thread.start()
    got = [json.loads(lines.readline()) for _ in range(82)]
    for thread in threads:
        thread.join()
    assert sorted(part[0]["n"] for part in got[2:]) == sorted([0, 1, 2, 3] * 20)
    lines.close()
    connection.close()


def test_what_a_unit_of_work_hints_arrives(server, publish, sqlite_url):
    database = Database(sqlite_url, publish)
    with database.write() as unit:
        unit.hint("operation", device=7)
    connection, lines = server.accept()
    assert json.loads(lines.readline()) == "publisher"
    assert json.loads(lines.readline()) == [{"kind": "operation", "device": 7}]
    lines.close()
    connection.close()
    database.close()

"""What runs is shown as it runs: hints through the hub's socket to the tab, and the line that says when the stream broke."""

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from acs import jobs
from acs.db.tenancy import DEFAULT_TENANT
from care.security.permissions import Role

pytestmark = pytest.mark.browser


class Hub:
    """The hub's socket as the cwmp process has it, with the test as the one who speaks."""

    def __init__(self, path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen()
        self._there = threading.Event()
        self._peers: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _address = self._listening.accept()
            except OSError:
                return
            self._peers.append(peer)
            self._there.set()

    def say(self, *hints: dict) -> None:
        assert self._there.wait(20), "the web process does not listen at the hub"
        for peer in self._peers:
            peer.sendall(json.dumps(hints).encode() + b"\n")

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()
        for peer in self._peers:
            peer.close()


@pytest.fixture
def hub(live_server) -> Iterator[Hub]:
    hub = Hub(live_server.services.settings.socket_path)
    yield hub
    hub.close()


def test_job_that_moves_on_is_seen_without_a_reload(open_page, sign_in, live_server, hub, now):
    page = open_page()
    sign_in(page, Role.ENGINEER)
    page.goto("/jobs/")
    expect(page.locator("main")).to_contain_text("No jobs yet")
    with live_server.services.db.write() as unit:
        number = jobs.enqueue(unit, DEFAULT_TENANT, "firmware.fetch", {}, now, "user:anna")
    page.locator("[data-live]").wait_for()
    hub.say({"kind": "job", "id": number})
    expect(page.locator(".hl-row-title")).to_contain_text("firmware.fetch")
    with live_server.services.db.write() as unit:
        jobs.begin(unit, number, now, timedelta(minutes=1))
    hub.say({"kind": "job", "id": number})
    expect(page.locator(".hl-row-state")).to_contain_text("Running")
    expect(page.locator("#live-state")).to_be_empty()


def test_broken_stream_says_since_when(open_page, sign_in, live_server, shot):
    page = open_page(tolerant=True)
    sign_in(page, Role.ENGINEER)
    page.goto("/jobs/")
    page.locator("[data-live]").wait_for()
    page.wait_for_timeout(300)
    os.kill(live_server.pid, signal.SIGTERM)
    expect(page.locator("#live-state")).to_contain_text("not live since", timeout=10_000)
    shot(page, "not-live-1440")

"""Sends due jobs to the broker after their transaction has committed. One leader relays, however many workers run."""

import os
import socket
import threading
from datetime import timedelta
from typing import Any

from acs import jobs, log
from tasks.app import House, send

POLL_S = 0.5
LEASE = timedelta(seconds=15)
RESEND_AFTER = timedelta(seconds=60)

_log = log.get("relay")


class Relay(threading.Thread):
    """A thread of the worker process. The poll is what it relies on; half a second is soon enough for work in the background."""

    def __init__(self, app: Any, house: House) -> None:
        super().__init__(name="relay", daemon=True)
        self._app, self._house = app, house
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._stopped = threading.Event()
        self._led_until = house.now()
        self.leads = False

    def run(self) -> None:
        while not self._stopped.is_set():
            try:
                sent = self.once()
            except Exception as error:
                _log.error("relay failed, trying again", error=repr(error)[:300])
                sent = 0
                self._stopped.wait(2)
            if not sent:
                self._stopped.wait(POLL_S)

    def once(self) -> int:
        """One round: become or stay leader, send what is due; how many jobs were sent."""
        now = self._house.now()
        if not self.leads or now >= self._led_until - LEASE / 2:
            with self._house.database.write() as unit:
                self.leads = jobs.lead(unit, "relay", self._holder, now, LEASE)
            self._led_until = now + LEASE
        if not self.leads:
            return 0
        with self._house.database.read() as session:
            if not jobs.any_due(session, now, RESEND_AFTER):
                return 0
        with self._house.database.write() as unit:
            found = jobs.due(unit, now, RESEND_AFTER)
        for job_id, _name in found:
            send(self._app, job_id)
        return len(found)

    def stop(self) -> None:
        self._stopped.set()

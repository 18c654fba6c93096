"""A worker in a process of its own, to be killed: `python -m tests.tasks.worker <home> <database> <broker> <queue>`.

Its one task holds on for a minute at the first attempt and is done at once at the second. It writes a line when it begins.
"""

import sys
import time
from datetime import timedelta
from pathlib import Path

from acs.db.engine import Database
from acs.settings import Settings
from tasks import app as tasks_app
from tasks.app import House, make_app

LEASE = timedelta(seconds=1)


def main(home: str, database_url: str, broker_url: str, queue: str) -> None:
    tasks_app.LEASE = LEASE

    @tasks_app.work("test.slow")
    def slow(house, job):
        with (Path(home) / "begun").open("a") as file:
            file.write(f"{job.attempts}\n")
        if job.attempts == 1:
            time.sleep(60)
        return "done at last"

    settings = Settings(home=Path(home), database_url=database_url, broker_url=broker_url)
    app = make_app(House(settings, Database(database_url)), {})
    app.conf.task_default_queue = queue
    app.Worker(pool="threads", concurrency=1, loglevel="ERROR", without_mingle=True, without_gossip=True, without_heartbeat=True, quiet=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""`hearthline worker`: the Celery worker with its beat and the relay of the outbox, in one process."""

import os
import sys
import threading
from typing import Any

import click


@click.command()
@click.option("--concurrency", default=4, type=click.IntRange(1, 64), help="Jobs at once.")
def worker(concurrency: int) -> None:
    """Run background jobs."""
    from acs import log
    from acs.db.engine import Database
    from acs.db.revision import require_current
    from acs.hints.publish import SocketPublisher
    from acs.settings import load, prepare_home
    from datamodels import library

    settings = load()
    prepare_home(settings)
    library.use(settings.home / "datamodels")
    log.configure(settings.log, settings.log_level)
    sys.setswitchinterval(0.0005)
    database = Database(settings.database, SocketPublisher(settings.socket_path) if settings.is_sqlite else None)
    require_current(database)
    from tasks import bulk, campaigns, desired, firmware, monitoring, moves, upkeep  # noqa: F401 - moves declares its work
    from tasks.app import House, make_app
    from tasks.relay import Relay

    house = House(settings, database)
    app = make_app(house, {**upkeep.EVERY_S, **monitoring.EVERY_S, **desired.EVERY_S, **bulk.EVERY_S, **firmware.EVERY_S, **campaigns.EVERY_S})
    relay = Relay(app, house)
    beat = _beat(app)
    _metrics(settings.metrics_port)
    runner = app.Worker(
        pool="threads", concurrency=concurrency, loglevel="WARNING", without_mingle=True, without_gossip=True, without_heartbeat=True,
        hostname=f"hearthline-{os.getpid()}@%h", quiet=True,
    )  # fmt: skip
    relay.start()
    beat.start()
    try:
        runner.start()
    finally:
        relay.stop()
        beat.stop()
        database.close()
    # Celery's thread pool leaves non-daemon threads behind when it stops cold; there is nothing to wait for.
    sys.stdout.flush()
    os._exit(runner.exitcode or 0)


def _beat(app: Any) -> Any:
    """Celery's scheduler as a thread: beside `memory://` its own process would never reach our queue."""
    from celery.beat import EmbeddedService

    service = EmbeddedService(app, thread=True)
    if isinstance(service, threading.Thread):
        service.daemon = True
    return service


def _metrics(port: int) -> None:
    from prometheus_client import start_http_server

    try:
        start_http_server(port + 2 if port else 0, addr="127.0.0.1")
    except OSError as error:
        click.echo(f"no metrics port: {error}", err=True)

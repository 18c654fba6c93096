"""The command `hearthline`: finds its subcommands by entry point, loads only the one that was asked for, and defines those of acs.

Exit codes: 0 ended by request, 1 failed, 2 wrong use or environment (architecture §10).
"""

import gc
import resource
import sys
from datetime import UTC, datetime
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import click

from acs import __version__
from acs.errors import HearthlineError, WrongEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from acs.devices.views import DeviceRow


class _Commands(click.Group):
    """Subcommands from the entry-point group `hearthline.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({point.name for point in entry_points(group="hearthline.commands")})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        for point in entry_points(group="hearthline.commands"):
            if point.name == name:
                command: click.Command = point.load()
                return command
        return None


@click.group(cls=_Commands)
@click.version_option(__version__, prog_name="hearthline")
def hearthline() -> None:
    """An auto-configuration server for TR-069 devices, with customer care."""


def _raise_open_files() -> None:
    """A connection is an open file, and a thousand devices may come at once: most systems begin with a soft limit of 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main() -> None:
    """Run, and turn what was refused into one sentence and an exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the sentence is for who runs it all the same
        sys.exit("Hearthline needs Python 3.11 or newer.")
    _raise_open_files()
    try:
        hearthline.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except WrongEnvironment as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except HearthlineError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


def _now() -> datetime:
    return datetime.now(UTC)


def _run(settings: Any, make: Any) -> None:
    """Start a part under the reactor, run until asked to stop, stop it in order."""
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred

    from acs import log

    log.configure(settings.log, settings.log_level)
    log.observe_twisted()
    part = make(reactor)
    part.start()
    # What was imported and loaded lives as long as the process: a collection that looks at all of it takes a tenth of a second.
    gc.set_threshold(5_000, 20, 20)
    for after_s in (0, 20, 120):
        reactor.callLater(after_s, _spare_the_collector)
    reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(part.stop()))
    reactor.run()


def _spare_the_collector() -> None:
    gc.collect()
    gc.freeze()


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), help="CWMP worker processes (HEARTHLINE_CWMP_WORKERS).")
@click.option("--worker", type=int, hidden=True)
@click.option("--fd", type=int, hidden=True)
@click.option("--plain-fd", type=int, hidden=True)
@click.option("--parent", type=int, hidden=True)
def cwmp(workers: int | None, worker: int | None, fd: int | None, plain_fd: int | None, parent: int | None) -> None:
    """Serve CWMP and files, and wake devices."""
    from acs.server.process import CwmpChild, CwmpParent
    from acs.serving.workers import follow_parent
    from acs.settings import load, prepare_home

    settings = load(cwmp_workers=workers)
    prepare_home(settings)
    if worker is not None and fd is not None:
        follow_parent(parent)
        _run(settings, lambda reactor: CwmpChild(reactor, settings, worker, fd, plain_fd))
        return
    if settings.cpe_auth == "none":
        click.echo("Warning: HEARTHLINE_CPE_AUTH=none lets every device in without a login. For laboratories only.", err=True)
    elif not settings.onboarding:
        raise WrongEnvironment("HEARTHLINE_ONBOARDING is not set: devices could not enrol. `hearthline up` makes one; set it here too.")
    _run(settings, lambda reactor: CwmpParent(reactor, settings))


@click.command()
@click.option("--demo", is_flag=True, help="With a simulated fleet of 20 devices, on loopback only.")
def up(demo: bool) -> None:
    """Start everything: database, CWMP, files, pages, worker."""
    from acs.server.supervisor import run

    sys.exit(run(demo))


# ---- db ----------------------------------------------------------------------------------------------------


@click.group()
def db() -> None:
    """The database: upgrade, check, backup."""


@db.command()
def upgrade() -> None:
    """Bring the database to this version's tables."""
    from acs.db.upgrade import upgrade as run
    from acs.settings import load, prepare_home

    settings = load()
    prepare_home(settings)
    before, after = run(settings.database)
    click.echo(f"Database is at {after}." if before == after else f"Database upgraded from {before or 'empty'} to {after}.")


@db.command()
def check() -> None:
    """Say whether the database is reachable, up to date and sound."""
    from acs.db.upgrade import check as run
    from acs.settings import load

    problems = run(load().database)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        sys.exit(1)
    click.echo("The database is sound and up to date.")


@db.command()
@click.argument("target", type=click.Path(dir_okay=False))
def backup(target: str) -> None:
    """Write a consistent copy of the database to TARGET (SQLite: while it runs; PostgreSQL: by pg_dump)."""
    from acs.db.upgrade import backup as run
    from acs.settings import load

    size = run(load().database, target)
    click.echo(f"{target}: {size / 1e6:.1f} MB. Keep secret.key of the data directory with it: without it the sealed secrets are lost.")


# ---- quirks ----------------------------------------------------------------------------------------------------


@click.group()
def quirks() -> None:
    """What is known of models: take it out as a file, take one in."""


@quirks.command("export")
@click.argument("target", type=click.File("w", encoding="utf-8"), default="-")
def export_quirks(target: Any) -> None:
    """Write the registry as TOML to TARGET, or to the screen. The simulator takes the file as profiles."""
    from acs.db.tenancy import DEFAULT_TENANT
    from acs.quirks import service

    with _database().read() as session:
        target.write(service.export(session, DEFAULT_TENANT, _now()))


@quirks.command("import")
@click.argument("source", type=click.File("r", encoding="utf-8"), required=False)
@click.option("--field", is_flag=True, help="What is known of models of the field, instead of a file.")
@click.option("--overwrite", is_flag=True, help="Where an entry stands here with another value, the file's counts.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def import_quirks(source: Any, field: bool, overwrite: bool, dry_run: bool) -> None:
    """Take SOURCE in, all of it or nothing."""
    from acs.audit import Actor
    from acs.db.tenancy import DEFAULT_TENANT
    from acs.quirks import exchange, service

    if (source is None) is not field:
        raise click.UsageError("Name a file, or say --field.")
    text, database = exchange.field_text() if field else source.read(), _database()
    with database.read() as session:
        changes = service.preview(session, DEFAULT_TENANT, text)
    for one in changes:
        entry = one.entry
        where = " ".join(part for part in (entry["oui"], entry["product_class"], entry["firmware"]) if part)
        standing = f", here {one.before.value}" if one.before is not None and one.what == "differs" else ""
        click.echo(f"{one.what:8} {where}: {entry['knob']} {entry['item']} = {entry['value']}{standing}")
    if dry_run:
        return
    with database.write() as unit:
        service.import_(unit, Actor("cli", DEFAULT_TENANT), text, _now(), overwrite, "seed" if field else "import")
    left = sum(one.what == "differs" for one in changes) if not overwrite else 0
    click.echo(f"{len(changes)} entries, {left} left as they stood." if left else f"{len(changes)} entries.")


# ---- device ------------------------------------------------------------------------------------------------


@click.group()
def device() -> None:
    """Look at devices from the command line."""


def _database() -> Any:
    from acs.db.revision import require_current
    from acs.server.process import open_database
    from acs.settings import load

    database = open_database(load())
    require_current(database)
    return database


@device.command("list")
@click.option("-q", default="", help="Serial number (its beginning), address, model, version or tag.")
@click.option("--limit", default=50, type=click.IntRange(1, 1000))
def list_devices(q: str, limit: int) -> None:
    """List devices."""
    from acs.db.tenancy import DEFAULT_TENANT
    from acs.devices import service

    database = _database()
    with database.read() as session:
        rows = service.search(session, DEFAULT_TENANT, _now(), q=q, limit=limit)
    _tell(rows)
    if not rows:
        click.echo("No device matches." if q else "No devices yet: point one at the ACS address, or run `hearthline simulate`.")


@device.command("find")
@click.argument("query")
@click.option("--limit", default=50, type=click.IntRange(1, 100_000))
@click.option("--sort", default="id", help="serial, model, version, first_seen, or a reading such as rx_power; -name downwards.")
@click.option("--count", "only_count", is_flag=True, help="Only how many there are, to the last one.")
def find_devices(query: str, limit: int, sort: str, only_count: bool) -> None:
    """Find devices by a query such as 'model = HG8245 and rx_power < -27 and last_inform < 1h ago'."""
    from acs.db.tenancy import DEFAULT_TENANT
    from acs.devices import service
    from acs.finding import service as finding

    try:
        wanted = finding.parse(query)
    except finding.QueryError as error:
        click.echo(error.caret(), err=True)
        raise
    database, now = _database(), _now()
    with database.read() as session:
        if only_count:
            click.echo(finding.exact_count(session, DEFAULT_TENANT, wanted, now))
            return
        found, after = 0, None
        while found < limit:
            page = finding.page(session, DEFAULT_TENANT, wanted, now, sort, after, limit=min(limit - found, 500), budget_s=1.0)
            _tell(service.rows(session, DEFAULT_TENANT, page.ids, now))
            found, after = found + len(page.ids), page.later
            if after is None:
                break
    if not found:
        click.echo("No device fits.")


def _tell(rows: "Iterable[DeviceRow]") -> None:
    for row in rows:
        spoke = row.last_inform_at.strftime("%Y-%m-%d %H:%M:%S") if row.last_inform_at else "never"
        click.echo(f"{row.id:>6}  {row.key:40}  {row.model:20}  {row.software_version:12}  {row.presence:10}  {spoke}  {row.address}")


@device.command()
@click.argument("name")
@click.option("--parameters", "-p", default=None, help="Also list parameters below this path.")
def show(name: str, parameters: str | None) -> None:
    """Show one device by number, serial number or key."""
    from dataclasses import asdict

    from acs.db.tenancy import DEFAULT_TENANT
    from acs.devices import service

    database = _database()
    with database.read() as session:
        device_id = service.find(session, DEFAULT_TENANT, name)
        for field, value in asdict(service.get(session, DEFAULT_TENANT, device_id, _now())).items():
            click.echo(f"{field:24} {value}")
        if parameters is not None:
            for p in service.parameters(session, DEFAULT_TENANT, device_id, prefix=parameters, limit=100_000):
                click.echo(f"{p.path} = {p.value}")


@device.command()
@click.argument("name")
@click.argument("host")
@click.option("--count", default=5, type=click.IntRange(1, 100))
@click.option("--wait", default=120, type=click.IntRange(1, 3600), help="Seconds to wait for the result.")
def ping(name: str, host: str, count: int, wait: int) -> None:
    """Have a device ping HOST, and show the result."""
    import time

    from acs.audit import Actor
    from acs.db.tenancy import DEFAULT_TENANT
    from acs.devices import service
    from acs.operations import service as operations

    database = _database()
    actor = Actor("cli", DEFAULT_TENANT)
    with database.write() as unit:
        device_id = service.find(unit.session, DEFAULT_TENANT, name)
        operation = operations.request(unit, actor, device_id, "ping", {"host": host, "count": count}, _now(), reason="command line")
    told = ""
    for _ in range(wait * 4):
        with database.read() as session:
            view = operations.get(session, DEFAULT_TENANT, operation, _now())
        line = f"{view.station}: {view.progress}" if view.progress else view.station
        if line != told:
            click.echo(line)
            told = line
        if not view.is_open:
            break
        time.sleep(0.25)
    if view.is_open:
        click.echo(f"No result yet: operation {operation} stays open until {view.expires_at:%Y-%m-%d %H:%M}.")
        sys.exit(1)
    if view.error:
        click.echo(view.error)
        sys.exit(1)
    r = view.result
    click.echo(
        f"{r['received']} answered, {r['lost']} lost; {r['minimum_ms']} / {r['average_ms']} / {r['maximum_ms']} ms (least, average, most)"
    )


if __name__ == "__main__":
    main()

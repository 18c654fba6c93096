"""`hearthline web` and `hearthline user`.

One worker listens itself. With more, the parent binds one non-blocking socket, starts workers that adopt it, and restarts those
that die, each time after twice as long while they die young.
Exit codes: 0 ended by request, 1 failed or refused, 2 wrong use or environment.
"""

import socket
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from acs import log, settings
from acs.audit import Actor
from acs.db.engine import Database
from acs.db.revision import require_current
from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import HearthlineError, WrongEnvironment
from acs.log import announce
from acs.serving.listening import bind, handed
from acs.serving.workers import Workers, follow_parent
from acs.settings import Settings
from care.security.permissions import Role
from care.security.service import Security

SWITCH_INTERVAL_S = 0.0005
"""Page threads share the interpreter with the reactor: with the default 5 ms a busy thread starves it for seconds."""
Command = Callable[..., Any]


def told(command: Command) -> Command:
    """Refusals become one sentence and an exit code."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except WrongEnvironment as error:
            click.echo(str(error), err=True)
            sys.exit(2)
        except HearthlineError as error:
            click.echo(str(error), err=True)
            sys.exit(1)

    return run


# ---- web -----------------------------------------------------------------------------------------------------------


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), help="Processes on the shared socket; default HEARTHLINE_WEB_WORKERS.")
@click.option("--port", type=click.IntRange(0, 65535), help="Default HEARTHLINE_WEB_PORT; 0 for a free one.")
@click.option("--worker", type=int, hidden=True)
@click.option("--fd", type=int, hidden=True, help="File descriptor of a listening socket to serve (a worker).")
@click.option("--parent", type=int, hidden=True)
@told
def web(workers: int | None, port: int | None, worker: int | None, fd: int | None, parent: int | None) -> None:
    """Serve pages, REST and live events."""
    given = settings.load(web_port=port, web_workers=workers)
    log.configure(given.log, given.log_level)
    settings.prepare_home(given)
    if fd is not None:
        follow_parent(parent)
        serve(given, handed(fd))
        return
    listening = bind(given.bind, given.web_port, "pages", "HEARTHLINE_WEB_PORT")
    given = given.model_copy(update={"web_port": listening.getsockname()[1]})  # what we tell people, where 0 was asked for
    address = f"http://{given.host_for_people}:{given.web_port}"
    if given.web_workers == 1:
        serve(given, listening, lambda: announce(f"web listens on {address}"))
    else:
        keep_workers(given, listening, address)


def serve(given: Settings, listening: socket.socket, when_up: Callable[[], None] = lambda: None) -> None:
    """Serve the socket until told to stop."""
    from acs.hints.listen import listener_for
    from acs.hints.publish import SocketPublisher
    from care import assets
    from care.app import create_app
    from care.metrics import Metrics
    from care.services import build_services
    from care.web import build_web

    reactor = _reactor()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    log.observe_twisted()
    if not assets.VENDOR.joinpath(".stamp").is_file():
        announce("web: the front-end packages are missing, pages will look bare: run python -m care.assets")
    services = build_services(given, publish=SocketPublisher(given.socket_path) if given.is_sqlite else None)
    require_current(services.db)
    listener = listener_for(reactor, given.database, given.socket_path)
    counters = Metrics()
    running = build_web(reactor, create_app(given, services, counters), services, counters, listener)
    listening.setblocking(False)
    port: Any = reactor.adoptStreamPort(listening.fileno(), listening.family, running.site)
    listening.close()  # adopted means duplicated
    reactor.addSystemEventTrigger("before", "shutdown", port.stopListening)
    reactor.addSystemEventTrigger("before", "shutdown", listener.stop)
    reactor.addSystemEventTrigger("before", "shutdown", running.stop)
    reactor.addSystemEventTrigger("after", "shutdown", services.db.close)
    reactor.callWhenRunning(when_up)
    reactor.run()


def _reactor() -> Any:
    """The reactor of this process, installed when first asked for."""
    from twisted.internet import reactor

    return reactor


def keep_workers(given: Settings, listening: socket.socket, address: str) -> None:
    """Start the workers on the socket, restart those that die, end them when we are told to end."""
    reactor = _reactor()
    children = Workers(reactor, ["web", "--port", str(given.web_port)], given.web_workers, listening.fileno())
    reactor.callWhenRunning(announce, f"web listens on {address} with {given.web_workers} workers")
    reactor.addSystemEventTrigger("before", "shutdown", children.stop)
    reactor.run()


# ---- user ----------------------------------------------------------------------------------------------------------


@click.group()
def user() -> None:
    """People who may sign in."""


_ROLES = click.Choice([role.value for role in Role])
_BY = Actor.system("command line", DEFAULT_TENANT)


def _security() -> Security:
    from care.services import utc_now

    given = settings.load()
    log.configure(given.log, given.log_level)
    settings.prepare_home(given)
    db = Database(given.database)
    require_current(db)
    return Security(db, utc_now)


def _password(from_stdin: bool) -> str | None:
    return sys.stdin.readline().rstrip("\r\n") if from_stdin else None


@user.command()
@click.argument("login")
@click.option("--role", type=_ROLES, default=Role.AGENT.value, show_default=True)
@click.option("--name", default="", help="Full name; default the login.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@told
def add(login: str, role: str, name: str, password_stdin: bool) -> None:
    """Let LOGIN sign in. Without a password a random one is made and printed once."""
    created, made_up = _security().create_user(_BY, login, name or login, Role(role), _password(password_stdin))
    click.echo(f"{created.login} may sign in as {created.role.value}.")
    if made_up is not None:
        click.echo(f"password: {made_up}")


@user.command()
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@told
def passwd(login: str, password_stdin: bool) -> None:
    """Give LOGIN a new password; ends lock and sessions. Without one a random password is made and printed once."""
    security = _security()
    found = security.user_by_login(login)
    made_up = security.reset_password(Actor.system("command line", found.tenant), found.id, _password(password_stdin))
    click.echo(f"{found.login} has a new password.")
    if made_up is not None:
        click.echo(f"password: {made_up}")


@user.command(name="list")
@told
def list_users() -> None:
    """Who may sign in."""
    for found in _security().users(DEFAULT_TENANT, limit=10_000):
        click.echo(f"{found.login:<24} {found.role.value:<10} {'active' if found.active else 'shut out':<9} {found.name}")


@user.command()
@click.argument("login")
@told
def deactivate(login: str) -> None:
    """LOGIN may no longer sign in; sessions and tokens end at once."""
    security = _security()
    found = security.user_by_login(login)
    security.update_user(Actor.system("command line", found.tenant), found.id, active=False)
    click.echo(f"{found.login} may no longer sign in.")


"""`hearthline conformance URL`: the suite against any ACS. Wires and decides nothing.

Exit codes: 0 no case failed, 1 some failed, 2 wrong use, or the ACS or its driver cannot be reached.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click

from acs import log
from acs.errors import WrongEnvironment


@click.command()
@click.argument("url", required=False)
@click.option("--list", "list_", is_flag=True, help="Show the cases, and end.")
@click.option("--group", "groups", multiple=True, help="Only this group, or groups by a pattern such as Session_*; may be given again.")
@click.option("--case", "cases", multiple=True, help="Only this case, or cases by a pattern; may be given again.")
@click.option("--username", default="", help="Login of the devices [OUI-ProductClass-SerialNumber].")
@click.option("--password", default="", help="Password the devices begin with.")
@click.option("--onboarding", envvar="HEARTHLINE_ONBOARDING", default="", help="Onboarding secret: the password they begin with.")
@click.option(
    "--certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="PEM file with certificate and key of the devices."
)
@click.option("--ca", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="PEM file of the authority to trust for https.")
@click.option("--driver", default="none", show_default=True, help="none, hearthline, manual, genieacs, or a TOML file of URL templates.")
@click.option("--api", default="", help="Where the driver finds the ACS's API.")
@click.option("--api-token", envvar="HEARTHLINE_API_TOKEN", default="", help="Token for the API.")
@click.option("--api-user", default="", help="Login for the API, where there is no token.")
@click.option("--api-password", envvar="HEARTHLINE_API_PASSWORD", default="", help="Password of that login.")
@click.option("--callback", default="127.0.0.1", show_default=True, help="Our address, where the ACS can call devices.")
@click.option("--serial-prefix", default="", help="Beginning of all serial numbers [HLC and the time].")
@click.option("--timeout", default=10.0, show_default=True, type=click.FloatRange(0.1), help="Seconds to wait for an answer.")
@click.option("--jobs", default=6, show_default=True, type=click.IntRange(1, 64), help="Cases at a time.")
@click.option("--strict", is_flag=True, help="A warning counts as a failure.")
@click.option("--quiet", is_flag=True, help="Say nothing of cases that passed.")
@click.option("--html", "html_file", type=click.Path(dir_okay=False, path_type=Path), help="Write a report for people.")
@click.option(
    "--junit", "junit_file", type=click.Path(dir_okay=False, path_type=Path), help="Write a report for Jenkins, GitLab and their like."
)
def conformance(**given: Any) -> None:
    """Test the conformance of the ACS at URL."""
    from simulators.conformance.cases import load

    chosen = choose(list(load().values()), given["groups"], given["cases"])
    if given["list_"]:
        for case in chosen:
            click.echo(f"{case.id:55} {case.title}" + (f"  [{' '.join(case.cites)}]" if case.cites else ""))
        click.echo(f"{len(chosen)} cases")
        return
    if not given["url"] or not given["url"].startswith(("http://", "https://")):
        raise click.UsageError("URL of the ACS: http://host:port/ or https://…")
    if not chosen:
        raise click.UsageError("no case fits --group and --case; --list shows them")
    for report in (given["html_file"], given["junit_file"]):
        if report is not None and not report.absolute().parent.is_dir():
            raise click.UsageError(f"There is no folder {report.parent} for the report")
    log.configure(level="critical")
    try:
        results = _run(given, chosen)
    except WrongEnvironment as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    sys.exit(exit_code(results, given["strict"]))


def choose(cases: Sequence[Any], groups: Sequence[str], names: Sequence[str]) -> list[Any]:
    """Those of the groups and of the names, by patterns; all where neither is given."""
    return [
        case for case in cases
        if (not groups and not names) or any(fnmatch(case.group, word) for word in groups) or any(fnmatch(case.id, word) for word in names)
    ]  # fmt: skip


def exit_code(results: Sequence[Any], strict: bool = False) -> int:
    from simulators.conformance.case import Verdict

    bad = {Verdict.FAILED, Verdict.WARNING} if strict else {Verdict.FAILED}
    return int(any(result.verdict in bad for result in results))


def driver_of(given: dict[str, Any]) -> Any:
    """The driver that was named. WrongEnvironment for one that cannot be used."""
    from simulators.conformance.driver import DriverFailed, NoDriver

    name = given["driver"]
    if name == "none":
        return NoDriver()
    if name == "hearthline":
        from simulators.conformance.drivers.hearthline import Hearthline

        if not given["api"] or not (given["api_token"] or given["api_user"]):
            raise WrongEnvironment("The driver hearthline needs --api, and --api-token or --api-user and --api-password")
        return Hearthline(
            given["api"], given["api_token"], (given["api_user"], given["api_password"]), str(given["ca"]) if given["ca"] else None
        )
    if name == "manual":
        from simulators.conformance.drivers.manual import Manual

        return Manual(lambda text: click.prompt(text, default="", show_default=False), Path.cwd())
    from simulators.conformance.drivers.rest import Rest

    path = Path(__file__).parent / "drivers" / "genieacs.toml" if name == "genieacs" else Path(name)
    if not path.is_file():
        raise WrongEnvironment(f"There is no driver {name}: none, hearthline, manual, genieacs, or a TOML file of URL templates")
    try:
        made = Rest.read(path)
    except DriverFailed as error:
        raise WrongEnvironment(str(error)) from None
    if given["api"]:
        made.said["base"] = given["api"]
    return made


def _tls(given: dict[str, Any]) -> Any:
    """Client TLS for https: chain and host name are checked, a certificate is shown if there is one."""
    from urllib.parse import urlsplit

    if not given["url"].startswith("https://"):
        return None
    from twisted.internet.ssl import Certificate, PrivateCertificate, optionsForClientTLS

    root = Certificate.loadPEM(given["ca"].read_bytes()) if given["ca"] else None
    own = PrivateCertificate.loadPEM(given["certificate"].read_bytes()) if given["certificate"] else None
    return optionsForClientTLS(urlsplit(given["url"]).hostname, root, own)


def _run(given: dict[str, Any], chosen: Sequence[Any]) -> Sequence[Any]:
    from twisted.internet import reactor as installed
    from twisted.internet.defer import Deferred

    reactor: Any = installed
    done: list[Any] = []

    def begin() -> None:
        running = Deferred.fromCoroutine(_all(reactor, given, chosen))
        running.addCallbacks(done.append, lambda failure: done.append(failure.value))
        running.addBoth(lambda _: reactor.stop())

    log.observe_twisted()
    reactor.callWhenRunning(begin)
    reactor.run()
    if not done:
        raise WrongEnvironment("Ended before it was over")
    if isinstance(done[0], BaseException):
        raise done[0]
    results: Sequence[Any] = done[0]
    return results


async def _all(reactor: Any, given: dict[str, Any], chosen: Sequence[Any]) -> Sequence[Any]:
    import time

    from simulators.conformance.cpe import World
    from simulators.conformance.driver import DriverFailed
    from simulators.conformance.progress import Progress
    from simulators.conformance.runner import Runner
    from simulators.conformance.wire import NoAnswer, Place, connect

    driver = driver_of(given)
    tls = _tls(given)
    try:
        (await connect(reactor, Place.of(given["url"]), tls, given["timeout"])).close()
        await driver.open()
    except NoAnswer as error:
        raise WrongEnvironment(f"{given['url']}: {error}") from None
    except DriverFailed as error:
        raise WrongEnvironment(f"The driver {driver.name}: {error}") from None
    prefix = given["serial_prefix"] or f"HLC{int(time.time()) % 1_000_000:06d}"
    login = (given["username"], given["password"] or given["onboarding"])
    world = World(reactor, given["url"], driver, login, tls, given["timeout"], given["callback"], prefix)
    progress = Progress(sys.stdout, sys.stdout.isatty(), given["quiet"])
    runner = Runner(world, 1 if driver.name == "manual" else given["jobs"], tell=progress.tell)
    if driver.name == "manual":
        runner.case_s = 3600.0
    began = reactor.seconds()
    results = await runner.run(chosen)
    progress.end()
    _write(given, results, driver.name, reactor.seconds() - began)
    return results


def _write(given: dict[str, Any], results: Sequence[Any], driver: str, seconds: float) -> None:
    from simulators.conformance.junit import junit
    from simulators.conformance.page import page

    try:
        if given["html_file"]:
            given["html_file"].write_text(page(results, given["url"], driver, datetime.now(UTC), seconds), encoding="utf-8")
        if given["junit_file"]:
            given["junit_file"].write_text(junit(results, given["url"], given["strict"]), encoding="utf-8")
    except OSError as error:
        raise WrongEnvironment(f"The report cannot be written: {error}") from None

"""`hearthline simulate`: a fleet of simulated CPEs against any ACS. Wires and decides nothing.

Lines on stdout are for people: what the devices do that matters, and a summary at the end. On a terminal a status line is kept on
stderr. Exit codes: 0 ended by request, 2 wrong use or environment; with --replay 0 the same, 1 different, 2 wrong file or environment.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import click

from acs import log
from acs.errors import WrongEnvironment


@click.command()
@click.option("--count", default=10, show_default=True, type=click.IntRange(1, 100_000), help="How many devices.")
@click.option("--url", "--acs", envvar="HEARTHLINE_ACS_URL", default="http://127.0.0.1:7547/", show_default=True, help="URL of the ACS.")
@click.option("--model", "models", multiple=True, help="Model, or part of its name; may be given again. Default: a mix.")
@click.option("--inform-interval", type=click.IntRange(1), default=None, help="Seconds between periodic Informs [300; 60 with --demo].")
@click.option("--fault", "faults", multiple=True, help="Trouble planted in every device, or NAME:N in the first N; --list shows them.")
@click.option("--quirk", "quirks", multiple=True, help="Departure from the standard, for every device; --list shows them.")
@click.option("--act", "acts", multiple=True, help="What every device does of its own: 'SECONDS WORD …'; --list shows the words.")
@click.option("--demo", is_flag=True, help="The fixed demo fleet: 20 named homes, a few of them in trouble.")
@click.option("--username", default="", help="Login of all devices [OUI-ProductClass-SerialNumber].")
@click.option("--password", default="", help="Password the devices begin with.")
@click.option("--onboarding", envvar="HEARTHLINE_ONBOARDING", default="", help="Onboarding secret: the password they begin with.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), default=None, help="File that keeps the devices over a restart.")
@click.option("--seed", default=1, show_default=True, help="Another seed gives other homes.")
@click.option("--first", default=1, show_default=True, type=click.IntRange(1), help="Number of the first device; gives serials.")
@click.option("--connection-request-port", default=0, type=click.IntRange(0, 65535), help="Port for connection requests [any].")
@click.option("--bind", default="127.0.0.1", show_default=True, help="Address for connection requests.")
@click.option("--boot-time", default=3.0, show_default=True, type=click.FloatRange(0), help="Seconds a restart takes, about.")
@click.option("--start-spread", default=None, type=click.FloatRange(0), help="Seconds over which the first boots spread [10 ms a device].")
@click.option("--clip-retry", default=None, type=click.FloatRange(0), help="Longest wait after a failed session [the table].")
@click.option("--deaf", default=0.0, show_default=True, type=click.FloatRange(0, 1), help="Share of the devices that do not heed Retry-After.")
@click.option("--rate", default=None, type=click.FloatRange(0, min_open=True), help="First boots a second, instead of --start-spread.")
@click.option(
    "--ca", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=None, help="PEM file of the authority to trust for https."
)
@click.option(
    "--certificate", type=click.Path(exists=True, path_type=Path), default=None,
    help="PEM file of a client certificate and its key for https, or a folder of OUI-ProductClass-Serial.pem.",
)  # fmt: skip
@click.option("--nat", default="", metavar="PREFIX", help="Every device behind a NAT of its own, with a private address that begins so: 192.168.")
@click.option("--duration", default=None, type=click.FloatRange(0), help="End after so many seconds.")
@click.option(
    "--replay", type=click.Path(exists=True, path_type=Path), default=None, help="Play a recorded session instead: file or folder."
)
@click.option("--fast", is_flag=True, help="With --replay: without the recorded device's pauses.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), default=None, help="With --replay: also to this .html or .json.")
@click.option("--list", "list_", is_flag=True, help="Show models, faults and quirks, and end.")
@click.option("--quiet", is_flag=True, help="Only the summary.")
def simulate(**given: Any) -> None:
    """Run simulated CPEs against an ACS."""
    if given["list_"]:
        return _show_lists()
    log.configure(level="warning")
    if given["replay"] is not None:
        sys.exit(_replay(given))
    try:
        summary = _run(given)
    except WrongEnvironment as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    click.echo(summary)
    return None


def _show_lists() -> None:
    from simulators.acts import ACTS
    from simulators.planting import faults
    from simulators.profile import profiles
    from simulators.quirks import named

    for name, profile in profiles().items():
        click.echo(f"model  {name:24} {profile.description}, {profile.root}")
    for name, act in ACTS.items():
        click.echo(f"act    {name:24} {act.usage}")
    for word, known in (("fault", faults()), ("quirk", named())):
        for name, about in known.items():
            rows = f" ({', '.join(about['rows'])})" if "rows" in about else ""
            click.echo(f"{word:6} {name:24} {about['says']}{rows}")


def _run(given: dict[str, Any]) -> str:
    from twisted.internet import reactor as installed
    from twisted.internet.defer import ensureDeferred

    from simulators.fleet import Fleet, FleetOptions

    if not re.match(r"https?://[^/]", given["url"]):
        raise WrongEnvironment(f"{given['url']} is no URL of an ACS: http://host:port/ or https://…")
    reactor: Any = installed
    boot = given["boot_time"]
    count = 20 if given["demo"] else given["count"]
    options = FleetOptions(
        count, given["url"], given["models"], given["faults"], given["quirks"], given["demo"],
        given["inform_interval"] or (60 if given["demo"] else 300), given["username"], given["password"] or given["onboarding"],
        given["state"], given["seed"], given["first"], given["bind"], given["connection_request_port"],
        _spread_s(count, given["start_spread"], given["rate"]),
        (boot * 0.7, boot * 1.3), clip_retry_s=given["clip_retry"], ca=given["ca"], certificate=given["certificate"], acts=given["acts"],
        nat=given["nat"].rstrip("."), deaf_share=given["deaf"],
        say=None if given["quiet"] or count > 200 else log.announce,
    )  # fmt: skip
    fleet = Fleet(reactor, options)
    trouble: list[BaseException] = []

    async def begin() -> None:
        await fleet.start()
        if not given["quiet"]:
            log.announce(f"{len(fleet.devices)} simulated devices on their way to {options.url}")
        if given["duration"] is not None:
            reactor.callLater(given["duration"], reactor.stop)

    def fail(failure: Any) -> None:
        trouble.append(failure.value)
        if reactor.running:
            reactor.stop()

    log.observe_twisted()
    reactor.callWhenRunning(lambda: ensureDeferred(begin()).addErrback(fail))
    reactor.addSystemEventTrigger("before", "shutdown", lambda: ensureDeferred(fleet.stop()))
    _keep_status(reactor, fleet)
    reactor.run()
    if trouble:
        raise trouble[0]
    return _status(fleet)


def _spread_s(count: int, spread_s: float | None, rate: float | None) -> float:
    """Seconds over which the first boots spread: as given, by a rate, else 10 ms a device."""
    if rate is not None:
        return count / rate
    return count * 0.01 if spread_s is None else spread_s


def _replay(given: dict[str, Any]) -> int:
    """Exit code: 0 the ACS answered as recorded, 1 otherwise, 2 wrong file or no ACS there."""
    from twisted.internet import reactor as installed
    from twisted.internet.defer import ensureDeferred

    from simulators.recording import WrongFile
    from simulators.replay import replay_file

    reactor: Any = installed
    target: Path | None = given["report"]
    ended: list[Any] = []
    if target is not None and target.suffix not in (".html", ".json"):
        click.echo(f"A report is a .html or a .json file, not {target.name}", err=True)
        return 2
    if target is not None and not target.parent.is_dir():
        click.echo(f"There is no folder {target.parent} for the report", err=True)
        return 2
    password = given["password"] or given["onboarding"]

    def begin() -> None:
        playing = replay_file(reactor, given["replay"], given["url"], given["username"], password, given["ca"], given["fast"])
        ensureDeferred(playing).addBoth(ended.append).addBoth(lambda _nothing: reactor.stop())

    log.observe_twisted()
    reactor.callWhenRunning(begin)
    reactor.run()
    (outcome,) = ended or (None,)
    if outcome is None:
        return 2  # interrupted
    if hasattr(outcome, "value"):
        if not isinstance(outcome.value, WrongFile | WrongEnvironment):
            raise outcome.value
        click.echo(str(outcome.value), err=True)
        return 2
    click.echo(outcome.summary() if given["quiet"] else outcome.text())
    if target is not None:
        target.write_text(outcome.html() if target.suffix == ".html" else outcome.json(), encoding="utf-8")
    return 0 if outcome.same else 1


def _status(fleet: Any) -> str:
    total = fleet.totals()
    up = sum(1 for device in fleet.devices if device.counts.sessions)
    text = (
        f"{up} of {len(fleet.devices)} devices reached the ACS: {total.sessions} sessions, {total.failed} failed, {total.rpcs} RPCs, "
        f"{total.boots} boots, {total.downloads} downloads, {total.uploads} uploads, {total.diagnoses} diagnoses, {total.calls} calls"
    )
    return text + (f"; last failure: {total.last_failure}" if total.last_failure else "")


def _keep_status(reactor: Any, fleet: Any) -> None:
    """A line on the terminal that is written over each second; nothing where stderr is a file."""
    if not sys.stderr.isatty():
        return
    from twisted.internet.task import LoopingCall

    def show() -> None:
        sys.stderr.write("\r\x1b[K" + _status(fleet)[:150])
        sys.stderr.flush()

    loop = LoopingCall(show)
    loop.clock = reactor
    reactor.callWhenRunning(loop.start, 1.0, now=False)
    reactor.addSystemEventTrigger("before", "shutdown", lambda: sys.stderr.write("\n"))

"""Diagnoses of a simulated CPE: they take time, go through DiagnosticsState, and leave results a person can believe.

Started after the session that asked (conformance G-3), stopped by any new input (G-6), reported with event 8 (G-4). Ping, trace route,
name lookup and Wi-Fi scan are played from the facts of the home; throughput.py really moves octets on loopback.
Tests: tests/simulators/test_diagnostics.py, with a Clock.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, ensureDeferred

from acs import log
from simulators.chance import AnyChance
from simulators.cpe import Cpe
from simulators.facts import Neighbour
from simulators.probe import Probe, Unresolved
from simulators.throughput import download, upload

RESTING_S = 0.2
"""Between two echo requests, beyond the answer itself."""
SCAN_S = (3.0, 5.0)


class Diagnostics:
    """All diagnoses of one device; each object of the tree that has a DiagnosticsState runs by itself."""

    def __init__(self, reactor: Any, cpe: Cpe, rng: AnyChance, finished: Callable[[str], None]) -> None:
        self.reactor, self.cpe, self.rng, self.finished = reactor, cpe, rng, finished
        self.running: dict[str, Deferred[Any]] = {}

    def start(self, place: str) -> None:
        """Run the diagnosis of one object (`Device.IP.Diagnostics.IPPing.`); one that runs there is stopped first (G-7)."""
        self.stop(place)
        method = _METHODS.get(_kind(place))
        probe = Probe(self.reactor, self.cpe, place, self.rng)
        if method is None:
            self._end(place, "Error_Internal" if self._offers(place, "Error_Internal") else "Error")
            return
        probe.clear_results()
        self.running[place] = ensureDeferred(self._run(place, method(probe)))

    async def _run(self, place: str, diagnosis: Coroutine[Any, Any, str]) -> None:
        try:
            await _turn(self.reactor)
            state = await diagnosis
        except CancelledError:
            diagnosis.close()
            return
        except Unresolved:
            state = "Error_CannotResolveHostName"
        except Exception:
            log.get("cpe").error("diagnosis failed unexpectedly", device=str(self.cpe.identity.key), place=place, exc_info=True)
            state = "Error_Internal"
        self.running.pop(place, None)
        self._end(place, state)

    def _end(self, place: str, state: str) -> None:
        """With a state the model knows: `Completed` for `Complete` in TR-098 throughput, another error for one it lacks (X-7)."""
        for word in (state, "Completed" if state == "Complete" else "", "Error_Internal", "Error_Other", "Error"):
            if word and self._offers(place, word):
                self.cpe.tree.put(place + "DiagnosticsState", word)
                break
        self.cpe.facts.note(f"{place} {state}")
        self.finished(place)

    def _offers(self, place: str, word: str) -> bool:
        leaf = self.cpe.tree.leaf(place + "DiagnosticsState")
        return leaf is not None and any(value.value == word for value in leaf.entry.enums)

    def stop(self, place: str) -> None:
        """Without event (G-4)."""
        running = self.running.pop(place, None)
        if running is not None:
            running.cancel()

    def stop_all(self) -> None:
        for place in tuple(self.running):
            self.stop(place)


def _turn(reactor: Any) -> Deferred[None]:
    """One turn of the reactor: the session that asked has closed its connection then."""
    waiting: Deferred[None] = Deferred()
    timer = reactor.callLater(0, waiting.callback, None)
    waiting.addErrback(lambda failure: (timer.cancel() if timer.active() else None, failure)[1])
    return waiting


def _kind(place: str) -> str:
    return place.rstrip(".").rpartition(".")[2].removeprefix("X_HEARTHLINE_").removesuffix("Diagnostics").removesuffix("Diagnostic")


async def _ping(probe: Probe) -> str:
    """Results in ms, and in microseconds where the model has them (G-15, G-20)."""
    address = probe.resolve(probe.text("Host"))
    repetitions, timeout_ms = probe.number("NumberOfRepetitions", 1), probe.number("Timeout", 1000)
    times: list[float] = []
    for _ in range(repetitions):
        rtt = probe.rtt_ms(address)
        if rtt is None or rtt > timeout_ms:
            await probe.sleep(timeout_ms / 1000)
        else:
            await probe.sleep(rtt / 1000 + RESTING_S)
            times.append(rtt)
    probe.put("SuccessCount", len(times))
    probe.put("FailureCount", repetitions - len(times))
    probe.put("IPAddressUsed", probe.cpe.facts.wan_ip)
    average = sum(times) / len(times) if times else 0.0
    for name, value in (("Average", average), ("Minimum", min(times, default=0.0)), ("Maximum", max(times, default=0.0))):
        probe.put(f"{name}ResponseTime", round(value))
        probe.put(f"{name}ResponseTimeDetailed", round(value * 1000))
    return "Complete"


async def _trace(probe: Probe) -> str:
    """One row per hop; TR-098 spells the columns HopHost, TR-181 Host (G-21)."""
    address = probe.resolve(probe.text("Host"))
    tries, limit = probe.number("NumberOfTries", 3), probe.number("MaxHopCount", 30)
    route = probe.route(address)
    for hop, (name, hop_address, rtt_ms) in enumerate(route[:limit]):
        times = [max(1, round(rtt_ms * probe.rng.uniform(0.9, 1.3))) for _ in range(tries)]
        await probe.sleep(sum(times) / 1000)
        code = 0 if hop == len(route) - 1 else 11
        row = probe.add_row("RouteHops.")
        for leaf, value in (("Host", name), ("HostAddress", hop_address), ("ErrorCode", code), ("RTTimes", ",".join(map(str, times)))):
            probe.put(f"RouteHops.{row}.{leaf}", value)
            probe.put(f"RouteHops.{row}.Hop{leaf}", value)
    probe.put("ResponseTime", round(route[min(limit, len(route)) - 1][2]))
    probe.put("IPAddressUsed", probe.cpe.facts.wan_ip)
    return "Complete" if len(route) <= limit else "Error_MaxHopCountExceeded"


async def _echo(probe: Probe) -> str:
    """UDP echo: like a ping, in microseconds only (G-26)."""
    address = probe.resolve(probe.text("Host"))
    times = await _echoes(probe, address)
    _put_microseconds(probe, times)
    probe.put("SuccessCount", len(times))
    probe.put("FailureCount", probe.number("NumberOfRepetitions", 1) - len(times))
    probe.put("IPAddressUsed", probe.cpe.facts.wan_ip)
    return "Complete"


async def _select(probe: Probe) -> str:
    """The host of the list that answers fastest (G-27)."""
    best: tuple[str, list[float]] = ("", [])
    for host in filter(None, (part.strip() for part in probe.text("HostList").split(","))):
        try:
            times = await _echoes(probe, probe.resolve(host))
        except Unresolved:
            continue
        if times and (not best[1] or sum(times) / len(times) < sum(best[1]) / len(best[1])):
            best = (host, times)
    if not best[1]:
        return "Error_NoResponse"
    probe.put("FastestHost", best[0])
    probe.put("IPAddressUsed", probe.cpe.facts.wan_ip)
    _put_microseconds(probe, best[1])
    return "Complete"


async def _echoes(probe: Probe, address: str) -> list[float]:
    """Round trips in ms of as many requests as asked for; the lost ones are missing."""
    timeout_ms, times = probe.number("Timeout", 1000), []
    for _ in range(probe.number("NumberOfRepetitions", 1)):
        rtt = probe.rtt_ms(address)
        came = rtt is not None and rtt <= timeout_ms
        await probe.sleep((rtt if rtt is not None and came else timeout_ms) / 1000)
        if rtt is not None and came:
            times.append(rtt)
    return times


def _put_microseconds(probe: Probe, times: list[float]) -> None:
    for name, value in (
        ("Average", sum(times) / len(times) if times else 0),
        ("Minimum", min(times, default=0)),
        ("Maximum", max(times, default=0)),
    ):
        probe.put(f"{name}ResponseTime", round(value * 1000))


async def _self_test(probe: Probe) -> str:
    """What is the matter with this device by its own account (G-33)."""
    await probe.sleep(2)
    flags = sorted(probe.cpe.facts.flags)
    probe.put("Results", "memory ok, flash ok, radios ok" + "".join(f", {flag}" for flag in flags))
    return "Complete"


async def _lookup(probe: Probe) -> str:
    """One row per repetition (G-28)."""
    repetitions, timeout_ms = probe.number("NumberOfRepetitions", 1), probe.number("Timeout", 5000)
    good = 0
    server = probe.text("DNSServer") or "203.0.113.53"
    for _ in range(repetitions):
        row = probe.add_row("Result.")
        answers = "no-dns" not in probe.cpe.facts.flags or server != "203.0.113.53"
        took = round(probe.rng.uniform(6, 28))
        try:
            address = probe.resolve(probe.text("HostName"), needs_dns=False) if answers else ""
            status = "Success" if answers else "Error_DNSServerNotAvailable"
        except Unresolved:
            address, status = "", "Error_HostNameNotResolved"
        await probe.sleep((took if answers else timeout_ms) / 1000)
        good += status == "Success"
        values = {
            "Status": status, "AnswerType": "NonAuthoritative" if address else "None", "IPAddresses": address,
            "HostNameReturned": probe.text("HostName") if address else "", "DNSServerIP": server, "ResponseTime": took if answers else 0,
        }  # fmt: skip
        for leaf, value in values.items():
            probe.put(f"Result.{row}.{leaf}", value)
    probe.put("SuccessCount", good)
    return "Complete"


async def _scan(probe: Probe) -> str:
    """The networks next door, strongest first, and now and then one that has gone (G-29)."""
    await probe.sleep(probe.rng.uniform(*SCAN_S))
    for neighbour in probe.cpe.facts.neighbours:
        if neighbour.signal_dbm < -88 and probe.rng.random() < 0.3:
            continue
        row = probe.add_row("Result.")
        for leaf, value in _neighbour_values(neighbour, probe).items():
            probe.put(f"Result.{row}.{leaf}", value)
    return "Complete"


def _neighbour_values(neighbour: Neighbour, probe: Probe) -> dict[str, object]:
    five = neighbour.is_5ghz
    standards = "n,ac,ax" if five else "b,g,n"
    return {
        "Radio": ("Device.WiFi.Radio.2" if five else "Device.WiFi.Radio.1") if probe.cpe.tree.base.root == "Device" else "",
        "SSID": neighbour.ssid, "BSSID": neighbour.bssid, "Mode": "Infrastructure", "Channel": neighbour.channel,
        "SignalStrength": neighbour.signal_dbm + probe.rng.randint(-2, 2), "SecurityModeEnabled": neighbour.security,
        "EncryptionMode": "" if neighbour.security == "None" else "AES", "OperatingFrequencyBand": "5GHz" if five else "2.4GHz",
        "SupportedStandards": standards, "OperatingStandards": standards, "OperatingChannelBandwidth": "80MHz" if five else "20MHz",
        "BeaconPeriod": 100, "Noise": -95 if five else -92, "DTIMPeriod": 2,
    }  # fmt: skip


_METHODS: dict[str, Callable[[Probe], Coroutine[Any, Any, str]]] = {
    "IPPing": _ping,
    "TraceRoute": _trace,
    "NSLookup": _lookup,
    "NeighboringWiFi": _scan,
    "UDPEcho": _echo,
    "ServerSelection": _select,
    "SelfTest": _self_test,
    "Download": download,
    "Upload": upload,
}

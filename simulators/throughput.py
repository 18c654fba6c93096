"""Download and Upload diagnostics: octets really moved when the URL is http on loopback, else played; both at the speed of the line.

Only loopback is ever contacted, so that a fleet of simulators cannot be turned into a load on somebody's server. Times are UTC with
microseconds (conformance G-15, G-22 to G-24); TR-143 names them ROM (request sent), BOM (first octet), EOM (last octet).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from simulators.http import ConnectFailed, ExchangeFailed, HttpClient
from simulators.probe import Probe

PLAYED_OCTETS = 10 * 1024 * 1024
MAX_PLAYED_S = 12.0


@dataclass(slots=True)
class _Times:
    """Seconds as the reactor tells them."""

    asked: float = 0.0
    opened: float = 0.0
    rom: float = 0.0
    bom: float = 0.0
    eom: float = 0.0


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def line_kbps(probe: Probe, direction: str) -> float:
    """What the line carries at this moment: a little below its rate, far below with a poor optical signal."""
    facts = probe.cpe.facts
    rate = facts.line_down_kbps if direction == "down" else facts.line_up_kbps
    return rate * probe.rng.uniform(0.9, 0.99) * (0.22 if facts.optical_rx_dbm < -27 else 1.0)


async def download(probe: Probe) -> str:
    """Fetch DownloadURL; the state it ends with."""
    url = probe.text("DownloadURL")
    if urlsplit(url).scheme != "http" or not urlsplit(url).hostname:
        return "Error_NoTransferMode" if url else "Error_InitConnectionFailed"
    if not is_loopback(url):
        return await _play(probe, "down", PLAYED_OCTETS)
    client, times, octets = HttpClient(probe.reactor, idle_s=30), _Times(probe.reactor.seconds()), 0

    def take(part: bytes) -> None:
        nonlocal octets
        times.bom = times.bom or probe.reactor.seconds()
        octets += len(part)

    try:
        response = await client.request("GET", url, [("Connection", "close")], sink=take, pace_kbps=line_kbps(probe, "down"))
    except ConnectFailed:
        return "Error_InitConnectionFailed"
    except ExchangeFailed:
        return "Error_TransferFailed" if octets else "Error_NoResponse"
    finally:
        client.abort()
    times.eom = probe.reactor.seconds()
    times.rom = times.opened = client.opened_at
    if response.status != 200:
        return "Error_LoginFailed" if response.status == 401 else "Error_TransferFailed"
    _report(probe, times, "Received", octets)
    return "Complete"


async def upload(probe: Probe) -> str:
    """PUT TestFileLength octets to UploadURL."""
    url, length = probe.text("UploadURL"), int(probe.text("TestFileLength") or 0)
    if urlsplit(url).scheme != "http" or not urlsplit(url).hostname:
        return "Error_NoTransferMode" if url else "Error_InitConnectionFailed"
    if not is_loopback(url):
        return await _play(probe, "up", length or PLAYED_OCTETS)
    client, times = HttpClient(probe.reactor, idle_s=30), _Times(probe.reactor.seconds())
    try:
        kbps = line_kbps(probe, "up")
        response = await client.request("PUT", url, [("Content-Type", "application/octet-stream")], length=length, pace_kbps=kbps)
    except ConnectFailed:
        return "Error_InitConnectionFailed"
    except ExchangeFailed:
        return "Error_NoResponse"
    finally:
        client.abort()
    times.eom = probe.reactor.seconds()
    times.rom = times.bom = times.opened = client.opened_at
    if not 200 <= response.status < 300:
        return "Error_LoginFailed" if response.status == 401 else "Error_NoTransferComplete"
    _report(probe, times, "Sent", length)
    return "Complete"


async def _play(probe: Probe, direction: str, octets: int) -> str:
    """As if over the line."""
    probe.resolve(urlsplit(probe.text("DownloadURL" if direction == "down" else "UploadURL")).hostname or "")
    kbps = line_kbps(probe, direction)
    seconds = min(octets * 8 / (kbps * 1000), MAX_PLAYED_S)
    start = probe.reactor.seconds()
    await probe.sleep(seconds + 0.03)
    times = _Times(start, start + 0.011, start + 0.012, start + 0.03, start + 0.03 + seconds)
    _report(probe, times, "Received" if direction == "down" else "Sent", round(seconds * kbps * 125))
    return "Complete"


def _report(probe: Probe, times: _Times, way: str, octets: int) -> None:
    eom = max(times.eom, (times.bom or times.rom) + 0.000001)
    named = {
        "TCPOpenRequestTime": times.asked, "TCPOpenResponseTime": times.opened, "ROMTime": times.rom, "BOMTime": times.bom or times.rom,
        "EOMTime": eom,
    }  # fmt: skip
    for leaf, seconds in named.items():
        probe.put(leaf, datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    for leaf in (f"TestBytes{way}", f"TotalBytes{way}", f"TestBytes{way}UnderFullLoading", f"TotalBytes{way}UnderFullLoading"):
        probe.put(leaf, octets)
    probe.put("PeriodOfFullLoading", round((eom - (times.bom or times.rom)) * 1_000_000))
    probe.put("IPAddressUsed", probe.cpe.facts.wan_ip)

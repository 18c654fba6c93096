"""Gathers the facts of a verdict from what is stored: head, parameters, library, last scan. Pure.

Versions are compared part by part, numbers as numbers; where one cannot be compared nothing is called outdated.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from acs.devices.views import DeviceView
from acs.firmware.service import ImageState, ImageView, runs_of, unfit, version_key
from acs.operations.views import OperationView
from care.devices import channels, panels, words
from care.devices.channels import Neighbour
from care.devices.known import Known
from care.devices.verdict import Band, Dhcp, Facts
from datamodels import canonical

RX = "optical.rx_power_dbm"
DHCP = ("dhcp.enabled", "dhcp.min_address", "dhcp.max_address", "dhcp.gateways", "lan.ip_address", "lan.subnet_mask")


def fits(image: ImageView, head: DeviceView) -> bool:
    """Whether it is offered to this device; whether the device can load it at once is a question of its path."""
    return image.state is ImageState.RELEASED and not unfit(image, runs_of(head))


def newer_image(head: DeviceView, images: Iterable[ImageView]) -> ImageView | None:
    """The newest fitting image, if it is newer than what the device runs. One for any model says nothing about age."""
    fitting = [image for image in images if image.all_models and fits(image, head)]
    newest = max(fitting, key=lambda image: version_key(image.version), default=None)
    if newest is None or not head.software_version or version_key(newest.version) <= version_key(head.software_version):
        return None
    return newest


def neighbours_of(known: Known, scan: OperationView | None) -> tuple[tuple[Neighbour, ...], datetime | None]:
    """Networks around, and when they were heard: by the last scan we asked for, else as the device's table has them."""
    if scan is not None and scan.result.get("neighbours"):
        rows: Iterable[Mapping[str, Any]] = scan.result["neighbours"]
        return _neighbours(rows), scan.finished_at
    table = known.rows("wifi.neighbours")
    return _neighbours(row.cells for row in table), max((row.at for row in table if row.at), default=None)


def _neighbours(rows: Iterable[Mapping[str, Any]]) -> tuple[Neighbour, ...]:
    return tuple(
        Neighbour(
            str(row.get("ssid") or ""), str(row.get("bssid") or ""), int(row["channel"]), int(row["signal_dbm"]), str(row.get("security") or ""),
            _width(str(row.get("bandwidth") or "")),
        )
        for row in rows
        if row.get("channel") and row.get("signal_dbm")
    )  # fmt: skip


def _width(text: str) -> int:
    digits = re.match(r"\d+", text)
    return int(digits[0]) if digits and int(digits[0]) in (20, 40, 80, 160, 320) else 20


def facts_of(head: DeviceView, known: Known, newer: ImageView | None, scan: OperationView | None, now: datetime) -> Facts:
    neighbours, heard_at = neighbours_of(known, scan)
    rx, uptime = known.reading(RX), known.reading("system.uptime_s")
    crowding = channels.crowding_2g(known.value("wifi.2g.channel"), neighbours)
    home = [f"wifi.{band}.{leaf}" for band in known.bands for leaf in ("enabled", "security_mode")]
    hosts = panels.hosts(known)
    weak = sum(1 for host in hosts.hosts if host.state == "warn" and host.active is not False)
    home_at = [reading.at for reading in known.readings((*home, *DHCP)) if reading.value is not None]
    home_at += [at for at, counts in ((heard_at, crowding), (hosts.at, weak)) if at is not None and counts]
    return Facts(
        now=now,
        presence=head.presence,
        has_tree=head.has_tree,
        last_inform_at=head.last_inform_at,
        last_boot_at=head.last_boot_at,
        uptime_s=uptime.value if uptime is not None and isinstance(uptime.value, int) else None,
        uptime_at=uptime.at if uptime is not None else None,
        version=head.software_version,
        newest_version=newer.version if newer else "",
        rx_dbm=rx.value if rx is not None and isinstance(rx.value, float) else None,
        rx_health=rx.health if rx is not None else None,
        rx_limits=canonical.describe(RX).limits,
        wan_status=known.value("wan.status"),
        wan_address=known.value("wan.ip_address") or "",
        bands=tuple(Band(words.BANDS[b], known.value(f"wifi.{b}.enabled"), known.value(f"wifi.{b}.security_mode")) for b in known.bands),
        dhcp=_dhcp(known),
        crowding=crowding,
        weak_clients=weak,
        line_at=min((reading.at for reading in known.readings((RX, "wan.status")) if reading.value is not None), default=None),
        home_at=min(home_at, default=None),
    )


def _dhcp(known: Known) -> Dhcp | None:
    if known.reading("dhcp.min_address") is None:
        return None
    text = {name: str(known.value(name) or "") for name in ("dhcp.min_address", "dhcp.max_address", "lan.ip_address", "lan.subnet_mask")}
    return Dhcp(
        known.value("dhcp.enabled"), text["dhcp.min_address"], text["dhcp.max_address"], known.value("dhcp.gateways") or (),
        text["lan.ip_address"], text["lan.subnet_mask"],
    )  # fmt: skip

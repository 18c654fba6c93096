"""Files fetched and sent: what a CPE does between DownloadResponse and TransferComplete.

Really over HTTP, with Digest or Basic when the server asks. Faults follow conformance I-7: 9015 no contact, 9016 no such file, 9012
login refused, 9017 cut short, 9018 not what it should be, 9011 an upload refused. Tests: tests/simulators/test_transfers.py.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from urllib.parse import urljoin

from acs.errors import WrongEnvironment
from simulators import config_file
from simulators.cpe import Cpe, Transfer
from simulators.firmware import ImageFault, loops_of, version_of
from simulators.http import ConnectFailed, ExchangeFailed, HttpClient, Response
from simulators.transport import MAX_REDIRECTS, Authorizer, is_stale

MAX_FILE = 256 * 1024 * 1024


Sink = Callable[[bytes], None]


class Aftermath(Enum):
    """What follows a transfer: its report at once, or a restart into the new firmware first."""

    REPORT = auto()
    REBOOT = auto()


class Failed(Exception):
    """Why a file did not arrive, or is not taken: a fault code and a sentence."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


async def transfer_file(client: HttpClient, cpe: Cpe, transfer: Transfer) -> Aftermath:
    """Do it, and note the outcome on `transfer`. Only what nobody thought of is raised."""
    transfer.started = None
    spare = spare_image(cpe) if transfer.file_type.startswith("6 ") else ""
    if spare:
        cpe.change(spare + "Status", "Downloading")
    try:
        if transfer.kind == "upload":
            await _upload(client, cpe, transfer)
            return Aftermath.REPORT
        content = await fetch(client, cpe, transfer)
        if transfer.windows and cpe.facts.now() >= transfer.windows[0].end:
            raise Failed(9017, "received after its time window")
        return _apply(cpe, transfer, content)
    except Failed as error:
        transfer.fault_code, transfer.fault_string = error.code, str(error)[:256]
        if spare:
            cpe.change(spare + "Status", "ValidationFailed" if error.code == 9018 else "DownloadFailed")
        cpe.facts.note(f"{transfer.kind} failed: {error.code} {error}")
        return Aftermath.REPORT


async def fetch(client: HttpClient, cpe: Cpe, transfer: Transfer) -> bytes:
    """The whole file, checked for its size. Failed says why there is none."""
    received: list[bytes] = []
    size = 0

    def take(part: bytes) -> None:
        nonlocal size
        size += len(part)
        if size > MAX_FILE:
            raise ValueError("no room for this file")
        received.append(part)

    if "head" in cpe.quirks.files:
        found = await _ask(client, cpe, transfer, "HEAD")
        if found.status != 200:
            raise _status_fault(found.status, 9010)
    step = int(cpe.quirks.number("files", "range") or 0) if cpe.quirks.files else 0
    while True:
        span = f"bytes={size}-{size + step - 1}" if step else ""
        response = await _ask(client, cpe, transfer, "GET", sink=take, span=span)
        if response.status not in (200, 206):
            raise _status_fault(response.status, 9010)
        if response.status == 200 or not step or size >= int(response.one("content-range", "/0").rpartition("/")[2] or 0):
            break
    content = b"".join(received)
    if "download-corrupt" in cpe.facts.flags and content:
        content = content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 0xFF]) + content[len(content) // 2 + 1 :]
        raise Failed(9018, "the checksum of the file is wrong")
    if transfer.file_size and len(content) < transfer.file_size:
        raise Failed(9017, f"{len(content)} of {transfer.file_size} octets received")
    if transfer.file_size and len(content) != transfer.file_size:
        raise Failed(9018, f"{len(content)} octets received, {transfer.file_size} announced")
    return content


def _apply(cpe: Cpe, transfer: Transfer, content: bytes) -> Aftermath:
    """Firmware changes the version and restarts; a configuration is restored; other files are only kept in the log."""
    number = transfer.file_type[:2]
    if number == "1 ":
        try:
            version = version_of(content, cpe.facts.profile.name, transfer.url, transfer.target)
        except ImageFault as error:
            raise Failed(error.code, error.text) from None
        if "second-boot" in cpe.quirks.files:
            cpe.waiting_version = version
        else:
            cpe.install_firmware(version)
            cpe.loops_s = loops_of(content)
        cpe.facts.note(f"firmware {version} installed")
        return Aftermath.REBOOT
    if number == "3 ":
        try:
            config_file.restore(cpe, content)
        except ValueError as error:
            raise Failed(9018, str(error)) from None
    elif number == "6 ":
        _store_image(cpe, transfer, content)
    cpe.facts.note(f"{transfer.file_type} received, {len(content)} octets")
    return Aftermath.REPORT


def spare_image(cpe: Cpe) -> str:
    """The image bank that does not run, with its dot; "" where there is none."""
    table, active = f"{cpe.tree.root}DeviceInfo.FirmwareImage.", f"{cpe.tree.root}DeviceInfo.ActiveFirmwareImage"
    banks = [f"{table}{number}" for number in cpe.tree.rows(table)]
    return next((bank + "." for bank in banks if bank != cpe.tree.value(active)), "")


def _store_image(cpe: Cpe, transfer: Transfer, content: bytes) -> None:
    """A stored image waits in the other bank until it is chosen (conformance I-18)."""
    spare = spare_image(cpe)
    if not spare:
        raise Failed(9010, "there is no second image bank")
    try:
        version = version_of(content, cpe.facts.profile.name, transfer.url, transfer.target)
    except ImageFault as error:
        raise Failed(error.code, error.text) from None
    for leaf, text in (("Version", version), ("Status", "Available"), ("Available", "true")):
        cpe.change(spare + leaf, text)


async def _upload(client: HttpClient, cpe: Cpe, transfer: Transfer) -> None:
    is_log = transfer.file_type[:2] in ("2 ", "4 ") or "log" in transfer.file_type.lower()
    content = ("\n".join(cpe.facts.log) + "\n").encode() if is_log else config_file.dump(cpe)
    response = await _ask(client, cpe, transfer, "PUT", content)
    if not 200 <= response.status < 300:
        raise _status_fault(response.status, 9011)


def _status_fault(status: int, otherwise: int) -> Failed:
    if status == 401:
        return Failed(9012, "the file server refused our login")
    if status in (403, 404, 410):
        return Failed(9016, f"the file server answered HTTP {status}")
    return Failed(otherwise, f"the file server answered HTTP {status}")


async def _ask(
    client: HttpClient, cpe: Cpe, transfer: Transfer, method: str, body: bytes = b"", *, sink: Sink | None = None, span: str = ""
) -> Response:
    """One request with its login rounds and redirects; the last answer, whatever its status."""
    auth = Authorizer(transfer.username, transfer.password)
    url, refusals, redirects = transfer.url, 0, 0
    while True:
        headers = [("User-Agent", "Hearthline-CPE")]
        line = auth.header(method, url)
        if line:
            headers.append(("Authorization", line))
        if body:
            headers.append(("Content-Type", "application/octet-stream"))
        if span:
            headers.append(("Range", span))
        transfer.started = transfer.started or cpe.facts.now()
        try:
            response = await client.request(method, url, headers, body, sink=sink)
        except (ConnectFailed, WrongEnvironment) as error:
            raise Failed(9015, f"no connection: {error}") from None
        except ExchangeFailed as error:
            raise Failed(9017 if method == "GET" else 9011, str(error)) from None
        if response.status == 401 and transfer.username and (refusals == 0 or (is_stale(response) and refusals < 3)):
            refusals += 1
            auth.challenged(response)
        elif response.status in (301, 302, 307, 308) and response.one("location") and redirects < MAX_REDIRECTS:
            redirects += 1
            url = urljoin(url, response.one("location"))
        else:
            return response

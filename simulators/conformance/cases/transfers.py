"""Download and Upload of the ACS, with every way they may fail (conformance C.7, C.8, I; quirks K-61 to K-66)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from acs.cwmp.messages import Download, DownloadResponse, FaultStruct, TransferComplete, Upload
from acs.cwmp.times import UNKNOWN_TIME, format_time
from simulators.conformance.case import case, check, skip
from simulators.conformance.cases.events import _reported
from simulators.conformance.cases.sessions import transfer_complete
from simulators.conformance.cpe import CwmpFault, Said, WireCpe
from simulators.conformance.wire import Answer, Place, connect
from simulators.cpe import Transfer
from simulators.firmware import make_image
from simulators.http import ConnectFailed, ExchangeFailed, HttpClient, Response
from simulators.transfers import transfer_file
from simulators.transport import Authorizer

GROUP, UPLOAD = "Download", "Upload"
SIZE = 70_000
NEW = "9.8.7"


async def _downloads(cpe: WireCpe, version: str = "") -> tuple[Any, Said, Download, bytes]:
    """(handle, answer, message, image): a known device's session up to the Download."""
    version = version or NEW
    image = make_image(cpe.model.facts.profile.name, version, SIZE)
    await cpe.acquainted()
    handle = await cpe.wants("download", image=image, file_name=f"{cpe.serial.lower()}.bin", version=version, force=True)
    await cpe.informs("6 CONNECTION REQUEST")
    said = await cpe.until("Download")
    return handle, said, cpe.reading(said), image


async def _accepted(cpe: WireCpe, version: str = "") -> tuple[Any, Download, bytes]:
    """The Download was accepted with status 1 and the session is over."""
    handle, said, message, image = await _downloads(cpe, version)
    await cpe.finishes(await cpe.answers(said, DownloadResponse(1, UNKNOWN_TIME, UNKNOWN_TIME)))
    return handle, message, image


async def _fetch(
    cpe: WireCpe, message: Download | Upload, method: str = "GET", *, url: str = "", headers: Any = (), body: bytes = b""
) -> Response:
    """One request to the file server with its login round."""
    client, auth = HttpClient(cpe.world.reactor, idle_s=10), Authorizer(message.username, message.password)
    url = url or message.url
    try:
        for _ in range(2):
            line = auth.header(method, url)
            given = [*headers, *([("Authorization", line)] if line else [])]
            got = await client.request(method, url, given, body)
            cpe.note(f"{method} {urlsplit(url).path[:20]}…: {got.status}, {len(got.body)} octets", ">")
            if got.status != 401 or not auth.challenged(got):
                break
        return got
    finally:
        client.close()


async def _head(cpe: WireCpe, message: Download) -> Answer:
    """HEAD, whose answer announces a body and has none."""
    line = await connect(cpe.world.reactor, Place.of(message.url))
    line.send(
        f"HEAD {Place.of(message.url).target} HTTP/1.1\r\nHost: {Place.of(message.url).authority}\r\nConnection: close\r\n\r\n".encode()
    )
    try:
        return await line.answer(10.0, bodiless=True)
    finally:
        line.close()


def _complete(cpe: WireCpe, key: str, code: int = 0, text: str = "") -> TransferComplete:
    from datetime import UTC, datetime

    now = format_time(datetime.fromtimestamp(cpe.model.facts.now(), UTC))
    return TransferComplete(key, FaultStruct(code, text), now, UNKNOWN_TIME if code else now)


async def _fails(cpe: WireCpe, handle: Any, key: str, code: int, text: str = "") -> None:
    """Report the failure; it must be told, and Download must not simply come again."""
    await cpe.informs("7 TRANSFER COMPLETE", f"M Download|{key}")
    await _reported(cpe, _complete(cpe, key, code, text or f"failed with {code}"))
    asked = await cpe.finishes()
    check("Download" not in asked, f"the download failed with {code} and the same session has it again")
    outcome = await cpe.outcome(handle)
    check(outcome.state != "done", f"a download that failed with {code} is told as done")
    cpe.should(outcome.state == "failed", f"a download that failed with {code} is {outcome.state}")
    cpe.should(outcome.fault in (None, code) or str(code) in outcome.detail, f"the fault {code} is not told")


# ---- what is asked -------------------------------------------------------------------------------------------------


@case(GROUP, "C-4", "C-90", "C-92", "I-2", "I-16", "B-7", title="Download is whole: type, key, URL, size", needs="download")
async def form(cpe: WireCpe) -> None:
    """Reads the arguments of Download."""
    _, said, message, image = await _downloads(cpe)
    rpc = said.xml.rpc
    assert rpc is not None
    wanted = [
        "CommandKey",
        "FileType",
        "URL",
        "Username",
        "Password",
        "FileSize",
        "TargetFileName",
        "DelaySeconds",
        "SuccessURL",
        "FailureURL",
    ]
    check([node.name for node in rpc.children] == wanted, f"Download has {[node.name for node in rpc.children]}")
    check(0 < len(message.command_key) <= 32, f"CommandKey {message.command_key!r}")
    check(re.fullmatch(r"[1-9]\d*( \S+)+|X \S+ .+", message.file_type), f"FileType {message.file_type!r}")
    check(message.file_type == "1 Firmware Upgrade Image", f"firmware is sent as {message.file_type!r}")
    check(urlsplit(message.url).scheme in ("http", "https") and len(message.url) <= 256, f"URL of {len(message.url)} characters")
    check("@" not in urlsplit(message.url).netloc, "the URL holds a login")
    cpe.should(message.file_size == len(image), f"FileSize is {message.file_size}, the file has {len(image)} octets")
    cpe.should(not message.success_url and not message.failure_url, "SuccessURL and FailureURL are for browsers, and not empty")


@case(GROUP, "C-98", "C-125", title="Every Download has a CommandKey of its own", needs="download")
async def keys_are_unique(cpe: WireCpe) -> None:
    """Two devices get the same image; their keys differ."""
    other = cpe.another()
    _, _, first, _ = await _downloads(cpe)
    _, _, second, _ = await _downloads(other)
    check(first.command_key != second.command_key, "two downloads have the same CommandKey")


@case(GROUP, "I-16", "J-12", "K-65", title="The URL serves the file by GET, HEAD and Range", needs="download")
async def file_server(cpe: WireCpe) -> None:
    """Fetches the file as devices do: whole, its head, and from the middle."""
    _, message, image = await _accepted(cpe)
    got = await _fetch(cpe, message)
    check(got.status == 200, f"GET of the file: HTTP {got.status}")
    check(got.body == image, f"the file server sent {len(got.body)} octets that are not the image of {len(image)}")
    line = await _head(cpe, message)
    cpe.should(line.status == 200 and line.one("content-length") in ("", str(len(image))), f"HEAD: HTTP {line.status}")
    part = await _fetch(cpe, message, headers=[("Range", "bytes=1000-1999")])
    cpe.should(part.status == 206 and part.body == image[1000:2000], f"Range: HTTP {part.status} with {len(part.body)} octets")


@case(GROUP, "J-12", "J-8", title="File links cannot be guessed, and there is no listing", needs="download")
async def links(cpe: WireCpe) -> None:
    """Changes a sign in what chance has made of the link, and asks for what is above it; nothing is served."""
    _, message, image = await _accepted(cpe)
    parts = urlsplit(message.url)
    wrong = _guessed(message.url)
    if wrong == message.url:
        cpe.should(message.username and message.password, "the link holds nothing that could not be guessed, and asks for no login")
    for url in ({wrong} - {message.url}) | {f"{parts.scheme}://{parts.netloc}{path}" for path in ("/", "/files/", "/../../etc/passwd")}:
        got = await _fetch(cpe, message, url=url)
        check(got.body != image, "the image is served by a link nobody gave")
        cpe.should(got.status >= 400, f"GET of a guessed link: HTTP {got.status}")


def _guessed(url: str) -> str:
    """The link with a sign changed in each part of it that chance has made."""
    head, found, rest = url.partition("://")
    place, _, path = rest.partition("/")

    def other(match: re.Match[str]) -> str:
        token, middle = match[0], len(match[0]) // 2
        return token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]

    return f"{head}{found}{place}/" + re.sub(r"(?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{16,}", other, path)


@case(GROUP, "I-5", "C-93", title="After status 1 the ACS lets the device go", needs="download")
async def lets_go(cpe: WireCpe) -> None:
    """Accepts the download; the session ends without another Download or a write."""
    _, said, _message, _ = await _downloads(cpe)
    asked = await cpe.finishes(await cpe.answers(said, DownloadResponse(1, UNKNOWN_TIME, UNKNOWN_TIME)))
    check("Download" not in asked, "Download is sent twice in a session")
    cpe.should(not {"SetParameterValues", "AddObject", "Reboot"} & set(asked), f"after an accepted download the ACS goes on with {asked}")


# ---- how it ends ---------------------------------------------------------------------------------------------------


@case(GROUP, "I-6", "I-9", "I-11", "L-60", "C-96", title="Firmware is fetched, installed, booted and reported", needs="download")
async def success(cpe: WireCpe) -> None:
    """Fetches the image as a device does, boots it, and reports with 1 BOOT, 7 TRANSFER COMPLETE and M Download."""
    handle, said, message, _ = await _downloads(cpe)
    await cpe.finishes(said)
    transfer = next(t for t in cpe.model.transfers if t.command_key == message.command_key)
    client = HttpClient(cpe.world.reactor)
    await transfer_file(client, cpe.model, transfer)
    client.close()
    check(transfer.fault_code == 0, f"the image could not be installed: {transfer.fault_code} {transfer.fault_string}")
    check((await cpe.outcome(handle, 0.0)).state == "pending", "the download is told as over before the device reported")
    cpe.model.transfers.remove(transfer)
    cpe.model.boot()
    await cpe.informs("1 BOOT", "7 TRANSFER COMPLETE", f"M Download|{message.command_key}", "4 VALUE CHANGE")
    await _reported(cpe, _complete(cpe, message.command_key))
    await cpe.finishes()
    outcome = await cpe.outcome(handle)
    check(outcome.state == "done", f"the new firmware runs, the ACS says {outcome.state}: {outcome.detail}")


@case(GROUP, "I-11", "L-65", "K-62", title="TransferComplete 0 with the old version is no success", needs="download")
async def not_applied(cpe: WireCpe) -> None:
    """Reports success and comes back with the old firmware."""
    handle, message, _ = await _accepted(cpe)
    await cpe.informs("1 BOOT", "7 TRANSFER COMPLETE", f"M Download|{message.command_key}")
    await _reported(cpe, _complete(cpe, message.command_key))
    await cpe.finishes()
    outcome = await cpe.outcome(handle, 2.0)
    cpe.should(outcome.state != "done", "the old firmware still runs, and the ACS says that it was replaced")


@case(GROUP, "I-4", "K-66", title="Status 0: done at once", needs="download")
async def status_0(cpe: WireCpe) -> None:
    """Answers Download with status 0 and informs with the new version; no TransferComplete comes."""
    handle, said, _message, _ = await _downloads(cpe)
    cpe.model.facts.version = NEW
    now = cpe.model.clock()
    await cpe.finishes(await cpe.answers(said, DownloadResponse(0, now, now)))
    await cpe.informs("1 BOOT", "4 VALUE CHANGE")
    await cpe.finishes()
    outcome = await cpe.outcome(handle, 2.0)
    check(outcome.state != "failed", "a download that was done at once is told as failed")
    cpe.should(outcome.state == "done", "a download that was done at once (status 0) is waited for as if a report were due")


@case(GROUP, "I-12", "K-61", title="A new version without TransferComplete", needs="download")
async def no_report(cpe: WireCpe) -> None:
    """Comes back with the new firmware and never reports; the ACS must not send Download again."""
    handle, _message, _ = await _accepted(cpe)
    cpe.model.facts.version = NEW
    cpe.model.boot()
    await cpe.informs("1 BOOT", "4 VALUE CHANGE")
    asked = await cpe.finishes()
    await cpe.informs("2 PERIODIC")
    asked += await cpe.finishes()
    check("Download" not in asked, "the new firmware runs, and Download is sent again")
    check((await cpe.outcome(handle, 0.5)).state != "failed", "the new firmware runs, and the ACS says that it failed")


@case(GROUP, "I-13", title="Silence after a Download: no second one", needs="download")
async def no_second_download(cpe: WireCpe) -> None:
    """Comes back with the old version and no report, twice; the ACS waits instead of sending Download again."""
    _handle, _message, _ = await _accepted(cpe)
    for event in ("2 PERIODIC", "2 PERIODIC"):
        await cpe.informs(event)
        asked = await cpe.finishes()
        check("Download" not in asked, "Download is sent again while the first may still run")


@case(GROUP, "I-15", "C-125", "L-62", title="A TransferComplete that comes twice changes nothing twice", needs="download")
async def report_twice(cpe: WireCpe) -> None:
    """Reports success twice, in two sessions; both are answered and the outcome stays."""
    handle, message, _ = await _accepted(cpe)
    cpe.model.facts.version = NEW
    for event in ("1 BOOT", "2 PERIODIC"):
        await cpe.informs(event, "7 TRANSFER COMPLETE", f"M Download|{message.command_key}")
        for _ in range(2):
            await _reported(cpe, _complete(cpe, message.command_key))
        asked = await cpe.finishes()
        check("Download" not in asked, "a repeated report makes the ACS download again")
    check((await cpe.outcome(handle)).state == "done", "a repeated report spoilt the outcome")


@case(GROUP, "C-124", "L-62", "C-95", title="Power loss between fetch and report", needs="download")
async def power_loss(cpe: WireCpe) -> None:
    """The report is cut off before its answer; after the boot it comes again and counts."""
    handle, message, _ = await _accepted(cpe)
    cpe.model.facts.version = NEW
    await cpe.informs("7 TRANSFER COMPLETE", f"M Download|{message.command_key}")
    line = await cpe.line()
    line.send(cpe.request(cpe.envelope(_complete(cpe, message.command_key)))[:200])
    cpe.hang_up(cut=True)
    await cpe.informs("1 BOOT", "7 TRANSFER COMPLETE", f"M Download|{message.command_key}", retry_count=1)
    await _reported(cpe, _complete(cpe, message.command_key))
    await cpe.finishes()
    check((await cpe.outcome(handle)).state == "done", "after a power loss the report does not count")


@case(GROUP, "K-64", title="A report with another key is not taken for this download", needs="download")
async def foreign_report(cpe: WireCpe) -> None:
    """Reports success with a key nobody gave; the download stays open or is settled by the version, but is not done."""
    handle, _message, _ = await _accepted(cpe)
    await cpe.informs("7 TRANSFER COMPLETE", "M Download|other-key")
    await _reported(cpe, transfer_complete("other-key"))
    await cpe.finishes()
    check((await cpe.outcome(handle, 0.5)).state != "done", "a report with another key was taken for this download")


@case(GROUP, "I-14", "D-49", title="0 BOOTSTRAP after an upgrade", needs="download")
async def bootstrap_after_upgrade(cpe: WireCpe) -> None:
    """The new firmware forgot its configuration: it informs with 0 BOOTSTRAP and the new version, and is served."""
    handle, message, _ = await _accepted(cpe)
    cpe.model.facts.version = NEW
    await cpe.informs("0 BOOTSTRAP", "1 BOOT", "7 TRANSFER COMPLETE", f"M Download|{message.command_key}")
    await _reported(cpe, _complete(cpe, message.command_key))
    await cpe.finishes()
    check((await cpe.outcome(handle)).state != "pending", "after 0 BOOTSTRAP the download hangs")


# ---- how it fails --------------------------------------------------------------------------------------------------


def _refuses(code: int, what: str, *cites: str) -> None:
    @case(GROUP, "I-3", "C-101", *cites, name=f"refused-{code}", title=f"Download refused with {code}: {what}", needs="download",
          does=f"Answers Download with fault {code}; the action fails, and Download does not come again in the session.")  # fmt: skip
    async def refused(cpe: WireCpe) -> None:
        handle, said, _message, _ = await _downloads(cpe)
        times = 1
        said = await cpe.answers(said, CwmpFault(code, what))
        while said.is_request and times < 10:
            times += said.name == "Download"
            said = await cpe.answers(said, CwmpFault(code, what) if said.name == "Download" else None)
        check(times < 3, f"Download was refused with {code} and came {times} times")
        outcome = await cpe.outcome(handle, 5.0)
        check(outcome.state != "done", f"a Download that was refused with {code} is told as done")
        cpe.should(outcome.state == "failed", f"a Download that was refused with {code} is {outcome.state}")


for _code, _what, _cite in (
    (9000, "method not supported", "E-1"), (9001, "request denied", "E-2"), (9002, "internal error", "E-3"), (9003, "invalid arguments", "E-4"),
    (9004, "no room", "E-5"), (9010, "transfer failure", "E-11"), (9012, "file server refused the login", "E-13"),
    (9013, "protocol not supported, as for ftp", "E-14"),
):  # fmt: skip
    _refuses(_code, _what, _cite, *(("L-61",) if _code == 9013 else ()))


@case(GROUP, "I-7", "L-61", "E-17", "I-8", title="The file is not there: 404, told as 9016", needs="download")
async def fails_404(cpe: WireCpe) -> None:
    """Asks the file server for another file; it refuses with 403, 404 or 410, and the device reports 9016."""
    handle, message, _ = await _accepted(cpe)
    parts = urlsplit(message.url)
    wrong = _guessed(message.url)
    got = await _fetch(cpe, message, url=wrong if wrong != message.url else f"{parts.scheme}://{parts.netloc}/none.bin")
    check(got.status in (401, 403, 404, 410), f"a file that does not exist: HTTP {got.status}")
    await _fails(cpe, handle, message.command_key, 9016, "HTTP 404")


@case(GROUP, "I-7", "L-61", "E-13", "I-8", title="A wrong password: told as 9012", needs="download")
async def fails_password(cpe: WireCpe) -> None:
    """Fetches with a wrong password, if the link needs one, and reports 9012."""
    handle, message, _ = await _accepted(cpe)
    if message.username:
        wrong = HttpClient(cpe.world.reactor)
        got = await wrong.request("GET", message.url, [("Authorization", "Basic d3Jvbmc6d3Jvbmc=")])
        wrong.close()
        check(got.status == 401, f"a wrong password: HTTP {got.status}")
    await _fails(cpe, handle, message.command_key, 9012, "login refused")


@case(GROUP, "I-7", "L-61", "E-16", "I-8", title="A closed port: told as 9015", needs="download")
async def fails_connect(cpe: WireCpe) -> None:
    """Finds no server at the place, and reports 9015."""
    handle, message, _ = await _accepted(cpe)
    client = HttpClient(cpe.world.reactor, connect_s=2)
    try:
        await client.request("GET", f"http://{cpe.world.callback}:9/none", [])
        skip("somebody listens on port 9")
    except ConnectFailed as error:
        cpe.note(f"no connection: {error}")
    await _fails(cpe, handle, message.command_key, 9015, "connection refused")


@case(GROUP, "I-7", "L-61", "E-18", "I-8", title="The connection breaks in the middle: told as 9017", needs="download")
async def fails_truncated(cpe: WireCpe) -> None:
    """Cuts the fetch after its first part and reports 9017; the file server survives."""
    handle, message, _ = await _accepted(cpe)
    client = HttpClient(cpe.world.reactor, idle_s=5)

    def cut(_part: bytes) -> None:
        client.abort()

    try:
        await client.request("GET", message.url, [], sink=cut)
    except (ExchangeFailed, ConnectFailed) as error:
        cpe.note(f"cut: {error}")
    client.close()
    await _fails(cpe, handle, message.command_key, 9017, "connection lost")


def _reports(code: int, what: str, *cites: str) -> None:
    @case(GROUP, "I-7", "I-8", "C-121", *cites, name=f"fails-{code}", title=f"{what}: told as {code}", needs="download",
          does=f"Accepts the download and reports {code} later; the ACS tells of it.")  # fmt: skip
    async def reports(cpe: WireCpe) -> None:
        handle, message, _ = await _accepted(cpe)
        await _fails(cpe, handle, message.command_key, code, what)


_reports(9018, "The file's hash is wrong", "L-61", "E-19")
_reports(9019, "The file's signature is wrong", "E-20")
_reports(9010, "No reason that has a number", "E-11", "K-63")
_reports(9001, "Request denied", "E-2")
_reports(9002, "Internal error", "E-3")
_reports(9014, "No multicast group", "E-15")
_reports(9850, "A vendor's own code", "E-35")


# ---- Upload --------------------------------------------------------------------------------------------------------


async def _uploads(cpe: WireCpe) -> tuple[Any, Said, Upload]:
    await cpe.acquainted()
    handle = await cpe.wants("upload")
    await cpe.informs("6 CONNECTION REQUEST")
    said = await cpe.until("Upload")
    return handle, said, cpe.reading(said)


@case(UPLOAD, "C-110", "C-111", "I-30", "B-7", title="Upload is whole: type, key, URL", needs="upload")
async def upload_form(cpe: WireCpe) -> None:
    """Reads the arguments of Upload."""
    _, said, message = await _uploads(cpe)
    rpc = said.xml.rpc
    assert rpc is not None
    check(
        [node.name for node in rpc.children] == ["CommandKey", "FileType", "URL", "Username", "Password", "DelaySeconds"],
        f"Upload has {[n.name for n in rpc.children]}",
    )
    check(re.fullmatch(r"[1-4] Vendor (?:Configuration|Log) File(?: \d+)?|X .+", message.file_type), f"FileType {message.file_type!r}")
    check(0 < len(message.command_key) <= 32, f"CommandKey {message.command_key!r}")
    check(urlsplit(message.url).scheme in ("http", "https") and len(message.url) <= 256, "URL")


async def _sent(cpe: WireCpe, said: Said, message: Upload) -> Transfer:
    await cpe.finishes(said)
    transfer = next(t for t in cpe.model.transfers if t.command_key == message.command_key)
    client = HttpClient(cpe.world.reactor)
    await transfer_file(client, cpe.model, transfer)
    client.close()
    cpe.model.transfers.remove(transfer)
    return transfer


@case(UPLOAD, "C-112", "C-114", "I-31", "I-32", "L-63", title="The file arrives by PUT and the report settles it", needs="upload")
async def upload_success(cpe: WireCpe) -> None:
    """Sends the configuration by PUT and reports success."""
    handle, said, message = await _uploads(cpe)
    transfer = await _sent(cpe, said, message)
    check(transfer.fault_code == 0, f"the file could not be sent: {transfer.fault_code} {transfer.fault_string}")
    await cpe.informs("7 TRANSFER COMPLETE", f"M Upload|{message.command_key}")
    await _reported(cpe, _complete(cpe, message.command_key))
    await cpe.finishes()
    outcome = await cpe.outcome(handle)
    check(outcome.state == "done", f"the file is there, the ACS says {outcome.state}: {outcome.detail}")


@case(UPLOAD, "I-32", title="Success without a file is none", needs="upload")
async def upload_nothing(cpe: WireCpe) -> None:
    """Reports success though nothing was sent."""
    handle, said, message = await _uploads(cpe)
    await cpe.finishes(said)
    cpe.model.transfers.clear()
    await cpe.informs("7 TRANSFER COMPLETE", f"M Upload|{message.command_key}")
    await _reported(cpe, _complete(cpe, message.command_key))
    await cpe.finishes()
    cpe.should((await cpe.outcome(handle, 3.0)).state != "done", "nothing arrived, and the ACS says that it did")


@case(UPLOAD, "C-113", "E-12", "I-31", title="A failed upload is told: 9011", needs="upload")
async def upload_fails(cpe: WireCpe) -> None:
    """Reports 9011."""
    handle, said, message = await _uploads(cpe)
    await cpe.finishes(said)
    cpe.model.transfers.clear()
    await cpe.informs("7 TRANSFER COMPLETE", f"M Upload|{message.command_key}")
    await _reported(cpe, _complete(cpe, message.command_key, 9011, "upload failed"))
    await cpe.finishes()
    check((await cpe.outcome(handle)).state == "failed", "an upload that failed is not told as failed")


@case(UPLOAD, "L-63", "J-12", title="Nothing is taken without the right link", needs="upload")
async def upload_wrong_link(cpe: WireCpe) -> None:
    """PUTs to the link with its end changed: refused."""
    _, _said, message = await _uploads(cpe)
    wrong = _guessed(message.url)
    if wrong == message.url:
        skip("the link holds nothing that chance has made")
    got = await _fetch(cpe, message, "PUT", url=wrong, body=b"stolen")
    check(400 <= got.status < 500, f"PUT to a link nobody gave: HTTP {got.status}")


@case(UPLOAD, "C-113", "R-20", "E-2", title="Upload refused with 9001", needs="upload")
async def upload_refused(cpe: WireCpe) -> None:
    """Refuses every Upload, as a client in the field does with type 1."""
    handle, said, _message = await _uploads(cpe)
    times = 0
    while said.is_request and times < 10:
        times += said.name == "Upload"
        said = await cpe.answers(said, CwmpFault(9001, "Request denied") if said.name == "Upload" else None)
    check(times < 5, f"a refused Upload came {times} times")
    check((await cpe.outcome(handle)).state == "failed", "a refused Upload is not told as failed")

"""Files really fetched and sent, each failure with its fault code, and what a device does with them."""

from __future__ import annotations

import secrets

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from acs.cwmp.digest import Nonces, NonceState, challenge, matching_secret, parse_authorization
from acs.cwmp.messages import Download, Upload
from acs.cwmp.times import UNKNOWN_TIME
from simulators import rpc
from simulators.firmware import make_image
from simulators.http import HttpClient
from simulators.transfers import Aftermath, transfer_file
from tests.simulators.kit import ScriptedAcs, make_cpe, make_device, pass_time, quiet_site, set_values

MODEL = "Norvik G240"
IMAGE = make_image(MODEL, "3.3.0", 200_000)
SSID = "Device.WiFi.SSID.1.SSID"


class Files(Resource):
    """A file server: /good, /cut (breaks off), /secret (login ada/pw by Digest, /basic by Basic), PUT anywhere."""

    isLeaf = True

    def __init__(self):
        super().__init__()
        self.stored = b""
        self.nonces = Nonces(secrets.token_bytes(32))

    def render_GET(self, request):
        path = request.path.decode()
        if path == "/cut":
            request.setHeader("content-length", str(len(IMAGE)))
            request.write(IMAGE[:50_000])
            request.channel.transport.loseConnection()
            return NOT_DONE_YET
        if path == "/moved":
            request.redirect(b"/good")
            return b""
        if path in ("/secret", "/basic") and not self.allowed(request, path == "/basic"):
            return b""
        if path == "/gone":
            request.setResponseCode(404)
            return b"no"
        return IMAGE

    def allowed(self, request, basic):
        given = parse_authorization(request.getHeader("authorization") or "")
        good = given is not None and given.username == "ada" and matching_secret(given, request.method.decode(), ("pw",)) is not None
        if good and not basic:
            good = self.nonces.check(given, reactor.seconds()) is NonceState.GOOD
        if not good:
            request.setResponseCode(401)
            headers = challenge("files", self.nonces.make(reactor.seconds()))
            request.setHeader("www-authenticate", headers[1 if basic else 0])
        return good

    def render_PUT(self, request):
        if request.path == b"/secret" and not self.allowed(request, False):
            return b""
        if request.path == b"/full":
            request.setResponseCode(413)
            return b""
        self.stored = request.content.read()
        request.setResponseCode(201)
        return b""


@pytest.fixture
def server():
    files = Files()
    port = reactor.listenTCP(0, quiet_site(files), interface="127.0.0.1")
    files.url = f"http://127.0.0.1:{port.getHost().port}"
    yield files
    pytest_twisted.blockon(port.stopListening())


async def fetch(url, *, file_type="1 Firmware Upgrade Image", size=0, login=("", ""), cpe=None, target=""):
    cpe = cpe or make_cpe()
    answer = rpc.answer(cpe, Download("k1", file_type, url, *login, size, target, 0, "", ""))
    assert answer.status == 1
    client = HttpClient(reactor, idle_s=5, connect_s=5)
    aftermath = await transfer_file(client, cpe, cpe.transfers[-1])
    client.close()
    return cpe, cpe.transfers[-1], aftermath


async def send(cpe):
    client = HttpClient(reactor, idle_s=5)
    await transfer_file(client, cpe, cpe.transfers[-1])
    client.close()


@pytest.mark.cwmp("I-6", "L-60", "C-100")
@pytest_twisted.ensureDeferred
async def test_good_image_is_installed_and_asks_for_a_restart(server):
    cpe, transfer, aftermath = await fetch(server.url + "/good", size=len(IMAGE))
    assert (transfer.fault_code, aftermath) == (0, Aftermath.REBOOT)
    assert cpe.tree.value("Device.DeviceInfo.SoftwareVersion") == "3.3.0"


@pytest.mark.cwmp("I-7", "L-61", "E-17", "E-18", "E-19")
@pytest.mark.parametrize(
    ("path", "size", "code"),
    [("/gone", 0, 9016), ("/cut", 0, 9017), ("/good", len(IMAGE) + 1, 9017), ("/good", len(IMAGE) - 1, 9018), ("/secret", 0, 9012)],
)
@pytest_twisted.ensureDeferred
async def test_each_failure_has_its_code_and_the_old_firmware_stays(server, path, size, code):
    cpe, transfer, aftermath = await fetch(server.url + path, size=size)
    assert (transfer.fault_code, aftermath) == (code, Aftermath.REPORT)
    assert transfer.fault_string
    assert cpe.tree.value("Device.DeviceInfo.SoftwareVersion") == "3.2.4"


@pytest.mark.cwmp("I-7", "E-16")
@pytest_twisted.ensureDeferred
async def test_server_that_is_not_there_is_9015():
    _, transfer, _ = await fetch("http://127.0.0.1:1/none")
    assert transfer.fault_code == 9015


@pytest.mark.cwmp("I-7", "E-13", "C-99")
@pytest.mark.parametrize(
    ("path", "login", "code"), [("/secret", ("ada", "pw"), 0), ("/secret", ("ada", "no"), 9012), ("/basic", ("ada", "pw"), 0)]
)
@pytest_twisted.ensureDeferred
async def test_login_by_digest_and_basic(server, path, login, code):
    _, transfer, _ = await fetch(server.url + path, login=login)
    assert transfer.fault_code == code


@pytest_twisted.ensureDeferred
async def test_redirect_is_followed_and_a_damaged_download_is_9018(server):
    _, transfer, _ = await fetch(server.url + "/moved", size=len(IMAGE))
    assert transfer.fault_code == 0
    _, transfer, _ = await fetch(server.url + "/good", cpe=make_cpe(faults=("download-corrupt",)))
    assert transfer.fault_code == 9018


@pytest.mark.cwmp("I-18")
@pytest_twisted.ensureDeferred
async def test_stored_image_waits_in_the_second_bank(server):
    cpe, transfer, aftermath = await fetch(server.url + "/good", file_type="6 Stored Firmware Image")
    assert (transfer.fault_code, aftermath) == (0, Aftermath.REPORT)
    assert cpe.tree.value("Device.DeviceInfo.FirmwareImage.2.Version") == "3.3.0"
    assert cpe.tree.value("Device.DeviceInfo.SoftwareVersion") == "3.2.4"


@pytest.mark.cwmp("I-30", "I-31", "I-34", "L-63", "L-64", "C-112", "C-105")
@pytest_twisted.ensureDeferred
async def test_backup_and_restore_bring_the_values_back(server):
    cpe = make_cpe()
    rpc.answer(cpe, set_values({SSID: "Before"}))
    rpc.answer(cpe, Upload("u1", "3 Vendor Configuration File 1", server.url + "/secret", "ada", "pw", 0))
    await send(cpe)
    assert cpe.transfers[-1].fault_code == 0
    assert b"Before" in server.stored
    assert b"onboarding" not in server.stored
    rpc.answer(cpe, set_values({SSID: "After"}, "key"))
    backup = server.stored
    server.render_GET = lambda _request: backup
    _, transfer, aftermath = await fetch(server.url + "/good", file_type="3 Vendor Configuration File", cpe=cpe)
    assert (transfer.fault_code, aftermath) == (0, Aftermath.REPORT)
    assert cpe.tree.value(SSID) == "Before"
    assert cpe.setting("ParameterKey") == "key"


@pytest.mark.cwmp("I-40", "E-12")
@pytest_twisted.ensureDeferred
async def test_log_is_sent_as_text_and_a_refusal_is_9011(server):
    cpe = make_cpe()
    cpe.boot()
    rpc.answer(cpe, Upload("u1", "4 Vendor Log File 1", server.url + "/log", "", "", 0))
    await send(cpe)
    assert b"boot" in server.stored
    rpc.answer(cpe, Upload("u2", "2 Vendor Log File", server.url + "/full", "", "", 0))
    await send(cpe)
    assert cpe.transfers[-1].fault_code == 9011


class InMemoryFile:
    """A file server in memory, for tests of what happens when."""

    def __init__(self, content):
        self.content = content

    def __call__(self, *_args, **_kwargs):
        return self

    async def request(self, _method, _url, _headers, _body=b"", *, sink=None, **_rest):
        from simulators.http import Response

        if sink is not None:
            sink(self.content)
        return Response(200, (), b"")

    def close(self): ...


def download_device(monkeypatch, content, delay=0):
    monkeypatch.setattr("simulators.device.HttpClient", InMemoryFile(content))
    acs = ScriptedAcs(questions=[Download("fw1", "1 Firmware Upgrade Image", "http://h/f", "", "", len(content), "", delay, "", "")])
    device, clock = make_device(acs)
    device.start(0)
    return acs, device, clock


@pytest.mark.cwmp("I-9", "C-96", "D-37", "L-60")
def test_upgrade_reboots_and_reports_version_boot_and_transfer_in_one_session(monkeypatch):
    acs, device, clock = download_device(monkeypatch, IMAGE)
    clock.advance(0.01)
    assert len(acs.informs) == 1
    pass_time(clock, 5)
    assert set(acs.events()) == {"1 BOOT", "7 TRANSFER COMPLETE", "M Download", "4 VALUE CHANGE"}
    informed = {value.name: value.value for value in acs.informs[-1].parameter_list}
    assert informed["Device.DeviceInfo.SoftwareVersion"] == "3.3.0"
    report = next(message for message in acs.messages if type(message).__name__ == "TransferComplete")
    assert (report.command_key, report.fault_struct.fault_code) == ("fw1", 0)
    assert UNKNOWN_TIME not in (report.start_time, report.complete_time)
    assert device.download_count == 1
    assert device.cpe.transfers == []


@pytest.mark.cwmp("I-8")
def test_failed_upgrade_reports_without_a_restart(monkeypatch):
    acs, device, clock = download_device(monkeypatch, make_image("Halden G8", "9.9"))
    pass_time(clock, 5)
    assert set(acs.events()) == {"7 TRANSFER COMPLETE", "M Download"}
    assert device.counts.boots == 1
    assert device.value("Device.DeviceInfo.SoftwareVersion") == "3.2.4"


@pytest.mark.cwmp("C-94", "C-95", "L-62")
def test_delayed_download_survives_a_restart(monkeypatch):
    acs, device, clock = download_device(monkeypatch, IMAGE, delay=60)
    pass_time(clock, 20, 1)
    assert len(acs.informs) == 1
    device.power_cut()
    pass_time(clock, 30, 1)
    assert device.counts.downloads == 0
    pass_time(clock, 30, 1)
    assert device.counts.downloads == 1
    assert device.value("Device.DeviceInfo.SoftwareVersion") == "3.3.0"


@pytest.mark.cwmp("L-62", "C-124")
def test_report_is_owed_until_it_was_answered(monkeypatch):
    acs, device, clock = download_device(monkeypatch, IMAGE)
    clock.advance(0.01)
    from simulators.http import Response

    acs.verdicts = [None, Response(503, (), b"")]  # the Inform is answered, the TransferComplete is not
    pass_time(clock, 5)
    assert device.cpe.transfers[0].state == "done"
    device.power_cut()
    pass_time(clock, 5)
    reports = [message for message in acs.messages if type(message).__name__ == "TransferComplete"]
    assert [report.command_key for report in reports] == ["fw1", "fw1"]
    assert device.cpe.transfers == []


def download_with(monkeypatch, *quirks, content=IMAGE, seconds=3):
    monkeypatch.setattr("simulators.device.HttpClient", InMemoryFile(content))
    acs = ScriptedAcs(questions=[Download("fw1", "1 Firmware Upgrade Image", "http://h/f", "", "", len(content), "", 0, "", "")])
    device, clock = make_device(acs, quirks=quirks)
    device.start(0)
    pass_time(clock, seconds)
    return acs, device, clock


def reports(acs):
    return [message for message in acs.messages if type(message).__name__ in ("TransferComplete", "AutonomousTransferComplete")]


@pytest.mark.quirk("K-62")
def test_report_before_the_installation_and_restart_later(monkeypatch):
    acs, device, clock = download_with(monkeypatch, "early-report", seconds=2)
    assert ([report.fault_struct.fault_code for report in reports(acs)], device.counts.boots) == ([0], 1)
    pass_time(clock, 6)
    assert device.counts.boots == 2


@pytest.mark.quirk("K-62")
def test_new_version_only_after_the_second_boot(monkeypatch):
    acs, device, clock = download_with(monkeypatch, "second-boot", seconds=6)
    assert (device.counts.boots, device.value("Device.DeviceInfo.SoftwareVersion")) == (2, "3.2.4")
    assert [report.fault_struct.fault_code for report in reports(acs)] == [0]
    device.power_cut()
    pass_time(clock, 4)
    assert device.value("Device.DeviceInfo.SoftwareVersion") == "3.3.0"


@pytest.mark.quirk("K-63")
def test_faults_that_are_not_what_happened(monkeypatch):
    acs, device, _ = download_with(monkeypatch, "false-9010", seconds=6)
    assert [report.fault_struct.fault_code for report in reports(acs)] == [9010]
    assert device.value("Device.DeviceInfo.SoftwareVersion") == "3.3.0"
    acs, device, _ = download_with(monkeypatch, "false-9017", content=make_image("Halden G8", "9.9"), seconds=6)
    assert [report.fault_struct.fault_code for report in reports(acs)] == [9017]


@pytest.mark.quirk("K-61", "K-64")
def test_reports_that_say_something_else_or_never_come(monkeypatch):
    assert reports(download_with(monkeypatch, "no-transfer-complete", seconds=6)[0]) == []
    assert [report.command_key for report in reports(download_with(monkeypatch, "unknown-command-key", seconds=6)[0])] == ["4711"]
    (report,) = reports(download_with(monkeypatch, "autonomous-report", seconds=6)[0])
    assert (type(report).__name__, report.transfer_url) == ("AutonomousTransferComplete", "http://h/f")


@pytest.mark.quirk("K-66")
def test_done_at_once_and_reported_too(monkeypatch):
    acs, _, _ = download_with(monkeypatch, "status-0-and-report", seconds=6)
    (answer,) = [message for message in acs.answers() if type(message).__name__ == "DownloadResponse"]
    assert answer.status == 0
    assert answer.start_time.startswith("2023-")
    assert len(reports(acs)) == 1


@pytest.mark.quirk("K-65")
@pytest.mark.parametrize(
    ("name", "url", "size", "code"),
    [
        ("exact-file-size", "http://h/f", 0, 9004), ("exact-file-size", "http://h/f", 5, None),
        ("host-name-only", "http://10.1.2.3/f", 5, 9003), ("host-name-only", "http://files.example/f", 5, None),
        ("address-only", "http://files.example/f", 5, 9003), ("address-only", "http://10.1.2.3/f", 5, None),
        ("no-https", "https://files.example/f", 5, 9013), ("no-https", "http://files.example/f", 5, None),
    ],
)  # fmt: skip
def test_what_only_some_devices_refuse(name, url, size, code):
    answer = rpc.answer(make_cpe(quirks=(name,)), Download("k", "1 Firmware Upgrade Image", url, "", "", size, "", 0, "", ""))
    assert getattr(answer, "code", None) == code


class Ranged(Files):
    """Heeds Range and HEAD, and keeps what was asked."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def render_HEAD(self, request):
        self.asked.append("HEAD")
        return b""

    def render_GET(self, request):
        span = request.getHeader("range") or ""
        self.asked.append(span)
        if not span:
            return IMAGE
        first, last = (int(each) for each in span.removeprefix("bytes=").split("-"))
        request.setResponseCode(206)
        request.setHeader("content-range", f"bytes {first}-{min(last, len(IMAGE) - 1)}/{len(IMAGE)}")
        return IMAGE[first : last + 1]


@pytest.mark.quirk("K-65")
@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("range-requests", ["bytes=0-65535", "bytes=65536-131071", "bytes=131072-196607", "bytes=196608-262143"]),
        ("head-first", ["HEAD", ""]),
    ],
)
@pytest_twisted.ensureDeferred
async def test_files_in_ranges_and_after_a_look(name, asked):
    files = Ranged()
    port = reactor.listenTCP(0, quiet_site(files), interface="127.0.0.1")
    cpe, transfer, _ = await fetch(f"http://127.0.0.1:{port.getHost().port}/good", size=len(IMAGE), cpe=make_cpe(quirks=(name,)))
    await port.stopListening()
    assert (transfer.fault_code, files.asked) == (0, asked)
    assert cpe.facts.version == "3.3.0"

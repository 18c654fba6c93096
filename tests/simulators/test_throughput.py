"""Throughput diagnoses: played at line speed on a Clock, really moved on loopback."""

from __future__ import annotations

import random

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred
from twisted.web.resource import Resource

from acs.cwmp.times import parse_time
from simulators.diagnostics import Diagnostics
from simulators.probe import Probe
from simulators.throughput import download, is_loopback, upload
from tests.simulators.kit import clock_at, make_cpe, pass_time, quiet_site

DOWN = "Device.IP.Diagnostics.DownloadDiagnostics."
UP = "Device.IP.Diagnostics.UploadDiagnostics."
OLD = "InternetGatewayDevice.DownloadDiagnostics."


class Files(Resource):
    isLeaf = True
    received = 0

    def render_GET(self, request):
        return b"x" * 3_000_000 if request.path == b"/3M" else (request.setResponseCode(404), b"no")[1]

    def render_PUT(self, request):
        self.received = len(request.content.read())
        return b""


def serve(resource):
    return reactor.listenTCP(0, quiet_site(resource), interface="127.0.0.1")  # type: ignore[attr-defined]


@pytest.mark.cwmp("G-22", "G-24", "G-15", "L-83")
@pytest.mark.parametrize(("model", "place", "word"), [("G240", DOWN, "Complete"), ("R110", OLD, "Completed")])
@pytest_twisted.ensureDeferred
async def test_download_really_fetches(model, place, word):
    port = serve(Files())
    cpe = make_cpe(model)
    cpe.tree.put(place + "DownloadURL", f"http://127.0.0.1:{port.getHost().port}/3M")
    ended = []
    diagnostics = Diagnostics(reactor, cpe, random.Random(1), ended.append)
    diagnostics.start(place)
    await diagnostics.running[place]
    await port.stopListening()
    assert cpe.tree.value(place + "DiagnosticsState") == word
    assert cpe.tree.value(place + "TestBytesReceived") == "3000000"
    rom, bom, eom = (parse_time(cpe.tree.value(place + leaf)) for leaf in ("ROMTime", "BOMTime", "EOMTime"))
    assert rom <= bom < eom
    assert ended == [place]


@pytest.mark.cwmp("G-23")
@pytest_twisted.ensureDeferred
async def test_upload_really_sends():
    files = Files()
    port = serve(files)
    cpe = make_cpe()
    cpe.tree.put(UP + "UploadURL", f"http://127.0.0.1:{port.getHost().port}/up")
    cpe.tree.put(UP + "TestFileLength", "700000")
    assert await upload(Probe(reactor, cpe, UP, random.Random(1))) == "Complete"
    await port.stopListening()
    assert files.received == 700000
    assert cpe.tree.value(UP + "TestBytesSent") == "700000"


@pytest.mark.cwmp("G-22")
@pytest_twisted.ensureDeferred
async def test_each_way_to_fail_has_its_state():
    port = serve(Files())
    cpe = make_cpe()
    probe = Probe(reactor, cpe, DOWN, random.Random(1))
    cpe.tree.put(DOWN + "DownloadURL", f"http://127.0.0.1:{port.getHost().port}/none")
    assert await download(probe) == "Error_TransferFailed"
    await port.stopListening()
    assert await download(probe) == "Error_InitConnectionFailed"
    cpe.tree.put(DOWN + "DownloadURL", "ftp://127.0.0.1/x")
    assert await download(probe) == "Error_NoTransferMode"


def test_only_loopback_is_contacted_anything_else_is_played_at_line_speed():
    assert [is_loopback(f"http://{host}/x") for host in ("127.0.0.1", "localhost", "[::1]", "203.0.113.9", "example.com")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    clock = clock_at()
    cpe = make_cpe(clock=clock)
    cpe.tree.put(DOWN + "DownloadURL", "http://speed.example/10M")
    done = []
    ensureDeferred(download(Probe(clock, cpe, DOWN, random.Random(1)))).addCallback(done.append)
    pass_time(clock, 2)
    assert done == ["Complete"]
    took = (parse_time(cpe.tree.value(DOWN + "EOMTime")) - parse_time(cpe.tree.value(DOWN + "BOMTime"))).total_seconds()
    line = cpe.facts.line_down_kbps / 1000
    assert 0.85 * line < int(cpe.tree.value(DOWN + "TestBytesReceived")) * 8 / took / 1e6 < line


@pytest.mark.parametrize(
    ("kbps", "measure", "place", "octets"), [(80_000, download, DOWN, "TestBytesReceived"), (40_000, upload, UP, "TestBytesSent")]
)
@pytest_twisted.ensureDeferred
async def test_octets_on_loopback_move_no_faster_than_the_line(kbps, measure, place, octets):
    port = serve(Files())
    cpe = make_cpe()
    cpe.facts.line_down_kbps = cpe.facts.line_up_kbps = kbps
    url = f"http://127.0.0.1:{port.getHost().port}/3M"
    cpe.tree.put(DOWN + "DownloadURL", url)
    cpe.tree.put(UP + "UploadURL", url)
    cpe.tree.put(UP + "TestFileLength", "1500000")
    assert await measure(Probe(reactor, cpe, place, random.Random(1))) == "Complete"
    await port.stopListening()
    took = (parse_time(cpe.tree.value(place + "EOMTime")) - parse_time(cpe.tree.value(place + "BOMTime"))).total_seconds()
    assert int(cpe.tree.value(place + octets)) * 8 / took / 1000 < kbps * 1.1
    assert cpe.tree.value(place + "TCPOpenResponseTime") > cpe.tree.value(place + "TCPOpenRequestTime")

"""`hearthline simulate` as a person calls it, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from acs.cwmp.codec import encode
from acs.cwmp.messages import DeviceIdStruct, EventStruct, Inform, InformResponse
from simulators.cli import simulate

NS = "urn:dslforum-org:cwmp-1-0"
COMMAND = [sys.executable, "-c", "from simulators.cli import simulate; simulate()"]


def test_list_shows_models_faults_and_quirks():
    said = CliRunner().invoke(simulate, ["--list"])
    assert said.exit_code == 0
    for word in ("Norvik G240", "wrong-dhcp-pool", "previous-cookie"):
        assert word in said.output


def test_what_is_no_url_is_said_at_once():
    run = subprocess.run([*COMMAND, "--url", "nonsense"], capture_output=True, text=True, timeout=20, check=False)
    assert run.returncode == 2
    assert "nonsense is no URL of an ACS" in run.stderr


def test_interrupt_ends_it_with_a_summary_and_exit_code_0():
    run = subprocess.Popen(
        [*COMMAND, "--count", "3", "--url", "http://127.0.0.1:1/"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    first = run.stdout.readline()
    assert "3 simulated devices on their way to http://127.0.0.1:1/" in first
    run.send_signal(signal.SIGTERM)
    out, errors = run.communicate(timeout=20)
    assert run.returncode == 0, errors
    assert "0 of 3 devices reached the ACS" in out.splitlines()[-1]


def test_wrong_use_is_said_and_exit_code_2():
    run = subprocess.run([*COMMAND, "--model", "Nokia"], capture_output=True, text=True, timeout=20, check=False)
    assert run.returncode == 2
    assert "No simulated model 'Nokia'" in run.stderr
    assert "Traceback" not in run.stderr


# ---- --replay ------------------------------------------------------------------------------------------------------


@pytest.fixture
def listening():
    """An ACS in a process of its own that answers Inform, then ends: what the recordings below hold."""
    program = """
import http.server, sys
class Acs(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        answer = sys.argv[1].encode() if body else b""
        self.send_response(200 if body else 204)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *given): ...
server = http.server.HTTPServer(("127.0.0.1", 0), Acs)
print(server.server_port, flush=True)
server.serve_forever()
"""
    run = subprocess.Popen([sys.executable, "-c", program, encode(InformResponse(1), "1", NS).decode()], stdout=subprocess.PIPE, text=True)
    yield f"http://127.0.0.1:{int(run.stdout.readline())}/"
    run.kill()
    run.communicate()


def captured(folder, envelopes):
    inform = Inform(DeviceIdStruct("N", "00D09E", "G240", "SN1"), (EventStruct("1 BOOT", ""),), 1, "", 0, ())
    for number, body in enumerate([encode(inform, "1", NS), encode(InformResponse(envelopes), "1", NS), b"", b""]):
        (folder / f"{number}.xml").write_bytes(body)
    return str(folder)


def replay(*given):
    return subprocess.run([*COMMAND, "--replay", *given], capture_output=True, text=True, timeout=30, check=False)


def test_replay_of_a_capture_ends_with_0_where_the_acs_does_the_same(tmp_path, listening):
    run = replay(captured(tmp_path, 1), "--acs", listening, "--fast")
    assert (run.returncode, run.stdout.splitlines()[-1]) == (0, "The ACS answered as recorded: 2 same."), run.stderr


@pytest.mark.parametrize("kind", ["json", "html"])
def test_replay_ends_with_1_where_the_acs_does_otherwise_and_writes_its_report(tmp_path, listening, kind):
    (tmp_path / "capture").mkdir()
    report = tmp_path / f"report.{kind}"
    run = replay(captured(tmp_path / "capture", 5), "--acs", listening, "--fast", "--report", str(report))
    assert run.returncode == 1, run.stderr
    assert "~ max_envelopes 5 → 1" in run.stdout
    assert "~ max_envelopes 5 → 1" in report.read_text()


def test_replay_ends_with_2_for_what_is_no_recording_no_report_and_no_acs(tmp_path):
    wrong = tmp_path / "notes.txt"
    wrong.write_text("nothing")
    (tmp_path / "capture").mkdir()
    capture = captured(tmp_path / "capture", 1)
    for given, why in (
        ([str(wrong)], "holds no message"),
        ([capture, "--report", "report.pdf"], "A report is a .html or a .json file"),
        ([capture, "--report", str(tmp_path / "nowhere" / "report.json")], "There is no folder"),
        ([capture, "--acs", "http://127.0.0.1:1/"], "no connection to http://127.0.0.1:1/"),
    ):
        run = replay(*given)
        assert run.returncode == 2
        assert why in run.stderr
        assert "Traceback" not in run.stderr

"""`hearthline simulate` as a person calls it, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys

from click.testing import CliRunner

from simulators.cli import simulate

COMMAND = [sys.executable, "-c", "from simulators.cli import simulate; simulate()"]


def test_list_shows_models_faults_and_quirks():
    said = CliRunner().invoke(simulate, ["--list"])
    assert said.exit_code == 0
    for word in ("Norvik G240", "wrong-dhcp-pool", "previous-cookie"):
        assert word in said.output


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

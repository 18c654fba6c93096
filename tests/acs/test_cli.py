"""The command `hearthline`: found by entry points, loading what is asked for, refusing with a sentence and an exit code."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from acs.cli import device, hearthline
from acs.cwmp.identity import Identity
from acs.devices import service

OUT_OF = {"flask", "celery", "spyne", "twisted.web", "sqlalchemy"}


def run(*arguments, home=None, **environment):
    variables = {"PATH": "/usr/bin:/bin", "HEARTHLINE_HOME": str(home or "/nonexistent/home"), **environment}
    return subprocess.run([sys.executable, "-m", "acs.cli", *arguments], env=variables, capture_output=True, text=True, check=False)


def test_only_the_command_asked_for_is_loaded():
    asked = "import sys; sys.argv = ['hearthline', 'db', '--help']\ntry:\n import acs.cli; acs.cli.main()\n"
    code = f"{asked}finally:\n print(sorted({OUT_OF!r} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"


def test_a_command_may_open_as_many_files_as_the_machine_lets_it():
    few = "import resource as r, sys; hard = r.getrlimit(r.RLIMIT_NOFILE)[1]; r.setrlimit(r.RLIMIT_NOFILE, (256, hard))"
    asked = "sys.argv = ['hearthline', '--version']\ntry:\n import acs.cli; acs.cli.main()"
    code = f"{few}\n{asked}\nfinally:\n print(*r.getrlimit(r.RLIMIT_NOFILE))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stdout
    soft, hard = (int(number) for number in said.splitlines()[-1].split())
    assert soft == (65536 if hard == -1 else min(hard, 65536))


def test_every_part_has_its_commands():
    assert {"up", "cwmp", "web", "worker", "db", "device", "user", "simulate", "datamodel"} <= set(hearthline.list_commands(None))


def test_unknown_command_is_wrong_use():
    result = run("frobnicate")
    assert result.returncode == 2
    assert "No such command 'frobnicate'" in result.stderr


def test_database_is_upgraded_checked_and_copied(tmp_path):
    assert "from empty" in run("db", "upgrade", home=tmp_path).stdout
    assert "Database is at" in run("db", "upgrade", home=tmp_path).stdout
    assert run("db", "check", home=tmp_path).stdout == "The database is sound and up to date.\n"
    copy = tmp_path / "copy.db"
    assert "secret.key" in run("db", "backup", str(copy), home=tmp_path).stdout
    assert run("db", "check", home=tmp_path, HEARTHLINE_DATABASE_URL=f"sqlite:///{copy}").returncode == 0
    again = run("db", "backup", str(copy), home=tmp_path)
    assert (again.returncode, again.stderr) == (2, f"{copy} exists already.\n")


@pytest.mark.parametrize("command", [("cwmp",), ("web",), ("worker",), ("device", "list")])
def test_database_of_another_version_is_refused_with_what_to_do(tmp_path, command):
    result = run(*command, home=tmp_path, HEARTHLINE_ONBOARDING="secret", HEARTHLINE_CWMP_PORT="0", HEARTHLINE_FILES_PORT="0", HEARTHLINE_WEB_PORT="0")
    assert result.returncode == 2
    assert "run `hearthline db upgrade`" in result.stderr
    assert "Traceback" not in result.stderr


def test_setting_that_makes_no_sense_is_named(tmp_path):
    result = run("db", "upgrade", home=tmp_path, HEARTHLINE_CWMP_PORT="seven")
    assert result.returncode == 2
    assert "HEARTHLINE_CWMP_PORT='seven'" in result.stderr


def test_cwmp_without_an_onboarding_secret_says_so(tmp_path):
    run("db", "upgrade", home=tmp_path)
    result = run("cwmp", home=tmp_path)
    assert (result.returncode, "HEARTHLINE_ONBOARDING" in result.stderr) == (2, True)


@pytest.fixture
def known(database, actor, monkeypatch):
    with database.write() as unit:
        number = service.preregister(unit, actor, Identity("02A5C1", "G240", "NV1"), datetime.now(UTC), ["pilot"])
    monkeypatch.setattr("acs.cli._database", lambda: database)
    return number


def test_devices_are_listed_and_shown(known):
    listed = CliRunner().invoke(device, ["list", "-q", "pilot"])
    assert "02A5C1-G240-NV1" in listed.output
    shown = CliRunner().invoke(device, ["show", "NV1"])
    assert "serial_number" in shown.output
    assert "NV1" in shown.output


def test_empty_list_says_what_to_do(known):
    assert "No device matches." in CliRunner().invoke(device, ["list", "-q", "nobody"]).output


def test_ping_of_a_silent_device_stays_open_and_says_until_when(known):
    result = CliRunner().invoke(device, ["ping", "NV1", "192.0.2.1", "--wait", "1"])
    assert "queued" in result.output
    assert "stays open until" in result.output
    assert result.exit_code == 1

"""`hearthline user`, and `hearthline web` as processes."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from acs.db.tenancy import DEFAULT_TENANT
from care.cli import user
from care.security.permissions import Role
from tests.care.conftest import PASSWORD


@pytest.fixture
def run(settings, db, monkeypatch, cheap_argon):
    monkeypatch.setenv("HEARTHLINE_HOME", str(settings.home))
    return lambda *arguments, **kwargs: CliRunner().invoke(user, list(arguments), **kwargs)


def test_user_is_added_with_a_password_printed_once(run, security):
    result = run("add", "Anna", "--role", "admin", "--name", "Anna Adler")
    password = re.search(r"password: (\w+)", result.output).group(1)
    assert security.authenticate("anna", password, "").user.role is Role.ADMIN
    assert password not in run("list").output


def test_house_without_tables_is_told_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("HEARTHLINE_HOME", str(tmp_path / "elsewhere"))
    result = CliRunner().invoke(user, ["add", "anna"])
    assert result.exit_code == 2
    assert "run `hearthline db upgrade`" in result.output


def test_password_from_standard_input_is_not_printed(run, security):
    result = run("add", "bo", "--password-stdin", input=PASSWORD + "\n")
    assert PASSWORD not in result.output
    security.authenticate("bo", PASSWORD, "")
    run("passwd", "bo", "--password-stdin", input="another good phrase\n")
    security.authenticate("bo", "another good phrase", "")


def test_deactivated_user_is_listed_as_shut_out(run, security):
    run("add", "anna", "--role", "admin")
    run("add", "bo")
    assert run("deactivate", "bo").exit_code == 0
    assert re.search(r"bo +agent +shut out", run("list").output)
    assert not security.users(DEFAULT_TENANT)[1].active


def test_refusals_are_one_sentence_and_exit_code_1(run):
    for arguments in (("add", "a b"), ("passwd", "nobody"), ("deactivate", "nobody")):
        result = run(*arguments)
        assert result.exit_code == 1
        assert len(result.output.strip().splitlines()) == 1


def test_last_administrator_is_kept_by_the_command_too(run):
    run("add", "anna", "--role", "admin")
    assert "last active administrator" in run("deactivate", "anna").output


# ---- web -----------------------------------------------------------------------------------------------------------


class WebProcess:
    """A web command that runs, and what it said so far."""

    def __init__(self, home, *arguments: str) -> None:
        environment = {**os.environ, "HEARTHLINE_HOME": str(home), "HEARTHLINE_BIND": "127.0.0.1"}
        command = [sys.executable, "-m", "acs.cli", "web", *arguments]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        self._ended: tuple[int, str] | None = None
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line)

    def wait_for(self, pattern: str, seconds: float = 30) -> re.Match:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(pattern, "".join(self.lines))
            if found:
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"{pattern} was not said: {self.lines}")

    def end(self) -> tuple[int, str]:
        """Exit code and what was said on stderr; may be called again."""
        if self._ended is None:
            self._ended = self._end()
        return self._ended

    def _end(self) -> tuple[int, str]:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self._reader.join()
        errors = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return code, errors


@contextmanager
def web(home, *arguments: str) -> Iterator[tuple[WebProcess, str]]:
    process = WebProcess(home, *arguments)
    try:
        yield process, process.wait_for(r"web listens on (http://\S+)").group(1)
    finally:
        process.end()


def get(url: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_one_process_serves_pages_health_metrics_and_ends_by_request(settings, db):
    with web(settings.home, "--port", "0") as (process, url):
        assert get(f"{url}/health/live") == (200, "live\n")
        assert get(f"{url}/health/ready") == (200, "ready\n")
        assert "Sign in" in get(f"{url}/login")[1]
        assert get(f"{url}/events?topics=jobs")[0] == 401
        metrics = get(f"{url}/metrics")[1]
        assert 'hearthline_web_requests_total{route="/login",status="200"} 1.0' in metrics
        assert "hearthline_web_streams 0.0" in metrics
        code, errors = process.end()
    assert code == 0
    assert "Traceback" not in errors


def test_bodies_over_their_limit_are_refused_before_they_are_read(settings, db):
    with web(settings.home, "--port", "0") as (_process, url):
        host, _colon, port = url.removeprefix("http://").partition(":")
        for path, length, status in (("/login", 10**9, b"413"), ("/firmware/", 10**10, b"413"), ("/firmware/", 10**7, b"")):
            with socket.create_connection((host, int(port)), timeout=2) as connection:
                connection.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
                connection.settimeout(2 if status else 0.3)
                try:
                    answer = connection.recv(200)
                except TimeoutError:
                    answer = b""
                assert answer[9:12] == status, path


def test_taken_port_is_exit_code_2_and_one_sentence(settings, db):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = WebProcess(settings.home, "--port", str(taken.getsockname()[1]))
        process.process.wait(30)
        code, errors = process.end()
    assert code == 2
    assert len(errors.strip().splitlines()) == 1
    assert "HEARTHLINE_WEB_PORT" in errors


def test_workers_share_a_socket_are_restarted_and_end_with_their_parent(settings, db):
    with web(settings.home, "--port", "0", "--workers", "2") as (process, url):
        end = time.monotonic() + 30
        while time.monotonic() < end and get(f"{url}/health/live")[0] != 200:
            time.sleep(0.05)
        children = _children(process.process.pid)
        assert len(children) == 2
        os.kill(children[0], signal.SIGKILL)
        process.wait_for(r"worker \d ended")
        end = time.monotonic() + 30
        while time.monotonic() < end and len(_children(process.process.pid)) < 2:
            time.sleep(0.05)
        assert get(f"{url}/health/live") == (200, "live\n")
        last = _children(process.process.pid)
        code, errors = process.end()
    assert code == 0, errors
    assert len(last) == 2
    assert not [pid for pid in last if os.path.exists(f"/proc/{pid}")]


def _children(parent: int) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdecimal() and Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1] == str(parent):
                found.append(int(entry))
        except OSError:
            continue
    return sorted(found)

"""`hearthline web` on a free port, forked from a process that has imported it: that takes twice as long as all the rest of its start.

The process that forks has no reactor and no thread, so each web process makes its own reactor as ever.
"""

import multiprocessing
import os
import re
import sys
import time
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.browser.web", "care.cli", "care.app", "care.web", "acs.hints.listen", "acs.hints.publish"])


def _serve(environment: dict[str, str], said: str) -> None:
    from acs.cli import main

    assert "twisted.internet.reactor" not in sys.modules, "the reactor would be shared with the other children"
    with open(said, "wb", buffering=0) as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["hearthline", "web", "--port", "0"]
    main()


class WebProcess:
    """One web process; `address` waits until it listens."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self._said = home / "web.said"
        self._process = _FORKS.Process(target=_serve, args=(environment, str(self._said)))
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def address(self, seconds: float = 30) -> str:
        until = time.monotonic() + seconds
        while time.monotonic() < until and self._process.is_alive():
            if found := re.search(r"web listens on (http://\S+)\n", self.said):
                return found.group(1)
            time.sleep(0.01)
        raise AssertionError(f"the web process did not start: {self.said[-2000:]}")

    @property
    def said(self) -> str:
        return self._said.read_text(errors="replace") if self._said.exists() else ""

    def end(self) -> None:
        self._process.terminate()
        self._process.join(15)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()

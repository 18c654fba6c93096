"""Where models beside the shipped ones are: the folder `datamodels` of the data directory, as one process sees it.

`hearthline datamodel import` writes there and touches a stamp; `use` names the folder when a process starts, and `refresh`, one stat,
forgets what was read if the stamp has changed. The doors of this package (`overlay.model_of`) refresh by themselves, so an import takes
effect with the next look at a device, in every process that shares the folder. Nothing here reads a model: tree.py and overlay.py do.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Lock

STAMP = "stamp"
SECRETS = "secret-paths.txt"
OVERLAYS = "overlays"


class _Place:
    """The folder and the stamp that was seen last. One per process: compiled models are shared by all that runs in it."""

    def __init__(self) -> None:
        self.directory: Path | None = None
        self.stamp_path = ""
        self.seen = 0
        self.forget: list[Callable[[], None]] = []
        self.lock = Lock()


_place = _Place()


def use(directory: Path | None) -> None:
    """Look into this folder from now on; None for the shipped models alone. It need not exist yet."""
    with _place.lock:
        before = _place.seen
        _place.directory = directory
        _place.stamp_path = "" if directory is None else str(directory / STAMP)
        _place.seen = _stamp()
        if before or _place.seen:  # from one folder without imports to another nothing changes
            forget()


def directory() -> Path | None:
    return _place.directory


def refresh() -> None:
    """Forget what was read if something was imported since. About a microsecond where nothing was."""
    if _place.stamp_path and _stamp() != _place.seen:
        with _place.lock:
            _place.seen = _stamp()
            forget()


def on_change(call: Callable[[], None]) -> None:
    """Call this whenever the folder has changed: caches of what is read from it."""
    _place.forget.append(call)


def touch(directory: Path) -> None:
    """Tell every process that looks into this folder."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / STAMP
    path.touch()
    os.utime(path)


def secret_templates() -> frozenset[str]:
    """Templates that imported models and overlays call hidden or secured."""
    if _place.directory is None:
        return frozenset()
    try:
        return frozenset((_place.directory / SECRETS).read_text().split())
    except FileNotFoundError:
        return frozenset()


def _stamp() -> int:
    if not _place.stamp_path:
        return 0
    try:
        return os.stat(_place.stamp_path).st_mtime_ns
    except OSError:
        return 0


def forget() -> None:
    """Read everything anew when it is next asked for."""
    for each in _place.forget:
        each()

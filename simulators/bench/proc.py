"""CPU time and memory of processes and all their descendants, from /proc (Linux). Tests: tests/simulators/bench/test_proc.py."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes: resident, the most it ever was, and with shared pages divided among those who share them."""

    rss_mb: float
    peak_mb: float
    pss_mb: float


def _stat(pid: int) -> tuple[int, float]:
    """(parent, CPU seconds with those of children that ended). OSError for a process that is gone."""
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / _TICK


def family(pids: Iterable[int]) -> list[int]:
    """The processes and all below them."""
    below: dict[int, list[int]] = {}
    for entry in os.listdir(_PROC):
        if entry.isdigit():
            try:
                below.setdefault(_stat(int(entry))[0], []).append(int(entry))
            except (OSError, IndexError):
                continue
    found: list[int] = []
    todo = list(pids)
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.append(pid)
            todo += below.get(pid, [])
    return found


def words_of(pid: int) -> list[str]:
    """The command line; empty for one that is gone."""
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


class Group:
    """Processes under a name, with their descendants; what they used since `start`."""

    def __init__(self, label: str, roots: Sequence[int]) -> None:
        self.label, self.roots = label, tuple(roots)
        self._before: dict[int, float] = {}

    def _read(self) -> dict[int, float]:
        found = {}
        for pid in family(self.roots):
            try:
                found[pid] = _stat(pid)[1]
            except OSError:
                continue
        return found

    def start(self) -> None:
        self._before = self._read()

    def cpu_s(self) -> float:
        return sum(seconds - self._before.get(pid, 0.0) for pid, seconds in self._read().items())

    def memory(self) -> Memory:
        sums = {"VmRSS": 0, "VmHWM": 0, "Pss": 0}
        for pid in family(self.roots):
            for name in ("status", "smaps_rollup"):
                try:
                    lines = (_PROC / str(pid) / name).read_text().splitlines()
                except OSError:
                    continue
                for line in lines:
                    key, _, value = line.partition(":")
                    if key in sums:
                        sums[key] += int(value.split()[0])
        return Memory(*(round(sums[key] / 1024, 1) for key in ("VmRSS", "VmHWM", "Pss")))

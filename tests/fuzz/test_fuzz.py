"""A bounded run of every fuzzer with each `make test`; the long ones are `make fuzz` and the figures in docs/reliability.md."""

import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from acs.cwmp.codec import UnknownRpc, decode
from acs.cwmp.faults import CpeProtocolError
from acs.db.engine import Database
from tests.acs.server.kit import sample
from tests.fuzz.mutate import SEPARATOR, worse, worse_request, worse_script
from tests.fuzz.targets import Channel, Decoder, LogErrors, Sessions, Watch, resident_kib, seeds, watched_log

RUNS = {"decoder": 25_000, "sessions": 150, "channel": 600}


@pytest.fixture
def errors() -> Any:
    with watched_log() as found:
        yield found


def fuzzed(target: Any, runs: int, seed: int) -> Watch:
    watch, rng = Watch(target), random.Random(seed)
    for data in target.seeds:
        watch.run(data)
    for _ in range(runs):
        watch.run(target.worse(rng.choice(target.seeds), rng))
    return watch


@pytest.mark.cwmp("A-71", "J-5")
def test_decoder_refuses_or_reads_whatever_comes(errors: LogErrors):
    target = Decoder()
    fuzzed(target, 3000, 1)
    before = resident_kib()
    watch = fuzzed(target, RUNS["decoder"], 2)
    assert watch.messages == RUNS["decoder"] + len(target.seeds)
    assert resident_kib() - before < 40 * 1024
    target.close()


@pytest.mark.cwmp("A-71")
def test_sessions_answer_whatever_comes(database: Database, errors: LogErrors):
    refused, good = sample("hearthline_cwmp_refused_total"), sample("hearthline_sessions_total", outcome="ok")
    watch = fuzzed(Sessions(database, errors), RUNS["sessions"], 3)
    assert watch.messages > RUNS["sessions"]
    assert sample("hearthline_cwmp_refused_total") > refused
    assert sample("hearthline_sessions_total", outcome="ok") > good


@pytest.mark.cwmp("J-6")
def test_connection_answers_or_closes_whatever_comes(database: Database, errors: LogErrors):
    refused = sample("hearthline_http_refused_total")
    watch = fuzzed(Channel(database, errors), RUNS["channel"], 4)
    assert watch.messages > RUNS["channel"]
    assert sample("hearthline_http_refused_total") > refused


# ---- the fuzzers themselves --------------------------------------------------------------------------------------


def test_mutations_are_neither_harmless_nor_hopeless():
    """Of what the mutator makes, some is read, some is repaired, some refused for its markup, some for what it says."""
    rng, found, given = random.Random(5), Counter[str](), seeds("messages")
    for _ in range(4000):
        try:
            envelope = decode(worse(rng.choice(given), rng, given))
        except CpeProtocolError as error:
            found["markup" if "well-formed" in str(error) else "content"] += 1
        else:
            found["repaired" if envelope.tolerances else "unknown" if isinstance(envelope.message, UnknownRpc) else "read"] += 1
    assert all(found[kind] > 100 for kind in ("markup", "content", "repaired", "read")), found


@pytest.mark.parametrize("make", [worse, worse_request, worse_script])
def test_mutation_comes_again_with_the_same_seed_and_is_bounded(make: Any):
    data = (SEPARATOR if make is worse_script else b"").join(seeds("messages")[:5])
    for seed in range(200):
        once, again = (make(data, random.Random(seed), [data]) for _ in range(2))
        assert once == again
        assert len(once) <= 128 * 1024
    assert len({make(data, random.Random(seed), [data]) for seed in range(50)}) > 30


def test_every_seed_message_is_a_message():
    for data in seeds("messages"):
        assert decode(data).message is not None


class _Broken:
    """A target with a defect that one input in a hundred shows."""

    name, seeds = "broken", (b"<a>1</a>",)

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def worse(self, data: bytes, rng: random.Random) -> bytes:
        return worse(data, rng)

    def run(self, data: bytes) -> int:
        if b"passwd" in data:
            if not self.seconds:
                raise KeyError("a defect")
            import time

            began = time.process_time()
            while time.process_time() - began < self.seconds:
                pass
        return 1


@pytest.mark.parametrize(("seconds", "what"), [(0.0, KeyError), (1.1, AssertionError)])
def test_what_breaks_or_takes_too_long_is_a_finding(seconds: float, what: type[Exception]):
    with pytest.raises(what):
        fuzzed(_Broken(seconds), 2000, 6)


def test_error_in_the_log_is_a_finding(database: Database, errors: LogErrors, monkeypatch: pytest.MonkeyPatch):
    target = Sessions(database, errors)
    monkeypatch.setattr(target.bench.commit, "_apply", lambda unit, works: 1 / 0)
    with pytest.raises(AssertionError, match="division by zero"):
        target.run(seeds("sessions")[0])


def test_command_runs_for_so_many_messages_and_tells_the_figures(tmp_path: Path):
    ran = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--runs", "1000", "--seed", "3"], capture_output=True, text=True, check=False, timeout=120
    )
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr[-2000:]
    assert "no finding; resident memory in MiB" in ran.stderr
    assert (
        sum(int(line.split()[1].replace(",", "")) for line in ran.stderr.splitlines() if " in " in line and line.split(":")[0] in RUNS)
        >= 1000
    )


def test_command_by_coverage(tmp_path: Path):
    pytest.importorskip("atheris", reason="no wheel of atheris for this Python; the mutating fuzzers above ran")
    for data in list((Path(__file__).parent / "seeds" / "messages").iterdir())[:5]:
        shutil.copy(data, tmp_path)
    ran = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--guided", "--runs", "2000", "--corpus", str(tmp_path)], capture_output=True, text=True, check=False, timeout=120
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "Done 2000 runs" in ran.stderr
    assert len(list(tmp_path.iterdir())) > len(seeds("messages"))  # it found its way to new code

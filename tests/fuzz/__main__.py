"""`python -m tests.fuzz`: fuzz until so many messages or seconds are through, and say how it went. `make fuzz RUNS=…` or `SECONDS=…`.

Without --guided, mutations of the seeds with a fixed seed of chance. With it, atheris looks which inputs reach new code (`pip install
.[fuzz]`, CPython up to what it has wheels for); what it finds interesting is kept in a folder of your choice. A finding is written beside you.
"""

import argparse
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

SHARES = {"decoder": 0.7, "sessions": 0.2, "channel": 0.1}
"""How many of all messages each target gets: a session is a hundred times as dear as a message."""


def main() -> int:
    given = _arguments()
    with ExitStack() as stack:
        if given.guided:
            return _guided(given, stack)
        from tests.fuzz import targets

        errors = stack.enter_context(targets.watched_log())
        began, chosen, middle = time.monotonic(), given.target or list(SHARES), [targets.resident_kib()]
        total = sum(SHARES[name] for name in chosen)
        watches = []
        for name in chosen:
            watch = targets.Watch(_target(name, stack, errors))
            watches.append(watch)
            share = SHARES[name] / total
            middle += _mutate(watch, given, given.runs * share if given.runs else 0, given.seconds * share if given.seconds else 0)
        _report(watches, middle, time.monotonic() - began)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz what strangers reach.")
    parser.add_argument("--target", action="append", choices=list(SHARES), help="only this; may be repeated")
    parser.add_argument("--runs", type=int, default=0, help="messages in all")
    parser.add_argument("--seconds", type=float, default=0.0, help="time in all")
    parser.add_argument("--seed", type=int, default=1, help="of chance")
    parser.add_argument("--guided", action="store_true", help="by coverage, with atheris")
    parser.add_argument("--corpus", type=Path, help="folder for inputs that reached new code")
    given = parser.parse_args()
    if not given.runs and not given.seconds:
        given.seconds = 60.0
    return given


def _target(name: str, stack: ExitStack, errors: Any) -> Any:
    from importlib import import_module

    from tests.fuzz import targets

    if name == "decoder":
        decoder = targets.Decoder()
        stack.callback(decoder.close)
        return decoder
    from acs.db.engine import Database
    from acs.db.upgrade import upgrade
    from acs.settings import MODEL_MODULES

    for module in MODEL_MODULES:
        import_module(module)
    place = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)))
    url = f"sqlite:///{place}/fuzz.db"
    upgrade(url)
    database = Database(url)
    stack.callback(database.close)
    return (targets.Sessions if name == "sessions" else targets.Channel)(database, errors)


def _mutate(watch: Any, given: argparse.Namespace, messages: float, seconds: float) -> list[int]:
    """Run mutations; the resident memory at the start, at ten points between, and at the end."""
    from tests.fuzz.targets import resident_kib

    target, rng = watch.target, random.Random(f"{given.seed} {watch.target.name}")
    for data in target.seeds:
        watch.run(data)
    began, said, memory = time.monotonic(), time.monotonic(), [resident_kib()]
    while (not messages or watch.messages < messages) and (not seconds or time.monotonic() - began < seconds):
        data = target.worse(rng.choice(target.seeds), rng)
        try:
            watch.run(data)
        except Exception:
            found = Path(f"finding-{target.name}-{watch.runs}")
            found.write_bytes(data)
            sys.stderr.write(f"{found}: {len(data)} bytes\n")
            raise
        if time.monotonic() - said > 30 or (messages and len(memory) <= 10 * watch.messages / messages):
            said = time.monotonic()
            memory.append(resident_kib())
            sys.stderr.write(f"{target.name}: {watch.messages:,} messages, {watch.slowest_s:.3f} s the slowest, {memory[-1] // 1024} MiB\n")
    return [*memory, resident_kib()]


def _report(watches: list[Any], memory: list[int], seconds: float) -> None:
    messages = sum(watch.messages for watch in watches)
    sys.stderr.write(
        "".join(
            f"{w.target.name}: {w.messages:,} messages in {w.runs:,} runs, slowest {w.slowest_s:.3f} s of processor, {w.slowest_wall_s:.3f} s\n"
            for w in watches
        )
        + f"{messages:,} messages in {seconds:.0f} s ({messages / seconds:.0f}/s), no finding; resident memory in MiB: "
        + ", ".join(str(kib // 1024) for kib in memory)
        + "\n"
    )


def _guided(given: argparse.Namespace, stack: ExitStack) -> int:
    """By coverage. libFuzzer owns the process from here on."""
    try:
        import atheris
    except ImportError:
        sys.stderr.write(
            "atheris is not installed (pip install '.[fuzz]'), or has no wheel for this Python; without --guided it is not needed\n"
        )
        return 2
    with atheris.instrument_imports(include=["acs.cwmp", "acs.server", "acs.secrets"]):
        from tests.fuzz import targets
    errors = stack.enter_context(targets.watched_log())
    target = _target((given.target or ["decoder"])[0], stack, errors)
    watch = targets.Watch(target)

    def one(data: bytes) -> None:
        watch.run(data)

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        rng = random.Random(seed)
        return bytes(atheris.Mutate(data, most))[:most] if rng.random() < 0.3 else target.worse(data, rng)[:most]

    corpus = Path(given.corpus or stack.enter_context(tempfile.TemporaryDirectory()))
    for n, data in enumerate(target.seeds):
        (corpus / f"seed-{n}").write_bytes(data)
    limits = [f"-runs={given.runs}"] if given.runs else []
    limits += [f"-max_total_time={int(given.seconds)}"] if given.seconds else []
    atheris.Setup([sys.argv[0], str(corpus), "-max_len=65536", "-timeout=20", "-rss_limit_mb=1024", *limits], one, custom_mutator=mutated)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())

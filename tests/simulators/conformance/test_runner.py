"""Verdicts, limits and order; an error of the suite is told as one."""

import pytest_twisted

from simulators.conformance.case import Case, Verdict, check, skip
from simulators.conformance.cpe import World
from simulators.conformance.driver import NoDriver
from simulators.conformance.runner import Runner, counts
from tests.simulators.conformance.kit import reactor, settle


async def good(cpe):
    cpe.should(True, "never told")


async def warns(cpe):
    cpe.should(False, "it should")


async def fails(cpe):
    cpe.note("before")
    check(False, "it must")


async def skips(cpe):
    skip("it need not")


async def errs(cpe):
    raise KeyError("oops")


async def hangs(cpe):
    await cpe.pause(100)


def made(script, **more):
    return Case(f"G/{script.__name__}", "G", "title", "does.", (), script, **more)


@pytest_twisted.ensureDeferred
async def test_each_case_gets_its_verdict_and_reason():
    told = []
    runner = Runner(
        World(reactor, "http://127.0.0.1:1/", NoDriver()), 3, case_s=0.2, tell=lambda result, done, total: told.append((done, total))
    )
    cases = [made(each) for each in (good, warns, fails, skips, errs, hangs)]
    results = await runner.run(cases)
    assert [result.case.id for result in results] == [each.id for each in cases]
    assert [result.verdict for result in results] == [
        Verdict.PASSED, Verdict.WARNING, Verdict.FAILED, Verdict.SKIPPED, Verdict.FAILED, Verdict.FAILED,
    ]  # fmt: skip
    assert [result.reason for result in results] == [
        "",
        "it should",
        "it must",
        "it need not",
        "error in the suite: KeyError: 'oops'",
        "not over within 0.2 s",
    ]
    assert [line.what for line in results[2].transcript] == ["before"]
    assert "KeyError" in results[4].transcript[-1].text
    assert told == [(n, 6) for n in range(1, 7)]
    assert counts(results)[Verdict.FAILED] == 3
    await settle()


@pytest_twisted.ensureDeferred
async def test_what_the_driver_cannot_is_skipped_with_the_reason():
    world = World(reactor, "http://127.0.0.1:1/", NoDriver())
    world.driver = NoDriver()
    result = await Runner(world).one(made(good, needs=frozenset({"reboot"})))
    assert (result.verdict, result.reason) == (Verdict.SKIPPED, "the driver 'none' cannot: restart the device")

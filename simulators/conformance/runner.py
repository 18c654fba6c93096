"""Runs cases, some at a time, each with a CPE of its own and a time limit; nothing a case does stops the run.

Tests: tests/simulators/conformance/test_runner.py.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredList

from simulators.conformance.case import Case, CaseFailed, CaseSkipped, Result, Verdict
from simulators.conformance.cpe import WireCpe, World
from simulators.conformance.driver import ACTIONS, DriverFailed

CASE_S = 60.0
"""How long a case may take beside what it waits for on purpose."""

Told = Callable[[Result, int, int], None]


@dataclass
class Runner:
    """`tell` is called after each case with its result, how many are done and how many there are."""

    world: World
    jobs: int = 4
    case_s: float = CASE_S
    tell: Told = lambda _result, _done, _total: None
    results: list[Result] = field(default_factory=list)

    async def run(self, cases: Sequence[Case]) -> list[Result]:
        """All of them; the results in the order of the cases."""
        waiting = sorted(cases, key=lambda case: -case.wait_s)  # what waits on purpose begins first

        async def work() -> None:
            while waiting:
                result = await self.one(waiting.pop(0))
                self.results.append(result)
                self.tell(result, len(self.results), len(cases))

        await DeferredList([Deferred.fromCoroutine(work()) for _ in range(self.jobs)], fireOnOneErrback=True, consumeErrors=True)
        order = {case.id: n for n, case in enumerate(cases)}
        return sorted(self.results, key=lambda result: order[result.case.id])

    async def one(self, case: Case) -> Result:
        missing = case.needs - self.world.driver.capabilities
        if missing:
            what = "; ".join(ACTIONS.get(word, word) for word in sorted(missing))
            return Result(case, Verdict.SKIPPED, f"the driver {self.world.driver.name!r} cannot: {what}", 0.0)
        began = self.world.reactor.seconds()
        cpe = WireCpe(self.world)
        verdict, reason = await self._judge(case, cpe)
        cpe.close()
        if verdict is Verdict.PASSED and cpe.warnings:
            verdict, reason = Verdict.WARNING, "; ".join(cpe.warnings)
        return Result(case, verdict, reason, self.world.reactor.seconds() - began, tuple(cpe.lines), tuple(cpe.warnings))

    async def _judge(self, case: Case, cpe: WireCpe) -> tuple[Verdict, str]:
        script: Any = case.script(cpe)
        running: Deferred[Any] = Deferred.fromCoroutine(script)
        limit = self.case_s + case.wait_s
        timer = self.world.reactor.callLater(limit, running.cancel)
        try:
            await running
        except CaseFailed as error:
            return Verdict.FAILED, str(error)
        except CaseSkipped as error:
            return Verdict.SKIPPED, str(error)
        except DriverFailed as error:
            return Verdict.FAILED, f"the driver could not do its part: {error}"
        except CancelledError:
            return Verdict.FAILED, f"not over within {limit:g} s"
        except Exception as error:
            cpe.note("error in the suite", "", traceback.format_exc()[-3000:])
            return Verdict.FAILED, f"error in the suite: {type(error).__name__}: {error}"
        finally:
            if timer.active():
                timer.cancel()
        return Verdict.PASSED, ""


def counts(results: Iterable[Result]) -> dict[Verdict, int]:
    found = dict.fromkeys(Verdict, 0)
    for result in results:
        found[result.verdict] += 1
    return found

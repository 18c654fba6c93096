"""What a CWMP worker did in the last seconds, out of its own counters: one small row every SLOT_S, so that load can be seen without Prometheus."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.monitoring.models import WorkerLoad

SLOT_S = 10.0


@dataclass(frozen=True, slots=True)
class Totals:
    """Counters of a process since it started, and its CPU seconds. `live` is how many sessions there are now, `openness` how far admission is open: 3
    for all."""

    at: datetime
    sessions: float = 0
    failed: float = 0
    informs: float = 0
    refused: float = 0
    put_off: float = 0
    answers: float = 0
    answer_s: float = 0
    cpu_s: float = 0
    live: float = 0
    openness: float = 0


def totals(at: datetime, samples: Mapping[str, float], cpu_s: float) -> Totals:
    """Out of sums of the process's metrics by name (acs/server/watching.py reads them)."""

    def of(name: str) -> float:
        return samples.get(f"hearthline_{name}", 0)

    return Totals(
        at, of("sessions_total"), of("sessions_total") - of("sessions_total:ok"), of("informs_total"), of("refused_total"), of("admission_refused_total"),
        of("inform_answer_seconds_count"), of("inform_answer_seconds_sum"), cpu_s, of("sessions_live"), of("admission_openness"),
    )  # fmt: skip


def note(unit: Unit, tenant: TenantId, worker: str, before: Totals, now: Totals) -> None:
    """Write down what lies between two readings of a worker's counters."""
    answers = now.answers - before.answers
    span_s = max((now.at - before.at).total_seconds(), 0.001)
    unit.session.add(
        WorkerLoad(
            at=now.at, worker=worker[:40], tenant_id=tenant, span_s=span_s, sessions=int(now.sessions - before.sessions),
            failed=int(now.failed - before.failed), informs=int(now.informs - before.informs), refused=int(now.refused - before.refused),
            put_off=int(now.put_off - before.put_off), live=int(now.live), openness=now.openness,
            answer_ms=1000 * (now.answer_s - before.answer_s) / answers if answers else 0.0,
            cpu_ms=1000 * (now.cpu_s - before.cpu_s),
        )
    )  # fmt: skip

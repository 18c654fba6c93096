"""How long a CPE waits before it tries a failed session again (TR-069 §3.2.1.1; conformance A-64 to A-66)."""

from __future__ import annotations

LAST_ROW = 10


def retry_wait(attempt: int, minimum_s: int = 5, multiplier: int = 2000) -> tuple[float, float]:
    """Bounds, in seconds, of the wait before session retry `attempt`.

    From m·(k/1000)^(n-1) to m·(k/1000)^n, n held at 10 from the tenth retry on; `minimum_s` is m, `multiplier` is k in thousandths.
    ValueError below 1: the first attempt does not wait.
    """
    if attempt < 1:
        raise ValueError(f"retry {attempt}: the first attempt does not wait")
    row = min(attempt, LAST_ROW)
    factor = multiplier / 1000
    return minimum_s * factor ** (row - 1), minimum_s * factor**row

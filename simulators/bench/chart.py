"""The chart of a bench as SVG: for each session and database a bar of its CPU, a tick at its goal and one at the best open peer, on a
logarithmic axis. Bars are told apart by text as well as by colour. Tests: tests/simulators/bench/test_chart.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from xml.sax.saxutils import escape

from simulators.bench.run import Outcome

LEFT, WIDTH, BAR, GAP, TOP = 330, 620, 18, 10, 46
COLOURS = {"sqlite": "#2f6f9f", "postgresql": "#7a5195"}
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}.small{font-size:11px;fill:#555}.grid{stroke:#ddd}"
    ".goal{stroke:#1a7f37;stroke-width:3}.peer{stroke:#b35900;stroke-width:3}"
)


def svg(outcomes: Sequence[Outcome]) -> str:
    """An SVG document. ValueError for no outcome at all."""
    if not outcomes:
        raise ValueError("nothing was measured that could be drawn")
    every = [value for o in outcomes for value in (o.total_ms, o.case.goal_ms, o.case.peer_ms) if value > 0]
    low, high = floor(log10(min(every))), ceil(log10(max(every)))

    def x(value: float) -> float:
        return LEFT + WIDTH * (log10(max(value, 10**low)) - low) / max(high - low, 1)

    height = TOP + len(outcomes) * (BAR + GAP) + 40
    bottom = TOP + len(outcomes) * (BAR + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 90} {height}" role="img">',
        "<title>CPU milliseconds of all server processes and the database for one session</title>",
        f"<style>{_STYLE}</style>",
        '<text x="10" y="20">CPU ms a session, all server processes and the database; green: goal, orange: best open peer without its database</text>',
    ]
    for power in range(low, high + 1):
        at = x(10.0**power)
        parts.append(f'<line class="grid" x1="{at:.1f}" y1="{TOP - 8}" x2="{at:.1f}" y2="{bottom}"/>')
        parts.append(f'<text class="small" x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{10.0**power:g} ms</text>')
    for row, outcome in enumerate(outcomes):
        y = TOP + row * (BAR + GAP)
        end = x(outcome.total_ms)
        parts.append(f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(f"{outcome.case.name}, {outcome.database}")}</text>')
        parts.append(f'<rect x="{LEFT}" y="{y}" width="{max(end - LEFT, 1):.1f}" height="{BAR}" fill="{COLOURS.get(outcome.database, "#666")}"/>')
        for name, value in (("goal", outcome.case.goal_ms), ("peer", outcome.case.peer_ms)):
            parts.append(f'<line class="{name}" x1="{x(value):.1f}" y1="{y - 3}" x2="{x(value):.1f}" y2="{y + BAR + 3}"/>')
        parts.append(f'<text class="small" x="{max(end, x(outcome.case.goal_ms)) + 6:.1f}" y="{y + 13}">{outcome.total_ms:.2f}</text>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"

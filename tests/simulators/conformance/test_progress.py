"""A bar on a terminal, lines elsewhere."""

import io

from simulators.conformance.progress import Progress
from tests.simulators.conformance.test_junit import RESULTS


def said(**given):
    out = io.StringIO()
    progress = Progress(out, **given)
    for n, result in enumerate(RESULTS, 1):
        progress.tell(result, n, 4)
    progress.end()
    return out.getvalue()


def test_lines_in_a_file_name_every_case_and_its_reason():
    lines = said(is_terminal=False).splitlines()
    assert lines[0] == "passed   Group_A/one"
    assert lines[2] == "skipped  Group_A/three: no driver"
    assert lines[-1] == "1 passed, 1 warning, 1 failed, 1 skipped"
    assert "\x1b" not in "".join(lines)


def test_quiet_lines_are_of_what_is_wrong():
    assert [line.split()[0] for line in said(is_terminal=False, quiet=True).splitlines()[:-1]] == ["failed", "warning"]


def test_a_terminal_has_a_bar_that_fills_and_lines_for_what_is_wrong():
    text = said(is_terminal=True)
    assert "1/4" in text
    assert "█" * 30 + " 4/4, 1 failed" in text
    assert text.count("\n") == 3

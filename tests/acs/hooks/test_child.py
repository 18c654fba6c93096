"""The child's answers, asked in this very process: acs/hooks/child.py. That it can be killed is shown in test_runner.py."""

import json

import pytest

from acs.hooks import child

ASKED = {"facts": "{}", "time_ms": 100, "memory_mb": 8, "output": 1000}


def told(code, **given):
    return child.answer({**ASKED, "code": code, **given})


def test_answer_is_json_with_what_was_logged():
    found = told("function hook(d) { log('a', { b: 1 }, undefined, [2]); return { x: d.n + 1 }; }", facts='{"n": 1}')
    assert (json.loads(found["answer"]), found["logs"]) == ({"x": 2}, ['a {"b":1} undefined [2]'])
    assert json.loads(told("function hook(d) {}")["answer"]) is None


def test_logs_are_bounded():
    found = told("function hook(d) { for (let i = 0; i < 1000; i++) log('x'.repeat(5000)); }")
    assert (len(found["logs"]), {len(line) for line in found["logs"]}) == (child.LOG_LINES, {child.LOG_CHARS})


@pytest.mark.parametrize(
    ("code", "fault", "line"),
    [
        ("function hook(d) { return 1", "syntax", None), ("\nfunction hook(d) {\n  return x;\n}", "threw", 3), ("let hook = 5;", "threw", None),
        ("function hook(d) {\n  for (;;);\n}", "time", 2), ("function hook(d) { return 'x'.repeat(2000); }", "output", None),
        ("function hook(d) { return 'ü'.repeat(600); }", "output", None), ("function hook(d) { return hook(d); }", "stack", 1),
    ],
)  # fmt: skip
def test_fault_is_told_by_kind_and_line(code, fault, line):
    found = told(code)
    assert found["fault"] == fault
    assert found.get("line") in (line, 1) if line is None else found["line"] == line
    assert "answer" not in found and found["told"]


def test_question_that_is_only_a_check_calls_nothing():
    assert told("function hook(d) { throw new Error('called'); }", check=True)["answer"] == "null"

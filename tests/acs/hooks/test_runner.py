"""Hooks in child processes, hostile ones above all: each is stopped with a message, and nobody else notices. acs/hooks/runner.py, child.py."""

import os
import signal
import subprocess
import threading
import time

import pytest

from acs.hooks.runner import CODE_MOST, HookRunner
from acs.hooks.views import Fault, HookFailed, Limits

LIMITS = Limits(time_ms=60, memory_mb=8, output=2000)
FACTS = {"device": {"model": "G240"}, "values": {"wifi.2g.channel": 6}}


@pytest.fixture(scope="module")
def runner():
    made = HookRunner(most=2)
    yield made
    made.close()


def failed(runner, code, limits=LIMITS, facts=FACTS, tenant=1):
    with pytest.raises(HookFailed) as caught:
        runner.run(tenant, code, facts, limits)
    return caught.value


def pids(runner):
    return [child.pid for child in runner._idle]


GOOD = "function hook(d) { log('saw', d.device.model); return {'wifi.2g.channel': d.values['wifi.2g.channel'] + 5}; }"


def test_answer_log_and_time_come_back(runner):
    ran = runner.run(1, GOOD, FACTS, LIMITS)
    assert (ran.answer, ran.logs) == ({"wifi.2g.channel": 11}, ("saw G240",))
    assert 0 < ran.took_ms < 1000


HOSTILE = {
    "endless loop": ("while (true) {}", Fault.TIME, "still running"),
    "loop that catches": ("for (;;) { try { for (;;) {} } catch (e) {} finally {} }", Fault.TIME, "still running"),
    "loop in a getter": ("return { get a() { for (;;); } };", Fault.TIME, "still running"),
    "loop in a proxy": ("return new Proxy({}, { ownKeys() { for (;;); } });", Fault.TIME, "still running"),
    "memory in pieces": ("const a = []; for (;;) a.push('x'.repeat(1000) + a.length);", Fault.MEMORY, "more than the 8 MB"),
    "memory at once": ("return new ArrayBuffer(1 << 30).byteLength;", Fault.MEMORY, "more than the 8 MB"),
    "text that doubles": ("let s = 'ab'; for (;;) s += s;", Fault.MEMORY, "more than the 8 MB"),
    "calls itself": ("return hook(d);", Fault.STACK, "without end"),
    "giant answer": ("return 'x'.repeat(100000);", Fault.OUTPUT, "at most 2000 bytes"),
    "deep answer": ("let a = {}; for (let i = 0; i < 100000; i++) a = { a }; return a;", Fault.MEMORY, "more than the 8 MB"),
    "circle": ("const a = {}; a.a = a; return a;", Fault.THREW, "circular"),
    "file": ("return require('fs').readFileSync('/etc/passwd');", Fault.THREW, "'require' is not defined"),
    "file of the engine": ("return std.loadFile('/etc/passwd');", Fault.THREW, "'std' is not defined"),
    "module": ("return import('os');", Fault.THREW, "cannot be async"),
    "network": ("return fetch('http://127.0.0.1:7547/');", Fault.THREW, "'fetch' is not defined"),
    "process": ("return process.exit(1);", Fault.THREW, "'process' is not defined"),
    "clock": ("return Date.now();", Fault.THREW, "no clock"),
    "clock by the constructor": ("return new (Object.getPrototypeOf(new Date(0)).constructor)();", Fault.THREW, "no clock"),
    "chance": ("return new d.constructor.constructor('return Math.random()')();", Fault.THREW, "no chance"),
    "later": ("return Promise.resolve({});", Fault.THREW, "cannot be async"),
    "half an exception": ("throw null;", Fault.MEMORY, "Or it threw null"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_hook_is_stopped_and_its_child_serves_the_next(runner, name):
    code, fault, told = HOSTILE[name]
    found = failed(runner, f"function hook(d) {{\n{code}\n}}")
    assert found.fault is fault and told in found.told, (found.fault, found.told)
    assert runner.run(1, GOOD, FACTS, LIMITS).answer == {"wifi.2g.channel": 11}


def test_tricks_with_prototypes_change_nothing_but_their_own_answer(runner):
    tricks = """
        JSON.stringify = JSON.parse = () => { throw new Error("mine"); };
        Object.prototype.toJSON = function () { return { a: 1 }; };
        Function.prototype.call = Function.prototype.apply = Array.prototype.map = () => { throw new Error("mine"); };
        Object.defineProperty(Object.prototype, "fault", { get() { throw new Error("mine"); } });
        globalThis.__proto__ = null; String.prototype.slice = () => "mine";
        function hook(d) { return { b: 2 }; }
    """
    assert runner.run(1, tricks, FACTS, LIMITS).answer == {"a": 1}
    assert runner.run(1, GOOD, FACTS, LIMITS).logs == ("saw G240",)


def test_nothing_is_left_from_run_to_run(runner):
    counts = "globalThis.n = (globalThis.n || 0) + 1; function hook(d) { return n; }"
    assert [runner.run(1, counts, FACTS, LIMITS).answer for _ in range(3)] == [1, 1, 1]


def test_regular_expression_without_end_dies_with_its_child(runner):
    runner.run(1, GOOD, FACTS, LIMITS)
    before, begun = pids(runner), time.monotonic()
    found = failed(runner, "function hook(d) { return /^(a+)+$/.test('a'.repeat(40) + '!'); }")
    assert found.fault is Fault.TIME and "regular expression" in found.told
    assert time.monotonic() - begun < 3
    assert len(pids(runner)) == len(before) - 1
    assert runner.run(1, GOOD, FACTS, LIMITS).answer == {"wifi.2g.channel": 11}


def test_hostile_neighbour_does_not_hold_others_up(runner):
    ends = []

    def bad():
        ends.append(failed(runner, "function hook(d) { return /^(a+)+$/.test('a'.repeat(40) + '!'); }", tenant=2).fault)

    thread = threading.Thread(target=bad)
    thread.start()
    begun = time.monotonic()
    answers = [runner.run(1, GOOD, FACTS, LIMITS).answer for _ in range(20)]
    took = time.monotonic() - begun
    thread.join()
    assert ends == [Fault.TIME]
    assert len(answers) == 20 and took < 1


@pytest.mark.parametrize(
    ("code", "line"),
    [("const a = 1;\nfunction hook(d) {\n  return d.x.y;\n}", 3), ("\n\nfunction hook(d) { return (", 3), ("throw new Error('x')", None)],
)
def test_line_of_an_error_is_told(runner, code, line):
    found = failed(runner, code)
    assert found.line == line
    assert str(found).startswith(f"Line {line}: ") is (line is not None)


def test_code_without_the_function_is_told_so(runner):
    assert "no function hook" in failed(runner, "const x = 1;").told


def test_code_is_checked_without_being_called(runner):
    runner.check(1, "const hook = d => { throw new Error('called'); };", LIMITS)
    for code, fault in (("function hook(d) {", Fault.SYNTAX), ("let x;", Fault.THREW), ("for (;;);", Fault.TIME)):
        with pytest.raises(HookFailed) as caught:
            runner.check(1, code, LIMITS)
        assert caught.value.fault is fault


def test_children_serve_one_tenant_only(runner):
    runner.run(1, GOOD, FACTS, LIMITS)
    first = {child.pid for child in runner._idle if child.tenant == 1}
    runner.run(2, GOOD, FACTS, LIMITS)
    assert first.isdisjoint({child.pid for child in runner._idle if child.tenant == 2})
    assert len(pids(runner)) <= 2


def test_child_that_is_killed_midway_is_told_and_replaced(runner):
    slow = Limits(time_ms=2000, memory_mb=8, output=2000)
    ends = []
    runner.run(3, GOOD, FACTS, LIMITS)
    (pid,) = [child.pid for child in runner._idle if child.tenant == 3]
    thread = threading.Thread(target=lambda: ends.append(failed(runner, "function hook(d) { for (;;); }", slow, tenant=3)))
    thread.start()
    time.sleep(0.2)
    os.kill(pid, signal.SIGKILL)
    thread.join()
    assert (ends[0].fault, ends[0].told) == (Fault.KILLED, "The process for hooks was ended by SIGKILL.")
    assert runner.run(3, GOOD, FACTS, LIMITS).answer == {"wifi.2g.channel": 11}


def test_idle_child_that_died_is_replaced_before_it_is_asked(runner):
    runner.run(1, GOOD, FACTS, LIMITS)
    for pid in pids(runner):
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.05)
    assert runner.run(1, GOOD, FACTS, LIMITS).answer == {"wifi.2g.channel": 11}


def test_who_finds_all_busy_is_told_so():
    single = HookRunner(most=1, wait_s=0.05)
    try:
        thread = threading.Thread(target=lambda: failed(single, "function hook(d) { for (;;); }", Limits(time_ms=600)))
        thread.start()
        time.sleep(0.2)
        assert failed(single, GOOD).fault is Fault.BUSY
        thread.join()
        assert single.run(1, GOOD, FACTS, LIMITS).answer == {"wifi.2g.channel": 11}
    finally:
        single.close()


def test_what_is_too_large_is_not_sent(runner):
    assert failed(runner, "x" * (CODE_MOST + 1)).fault is Fault.SYNTAX
    assert failed(runner, GOOD, facts={"x": "y" * (5 << 20)}).fault is Fault.MEMORY


def test_child_holds_nothing_of_ours_and_can_open_nothing(runner):
    runner.run(1, GOOD, FACTS, LIMITS)
    pid = pids(runner)[0]
    open_ones = sorted(int(name) for name in os.listdir(f"/proc/{pid}/fd"))
    assert len(open_ones) <= 4
    with open(f"/proc/{pid}/limits") as file:
        limits = {line[:26].strip(): line[26:47].strip() for line in file}
    assert (limits["Max open files"], limits["Max file size"], limits["Max core file size"]) == ("0", "0", "0")
    assert int(limits["Max address space"]) < 512 << 20
    assert int(limits["Max cpu time"]) <= 10


def test_no_process_is_left_behind():
    own = HookRunner(most=2)
    for tenant in (1, 2):
        own.run(tenant, GOOD, FACTS, LIMITS)
    left = pids(own)
    own.close()
    alive = subprocess.run(["ps", "-o", "pid=", "-p", ",".join(map(str, left))], capture_output=True, text=True, check=False)
    assert len(left) == 2 and alive.stdout == ""

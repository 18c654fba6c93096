"""The other side of runner.py: a process that runs hooks for one tenant and can be killed at any moment without loss.

Started as a script by path, in Python's isolated mode and with an empty environment: it imports nothing of ours, holds no file and no
socket but the one to its parent, and gives up the right to open any before it reads its first question. Each question is run in an engine of
its own. Messages are JSON after four bytes of length, both ways.
"""

import json
import os
import re
import resource
import socket
import struct
import sys
from time import perf_counter, process_time

import quickjs

LOG_LINES, LOG_CHARS = 100, 500
STACK = 256 * 1024
ROOM = 96 << 20
"""Address space beside what the process has at its start: an engine at its largest, and Python's copy of what goes in and out."""
_PLACE = re.compile(r"<input>:(\d+)")

# What the hook must not reach is taken away before its code is read: the clock and chance, because an answer must depend on the device
# alone. What is needed afterwards is kept from it in a closure, so that nothing it redefines matters here.
PRELUDE = """
(function () {
  "use strict";
  const parse = JSON.parse, stringify = JSON.stringify, Fault = Error, text = String, slice = Function.prototype.call.bind(String.prototype.slice);
  const lines = [];
  const refuse = function () { throw new Fault("A hook knows no clock and no chance: its answer depends on the device alone."); };
  const Then = Date;
  const Told = function (...given) {
    if (!new.target || given.length === 0) refuse();
    return new Then(...given);
  };
  Told.prototype = Then.prototype; Told.prototype.constructor = Told; Told.UTC = Then.UTC; Told.parse = Then.parse; Told.now = refuse;
  globalThis.Date = Told;
  Math.random = refuse;
  globalThis.log = function (...given) {
    if (lines.length < %d) lines.push(slice(given.map(v => typeof v === "string" ? v : stringify(v) ?? text(v)).join(" "), 0, %d));
  };
  const keep = [];
  return function (step, given) {
    if (step === "logs") return stringify(lines);
    if (typeof given !== "function") throw new Fault("There is no function hook(device).");
    if (step === "check") return "null";
    const found = given(parse(step));
    if (found !== null && typeof found === "object" && typeof found.then === "function") throw new Fault("A hook answers at once: it cannot be async.");
    const told = stringify(found);
    return told === undefined ? "null" : told;
  };
})()
""".replace("\n", " ") % (LOG_LINES, LOG_CHARS)  # in one line: then only the hook's own places have a number


def answer(asked):
    """What came of one question: `answer` as JSON text, or `fault`, `told` and `line`; `logs`, and the CPU time in milliseconds."""
    begun, logs = process_time(), []
    try:
        engine = quickjs.Context()
        engine.set_max_stack_size(STACK)
        engine.set_memory_limit(asked["memory_mb"] << 20)
        engine.set_time_limit(asked["time_ms"] / 1000)
        ask = engine.eval(PRELUDE)
        try:
            engine.eval(asked["code"])
            told = ask("check" if asked.get("check") else asked["facts"], engine.eval("typeof hook === 'function' ? hook : undefined"))
        finally:
            logs = _logs(ask)
        out = {"fault": "output", "told": _too_long(len(told), asked)} if len(told.encode()) > asked["output"] else {"answer": told}
    except quickjs.JSException as error:
        out = _fault(str(error), asked, (process_time() - begun) * 1000)
    except (quickjs.StackOverflow, RecursionError):
        out = {"fault": "stack", "told": "It calls itself without end."}
    except MemoryError:
        out = {"fault": "memory", "told": _too_much(asked)}
    except UnicodeError:
        out = {"fault": "output", "told": "Its answer holds half a character: it cannot be written down."}
    return {**out, "logs": logs, "cpu_ms": round((process_time() - begun) * 1000, 3)}


def _logs(ask):
    try:
        told = json.loads(ask("logs", None))
    except Exception:  # whatever it did to itself: then there is nothing to show
        return []
    return [line[:LOG_CHARS] for line in told[:LOG_LINES] if isinstance(line, str)] if isinstance(told, list) else []


def _fault(text, asked, took_ms):
    place = _PLACE.search(text)
    line = {"line": int(place[1])} if place else {"line": 1} if "at hook (" in text else {}
    head = text.partition("\n")[0][:500].encode("utf-8", "replace").decode()
    if "InternalError: interrupted" in text or (took_ms >= asked["time_ms"] and "InternalError" in text):
        return {"fault": "time", "told": f"It was still running after {asked['time_ms']} ms.", **line}
    if "out of memory" in text or head in ("null", "") or "Failed obtaining" in head:  # without memory for an error the engine throws null
        return {"fault": "memory", "told": _too_much(asked) + (" Or it threw null." if head == "null" else ""), **line}
    if "stack overflow" in text:
        return {"fault": "stack", "told": "It calls itself without end.", **line}
    return {"fault": "syntax" if head.startswith("SyntaxError") else "threw", "told": head, **line}


def _too_much(asked):
    return f"It needs more than the {asked['memory_mb']} MB it may have."


def _too_long(size, asked):
    return f"Its answer has {size} characters; at most {asked['output']} bytes are taken."


def bind_hands():
    """From here on no file, no socket and no process can be opened, and memory is bounded."""
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() if os.path.exists("/proc/self/statm") else 256 << 20  # noqa: SIM115
    for what, most in (
        (resource.RLIMIT_AS, used + ROOM), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NPROC, 0), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 0),
    ):  # fmt: skip
        resource.setrlimit(what, (most, most))


def bind_time(time_ms):
    """What is not stopped from within, such as a regular expression, ends with the process: by the kernel if our parent is gone."""
    most = int(process_time() + time_ms / 1000) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def main():
    line = socket.socket(fileno=os.dup(0))
    os.close(0)
    quickjs.Context().eval(PRELUDE)
    bind_hands()
    line.sendall(b"ready")
    while (asked := receive(line)) is not None:
        begun = perf_counter()
        bind_time(asked["time_ms"])
        told = answer(asked)
        told["took_ms"] = round((perf_counter() - begun) * 1000, 3)
        body = json.dumps(told).encode()
        line.sendall(struct.pack(">I", len(body)) + body)


def receive(line):
    """The next question, or None when the parent has gone."""
    head = _exactly(line, 4)
    body = _exactly(line, struct.unpack(">I", head)[0]) if head else None
    return json.loads(body) if body else None


def _exactly(line, size):
    parts = []
    while size:
        part = line.recv(min(size, 1 << 16))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


if __name__ == "__main__":
    sys.setrecursionlimit(200)
    main()

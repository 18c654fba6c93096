import os
import subprocess
import sys
import time

from simulators.bench.proc import Group, family, words_of


def test_family_holds_children_too_and_their_cpu_counts():
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time\\nwhile time.process_time() < .15: pass\\ntime.sleep(60)'])"
    parent = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    try:
        group = Group("spinner", [parent.pid])
        group.start()
        deadline = time.monotonic() + 20
        while group.cpu_s() < 0.12 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(family([parent.pid])) == 2
        assert group.cpu_s() >= 0.12
        memory = group.memory()
        assert memory.peak_mb >= memory.rss_mb > 1
    finally:
        os.killpg(parent.pid, 9)
        parent.wait()


def test_words_of_a_process_are_its_command_line():
    assert sys.executable.rpartition("/")[2][:6] in " ".join(words_of(os.getpid()))
    assert words_of(2**22 + 1) == []

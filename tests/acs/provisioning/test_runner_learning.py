"""What a runner does with what its procedures find out: kept at their end, used by the next, not told twice."""

from typing import Any

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import GetParameterValuesResponse, ParameterValueStruct
from acs.provisioning.procedure import DeviceFacts, Learned
from acs.provisioning.quirks import DeviceQuirks
from acs.provisioning.runner import Runner, Task
from tests.acs.provisioning.scripted import NOW


def task(number: int, *paths: str, kind: str = "read") -> Task:
    return Task(number, kind, {"paths": list(paths)}, "queued", "", {}, f"hl{number}", 50, NOW, {})


def answer(request: Any, most: int = 100) -> Any:
    if len(request.parameter_names) > most or any(name.endswith(".") for name in request.parameter_names):
        return CwmpFault(9004)
    return GetParameterValuesResponse(tuple(ParameterValueStruct(name, "x") for name in request.parameter_names))


def runner(*tasks: Task, **quirks: Any) -> Runner:
    return Runner(DeviceFacts("Device", "1.2", quirks=DeviceQuirks(**quirks)), list(tasks), ("2 PERIODIC",), NOW)


MANY = [f"Device.A.{i}" for i in range(40)]


def play(r: Runner, most: int) -> list[int]:
    """Run to the end; how many names each question had."""
    sizes, given = [], None
    while (ask := r.next(NOW, given)) is not None:
        sizes.append(len(ask.request.parameter_names))
        given = answer(ask.request, most)
    return sizes


def test_what_one_operation_learns_the_next_one_of_the_session_uses():
    r = runner(task(1, *MANY), task(2, *MANY))
    sizes = play(r, 25)
    assert sizes == [40, 20, 20, 20, 20]
    assert [(one.knob, one.value) for one in r.drain_learned()] == [("read_batch_fails", 40), ("read_batch", 20)]
    assert r.drain_learned() == []


def test_what_is_known_already_is_not_told_again():
    r = runner(task(1, *MANY), read_batch=20, read_batch_fails=21)
    play(r, 20)
    assert r.drain_learned() == []


def test_what_is_found_out_counts_from_the_end_of_the_procedure_on():
    """Another worker that replays a procedure must find the device as it was when it began."""
    r = runner(task(1, *MANY))
    first = r.next(NOW)
    assert first is not None
    r.next(NOW, CwmpFault(9004))
    assert r.drain_learned() == []
    assert r.facts.quirks == DeviceQuirks()


def test_a_procedure_that_ends_by_a_defect_of_ours_keeps_what_it_found():
    r = runner(task(1, *MANY))
    r.next(NOW)
    r._found.append(Learned("boot_s", 60))
    r.fail_current("An error of ours.")
    assert [one.knob for one in r.drain_learned()] == ["boot_s"]

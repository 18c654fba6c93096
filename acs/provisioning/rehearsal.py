"""A procedure played against what is known of a device instead of the device: what it would ask, message by message. Nothing is sent.

The stand-in answers as a device does that takes everything: values are kept, a new row gets the next number that is free above all others (as
most devices number them), attributes are accepted. What a real one refuses or normalises differs from there on. Tests:
tests/acs/provisioning/test_rehearsal.py, and against the simulator in tests/integration/test_desired.py.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from acs.cwmp import messages as m
from acs.cwmp.faults import CwmpFault, ParameterFault
from acs.cwmp.paths import parent
from acs.provisioning.desired import KnownTree
from acs.provisioning.procedure import DeviceFacts, Learned, Outcome, Procedure, Progress, Refused

MOST = 500
"""Messages of one rehearsal."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The messages in order, and how it would end; None where it has not come to an end."""

    messages: tuple[Any, ...]
    outcome: Outcome | None


@dataclass(slots=True)
class StandIn:
    """Answers from a tree that it keeps up to date."""

    values: dict[str, str]
    types: dict[str, str]
    objects: set[str]
    read_only: frozenset[str] = frozenset()
    highest: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, known: KnownTree) -> "StandIn":
        return cls(dict(known.values), dict(known.types), set(known.objects), known.read_only)

    def answer(self, request: Any) -> Any:
        answered = _ANSWERS.get(type(request))
        return CwmpFault(9000, "a rehearsal does not know this call") if answered is None else answered(self, request)

    def below(self, name: str) -> list[str]:
        return sorted(path for path in self.values if path.startswith(name)) if name.endswith(".") or not name else [name]

    def get_values(self, request: m.GetParameterValues) -> Any:
        names = [leaf for name in request.parameter_names for leaf in self.below(name)]
        if unknown := [name for name in names if name not in self.values]:
            return CwmpFault(9005, f"Invalid parameter name: {unknown[0]}")
        found = (m.ParameterValueStruct(name, self.values[name], self.types.get(name, "string")) for name in names)
        return m.GetParameterValuesResponse(tuple(found))

    def get_names(self, request: m.GetParameterNames) -> Any:
        path = request.parameter_path
        names = dict.fromkeys([*(o for o in sorted(self.objects) if o.startswith(path) and o != path), *self.below(path)])
        if request.next_level:
            names = dict.fromkeys(name for name in names if parent(name) == path)
        if not names and path not in self.objects:
            return CwmpFault(9005)
        return m.GetParameterNamesResponse(tuple(m.ParameterInfoStruct(name, name not in self.read_only) for name in names))

    def set_values(self, request: m.SetParameterValues) -> Any:
        wrong = tuple(ParameterFault(v.name, 9008, "read only") for v in request.parameter_list if v.name in self.read_only)
        if wrong:
            return CwmpFault(9003, "Invalid arguments", wrong)
        self.values |= {v.name: v.value for v in request.parameter_list}
        self.types |= {v.name: v.type for v in request.parameter_list}
        return m.SetParameterValuesResponse(0)

    def add(self, request: m.AddObject) -> Any:
        table = request.object_name
        number = self._count(table) + 1
        self.highest[table] = number
        self.objects.add(f"{table}{number}.")
        return m.AddObjectResponse(number, 0)

    def _count(self, table: str) -> int:
        """The highest number a row of the table ever had, as far as it is known: a deleted row's is not used again."""
        below = {path[len(table) :].partition(".")[0] for path in (*self.values, *self.objects) if path.startswith(table)}
        self.highest[table] = max((*(int(n) for n in below if n.isdigit()), self.highest.get(table, 0)))
        return self.highest[table]

    def delete(self, request: m.DeleteObject) -> Any:
        row = request.object_name
        self._count(parent(row))
        gone = self.below(row)
        if not gone and row not in self.objects:
            return CwmpFault(9005)
        for path in gone:
            del self.values[path]
        self.objects -= {o for o in self.objects if o.startswith(row)}
        return m.DeleteObjectResponse(0)

    def set_attributes(self, request: m.SetParameterAttributes) -> Any:
        return m.SetParameterAttributesResponse()


_ANSWERS: dict[type, Callable[[StandIn, Any], Any]] = {
    m.GetParameterValues: StandIn.get_values,
    m.GetParameterNames: StandIn.get_names,
    m.SetParameterValues: StandIn.set_values,
    m.AddObject: StandIn.add,
    m.DeleteObject: StandIn.delete,
    m.SetParameterAttributes: StandIn.set_attributes,
}


def rehearse(procedure: Procedure, known: KnownTree, facts: DeviceFacts) -> Rehearsal:
    """Play it to its end."""
    stand_in, said = StandIn.of(known), list[Any]()
    answer: Any = None
    try:
        while len(said) < MOST:
            step = procedure.send(answer)
            if isinstance(step, Progress | Learned):
                answer = None
            elif lacks := facts.lacks(type(step).__name__):
                answer = CwmpFault(9000, lacks)
            else:
                said.append(step)
                answer = stand_in.answer(step)
    except StopIteration as stop:
        return Rehearsal(tuple(said), stop.value)
    except Refused:
        pass
    return Rehearsal(tuple(said), None)

"""The small part of `make bench`: what a message and a stored tree cost on this machine, by the CPU's clock. Sessions are simulators/bench's."""

import timeit
from collections.abc import Callable
from datetime import UTC, datetime

from acs.cwmp.codec import decode, encode
from acs.cwmp.messages import (
    DeviceIdStruct,
    EventStruct,
    GetParameterValuesResponse,
    Inform,
    ParameterValueStruct,
)
from acs.devices.packing import Stored, Tree, from_tree, to_tree

NAMESPACE = "urn:dslforum-org:cwmp-1-0"


def _values(count: int) -> tuple[ParameterValueStruct, ...]:
    return tuple(ParameterValueStruct(f"InternetGatewayDevice.LANDevice.1.Hosts.Host.{i}.Leaf", f"value {i}", "string") for i in range(count))


def _inform(serial: str, event: str, uptime: int) -> bytes:
    values = (*_values(11), ParameterValueStruct("InternetGatewayDevice.DeviceInfo.UpTime", str(uptime), "unsignedInt"))
    device = DeviceIdStruct("Bench", "0A1B2C", "BenchCPE", serial)
    return encode(Inform(device, (EventStruct(event, ""),), 1, "2026-01-01T00:00:00Z", 0, values), "1", NAMESPACE)


def _per_call(call: Callable[[], object], number: int) -> float:
    """Microseconds, best of five."""
    return min(timeit.repeat(call, number=number, repeat=5)) / number * 1e6


def messages() -> None:
    inform = _inform("B1", "2 PERIODIC", 1)
    answer = encode(GetParameterValuesResponse(_values(3000)), "1", NAMESPACE)
    message = decode(answer).message
    print(f"decode Inform of 12 values            {_per_call(lambda: decode(inform), 2000):10.0f} us")
    print(f"decode GetParameterValues of 3000     {_per_call(lambda: decode(answer), 20):10.0f} us")
    print(f"encode GetParameterValues of 3000     {_per_call(lambda: encode(message, '1', NAMESPACE), 20):10.0f} us")


def trees() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    tree = Tree({v.name: Stored(v.value, v.type, at, "session", True) for v in _values(1000)}, {})
    names, values = from_tree(tree)
    print(f"pack a tree of 1000 values            {_per_call(lambda: from_tree(tree), 20):10.0f} us, {len(values)} bytes a device, {len(names)} a kind")
    print(f"unpack it                             {_per_call(lambda: to_tree(names, values), 20):10.0f} us")


if __name__ == "__main__":
    messages()
    trees()

"""Parameter paths: full (`Device.DeviceInfo.UpTime`) or partial with a trailing dot (`Device.WiFi.`). A type of its own, no logic of models."""

import re
from typing import NewType

from acs.cwmp.faults import AcsProtocolError

ParameterPath = NewType("ParameterPath", str)

ROOTS = ("Device", "InternetGatewayDevice")
"""What the trees of TR-181 and TR-098 begin with."""

_PATH = re.compile(r"(?:[A-Za-z_][\w-]*|\d+|\[[^\]\s]+\])(?:\.(?:[A-Za-z_][\w-]*|\d+|\[[^\]\s]+\]))*\.?")
_NUMBER = re.compile(r"(?<=\.)\d+(?=\.)|(?<=\.)\[[^\]]+\](?=\.)")


def parse_path(text: str) -> ParameterPath:
    """A path that may be sent. AcsProtocolError for one with blanks, empty parts or over 256 characters (conformance B-60)."""
    if len(text) > 256 or _PATH.fullmatch(text) is None:
        raise AcsProtocolError(f"{text!r} is not a parameter path")
    return ParameterPath(text)


def is_object(path: str) -> bool:
    return path.endswith(".")


def parent(path: str) -> str:
    """`Device.WiFi.Radio.1.Channel` -> `Device.WiFi.Radio.1.`; the root object's parent is the empty path."""
    return path[: path.rstrip(".").rfind(".") + 1]


def leaf(path: str) -> str:
    """The last part without dots: `Channel`, or `1` for `Device.WiFi.Radio.1.`."""
    return path.rstrip(".").rpartition(".")[2]


def template(path: str) -> str:
    """The path with `{i}` for every instance number or alias."""
    return _NUMBER.sub("{i}", path)


def root_of(path: str) -> str:
    """`Device` or `InternetGatewayDevice`, or whatever the first part is."""
    return path.partition(".")[0]

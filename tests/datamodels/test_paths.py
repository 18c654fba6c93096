"""The paths an ACS lives by are in the compiled models as the standard has them: access, secrecy, words, units."""

import re
from pathlib import Path

import pytest

from datamodels import tree

_WAN = "InternetGatewayDevice.WANDevice.{i}.WANConnectionDevice.{i}."
ROOTS = {
    "I": "InternetGatewayDevice.", "D": "Device.", "IPC": f"{_WAN}WANIPConnection.{{i}}.", "PPPC": f"{_WAN}WANPPPConnection.{{i}}.",
    "WLAN": "InternetGatewayDevice.LANDevice.{i}.WLANConfiguration.{i}.", "LHCM": "InternetGatewayDevice.LANDevice.{i}.LANHostConfigManagement.",
    "V1": "InternetGatewayDevice.Services.VoiceService.{i}.", "V2": "Device.Services.VoiceService.{i}.",
}  # fmt: skip
_PATH = re.compile(r"(\w+)\.(\S+)(?: (w?h?))?(?: =(\S+))?(?: \[(\w+)\])?")
LINES = [line.split(None, 1) for line in (Path(__file__).parent / "data" / "paths.txt").read_text().splitlines() if line.startswith("H-")]


@pytest.mark.parametrize(("item", "paths"), [pytest.param(*line, id=line[0], marks=pytest.mark.cwmp(line[0])) for line in LINES])
def test_paths_of_an_item_are_as_the_standard_has_them(item, paths):
    for written in paths.split("; "):
        root, rest, access, words, unit = _PATH.fullmatch(written).groups()
        path = ROOTS[root] + rest
        entry = tree.for_root(path.partition(".")[0]).lookup(path)
        assert entry is not None, f"{item}: {path} is in no model"
        assert entry.writable or "w" not in (access or ""), f"{item}: {path} cannot be written"
        assert entry.hidden or entry.secured or "h" not in (access or ""), f"{item}: {path} reads back in clear"
        assert set((words or "").split(",")) - {""} <= {word.value for word in entry.enums}, f"{item}: {path} has the words {entry.enums}"
        assert unit is None or entry.units == unit, f"{item}: {path} is in {entry.units}"

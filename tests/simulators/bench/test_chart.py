from xml.etree import ElementTree as ET

import pytest

from simulators.bench.cases import CASES
from simulators.bench.chart import svg
from simulators.bench.run import Outcome
from tests.simulators.bench.test_run import _run_of, found


def outcomes():
    return [Outcome(case, database, [_run_of(found(2.0, 0.5), 0.1)]) for case in CASES for database in ("sqlite", "postgresql")]


def test_chart_has_a_bar_its_goal_and_its_peer_for_everything_measured():
    root = ET.fromstring(svg(outcomes()))
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert tags.count("rect") == 2 * len(CASES)
    classes = [element.get("class") for element in root.iter()]
    assert classes.count("goal") == classes.count("peer") == 2 * len(CASES)
    text = "".join(root.itertext())
    assert "periodic-3000, postgresql" in text
    assert "2.50" in text


def test_everything_lies_within_the_drawing():
    root = ET.fromstring(svg(outcomes()))
    width, height = map(float, root.get("viewBox").split()[2:])
    for element in root.iter():
        for name, most in (("x", width), ("x1", width), ("x2", width), ("y", height), ("y1", height)):
            assert 0 <= float(element.get(name, 0)) <= most


def test_nothing_measured_is_not_drawn():
    with pytest.raises(ValueError, match="nothing"):
        svg([])

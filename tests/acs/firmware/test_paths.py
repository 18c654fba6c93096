"""Which images lead from what runs to what is wanted: acs/firmware/paths.py."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acs.errors import Invalid
from acs.firmware.paths import check_fits, find, unfit
from acs.firmware.versions import admits
from acs.firmware.views import ImageId, ImageState, ImageView, NoPath, Runs

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DEVICE = Runs(7, "00D09E", "Norvik", "Home Gateway", "G240", "A1", "1.0")


def image(number, version, from_versions="", **given):
    plain = ImageView(ImageId(number), f"{version}.bin", version, "", "", 1, "0" * 64, "", NOW, "user:anna", None, from_versions=from_versions)
    return replace(plain, **given)


def ways(images, wanted, runs="1.0", **given):
    found = find(images, replace(DEVICE, software_version=runs), wanted, **given)
    return found.reason if isinstance(found, NoPath) else [step.version for step in found.steps]


def test_image_that_can_be_loaded_at_once_is_the_whole_way():
    wanted = image(1, "2.0")
    assert ways([wanted], wanted) == ["2.0"]
    assert ways([], wanted, runs="") == ["2.0"]


def test_required_versions_between_are_found_and_the_shortest_chain_wins():
    library = [image(1, "1.5", "1.*"), image(2, "2.0", ">=1.5, <2"), image(3, "3.0", ">=2.0"), image(4, "1.9", "1.0"), image(5, "4.0", ">=3.0")]
    assert ways(library, library[4]) == ["1.9", "2.0", "3.0", "4.0"]
    assert ways([*library, image(6, "2.9", ">=1")], library[4]) == ["2.9", "3.0", "4.0"]
    assert ways(library, library[4], runs="2.7") == ["3.0", "4.0"]


def test_of_two_short_chains_the_one_that_never_goes_back_wins():
    library = [image(1, "0.9"), image(2, "1.4"), image(3, "2.0", "0.9 | 1.4")]
    assert ways(library, library[2]) == ["1.4", "2.0"]
    assert ways([library[0], library[2]], library[2]) == ["0.9", "2.0"]


def test_device_that_runs_it_has_nothing_to_load_unless_it_is_to_be_loaded_again():
    wanted = image(1, "1.0")
    assert ways([wanted], wanted) == []
    assert ways([wanted], wanted, force=True) == ["1.0"]


def test_way_back_is_told_as_one():
    assert find([], replace(DEVICE, software_version="3.0"), image(1, "2.0")).is_downgrade
    assert not find([], DEVICE, image(1, "2.0")).is_downgrade


def test_missing_way_says_what_is_missing():
    wanted = image(9, "4.0", ">=3")
    assert ways([], wanted) == "Image 9 (4.0) can only be loaded from >=3; this device runs 1.0, and no released image for it brings it there."
    assert ways([image(1, "3.0", "2.*")], wanted).endswith("What would lead there cannot be loaded either: 3.0 from 2.*.")
    assert "what the device runs is unknown" in ways([], wanted, runs="")
    assert "no released image" in ways([image(1, "3.0", hardware=("B*",))], wanted)


def test_only_released_images_are_steps_but_a_draft_may_be_the_goal():
    step, goal = image(1, "2.0", state=ImageState.DRAFT), image(2, "3.0", "2.0", state=ImageState.DRAFT)
    assert "no released image" in ways([step], goal)
    assert ways([replace(step, state=ImageState.RELEASED)], goal) == ["2.0", "3.0"]
    assert ways([], replace(goal, state=ImageState.WITHDRAWN)) == "Image 2 (3.0) was withdrawn."


def test_circles_end():
    library = [image(1, "2.0", "1.0 | 3.0"), image(2, "3.0", "2.0")]
    assert "4.0" in ways(library, image(3, "4.0", "3.5"))


@pytest.mark.cwmp("I-1")
@pytest.mark.parametrize(
    ("what", "told"),
    [
        ({}, ""), ({"model": "G240"}, ""), ({"model": "Home Gateway"}, ""), ({"model": "R110", "models": ("G240",)}, ""), ({"oui": "00D09E"}, ""),
        ({"vendor": "NORVIK"}, ""), ({"hardware": ("B2", "a*")}, ""), ({"query": "tag:lab"}, ""),
        ({"model": "R110", "models": ("R112",)}, "for model R110, R112; this device is a Home Gateway"), ({"oui": "AAAAAA"}, "AAAAAA; this one is of 00D09E"),
        ({"vendor": "Other"}, "of Other; this one is of Norvik"), ({"hardware": ("B*",)}, "for hardware B*; this device has A1"),
        ({"query": "tag:vip"}, "with tag:vip; this one is not among them"),
    ],
)  # fmt: skip
def test_image_goes_to_devices_it_fits_only(what, told):
    view = image(1, "2.0", **what)
    asked = {"tag:lab": True, "tag:vip": False}.__getitem__
    assert told in unfit(view, DEVICE, asked) if told else unfit(view, DEVICE, asked) == ""
    if told:
        with pytest.raises(Invalid, match="Image 1") as caught:
            check_fits(view, DEVICE, asked)
        assert caught.value.field == "image"
    else:
        check_fits(view, DEVICE, asked)


VERSIONS = ("1.0", "2.0", "3.0", "4.0")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(VERSIONS), st.sampled_from(["", *VERSIONS, ">=2.0", "2.0..3.0"])), min_size=1, max_size=4))
def test_found_chain_can_be_loaded_and_none_is_shorter(described):
    library = [image(n, version, rule) for n, (version, rule) in enumerate(described)]
    found = find(library, DEVICE, library[0])

    def loadable(chain):
        before = ["1.0", *(step.version for step in chain)]
        return all(admits(step.from_versions, at) for at, step in zip(before, chain, strict=False))

    others = [step for step in library if step.version not in ("1.0", library[0].version)]
    short = min((n + 1 for n in range(len(library)) for rest in permutations(others, n) if loadable((*rest, library[0]))), default=None)
    if library[0].version == "1.0":
        assert found.steps == ()
    elif short is None:
        assert isinstance(found, NoPath)
    else:
        assert len(found.steps) == short and loadable(found.steps)


def test_way_through_a_large_library_takes_no_time():
    library = [image(n, f"1.{n}.{m}", f"1.{n - 1}.*") for n, m in product(range(1, 10), range(20))]
    assert len(ways(library, library[-1])) == 9

import pytest

from simulators.bench.tree import INFORMED, ROOT, build


@pytest.mark.parametrize("size", [62, 100, 1000, 3000])
def test_tree_has_exactly_as_many_parameters_as_were_asked_for(size):
    tree = build(size)
    assert len(tree.leaves) == size
    assert len([name for name in tree.below("") if not name.endswith(".")]) == size


def test_every_inform_finds_its_parameters():
    assert {ROOT + name for name in INFORMED} <= set(build(100).leaves)


def test_tree_smaller_than_the_gateway_is_refused():
    with pytest.raises(ValueError, match="at least"):
        build(10)


def test_children_of_an_object_are_its_next_level():
    tree = build(100)
    assert tree.children[""] == [ROOT]
    assert f"{ROOT}DeviceInfo." in tree.children[ROOT]
    assert f"{ROOT}DeviceInfo.UpTime" in tree.children[f"{ROOT}DeviceInfo."]


def test_only_settings_are_writable():
    tree = build(100)
    assert tree.is_writable(f"{ROOT}ManagementServer.PeriodicInformInterval")
    assert not tree.is_writable(f"{ROOT}DeviceInfo.UpTime")
    assert not tree.is_writable(f"{ROOT}DeviceInfo.")

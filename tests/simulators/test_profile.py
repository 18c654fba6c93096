"""Every model's tree is a legal one by the data model it says it has."""

from __future__ import annotations

import pytest

from datamodels.check import check
from simulators.facts import make_facts
from simulators.profile import Shape, base_of, lookup, profiles, sort_key
from simulators.tree import Tree
from tests.simulators.kit import clock_at, make_cpe

MODELS = sorted(profiles())


@pytest.mark.parametrize("name", MODELS)
def test_every_value_is_legal_by_the_data_model(name):
    clock = clock_at()
    facts = make_facts(profiles()[name], 7, 1, clock.seconds)
    facts.booted = clock.seconds() - 5000
    facts.acs_url = "http://127.0.0.1:7547/"
    tree = Tree(facts)
    wrong = []
    for path in tree.under(tree.root):
        leaf = tree.leaf(path)
        assert leaf is not None
        if leaf.entry.hidden or leaf.entry.secured:
            continue  # read back as empty
        problem = check(leaf.entry, tree.value(path), writing=False)
        if problem:
            wrong.append((path, problem.sentence))
    assert wrong == []


@pytest.mark.parametrize("name", MODELS)
def test_tree_is_of_the_size_of_a_home_router(name):
    assert 400 <= len(base_of(name, Shape(6, 2, 3)).leaves) <= 1600


@pytest.mark.parametrize("name", MODELS)
def test_every_standard_path_is_known_to_the_model(name):
    base = base_of(name, Shape(6, 2, 3))
    unknown = [path for path in base.leaves if "X_HEARTHLINE" not in path and lookup(base.root, path) is None]
    assert unknown == []


def test_devices_of_one_shape_share_one_tree():
    first, second = make_cpe(number=1), make_cpe(number=1)
    assert first.tree.base is second.tree.base
    assert first.tree.changed is not second.tree.changed


def test_tables_without_rows_are_listed_and_counts_count():
    cpe = make_cpe()
    assert cpe.tree.is_object("Device.DHCPv4.Server.Pool.1.StaticAddress.")
    assert cpe.tree.value("Device.DHCPv4.Server.Pool.1.StaticAddressNumberOfEntries") == "0"
    assert cpe.tree.value("Device.Hosts.HostNumberOfEntries") == str(len(cpe.facts.hosts))


def test_tree_order_has_parameters_before_objects_and_numbers_as_numbers():
    paths = ["D.T.10.A", "D.T.2.A", "D.A.B", "D.Z"]
    assert sorted(paths, key=sort_key) == ["D.Z", "D.A.B", "D.T.2.A", "D.T.10.A"]

"""From a column of a canonical table to the leaf and text of a row, on both roots."""

import pytest

from datamodels.canonical.cells import to_cell, writable_columns


@pytest.mark.parametrize(
    ("root", "column", "value", "cell"),
    [
        ("Device", "external_port", 80, ("ExternalPort", "80")),
        ("Device", "external_port", "80", ("ExternalPort", "80")),
        ("Device", "protocol", "tcp", ("Protocol", "TCP")),
        ("Device", "enabled", "yes", ("Enable", "true")),
        ("InternetGatewayDevice", "enabled", False, ("PortMappingEnabled", "false")),
        ("InternetGatewayDevice", "protocol", "udp", ("PortMappingProtocol", "UDP")),
    ],
)
def test_a_cell_in_the_words_of_each_root(root, column, value, cell):
    assert to_cell("nat.port_mappings", column, value, root) == cell


def test_what_cannot_be_set_says_why():
    with pytest.raises(KeyError, match="no column 'colour'"):
        to_cell("nat.port_mappings", "colour", "red", "Device")
    with pytest.raises(ValueError, match="one of tcp"):
        to_cell("nat.port_mappings", "protocol", "sctp", "Device")
    with pytest.raises(KeyError, match="no canonical table"):
        to_cell("nat.none", "a", "b", "Device")


def test_columns_that_stand_in_the_row_itself_can_be_set():
    assert {"external_port", "internal_client", "enabled"} <= set(writable_columns("nat.port_mappings", "Device"))
    assert "band" not in writable_columns("wifi.clients", "Device")

"""Secrets to be written lie sealed in the operation's row: acs/operations/sealing.py."""

from acs import audit
from acs.operations.models import Operation
from acs.operations.sealing import has_secrets, open_args, seal_args
from acs.secrets import MASK

PASSPHRASE = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"


def test_secrets_are_sealed_and_open_to_themselves(vault):
    args = {"values": [[PASSPHRASE, "hush", "string"], ["Device.A", "seen", "string"], ["Device.B.Password", "", "string"]]}
    sealed = seal_args(vault, args)
    assert "hush" not in str(sealed)
    assert sealed["values"][1:] == args["values"][1:]
    assert open_args(vault, sealed) == args


def test_arguments_without_secrets_are_left_alone(vault):
    for args in ({}, {"host": "example.org"}, {"values": [["Device.A", "1", "int"]]}, {"values": []}):
        assert not has_secrets(args)
        assert seal_args(vault, args) == open_args(vault, args) == args


def test_passphrase_that_was_asked_to_be_written_is_in_no_row(any_database, play):
    operation = play.request("write", {"values": [[PASSPHRASE, "hush hush", "string"]]})
    with any_database.read() as session:
        assert "hush" not in str(session.get(Operation, operation).args)
    assert play.task(operation).args["values"] == [[PASSPHRASE, "hush hush", "string"]]


def test_passwords_of_file_servers_and_raw_calls_are_sealed_as_a_whole(any_database, play):
    module = play.request("install_module", {"url": "http://h/x", "username": "anna", "password": "hush hush"})
    handed = play.request("vouchers", {"vouchers": ["aHVzaCBodXNo"]})
    call = play.request("raw_rpc", {"xml": "<X_A_B><Key>hush hush</Key></X_A_B>"})
    with any_database.read() as session:
        kept = str([session.get(Operation, number).args for number in (module, handed, call)])
    assert "hush" not in kept and "aHVzaCBodXNo" not in kept
    assert play.task(handed).args["vouchers"] == ["aHVzaCBodXNo"]
    assert play.view(handed).args == {"vouchers": [MASK]}
    assert play.task(module).args["password"] == "hush hush"
    assert play.task(call).args["xml"] == "<X_A_B><Key>hush hush</Key></X_A_B>"
    assert (play.view(module).args["password"], play.view(module).args["username"]) == (MASK, "anna")
    assert play.view(call).args == {"method": "X_A_B"}
    told = str([line.after for line in play.ask(audit.lines, 1)])
    assert "hush" not in told and "aHVzaCBodXNo" not in told

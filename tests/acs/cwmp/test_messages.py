"""The message classes made from the declarations, and the stub that tells type checkers of them."""

import dataclasses
from pathlib import Path

import pytest

from acs.cwmp import messages
from acs.cwmp.messages import (
    ACS_METHODS,
    ARRAY,
    CLASSES,
    FIELDS,
    FLAG,
    INT,
    MANY,
    STRUCT,
    TEXT,
    UINT,
    VALUE,
    Inform,
    ParameterValueStruct,
    snake,
    stub,
)


def test_the_stub_is_what_make_stubs_would_write():
    assert stub() == Path(messages.__file__).with_suffix(".pyi").read_text()


@pytest.mark.parametrize("name", CLASSES)
def test_each_message_is_frozen_hashable_and_has_a_default_for_everything(name):
    message = CLASSES[name]()
    assert getattr(messages, name) is CLASSES[name]
    assert hash(message) == hash(CLASSES[name]())
    for field in dataclasses.fields(message):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(message, field.name, None)


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("ParameterList", "parameter_list"),
        ("OUI", "oui"),
        ("SuccessURL", "success_url"),
        ("URL", "url"),
        ("DeviceId", "device_id"),
        ("FaultStruct", "fault_struct"),
    ],
)
def test_names_of_the_schema_become_snake_case(name, attribute):
    assert snake(name) == attribute


def test_the_table_has_a_kind_for_every_field():
    assert {field.kind for fields in FIELDS.values() for field in fields} == {TEXT, UINT, INT, FLAG, VALUE, STRUCT, ARRAY, MANY}
    kinds = {field.xml: field.kind for field in FIELDS["Inform"]}
    assert kinds == {
        "DeviceId": STRUCT, "Event": ARRAY, "MaxEnvelopes": UINT, "CurrentTime": TEXT, "RetryCount": UINT, "ParameterList": ARRAY,
    }  # fmt: skip


@pytest.mark.cwmp("D-1")
def test_lengths_are_those_of_the_standard():
    lengths = {
        f"{name}.{field.xml}": field.max_len
        for name in ("DeviceIdStruct", "EventStruct", "Download")
        for field in FIELDS[name]
        if field.kind == TEXT
    }
    assert lengths == {
        "DeviceIdStruct.Manufacturer": 64, "DeviceIdStruct.OUI": 6, "DeviceIdStruct.ProductClass": 64, "DeviceIdStruct.SerialNumber": 64,
        "EventStruct.EventCode": 64, "EventStruct.CommandKey": 32, "Download.CommandKey": 32, "Download.FileType": 64, "Download.URL": 256,
        "Download.Username": 256, "Download.Password": 256, "Download.TargetFileName": 256, "Download.SuccessURL": 256, "Download.FailureURL": 256,
    }  # fmt: skip


def test_an_array_is_a_tuple_and_a_value_has_its_type():
    assert Inform().parameter_list == ()
    assert ParameterValueStruct("a", "1") == ParameterValueStruct("a", "1", "string")


@pytest.mark.cwmp("C-11")
def test_the_methods_we_answer_are_listed_without_responses():
    assert ACS_METHODS == (
        "AutonomousDUStateChangeComplete", "AutonomousTransferComplete", "DUStateChangeComplete", "GetRPCMethods", "Inform", "Kicked",
        "RequestDownload", "TransferComplete",
    )  # fmt: skip

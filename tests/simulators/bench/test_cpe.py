import pytest

from acs.cwmp.codec import decode, encode
from acs.cwmp.messages import (
    GetParameterNames,
    GetParameterValues,
    GetRPCMethods,
    Inform,
    InformResponse,
    ParameterValueStruct,
    Reboot,
    SetParameterAttributes,
    SetParameterAttributesStruct,
    SetParameterValues,
)
from simulators.bench.cpe import Cpe, key_of, opened, serial_of
from simulators.bench.tree import INFORMED, ROOT, build

NAMESPACE = "urn:dslforum-org:cwmp-1-0"


@pytest.fixture
def cpe():
    return Cpe(build(100), 7)


def asked(cpe, message):
    """What the device answers to a message of ours, as our own codec reads it."""
    rid, method, element = opened(encode(message, "77", NAMESPACE))
    envelope = decode(cpe.answer(method, element, rid)[0])
    assert envelope.id == "77"
    return envelope.message


def test_inform_is_one_our_codec_reads(cpe):
    envelope = decode(cpe.inform(["0 BOOTSTRAP", "1 BOOT"], "a-1", "2026-01-01T00:00:00Z"))
    assert isinstance(envelope.message, Inform)
    assert envelope.id == "a-1"
    assert envelope.message.device_id.serial_number == serial_of(7) in key_of(7)
    assert [event.event_code for event in envelope.message.event] == ["0 BOOTSTRAP", "1 BOOT"]
    assert [item.name for item in envelope.message.parameter_list] == [ROOT + name for name in INFORMED]


def test_uptime_grows_from_session_to_session(cpe):
    seen = []
    for _ in range(2):
        message = decode(cpe.inform(["2 PERIODIC"], "1", "2026-01-01T00:00:00Z")).message
        seen.append(next(item.value for item in message.parameter_list if item.name.endswith("UpTime")))
    assert seen == ["3601", "3602"]


def test_names_and_values_are_those_of_the_tree(cpe):
    assert len(asked(cpe, GetParameterNames(ROOT, False)).parameter_list) > 100
    assert {item.name for item in asked(cpe, GetParameterNames("", True)).parameter_list} == {ROOT}
    assert len(asked(cpe, GetParameterValues((ROOT,))).parameter_list) == 100


def test_what_was_set_is_read_back_and_passwords_are_not(cpe):
    server = f"{ROOT}ManagementServer."
    given = tuple(ParameterValueStruct(server + name, "new<&", "string") for name in ("Username", "Password"))
    assert asked(cpe, SetParameterValues(given, "key")).status == 0
    read = {item.name: item.value for item in asked(cpe, GetParameterValues((server,))).parameter_list}
    assert (read[server + "Username"], read[server + "Password"], read[server + "ParameterKey"]) == ("new<&", "", "key")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (GetParameterValues((f"{ROOT}Nothing",)), 9005),
        (GetParameterNames(f"{ROOT}DeviceInfo.UpTime", True), 9003),
        (SetParameterValues((ParameterValueStruct(f"{ROOT}DeviceInfo.UpTime", "1", "unsignedInt"),), ""), 9003),
        (Reboot("x"), 9000),
    ],
)
def test_what_cannot_be_is_answered_with_a_fault(cpe, message, code):
    assert asked(cpe, message).code == code


def test_attributes_are_kept(cpe):
    wanted = SetParameterAttributesStruct(f"{ROOT}DeviceInfo.UpTime", True, 2, False, ())
    asked(cpe, SetParameterAttributes((wanted,)))
    assert cpe.notify == {f"{ROOT}DeviceInfo.UpTime": 2}


def test_methods_are_told(cpe):
    assert "GetParameterValues" in asked(cpe, GetRPCMethods()).method_list


def test_answer_of_the_server_is_opened_and_nonsense_is_not():
    rid, method, _ = opened(encode(InformResponse(1), "5", NAMESPACE))
    assert (rid, method) == ("5", "InformResponse")
    for nonsense in (b"", b"<a", b"<a/>"):
        with pytest.raises(ValueError, match=r"XML|body"):
            opened(nonsense)

"""Reading recorded sessions and captures: simulators/recording.py. The recorder's own file is played in tests/integration/test_replay.py."""

import base64
import gzip
import json

import pytest

from acs.cwmp.codec import encode
from acs.cwmp.messages import (
    DeviceIdStruct,
    EventStruct,
    GetParameterValues,
    GetParameterValuesResponse,
    GetRPCMethods,
    Inform,
    InformResponse,
    ParameterValueStruct,
    Reboot,
    RebootResponse,
    TransferComplete,
    TransferCompleteResponse,
)
from simulators.recording import WrongFile, read

NS = "urn:dslforum-org:cwmp-1-2"
INFORM = encode(Inform(DeviceIdStruct("N", "00D09E", "G240", "SN1"), (EventStruct("1 BOOT", ""),), 1, "", 0, ()), "1", NS).rstrip()
INFORMED = encode(InformResponse(1), "1", NS).rstrip()
ASKED = encode(GetParameterValues(("Device.DeviceInfo.",)), "a1", NS)
ANSWER = encode(GetParameterValuesResponse((ParameterValueStruct("Device.DeviceInfo.UpTime", "5", "unsignedInt"),)), "a1", NS)


def document(*messages, **more):
    return {"format": "hearthline-session", "version": 1, "messages": list(messages), **more}


def written(tmp_path, given, name="s.json"):
    path = tmp_path / name
    path.write_bytes(given if isinstance(given, bytes) else json.dumps(given).encode())
    return path


def cpe(body, ms=0, **more):
    return {"from": "cpe", "ms": ms, "body": body.decode(), **more}


def acs(body, ms=0, status=200):
    return {"from": "acs", "ms": ms, "status": status, "body": body.decode()}


def told(recording):
    return [(turn.cpe.body, None if turn.acs is None else turn.acs.body) for turn in recording.turns]


def test_document_is_read_with_times_headers_and_end(tmp_path):
    made = document(
        cpe(INFORM, headers={"Content-Type": "text/xml"}), acs(INFORMED, 20), cpe(b"", 25), acs(b"", 40, 204), more="later versions"
    )
    recording = read(written(tmp_path, made))
    assert told(recording) == [(INFORM, INFORMED), (b"", b"")]
    assert [(turn.cpe.ms, turn.acs.ms, turn.acs.status) for turn in recording.turns] == [(0, 20, 200), (25, 40, 204)]
    assert recording.turns[0].cpe.headers == {"content-type": "text/xml"}
    assert recording.inform.device_id.serial_number == "SN1"
    assert recording.whole


def test_document_may_be_gzipped_and_a_body_base64(tmp_path):
    made = document({"from": "cpe", "ms": 0, "body_base64": base64.b64encode(INFORM).decode()}, acs(INFORMED))
    recording = read(written(tmp_path, gzip.compress(json.dumps(made).encode()), "s.json.gz"))
    assert told(recording) == [(INFORM, INFORMED)]
    assert not recording.whole


def test_rounds_of_login_and_redirects_are_left_out(tmp_path):
    made = document(
        cpe(INFORM), acs(b"", 1, 401), cpe(INFORM, 2), acs(b"", 3, 307), cpe(INFORM, 4), acs(INFORMED, 5), cpe(b"", 6), acs(b"", 7, 204)
    )
    assert told(read(written(tmp_path, made))) == [(INFORM, INFORMED), (b"", b"")]


def test_charset_of_the_header_counts(tmp_path):
    body = INFORM.decode().replace("00D09E", "00D09É").encode("latin-1")
    made = document(
        {
            "from": "cpe",
            "ms": 0,
            "body_base64": base64.b64encode(body).decode(),
            "headers": {"content-type": "text/xml; charset=iso-8859-1"},
        }
    )
    assert read(written(tmp_path, made)).inform.device_id.oui == "00D09É"


@pytest.mark.parametrize("named", [True, False])
def test_folder_of_captures_is_read_by_name_or_by_what_the_messages_are(tmp_path, named):
    bodies = [("cpe", INFORM), ("acs", INFORMED), ("cpe", b""), ("acs", ASKED), ("cpe", ANSWER), ("acs", b"")]
    for number, (side, body) in enumerate(bodies):
        (tmp_path / f"{number:02}{'-' + side if named else ''}.xml").write_bytes(body)
    recording = read(tmp_path)
    assert told(recording) == [(INFORM, INFORMED), (b"", ASKED), (ANSWER, b"")]
    assert recording.whole


def test_capture_in_one_file_gets_back_the_empty_posts_it_left_out(tmp_path):
    done, said = encode(TransferComplete("k"), "2", NS).rstrip(), encode(TransferCompleteResponse(), "2", NS).rstrip()
    reboot, rebooted = encode(Reboot("k"), "a2", NS).rstrip(), encode(RebootResponse(), "a2", NS).rstrip()
    recording = read(written(tmp_path, b"\n\n".join((INFORM, INFORMED, done, said, reboot, rebooted)), "all.xml"))
    assert told(recording) == [(INFORM, INFORMED), (done, said), (b"", reboot), (rebooted, None)]


def test_methods_that_either_side_calls_are_of_who_is_to_speak(tmp_path):
    methods = encode(GetRPCMethods(), "2", NS).rstrip()
    assert told(read(written(tmp_path, INFORM + INFORMED + methods, "all.xml"))) == [(INFORM, INFORMED), (methods, None)]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"format": "other"}, "its format is 'other'"),
        (document() | {"version": 2}, "of version 2"),
        (b"{broken", "not JSON"),
        (b"", "holds no message"),
        (b"GIF89a", "holds no message"),
        (b"\x1f\x8bbroken", "broken gzip"),
        (document({"from": "somebody", "ms": 0, "body": ""}), "not as the format has it"),
        (document({"from": "cpe", "ms": 0}), "not as the format has it"),
        (document({"from": "cpe", "ms": 0, "body_base64": "="}), "not as the format has it"),
        (document() | {"messages": 5}, "not as the format has it"),
        (document(), "holds no message"),
        (document(cpe(b"")), "does not begin with an Inform but with empty"),
        (document(cpe(ANSWER)), "but with GetParameterValuesResponse"),
        (document(cpe(INFORM[:300], cut=4000)), "cannot be read.*only its beginning"),
    ],
)
def test_what_is_no_recording_is_refused_in_words(tmp_path, given, why):
    with pytest.raises(WrongFile, match=why):
        read(written(tmp_path, given))


def test_missing_file_is_refused_in_words(tmp_path):
    with pytest.raises(WrongFile, match="No such file"):
        read(tmp_path / "nothing.json")

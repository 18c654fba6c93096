"""What counts as another answer, and how it is told: simulators/compare.py."""

import json

import pytest

from acs.cwmp.codec import decode, encode
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    AddObject,
    Download,
    GetParameterValues,
    InformResponse,
    ParameterValueStruct,
    Reboot,
    SetParameterValues,
)
from simulators.compare import agrees, heard, heard_failure, report
from simulators.recording import MASK


def said(message, **more):
    return heard(decode(encode(message, more.pop("rid", "1"), "urn:dslforum-org:cwmp-1-2", **more)))


def values(*triples, key=""):
    return said(SetParameterValues(tuple(ParameterValueStruct(*triple) for triple in triples), key))


EMPTY = heard(None)
INFORMED = said(InformResponse(1))


@pytest.mark.parametrize(
    ("recorded", "live"),
    [
        (said(Reboot("op-1"), rid="7"), said(Reboot("op-2"), rid="8")),
        (said(GetParameterValues(("Device.A", "Device.B"))), said(GetParameterValues(("Device.B", "Device.A")))),
        (values(("D.A", "1", "string"), key="abc"), values(("D.A", "1", "string"), key="def")),
        (
            values(("D.PeriodicInformTime", "2026-01-01T00:00:00Z", "dateTime")),
            values(("D.PeriodicInformTime", "2027-05-05T01:02:03Z", "dateTime")),
        ),
        (values(("D.ConnectionRequestPassword", MASK, "string")), values(("D.ConnectionRequestPassword", "s3cret", "string"))),
        (values(("D.ConnectionRequestUsername", "a", "string")), values(("D.ConnectionRequestUsername", "b", "string"))),
        (values(("D.X_Odd", f"before {MASK} after", "string")), values(("D.X_Odd", "before it after", "string"))),
        (said(Download("k1", "1 F", "http://a:1/f/x/1/2/sig/fw.bin")), said(Download("k2", "1 F", "https://b/f/y/9/8/other/fw.bin"))),
        (said(Download("k1", "1 F", f"http://a:1/f/x/1/2/{MASK}")), said(Download("k2", "1 F", "https://b/f/y/9/8/other/fw.bin"))),
    ],
)
def test_what_must_differ_between_two_acss_does_not_count(recorded, live):
    assert agrees(recorded, live)
    assert report([recorded], [live], [], True).same


@pytest.mark.parametrize(
    ("recorded", "live", "line"),
    [
        (values(("D.A", "1", "string")), values(("D.A", "2", "string")), "~ D.A 1 → 2"),
        (values(("D.A", "1", "unsignedInt")), values(("D.A", "1", "int")), "~ D.A 1 (unsignedInt) → 1 (int)"),
        (values(("D.A", "1", "string")), values(("D.B", "1", "string")), "- D.A 1"),
        (said(GetParameterValues(("D.A",))), said(GetParameterValues(("D.A", "D.B"))), "+ D.B"),
        (said(AddObject("D.T.")), said(AddObject("D.U.")), "~ object_name D.T. → D.U."),
        (said(Reboot("k")), said(Reboot("k"), hold=True), "+ HoldRequests true"),
        (said(InformResponse(1)), said(InformResponse(2)), "~ max_envelopes 1 → 2"),
        (said(InformResponse(1)), said(InformResponse(1), extra_headers=[("UseCWMPVersion", "1.2", 1)]), "+ UseCWMPVersion 1.2"),
        (
            values(("D.X_Odd", f"before {MASK} after", "string")),
            values(("D.X_Odd", "else", "string")),
            f"~ D.X_Odd before {MASK} after → else",
        ),
        (
            said(Download("k", "1 F", "http://a/fw.bin")),
            said(Download("k", "1 F", "http://a/other.bin")),
            "~ url (a link to fw.bin) → (a link to other.bin)",
        ),
    ],
)
def test_other_arguments_are_told_one_by_one(recorded, live, line):
    assert not agrees(recorded, live)
    (step,) = report([recorded], [live], [], True).steps
    assert step.verdict == "different"
    assert line in step.differences


def test_no_secret_of_the_other_acs_is_told():
    made = report([EMPTY], [values(("D.WiFi.KeyPassphrase", "hunter2", "string"), ("D.Password", "hunter2", "string"))], [], True)
    assert "hunter2" not in made.text() + made.json() + made.html()
    assert "+ D.WiFi.KeyPassphrase (a login)" in made.text()


def test_fault_is_named_by_its_code():
    assert said(CwmpFault(8003, "x")).name == "Fault 8003"
    assert not agrees(said(CwmpFault(8003)), said(CwmpFault(8002)))


def test_one_more_and_one_less_do_not_shift_the_rest():
    first, second, third = said(Reboot("k")), said(AddObject("D.T.")), said(GetParameterValues(("D.A",)))
    more = report([INFORMED, first, EMPTY], [INFORMED, second, first, EMPTY], [], True)
    assert [(step.verdict, step.name) for step in more.steps] == [
        ("same", "InformResponse (max_envelopes)"),
        ("new", "AddObject"),
        ("same", "Reboot"),
        ("same", "empty: the end"),
    ]
    less = report([INFORMED, third, first, EMPTY], [INFORMED, first, EMPTY], [], True)
    assert [step.verdict for step in less.steps] == ["same", "missing", "same", "same"]
    other = report([INFORMED, third, EMPTY], [INFORMED, first, EMPTY], [], True)
    assert (other.steps[1].verdict, other.steps[1].name, other.steps[1].instead_of) == ("different", "Reboot", "GetParameterValues (D.A)")
    assert not (more.same or less.same or other.same)


def test_what_comes_after_a_recording_that_broke_off_is_no_difference():
    assert report([INFORMED], [INFORMED, EMPTY], [], whole=False).same
    assert not report([INFORMED], [INFORMED, EMPTY], [], whole=True).same


def test_two_ends_that_are_no_messages_are_the_same():
    assert report([heard_failure("HTTP 503")], [heard_failure("the ACS answered HTTP 503")], [], True).same
    assert not report([EMPTY], [heard_failure("the ACS answered HTTP 503")], [], True).same


def test_report_is_told_for_people_for_programs_and_as_a_page():
    made = report([said(Reboot("k")), EMPTY], [values(*((f"D.{n}", "<1>", "string") for n in range(20))), EMPTY], ["a <note>"], True)
    text = made.text()
    assert "! different SetParameterValues, recorded: Reboot" in text
    assert "and 8 more" in text
    assert "note: a <note>" in text
    assert text.endswith("The ACS answered otherwise: 1 same, 1 different.")
    given = json.loads(made.json())
    assert (given["same"], len(given["steps"]), given["notes"]) == (False, 2, ["a <note>"])
    page = made.html()
    assert "&lt;1&gt;" in page and "<1>" not in page and "a &lt;note&gt;" in page

"""Registration, verdicts, masks; and that every case says what it is."""

import pytest

from simulators.conformance.case import CASES, CaseFailed, case, check, masked
from simulators.conformance.cases import load
from simulators.conformance.driver import ACTIONS
from tests.marks import items


def test_check_fails_with_its_words():
    check(True, "never said")
    with pytest.raises(CaseFailed, match="it is wrong"):
        check(0, "it is wrong")


def test_a_case_says_what_it_does_and_has_a_name_of_its_own():
    with pytest.raises(ValueError, match="does not say"):

        @case("G", title="x")
        async def silent(cpe): ...

    load()
    with pytest.raises(ValueError, match="twice"):

        @case("Session_Shape", title="x", does="y", name="minimal")
        async def minimal(cpe): ...

    assert "G/silent" not in CASES


def test_every_case_names_items_that_exist_and_actions_that_drivers_know():
    known = {f"cwmp:{item.id}" if item.kind == "cwmp" and item.id[0] == "K" else item.id for item in items()}
    cases = load().values()
    assert len([one for one in cases if one.group != "Quirks"]) > 400
    for one in cases:
        assert one.title, one.id
        assert one.does.endswith((".", "!", ")")), one.id
        assert set(one.cites) <= known, (one.id, set(one.cites) - known)
        assert one.needs <= ACTIONS.keys(), one.id


def test_secrets_are_masked_in_transcripts():
    text = (
        'Authorization: Digest username="x", response="abc"\r\nSet-Cookie: sid=s3cr3t; Path=/\r\n'
        '<Name>A.Password</Name><Value xsi:type="xsd:string">pw-1</Value><Password>pw-2</Password><Name>A.SSID</Name><Value>Home</Value>'
    )
    found = masked(text)
    assert not {"abc", "s3cr3t", "pw-1", "pw-2"} & set(
        found.replace("<", " ").replace(">", " ").replace('"', " ").replace(";", " ").split()
    )
    assert "Home" in found
    assert "Path=/" in found

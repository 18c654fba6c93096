"""JUnit XML: well-formed, counted, and with what readers look for."""

from xml.etree import ElementTree

from simulators.conformance.case import Case, Line, Result, Verdict
from simulators.conformance.junit import junit


async def nothing(cpe): ...


def result(name, verdict, reason=""):
    case = Case(f"Group_A/{name}", "Group_A", f"Title of {name} <&>", "does.", ("A-1",), nothing)
    return Result(case, verdict, reason, 0.25, (Line(3, ">", "Inform"),))


RESULTS = [
    result("one", Verdict.PASSED), result("two", Verdict.FAILED, 'it said "no" \x02 & <more>'), result("three", Verdict.SKIPPED, "no driver"),
    result("four", Verdict.WARNING, "it should"),
]  # fmt: skip


def test_structure_is_what_jenkins_and_gitlab_read():
    root = ElementTree.fromstring(junit(RESULTS, "http://acs/"))
    assert (root.tag, root.get("tests"), root.get("failures"), root.get("skipped"), root.get("errors")) == (
        "testsuites",
        "4",
        "1",
        "1",
        "0",
    )
    (suite,) = root
    assert (suite.tag, suite.get("name"), suite.get("tests"), suite.get("time")) == ("testsuite", "Group_A", "4", "1.000")
    assert [(c.tag, c.get("classname"), c.get("name")) for c in suite] == [
        ("testcase", "conformance.Group_A", n) for n in ("one", "two", "three", "four")
    ]
    failure = suite[1].find("failure")
    assert failure is not None
    assert failure.get("message") == 'it said "no" � & <more>'
    assert "Inform" in (failure.text or "")
    assert suite[2].find("skipped").get("message") == "no driver"  # type: ignore[union-attr]
    assert suite[3].find("failure") is None
    assert "it should" in suite[3].findtext("system-out", "")
    assert suite[0].find("properties/property[@name='cites']").get("value") == "A-1"  # type: ignore[union-attr]


def test_strict_makes_a_warning_a_failure():
    root = ElementTree.fromstring(junit(RESULTS, "http://acs/", strict=True))
    assert root.get("failures") == "2"
    assert root[0][3].find("failure") is not None

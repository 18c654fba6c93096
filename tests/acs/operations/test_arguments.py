"""Arguments are checked where they come in, and what is wrong is named: acs/operations/arguments.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.errors import Invalid
from acs.operations.arguments import MAX_PATHS, MAX_VALUES, checked
from acs.provisioning.kinds import KINDS

KNOWN = "values of another JSON type than expected raise TypeError, not Invalid (acs/operations/arguments.py)"


@pytest.mark.parametrize(
    ("kind", "given", "made"),
    [
        ("read", {"paths": " Device.A "}, {"paths": ["Device.A"]}),
        ("read", {"paths": ["Device.WiFi.", "Device.B"]}, {"paths": ["Device.WiFi.", "Device.B"]}),
        ("refresh", {"prefixes": ["Device.WiFi"]}, {"prefixes": ["Device.WiFi."]}),
        ("write", {"values": [["Device.A", "1", "xsd:int"]]}, {"values": [["Device.A", "1", "int"]]}),
        ("write", {"values": [{"path": "Device.A", "value": True, "type": "boolean"}]}, {"values": [["Device.A", "1", "boolean"]]}),
        ("write", {"values": [{"name": "Device.A", "value": 7}]}, {"values": [["Device.A", "7", "string"]]}),
        ("add_object", {"table": "Device.NAT.PortMapping"}, {"table": "Device.NAT.PortMapping.", "values": []}),
        ("add_object", {"table": "Device.X.", "values": [["Enable", False, "boolean"]]}, {"table": "Device.X.", "values": [["Enable", "0", "boolean"]]}),
        ("delete_object", {"path": "Device.NAT.PortMapping.7"}, {"path": "Device.NAT.PortMapping.7."}),
        ("set_notification", {"paths": "Device.A", "notification": "2"}, {"paths": ["Device.A"], "notification": 2}),
        ("ping", {"host": " example.org "}, {"host": "example.org", "count": 5, "timeout_ms": 1000, "size": 64}),
        ("ping", {"host": "2001:db8::1", "count": ""}, {"host": "2001:db8::1", "count": 5, "timeout_ms": 1000, "size": 64}),
        ("traceroute", {"host": "192.0.2.1"}, {"host": "192.0.2.1", "timeout_ms": 1000, "max_hops": 30}),
        ("nslookup", {"host": "a.b", "server": "9.9.9.9"}, {"host": "a.b", "server": "9.9.9.9", "count": 1, "timeout_ms": 3000}),
        ("download_test", {}, {"url": "", "bytes": 10_000_000}),
        ("upload_test", {"url": "http://speed.example/x", "bytes": 1000}, {"url": "http://speed.example/x", "bytes": 1000}),
        ("firmware", {"image": "3"}, {"image": 3, "force": False}),
        ("restore", {"file": 9}, {"file": 9}),
        ("reboot", {}, {}),
    ],
)  # fmt: skip
def test_arguments_come_in_the_shape_procedures_rely_on(kind, given, made):
    assert checked(kind, given) == made


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("read", {}, "paths"), ("read", {"paths": []}, "paths"), ("read", {"paths": ["Device.A"] * (MAX_PATHS + 1)}, "paths"),
        ("read", {"paths": ["no good path"]}, "paths"), ("read", {"paths": [""]}, "paths"), ("refresh", {"prefixes": ["a b"]}, "prefixes"),
        ("write", {}, "values"), ("write", {"values": []}, "values"), ("write", {"values": [["Device.A", "1"]]}, "values"),
        ("write", {"values": [["Device.WiFi.", "1", "string"]]}, "values"), ("write", {"values": [["Device.A", "1", "float"]]}, "values"),
        ("write", {"values": [["Device.A", "1", "int"], ["Device.A", "2", "int"]]}, "values"),
        ("write", {"values": [[f"Device.A{n}", "1", "int"] for n in range(MAX_VALUES + 1)]}, "values"),
        ("add_object", {"table": ""}, "table"), ("delete_object", {"path": "Device.WiFi."}, "path"), ("delete_object", {"path": "Device.WiFi"}, "path"),
        ("set_notification", {"paths": "Device.A", "notification": 7}, "notification"),
        ("set_notification", {"paths": "Device.A", "notification": "on"}, "notification"),
        ("ping", {}, "host"), ("ping", {"host": "a b"}, "host"), ("ping", {"host": "-c;reboot"}, "host"), ("ping", {"host": "h", "count": 101}, "count"),
        ("ping", {"host": "h", "timeout_ms": 99}, "timeout_ms"), ("ping", {"host": "h", "size": 65_536}, "size"),
        ("ping", {"host": "h", "count": [1]}, "count"),
        ("traceroute", {"host": "h", "max_hops": 65}, "max_hops"), ("nslookup", {"host": "h", "server": "$(x)"}, "server"),
        ("download_test", {"url": "http://anna:pw@h/x"}, "url"), ("download_test", {"url": "file:///etc/passwd"}, "url"),
        ("upload_test", {"bytes": 999}, "bytes"),
        ("firmware", {}, "image"), ("firmware", {"image": -1}, "image"), ("restore", {"file": "x"}, "file"),
        ("reboot", {"now": True}, "now"), ("ping", {"host": "h", "hosts": 1}, "hosts"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_field(kind, given, field):
    with pytest.raises(Invalid) as caught:
        checked(kind, given)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("read", {"paths": 5}, "paths"), ("write", {"values": 5}, "values"), ("write", {"values": [5]}, "values"),
        ("ping", {"host": "h", "count": float("inf")}, "count"),
    ],
)  # fmt: skip
def test_values_of_another_type_are_named_too(kind, given, field):
    with pytest.raises(Invalid) as caught:
        checked(kind, given)
    assert caught.value.field == field


def test_value_that_is_null_is_refused():
    with pytest.raises(Invalid):
        checked("write", {"values": [{"path": "Device.A", "value": None}]})


@pytest.mark.parametrize("name", ["", "two words", "<x>"])
def test_name_below_a_new_row_is_checked(name):
    with pytest.raises(Invalid):
        checked("add_object", {"table": "Device.X.", "values": [[name, "1", "string"]]})


@given(
    st.sampled_from(sorted(KINDS)),
    st.dictionaries(
        st.sampled_from(["paths", "prefixes", "values", "table", "path", "host", "count", "url", "bytes", "image", "file", "server", "x"]),
        st.text(max_size=30) | st.lists(st.text(max_size=20), max_size=3) | st.integers(-5, 10**20).map(str),
        max_size=4,
    ),
)
def test_whatever_is_typed_is_taken_or_refused(kind, args):
    try:
        made = checked(kind, args)
    except Invalid:
        return
    assert set(args) <= set(made)
    assert checked(kind, made) == made, "what was checked once passes again"

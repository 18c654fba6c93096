"""Arguments are checked where they come in, and what is wrong is named: acs/operations/arguments.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.errors import Invalid
from acs.operations.arguments import MAX_PATHS, MAX_VALUES, checked
from acs.provisioning.kinds import KINDS

UUID = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
NIGHT = {"start_s": 10, "end_s": 60}
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
        ("stored_image", {"image": 4, "activate": True}, {"image": 4, "activate": True}),
        ("schedule_inform", {"delay_s": "600"}, {"delay_s": 600}),
        ("schedule_download", {"image": 4, "windows": [{"start_s": 0, "end_s": "60"}]},
         {"image": 4, "windows": [{"start_s": 0, "end_s": 60, "mode": "any", "message": "", "retries": 0}]}),
        ("cancel_transfer", {"operation": "9"}, {"operation": 9}), ("cancel_transfer", {"command_key": " k "}, {"command_key": "k"}),
        ("options", {}, {"name": ""}), ("vouchers", {"vouchers": "Zm9v\n"}, {"vouchers": ["Zm9v"]}),
        ("attributes", {"paths": "Device.A"}, {"paths": ["Device.A"]}),
        ("raw_rpc", {"xml": " <X_A_B/> "}, {"xml": "<X_A_B/>", "method": "X_A_B"}),
        ("move_acs", {"url": " https://acs.example:7547/x?y=1 "}, {"url": "https://acs.example:7547/x?y=1"}),
        ("move_acs", {"url": "http://[2001:db8::1]:7547/"}, {"url": "http://[2001:db8::1]:7547/"}),
        ("install_module", {"url": "http://h/x", "environment": "Device.SoftwareModules.ExecEnv.1."},
         {"url": "http://h/x", "uuid": "", "username": "", "password": "", "environment": "Device.SoftwareModules.ExecEnv.1."}),
        ("update_module", {}, {"uuid": "", "version": "", "url": "", "username": "", "password": ""}),
        ("uninstall_module", {"uuid": UUID}, {"uuid": UUID, "version": "", "environment": ""}),
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
        ("schedule_inform", {}, "delay_s"), ("schedule_inform", {"delay_s": 0}, "delay_s"), ("schedule_inform", {"delay_s": 31 * 86400}, "delay_s"),
        ("schedule_download", {"image": 1}, "windows"), ("schedule_download", {"image": 1, "windows": [NIGHT] * 3}, "windows"),
        ("schedule_download", {"image": 1, "windows": [NIGHT, NIGHT]}, "windows"), ("schedule_download", {"image": 1, "windows": [5]}, "windows"),
        ("schedule_download", {"image": 1, "windows": [{"start_s": 60, "end_s": 60}]}, "windows"),
        ("schedule_download", {"image": 1, "windows": [{**NIGHT, "mode": "later"}]}, "windows"),
        ("schedule_download", {"image": 1, "windows": [{**NIGHT, "when": 1}]}, "windows"),
        ("schedule_download", {"image": 1, "windows": [{**NIGHT, "retries": -2}]}, "retries"),
        ("schedule_download", {"image": 1, "windows": [{**NIGHT, "message": "x" * 257}]}, "message"),
        ("schedule_download", {"windows": [NIGHT]}, "image"), ("schedule_download", {"image": 1, "file": 1, "windows": [NIGHT]}, "image"),
        ("cancel_transfer", {}, "operation"), ("cancel_transfer", {"operation": 1, "command_key": "k"}, "operation"),
        ("cancel_transfer", {"command_key": ""}, "command_key"), ("cancel_transfer", {"command_key": "k" * 33}, "command_key"),
        ("options", {"name": "x" * 65}, "name"), ("vouchers", {}, "vouchers"), ("vouchers", {"vouchers": ["%%"]}, "vouchers"),
        ("vouchers", {"vouchers": [""]}, "vouchers"), ("vouchers", {"vouchers": ["Zm9v"] * 17}, "vouchers"),
        ("raw_rpc", {"xml": ""}, "xml"), ("raw_rpc", {"xml": "<Reboot/>"}, "xml"), ("raw_rpc", {"xml": "<X_A_B>"}, "xml"),
        ("raw_rpc", {"xml": '<!DOCTYPE x [<!ENTITY a "b">]><X_A_B>&a;</X_A_B>'}, "xml"), ("raw_rpc", {"xml": "<X_A_B/>" + " " * 5 + "<X_A_C/>"}, "xml"),
        ("move_acs", {}, "url"), ("move_acs", {"url": "ftp://acs.example/"}, "url"), ("move_acs", {"url": "http://"}, "url"),
        ("move_acs", {"url": "http://anna:pw@acs.example/"}, "url"), ("move_acs", {"url": "http://acs.example/#x"}, "url"),
        ("move_acs", {"url": "http://acs.example/\r\nX: y"}, "url"), ("move_acs", {"url": "http://acs.example:99999/"}, "url"),
        ("move_acs", {"url": "http://acs.example/" + "x" * 250}, "url"), ("move_acs", {"url": "javascript:alert(1)"}, "url"),
        ("install_module", {}, "url"), ("install_module", {"url": "http://u:p@h/x"}, "url"), ("install_module", {"url": "http://h/x", "uuid": "1-2"}, "uuid"),
        ("install_module", {"url": "http://h/x", "environment": "a b"}, "environment"), ("update_module", {"version": "v" * 33}, "version"),
        ("uninstall_module", {}, "uuid"), ("uninstall_module", {"uuid": UUID + "0"}, "uuid"),
        ("write", {"values": [["Device.ManagementServer.URL", "http://evil.example/", "string"]]}, "values"),
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


@pytest.mark.cwmp("G-26", "G-27")
def test_the_rarer_tests_have_sane_defaults_and_name_what_is_wrong():
    assert checked("udp_echo", {"host": "a.example"}) == {"host": "a.example", "port": 7, "size": 64, "count": 3, "timeout_ms": 1000}
    assert checked("server_selection", {"hosts": "a.example, 192.0.2.1"})["hosts"] == ["a.example", "192.0.2.1"]
    assert checked("line_test", {"interface": "Device.DSL.Channel.1."}) == {"interface": "Device.DSL.Channel.1"}
    assert checked("self_test", {}) == {}
    for kind, asked, field in (
        ("udp_echo", {"host": "a.example", "port": 70_000}, "port"),
        ("server_selection", {"hosts": "alone.example"}, "hosts"),
        ("server_selection", {"hosts": ["a.example", "not a host"]}, "hosts"),
        ("server_selection", {"hosts": "a.example,b.example", "protocol": "TCP"}, "protocol"),
        ("line_test", {"interface": "Device..x"}, "interface"),
    ):
        with pytest.raises(Invalid) as refused:
            checked(kind, asked)
        assert refused.value.field == field

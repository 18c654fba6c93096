"""A rehearsal says what a procedure would ask; against a device that takes everything it is what is asked, message by message."""

from dataclasses import replace

from acs.cwmp.messages import AddObject, DeleteObject, SetParameterAttributes, SetParameterValues
from acs.provisioning.desired import RowSetting, Watch
from acs.provisioning.procedure import Done
from acs.provisioning.procedures.configuring import configure
from acs.provisioning.rehearsal import rehearse
from tests.acs.provisioning.procedures.test_configuring import MAPPING, ROW, SSID, TABLE, order
from tests.acs.provisioning.scripted import Device, context, play
from tests.acs.provisioning.test_desired import TREE


def test_a_rehearsal_asks_what_the_device_is_asked():
    values = {**TREE, **ROW, f"{TABLE}6.ExternalPort": "22", f"{TABLE}4.Enable": "1"}
    rows = [RowSetting(TABLE, {"ExternalPort": "22"}, absent=True), RowSetting(TABLE, {"ExternalPort": "443", "Protocol": "TCP"})]
    made = order(values, (SSID, "New"), ("wifi.2g.channel", 6), rows=[MAPPING, *rows], watches=[Watch("wifi.2g.channel", 2)])
    ctx = context(brief={"order": made})
    rehearsal = rehearse(configure(ctx), made.known, ctx.facts)
    device = Device(dict(values), next_row=7)
    outcome = play(configure(context(brief={"order": made})), device)
    assert list(rehearsal.messages) == device.asked
    assert [type(m) for m in rehearsal.messages[:3]] == [DeleteObject, AddObject, SetParameterValues]
    assert type(rehearsal.messages[-1]) is SetParameterAttributes
    assert rehearsal.outcome.result == outcome.result


def test_a_rehearsal_numbers_rows_above_all_there_were():
    made = order({**TREE, **ROW}, rows=[RowSetting(TABLE, {"ExternalPort": "1"}), RowSetting(TABLE, {"ExternalPort": "2"})])
    ctx = context(brief={"order": made})
    rehearsal = rehearse(configure(ctx), made.known, ctx.facts)
    assert rehearsal.outcome.result["added"] == [f"{TABLE}5.", f"{TABLE}6."]


def test_what_the_device_lacks_is_not_asked():
    made = order(TREE, (SSID, "Home"), watches=[Watch("wifi.2g.channel", 2)])
    ctx = context(brief={"order": made})
    facts = replace(ctx.facts, parameter_key=made.desired.key)
    rehearsal = rehearse(configure(replace(ctx, facts=facts)), made.known, facts)
    assert isinstance(rehearsal.outcome, Done)
    assert [type(m) for m in rehearsal.messages] == [SetParameterAttributes]

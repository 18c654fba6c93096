"""Methods, options, vouchers, attributes, and vendors' own methods."""

import pytest

from acs.cwmp import messages as m
from acs.cwmp.codec import RawRpc, UnknownRpc
from acs.cwmp.faults import CwmpFault
from acs.provisioning.procedure import Done, Failed
from acs.provisioning.procedures import raw
from tests.acs.provisioning.scripted import Device, context, play

CALL = "<X_00D09E_Blink><Times>3</Times></X_00D09E_Blink>"


@pytest.mark.cwmp("C-10", "C-5")
def test_what_a_device_can_be_asked_is_kept_with_it():
    d = Device(answers={m.GetRPCMethods: m.GetRPCMethodsResponse(("Reboot", " Download ", "Reboot", ""))})
    assert play(raw.rpc_methods(context()), d) == Done({"methods": ["Reboot", "Download"]}, methods=("Reboot", "Download"))


@pytest.mark.cwmp("C-12")
@pytest.mark.parametrize("code", [9001, 9002])
def test_a_device_that_does_not_tell_its_methods_fails(code):
    assert play(raw.rpc_methods(context()), Device(answers={m.GetRPCMethods: CwmpFault(code)})).fault == CwmpFault(code)


@pytest.mark.cwmp("C-150")
def test_options_are_told_with_what_their_bits_mean():
    option = m.OptionStruct("voip", 7, 3, 2, "2026-01-01T00:00:00Z", "", 1)
    d = Device(answers={m.GetOptions: m.GetOptionsResponse((option,))})
    (told,) = play(raw.options(context(args={"name": ""})), d).result["options"]
    assert told == {
        "name": "voip", "voucher": 7, "enabled": True, "set_up": True, "mode": 2, "from": "2026-01-01T00:00:00Z", "until": "", "transferable": True,
    }  # fmt: skip
    assert d.asked == [m.GetOptions("")]
    assert play(raw.options(context(args={"name": ""})), Device(answers={m.GetOptions: CwmpFault(9000)})).fault.code == 9000


@pytest.mark.cwmp("C-150")
def test_vouchers_are_handed_in_once():
    d = Device()
    args = {"vouchers": ["Zm9v", "YmFy"]}
    assert play(raw.vouchers(context(args=args)), d) == Done({"count": 2})
    assert d.asked == [m.SetVouchers(("Zm9v", "YmFy"))]
    assert play(raw.vouchers(context(args=args)), Device(answers={m.SetVouchers: CwmpFault(9000)})).fault.code == 9000
    broken = Device()
    assert isinstance(play(raw.vouchers(context(args=args, maybe_sent=True)), broken), Failed)
    assert broken.asked == []


@pytest.mark.cwmp("C-61")
def test_attributes_are_told_by_path():
    told = play(raw.attributes(context(args={"paths": ["Device.A"]}))).result["attributes"]
    assert told == [{"path": "Device.A", "notification": 2, "access": ["Subscriber"]}]
    refused = play(raw.attributes(context(args={"paths": ["Device.A"]})), Device(answers={m.GetParameterAttributes: CwmpFault(9005)}))
    assert refused.fault == CwmpFault(9005)


@pytest.mark.cwmp("C-6")
def test_a_vendors_call_is_sent_as_it_is_and_its_answer_kept():
    d = Device()
    outcome = play(raw.raw_rpc(context(args={"xml": CALL})), d)
    assert d.asked == [RawRpc("X_00D09E_Blink", CALL)]
    assert outcome.result["xml"] == "<X_00D09E_BlinkResponse><Said>yes</Said></X_00D09E_BlinkResponse>"
    assert (outcome.result["method"], outcome.result["cut"]) == ("X_00D09E_Blink", False)


def test_a_long_answer_is_cut_and_a_refusal_told():
    long = UnknownRpc("X_00D09E_BlinkResponse", "<a>" + "x" * raw.ANSWER_MAX)
    outcome = play(raw.raw_rpc(context(args={"xml": CALL})), Device(answers={RawRpc: long}))
    assert (len(outcome.result["xml"]), outcome.result["cut"]) == (raw.ANSWER_MAX, True)
    refused = play(raw.raw_rpc(context(args={"xml": CALL})), Device(answers={RawRpc: CwmpFault(9000)}))
    assert refused == Failed("The device refused X_00D09E_Blink: the device does not know how to do that.", CwmpFault(9000))


def test_a_call_that_may_have_left_is_not_sent_again():
    d = Device()
    assert isinstance(play(raw.raw_rpc(context(args={"xml": CALL}, maybe_sent=True)), d), Failed)
    assert d.asked == []

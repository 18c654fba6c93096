"""Vouchers and the options they open."""

from __future__ import annotations

import base64

import pytest

from acs.cwmp.messages import GetOptions, SetVouchers, SetVouchersResponse
from simulators import rpc
from simulators.options import make_voucher
from tests.simulators.kit import START, clock_at, make_cpe


@pytest.mark.cwmp("C-150")
def test_a_voucher_opens_an_option_until_it_expires():
    clock = clock_at()
    cpe = make_cpe(clock=clock)
    both = (make_voucher("IPTV", 7, cpe.serial), make_voucher("Guest", 8, cpe.serial, "EnabledWithExpiration", 2))
    assert rpc.answer(cpe, SetVouchers(both)) == SetVouchersResponse()
    found = {option.option_name: option for option in rpc.answer(cpe, GetOptions("")).option_list}
    assert (found["IPTV"].state, found["IPTV"].mode, found["IPTV"].voucher_sn, found["IPTV"].expiration_date) == (3, 2, 7, "")
    assert (found["Guest"].state, found["Guest"].mode, found["Guest"].expiration_date) == (3, 1, "2023-11-16T22:13:20Z")
    clock.rightNow = START + 3 * 86400
    assert [option.state for option in rpc.answer(cpe, GetOptions("Guest")).option_list] == [0]
    assert rpc.answer(cpe, GetOptions("Nothing")).option_list == ()


@pytest.mark.cwmp("C-150")
def test_options_survive_a_power_cut_and_not_a_factory_reset():
    cpe, later = make_cpe(), make_cpe()
    rpc.answer(cpe, SetVouchers((make_voucher("IPTV", 7, cpe.serial),)))
    later.from_json(cpe.to_json())
    assert rpc.answer(later, GetOptions("IPTV")) == rpc.answer(cpe, GetOptions("IPTV"))
    later.factory_reset()
    assert rpc.answer(later, GetOptions("")).option_list == ()


@pytest.mark.cwmp("C-150")
def test_what_is_no_voucher_of_this_device_changes_nothing():
    cpe = make_cpe()
    rpc.answer(cpe, SetVouchers((make_voucher("IPTV", 7, cpe.serial),)))
    good = make_voucher("Guest", 9, cpe.serial)
    for bad, code in (
        ("not base64!", 9003), (base64.b64encode(b"<Option/>").decode(), 9003), (make_voucher("Guest", 1, "OTHER"), 9001),
        (make_voucher("IPTV", 6, cpe.serial, "Disabled"), 9001),
    ):  # fmt: skip
        assert rpc.answer(cpe, SetVouchers((good, bad))).code == code
    assert rpc.answer(cpe, SetVouchers(())).code == 9003
    assert [option.option_name for option in rpc.answer(cpe, GetOptions("")).option_list] == ["IPTV"]

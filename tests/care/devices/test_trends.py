"""The tab of trends: care/devices/trends.py."""

import pytest

from care.security.permissions import Role
from tests.acs.monitoring.kit import RX
from tests.care import samples
from tests.care.conftest import OTHER_TENANT
from tests.care.monitoring.conftest import device

__all__ = ["device"]


def html(answer):
    return answer.get_data(as_text=True)


def test_tab_draws_what_is_kept(signed_in, device):
    page = html(signed_in(Role.VIEWER).get(f"/devices/{device}/trends?range=7d"))
    assert f'data-chart="/devices/{device}/series.json?name={RX}&amp;range=7d"' in page
    assert 'aria-current="page">Trends' in page


def test_nothing_kept_says_how_to_begin(signed_in, db, services, clock):
    number = samples.home(db, services.vault, clock(), samples.ONT)
    assert "Nothing is kept of this device" in html(signed_in(Role.VIEWER).get(f"/devices/{number}/trends"))


def test_numbers_of_a_chart_and_the_same_as_a_file(signed_in, device):
    browser = signed_in(Role.VIEWER)
    drawn = browser.get(f"/devices/{device}/series.json?name={RX}").get_json()
    assert len(drawn["x"]) == 12
    assert [limit["label"].split()[0] for limit in drawn["limits"]] == ["Critical", "Warning"]
    assert "Restarted" in {mark["label"] for mark in drawn["marks"]}
    lines = html(browser.get(f"/devices/{device}/series.csv?name={RX}")).split()
    assert lines[0] == "at,parameter,unit,low,mean,high,last,samples"
    assert lines[-1].endswith(f"{RX},dBm,-28.0,-28.0,-28.0,-28.0,1")


@pytest.mark.parametrize("path", ["series.json?name=nothing", "series.csv", "series.json"])
def test_unknown_parameters_are_refused(signed_in, device, path):
    assert signed_in(Role.VIEWER).get(f"/devices/{device}/{path}").status_code == 422


def test_devices_of_others_do_not_exist(signed_in, device):
    browser = signed_in(Role.ADMIN, OTHER_TENANT)
    for path in ("trends", f"series.json?name={RX}", f"series.csv?name={RX}"):
        assert browser.get(f"/devices/{device}/{path}").status_code == 404

"""The access area and the identity tab as people see them: wide, on a phone, light and dark, in both languages."""

from datetime import timedelta

import pytest

from acs.access import service as access
from acs.access.views import Reason, Refused
from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import alarms, merging
from acs.devices.alarms import Raised
from acs.devices.models import Device, DeviceCredential
from acs.devices.sightings import AlarmKind
from tests.browser.conftest import LiveServer
from tests.browser.test_shell import LOOKS, PHONE, overflows

pytestmark = pytest.mark.browser
PAGES = {
    "refused": "/access/", "strangers": "/access/waiting", "blocks": "/access/blocks?network=203.0.113.0/24", "certificates": "/access/certificates",
    "alarms": "/access/alarms", "onboarding": "/onboarding/", "identity": "/devices/1/identity", "merge": "/devices/1/merge?other=2",
}  # fmt: skip


def a_day(server: LiveServer, now) -> None:
    """What an engineer finds on a bad day."""
    actor = Actor("user:admin", DEFAULT_TENANT)
    with server.services.db.write() as unit:
        for n, (serial, product, trust) in enumerate(
            (
                ("NVK7F21C08A", "G240", "admitted"),
                ("NVK7F21C08A", "G260", "admitted"),
                ("HLD99001", "ONT-4", "quarantine"),
                ("9" * 18, "Cell", "quarantine"),
            )
        ):
            unit.session.add(
                Device(
                    tenant_id=1, key=f"00D09E-{product}-{serial}", oui="00D09E", product_class=product, serial_number=serial, manufacturer="Norvik",
                    model=product, trust=trust, software_version="3.4.1", address=f"198.51.100.{n + 20}", last_inform_at=now - timedelta(minutes=n),
                    first_seen_at=now - timedelta(days=40), silent_at=now + timedelta(hours=1), root="Device", inform_count=100 * n,
                    sightings={
                        "login": "certificate", "certificate": ["3f" * 32, f"CN=00D09E-{product}-{serial},O=Norvik Devices"], "address": "198.51.100.20",
                        "before": "203.0.113.77", "moved": (now - timedelta(minutes=7)).isoformat(), "mac": "00:1A:2B:3C:4D:5E",
                    },
                )
            )  # fmt: skip
        unit.session.flush()
        unit.session.add(
            DeviceCredential(
                device_id=1,
                tenant_id=1,
                username="00D09E-G240-NVK7F21C08A",
                secret="1:x",
                next_secret="1:y",
                changed_at=now - timedelta(days=181),
            )
        )
        merging.add_alias(unit, actor, 1, "00D09E-G240-NVK7F219999", "Board replaced in the workshop", now - timedelta(days=3))
        evidence = {"at": now.isoformat(), "from": "203.0.113.77", "to": "198.51.100.20", "turns": 2, "in_session": True}
        other = {
            "at": now.isoformat(),
            "other": "00D09E-G240-NVK7F21C08A",
            "other_id": 1,
            "other_address": "198.51.100.20",
            "address": "198.51.100.21",
        }
        none = Raised(1, 4, AlarmKind.PLACEHOLDER, {"serial": "9" * 18}, now)
        raised = [
            Raised(1, 1, AlarmKind.ADDRESS, evidence, now),
            Raised(1, 2, AlarmKind.SERIAL, other, now),
            none,
        ]
        alarms.raise_alarms(unit.connection, raised)
        details = {
            Reason.LOGIN: "as '00D09E-G240-NVK7F21C08A'", Reason.TLS: "TLS handshake: no shared cipher",
            Reason.BLOCKED: "rule 1: stolen pallet of the Harbour depot",
            Reason.NO_LOGIN: "6 times asked for a login, none came", Reason.CERTIFICATE: "the certificate is of 00D09E-Other-S9",
        }  # fmt: skip
        access.note_refusals(
            unit, DEFAULT_TENANT,
            [
                Refused(f"203.0.113.{n}", "" if r is Reason.TLS else "00D09E-G240-NVK7F21C08A", r, d, n * 7 + 1, now, now - timedelta(minutes=n))
                for n, (r, d) in enumerate(details.items())
            ],
        )  # fmt: skip
        access.add_block(
            unit,
            actor,
            {"oui": "00D09E", "serial_pattern": "NVK8*", "reason": "stolen pallet of the Harbour depot"},
            now,
            now + timedelta(days=30),
        )
        access.add_block(unit, actor, {"firmware": "2.0.*", "action": "quarantine", "reason": "reboots when it is read"}, now)
        access.add_certificate(
            unit, actor, {"kind": "model", "subject": "CN=acme-gateway,O=Acme", "oui": "00D09E", "product_class": "G240"}, now
        )
        access.add_certificate(unit, actor, {"kind": "revoked", "fingerprint": "ab" * 32, "note": "key found on a second-hand box"}, now)


@pytest.mark.parametrize(("size", "dark", "locale"), LOOKS)
def test_every_page_of_access_fits_its_window(open_page, sign_in, shot, live_server, now, size, dark, locale):
    page = open_page(size, dark=dark, locale=locale, touch=size is PHONE)
    a_day(live_server, now)
    sign_in(page)
    for name, url in PAGES.items():
        page.goto(url)
        page.locator("h1").first.wait_for()
        assert not overflows(page), f"{name} is wider than {size['width']}"
        assert page.locator("[style]").count() == 0
        shot(page, f"access-{name}-{size['width']}{'-dark' if dark else ''}-{locale[:2]}")


def test_stranger_is_let_in_by_keyboard_alone(open_page, sign_in, live_server, now):
    page = open_page()
    a_day(live_server, now)
    sign_in(page)
    page.goto("/access/waiting")
    page.get_by_label("HLD99001").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Admit…").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Admit 1 device?").wait_for()
    page.get_by_role("button", name="Admit").focus()
    page.keyboard.press("Enter")
    page.get_by_text("1 device is admitted").wait_for()
    assert live_server.services.devices.head(DEFAULT_TENANT, 3).trust == "admitted"


def test_refusal_appears_while_the_page_is_open(open_page, sign_in, live_server, now):
    page = open_page()
    sign_in(page)
    page.goto("/access/")
    page.get_by_text("Nobody was refused").wait_for()
    a_day(live_server, now)
    page.get_by_text("TLS handshake: no shared cipher").wait_for(timeout=15_000)

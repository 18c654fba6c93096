from __future__ import annotations

from flask_babel import force_locale

from care.devices import words
from care.devices.labels import SAID
from datamodels import canonical


def wanted() -> set[str]:
    named = {n for n in canonical.names() if n in words.LABELS or (n.startswith("wifi.") and n.rpartition(".")[2] in words._LEAVES)}
    labels = {canonical.describe(n).label for n in canonical.names() if n not in named}
    return labels | {canonical.describe(n).help for n in canonical.names()} - {""} | {canonical.group_label(g) for g in canonical.groups()}


def test_every_label_note_and_group_of_the_data_can_be_translated(app):
    with app.test_request_context(), force_locale("en"):
        assert {str(each) for each in SAID} == wanted()


def test_they_are_german_on_a_german_page(app):
    with app.test_request_context(), force_locale("de"):
        assert words.full_label("wifi.2g.guest_ssid") == "2.4\u00a0GHz Netzname für Gäste"
        assert words.full_label("ethernet.lan2.status") == "LAN2 Verbindung"
        assert words.note("dhcp.lease_time_s") == "-1 endet nie"
        assert words.group("iptv") == "Fernsehen"
        assert words.note("wan.status") == ""

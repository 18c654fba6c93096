"""Client certificates: who issued them, whose they are, and what never counts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from acs.access.views import CertificateKind, CertificateView
from acs.cwmp.identity import Identity
from acs.errors import WrongEnvironment
from acs.server.login.certificates import Authorities, Certificate, OfDevice, OfModel, Registered, Void, certificate_of, der_of_pem
from tests.acs.server.login.certs import Made, make

NOW = datetime.now(UTC)
DEVICE = Identity("02A5C1", "Box", "S1")


@pytest.fixture(scope="module")
def authority() -> Made:
    return make("Devices", is_authority=True)


@pytest.fixture
def authorities(authority: Made, tmp_path: Path) -> Authorities:
    return Authorities(authority.write_certificate(tmp_path / "ca.pem"))


def shown(name: str, trouble: str = "", fingerprint: str = "f" * 64) -> Certificate:
    return Certificate(fingerprint, f"CN={name}", name, trouble)


def entry(kind: CertificateKind, **given: str) -> CertificateView:
    facts = {"fingerprint": "", "subject": "", "device_key": "", "oui": "", "product_class": "", "note": "", **given}
    return CertificateView(7, kind, created_at=NOW, created_by="user:anna", **facts)


# ---- issued by whom --------------------------------------------------------------------------------------------


@pytest.mark.cwmp("J-2")
def test_certificate_of_our_authority_counts_and_of_another_does_not(authority: Made, authorities: Authorities):
    own, foreign = make("02A5C1-Box-S1", authority), make("02A5C1-Box-S1", make("Devices", is_authority=True))
    good, bad = (certificate_of(each.der, authorities, (), NOW) for each in (own, foreign))
    assert good is not None and bad is not None
    assert (good.common_name, good.fingerprint, good.trouble) == ("02A5C1-Box-S1", own.fingerprint, "")
    assert bad.trouble


def test_certificate_that_has_ended_does_not_count(authority: Made, authorities: Authorities):
    found = certificate_of(make("x", authority, days=-1).der, authorities, (), NOW)
    assert found is not None
    assert "expired" in found.trouble


def test_issuer_between_is_taken_from_what_the_device_sends(authority: Made, authorities: Authorities):
    between = make("Factory 7", authority, is_authority=True)
    own = make("02A5C1-Box-S1", between)
    alone, with_chain = certificate_of(own.der, authorities, (), NOW), None
    authorities._verdicts.clear()
    with_chain = certificate_of(own.der, authorities, (between.der,), NOW)
    assert alone is not None and with_chain is not None
    assert alone.trouble
    assert with_chain.trouble == ""


def test_authorities_are_read_again_when_their_file_changes(authorities: Authorities):
    newer = make("New devices", is_authority=True)
    own = make("02A5C1-Box-S1", newer)
    before = certificate_of(own.der, authorities, (), NOW)
    newer.write_certificate(authorities.path)
    authorities.load()
    after = certificate_of(own.der, authorities, (), NOW)
    assert before is not None and after is not None
    assert (bool(before.trouble), after.trouble) == (True, "")


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_authorities_that_cannot_be_read_stop_the_start(tmp_path: Path, content: str | None):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(WrongEnvironment, match="HEARTHLINE_TLS_CLIENT_CA"):
        Authorities(path).load()


def test_without_authorities_only_a_proxy_can_vouch():
    own = make("02A5C1-Box-S1").der
    alone, vouched = certificate_of(own, None, (), NOW), certificate_of(own, None, (), NOW, vouched=True)
    assert alone is not None and vouched is not None
    assert (bool(alone.trouble), vouched.trouble) == (True, "")


@pytest.mark.parametrize("junk", [b"", b"nonsense", b"0\x82\x01"])
def test_what_is_no_certificate_is_none(junk: bytes):
    assert certificate_of(junk, None, (), NOW) is None


def test_pem_and_der_are_the_same_certificate(authority: Made):
    assert der_of_pem(authority.pem) == authority.der


# ---- whose it is -----------------------------------------------------------------------------------------------


@pytest.mark.cwmp("A-105", "A-99")
@pytest.mark.parametrize(
    ("name", "claimed", "agrees"),
    [
        ("02A5C1-Box-S1", DEVICE, True),
        ("02a5c1-Box-S1", DEVICE, True),
        ("02A5C1-S1", DEVICE, True),
        ("02A5C1-Box-S2", DEVICE, False),
        ("02A5C2-Box-S1", DEVICE, False),
        ("02A5C1-Other-S1", DEVICE, False),
        ("00A0C5-Home%20Router%2F2000-SN%2D1", Identity("00A0C5", "Home Router/2000", "SN-1"), True),
    ],
)
def test_common_name_spells_the_device(name: str, claimed: Identity, agrees: bool):
    proof = Registered().proof(shown(name))
    assert isinstance(proof, OfDevice)
    assert proof.agrees(claimed) is agrees


@pytest.mark.cwmp("A-105", "A-101")
@pytest.mark.parametrize("name", ["acme-gateway", "02A5C1-A-B-C", "", "Norvik G240"])
def test_name_that_spells_no_device_proves_no_more_than_a_model(name: str):
    assert Registered().proof(shown(name)) == OfModel("", "")


def test_registered_fingerprint_counts_whoever_issued_it():
    registered = Registered.of([entry(CertificateKind.DEVICE, fingerprint="f" * 64, device_key="02A5C1-Box-S9")])
    proof = registered.proof(shown("whatever", trouble="self-signed certificate"))
    assert proof == OfDevice(key="02A5C1-Box-S9")
    assert proof.agrees(Identity("02A5C1", "Box", "S9"))
    assert not proof.agrees(DEVICE)


def test_registered_subject_counts_only_when_an_authority_stands_for_it():
    registered = Registered.of([entry(CertificateKind.MODEL, subject="acme-gateway", oui="02A5C1", product_class="Box")])
    assert registered.proof(shown("acme-gateway")) == OfModel("02A5C1", "Box")
    assert isinstance(registered.proof(shown("acme-gateway", trouble="self-signed certificate")), Void)


@pytest.mark.cwmp("A-105")
def test_certificate_of_a_model_agrees_with_its_devices_only():
    proof = OfModel("02A5C1", "Box")
    assert proof.agrees(DEVICE)
    assert not proof.agrees(Identity("02A5C1", "Other", "S1"))
    assert not proof.agrees(Identity("02A5C2", "Box", "S1"))


@pytest.mark.parametrize("by", [{"fingerprint": "f" * 64}, {"subject": "02A5C1-Box-S1"}])
@pytest.mark.parametrize("trouble", ["", "certificate has expired"])
def test_revoked_certificate_is_turned_away_before_anything_else(by: dict[str, str], trouble: str):
    proof = Registered.of([entry(CertificateKind.REVOKED, **by)]).proof(shown("02A5C1-Box-S1", trouble=trouble))
    assert isinstance(proof, Void)
    assert proof.revoked


def test_certificate_nobody_stands_for_is_void_and_says_why():
    proof = Registered().proof(shown("02A5C1-Box-S1", trouble="self-signed certificate"))
    assert isinstance(proof, Void)
    assert "self-signed" in proof.why
    assert not proof.revoked

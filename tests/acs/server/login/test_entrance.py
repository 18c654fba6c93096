"""The entrance, through the whole path of an Inform: what is let in, what is turned away, how, and what is noted of it."""

import base64
import ipaddress
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from acs.access.views import Access, BlockAction, BlockView, CertificateKind, CertificateView, Reason
from acs.devices import aliases, merging
from acs.provisioning.plan import Trust
from acs.server.login.buckets import Buckets
from acs.server.login.peers import Peers
from tests.acs.server.kit import ACTOR, NOW, Bench, Line, digest_line, envelope, inform, post
from tests.acs.server.login.certs import Made, make
from tests.acs.server.test_cwmp import _give_secret

PROXY = "192.0.2.1"


def block(rule_id: int = 1, action: BlockAction = BlockAction.REFUSE, **given: Any) -> BlockView:
    facts = {"network": "", "oui": "", "product_class": "", "serial_pattern": "", "firmware": "", "expires_at": None, **given}
    return BlockView(
        rule_id, action=action, reason="stolen pallet", created_at=NOW, created_by="user:anna", hits=0, last_hit_at=None, **facts
    )


def load(bench: Bench, *rules: BlockView) -> None:
    bench.handler.entrance.load(Access(rules))


def noted(bench: Bench) -> list[tuple[str, str, str]]:
    return [(each.address, each.claimed, each.reason.value) for each in bench.handler.entrance.refusals.drain()]


def log_in(bench: Bench, name: str, secret: str, message: Any, line: Line | None = None, **headers: str) -> Any:
    line = line or bench.line()
    body = envelope(message)
    challenged = line.ask(post(body, headers=headers))
    assert challenged.status == 401, challenged
    return line.ask(post(body, authorization=digest_line(challenged.one("www-authenticate"), name, secret), headers=headers))


# ---- block rules -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fits",
    [
        {"network": "192.0.2.0/24"}, {"network": "192.0.2.10/32"}, {"oui": "02A5C1"}, {"product_class": "Box"}, {"serial_pattern": "S*"},
        {"serial_pattern": "?1"}, {"firmware": "1.*"}, {"oui": "02A5C1", "product_class": "Box", "serial_pattern": "S1", "firmware": "1.0"},
    ],
)  # fmt: skip
def test_blocked_device_is_refused_before_anything_is_stored(bench: Bench, fits: dict[str, str]):
    load(bench, block(**fits))
    answer = bench.line().ask(post(envelope(inform())))
    assert (answer.status, answer.body, answer.all("set-cookie")) == (403, b"", [])
    assert bench.device_keys() == []
    assert bench.commit.works == []
    assert noted(bench) == [("192.0.2.10", "02A5C1-Box-S1", "blocked")]
    assert bench.handler.entrance.drain_hits() == {1: (1, bench.now())}


@pytest.mark.parametrize(
    "fits",
    [{"network": "198.51.100.0/24"}, {"oui": "000000"}, {"serial_pattern": "S"}, {"firmware": "2.*"}, {"oui": "02A5C1", "firmware": "2"}],
)
def test_rule_that_fits_in_part_blocks_nobody(bench: Bench, fits: dict[str, str]):
    load(bench, block(**fits))
    assert bench.line().ask(post(envelope(inform()))).status == 200
    assert noted(bench) == []


def test_rule_may_put_off_or_hang_up(bench: Bench):
    load(bench, block(1, BlockAction.LATER, serial_pattern="LATE"), block(2, BlockAction.CLOSE, serial_pattern="GONE"))
    answers = [bench.line().ask(post(envelope(inform("LATE")))) for _ in range(20)]
    assert {answer.status for answer in answers} == {503}
    waits = {int(answer.one("retry-after")) for answer in answers}
    assert len(waits) > 5  # each at another time
    assert min(waits) >= 600
    line = bench.line()
    assert line.send(post(envelope(inform("GONE")))) == []
    assert line.closed


def test_rule_that_has_ended_blocks_nobody(bench: Bench):
    load(bench, block(oui="02A5C1", expires_at=bench.now() + timedelta(seconds=60)))
    assert bench.line().ask(post(envelope(inform()))).status == 403
    bench.clock.advance(61)
    assert bench.line().ask(post(envelope(inform()))).status == 200


def test_held_device_is_answered_and_asked_nothing_until_the_rule_goes(bench: Bench):
    line, _ = bench.known()
    line.hang_up()
    load(bench, block(action=BlockAction.QUARANTINE, oui="02A5C1"))
    bench.request("read", {"paths": ["Device.DeviceInfo.SoftwareVersion"]})
    line, cookie = bench.begin()
    assert line.ask(post(cookie=cookie)).status == 204
    assert bench.device().trust == Trust.ADMITTED  # the row stays as it was: the rule is what holds
    assert noted(bench) == [("192.0.2.10", "02A5C1-Box-S1", "held")]
    load(bench)
    line, cookie = bench.begin()
    assert type(line.ask(post(cookie=cookie)).message).__name__ == "GetParameterValues"


def test_stranger_who_is_held_is_recorded_and_let_in_by_no_rule(bench: Bench):
    load(bench, block(action=BlockAction.QUARANTINE, oui="02A5C1"))
    assert bench.line().ask(post(envelope(inform()))).status == 200
    assert bench.device().trust == Trust.QUARANTINE


def test_blocked_address_is_not_even_challenged(guarded: Bench):
    load(guarded, block(network="192.0.2.0/24"))
    assert guarded.line().ask(post()).status == 403
    assert guarded.line(peer="198.51.100.7").ask(post()).status == 401


# ---- rates -----------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("J-6")
def test_device_that_informs_too_often_is_put_off_and_others_are_not(bench: Bench):
    bench.handler.entrance.device_rate = Buckets(60, 3)
    statuses = [bench.line().ask(post(envelope(inform()))).status for _ in range(5)]
    assert statuses == [200, 200, 200, 503, 503]
    assert bench.line().ask(post(envelope(inform("S2")))).status == 200
    (refused,) = bench.handler.entrance.refusals.drain()
    assert (refused.reason, refused.count) == (Reason.RATE_DEVICE, 2)
    bench.clock.advance(1)
    assert bench.line().ask(post(envelope(inform()))).status == 200


@pytest.mark.cwmp("J-6")
def test_address_that_informs_too_often_is_put_off_each_time_for_another_while(bench: Bench):
    bench.handler.entrance.address_rate = Buckets(60, 2)
    answers = [bench.line().ask(post(envelope(inform(f"S{n}")))) for n in range(22)]
    assert [answer.status for answer in answers] == [200, 200] + [503] * 20
    assert len({answer.one("retry-after") for answer in answers[2:]}) > 5
    assert len(bench.device_keys()) == 2
    assert bench.line(peer="192.0.2.11").ask(post(envelope(inform("S9")))).status == 200


def test_device_somebody_waits_for_passes_whatever_its_rate(bench: Bench):
    bench.handler.entrance.device_rate = bench.handler.entrance.address_rate = Buckets(1, 1)
    bench.line().ask(post(envelope(inform())))
    called = envelope(inform("S1", "6 CONNECTION REQUEST"))
    assert bench.line().ask(post(called)).status == 503  # the word alone opens no door
    bench.handler.entrance.expect(bench.device().id, bench.now())
    assert bench.line().ask(post(called)).status == 200
    assert bench.line().ask(post(envelope(inform()))).status == 503  # we waited for the answer to a call, not for this
    bench.clock.advance(30)
    bench.handler.entrance.expect(bench.device().id, bench.now() - timedelta(minutes=10))
    assert bench.line().ask(post(called)).status == 503


def test_who_only_claims_an_identity_does_not_use_up_its_rate(guarded: Bench):
    guarded.handler.entrance.device_rate = Buckets(1, 1)
    log_in(guarded, "x", guarded.onboarding, inform())
    guarded.clock.advance(60)
    for _ in range(5):
        assert guarded.line(peer="198.51.100.7").ask(post(envelope(inform()))).status == 401
    assert log_in(guarded, "x", guarded.onboarding, inform()).status == 200


# ---- logins ----------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("A-107")
def test_guesses_are_answered_429_with_a_wait_and_noted(guarded: Bench):
    for _ in range(30):
        log_in(guarded, "ann", "guess", inform())
    line = guarded.line()
    challenge = line.ask(post(envelope(inform()))).one("www-authenticate")
    answer = line.ask(post(envelope(inform()), authorization=digest_line(challenge, "ann", "guess")))
    assert answer.status == 429
    assert int(answer.one("retry-after")) >= 30
    assert {reason for _, _, reason in noted(guarded)} == {"login", "slowed"}


@pytest.mark.cwmp("A-98")
def test_digest_made_for_another_target_is_refused(guarded: Bench):
    line = guarded.line()
    challenge = line.ask(post(envelope(inform()), target="/acs")).one("www-authenticate")
    wrong = digest_line(challenge, "x", guarded.onboarding, uri="/other")
    assert line.ask(post(envelope(inform()), target="/acs", authorization=wrong)).status == 401
    assert noted(guarded) == [("192.0.2.10", "02A5C1-Box-S1", "digest_uri")]
    right = digest_line(challenge, "x", guarded.onboarding, uri="http://acs.example/acs", nc=2)
    assert line.ask(post(envelope(inform()), target="/acs", authorization=right)).status == 200


@pytest.mark.cwmp("A-91", "J-1")
@pytest.mark.parametrize(("proto", "status"), [("http", 401), ("https", 200)])
def test_basic_counts_when_the_proxy_says_that_it_came_encrypted(guarded: Bench, proto: str, status: int):
    guarded.handler.entrance.peers = Peers((ipaddress.ip_network(PROXY),))
    login = "Basic " + base64.b64encode(f"x:{guarded.onboarding}".encode()).decode()
    answer = guarded.line(peer=PROXY).ask(post(envelope(inform()), authorization=login, headers={"X-Forwarded-Proto": proto}))
    assert answer.status == status


@pytest.mark.cwmp("A-25")
@pytest.mark.parametrize(("proto", "is_secure"), [("http", False), ("https", True)])
def test_cookie_is_secure_where_the_line_is(bench: Bench, proto: str, is_secure: bool):
    bench.handler.entrance.peers = Peers((ipaddress.ip_network(PROXY),))
    answer = bench.line(peer=PROXY).ask(post(envelope(inform()), headers={"X-Forwarded-Proto": proto}))
    assert ("; Secure" in answer.one("set-cookie")) is is_secure


@pytest.mark.cwmp("A-106")
@pytest.mark.parametrize(("near", "seen"), [(PROXY, "203.0.113.9"), ("198.51.100.7", "198.51.100.7")])
def test_address_of_the_device_is_the_one_a_trusted_proxy_tells(bench: Bench, near: str, seen: str):
    bench.handler.entrance.peers = Peers((ipaddress.ip_network(PROXY),))
    bench.line(peer=near).ask(post(envelope(inform()), headers={"X-Forwarded-For": "203.0.113.9"}))
    assert bench.device().address == seen


# ---- aliases -------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("A-100")
def test_login_of_a_device_holds_for_its_alias(guarded: Bench):
    log_in(guarded, "x", guarded.onboarding, inform())
    _give_secret(guarded, "S1", "mine")

    async def same(login_key: str, claimed: Any) -> bool:
        return aliases.is_same(guarded.database, login_key, claimed)

    guarded.handler.entrance.same = same
    device = guarded.device()
    assert log_in(guarded, device.key, "mine", inform("S2")).status == 403
    with guarded.database.write() as unit:
        merging.add_alias(unit, ACTOR, device.id, "02A5C1-Box-S2", "new board", guarded.now())
    assert log_in(guarded, device.key, "mine", inform("S2")).status == 200
    assert guarded.device_keys() == ["02A5C1-Box-S1"]
    assert guarded.device().inform_count == 2


@pytest.mark.quirk("K-35")
def test_oui_that_changes_at_each_boot_leads_to_one_device(bench: Bench):
    for oui in ("02A5C1", "000000", "FFFFFF", "000000"):
        assert bench.line().ask(post(envelope(inform(oui=oui)))).status == 200
    assert bench.device_keys() == ["02A5C1-Box-S1"]
    assert bench.device().inform_count == 4


# ---- certificates --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> Made:
    return make("Devices", is_authority=True)


def behind_tls(bench: Bench, mode: str, *entries: CertificateView) -> None:
    """A proxy ends TLS and vouches for certificates: the same proof as a handshake of ours."""
    entrance = bench.handler.entrance
    entrance.peers, entrance.client_certificates = Peers((ipaddress.ip_network(PROXY),)), mode  # type: ignore[assignment]
    entrance.load(Access((), entries))


def showing(own: Made) -> dict[str, str]:
    return {"X-Forwarded-Proto": "https", "X-SSL-Client-Cert": quote(own.pem, safe=""), "X-SSL-Client-Verify": "SUCCESS"}


def ask(bench: Bench, headers: dict[str, str], serial: str = "S1", near: str = PROXY) -> Any:
    return bench.line(peer=near).ask(post(envelope(inform(serial)), headers=headers))


@pytest.mark.cwmp("A-90", "A-105", "L-26")
def test_certificate_of_a_device_is_its_login_and_nobody_elses(guarded: Bench):
    behind_tls(guarded, "optional")
    own = showing(make("02A5C1-Box-S1"))
    assert ask(guarded, own).status == 200
    assert ask(guarded, own, "S2").status == 403
    assert guarded.device_keys() == ["02A5C1-Box-S1"]
    assert noted(guarded) == [(PROXY, "02A5C1-Box-S2", "certificate")]


@pytest.mark.cwmp("J-7")
def test_certificate_alone_lets_no_stranger_out_of_quarantine(guarded: Bench):
    behind_tls(guarded, "optional")
    ask(guarded, showing(make("02A5C1-Box-S1")))
    assert guarded.device().trust == Trust.QUARANTINE


@pytest.mark.cwmp("A-106", "L-26")
def test_certificate_in_a_header_of_a_stranger_is_ignored(guarded: Bench):
    behind_tls(guarded, "optional")
    assert ask(guarded, showing(make("02A5C1-Box-S1")), near="198.51.100.7").status == 401
    assert guarded.device_keys() == []


@pytest.mark.cwmp("A-105")
def test_certificate_of_a_model_needs_a_login_beside_it(guarded: Bench):
    entry = CertificateView(1, CertificateKind.MODEL, "", "acme-gateway", "", "02A5C1", "Box", "", NOW, "user:anna")
    behind_tls(guarded, "required", entry)
    shared = showing(make("acme-gateway"))
    assert ask(guarded, shared).status == 401
    assert log_in(guarded, "x", guarded.onboarding, inform(), guarded.line(peer=PROXY), **shared).status == 200
    other = envelope(inform(oui="00D09E"))
    assert guarded.line(peer=PROXY).ask(post(other, headers=shared)).status == 403


def test_required_certificate_that_is_missing_or_void_is_said_so(guarded: Bench):
    behind_tls(guarded, "required")
    assert ask(guarded, {"X-Forwarded-Proto": "https"}).status == 403
    unproven = {**showing(make("02A5C1-Box-S1")), "X-SSL-Client-Verify": "FAILED:self-signed"}
    assert ask(guarded, unproven).status == 403
    assert [reason for _, _, reason in noted(guarded)] == ["no_certificate", "certificate"]


def test_optional_certificate_that_is_void_leaves_the_login(guarded: Bench):
    behind_tls(guarded, "optional")
    unproven = {**showing(make("02A5C1-Box-S1")), "X-SSL-Client-Verify": "FAILED:self-signed"}
    assert ask(guarded, unproven).status == 401


def test_revoked_certificate_is_turned_away_with_any_login(guarded: Bench):
    own = make("02A5C1-Box-S1")
    behind_tls(guarded, "optional", CertificateView(1, CertificateKind.REVOKED, own.fingerprint, "", "", "", "", "", NOW, "user:anna"))
    assert ask(guarded, showing(own)).status == 403


def test_what_a_device_showed_is_on_its_identity(guarded: Bench):
    behind_tls(guarded, "optional")
    own = make("02A5C1-Box-S1")
    ask(guarded, showing(own))
    with guarded.database.read() as session:
        view = merging.identity(session, ACTOR.tenant, guarded.device().id)
    assert (view.login, view.certificate_fingerprint, view.certificate_subject) == ("certificate", own.fingerprint, "CN=02A5C1-Box-S1")

"""Basic and Digest: the published vectors, what devices do wrong, and which nonces count."""

import base64
import dataclasses
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acs.cwmp.digest import (
    NONCE_LIFE_S,
    Basic,
    Digest,
    Nonces,
    NonceState,
    algorithm_of,
    answer_challenge,
    challenge,
    is_for,
    matching_secret,
    pairs,
    parse_authorization,
    response_of,
)

DEVICE = Digest("00A0C5-Router-SN123", "acs.example", "n0nce", "/acs", "cf62ac283d0bb1561caf88b0717bba2b", "auth", "00000001", "cn0nce")
NOW = 1_700_000_000.0


def header(**changed: str) -> str:
    given = {
        "username": DEVICE.username, "realm": DEVICE.realm, "nonce": DEVICE.nonce, "uri": DEVICE.uri, "response": DEVICE.response,
        "cnonce": DEVICE.cnonce, **changed,
    }  # fmt: skip
    return "Digest " + ", ".join(f'{name}="{text}"' for name, text in given.items()) + ", qop=auth, nc=00000001"


# ---- what a CPE sends ------------------------------------------------------------------------------------------


@pytest.mark.cwmp("L-20", "A-92")
def test_the_digest_of_a_device_is_that_of_the_vector():
    assert response_of(DEVICE, "password", "POST") != DEVICE.response
    assert response_of(DEVICE, "pw", "POST") == "cf62ac283d0bb1561caf88b0717bba2b"
    assert matching_secret(DEVICE, "POST", ["old", "pw"]) == "pw"


@pytest.mark.cwmp("L-21", "A-93")
def test_the_basic_login_of_a_device_is_that_of_the_vector():
    credentials = parse_authorization("Basic MDBBMEM1LVJvdXRlci1TTjEyMzpwdw==")
    assert credentials == Basic("00A0C5-Router-SN123", "pw")
    assert matching_secret(credentials, "POST", ["x", "pw"]) == "pw"
    assert matching_secret(credentials, "POST", ["x"]) is None


def test_a_digest_header_is_read_quoted_or_not():
    assert parse_authorization(header()) == DEVICE
    assert parse_authorization("dIgEsT username=u,nonce=n,response=AB") == Digest("u", "", "n", "", "ab")


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_digest_made_for_another_method_does_not_match(method):
    assert matching_secret(DEVICE, method, ["pw"]) is None


@pytest.mark.quirk("K-67")
def test_the_old_form_without_qop_matches():
    old = dataclasses.replace(DEVICE, qop="", nc="", cnonce="")
    old = dataclasses.replace(old, response=response_of(old, "pw", "POST"))
    assert matching_secret(old, "POST", ["pw"]) == "pw"


@pytest.mark.parametrize("algorithm", ["SHA-256", "SHA-256-SESS", "MD5-SESS"])
def test_other_algorithms_match_their_own_digest(algorithm):
    other = dataclasses.replace(DEVICE, algorithm=algorithm)
    other = dataclasses.replace(other, response=response_of(other, "pw", "POST"))
    assert matching_secret(other, "POST", ["pw"]) == "pw"


def test_an_algorithm_nobody_knows_matches_nothing():
    assert matching_secret(dataclasses.replace(DEVICE, algorithm="CRC"), "POST", ["pw"]) is None


@pytest.mark.quirk("K-68")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic é",
        "Basic bm9jb2xvbg==",
        "Basic A",
        "Bearer x",
        "Digest",
        "Digest nonce=x",
        'Digest username="u, nonce=n',
        "\x00",
        "Digest =",
    ],
)
def test_a_broken_authorization_header_is_no_login(text):
    assert parse_authorization(text) is None


@pytest.mark.quirk("K-68")
@pytest.mark.parametrize("changed", [{"response": "é" * 32}, {"response": ""}, {"username": "ü"}, {"nonce": "é" * 48}, {"nonce": ""}])
def test_a_login_outside_ascii_is_refused_and_raises_nothing(changed):
    credentials = parse_authorization(header(**changed))
    assert matching_secret(credentials, "POST", ["pw"]) is None
    assert Nonces(b"key").check(credentials, NOW) is NonceState.FORGED


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["Digest ", "Basic ", "", 'Digest username="u", response="r", nonce=']))
def test_no_header_raises(text, scheme):
    credentials = parse_authorization(scheme + text)
    if credentials is not None:
        matching_secret(credentials, "POST", ["pw"])
    if isinstance(credentials, Digest):
        assert Nonces(b"key").check(credentials, NOW) is NonceState.FORGED


def test_escapes_within_quotes_are_undone():
    assert pairs(r'username="a\"b\\c", x=1') == {"username": r'a"b\c', "x": "1"}


# ---- nonces ----------------------------------------------------------------------------------------------------


def using(nonce: str, nc: str = "00000001", qop: str = "auth") -> Digest:
    return dataclasses.replace(DEVICE, nonce=nonce, nc=nc, qop=qop)


@pytest.mark.cwmp("A-97")
def test_nonces_are_unpredictable_and_of_any_worker_with_the_key():
    ours, theirs = Nonces(b"key"), Nonces(b"key")
    first, second = ours.make(NOW), ours.make(NOW)
    assert first != second
    assert theirs.check(using(first), NOW) is NonceState.GOOD
    assert Nonces(b"another key").check(using(second), NOW) is NonceState.FORGED


@pytest.mark.cwmp("A-97")
@pytest.mark.parametrize(
    ("later", "state"),
    [(0, NonceState.GOOD), (NONCE_LIFE_S, NonceState.GOOD), (NONCE_LIFE_S + 1, NonceState.STALE), (-61, NonceState.STALE)],
)
def test_a_nonce_lives_its_time_and_is_then_stale(later, state):
    nonces = Nonces(b"key")
    assert nonces.check(using(nonces.make(NOW)), NOW + later) is state


@pytest.mark.parametrize(
    "change", [lambda n: "0" + n[1:], lambda n: n[:-1] + ("0" if n[-1] != "0" else "1"), lambda n: n[:24], lambda n: "", lambda n: n + "0"]
)
def test_a_nonce_that_was_altered_is_forged(change):
    nonces = Nonces(b"key")
    assert nonces.check(using(change(nonces.make(NOW))), NOW) is NonceState.FORGED


@pytest.mark.cwmp("A-95", "J-15", "A-97")
@pytest.mark.quirk("R-14")
def test_a_nonce_is_used_again_only_with_a_growing_count():
    nonces = Nonces(b"key")
    nonce = nonces.make(NOW)
    counts = ["00000001", "00000002", "00000002", "00000001", "00000009", "0000000a"]
    G, R = NonceState.GOOD, NonceState.REPLAYED
    assert [nonces.check(using(nonce, nc), NOW) for nc in counts] == [G, G, R, R, G, G]


@pytest.mark.parametrize("nc", ["", "xyz", "0", "-1"])
def test_a_count_that_is_none_is_a_replay(nc):
    nonces = Nonces(b"key")
    assert nonces.check(using(nonces.make(NOW), nc), NOW) is NonceState.REPLAYED


def test_without_qop_there_is_no_count_to_check():
    nonces = Nonces(b"key")
    nonce = nonces.make(NOW)
    assert [nonces.check(using(nonce, "", ""), NOW) for _ in range(2)] == [NonceState.GOOD, NonceState.GOOD]


def test_the_memory_of_counts_is_bounded():
    nonces = Nonces(b"key")
    for _ in range(10_050):
        nonces.check(using(nonces.make(NOW)), NOW)
    assert len(nonces._last_nc) == 10_000


# ---- our challenge ---------------------------------------------------------------------------------------------


def test_our_challenge_offers_digest_before_basic():
    first, second = challenge("acs", "n")
    assert first == 'Digest realm="acs", qop="auth", nonce="n", algorithm=MD5'
    assert second == 'Basic realm="acs"'


@pytest.mark.cwmp("A-97")
def test_a_stale_nonce_is_said_to_be_stale():
    assert challenge("acs", "n", stale=True, basic=False) == ('Digest realm="acs", qop="auth", nonce="n", algorithm=MD5, stale=true',)


@pytest.mark.cwmp("A-97")
def test_without_a_count_a_nonce_is_good_from_one_address_only():
    nonces = Nonces(b"key")
    nonce = nonces.make(NOW)
    assert nonces.check(using(nonce, "", ""), NOW, "192.0.2.1") is NonceState.GOOD
    assert nonces.check(using(nonce, "", ""), NOW, "192.0.2.2") is NonceState.REPLAYED
    assert nonces.check(using(nonce, "", ""), NOW, "192.0.2.1") is NonceState.GOOD


@pytest.mark.cwmp("J-15")
def test_a_nonce_that_was_counted_is_not_good_without_a_count():
    nonces = Nonces(b"key")
    nonce = nonces.make(NOW)
    nonces.check(using(nonce, "00000001"), NOW, "192.0.2.1")
    assert nonces.check(using(nonce, "", ""), NOW, "192.0.2.1") is NonceState.REPLAYED


def test_several_algorithms_are_offered_in_order_with_one_nonce():
    offered = challenge("acs", "n", basic=True, algorithms=("SHA-256", "MD5"))
    assert [pairs(line.partition(" ")[2]).get("algorithm") for line in offered] == ["SHA-256", "MD5", None]
    assert {pairs(line.partition(" ")[2]).get("nonce") for line in offered[:2]} == {"n"}


@pytest.mark.cwmp("A-92")
@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"])
def test_what_one_end_answers_the_other_accepts(algorithm: str):
    (offered,) = challenge("acs", "n", basic=False, algorithms=(algorithm,))
    line = answer_challenge([offered], "user", "pw", "POST", "/acs", "c1")
    credentials = parse_authorization(line or "")
    assert isinstance(credentials, Digest)
    assert matching_secret(credentials, "POST", ["other", "pw"]) == "pw"
    assert algorithm_of(credentials) == algorithm.removesuffix("-sess")


def test_a_client_that_repeats_sha_256_and_computes_md5_is_understood():
    credentials = parse_authorization(header(algorithm="SHA-256"))
    assert credentials is not None
    assert matching_secret(credentials, "POST", ["pw"]) == "pw"
    assert algorithm_of(credentials) == "MD5"


@pytest.mark.cwmp("A-98")
@pytest.mark.quirk("R-14")
@pytest.mark.parametrize(
    ("uri", "target", "others", "holds"),
    [
        ("/acs", "/acs", (), True),
        ("/acs?x=1", "/acs?x=1", (), True),
        ("http://acs.example:7547/acs?x=1", "/acs?x=1", (), True),
        ("http://acs.example", "/", (), True),
        ("/", "http://acs.example:7547/", (), True),
        ("", "/acs", (), True),
        ("/acs", "/", (), False),
        ("/acs", "/", ("/acs",), True),
        ("http://proxy/acs", "/", ("/acs",), True),
        ("/other", "/", ("/acs",), False),
        ("/acs?x=1", "/acs?x=2", (), False),
    ],
)
def test_a_digest_is_for_the_target_of_its_request(uri: str, target: str, others: tuple[str, ...], holds: bool):
    assert is_for(uri, target, others) is holds


# ---- the challenge of a CPE ------------------------------------------------------------------------------------

CALL = {"username": "acs-user", "secret": "s3cr3t", "method": "GET", "uri": "/cr/9d1f", "cnonce": "a1b2c3d4"}


@pytest.mark.cwmp("L-70", "F-5")
@pytest.mark.quirk("K-67")
@pytest.mark.parametrize(
    ("offer", "response"),
    [
        ('qop="auth", algorithm=MD5', "b39e3787e7ac797276d25b167ac8f420"),
        ('qop="auth,auth-int"', "b39e3787e7ac797276d25b167ac8f420"),
        ('qop="auth", opaque="xyz"', "b39e3787e7ac797276d25b167ac8f420"),
        ('qop="auth", algorithm="MD5-sess"', "5c2f8175ede1854871656e188efb3e3b"),
        ("stale=false", "d489e4d4d0ef546ba8030f8032b4ed43"),
        ("algorithm=MD5", "d489e4d4d0ef546ba8030f8032b4ed43"),
    ],
)
def test_a_challenge_is_answered_as_in_the_vectors(offer, response):
    line = answer_challenge([f'Digest realm="cwmp-cpe", nonce="5f9a1c0e", {offer}'], **CALL)
    given = pairs(line.partition(" ")[2])
    assert given["response"] == response
    assert ("nc" in given) == ("qop" in offer)
    assert ("opaque" in given) == ("opaque" in offer)
    assert ("algorithm" in given) == ("algorithm" in offer)


@pytest.mark.quirk("K-67")
@pytest.mark.parametrize(
    "headers",
    [
        ['Basic realm="x"', 'Digest realm="cwmp-cpe", nonce="5f9a1c0e", qop="auth"'],
        ['Basic realm="x", Digest realm="cwmp-cpe", nonce="5f9a1c0e", qop="auth"'],
        ['Digest realm="x", nonce="1", algorithm=SHA-512', 'Digest realm="cwmp-cpe", nonce="5f9a1c0e", qop="auth"'],
        ['Digest realm="x", nonce="1", qop="auth-int"', 'Digest realm="cwmp-cpe", nonce="5f9a1c0e", qop="auth"'],
        ["Digest", 'Digest realm="cwmp-cpe", nonce="5f9a1c0e", qop="auth"'],
    ],
)
def test_of_several_challenges_the_digest_we_can_answer_is_taken(headers):
    assert 'response="b39e3787e7ac797276d25b167ac8f420"' in answer_challenge(headers, **CALL, allow_basic=True)


@pytest.mark.quirk("K-67")
def test_a_stale_nonce_is_answered_with_the_new_one():
    answers = [answer_challenge([f'Digest realm="r", nonce="{nonce}", qop="auth", stale=true'], **CALL) for nonce in ("a", "b")]
    assert [pairs(line)["nonce"] for line in answers] == ["a", "b"]


@pytest.mark.cwmp("F-5")
@pytest.mark.quirk("K-68")
def test_basic_is_answered_only_where_it_is_allowed():
    assert answer_challenge(['Basic realm="x"'], **CALL) is None
    assert answer_challenge(['Basic realm="x"'], **CALL, allow_basic=True) == "Basic YWNzLXVzZXI6czNjcjN0"


@pytest.mark.parametrize("headers", [[], [""], ["Negotiate"], ["Digest realm=x"]])
def test_what_cannot_be_answered_is_not(headers):
    assert answer_challenge(headers, **CALL, allow_basic=True) is None


def test_what_we_answer_is_read_by_our_own_end():
    call = {**CALL, "username": 'a"b\\c'}
    credentials = parse_authorization(answer_challenge(['Digest realm="r", nonce="n", qop="auth"'], **call))
    assert credentials.username == 'a"b\\c'
    assert matching_secret(credentials, "GET", ["s3cr3t"]) == "s3cr3t"


@pytest.mark.cwmp("J-5", "J-6")
@pytest.mark.parametrize("word", ["a", "a-", "a=", 'a="', 'a="\\', "a ", ", ,"])
def test_header_made_to_be_searched_for_ever_is_not(word: str):
    began = time.process_time()
    parse_authorization("Digest " + word * (16_000 // len(word)))
    assert time.process_time() - began < 0.5  # one long word took 1.3 s


def test_name_that_no_database_keeps_is_no_login():
    assert parse_authorization("Basic " + base64.b64encode(b"a\0b:secret").decode()) is None

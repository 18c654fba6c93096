"""Who may inform: every mode, both schemes, secrets that change, nonces used again, and who guesses."""

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from acs.access.views import Reason
from acs.cwmp.digest import Nonces, answer_challenge, pairs
from acs.server.auth import Account, Challenge, CpeAuthenticator, Login, Rules, Slowed
from tests.acs.server.kit import digest_line, sample

NOW = 1_700_000_000.0
PEER = "192.0.2.10"


class Accounts:
    """What the store knows, and how often it was asked."""

    def __init__(self, **known: Account) -> None:
        self.known = known
        self.asked: list[str] = []

    async def __call__(self, username: str) -> Account | None:
        self.asked.append(username)
        return self.known.get(username)


@pytest.fixture
def accounts() -> Accounts:
    return Accounts(ann=Account("key-of-ann", "own", ""), bob=Account("key-of-bob", "old", "new"))


@pytest.fixture
def make(accounts: Accounts) -> Callable[..., CpeAuthenticator]:
    return lambda mode="device", onboarding="enrol", **given: CpeAuthenticator(mode, onboarding, Nonces(b"k" * 32), accounts, **given)


@pytest.fixture
def auth(make: Callable[..., CpeAuthenticator]) -> CpeAuthenticator:
    return make()


def check(auth: CpeAuthenticator, line: str, now: float = NOW, peer: str = PEER, target: str = "/", is_secret: bool = True) -> Any:
    """Over TLS, unless a test says otherwise."""
    found: list[Any] = []
    Deferred.fromCoroutine(auth.check(line, "POST", peer, now, target, is_secret)).addBoth(found.append)
    return found[0]


def challenge(auth: CpeAuthenticator, now: float = NOW) -> str:
    answer = check(auth, "", now)
    assert isinstance(answer, Challenge)
    return answer.headers[0]


def log_in(auth: CpeAuthenticator, user: str, secret: str, now: float = NOW, is_secret: bool = True, **given: Any) -> Any:
    return check(auth, digest_line(challenge(auth, now), user, secret, **given), now, is_secret=is_secret)


def basic(user: str, secret: str) -> str:
    from base64 import b64encode

    return "Basic " + b64encode(f"{user}:{secret}".encode()).decode()


@pytest.mark.cwmp("A-92", "A-94")
def test_without_credentials_both_schemes_are_offered_the_strongest_first(auth: CpeAuthenticator):
    headers = check(auth, "").headers
    assert [(h.split()[0], pairs(h.partition(" ")[2]).get("algorithm")) for h in headers] == [
        ("Digest", "SHA-256"),
        ("Digest", "MD5"),
        ("Basic", None),
    ]


@pytest.mark.cwmp("A-91", "J-1")
def test_in_clear_basic_is_neither_offered_nor_taken(auth: CpeAuthenticator, accounts: Accounts):
    assert {h.split()[0] for h in check(auth, "", is_secret=False).headers} == {"Digest"}
    answer = check(auth, basic("ann", "own"), is_secret=False)
    assert (answer.why, accounts.asked) == (Reason.BASIC_PLAIN, [])
    assert log_in(auth, "ann", "own", is_secret=False).kind == "own"


@pytest.mark.cwmp("A-91")
def test_in_clear_basic_is_taken_where_a_setting_says_so(make: Callable[..., CpeAuthenticator]):
    auth = make(rules=Rules(basic_in_clear=True))
    assert [h.split()[0] for h in check(auth, "", is_secret=False).headers] == ["Digest", "Digest", "Basic"]
    assert check(auth, basic("ann", "own"), is_secret=False) == Login("own", "key-of-ann")


@pytest.mark.cwmp("A-92", "J-21")
@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"])
def test_every_hash_that_is_offered_holds_and_no_other(make: Callable[..., CpeAuthenticator], algorithm: str):
    auth = make()
    line = answer_challenge([challenge(auth).replace("SHA-256", algorithm)], "ann", "own", "POST", "/", "c1")
    assert check(auth, line or "") == Login("own", "key-of-ann")
    modern = make(rules=Rules(algorithms=("SHA-256",)))
    line = answer_challenge([challenge(modern).replace("SHA-256", algorithm)], "ann", "own", "POST", "/", "c1")
    assert isinstance(check(modern, line or ""), Login) is algorithm.startswith("SHA-256")


@pytest.mark.cwmp("A-98")
@pytest.mark.parametrize(
    ("uri", "target", "holds"),
    [("/acs", "/acs", True), ("http://acs.example/acs", "/acs", True), ("", "/acs", True), ("/other", "/acs", False)],
)
def test_digest_holds_for_the_target_it_was_made_for(auth: CpeAuthenticator, uri: str, target: str, holds: bool):
    answer = check(auth, digest_line(challenge(auth), "ann", "own", uri=uri), target=target)
    assert isinstance(answer, Login) is holds
    assert holds or answer.why is Reason.DIGEST_URI


@pytest.mark.cwmp("A-98")
def test_path_of_a_proxy_holds_by_setting(make: Callable[..., CpeAuthenticator]):
    auth = make(rules=Rules(paths=("/tr069/acs",)))
    assert check(auth, digest_line(challenge(auth), "ann", "own", uri="/tr069/acs"), target="/").kind == "own"
    assert isinstance(check(auth, digest_line(challenge(auth), "ann", "own", uri="/elsewhere"), target="/"), Challenge)


@pytest.mark.cwmp("A-92")
@pytest.mark.parametrize("qop", [True, False])
def test_digest_with_the_own_secret_holds(auth: CpeAuthenticator, qop: bool):
    assert log_in(auth, "ann", "own", qop=qop) == Login("own", "key-of-ann")


@pytest.mark.cwmp("A-93")
@pytest.mark.quirk("R-15")
def test_basic_sent_unasked_holds(auth: CpeAuthenticator):
    assert check(auth, basic("ann", "own")) == Login("own", "key-of-ann")


@pytest.mark.parametrize("line", ["Basic !!!", "Basic", "Bearer xyz", 'Digest username="ann"', "nonsense", "Basic YW5u", "\xff\xfe"])
def test_broken_or_foreign_credentials_are_challenged(auth: CpeAuthenticator, line: str):
    assert isinstance(check(auth, line), Challenge)


@pytest.mark.cwmp("A-107")
def test_wrong_secret_and_unknown_device_get_the_same_answer(auth: CpeAuthenticator):
    def shape(answer: Any) -> list[str]:
        nonce = answer.headers[0].split('nonce="')[1].split('"')[0]
        return [header.replace(nonce, "N") for header in answer.headers]

    assert shape(check(auth, basic("ann", "wrong"))) == shape(check(auth, basic("nobody", "wrong")))


def test_old_and_new_secret_both_count_while_they_change(auth: CpeAuthenticator):
    assert log_in(auth, "bob", "old") == Login("own", "key-of-bob")
    assert log_in(auth, "bob", "new") == Login("next", "key-of-bob")


def test_old_secret_is_refused_as_soon_as_the_new_one_was_used(auth: CpeAuthenticator, accounts: Accounts):
    assert log_in(auth, "bob", "new").kind == "next"
    accounts.known["bob"] = Account("key-of-bob", "new", "")  # what the Inform's commit makes of it
    assert isinstance(log_in(auth, "bob", "old"), Challenge)
    assert log_in(auth, "bob", "new").kind == "own"


@pytest.mark.cwmp("J-7")
def test_onboarding_secret_enrols_whatever_the_name(auth: CpeAuthenticator):
    assert log_in(auth, "anything", "enrol") == Login("onboarding", "")
    assert check(auth, basic("", "enrol")) == Login("onboarding", "")


def test_onboarding_under_a_known_name_is_bound_to_that_device(auth: CpeAuthenticator):
    assert log_in(auth, "ann", "enrol") == Login("onboarding", "key-of-ann")


def test_without_an_onboarding_secret_an_empty_one_enrols_nobody(make: Callable[..., CpeAuthenticator]):
    auth = make(onboarding="")
    assert isinstance(check(auth, basic("anything", "")), Challenge)
    assert isinstance(log_in(auth, "anything", ""), Challenge)


def test_account_without_a_secret_lets_nobody_in_by_an_empty_one(auth: CpeAuthenticator, accounts: Accounts):
    accounts.known["new"] = Account("key", "", "")
    assert isinstance(check(auth, basic("new", "")), Challenge)


def test_shared_secret_is_everybodys_and_looks_nobody_up(make: Callable[..., CpeAuthenticator], accounts: Accounts):
    auth = make("shared", "one-for-all")
    assert log_in(auth, "ann", "one-for-all") == Login("shared", "")
    assert isinstance(log_in(auth, "ann", "own"), Challenge)
    assert accounts.asked == []


@pytest.mark.cwmp("A-90")
def test_none_asks_for_nothing(make: Callable[..., CpeAuthenticator]):
    assert check(make("none"), "") == Login("none", "")


# ---- nonces ----------------------------------------------------------------------------------------------------


@pytest.mark.quirk("R-14")
@pytest.mark.cwmp("A-95", "A-97")
def test_nonce_is_good_again_with_a_growing_nc_only(auth: CpeAuthenticator):
    given = challenge(auth)
    assert [check(auth, digest_line(given, "ann", "own", nc=nc)).kind for nc in (1, 2, 7)] == ["own"] * 3
    for nc in (7, 2):
        assert "stale=true" in check(auth, digest_line(given, "ann", "own", nc=nc)).headers[0]


def test_old_nonce_is_stale_and_a_new_one_is_given(auth: CpeAuthenticator):
    given = challenge(auth)
    answer = check(auth, digest_line(given, "ann", "own"), NOW + 400)
    assert "stale=true" in answer.headers[0]
    assert check(auth, digest_line(answer.headers[0], "ann", "own"), NOW + 401).kind == "own"


def test_nonce_of_another_worker_of_the_house_is_good(make: Callable[..., CpeAuthenticator]):
    assert check(make(), digest_line(challenge(make()), "ann", "own")).kind == "own"


def test_invented_nonce_is_challenged_and_counted(auth: CpeAuthenticator):
    before = sample("hearthline_cpe_login_total", result="forged")
    line = digest_line('Digest realm="hearthline", nonce="0123456789abcdef0123456789abcdef0123456789abcdef"', "ann", "own")
    assert isinstance(check(auth, line), Challenge)
    assert sample("hearthline_cpe_login_total", result="forged") == before + 1


@pytest.mark.parametrize("nonce", ["", "é", "x", "g" * 48, "0" * 24])
def test_senseless_nonce_is_challenged(auth: CpeAuthenticator, nonce: str):
    line = digest_line(f'Digest realm="hearthline", nonce="{nonce}"', "ann", "own")
    assert isinstance(check(auth, line), Challenge)


# ---- what is remembered ----------------------------------------------------------------------------------------


def test_account_is_remembered_for_ten_seconds(auth: CpeAuthenticator, accounts: Accounts):
    for seconds in (0, 5, 9):
        check(auth, basic("ann", "own"), NOW + seconds)
    assert accounts.asked == ["ann"]
    check(auth, basic("ann", "own"), NOW + 11)
    assert accounts.asked == ["ann", "ann"]


def test_secret_that_changed_meanwhile_is_looked_up_again(auth: CpeAuthenticator, accounts: Accounts):
    check(auth, basic("ann", "own"))
    accounts.known["ann"] = Account("key-of-ann", "changed", "")
    assert check(auth, basic("ann", "changed"), NOW + 1).kind == "own"


def test_account_that_was_unknown_a_moment_ago_is_looked_up_again(auth: CpeAuthenticator, accounts: Accounts):
    assert isinstance(check(auth, basic("eve", "hers")), Challenge)
    accounts.known["eve"] = Account("key-of-eve", "hers", "")
    assert check(auth, basic("eve", "hers"), NOW + 1) == Login("own", "key-of-eve")


# ---- who guesses -----------------------------------------------------------------------------------------------


@pytest.mark.cwmp("A-107")
def test_who_guesses_is_not_even_looked_at_for_a_while(auth: CpeAuthenticator, accounts: Accounts):
    for n in range(30):
        assert check(auth, basic(f"guess{n}", "guess")).why is Reason.LOGIN
    asked = len(accounts.asked)
    before = sample("hearthline_cpe_login_total", result="slowed")
    slowed = check(auth, basic("ann", "own"))
    assert isinstance(slowed, Slowed)
    assert 0 < slowed.wait_s <= 2
    assert len(accounts.asked) == asked
    assert sample("hearthline_cpe_login_total", result="slowed") == before + 1
    assert check(auth, basic("ann", "own"), peer="192.0.2.11").kind == "own"
    assert check(auth, basic("ann", "own"), NOW + 61).kind == "own"


@pytest.mark.cwmp("A-107")
@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_account_that_is_guessed_at_from_everywhere_is_slowed_known_or_not(auth: CpeAuthenticator, name: str):
    for n in range(30):
        check(auth, basic(name, "guess"), peer=f"198.51.100.{n}")
    assert isinstance(check(auth, basic(name, "own"), peer="198.51.100.200"), Slowed)
    assert check(auth, basic("bob", "new"), peer="198.51.100.200").kind == "next"


@pytest.mark.cwmp("A-107")
def test_guesses_of_others_do_not_lock_a_device_out_of_its_own_home(auth: CpeAuthenticator):
    check(auth, basic("ann", "own"))
    for n in range(30):
        check(auth, basic("ann", "guess"), peer=f"198.51.100.{n}")
    assert check(auth, basic("ann", "own")).kind == "own"


def test_good_logins_are_never_slowed(auth: CpeAuthenticator):
    assert {check(auth, basic("ann", "own")).kind for _ in range(100)} == {"own"}


def test_device_that_never_answers_a_challenge_is_told_of(auth: CpeAuthenticator):
    told = [check(auth, "").why for _ in range(7)]
    assert told == [None] * 5 + [Reason.NO_LOGIN, None]
    check(auth, basic("ann", "own"), peer="192.0.2.50")
    assert [check(auth, "", peer="192.0.2.50").why for _ in range(5)] == [None] * 5

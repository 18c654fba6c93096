"""The STUN server with datagrams handed to it: answers, logins, and that it neither amplifies nor reflects."""

from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from acs.cwmp import stun
from acs.cwmp.stun import Message, decode, encode, is_signed_with
from acs.server.stun import StunServer

DEVICE = ("203.0.113.9", 40123)
CALLS = (stun.CONNECTION_REQUEST_BINDING, stun.CONNECTION_REQUEST_VALUE)
NAME = (stun.USERNAME, b"cpe1")
ID = bytes(range(16))
SECRET = "s3cr3t"


class Wire:
    def __init__(self, host: str = "192.0.2.1") -> None:
        self.host, self.sent = host, list[tuple[bytes, Any]]()

    def write(self, datagram: bytes, addr: Any) -> None:
        self.sent.append((datagram, addr))

    def getHost(self) -> IPv4Address:
        return IPv4Address("UDP", self.host, 3478)


class Bench:
    def __init__(self, clock: Clock, rate: float = 200.0, host: str = "192.0.2.1") -> None:
        self.wire, self.looked_up, self.clock = Wire(host), list[str](), clock
        self.slow: Deferred[str | None] | None = None

        async def secret_of(username: str) -> str | None:
            self.looked_up.append(username)
            if self.slow is not None:
                return await self.slow
            return SECRET if username == "cpe1" else None

        self.server = StunServer(clock, secret_of, rate)
        self.server.transport = self.wire  # type: ignore[assignment]

    def hears(
        self, *attributes: tuple[int, bytes], secret: str | None = None, source: tuple[str, int] = DEVICE, transaction: bytes = ID
    ) -> Any:
        """The answer to one request, or None."""
        self.wire.sent.clear()
        self.server.datagramReceived(encode(Message(stun.BINDING_REQUEST, transaction, attributes), secret), source)
        return decode(self.wire.sent[0][0]) if self.wire.sent else None


@pytest.fixture
def bench(clock: Clock) -> Bench:
    return Bench(clock)


@pytest.mark.cwmp("F-35", "L-74")
def test_device_is_told_how_it_is_seen(bench: Bench):
    answer = bench.hears(CALLS, (stun.BINDING_CHANGE, b""))
    assert (answer.kind, answer.transaction, answer.mapped) == (stun.BINDING_RESPONSE, ID, DEVICE)
    assert bench.wire.sent[0][1] == DEVICE
    assert bench.server.age_of(DEVICE) == 0


def test_client_of_rfc_5389_gets_the_masked_address_too(bench: Bench):
    answer = bench.hears(CALLS, transaction=stun.MAGIC + bytes(12))
    assert (answer.get(stun.XOR_MAPPED_ADDRESS) is not None, answer.mapped) == (True, DEVICE)


@pytest.mark.cwmp("F-32", "F-36")
def test_device_with_a_login_must_prove_it_before_its_binding_counts(bench: Bench):
    assert bench.hears(CALLS, NAME).error == 401
    assert bench.server.binding_of("cpe1") is None
    assert bench.hears(CALLS, NAME, secret="wrong").error == 431
    answer = bench.hears(CALLS, NAME, secret=SECRET)
    assert (answer.mapped, is_signed_with(answer, SECRET)) == (DEVICE, True)
    assert bench.server.binding_of("cpe1") == DEVICE
    assert {name: one.address for name, one in bench.server.take_fresh().items()} == {"cpe1": DEVICE}


def test_username_padded_as_classic_clients_pad_it_is_the_same_login(bench: Bench):
    assert bench.hears(CALLS, (stun.USERNAME, b"cpe1    "), secret=SECRET).kind == stun.BINDING_RESPONSE


def test_stranger_is_answered_and_not_believed(bench: Bench):
    assert bench.hears(CALLS, (stun.USERNAME, b"somebody")).mapped == DEVICE
    assert bench.server.bindings == {}
    bench.hears(CALLS, (stun.USERNAME, b"somebody"))
    assert bench.looked_up == ["somebody"]  # that there is none is remembered for a while


@pytest.mark.parametrize("name", [b"some\0body", b"x" * 33])
def test_name_that_cannot_be_one_of_ours_is_not_looked_up_nor_remembered(bench: Bench, name: bytes):
    """PostgreSQL takes no NUL, and fifty thousand names of a datagram's length are many megabytes."""
    assert bench.hears(CALLS, (stun.USERNAME, name)).mapped == DEVICE
    assert bench.looked_up == []


def test_binding_is_stored_when_it_changes_and_every_few_minutes(bench: Bench, clock: Clock):
    for _ in range(20):
        bench.hears(CALLS, NAME, secret=SECRET)
        clock.advance(25)
    assert len(bench.server.take_fresh()) == 1
    bench.hears(CALLS, NAME, secret=SECRET)
    assert bench.server.take_fresh() == {}
    bench.hears(CALLS, NAME, secret=SECRET, source=("203.0.113.9", 5))
    assert [one.address for one in bench.server.take_fresh().values()] == [("203.0.113.9", 5)]
    clock.advance(1000)
    assert bench.server.binding_of("cpe1") is None


def test_second_port_of_a_device_does_not_move_its_binding(bench: Bench):
    """The search for the NAT's timeout asks from another port for an answer to the first one (F-34)."""
    bench.hears(CALLS, NAME, secret=SECRET)
    answer = bench.hears(stun.address_attribute(stun.RESPONSE_ADDRESS, DEVICE), NAME, secret=SECRET, source=("203.0.113.9", 50999))
    assert (answer.kind, bench.wire.sent[0][1]) == (stun.BINDING_RESPONSE, DEVICE)
    assert bench.server.binding_of("cpe1") == DEVICE


@pytest.mark.cwmp("J-9")
def test_answer_to_another_host_is_never_sent(bench: Bench):
    assert bench.hears(CALLS, stun.address_attribute(stun.RESPONSE_ADDRESS, ("198.51.100.7", 53))) is None
    assert bench.hears(CALLS, stun.address_attribute(stun.RESPONSE_ADDRESS, ("203.0.113.9", 0))) is None


@pytest.mark.parametrize("magic", [False, True])
@pytest.mark.parametrize(
    "attributes",
    [(), (CALLS,), (CALLS, (stun.BINDING_CHANGE, b"")), (CALLS, NAME), ((stun.CHANGE_REQUEST, b"\0\0\0\6"),), ((0x0030, b"what"),) * 20],
    ids=["bare", "calls", "change", "name", "change port", "unknown"],
)
def test_answer_is_at_most_an_address_longer_than_the_question_and_one(bench: Bench, attributes: Any, magic: bool):
    request = encode(Message(stun.BINDING_REQUEST, stun.MAGIC + bytes(12) if magic else ID, attributes))
    bench.server.datagramReceived(request, DEVICE)
    assert len(bench.wire.sent) == 1
    assert len(bench.wire.sent[0][0]) <= max(len(request), 20 + 12) + 8


def test_change_of_address_is_refused_with_a_word(bench: Bench):
    answer = bench.hears((stun.CHANGE_REQUEST, b"\0\0\0\2"))
    assert (answer.kind, answer.error) == (stun.BINDING_ERROR, 420)
    assert answer.get(stun.UNKNOWN_ATTRIBUTES)[:2] == b"\0\3"
    assert bench.hears((stun.CHANGE_REQUEST, b"\0\0\0\0")).mapped == DEVICE


@pytest.mark.parametrize(
    "datagram", [b"", b"GET / HTTP/1.1\r\n\r\n", bytes(30), encode(Message(stun.BINDING_RESPONSE, ID)), encode(Message(0x0003, ID))]
)
def test_what_is_not_a_binding_request_gets_no_answer(bench: Bench, datagram: bytes):
    bench.server.datagramReceived(datagram, DEVICE)
    assert bench.wire.sent == []


def test_flood_of_one_source_is_cut_and_others_are_served(clock: Clock):
    bench = Bench(clock, rate=5)
    answers = [bench.hears(CALLS) for _ in range(30)]
    assert sum(answer is not None for answer in answers) == 10
    assert bench.hears(CALLS, source=("203.0.113.10", 1)) is not None
    clock.advance(1)
    assert sum(bench.hears(CALLS) is not None for _ in range(30)) == 5


@pytest.mark.cwmp("F-36")
def test_login_that_is_nobodys_any_more_does_not_count_from_then_on(bench: Bench):
    bench.hears(CALLS, NAME, secret=SECRET)
    bench.server.revoke("cpe1")
    assert (bench.server.binding_of("cpe1"), bench.server.take_fresh()) == (None, {})
    bench.hears(CALLS, NAME, secret=SECRET)
    assert bench.looked_up == ["cpe1", "cpe1"], "its secret is not believed from memory"


def test_look_ups_under_way_are_bounded(bench: Bench):
    bench.slow = Deferred()
    for number in range(300):
        bench.hears(CALLS, (stun.USERNAME, f"u{number:03}x".encode()))
    assert len(bench.looked_up) == 100
    bench.slow.callback(None)


def test_server_on_all_addresses_does_not_tell_one_that_leads_nowhere(clock: Clock):
    answer = Bench(clock, host="0.0.0.0").hears(CALLS, (stun.BINDING_CHANGE, b""), (stun.USERNAME, b"somebody-with-a-long-name"))
    assert answer.get(stun.SOURCE_ADDRESS) is None
    assert Bench(clock).hears(CALLS).get(stun.SOURCE_ADDRESS) is not None

"""The port for connection requests: challenges of many kinds, good and bad logins, scripted answers."""

import pytest
import pytest_twisted

from acs.cwmp.digest import answer_challenge
from simulators.conformance.calls import CallPort
from simulators.http import HttpClient
from tests.simulators.conformance.kit import reactor, settle

LOGIN = ("acs", "s3cr3t")


async def called(port, password="s3cr3t", allow_basic=False):
    """Statuses of a call with its login round."""
    client, statuses, line = HttpClient(reactor), [], None
    for _ in range(3):
        got = await client.request("GET", port.url, [("Authorization", line)] if line else [])
        statuses.append(got.status)
        if got.status != 401:
            break
        line = answer_challenge(got.all("www-authenticate"), LOGIN[0], password, "GET", port.path, "c", allow_basic=allow_basic)
        if line is None:
            break
    client.close()
    return statuses


@pytest.fixture
def port(request):
    made = CallPort(reactor, "127.0.0.1", LOGIN, lambda *_: None, **getattr(request, "param", {}))
    yield made
    made.close()


@pytest_twisted.ensureDeferred
async def test_a_good_login_counts_and_a_bad_one_does_not(port):
    assert await called(port, "wrong") == [401, 401, 401]
    assert not await port.called(0.05)
    assert await called(port) == [401, 200]
    assert await port.called(1)
    assert len(port.calls) == 5
    assert len(port.good) == 1
    await settle()


@pytest.mark.parametrize(
    ("port", "statuses"),
    [
        ({"challenges": ()}, [200]),
        ({"challenges": ('Digest realm="x", nonce="{nonce}"',)}, [401, 200]),
        ({"challenges": ('Basic realm="x"',)}, [401, 200]),
        ({"stale_first": True}, [401, 401, 200]),
        ({"hang_up": True}, [401, 200]),
        ({"answers": [503]}, [503]),
    ],
    indirect=["port"],
)
@pytest_twisted.ensureDeferred
async def test_manners_are_as_they_were_given(port, statuses):
    assert await called(port, allow_basic=True) == statuses
    await settle()

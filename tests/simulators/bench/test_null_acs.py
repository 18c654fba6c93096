from types import SimpleNamespace

from acs.cwmp.codec import decode
from acs.cwmp.messages import InformResponse
from simulators.bench.cpe import Cpe
from simulators.bench.null_acs import Null
from simulators.bench.tree import build


def said(*parts):
    written = []
    null = Null()
    null.connection_made(SimpleNamespace(write=written.append))
    for part in parts:
        null.data_received(part)
    return b"".join(written)


def test_inform_is_acknowledged_under_its_id_also_when_it_comes_in_pieces():
    body = Cpe(build(100), 1).inform(["2 PERIODIC"], "id-7", "2026-01-01T00:00:00Z")
    head = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body)
    answer = decode(said(head + body[:100], body[100:]).partition(b"\r\n\r\n")[2])
    assert (answer.id, type(answer.message)) == ("id-7", InformResponse)


def test_empty_post_ends_the_session():
    assert said(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n").startswith(b"HTTP/1.1 204")

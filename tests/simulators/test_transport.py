"""CWMP's use of HTTP: headers, cookies, login, redirects."""

from __future__ import annotations

import gzip
import zlib

import pytest
from twisted.internet.defer import ensureDeferred

from acs.cwmp.digest import parse_authorization, response_of
from simulators.http import ConnectFailed, ExchangeFailed, Response
from simulators.quirks import quirks_of
from simulators.session import SessionFailed
from simulators.transport import AcsConnection, Authorizer

URL = "http://acs.example/acs?x=1"
OK = Response(204, (), b"")


class Wire:
    """Answers in turn; keeps what was asked."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []
        self.closed = 0

    async def request(self, method, url, headers, body=b"", **more):
        self.asked.append((method, url, dict(headers), body, more))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.closed += 1


def connection(wire, quirks=(), url=URL):
    return AcsConnection(wire, url, Authorizer("ada", "pw"), quirks_of(quirks), {})


def post(link, body):
    """The body of the answer, or the failure raised."""
    got = []
    ensureDeferred(link.post(body)).addBoth(got.append)
    if hasattr(got[0], "raiseException"):
        got[0].raiseException()
    return got[0]


def challenge(nonce="n1", more=""):
    return Response(401, (("www-authenticate", f'Digest realm="acs", nonce="{nonce}", qop="auth"{more}'),), b"")


@pytest.mark.cwmp("A-3", "A-4", "A-5")
def test_envelope_has_type_and_soapaction_an_empty_post_neither():
    wire = Wire(OK, OK)
    link = connection(wire)
    post(link, b"<x/>")
    post(link, b"")
    assert wire.asked[0][2]["Content-Type"] == "text/xml; charset=utf-8"
    assert wire.asked[0][2]["SOAPAction"] == ""
    assert "Content-Type" not in wire.asked[1][2]
    assert "SOAPAction" not in wire.asked[1][2]


@pytest.mark.cwmp("A-24", "L-11")
def test_every_cookie_is_returned():
    cookies = (("set-cookie", "a=1; Path=/; HttpOnly"), ("set-cookie", 'b="x y"; Secure'))
    wire = Wire(Response(200, cookies, b"<x/>"), Response(200, (("set-cookie", "a=2"),), b""), OK)
    link = connection(wire)
    for _ in range(3):
        post(link, b"")
    assert [asked[2].get("Cookie") for asked in wire.asked] == [None, 'a=1; b="x y"', 'a=2; b="x y"']


@pytest.mark.quirk("K-5")
def test_device_without_cookies():
    wire = Wire(Response(200, (("set-cookie", "a=1"),), b""), OK)
    link = connection(wire, ("no-cookie",))
    post(link, b"")
    post(link, b"")
    assert "Cookie" not in wire.asked[1][2]


@pytest.mark.quirk("K-7", "K-8", "K-10", "K-12", "K-13", "K-14")
def test_other_quirks_show_on_the_wire():
    wire = Wire(OK)
    post(connection(wire, ("new-connection", "http10", "expect-continue", "no-soapaction", "chunked", "slow-line")), b"<x/>")
    _, _, headers, _, more = wire.asked[0]
    assert headers["Connection"] == "close"
    assert (more["http10"], more["expect"], more["chunked"], more["trickle"]) == (True, True, True, 536)
    assert "SOAPAction" not in headers
    assert wire.closed == 1


@pytest.mark.quirk("K-11")
@pytest.mark.parametrize(
    ("name", "said"), [("odd-content-type", "text/html"), ("no-content-type", None), ("soap12-content-type", "application/soap+xml")]
)
def test_content_types(name, said):
    wire = Wire(OK)
    post(connection(wire, (name,)), b"<x/>")
    assert wire.asked[0][2].get("Content-Type") == said


@pytest.mark.quirk("K-8")
def test_close_in_the_middle():
    wire = Wire(OK, OK, OK)
    link = connection(wire, ("closes-in-the-middle",))
    for _ in range(3):
        post(link, b"<x/>")
    assert [asked[2].get("Connection") for asked in wire.asked] == [None, "close", None]
    assert wire.closed == 1


@pytest.mark.quirk("K-13", "R-13")
@pytest.mark.parametrize(
    ("name", "coding", "on_empty"),
    [
        ("gzip", "gzip", None),
        ("deflate", "deflate", None),
        ("gzip-also-empty", "gzip", "gzip"),
        ("deflate-also-empty", "deflate", "deflate"),
    ],
)
def test_compressed_without_having_been_told_to(name, coding, on_empty):
    wire = Wire(OK, OK)
    link = connection(wire, (name,))
    post(link, b"<inform/>")
    post(link, b"")
    unpack = gzip.decompress if coding == "gzip" else zlib.decompress
    assert (wire.asked[0][2]["Content-Encoding"], unpack(wire.asked[0][3])) == (coding, b"<inform/>")
    assert (wire.asked[1][2].get("Content-Encoding"), wire.asked[1][3]) == (on_empty, b"")


@pytest.mark.quirk("K-16")
@pytest.mark.parametrize(("name", "body"), [("newline-post", b"\n"), ("blank-post", b" ")])
def test_empty_posts_that_are_not_empty(name, body):
    wire = Wire(OK)
    post(connection(wire, (name,)), b"")
    assert wire.asked[0][3] == body
    assert "Content-Type" not in wire.asked[0][2]


@pytest.mark.quirk("K-15")
def test_hangs_up_before_the_answer():
    wire = Wire(OK, OK)
    link = AcsConnection(wire, URL, Authorizer("ada", "pw"), quirks_of(()), {}, "", 2)
    post(link, b"<x/>")
    with pytest.raises(SessionFailed, match="before our answer"):
        post(link, b"<y/>")
    assert (wire.asked[1][3], wire.closed) == (b"<y/>", 1)


@pytest.mark.cwmp("A-94", "A-95", "A-92", "L-22")
def test_challenge_is_answered_and_the_nonce_used_again():
    wire = Wire(challenge(), OK, OK)
    link = connection(wire)
    post(link, b"<inform/>")
    post(link, b"")
    assert [asked[3] for asked in wire.asked] == [b"<inform/>", b"<inform/>", b""]
    first, second = (parse_authorization(asked[2]["Authorization"]) for asked in wire.asked[1:])
    assert (first.nonce, first.nc, second.nc, first.uri) == ("n1", "00000001", "00000002", "/acs?x=1")
    assert response_of(second, "pw", "POST") == second.response


@pytest.mark.cwmp("L-20")
def test_digest_vector():
    found = parse_authorization(
        'Digest username="00A0C5-Router-SN123", realm="acs.example", nonce="n0nce", uri="/acs", nc=00000001, cnonce="cn0nce", '
        'qop=auth, response="x"'
    )
    assert response_of(found, "pw", "POST") == "cf62ac283d0bb1561caf88b0717bba2b"


@pytest.mark.cwmp("A-95", "L-23")
def test_challenge_in_the_middle_repeats_that_very_request():
    wire = Wire(challenge("n1"), OK, challenge("n2"), OK)
    link = connection(wire)
    post(link, b"<inform/>")
    post(link, b"<answer/>")
    assert wire.asked[3][3] == b"<answer/>"
    assert parse_authorization(wire.asked[3][2]["Authorization"]).nonce == "n2"


@pytest.mark.cwmp("A-96", "A-97")
def test_second_refusal_is_final_unless_the_nonce_was_stale():
    with pytest.raises(SessionFailed, match="credentials"):
        post(connection(Wire(challenge(), challenge("n2"))), b"x")
    assert post(connection(Wire(challenge(), challenge("n2", ", stale=true"), OK)), b"x") == b""


@pytest.mark.cwmp("A-92", "A-93", "L-21")
def test_basic_where_only_basic_is_offered():
    wire = Wire(Response(401, (("www-authenticate", 'Basic realm="x"'),), b""), OK)
    link = AcsConnection(wire, URL, Authorizer("00A0C5-Router-SN123", "pw"), quirks_of(()), {})
    post(link, b"x")
    assert wire.asked[1][2]["Authorization"] == "Basic MDBBMEM1LVJvdXRlci1TTjEyMzpwdw=="


@pytest.mark.cwmp("A-30", "A-31", "A-32", "A-33", "L-10")
def test_redirects_repeat_the_post_and_end_after_five():
    away = Response(302, (("location", "http://b.example/b"),), b"")
    wire = Wire(away, OK, OK)
    link = connection(wire)
    post(link, b"<inform/>")
    post(link, b"")
    assert [(asked[0], asked[1], asked[3]) for asked in wire.asked] == [
        ("POST", URL, b"<inform/>"), ("POST", "http://b.example/b", b"<inform/>"), ("POST", "http://b.example/b", b""),
    ]  # fmt: skip
    assert post(connection(Wire(*[away] * 5, OK)), b"x") == b""
    with pytest.raises(SessionFailed, match="redirects"):
        post(connection(Wire(*[away] * 6)), b"x")


@pytest.mark.cwmp("A-34")
def test_redirect_from_https_to_http_is_refused():
    with pytest.raises(SessionFailed, match="redirect from https"):
        post(connection(Wire(Response(307, (("location", "http://b.example/"),), b"")), url="https://acs.example/"), b"x")


@pytest.mark.cwmp("A-35", "A-60", "A-22")
@pytest.mark.parametrize(
    "answer",
    [
        Response(301, (("location", "/b"),), b""),
        Response(500, (), b"oops"),
        Response(503, (), b""),
        ConnectFailed("x"),
        ExchangeFailed("y"),
    ],
)
def test_anything_else_fails_the_session(answer):
    with pytest.raises(SessionFailed):
        post(connection(Wire(answer)), b"x")


@pytest.mark.parametrize(
    ("status", "said", "low", "high"),
    [
        (503, "120", 120, 120), (503, "", 0, 0), (503, "soon", 0, 0), (500, "120", 0, 0), (503, "Fri, 01 Jan 1999 00:00:00 GMT", 0, 0),
        (503, "Fri, 01 Jan 2199 00:00:00 GMT", 1e9, 1e10),
    ],
)  # fmt: skip
def test_time_the_acs_wants_us_to_stay_away_is_told(status, said, low, high):
    with pytest.raises(SessionFailed) as failed:
        post(connection(Wire(Response(status, (("retry-after", said),) if said else (), b""))), b"x")
    assert low <= failed.value.retry_after_s <= high


@pytest.mark.cwmp("X-9")
def test_soap_fault_with_status_500_is_read():
    assert post(connection(Wire(Response(500, (), b"<Envelope/>"))), b"x") == b"<Envelope/>"


@pytest.mark.cwmp("A-13")
@pytest.mark.parametrize(("setting", "coding", "unpack"), [("GZIP", "gzip", gzip.decompress), ("Deflate", "deflate", zlib.decompress)])
def test_bodies_are_compressed_as_the_setting_says(setting, coding, unpack):
    wire = Wire(OK, OK)
    link = AcsConnection(wire, URL, Authorizer("ada", "pw"), quirks_of(()), {}, setting)
    post(link, b"<inform/>")
    post(link, b"")
    assert (wire.asked[0][2]["Content-Encoding"], unpack(wire.asked[0][3])) == (coding, b"<inform/>")
    assert "Content-Encoding" not in wire.asked[1][2]
    plain = Wire(OK)
    post(AcsConnection(plain, URL, Authorizer("ada", "pw"), quirks_of(()), {}, "Disabled"), b"<inform/>")
    assert plain.asked[0][3] == b"<inform/>"

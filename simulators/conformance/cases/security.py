"""Secure_CWMP: logins, identities, TLS (conformance A.7, J; quirks R-14, R-15)."""

from __future__ import annotations

import ssl
from typing import Any

from twisted.internet.threads import deferToThread

from acs.cwmp.digest import answer_challenge, pairs
from acs.cwmp.messages import GetRPCMethods
from simulators.conformance.case import case, check, skip
from simulators.conformance.cpe import Said, WireCpe
from simulators.conformance.wire import Place

GROUP = "Secure_CWMP"


async def challenged(cpe: WireCpe) -> Said:
    """The 401 to an Inform without login; the case is skipped if nobody is asked."""
    said = await cpe.post(cpe.envelope(cpe.inform()), login=False)
    if said.status != 401:
        check(said.name == "InformResponse", f"an Inform without login was answered with {said}")
        skip("the ACS asks nobody to log in")
    return said


def digest_of(cpe: WireCpe, said: Said, **changes: str) -> str:
    """The Authorization line for a challenge, by Digest; `changes` to username, password, uri, or nc."""
    header = next((line for line in said.answer.all("www-authenticate") if line.lower().startswith("digest")), "")
    if not header:
        skip("the ACS offers no Digest")
    place = Place.of(cpe.url)
    line = answer_challenge(
        [header], changes.get("username", cpe.model.setting("Username")), changes.get("password", cpe.model.setting("Password")), "POST",
        changes.get("uri", place.target), "c0ffee", int(changes.get("nc", "1")),
    )  # fmt: skip
    assert line is not None
    return line


async def _with(cpe: WireCpe, line: str, body: bytes = b"", **how: Any) -> Said:
    return await cpe.post(body or cpe.envelope(cpe.inform()), {"Authorization": line}, login=False, **how)


@case(GROUP, "A-94", "L-22", title="An Inform without login gets 401 with a challenge, and nothing else")
async def challenge(cpe: WireCpe) -> None:
    """Informs without a login and reads the refusal."""
    said = await challenged(cpe)
    check(said.answer.all("www-authenticate"), "401 without WWW-Authenticate")
    check(not said.name, f"401 carries {said.name}")
    check(said.answer.keeps, "the connection is closed after the challenge: the device must begin anew")


@case(GROUP, "A-91", title="Without TLS Digest is offered, before Basic")
async def digest_without_tls(cpe: WireCpe) -> None:
    """Reads the challenges on a connection without TLS."""
    said = await challenged(cpe)
    if cpe.url.startswith("https"):
        skip("the URL is https")
    schemes = [line.partition(" ")[0].lower() for line in said.answer.all("www-authenticate")]
    check("digest" in schemes, f"without TLS the ACS offers only {', '.join(schemes)}")
    check(schemes[0] == "digest", "Basic is offered before Digest: many clients read the first challenge only")
    cpe.should("basic" not in schemes, "Basic is offered without TLS: the password crosses the network in clear")


@case(GROUP, "A-92", "A-97", title="The Digest challenge has realm, nonce and qop auth")
async def digest_challenge(cpe: WireCpe) -> None:
    """Reads the parts of the challenge."""
    said = await challenged(cpe)
    header = next((line for line in said.answer.all("www-authenticate") if line.lower().startswith("digest")), "")
    if not header:
        skip("the ACS offers no Digest")
    given = pairs(header.partition(" ")[2])
    check({"realm", "nonce"} <= given.keys(), f"the Digest challenge has only {', '.join(given)}")
    cpe.should("auth" in given.get("qop", "").replace(" ", "").split(","), "the Digest challenge offers no qop=auth")
    check(given.get("algorithm", "MD5").upper() in ("MD5", "MD5-SESS", "SHA-256", "SHA-256-SESS"), f"algorithm {given.get('algorithm')}")


@case(GROUP, "A-94", "L-22", "A-92", title="The same Inform with a good Digest login is served")
async def digest_login(cpe: WireCpe) -> None:
    """Repeats the Inform, byte by byte, with the answer to the challenge; RetryCount stays 0."""
    body = cpe.envelope(cpe.inform())
    said = await cpe.post(body, login=False)
    if said.status != 401:
        skip("the ACS asks nobody to log in")
    said = await _with(cpe, digest_of(cpe, said), body)
    check(said.name == "InformResponse", f"a good login was answered with {said}")


@case(GROUP, "A-92", title="Digest without qop, as old devices do it")
async def digest_rfc_2069(cpe: WireCpe) -> None:
    """Answers the challenge in the form of RFC 2069."""
    import hashlib

    said = await challenged(cpe)
    offered = [line for line in said.answer.all("www-authenticate") if line.lower().startswith("digest")]
    header = next((line for line in offered if pairs(line.partition(" ")[2]).get("algorithm", "MD5").upper() == "MD5"), "")
    given = pairs(header.partition(" ")[2])
    if not header or given.get("algorithm", "MD5").upper() != "MD5":
        skip("the ACS offers no Digest with MD5")

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    name, password, target = cpe.model.setting("Username"), cpe.model.setting("Password"), Place.of(cpe.url).target
    realm, nonce = given["realm"], given["nonce"]
    response = md5(f"{md5(f'{name}:{realm}:{password}')}:{nonce}:{md5(f'POST:{target}')}")
    said = await _with(cpe, f'Digest username="{name}", realm="{realm}", nonce="{nonce}", uri="{target}", response="{response}"')
    cpe.should(said.name == "InformResponse", f"Digest without qop was answered with {said}")


@case(GROUP, "A-96", "A-107", title="A wrong password is refused")
async def wrong_password(cpe: WireCpe) -> None:
    """Answers the challenge with a wrong password: 401 again, no InformResponse."""
    said = await _with(cpe, digest_of(cpe, await challenged(cpe), password="wrong"))  # noqa: S106
    check(said.name != "InformResponse", "a wrong password was let in")
    check(said.status in (401, 403), f"a wrong password was answered with {said}")


@case(GROUP, "A-107", "J-7", title="A refusal does not tell whether the device exists")
async def refusal_tells_nothing(cpe: WireCpe) -> None:
    """A known and an unknown username, both with a wrong password, get the same answer."""
    await cpe.informs()
    cpe.begin()
    said = await challenged(cpe)
    known = await _with(cpe, digest_of(cpe, said, password="wrong"))  # noqa: S106
    cpe.begin()
    said = await challenged(cpe)
    unknown = await _with(cpe, digest_of(cpe, said, username="nobody-knows-me", password="wrong"))  # noqa: S106
    check(known.status == unknown.status, f"a known device gets HTTP {known.status}, an unknown one HTTP {unknown.status}")
    check(known.body == unknown.body, "the refusal of a known device reads otherwise than that of an unknown one")


@case(GROUP, "A-97", "J-15", title="Nonces cannot be guessed and differ")
async def nonces_differ(cpe: WireCpe) -> None:
    """Reads two challenges."""
    found = []
    for _ in range(2):
        said = await challenged(cpe)
        header = next((line for line in said.answer.all("www-authenticate") if line.lower().startswith("digest")), "")
        if not header:
            skip("the ACS offers no Digest")
        found.append(pairs(header.partition(" ")[2]).get("nonce", ""))
        cpe.hang_up()
    check(found[0] != found[1], "two challenges have the same nonce")
    check(len(found[0]) >= 16, f"the nonce has {len(found[0])} characters only")


@case(GROUP, "A-97", title="A nonce the ACS never gave is refused")
async def forged_nonce(cpe: WireCpe) -> None:
    """Answers a challenge with the same nonce changed in its last digits, and a response that fits it."""
    said = await challenged(cpe)
    header = next((line for line in said.answer.all("www-authenticate") if line.lower().startswith("digest")), "")
    if not header:
        skip("the ACS offers no Digest")
    nonce = pairs(header.partition(" ")[2])["nonce"]
    forged = ("0" if nonce[0] != "0" else "1") + nonce[1:]
    line = answer_challenge([header.replace(nonce, forged)], cpe.model.setting("Username"), cpe.model.setting("Password"), "POST",
                            Place.of(cpe.url).target, "c0ffee")  # fmt: skip
    assert line is not None
    check((await _with(cpe, line)).name != "InformResponse", "a login with a forged nonce was let in")


@case(GROUP, "A-97", "J-15", title="A login is not taken twice")
async def replayed(cpe: WireCpe) -> None:
    """Sends the same Authorization line, nc and all, with a second session."""
    line = digest_of(cpe, await challenged(cpe))
    check((await _with(cpe, line)).name == "InformResponse", f"a good login was answered with {cpe.last}")
    cpe.begin()
    said = await _with(cpe, line)
    check(said.name != "InformResponse", "the same Authorization header, with the same nc, was let in twice")


@case(GROUP, "R-14", "A-95", title="A nonce may be used again with a growing nc")
async def nonce_reused(cpe: WireCpe) -> None:
    """Goes on with the same nonce and nc 2, 3, 4 within the connection, without asking to be challenged again."""
    said = await challenged(cpe)
    for nc in ("1", "2", "3"):
        body = cpe.envelope(cpe.inform()) if nc == "1" else cpe.envelope(GetRPCMethods())
        got = await _with(cpe, digest_of(cpe, said, nc=nc), body)
        check(got.status in (200, 401), f"nc {nc} was answered with {got}")
        check(nc == "1" or got.status == 401 or got.name == "GetRPCMethodsResponse", f"nc {nc} was answered with {got}")
        cpe.should(got.status == 200, f"the nonce was refused at nc {nc}")


@case(GROUP, "R-14", "A-95", title="Each POST first without, then with its login")
async def each_post_twice(cpe: WireCpe) -> None:
    """Sends every message first without Authorization, as a client in the field does; within a session that may be served or challenged."""
    await cpe.informs()
    said = await cpe.calls(GetRPCMethods(), login=False)
    if said.status == 401:
        cpe.auth.challenged(said.answer)  # type: ignore[arg-type]
        said = await cpe.calls(GetRPCMethods())
    check(said.name == "GetRPCMethodsResponse", f"a message without login in a session was answered with {said}")


@case(GROUP, "R-14", title="An empty POST without login is challenged")
async def empty_is_challenged(cpe: WireCpe) -> None:
    """A client in the field opens its session with Content-Length: 0 to be challenged."""
    await challenged(cpe)
    cpe.begin()
    said = await cpe.empty(login=False)
    cpe.should(said.status == 401, f"an empty POST without login was answered with {said}, not with 401")
    check(not said.name, f"an empty POST without login was answered with {said}")


@case(GROUP, "A-98", title="A login made for another URI is refused")
async def other_uri(cpe: WireCpe) -> None:
    """The Digest's uri names another resource than the request."""
    said = await _with(cpe, digest_of(cpe, await challenged(cpe), uri="/another/resource"))
    cpe.should(said.name != "InformResponse", "a Digest login made for another URI was let in")


@case(GROUP, "R-15", "A-93", title="Basic sent unasked is let in or challenged")
async def basic_unasked(cpe: WireCpe) -> None:
    """Sends Basic credentials with the first Inform, as three clients in the field do."""
    import base64

    line = "Basic " + base64.b64encode(f"{cpe.model.setting('Username')}:{cpe.model.setting('Password')}".encode()).decode()
    said = await _with(cpe, line)
    check(said.name == "InformResponse" or said.status == 401, f"Basic unasked was answered with {said}")


@case(GROUP, "K-68", title="A broken Authorization header is challenged, not an accident")
async def broken_authorization(cpe: WireCpe) -> None:
    """Sends half a Digest header, an unknown scheme, and Basic that is no base64."""
    await challenged(cpe)
    for line in ("Digest username=", "Negotiate abc", "Basic !!!!"):
        said = await _with(cpe, line)
        check(said.status in (400, 401, 403), f"Authorization {line!r} was answered with {said}")
        cpe.hang_up()


@case(GROUP, "A-100", "L-24", "J-4", title="A login of one device does not speak for another", needs="own_login")
async def identity_is_bound(cpe: WireCpe) -> None:
    """A device with a login of its own informs as another device: refused, and the other one's data stays."""
    await cpe.acquainted()
    cpe.begin()
    other = cpe.another()
    said = await cpe.post(cpe.envelope(other.inform("1 BOOT")))
    check(said.name != "InformResponse", "a device was let in under another device's identity")
    check(said.name == "Fault" or 400 <= said.status < 500, f"another device's identity was answered with {said}")


@case(GROUP, "J-3", "A-108", title="A device gets a password of its own", needs="own_login")
async def own_password(cpe: WireCpe) -> None:
    """After its first session the device's password is not the one it came with, is long, and works; the first one no longer does."""
    before = cpe.model.setting("Password")
    await cpe.acquainted()
    after = cpe.model.setting("Password")
    check(after != before, "the device kept the password that it came with")
    check(len(after) >= 16, f"the device's own password has {len(after)} characters")
    await cpe.informs("2 PERIODIC")
    await cpe.finishes()


@case(GROUP, "A-99", "A-102", "L-25", title="The same serial number in two product classes is two devices")
async def same_serial_two_classes(cpe: WireCpe) -> None:
    """Two devices that differ in ProductClass alone are served beside each other."""
    await cpe.informs()
    other = cpe.another()
    said = await other.post(other.envelope(other.inform(serial_number=cpe.serial, product_class="Another")))
    check(said.name == "InformResponse", f"the same serial number in another class was answered with {said}")
    said = await cpe.calls(GetRPCMethods())
    check(said.name == "GetRPCMethodsResponse", "a device of another product class took the session of its namesake")


# ---- TLS -----------------------------------------------------------------------------------------------------------


def _tls_only(cpe: WireCpe) -> Place:
    place = Place.of(cpe.url)
    if not place.https:
        skip("the URL is not https")
    return place


@case(GROUP, "J-1", "A-103", title="TLS 1.2 or newer, and nothing older")
async def tls_versions(cpe: WireCpe) -> None:
    """Opens TLS connections that allow 1.0 and 1.1 only."""
    place = _tls_only(cpe)

    def old_is_taken() -> bool:
        import socket

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        try:
            with socket.create_connection((place.host, place.port), 5) as raw, context.wrap_socket(raw, server_hostname=place.host):
                return True
        except OSError:
            return False

    check(not await deferToThread(old_is_taken), "TLS 1.0 or 1.1 is accepted")


@case(GROUP, "A-103", title="The certificate is valid for the host of the URL")
async def tls_certificate(cpe: WireCpe) -> None:
    """Has a session with chain and host name checked."""
    _tls_only(cpe)
    await cpe.informs()
    await cpe.finishes()

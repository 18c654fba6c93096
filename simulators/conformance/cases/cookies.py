"""Session_Cookies: by what an ACS knows a session, and what devices do to it (conformance A.2, quirks K-1 to K-6, R-16)."""

from __future__ import annotations

import re
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from acs.cwmp.messages import GetRPCMethods
from simulators.conformance.case import case, check, skip
from simulators.conformance.cpe import WireCpe

GROUP = "Session_Cookies"


async def with_cookie(cpe: WireCpe) -> None:
    await cpe.informs()
    if not cpe.cookies:
        skip("the ACS sets no cookie")


async def still_known(cpe: WireCpe, what: str, **how: Any) -> None:
    said = await cpe.calls(GetRPCMethods(), fresh=True, **how)
    check(said.name == "GetRPCMethodsResponse", f"{what} GetRPCMethods was answered with {said}")


@case(GROUP, "A-23", title="The first answer of a session sets a cookie")
async def sets_a_cookie(cpe: WireCpe) -> None:
    """A session is known by a cookie, not by an address; it must be there from the first answer on."""
    await cpe.informs()
    check(cpe.cookies, "InformResponse sets no cookie")


@case(GROUP, "A-25", "J-14", title="Cookies cannot be guessed")
async def random(cpe: WireCpe) -> None:
    """Two sessions have different cookies, each long enough to hold 128 bits of chance."""
    await with_cookie(cpe)
    first = dict(cpe.cookies)
    await with_cookie(cpe)
    check(all(cpe.cookies.get(name) != value for name, value in first.items()), "two sessions have the same cookie")
    check(
        max(map(len, cpe.cookies.values())) >= 20,
        f"the cookie has {max(map(len, cpe.cookies.values()))} characters: too few to be unguessable",
    )


@case(GROUP, "A-25", title="Cookies are HttpOnly, with a path that covers the URL, Secure over TLS, well below 512 octets")
async def attributes(cpe: WireCpe) -> None:
    """Reads the attributes of Set-Cookie."""
    await with_cookie(cpe)
    path = urlsplit(cpe.url).path or "/"
    for header in cpe.cookie_lines:
        try:
            for morsel in SimpleCookie(header).values():
                given = morsel["path"] or "/"
                check(path.startswith(given), f"the cookie's path {given} does not cover {path}")
                cpe.should(morsel["httponly"], "the cookie is not HttpOnly")
                cpe.should(morsel["secure"] or not cpe.url.startswith("https"), "the cookie is not Secure though the URL is https")
        except CookieError as error:
            cpe.should(False, f"Set-Cookie cannot be read: {error}")
    size = sum(len(name) + len(value) + 3 for name, value in cpe.cookies.items())
    check(size <= 512, f"the cookies take {size} octets; devices need to keep 512 only")


@case(GROUP, "K-6", title="Cookies consist of letters, digits, dash and underscore")
async def plain_characters(cpe: WireCpe) -> None:
    """Some devices cannot keep other characters."""
    await with_cookie(cpe)
    odd = [value for value in cpe.cookies.values() if not re.fullmatch(r"[A-Za-z0-9_.-]+", value)]
    cpe.should(not odd, "the cookie's value holds characters that some devices cannot keep")


@case(GROUP, "K-3", title="The cookie's path is /")
async def root_path(cpe: WireCpe) -> None:
    """Some devices keep a cookie only with Path=/."""
    await with_cookie(cpe)
    cpe.should(all(re.search(r";\s*path=/(?:;|$)", line, re.I) for line in cpe.cookie_lines), "Set-Cookie has no Path=/")


@case(GROUP, "K-4", title="The cookie comes with every answer")
async def every_answer(cpe: WireCpe) -> None:
    """Some devices forget a cookie that is not repeated."""
    await with_cookie(cpe)
    said = await cpe.calls(GetRPCMethods())
    cpe.should(said.answer.all("set-cookie"), "only the first answer sets the cookie")


@case(GROUP, "A-23", "L-12", "L-11", title="The cookie carries the session to another connection")
async def carries_the_session(cpe: WireCpe) -> None:
    """Goes on over a new connection with the cookie alone."""
    await with_cookie(cpe)
    await still_known(cpe, "with the session's cookie on a new connection")


@case(GROUP, "A-28", "K-1", "R-16", title="An Inform with the cookie of an ended session begins a new one")
async def old_cookie(cpe: WireCpe) -> None:
    """Ends a session and informs again with its cookie, as many devices do."""
    await with_cookie(cpe)
    old = dict(cpe.cookies)
    await cpe.finishes()
    cpe.cookies = old
    said = await cpe.post(cpe.envelope(cpe.inform()))
    check(said.name == "InformResponse", f"an Inform with an old cookie was answered with {said}")
    await cpe.finishes()


@case(GROUP, "A-28", "K-19", title="An Inform with the cookie of a live session begins a new one")
async def live_cookie(cpe: WireCpe) -> None:
    """Breaks a session off and informs again with its cookie and another event."""
    await with_cookie(cpe)
    cpe.hang_up()
    said = await cpe.post(cpe.envelope(cpe.inform("1 BOOT")))
    check(said.name == "InformResponse", f"an Inform with the cookie of a live session was answered with {said}")
    await cpe.finishes()


@case(GROUP, "A-27", title="An Inform with an unknown cookie begins a session")
async def unknown_cookie(cpe: WireCpe) -> None:
    """Informs with a cookie of the ACS's name and a value it never gave."""
    await with_cookie(cpe)
    name, value = next(iter(cpe.cookies.items()))
    cpe.begin()
    cpe.cookies = {name: "0" * len(value)}
    said = await cpe.post(cpe.envelope(cpe.inform()))
    check(said.name == "InformResponse", f"an Inform with an unknown cookie was answered with {said}")


@case(GROUP, "A-27", "L-11", "J-14", title="Anything else with an unknown cookie is refused")
async def unknown_cookie_elsewhere(cpe: WireCpe) -> None:
    """Posts empty, and GetRPCMethods, with a cookie that names no session; neither may be served."""
    await with_cookie(cpe)
    name, value = next(iter(cpe.cookies.items()))
    await cpe.finishes()
    for body in (b"", cpe.envelope(GetRPCMethods())):
        cpe.hang_up()
        cpe.cookies = {name: value[:-6] + "000000"}
        said = await cpe.post(body)
        check(
            not said.is_request and said.name not in ("InformResponse", "GetRPCMethodsResponse"),
            f"an unknown cookie was served with {said}",
        )


@case(GROUP, "A-27", "J-14", title="The cookie of an ended session opens nothing")
async def ended_cookie(cpe: WireCpe) -> None:
    """After the end, GetRPCMethods with the session's cookie and without a login is not served."""
    await with_cookie(cpe)
    old = dict(cpe.cookies)
    await cpe.finishes()
    cpe.cookies = old
    said = await cpe.post(cpe.envelope(GetRPCMethods()), login=False)
    check(said.name != "GetRPCMethodsResponse", "the cookie of an ended session still opens the ACS")


@case(GROUP, "A-29", "K-2", title="Cookies joined by a comma")
async def joined_by_comma(cpe: WireCpe) -> None:
    """Sends the session's cookie after a foreign one, with a comma between."""
    await with_cookie(cpe)
    pairs = [f"{name}={value}" for name, value in cpe.cookies.items()]
    await still_known(cpe, "with cookies joined by a comma", headers={"Cookie": ", ".join(["other=1", *pairs])})


@case(GROUP, "A-29", "K-2", title="A quoted cookie")
async def quoted(cpe: WireCpe) -> None:
    """Sends the cookie's value in quotes."""
    await with_cookie(cpe)
    await still_known(
        cpe, "with a quoted cookie", headers={"Cookie": "; ".join(f'{name}="{value}"' for name, value in cpe.cookies.items())}
    )


@case(GROUP, "A-29", "A-24", title="Cookies in the form of RFC 2965")
async def version_attributes(cpe: WireCpe) -> None:
    """Sends $Version before and $Path after the cookie."""
    await with_cookie(cpe)
    parts = "; ".join(f"{name}={value}; $Path=/" for name, value in cpe.cookies.items())
    await still_known(cpe, "with $Version and $Path", headers={"Cookie": f"$Version=1; {parts}"})


@case(GROUP, "R-16", title="The whole Set-Cookie text sent back")
async def whole_text(cpe: WireCpe) -> None:
    """Sends back what Set-Cookie said, attributes and all."""
    await with_cookie(cpe)
    await still_known(cpe, "with the whole Set-Cookie text", headers={"Cookie": "; ".join(cpe.cookie_lines)})


@case(GROUP, "A-24", title="Foreign cookies beside the session's")
async def foreign_cookies(cpe: WireCpe) -> None:
    """Sends cookies of somebody else before and after."""
    await with_cookie(cpe)
    cpe.cookies = {"first": "x", **cpe.cookies, "last": "y"}
    await still_known(cpe, "with foreign cookies beside it")


@case(GROUP, "K-5", "R-16", title="A device that keeps no cookie but its connection")
async def no_cookie(cpe: WireCpe) -> None:
    """Never returns the cookie; the session lives by the connection."""
    await cpe.informs()
    said = await cpe.calls(GetRPCMethods(), cookies=False)
    check(said.name == "GetRPCMethodsResponse", f"without cookie on the same connection GetRPCMethods was answered with {said}")
    said = await cpe.empty(cookies=False)
    while said.is_request:
        said = await cpe.answers(said, cookies=False)
    check(said.is_empty, f"the session ended with {said}")


@case(GROUP, "K-5", title="An empty cookie on the session's connection")
async def empty_cookie(cpe: WireCpe) -> None:
    """Returns the cookie's name with an empty value."""
    await with_cookie(cpe)
    said = await cpe.calls(GetRPCMethods(), headers={"Cookie": "; ".join(f"{name}=" for name in cpe.cookies)})
    check(said.name == "GetRPCMethodsResponse", f"with an empty cookie GetRPCMethods was answered with {said}")


@case(GROUP, "A-27", "A-23", title="The cookie of one device does not make another device's Inform its own")
async def foreign_device(cpe: WireCpe) -> None:
    """A second device informs with the first one's cookie; it gets a session of its own and the first one's is not handed over."""
    await with_cookie(cpe)
    other = cpe.another()
    other.cookies = dict(cpe.cookies)
    said = await other.post(other.envelope(other.inform()))
    check(said.name == "InformResponse", f"the second device's Inform was answered with {said}")
    check(other.cookies != cpe.cookies, "two devices were given the same session")

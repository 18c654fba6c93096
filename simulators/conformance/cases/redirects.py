"""HTTP_Redirect: if the ACS redirects, it does so as devices can follow (conformance A.3)."""

from __future__ import annotations

from urllib.parse import urlsplit

from simulators.conformance.case import case, check, skip
from simulators.conformance.cpe import WireCpe

GROUP = "HTTP_Redirect"


@case(GROUP, "A-30", "A-35", title="Redirects are 302 or 307 with an absolute Location")
async def form(cpe: WireCpe) -> None:
    """Informs without following redirects and reads the answer, after the login if there is one."""
    said = await cpe.post(cpe.envelope(cpe.inform()), follow=False)
    if said.status not in (301, 302, 303, 307, 308):
        skip("the ACS does not redirect")
    check(said.status in (302, 307), f"the ACS redirects with HTTP {said.status}; devices follow 302 and 307 only")
    check(urlsplit(said.answer.one("location")).netloc, "Location is no absolute URL")
    check(not said.name, "a redirect carries an envelope")


@case(GROUP, "A-32", "A-33", "L-10", title="The whole session works where the ACS redirects to")
async def session_at_the_target(cpe: WireCpe) -> None:
    """Follows up to five redirects with the same POST and has the whole session there; the next one begins at the original URL."""
    for _ in range(2):
        await cpe.informs()
        if not cpe.redirects:
            skip("the ACS does not redirect")
        await cpe.finishes()


@case(GROUP, "A-25", "A-30", title="Cookies set before a redirect are known after it")
async def cookies_after_redirect(cpe: WireCpe) -> None:
    """Follows a redirect with the cookies of the first answer and goes on over a new connection."""
    await cpe.informs()
    if not cpe.redirects:
        skip("the ACS does not redirect")
    said = await cpe.empty(fresh=True)
    check(said.status in (200, 204), f"after a redirect the empty POST was answered with {said}")

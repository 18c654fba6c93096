"""The device's side of XMPP connection requests: a client of the server that XMPP.Connection names, answering the ACS it was told of.

Conformance F-50 to F-57, L-75. Tests: tests/simulators/test_xmpp.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet import ssl
from twisted.words.protocols.jabber import client, xmlstream
from twisted.words.protocols.jabber.error import StanzaError
from twisted.words.protocols.jabber.jid import JID, InvalidFormat
from twisted.words.xish import domish

if TYPE_CHECKING:
    from simulators.device import Device

REQUEST = "urn:broadband-forum-org:cwmp:xmppConnReq-1-0"


class XmppLink:
    """One device's. `follow` after every session: it begins, changes and ends with what ManagementServer and XMPP.Connection say."""

    def __init__(self, device: Device, ca: str = "") -> None:
        self._device, self._ca = device, ca
        self._wanted: tuple[Any, ...] | None = None
        self._connector: Any = None
        self._stream: Any = None
        self._timer: Any = None
        self._failures = 0
        self.heard = 0

    @property
    def is_up(self) -> bool:
        return self._stream is not None

    # ---- beginning and end -----------------------------------------------------------------------------------

    def follow(self) -> None:
        """Do what the parameters say."""
        wanted = self._configuration()
        if wanted == self._wanted:
            return
        self.stop()
        self._wanted = wanted
        if wanted is not None:
            self._failures = 0
            self._connect()

    def _configuration(self) -> tuple[Any, ...] | None:
        """(row, user, password, domain, resource, tls, host, port), or None where XMPP is not to be used."""
        tree, cpe = self._device.cpe.tree, self._device.cpe
        place = cpe.management("ConnReqXMPPConnection")
        row = tree.value(place).rstrip(".") + "." if tree.leaf(place) is not None and tree.value(place) else ""
        if not row or tree.leaf(row + "Enable") is None or not cpe.is_on("EnableCWMP") or tree.value(row + "Enable") not in ("true", "1"):
            return None
        user, password, domain, resource = (tree.value(row + name) for name in ("Username", "Password", "Domain", "Resource"))
        host, port = domain, 5222
        if tree.value(row + "ServerConnectAlgorithm") == "ServerTable":
            servers = [f"{row}Server.{number}." for number in tree.rows(row + "Server.")]
            on = [each for each in servers if tree.value(each + "Enable") in ("true", "1")]
            if not on:
                return None
            host, port = tree.value(on[0] + "ServerAddress"), int(tree.value(on[0] + "Port") or 5222)
        return row, user, password, domain, resource, tree.value(row + "UseTLS") in ("true", "1"), host, port

    def stop(self) -> None:
        self._wanted = None
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if self._stream is not None:
            self._stream.sendFooter()
        if self._connector is not None:
            self._connector.disconnect()
            self._connector = None

    def _connect(self) -> None:
        if self._wanted is None:
            return
        _row, user, password, domain, resource, tls, host, port = self._wanted
        trust = ssl.trustRootFromCertificates([ssl.Certificate.loadPEM(self._ca)]) if self._ca else ssl.platformTrust()
        authenticator = client.XMPPAuthenticator(
            JID(tuple=(user, domain, resource or None)), password, ssl.optionsForClientTLS(domain, trustRoot=trust)
        )
        factory = xmlstream.XmlStreamFactory(authenticator)
        factory.noisy = False
        if not tls:
            factory.addBootstrap(xmlstream.STREAM_CONNECTED_EVENT, _without_tls)
        factory.addBootstrap(xmlstream.STREAM_AUTHD_EVENT, self._authenticated)
        factory.addBootstrap(xmlstream.INIT_FAILED_EVENT, lambda _failure: self._connector.disconnect() if self._connector else None)
        factory.addBootstrap(xmlstream.STREAM_END_EVENT, self._ended)
        factory.clientConnectionFailed = lambda _connector, _reason: self._again()
        factory.clientConnectionLost = lambda _connector, _reason: None
        self._connector = self._device.reactor.connectTCP(host, port, factory, timeout=10)

    def _authenticated(self, stream: Any) -> None:
        self._stream, self._failures = stream, 0
        stream.send(domish.Element((None, "presence")))
        stream.addObserver("/iq[@type='get' or @type='set']", self._asked)
        assert self._wanted is not None
        self._tell(stream.authenticator.jid.full(), "Up")

    def _tell(self, jid: str, status: str) -> None:
        """ConnReqJabberID keeps its value when the link drops (F-51)."""
        assert self._wanted is not None
        cpe, row = self._device.cpe, self._wanted[0]
        for path, text in ((row + "JabberID", jid), (row + "Status", status)):
            if cpe.tree.leaf(path) is not None and text:
                cpe.tree.put(path, text)
        if jid:
            self._device.set_local(cpe.management("ConnReqJabberID"), jid)

    def _ended(self, _reason: Any) -> None:
        self._stream = None
        self._again()

    def _again(self) -> None:
        """The server's table of retries (F-57), clipped as the fleet's other retries are."""
        if self._wanted is None:
            return
        wait = min(30720.0, 60.0 * 2 ** min(self._failures, 16))
        clip = self._device.habits.clip_retry_s
        self._failures += 1
        if self._failures <= 16 or clip is not None:
            wait = wait if clip is None else min(wait, max(clip, 0.2))
            self._timer = self._device.reactor.callLater(self._device.rng.uniform(wait / 2, wait), self._connect)

    # ---- being asked -----------------------------------------------------------------------------------------

    def _asked(self, iq: Any) -> None:
        if iq.handled or self._stream is None:
            return
        iq.handled = True
        condition = self._judge(iq)
        if condition:
            self._stream.send(StanzaError(condition).toResponse(iq))
            return
        self._stream.send(xmlstream.toResponse(iq, "result"))
        self.heard += 1
        self._device.called()

    def _judge(self, iq: Any) -> str:
        """The condition of the error, or "" for a good request (F-53 to F-55)."""
        request = iq.firstChildElement()
        if request is None or (request.uri, request.name) != (REQUEST, "connectionRequest") or iq["type"] != "get":
            return "service-unavailable"
        allowed = [each.strip() for each in self._device.cpe.setting("ConnReqAllowedJabberIDs").split(",") if each.strip()]
        try:
            sender = JID(iq.getAttribute("from", ""))
        except InvalidFormat:
            return "service-unavailable"
        if allowed and sender.full() not in allowed and sender.userhost() not in allowed:
            return "service-unavailable"
        given = tuple(str(next(request.elements(REQUEST, name), "")) for name in ("username", "password"))
        if given != self._device.call_login():
            return "not-authorized"
        return "" if self._device.may_be_called() else "service-unavailable"


def _without_tls(stream: Any) -> None:
    stream.initializers = [step for step in stream.initializers if not isinstance(step, xmlstream.TLSInitiatingInitializer)]

"""Our side of XMPP: a client of the operator's server, which carries connection requests to devices that are clients of it too (TR-069 Annex K).

The stanza holds the device's request login in clear: it leaves over TLS only, unless a setting says otherwise, and to our own domain only
(conformance F-50 to F-56). The link comes back by itself, each time later, and jittered.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import Gauge
from twisted.internet import ssl
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.words.protocols.jabber import client, sasl, xmlstream
from twisted.words.protocols.jabber.error import StanzaError
from twisted.words.protocols.jabber.jid import JID, InvalidFormat
from twisted.words.xish import domish

from acs import log
from acs.server.connection_request import WakeResult

REQUEST = "urn:broadband-forum-org:cwmp:xmppConnReq-1-0"
TIMEOUT_S = 10.0
AGAIN_S = (1, 2, 5, 15, 30, 60)
PING_S = 60.0
_FORMS, _COMMANDS, _ADD_USER = "jabber:x:data", "http://jabber.org/protocol/commands", "http://jabber.org/protocol/admin#add-user"

_log = log.get("xmpp")
_up = Gauge("hearthline_xmpp_up", "1 while we are connected to the XMPP server")


@dataclass(frozen=True, slots=True)
class Account:
    """Where and as whom we connect. `ca` is a PEM file's text to trust instead of the system's; `plain` allows a link without TLS."""

    jid: str
    password: str
    host: str
    port: int
    device_domain: str
    ca: str = ""
    plain: bool = False


class _Authenticator(client.XMPPAuthenticator):
    """As Twisted's, but TLS may be left out where a setting allows it."""

    plain = False

    def associateWithStream(self, xs: Any) -> None:
        super().associateWithStream(xs)
        if self.plain:
            xs.initializers = [step for step in xs.initializers if not isinstance(step, xmlstream.TLSInitiatingInitializer)]


@dataclass
class XmppLink:
    """One connection, kept. `on_up` is called each time it stands."""

    reactor: Any
    account: Account
    on_up: Callable[[], None] = field(default=lambda: None)
    _stream: Any = None
    _connector: Any = None
    _timer: Any = None
    _ping: Any = None
    _failures: int = 0
    _stopped: bool = False
    last_error: str = ""

    @property
    def is_up(self) -> bool:
        return self._stream is not None

    def start(self) -> None:
        self._timer = None
        authenticator = _Authenticator(
            JID(self.account.jid), self.account.password, tls_options(JID(self.account.jid).host, self.account.ca)
        )
        authenticator.plain = self.account.plain
        factory = xmlstream.XmlStreamFactory(authenticator)
        factory.noisy = False
        factory.addBootstrap(xmlstream.STREAM_AUTHD_EVENT, self._authenticated)
        factory.addBootstrap(xmlstream.INIT_FAILED_EVENT, self._init_failed)
        factory.addBootstrap(xmlstream.STREAM_END_EVENT, self._ended)
        # Our own back-off instead of the factory's: told apart by what failed.
        factory.clientConnectionFailed = lambda connector, reason: self._again(f"no connection: {reason.getErrorMessage()}")
        factory.clientConnectionLost = lambda connector, reason: None
        self._connector = self.reactor.connectTCP(self.account.host, self.account.port, factory, timeout=TIMEOUT_S)

    def _authenticated(self, stream: Any) -> None:
        self._stream, self._failures, self.last_error = stream, 0, ""
        _up.set(1)
        presence = domish.Element((None, "presence"))
        presence.addElement("priority", content="-1")  # nobody's messages are for us
        stream.send(presence)
        stream.addObserver("/iq[@type='get' or @type='set']", self._asked)
        _log.info("connected to the XMPP server", jid=stream.authenticator.jid.full(), host=self.account.host)
        self._ping = self.reactor.callLater(PING_S, self._keep_alive, stream)
        self.on_up()

    def _asked(self, iq: Any) -> None:
        """Nobody asks us anything: strangers, and servers that ping, are told so."""
        if not iq.handled:
            iq.handled = True
            self._stream.send(StanzaError("service-unavailable").toResponse(iq))

    def _keep_alive(self, stream: Any) -> None:
        """A link that died in silence is found by its unanswered ping."""
        iq = xmlstream.IQ(stream, "get")
        iq.timeout = TIMEOUT_S
        iq.addElement(("urn:xmpp:ping", "ping"))

        def alive(_answer: Any) -> None:
            if self._stream is stream:
                self._ping = self.reactor.callLater(PING_S, self._keep_alive, stream)

        def dead(failure: Any) -> None:
            if failure.check(StanzaError):
                alive(None)  # a server that does not know pings is alive all the same
            elif self._stream is stream:
                stream.transport.abortConnection()

        iq.send(JID(self.account.jid).host).addCallbacks(alive, dead)

    def _init_failed(self, failure: Any) -> None:
        if failure.check(sasl.SASLAuthError, sasl.SASLNoAcceptableMechanism):
            self.last_error = f"the server refuses our login: {failure.getErrorMessage() or failure.type.__name__}"
        elif failure.check(xmlstream.FeatureNotAdvertized, xmlstream.TLSError):
            self.last_error = f"no TLS: {failure.getErrorMessage() or failure.type.__name__}"
        else:
            self.last_error = failure.getErrorMessage() or failure.type.__name__
        if self._connector is not None:
            self._connector.disconnect()

    def _ended(self, reason: Any) -> None:
        self._stream = None
        _up.set(0)
        if self._ping is not None and self._ping.active():
            self._ping.cancel()
        lost = getattr(reason, "check", lambda *_: None)(ConnectionDone, ConnectionLost)
        self._again(self.last_error or ("the connection ended" if lost else str(getattr(reason, "value", reason))[:120]))

    def _again(self, why: str) -> None:
        self.last_error = why[:160]
        if self._stopped:
            return
        wait = AGAIN_S[min(self._failures, len(AGAIN_S) - 1)] * (0.75 + random.random() / 2)  # noqa: S311
        self._failures += 1
        _log.warning("no link to the XMPP server", why=self.last_error, again_in_s=round(wait, 1))
        self._timer = self.reactor.callLater(wait, self.start)

    def stop(self) -> None:
        self._stopped = True
        for timer in (self._timer, self._ping):
            if timer is not None and timer.active():
                timer.cancel()
        if self._stream is not None:
            self._stream.sendFooter()
        if self._connector is not None:
            self._connector.disconnect()

    # ---- what it is for ------------------------------------------------------------------------------------------

    async def call(self, jid: str, username: str, secret: str) -> tuple[WakeResult, str]:
        """Send the request; the result, and a detail for people."""
        try:
            target = JID(jid)
        except InvalidFormat:
            return WakeResult.NO_URL, f"{jid[:80]!r} is not a Jabber ID"
        if target.host != self.account.device_domain or not target.user:
            return WakeResult.FORBIDDEN_ADDRESS, f"{target.host} is not our XMPP domain"
        if self._stream is None:
            return WakeResult.LINK_DOWN, self.last_error or "we are not connected to the XMPP server"
        iq = xmlstream.IQ(self._stream, "get")
        iq.timeout = TIMEOUT_S
        request = iq.addElement((REQUEST, "connectionRequest"))
        request.addElement((REQUEST, "username"), content=username)
        request.addElement((REQUEST, "password"), content=secret)
        try:
            await iq.send(target.full())
        except StanzaError as error:
            return _meaning(error.condition)
        except xmlstream.TimeoutError:
            return WakeResult.TIMEOUT, f"no answer from {target.full()} within {TIMEOUT_S:.0f} s"
        except (ConnectionDone, ConnectionLost):
            return WakeResult.LINK_DOWN, "the link to the XMPP server broke"
        return WakeResult.OK, ""

    async def create_account(self, jid: str, password: str) -> str:
        """Have the server make a device's account (XEP-0133, Add User); "" or why it did not."""
        if self._stream is None:
            return self.last_error or "not connected"
        try:
            first = await self._command(None, None)
            command = first.firstChildElement()
            # Its actions may stand before the form or behind it: prosody puts them in any order.
            if command is None or not any(part.uri == _FORMS for part in command.elements()):
                return "the server gave no form to fill in"
            fields = {"accountjid": jid, "password": password, "password-verify": password}
            last = await self._command(command["sessionid"], fields)
        except StanzaError as error:
            return f"the server refuses: {error.condition}"
        except (xmlstream.TimeoutError, ConnectionDone, ConnectionLost):
            return "no answer"
        notes = [note for note in last.firstChildElement().elements(_COMMANDS, "note") if note.getAttribute("type") == "error"]
        return str(notes[0]) if notes else ""

    def _command(self, session: str | None, fields: dict[str, str] | None) -> Any:
        iq = xmlstream.IQ(self._stream, "set")
        iq.timeout = TIMEOUT_S
        command = iq.addElement((_COMMANDS, "command"))
        command["node"] = _ADD_USER
        if session is None or fields is None:
            command["action"] = "execute"
        else:
            command["sessionid"] = session
            form = command.addElement((_FORMS, "x"))
            form["type"] = "submit"
            for name, value in {"FORM_TYPE": "http://jabber.org/protocol/admin", **fields}.items():
                one = form.addElement((_FORMS, "field"))
                one["var"] = name
                one.addElement((_FORMS, "value"), content=value)
        return iq.send(self.account.device_domain)


def tls_options(host: str, ca: str) -> Any:
    """Verifies the server's certificate against its domain; `ca` is PEM text, "" for the system's authorities."""
    if not ca:
        return ssl.optionsForClientTLS(host)
    return ssl.optionsForClientTLS(host, trustRoot=ssl.trustRootFromCertificates([ssl.Certificate.loadPEM(ca)]))


def _meaning(condition: str) -> tuple[WakeResult, str]:
    match condition:
        case "not-authorized" | "forbidden" | "not-allowed":
            return WakeResult.UNAUTHORIZED, "the device refuses our request login"
        case "service-unavailable" | "recipient-unavailable" | "item-not-found":
            return WakeResult.UNAVAILABLE, "the device is not on the XMPP server now, or is busy"
    return WakeResult.UNREACHABLE, f"the XMPP server says {condition}"

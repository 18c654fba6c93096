"""What pages and REST ask about how a device is reached, over acs.reach. One read per look, one unit per change."""

from dataclasses import dataclass

from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.devices import service as devices
from acs.operations import service as operations
from acs.operations.views import OperationId
from acs.reach import service as reach
from acs.reach.views import ReachView, Watch
from acs.secrets import MASK, Vault
from acs.settings import Settings
from care.security.service import Clock

TRIES = 6
ALL_TRIES = 40


@dataclass(frozen=True, slots=True)
class Preview:
    """What an operation would write: path and value, secrets struck out."""

    kind: str
    writes: tuple[tuple[str, str], ...]


class Reach:
    """Ways to devices of one tenant at a time."""

    def __init__(self, db: Database, vault: Vault, clock: Clock, settings: Settings) -> None:
        self._db, self._vault, self._clock = db, vault, clock
        self._brief = settings.reach_brief
        self._xmpp, self._udp = bool(settings.xmpp_jid), settings.stun_port >= 0
        self._makes_accounts = settings.xmpp_accounts
        self._watch_interval_s = settings.watch_interval_s

    @property
    def makes_accounts(self) -> bool:
        """Whether we have the XMPP server make accounts; else a person names one that exists."""
        return self._makes_accounts

    def look(self, tenant: TenantId, device_id: int, tries: int = TRIES) -> ReachView:
        with self._db.read() as session:
            return reach.view(session, tenant, device_id, self._clock(), self._xmpp, self._udp, tries)

    def preview(self, tenant: TenantId, device_id: int, kind: str) -> Preview:
        """What "Turn on STUN" or "Set up XMPP" writes."""
        with self._db.read() as session:
            root = devices.get(session, tenant, device_id, self._clock()).root or "Device"
        server, brief = f"{root}.ManagementServer.", self._brief
        login = ((server + "ConnectionRequestUsername", "…"), (server + "ConnectionRequestPassword", MASK))
        if kind == "enable_stun":
            writes = (
                (server + "STUNServerAddress", brief["stun_host"]), (server + "STUNServerPort", str(brief["stun_port"])),
                (server + "STUNUsername", "…"), (server + "STUNPassword", MASK), (server + "STUNEnable", "true"),
            )  # fmt: skip
        else:
            row = f"{root}.XMPP.Connection.{{i}}."
            place = ((row + "Server.{i}.ServerAddress", f"{brief['xmpp_host']}:{brief['xmpp_port']}"),) if brief["xmpp_host"] else ()
            writes = (
                (row + "Domain", brief["xmpp_domain"]), (row + "Username", "…"), (row + "Password", MASK), (row + "UseTLS", "true"), *place,
                (row + "Enable", "true"), (server + "ConnReqXMPPConnection", row.rstrip(".")), (server + "ConnReqAllowedJabberIDs", brief["xmpp_jid"]),
            )  # fmt: skip
        return Preview(kind, (*writes, *login))

    def set_up_xmpp(self, by: Actor, device_id: int, username: str = "", password: str = "") -> OperationId:
        """Give the device an account: one that exists, or one of our making."""
        with self._db.write() as unit:
            args = {"username": username, "password": password}
            return operations.request(unit, by, devices.DeviceId(device_id), "enable_xmpp", args, self._clock(), vault=self._vault)

    def watch(self, by: Actor, device_id: int) -> Watch | None:
        """Somebody has the device's page open: renew the lease, or begin one where nothing wakes the device."""
        with self._db.write() as unit:
            return reach.watch(unit, self._vault, by, device_id, self._clock(), self._watch_interval_s, self._xmpp, self._udp)

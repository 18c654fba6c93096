"""What a procedure must be told that only the store knows: logins to hand out, links to files, sizes and versions of images."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from acs.db.bulk import fetch_rows, insert_rows, update_rows
from acs.devices.kinds import KindBook, KindKey
from acs.devices.models import DeviceCredential, DeviceReach
from acs.firmware import service as firmware
from acs.operations.models import Operation
from acs.provisioning.kinds import KINDS
from acs.provisioning.spreading import inform_time
from acs.secrets import Vault, random_secret

_LOGIN = ("device_id", "username", "secret", "next_secret", "request_username", "request_secret")


@dataclass(frozen=True, slots=True)
class Briefing:
    """Looks up what kinds ask for in `Kind.briefing`. `files_base`: where devices reach our files server."""

    vault: Vault
    files_base: str
    cpe_auth: Literal["device", "shared", "none"]
    inform_interval_s: int = 0
    servers: Mapping[str, Any] = field(default_factory=dict)
    """What devices are told of our STUN and XMPP servers (Settings.reach_brief)."""
    kinds: KindBook = field(default_factory=KindBook)

    def of(self, session: Session, operation: Operation) -> dict[str, Any]:
        return self.of_all(session, (operation,))[operation.id]

    def of_all(self, session: Session, operations: Sequence[Any]) -> dict[int, dict[str, Any]]:
        """By operation. Logins, which many ask for at once in a wave of first contacts, are read together."""
        needs = {each.id: sorted(kind.briefing) if (kind := KINDS.get(each.kind)) and not kind.late else () for each in operations}
        logins = self._logins(session, {each.device_id for each in operations if "credentials" in needs[each.id]})
        briefs: dict[int, dict[str, Any]] = {}
        for each in operations:
            brief: dict[str, Any] = {}
            for need in needs[each.id]:
                brief.update(logins.get(each.device_id, {}) if need == "credentials" else getattr(self, f"_{need}")(session, each))
            briefs[each.id] = brief
        return briefs

    def _link(self, operation: Operation, verb: str, name: str) -> str:
        return firmware.link(self.files_base, self.vault, verb, operation.id, operation.device_id, name)

    def _image(self, session: Session, operation: Operation) -> Mapping[str, Any]:
        image = firmware.get(session, operation.tenant_id, operation.args["image"])  # type: ignore[arg-type]
        link = self._link(operation, "get", image.file_name)
        return {"url": link, "size": image.size, "version": image.version, "file_name": image.file_name}

    def _scheduled(self, session: Session, operation: Operation) -> Mapping[str, Any]:
        return self._image(session, operation) if "image" in operation.args else self._file(session, operation)

    def _file(self, session: Session, operation: Operation) -> Mapping[str, Any]:
        file = firmware.get_file(session, operation.tenant_id, operation.args["file"])  # type: ignore[arg-type]
        return {"url": self._link(operation, "get", "config.bin"), "size": file.size}

    def _upload(self, session: Session, operation: Operation) -> Mapping[str, Any]:
        file = firmware.file_of_operation(session, operation.id)
        arrived = {"file_id": file.id, "size": file.size} if file else {}
        return {"url": self._link(operation, "put", "file"), **arrived}

    def _speed(self, session: Session, operation: Operation) -> Mapping[str, Any]:
        size = operation.args.get("bytes", 10_000_000)
        return {"download_url": self._link(operation, "down", f"{size}.bin"), "upload_url": self._link(operation, "up", "speed")}

    def _logins(self, session: Session, device_ids: Collection[int]) -> dict[int, dict[str, Any]]:
        """What `secure` hands out, by device."""
        return {row[0]: self._login(*row[1:]) for row in fetch_rows(session.connection(), DeviceCredential, _LOGIN, "device_id", device_ids)}

    def _login(self, username: str, secret: str, next_secret: str, request_username: str, request_secret: str) -> dict[str, Any]:
        brief: dict[str, Any] = {
            "request_username": request_username, "request_secret": self.vault.open(request_secret), "inform_interval_s": self.inform_interval_s,
        }  # fmt: skip
        if self.inform_interval_s:
            brief["inform_time"] = inform_time(username, self.inform_interval_s)
        if self.cpe_auth == "device" and (sealed := next_secret or secret):
            brief |= {"username": username, "secret": self.vault.open(sealed)}
        return brief

    def _kind(self, session: Session, operation: Operation) -> Mapping[str, Any]:
        """The names by which a device of a known kind is read; none where it was forgotten meanwhile."""
        key = KindKey(operation.tenant_id, *operation.args["kind"])
        kind = self.kinds.of(session.connection(), key, operation.due_at)
        return {"names": list(kind.plan.paths) if kind is not None else []}

    def _reach(self, session: Session, operation: Operation) -> Mapping[str, Any]:
        """The login we call with, and what the device must know of our STUN and XMPP servers; made by preparing.py."""
        login, row = session.get(DeviceCredential, operation.device_id), session.get(DeviceReach, operation.device_id)
        brief = dict(self.servers)
        if login is not None and login.request_secret:
            brief |= {"request_username": login.request_username, "request_secret": self.vault.open(login.request_secret)}
        if row is not None:
            brief |= {
                f"{name}_{part}": self.vault.open(value) if part == "secret" else value
                for name, part, value in (
                    ("stun", "username", row.stun_username), ("stun", "secret", row.stun_secret),
                    ("xmpp", "username", row.xmpp_username), ("xmpp", "secret", row.xmpp_secret),
                )
                if value
            }  # fmt: skip
        return brief

    def prepare_credentials(self, connection: Connection, devices: Sequence[tuple[int, int, str, datetime]]) -> None:
        """Make the secrets that `secure` will hand out, so that they are durable before they leave; (tenant, device, key, now) each.

        The login we call with is kept if there is one; the device's own login is made anew, and old and new both count until the new is used.
        """
        ids = [device_id for _, device_id, _, _ in devices]
        known = {device_id for (device_id,) in fetch_rows(connection, DeviceCredential, ("device_id",), "device_id", ids)}
        fresh = [device for device in devices if device[1] not in known]
        insert_rows(
            connection,
            DeviceCredential,
            [
                {
                    "device_id": device_id, "tenant_id": tenant, "username": key, "secret": "", "next_secret": self._own_secret(),
                    "request_username": random_secret(12), "request_secret": self.vault.seal(random_secret()), "changed_at": now,
                }
                for tenant, device_id, key, now in fresh
            ],
        )  # fmt: skip
        if self.cpe_auth == "device":
            renewed = [{"device_id": d, "next_secret": self._own_secret(), "changed_at": now} for _, d, _, now in devices if d in known]
            update_rows(connection, DeviceCredential, ("device_id",), ("next_secret", "changed_at"), renewed)

    def _own_secret(self) -> str:
        return self.vault.seal(random_secret()) if self.cpe_auth == "device" else ""

"""What a campaign can do to a device, by name: a registry, so that profiles and workflows join by an entry.

An action says for each device what to ask of it now (`Ask`), that nothing is left to ask (`Nothing`), or why it is left out (`Refused`);
it is asked again after each of its operations where it may need several (`has_steps`). It also says how to take back what it did.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from acs.db.tenancy import TenantId
from acs.devices import store
from acs.devices.models import Device
from acs.errors import HearthlineError, Invalid
from acs.firmware import service as firmware
from acs.operations import service as operations
from acs.provisioning.kinds import KINDS
from acs.provisioning.plan import Trust
from acs.secrets import Vault


@dataclass(frozen=True, slots=True)
class Subject:
    """A device as actions see it."""

    id: int
    tenant: TenantId
    serial: str
    model: str
    product_class: str
    oui: str
    vendor: str
    hardware_version: str
    software_version: str
    root: str
    trust: str
    inform_interval_s: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask this operation. `remember`: what taking it back will need, kept before it is asked."""

    kind: str
    args: Mapping[str, Any]
    says: str
    remember: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Nothing:
    """It is as wanted already, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The device is left out, and why."""

    reason: str


Step = Ask | Nothing | Refused
Asker = Callable[[Subject], Step]


@dataclass(frozen=True, slots=True)
class Done:
    """What was asked of a device, and what came of it: what taking back starts from."""

    remembered: Mapping[str, Any]
    result: Mapping[str, Any]


class Action:
    """One kind of thing to do. Subclasses are stateless."""

    name = ""
    has_steps = False

    def check(self, session: Session, tenant: TenantId, args: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as they are kept. Invalid names the argument."""
        raise NotImplementedError

    def kinds(self, args: Mapping[str, Any]) -> tuple[str, ...]:
        """Kinds of operations it asks: their permissions are those it takes."""
        raise NotImplementedError

    def says(self, session: Session, tenant: TenantId, args: Mapping[str, Any]) -> str:
        """In a few words, without secrets."""
        raise NotImplementedError

    def asker(self, session: Session, tenant: TenantId, args: Mapping[str, Any], now: datetime) -> Asker:
        """What it does with each device of a chunk: what all of them share is read once."""
        raise NotImplementedError

    def undone_by(self, args: Mapping[str, Any]) -> str:
        """How it is taken back, or "" where that is not possible."""
        return ""

    def inverse(self, session: Session, vault: Vault | None, args: Mapping[str, Any], subject: Subject, done: Done, now: datetime) -> Step:
        """What takes it back from one device. Refused says why that is not possible."""
        return Refused("This cannot be taken back.")


class Operation(Action):
    """Any kind of operation with its arguments."""

    name = "operation"

    def check(self, session: Session, tenant: TenantId, args: Mapping[str, Any]) -> dict[str, Any]:
        kind = str(args.get("kind", ""))
        if kind not in KINDS:
            raise Invalid(f"There is no operation {kind!r}; there are {', '.join(KINDS)}.", "kind")
        given, _shown = operations.check(kind, args.get("args") or {})
        if "image" in given:
            firmware.get(session, tenant, given["image"])
        return {"kind": kind, "args": given}

    def kinds(self, args: Mapping[str, Any]) -> tuple[str, ...]:
        return (str(args["kind"]),)

    def says(self, session: Session, tenant: TenantId, args: Mapping[str, Any]) -> str:
        shown = operations.shown(args["args"])
        told = [f"{path} = {value}" for path, value, _ in shown.get("values", ())]
        told += [f"{name} {value}" for name, value in shown.items() if name not in ("values", "password", "xml")]
        return ": ".join(part for part in (KINDS[args["kind"]].label, ", ".join(told)) if part)[:300]

    def asker(self, session: Session, tenant: TenantId, args: Mapping[str, Any], now: datetime) -> Asker:
        kind, given = args["kind"], args["args"]

        def ask(subject: Subject) -> Step:
            if refused := _not_admitted(subject):
                return refused
            return Ask(kind, given, KINDS[kind].label, self._remember(session, kind, given, subject))

        return ask

    def _remember(self, session: Session, kind: str, given: Mapping[str, Any], subject: Subject) -> dict[str, Any]:
        match kind:
            case "write":
                known = store.load_tree(session.connection(), subject.id).values
                return {"values": [[path, known[path].value, type_] for path, _, type_ in given["values"] if path in known]}
            case "inform_interval":
                return {"interval_s": subject.inform_interval_s}
            case "firmware":
                return {"version": subject.software_version}
        return {}

    def undone_by(self, args: Mapping[str, Any]) -> str:
        told = {
            "write": "The values that were known before are written again.", "inform_interval": "The interval known before is set again.",
            "add_object": "The row that was added is deleted.", "firmware": Firmware.UNDONE,
        }  # fmt: skip
        return told.get(args["kind"], "")

    def inverse(self, session: Session, vault: Vault | None, args: Mapping[str, Any], subject: Subject, done: Done, now: datetime) -> Step:
        kind, given = args["kind"], args["args"]
        match kind:
            case "write":
                values = done.remembered.get("values") or []
                if len(values) < len(given["values"]):
                    missing = sorted({path for path, _, _ in given["values"]} - {path for path, _, _ in values})
                    return Refused(f"The value of {missing[0]} before the change was not known.")
                plain = [[path, store.reveal(vault, value) if vault else value, type_] for path, value, type_ in values]
                return Ask("write", {"values": plain}, "Write the values of before")
            case "inform_interval" if done.remembered.get("interval_s"):
                return Ask(kind, {"interval_s": done.remembered["interval_s"]}, "Set the interval of before")
            case "add_object" if done.result.get("path"):
                return Ask("delete_object", {"path": done.result["path"]}, "Delete the row that was added")
            case "firmware":
                return back_to(session, subject, str(done.remembered.get("version", "")), now)
        return Refused(f"“{KINDS[kind].label}” cannot be taken back.")


class Firmware(Action):
    """One image, with the images on the way to it where the device cannot load it at once."""

    name = "firmware"
    has_steps = True
    UNDONE = "The image of the version that ran before is loaded again, where the library has it."

    def check(self, session: Session, tenant: TenantId, args: Mapping[str, Any]) -> dict[str, Any]:
        given, _shown = operations.check("firmware", {"image": args.get("image")})
        image = firmware.get(session, tenant, given["image"])
        if image.state is not firmware.ImageState.RELEASED:
            raise Invalid(f"Image {image.id} ({image.version}) is {image.state}; a campaign takes a released one.", "image")
        return {"image": int(image.id)}

    def kinds(self, args: Mapping[str, Any]) -> tuple[str, ...]:
        return ("firmware",)

    def says(self, session: Session, tenant: TenantId, args: Mapping[str, Any]) -> str:
        image = firmware.get(session, tenant, args["image"])
        return f"Firmware {image.version} for {', '.join(image.all_models) or 'any model'}"

    def asker(self, session: Session, tenant: TenantId, args: Mapping[str, Any], now: datetime) -> Asker:
        library, wanted = firmware.listed(session, tenant, with_drafts=False), firmware.get(session, tenant, args["image"])

        def ask(subject: Subject) -> Step:
            if refused := _not_admitted(subject):
                return refused
            path = firmware.path_among(session, tenant, library, runs_of(subject), wanted, now)
            if isinstance(path, firmware.NoPath):
                return Refused(path.reason)
            if not path.steps:
                return Nothing(f"It runs {wanted.version}.")
            step = path.steps[0]
            says = f"{subject.software_version or '?'} → {' → '.join(image.version for image in path.steps)}"
            return Ask("firmware", {"image": int(step.id)}, says, {"version": subject.software_version})

        return ask

    def undone_by(self, args: Mapping[str, Any]) -> str:
        return self.UNDONE

    def inverse(self, session: Session, vault: Vault | None, args: Mapping[str, Any], subject: Subject, done: Done, now: datetime) -> Step:
        return back_to(session, subject, str(done.remembered.get("version", "")), now)


def back_to(session: Session, subject: Subject, version: str, now: datetime) -> Step:
    """The image of the version that ran before. Its rule of what may run before it holds on the way back too."""
    if not version:
        return Refused("Which firmware ran before is not known.")
    if subject.software_version == version:
        return Nothing(f"It runs {version}, as before.")
    why = f"The library has no released image of {version}, which ran before."
    for image in firmware.listed(session, subject.tenant, with_drafts=False):
        if image.version != version:
            continue
        path = firmware.path(session, subject.tenant, runs_of(subject), image.id, now)
        if isinstance(path, firmware.Path) and path.steps:
            return Ask("firmware", {"image": int(path.steps[0].id)}, f"{subject.software_version} → {version}")
        why = path.reason if isinstance(path, firmware.NoPath) else why
    return Refused(why)


def runs_of(subject: Subject) -> firmware.Runs:
    return firmware.Runs(
        subject.id, subject.oui, subject.vendor, subject.model, subject.product_class, subject.hardware_version, subject.software_version
    )  # fmt: skip


def _not_admitted(subject: Subject) -> Refused | None:
    return None if subject.trust == Trust.ADMITTED else Refused(f"It is in {subject.trust}.")


ACTIONS: dict[str, Action] = {action.name: action for action in (Operation(), Firmware())}
"""By name. A new kind of action is one entry: nothing else knows them."""


def action_named(name: str) -> Action:
    found = ACTIONS.get(name)
    if found is None:
        raise Invalid(f"There is no action {name!r}; there are {', '.join(ACTIONS)}.", "action")
    return found


_HEAD = (
    Device.id, Device.tenant_id, Device.serial_number, Device.model, Device.product_class, Device.oui, Device.manufacturer, Device.hardware_version,
    Device.software_version, Device.root, Device.trust, Device.inform_interval_s,
)  # fmt: skip


def subjects(session: Session, tenant: TenantId, ids: list[int]) -> dict[int, Subject]:
    rows = session.execute(select(*_HEAD).where(Device.id.in_(ids), Device.tenant_id == tenant))
    return {row.id: Subject(*tuple(row)) for row in rows}


def asked(asker: Asker, subject: Subject) -> Step:
    """What an asker says of a device; what it refuses by an error is a reason too."""
    try:
        return asker(subject)
    except HearthlineError as error:
        return Refused(str(error))

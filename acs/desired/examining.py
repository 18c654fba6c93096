"""One device looked at: which profiles fit it, what they come to with what is known of it, what is missing, and what would be sent.

The brief of `configure`, the dry run, the drift report and the device page are all this one look: none of them works anything out by itself.
Hooks (what data cannot say) come in as a callable; without one a profile that names a hook says so and its other values hold.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from acs.cwmp.codec import encode
from acs.desired.fitting import Candidate, candidates, fitting
from acs.desired.models import DesiredDevice
from acs.desired.views import DeviceStanding, Examination, Standing
from acs.devices import store
from acs.devices.models import Device
from acs.devices.packing import EMPTY, Tree
from acs.errors import HearthlineError, UnknownDevice
from acs.operations import personal, rules
from acs.provisioning.desired import Cannot, Claim, Desired, Hold, KnownTree, Personal, Profile, Setting, wanted_of
from acs.provisioning.differences import Plan, masked, plan_of
from acs.provisioning.procedure import Context, DeviceFacts
from acs.provisioning.procedures.configuring import Order, configure
from acs.provisioning.quirks import DeviceQuirks, corrections
from acs.provisioning.rehearsal import rehearse
from acs.quirks import service as quirks
from acs.quirks.book import QuirkBook
from acs.secrets import Vault, mask_xml

HookValues = Callable[[Session, Device, str], Mapping[str, Any]]
"""What a hook returns for a device: (session, device, name) -> values by canonical name or path. HearthlineError says why it gave none."""
MESSAGE_MAX = 60_000


@dataclass(frozen=True, slots=True)
class Look:
    """What was found, for those inside this package."""

    device: Device
    candidates: tuple[Candidate, ...]
    tree: Tree
    order: Order
    plan: Plan
    facts: DeviceFacts
    standing: DeviceStanding | None

    @property
    def desired(self) -> Desired:
        return self.order.desired

    @property
    def self_heals(self) -> bool:
        """Whether every profile that something is missing of repairs by itself."""
        missing = {difference.claim.profile for difference in self.plan.differences}
        return bool(missing) and all(one.self_heal for one in self.candidates if one.profile.id in missing) and 0 not in missing

    @property
    def state(self) -> Standing:
        if self.desired.is_empty:
            return Standing.NONE
        if self.standing is None or self.standing.state is Standing.PENDING or self.standing.configured_at is None:
            return Standing.PENDING
        if self.standing.state is Standing.FAILED:
            return Standing.FAILED
        if not self.plan.is_empty:
            changed = self.standing.profiles != tuple(number for number, _ in self.desired.profiles)
            return Standing.PENDING if changed else Standing.DRIFT
        return Standing.PARTIAL if self.plan.gave_up or self.desired.cannot else Standing.IN_STEP


def look(
    session: Session,
    vault: Vault,
    device: Device,
    now: datetime,
    *,
    among: Sequence[Candidate] | None = None,
    with_profile: int | None = None,
    again: bool = False,
    book: QuirkBook | None = None,
    hooks: HookValues | None = None,
) -> Look:
    """`among`: the candidates, where they were read before (a report looks at many devices). `again`: what did not stick before counts as new."""
    found = candidates(session, vault, device.tenant_id, with_profile) if among is None else among
    fit = fitting(session, found, device, now)
    row = session.get(DesiredDevice, device.id)
    standing = standing_of(row) if row is not None else None
    known_quirks = _quirks(session, device, book)
    facts = facts_of(device, known_quirks)
    if not fit:
        order = Order(Desired(), KnownTree(device.root), briefed_at=now.isoformat())
        return Look(device, (), EMPTY, order, Plan(), facts, standing)
    tree = store.load_tree(session.connection(), device.id)
    known = known_tree(vault, device.root, tree)
    reset_at, configured_at = device.last_bootstrap_at, standing.configured_at if standing else None
    fresh = configured_at is None or (reset_at is not None and configured_at < reset_at)
    own = [Personal(p.path, store.reveal(vault, p.value), p.type, p.by, p.at) for p in personal.of_device(session, device.id)]
    profiles, failed = _with_hooks(session, fit, device, hooks)
    desired = wanted_of(
        profiles, known, own, digest=lambda told: vault.sign("desired", told.decode(), 28), corrections=corrections(known_quirks), fresh=fresh,
        reset_at=reset_at, model=rules.model_for(device.root, device.oui, device.product_class, device.software_version),
    )  # fmt: skip
    if failed:
        desired = replace(desired, cannot=(*desired.cannot, *failed))
    marks = {} if again or standing is None else standing.marks
    order = Order(desired, known, marks, _may_be_old(device, tree, desired, standing), _watch(desired, standing, fresh or again),
                  standing.key_lost if standing else 0, now.isoformat())  # fmt: skip
    return Look(device, fit, tree, order, plan_of(desired, known, known_quirks, marks), facts, standing)


def _quirks(session: Session, device: Device, book: QuirkBook | None) -> DeviceQuirks:
    if book is None:
        return quirks.of_device(session, device.tenant_id, device.id).quirks  # type: ignore[arg-type]
    return book.of(device.tenant_id, device.oui, device.product_class, device.software_version, device.quirks)


def facts_of(device: Device, known: DeviceQuirks) -> DeviceFacts:
    """As the session that would be next has them, but for the CWMP version it will speak."""
    firmware, _, methods = device.rpc_methods.partition("\n")
    return DeviceFacts(
        device.root, "1.4", device.product_class, device.hardware_version, device.software_version, device.parameter_key, known, None,
        frozenset(methods.split()) if firmware == device.software_version else frozenset(),
    )  # fmt: skip


def known_tree(vault: Vault, root: str, tree: Tree) -> KnownTree:
    return KnownTree(
        root,
        {path: store.reveal(vault, stored.value) for path, stored in tree.values.items()},
        {path: stored.type for path, stored in tree.values.items()},
        frozenset(tree.objects),
        frozenset(path for path, stored in tree.values.items() if stored.writable is False),
    )


def _may_be_old(device: Device, tree: Tree, desired: Desired, standing: DeviceStanding | None) -> bool:
    """It comes with another ParameterKey than it was given: somebody else wrote on it, and what is wanted was not read since."""
    if standing is None or not standing.key or device.parameter_key == standing.key or device.last_inform_at is None:
        return False
    ages = [tree.values[path].at for path in desired.paths if path in tree.values]
    return bool(desired.rows) or any(at < device.last_inform_at for at in ages)


def _watch(desired: Desired, standing: DeviceStanding | None, fresh: bool) -> bool:
    """What is to be watched is told anew when anything wanted changed, or the device forgot: nobody reads attributes back."""
    return fresh or standing is None or standing.key != desired.key


def _with_hooks(
    session: Session, fit: Sequence[Candidate], device: Device, hooks: HookValues | None
) -> tuple[list[Profile], tuple[Cannot, ...]]:
    """The profiles with the values their hooks return; what kept a hook from saying anything."""
    out, failed = [], []
    for one in fit:
        profile = one.profile
        if profile.hook:
            try:
                if hooks is None:
                    raise HearthlineError("hooks do not run here")
                told = hooks(session, device, profile.hook)
                profile = replace(profile, settings=_joined(profile.settings, told))
            except HearthlineError as error:
                failed.append(Cannot(profile.hook, str(error), Claim(profile.id, profile.name, profile.version, profile.precedence, Hold.KEEP, "")))
        out.append(profile)
    return out, tuple(failed)


def _joined(settings: tuple[Setting, ...], told: Mapping[str, Any]) -> tuple[Setting, ...]:
    """The settings of a profile with what its hook says: of one name the hook's value counts, held as firmly as the profile says."""
    holds = {setting.name: setting.hold for setting in settings}
    kept = tuple(setting for setting in settings if setting.name not in told)
    return (*kept, *(Setting(name, value, holds.get(name, Hold.KEEP)) for name, value in told.items()))


def standing_of(row: DesiredDevice) -> DeviceStanding:
    return DeviceStanding(
        row.device_id, Standing(row.state), row.key, tuple(int(n) for n in row.profiles.split(",") if n), row.drift, row.marks or {}, row.error,
        row.marked_at, row.configured_at, row.checked_at, row.key_lost,
    )  # fmt: skip


# ---- what would be sent --------------------------------------------------------------------------------------


def rehearsed(found: Look, now: datetime) -> tuple[Any, ...]:
    """The messages of a `configure` of this device, as objects with secrets in clear: for tests and `messages`."""
    if found.desired.is_empty:
        return ()
    ctx = Context(found.facts, now, "rehearsal", brief={"order": found.order})
    return rehearse(configure(ctx), found.order.known, found.facts).messages


def messages(found: Look, now: datetime) -> tuple[tuple[str, str], ...]:
    """(name, XML) of each, secrets struck out."""
    said = rehearsed(found, now)
    return tuple((type(m).__name__, mask_xml(encode(m, f"hl{n}")).decode()[:MESSAGE_MAX]) for n, m in enumerate(said, 1))


def examination(found: Look, now: datetime) -> Examination:
    device, desired = found.device, found.desired
    paths = [*desired.paths, *(left.path for left in desired.left)]
    values = found.tree.values
    return Examination(
        device.id, device.serial_number, device.model, found.state, _without_secrets(desired), _plan_without_secrets(found.plan), messages(found, now),
        {path: values[path].at for path in paths if path in values},
        {path: masked(path, found.order.known.values[path]) for path in paths if path in values},
        {one.profile.id: one.profile.name for one in found.candidates}, found.standing, device.parameter_key, device.software_version,
    )  # fmt: skip


def _without_secrets(desired: Desired) -> Desired:
    """For people: the key is worked out before values are struck out."""
    key = desired.key
    return replace(
        desired,
        values=tuple(replace(v, value=masked(v.path, v.value), claim=_blank(v.path, v.claim), over=_blanks(v.path, v.over)) for v in desired.values),
        left=tuple(replace(one, claim=_blank(one.path, one.claim), over=_blanks(one.path, one.over)) for one in desired.left),
        rows=tuple(
            replace(
                r, keys=tuple((c, masked(c, v), t) for c, v, t in r.keys), values=tuple((c, masked(c, v), t) for c, v, t in r.values),
                claim=replace(r.claim, text=""), over=tuple(replace(claim, text="") for claim in r.over),
            )
            for r in desired.rows
        ),
        cannot=tuple(replace(one, claim=replace(one.claim, text="")) for one in desired.cannot),
        fixed_key=key,
    )


def _plan_without_secrets(plan: Plan) -> Plan:
    """What is missing, for people: the values to be written are left out."""
    blank = tuple(replace(d, claim=_blank(d.path, d.claim), over=_blanks(d.path, d.over)) for d in plan.differences)
    gave_up = tuple((replace(d, claim=_blank(d.path, d.claim), over=_blanks(d.path, d.over)), why) for d, why in plan.gave_up)
    return Plan(differences=blank, gave_up=gave_up)


def _blank(path: str, claim: Claim) -> Claim:
    return replace(claim, text=masked(path, claim.text))


def _blanks(path: str, claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    return tuple(_blank(path, claim) for claim in claims)


def device_of(session: Session, tenant: int, device_id: int) -> Device:
    device = session.get(Device, device_id)
    if device is None or device.tenant_id != tenant:
        raise UnknownDevice(f"There is no device {device_id}.")
    return device

"""Software modules of a simulated CPE: what ChangeDUState accepts, and what each of its operations does to the rows of SoftwareModules.

`Work` does one operation after the other, really fetching the units over HTTP; device.py runs it after the session and reports by
DUStateChangeComplete, or by AutonomousDUStateChangeComplete under its policy. Follows TR-157 Annex A, TR-069 A.4.1.10 (conformance
C.13, E-23 to E-33). Tests: tests/simulators/test_modules.py.

HEARTHLINE-MODULE
name: speedmeter
version: 1.2.0
vendor: Hearthline
exec-env: Linux

… filling …
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from twisted.internet.defer import Deferred

from acs.cwmp import events
from acs.cwmp.faults import CPE_FAULTS, CwmpFault
from acs.cwmp.messages import (
    AutonomousDUStateChangeComplete,
    AutonOpResultStruct,
    ChangeDUState,
    ChangeDUStateResponse,
    DeploymentUnitFaultStruct,
    DUStateChangeComplete,
    InstallOpStruct,
    OpResultStruct,
    UninstallOpStruct,
    UpdateOpStruct,
)
from simulators.cpe import M_CHANGE_DU_STATE, Change, Cpe, Transfer, instant
from simulators.firmware import ImageFault, make_file, read_header
from simulators.http import HttpClient
from simulators.transfers import Failed, fetch

MAGIC = b"HEARTHLINE-MODULE"
ROOT = "Device.SoftwareModules."
UNITS, EXECUTIONS, ENVIRONMENTS = ROOT + "DeploymentUnit.", ROOT + "ExecutionUnit.", ROOT + "ExecEnv."
MAX_UNITS = 8
MAX_OPERATIONS = 16
UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
REPORTED_FAULTS = frozenset({9001, 9003, 9012, 9013, 9015, 9016, 9017, 9018, *range(9022, 9033)})
"""What a Result may carry (conformance C-160); anything else is 9001."""

Operation = InstallOpStruct | UpdateOpStruct | UninstallOpStruct


def make_module(name: str, version: str, vendor: str = "Hearthline", exec_env: str = "Linux", size: int = 4096) -> bytes:
    """A unit's file, as devices of this package understand it."""
    return make_file(MAGIC, {"name": name, "version": version, "vendor": vendor, "exec-env": exec_env}, size)


@dataclass(frozen=True, slots=True)
class Package:
    """What a unit's file says."""

    name: str
    version: str
    vendor: str
    exec_env: str
    size: int

    @property
    def uuid(self) -> str:
        """The identifier of a unit that was given none: made of vendor and name, the same on every device."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.vendor}/{self.name}"))


def read_package(content: bytes, url: str) -> Package:
    """Failed 9018 for what is empty or damaged. A file without our header is a unit named after its URL."""
    if not content:
        raise Failed(9018, "the file is empty")
    name = url.partition("?")[0].rstrip("/").rpartition("/")[2] or "module"
    if not content.startswith(MAGIC):
        found = re.search(r"\d+(?:\.\d+)+", name)
        return Package(re.split(r"[-_]?\d+\.\d", name)[0][:64], found[0] if found else "1.0", "", "", len(content))
    try:
        said = read_header(content)
    except ImageFault as error:
        raise Failed(error.code, error.text) from None
    return Package(
        said.get("name", name)[:64], said.get("version", "1.0")[:32], said.get("vendor", ""), said.get("exec-env", ""), len(content)
    )


# ---- accepting ---------------------------------------------------------------------------------------------------


def change_du_state(cpe: Cpe, message: ChangeDUState) -> ChangeDUStateResponse | CwmpFault:
    """Accepted, not done: what is wrong with a single operation is told in its Result (C-155, C-163)."""
    if not cpe.tree.is_object(ROOT):
        return CwmpFault(9000, "no software modules")
    if not message.operations:
        return CwmpFault(9003, "no operation")
    if len(message.operations) + sum(len(change.left.operations) for change in cpe.changes) > MAX_OPERATIONS:
        return CwmpFault(9004, f"at most {MAX_OPERATIONS} operations at a time")
    cpe.changes.append(Change(message, DUStateChangeComplete((), message.command_key)))
    cpe.touched = True
    return ChangeDUStateResponse()


def follow_requested_state(cpe: Cpe, row: str) -> None:
    """An execution unit goes where RequestedState sends it, if its environment runs (conformance C-164)."""
    wanted = cpe.tree.value(row + "RequestedState")
    environment = cpe.tree.value(row + "ExecutionEnvRef")
    runs = wanted == "Active" and cpe.tree.value(environment + ".Enable") in ("true", "1")
    cpe.tree.put(row + "Status", "Active" if runs else "Idle")
    cpe.tree.put(row + "ExecutionFaultCode", "NoFault" if runs or wanted == "Idle" else "FailureOnStart")
    active = [f"{EXECUTIONS}{n}" for n in cpe.tree.rows(EXECUTIONS) if cpe.tree.value(f"{EXECUTIONS}{n}.Status") == "Active"]
    mine = [unit for unit in active if cpe.tree.value(unit + ".ExecutionEnvRef") == environment]
    cpe.tree.put(environment + ".ActiveExecutionUnits", ",".join(mine))


# ---- doing -------------------------------------------------------------------------------------------------------


class Work:
    """Does operations one after the other. `pause` gives the time an installation takes; `client` makes an HTTP client for a download."""

    def __init__(self, cpe: Cpe, client: Callable[[], HttpClient], pause: Callable[[], Deferred[None]]) -> None:
        self.cpe, self.tree, self._client, self._pause = cpe, cpe.tree, client, pause

    async def run(self, change: Change) -> None:
        """All that is left of a change, then the debt of its report. What is done already is kept over a power cut."""
        while change.left.operations:
            results = await self._results(change.left.operations[0])
            change.left = replace(change.left, operations=change.left.operations[1:])
            change.done = replace(change.done, results=(*change.done.results, *results))
            self.cpe.touched = True
        self.cpe.changes = [kept for kept in self.cpe.changes if kept is not change]
        self.cpe.call(change.done, events.DU_STATE_CHANGE_COMPLETE, M_CHANGE_DU_STATE, command_key=change.done.command_key)

    async def run_autonomously(self, operation: Operation) -> None:
        """An operation of the device's own, told as far as the policy wants to know (conformance C-162)."""
        word = type(operation).__name__.removesuffix("OpStruct")
        results = await self._results(operation)
        told = [AutonOpResultStruct(**_fields(result), operation_performed=word) for result in results if self._is_reported(result, word)]
        if told:
            self.cpe.call(AutonomousDUStateChangeComplete(tuple(told)), events.AUTONOMOUS_DU_STATE_CHANGE_COMPLETE)

    def _is_reported(self, result: OpResultStruct, word: str) -> bool:
        def listed(leaf: str) -> list[str]:
            return [each.strip() for each in self.cpe.policy(f"DUStateChangeComplPolicy.{leaf}").split(",") if each.strip()]

        code = result.fault.fault_code
        return (
            self.cpe.policy("DUStateChangeComplPolicy.Enable") in ("true", "1")
            and word in (listed("OperationTypeFilter") or [word])
            and self.cpe.policy("DUStateChangeComplPolicy.ResultTypeFilter") in ("", "Both", "Failure" if code else "Success")
            and (not code or str(code) in (listed("FaultCodeFilter") or [str(code)]))
        )

    async def _results(self, operation: Operation) -> list[OpResultStruct]:
        started = self.cpe.facts.now()
        try:
            match operation:
                case InstallOpStruct():
                    return [await self._install(operation, started)]
                case UpdateOpStruct():
                    return [await self._update(row, operation, started) for row in self._to_update(operation)]
            return [await self._uninstall(row, started) for row in self._to_uninstall(operation)]
        except Failed as error:
            return [self._failed(operation.uuid, "", operation, error, started)]

    # -- install

    async def _install(self, operation: InstallOpStruct, started: float) -> OpResultStruct:
        if operation.uuid and not UUID.fullmatch(operation.uuid):
            raise Failed(9022, CPE_FAULTS[9022])
        environment = self._environment(operation.execution_env_ref)
        if len(self.tree.rows(UNITS)) >= MAX_UNITS:
            raise Failed(9027, f"at most {MAX_UNITS} deployment units")
        row = f"{UNITS}{self.tree.add_row(UNITS)}."
        try:
            for leaf, text in (
                ("UUID", operation.uuid),
                ("Status", "Installing"),
                ("URL", operation.url),
                ("ExecutionEnvRef", environment),
            ):
                self.tree.put(row + leaf, text)
            package = await self._fetch(operation.url, operation.username, operation.password)
            self._check_fit(package, environment)
            identifier = operation.uuid or package.uuid
            if (identifier.lower(), package.version, environment) in [self._key(other) for other in self._units() if other != row]:
                raise Failed(9026, CPE_FAULTS[9026])
            self._describe(row, identifier, package)
            await self._pause()
            execution = self._add_execution_unit(package, environment)
        except BaseException:  # a power cut too: what is half installed is not there
            self.tree.delete_row(row)
            raise
        now = self.cpe.facts.now()
        for leaf, text in (("Status", "Installed"), ("Resolved", "true"), ("ExecutionUnitList", execution), ("Installed", instant(now))):
            self.tree.put(row + leaf, text)
        self.cpe.facts.note(f"{package.name} {package.version} installed")
        return self._succeeded(row, "Installed", started)

    def _environment(self, wanted: str) -> str:
        environment = wanted.rstrip(".") or ENVIRONMENTS + "1"
        if environment.startswith("."):
            environment = "Device" + environment
        if not environment.startswith(ENVIRONMENTS) or not self.tree.is_object(environment + "."):
            raise Failed(9023, f"there is no {environment[:200]}")
        if self.tree.value(environment + ".Enable") not in ("true", "1"):
            raise Failed(9024, CPE_FAULTS[9024])
        return environment

    async def _fetch(self, url: str, username: str, password: str) -> Package:
        if not url.lower().startswith(("http://", "https://")):
            raise Failed(9013, CPE_FAULTS[9013])
        client = self._client()
        try:
            wanted = Transfer("download", "", "software module", url, username, password, 0, "", self.cpe.facts.now())
            return read_package(await fetch(client, self.cpe, wanted), url)
        finally:
            client.close()

    def _check_fit(self, package: Package, environment: str) -> None:
        if package.exec_env and package.exec_env != self.tree.value(environment + ".Type"):
            raise Failed(9025, f"the unit needs {package.exec_env[:60]}")
        if package.size > 1024 * int(self.tree.value(environment + ".AvailableDiskSpace") or 0):
            raise Failed(9027, f"{package.size} octets do not fit")

    def _describe(self, row: str, identifier: str, package: Package) -> None:
        for leaf, text in (
            ("UUID", identifier),
            ("DUID", identifier[:8]),
            ("Name", package.name),
            ("Vendor", package.vendor),
            ("Version", package.version),
        ):
            self.tree.put(row + leaf, text)
        self.tree.put(row + "LastUpdate", instant(self.cpe.facts.now()))

    def _add_execution_unit(self, package: Package, environment: str) -> str:
        number = self.tree.add_row(EXECUTIONS)
        row = f"{EXECUTIONS}{number}."
        values = {
            "EUID": f"{package.name}-{number}", "Name": package.name, "Vendor": package.vendor, "Version": package.version,
            "RequestedState": "Active", "AutoStart": "true", "ExecutionEnvRef": environment, "Status": "Starting", "ExecutionFaultCode": "NoFault",
            "ExecEnvLabel": f"{package.name}-{number}", "CreationTime": instant(self.cpe.facts.now()),
        }  # fmt: skip
        for leaf, text in values.items():
            self.tree.put(row + leaf, text)
        follow_requested_state(self.cpe, row)
        return row.rstrip(".")

    # -- update

    def _to_update(self, operation: UpdateOpStruct) -> list[str]:
        """The units one Update is for: by UUID and version, by URL, or all (C-157)."""
        if operation.uuid and not UUID.fullmatch(operation.uuid):
            raise Failed(9022, CPE_FAULTS[9022])
        found = self._units()
        if operation.uuid:
            found = [row for row in found if self._key(row)[0] == operation.uuid.lower()]
            if operation.version:
                found = [row for row in found if self._key(row)[1] == operation.version]
            elif len({self._key(row)[1] for row in found}) > 1:
                raise Failed(9031, CPE_FAULTS[9031])
        elif operation.url:
            found = [row for row in found if self.tree.value(row + "URL") == operation.url]
        if not found and (operation.uuid or operation.url):
            raise Failed(9028, CPE_FAULTS[9028])
        return found

    async def _update(self, row: str, operation: UpdateOpStruct, started: float) -> OpResultStruct:
        before = self._key(row)
        try:
            self._must_be_installed(row)
            self._environment(before[2])
            self.tree.put(row + "Status", "Updating")
            package = await self._fetch(operation.url or self.tree.value(row + "URL"), operation.username, operation.password)
            self._check_fit(package, before[2])
            if package.version == before[1] or (before[0], package.version, before[2]) in [self._key(other) for other in self._units()]:
                raise Failed(9032, CPE_FAULTS[9032])
            if _order(package.version) < _order(before[1]):
                raise Failed(9030, CPE_FAULTS[9030])
            await self._pause()
        except Failed as error:
            self.tree.put(row + "Status", "Installed")
            return self._failed(before[0], before[1], row, error, started)
        except BaseException:
            self.tree.put(row + "Status", "Installed")
            raise
        self._describe(row, self.tree.value(row + "UUID"), package)
        self.tree.put(row + "URL", operation.url or self.tree.value(row + "URL"))
        self.tree.put(row + "Status", "Installed")
        for execution in self._executions(row):
            self.tree.put(execution + ".Version", package.version)
        self.cpe.facts.note(f"{package.name} updated to {package.version}")
        return self._succeeded(row, "Installed", started)

    def _must_be_installed(self, row: str) -> None:
        if self.tree.value(row + "Status") != "Installed":
            raise Failed(9029, f"the unit is {self.tree.value(row + 'Status')}")

    # -- uninstall

    def _to_uninstall(self, operation: UninstallOpStruct) -> list[str]:
        if not UUID.fullmatch(operation.uuid):
            raise Failed(9022, CPE_FAULTS[9022])
        found = [row for row in self._units() if self._key(row)[0] == operation.uuid.lower()]
        if operation.version:
            found = [row for row in found if self._key(row)[1] == operation.version]
        if operation.execution_env_ref:
            environment = self._environment(operation.execution_env_ref)
            found = [row for row in found if self._key(row)[2] == environment]
        if not found:
            raise Failed(9028, CPE_FAULTS[9028])
        return found

    async def _uninstall(self, row: str, started: float) -> OpResultStruct:
        identifier, version, environment = self._key(row)
        try:
            self._must_be_installed(row)
            self._environment(environment)
        except Failed as error:
            return self._failed(identifier, version, row, error, started)
        self.tree.put(row + "Status", "Uninstalling")
        executions = self._executions(row)
        for execution in executions:
            self.tree.put(execution + ".RequestedState", "Idle")
            follow_requested_state(self.cpe, execution + ".")
        await self._pause()
        result = self._succeeded(row, "Uninstalled", started)
        for execution in executions:
            self.tree.delete_row(execution + ".")
        self.tree.delete_row(row)
        self.cpe.facts.note(f"unit {identifier} {version} uninstalled")
        return result

    # -- looking and telling

    def _units(self) -> list[str]:
        return [f"{UNITS}{number}." for number in self.tree.rows(UNITS)]

    def _key(self, row: str) -> tuple[str, str, str]:
        return self.tree.value(row + "UUID").lower(), self.tree.value(row + "Version"), self.tree.value(row + "ExecutionEnvRef")

    def _executions(self, row: str) -> list[str]:
        return [each for each in self.tree.value(row + "ExecutionUnitList").split(",") if each]

    def _succeeded(self, row: str, state: str, started: float) -> OpResultStruct:
        return OpResultStruct(
            self.tree.value(row + "UUID"), row.rstrip("."), self.tree.value(row + "Version"), state, True,
            self.tree.value(row + "ExecutionUnitList"), instant(started), instant(self.cpe.facts.now()), DeploymentUnitFaultStruct(0, ""),
        )  # fmt: skip

    def _failed(self, identifier: str, version: str, about: Any, error: Failed, started: float) -> OpResultStruct:
        row = about.rstrip(".") if isinstance(about, str) else ""
        code = error.code if error.code in REPORTED_FAULTS else 9001
        version = version or getattr(about, "version", "")
        self.cpe.facts.note(f"software module: {code} {error}")
        return OpResultStruct(
            identifier,
            row,
            version,
            "Failed",
            False,
            "",
            instant(started),
            instant(None),
            DeploymentUnitFaultStruct(code, str(error)[:256]),
        )


def _order(version: str) -> tuple[tuple[int, int, str], ...]:
    """Versions in the order of their numbers: 1.10 after 1.9."""
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"[.\-_+]", version))


def _fields(result: OpResultStruct) -> dict[str, Any]:
    return {field.name: getattr(result, field.name) for field in fields(result)}

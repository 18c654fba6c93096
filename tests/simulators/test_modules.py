"""Software modules that are really fetched, installed, updated and taken away, and each thing that can go wrong."""

from __future__ import annotations

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, ensureDeferred, succeed
from twisted.web.resource import Resource

from acs.cwmp.codec import decode, encode
from acs.cwmp.messages import (
    ChangeDUState,
    ChangeDUStateResponse,
    DUStateChangeComplete,
    DUStateChangeCompleteResponse,
    InformResponse,
    InstallOpStruct,
    UninstallOpStruct,
    UpdateOpStruct,
)
from simulators import rpc
from simulators.http import HttpClient
from simulators.modules import EXECUTIONS, MAX_UNITS, UNITS, Work, make_module, read_package
from simulators.session import Session
from simulators.transfers import Failed
from tests.simulators.kit import ScriptedAcs, make_cpe, make_device, pass_time, quiet_site, set_values

ID = "12345678-1234-1234-1234-1234567890ab"
OTHER = "22222222-1234-1234-1234-1234567890ab"
ENV = "Device.SoftwareModules.ExecEnv.1"


class Shop(Resource):
    """Units by name and version: /meter-1.0, /meter-2.0; /java needs another environment, /cut is damaged, /login wants one."""

    isLeaf = True

    def render_GET(self, request):
        path = request.path.decode()
        if path == "/java":
            return make_module("java", "1.0", exec_env="OSGi")
        if path == "/cut":
            return make_module("cut", "1.0")[:-10]
        if path == "/huge":
            return make_module("huge", "1.0", size=17 * 1024 * 1024)
        if path == "/login":
            request.setResponseCode(401)
            request.setHeader("www-authenticate", 'Basic realm="x"')
            return b""
        if "-" not in path:
            request.setResponseCode(404)
            return b""
        name, _, version = path[1:].partition("-")
        return make_module(name, version)


@pytest.fixture
def shop():
    port = reactor.listenTCP(0, quiet_site(Shop()), interface="127.0.0.1")
    yield f"http://127.0.0.1:{port.getHost().port}/"
    pytest_twisted.blockon(port.stopListening())


def work(cpe, pause=lambda: succeed(None)):
    return Work(cpe, lambda: HttpClient(reactor, idle_s=5, connect_s=5), pause)


async def change(cpe, *operations, key="c1"):
    """The Results of one ChangeDUState."""
    assert rpc.answer(cpe, ChangeDUState(operations, key)) == ChangeDUStateResponse()
    await work(cpe).run(cpe.changes[0])
    report = cpe.calls.pop()
    assert [(event.event_code, event.command_key) for event in report.events] == [
        ("11 DU STATE CHANGE COMPLETE", ""),
        ("M ChangeDUState", key),
    ]
    assert report.message.command_key == key
    assert decode(encode(report.message, "1", "urn:dslforum-org:cwmp-1-2")).message == report.message
    return report.message.results


async def codes(cpe, *operations):
    return [result.fault.fault_code for result in await change(cpe, *operations)]


def install(shop, unit="meter-1.0", uuid=ID, env=""):
    return InstallOpStruct(shop + unit, uuid, "", "", env)


@pytest.mark.cwmp("C-155", "C-156", "C-160", "C-161", "C-164")
@pytest_twisted.ensureDeferred
async def test_installed_updated_uninstalled(shop):
    cpe = make_cpe()
    (result,) = await change(cpe, install(shop))
    unit, execution = UNITS + "1", EXECUTIONS + "1"
    assert (result.uuid, result.deployment_unit_ref, result.version, result.current_state) == (ID, unit, "1.0", "Installed")
    assert (result.resolved, result.execution_unit_ref_list, result.fault.fault_code) == (True, execution, 0)
    assert result.start_time <= result.complete_time < "9999"
    assert [cpe.tree.value(f"{unit}.{leaf}") for leaf in ("Status", "Name", "ExecutionEnvRef")] == ["Installed", "meter", ENV]
    assert [cpe.tree.value(f"{execution}.{leaf}") for leaf in ("Status", "ExecutionFaultCode")] == ["Active", "NoFault"]
    assert cpe.tree.value(ENV + ".ActiveExecutionUnits") == execution

    (result,) = await change(cpe, UpdateOpStruct(ID, "", shop + "meter-2.0"))
    assert (result.version, result.current_state, result.deployment_unit_ref) == ("2.0", "Installed", unit)
    assert cpe.tree.value(execution + ".Version") == "2.0"

    (result,) = await change(cpe, UninstallOpStruct(ID))
    assert (result.version, result.current_state, result.fault.fault_code) == ("2.0", "Uninstalled", 0)
    assert cpe.tree.rows(UNITS) == cpe.tree.rows(EXECUTIONS) == []
    assert cpe.tree.value(ENV + ".ActiveExecutionUnits") == ""
    await change(cpe, install(shop))
    assert cpe.tree.rows(UNITS) == [2]


@pytest.mark.cwmp("L-54", "C-163", "C-159", "E-23", "E-24", "E-25", "E-26", "E-27", "E-28", "E-29", "E-31", "E-33")
@pytest_twisted.ensureDeferred
async def test_each_thing_that_goes_wrong_has_its_code_and_leaves_no_row(shop):
    cpe = make_cpe()
    assert await codes(cpe, install(shop), UninstallOpStruct("no-uuid")) == [0, 9022]
    wrong = [
        (install(shop, uuid="xyz"), 9022), (install(shop, env="Device.SoftwareModules.ExecEnv.9"), 9023), (install(shop, "java"), 9025),
        (install(shop), 9026), (install(shop, "huge"), 9027), (install(shop, "nothing"), 9016), (install(shop, "cut"), 9018),
        (install(shop, "login"), 9012), (InstallOpStruct("http://127.0.0.1:1/x-1"), 9015), (InstallOpStruct("ftp://h/x-1"), 9013),
        (UpdateOpStruct(OTHER), 9028), (UpdateOpStruct("xyz"), 9022), (UpdateOpStruct("", "", shop + "unknown-1"), 9028),
        (UpdateOpStruct(ID, "", shop + "meter-0.9"), 9030), (UpdateOpStruct(ID, "", shop + "meter-1.0"), 9032),
        (UninstallOpStruct(OTHER), 9028), (UninstallOpStruct(ID, "7.0"), 9028),
    ]  # fmt: skip
    assert await codes(cpe, *[operation for operation, _ in wrong[:8]]) == [code for _, code in wrong[:8]]
    assert await codes(cpe, *[operation for operation, _ in wrong[8:]]) == [code for _, code in wrong[8:]]
    assert cpe.tree.rows(UNITS) == [1]
    assert cpe.tree.value(UNITS + "1.Status") == "Installed"
    cpe.tree.put(ENV + ".Enable", "false")
    assert await codes(cpe, install(shop, uuid=OTHER), UninstallOpStruct(ID)) == [9024, 9024]


@pytest.mark.cwmp("E-30", "E-32", "E-28", "C-157", "C-158")
@pytest_twisted.ensureDeferred
async def test_several_versions_a_unit_in_the_middle_of_something_and_a_full_environment(shop):
    cpe = make_cpe()
    assert await codes(cpe, install(shop), install(shop, "meter-2.0")) == [0, 0]
    assert await codes(cpe, UpdateOpStruct(ID, "", shop + "meter-3.0")) == [9031]
    assert await codes(cpe, UpdateOpStruct(ID, "2.0", shop + "meter-3.0")) == [0]
    assert [result.version for result in await change(cpe, UninstallOpStruct(ID))] == ["1.0", "3.0"]
    fill = [install(shop, f"unit-1.{n}", "") for n in range(MAX_UNITS + 1)]
    assert await codes(cpe, *fill) == [0] * MAX_UNITS + [9027]
    assert len(await change(cpe, UpdateOpStruct())) == MAX_UNITS  # update all: each told
    first = cpe.tree.rows(UNITS)[0]
    cpe.tree.put(f"{UNITS}{first}.Status", "Updating")
    assert 9029 in await codes(cpe, UninstallOpStruct(cpe.tree.value(f"{UNITS}{first}.UUID")))


@pytest.mark.cwmp("C-159")
def test_a_unit_without_identifier_gets_the_same_one_everywhere():
    meter = read_package(make_module("meter", "1.0"), "http://h/x")
    assert meter.uuid == read_package(make_module("meter", "2.0"), "http://h/y").uuid != read_package(b"data", "http://h/tool-3.1.pkg").uuid
    assert read_package(b"data", "http://h/tool-3.1.pkg").version == "3.1"
    with pytest.raises(Failed):
        read_package(b"", "http://h/x")


@pytest.mark.cwmp("C-164")
@pytest_twisted.ensureDeferred
async def test_status_goes_through_its_stages_and_a_power_cut_leaves_nothing_half(shop):
    cpe, seen, gate = make_cpe(), [], Deferred()
    rpc.answer(cpe, ChangeDUState((install(shop), install(shop, "tool-1.0", OTHER)), "c1"))

    def pause():
        seen.append([cpe.tree.value(f"{UNITS}{n}.Status") for n in cpe.tree.rows(UNITS)])
        return succeed(None) if len(seen) == 1 else gate

    running = ensureDeferred(work(cpe, pause).run(cpe.changes[0]))
    while len(seen) < 2:
        waiting = Deferred()
        reactor.callLater(0.01, waiting.callback, None)
        await waiting
    assert seen == [["Installing"], ["Installed", "Installing"]]
    running.addErrback(lambda failure: None)
    running.cancel()
    assert cpe.tree.rows(UNITS) == [1]
    later = make_cpe()
    later.from_json(cpe.to_json())
    assert [operation.uuid for operation in later.changes[0].left.operations] == [OTHER]
    await work(later).run(later.changes[0])
    assert [result.uuid for result in later.calls[0].message.results] == [ID, OTHER]


@pytest.mark.cwmp("C-162", "D-32")
@pytest_twisted.ensureDeferred
async def test_what_it_does_by_itself_is_told_as_the_policy_says(shop):
    cpe = make_cpe()
    policy = "Device.ManagementServer.DUStateChangeComplPolicy."
    await work(cpe).run_autonomously(install(shop))
    assert cpe.calls == []
    cpe.tree.put(policy + "Enable", "true")
    cpe.tree.put(policy + "OperationTypeFilter", "Update,Uninstall")
    await work(cpe).run_autonomously(install(shop, "tool-1.0", OTHER))
    assert cpe.calls == []
    cpe.tree.put(policy + "ResultTypeFilter", "Failure")
    cpe.tree.put(policy + "FaultCodeFilter", "9028")
    await work(cpe).run_autonomously(UpdateOpStruct(ID, "", shop + "meter-0.1"))
    assert cpe.calls == []
    await work(cpe).run_autonomously(UninstallOpStruct(ID, "9.9"))
    (call,) = cpe.calls
    assert [event.event_code for event in call.events] == ["12 AUTONOMOUS DU STATE CHANGE COMPLETE"]
    assert (call.message.results[0].operation_performed, call.message.results[0].fault.fault_code) == ("Uninstall", 9028)


@pytest.mark.cwmp("C-155", "C-163")
def test_what_is_not_accepted():
    cpe = make_cpe()
    assert rpc.answer(cpe, ChangeDUState((), "c")).code == 9003
    assert rpc.answer(cpe, ChangeDUState((UninstallOpStruct(ID),) * 17, "c")).code == 9004
    assert rpc.answer(make_cpe("R110"), ChangeDUState((UninstallOpStruct(ID),), "c")).code == 9000


@pytest.mark.cwmp("C-161", "D-31", "D-40")
def test_the_report_is_repeated_over_sessions_and_boots_until_it_is_answered():
    acs = ScriptedAcs(questions=[ChangeDUState((UninstallOpStruct(ID),), "c7")], verdicts=[None])
    device, clock = make_device(acs)
    device.start(0)
    pass_time(clock, 2)
    assert acs.events() == ["11 DU STATE CHANGE COMPLETE", "M ChangeDUState"]
    assert [type(m) for m in acs.messages if isinstance(m, DUStateChangeComplete)] == [DUStateChangeComplete]
    assert device.cpe.calls == []

    cpe = make_cpe()
    cpe.call(DUStateChangeComplete((), "c8"), "11 DU STATE CHANGE COMPLETE", "M ChangeDUState", command_key="c8")
    session = Session(cpe)
    asked = decode(session.first())
    assert isinstance(decode(session.next(encode(InformResponse(1), asked.id, asked.namespace))).message, DUStateChangeComplete)
    cpe.failed()
    later = make_cpe()
    later.from_json(cpe.to_json())
    later.boot()
    session = Session(later)
    asked = decode(session.first())
    assert ("M ChangeDUState", "c8") in [(event.event_code, event.command_key) for event in asked.message.event]
    report = decode(session.next(encode(InformResponse(1), asked.id, asked.namespace)))
    assert session.next(encode(DUStateChangeCompleteResponse(), report.id, asked.namespace)) == b""
    assert later.calls == []


@pytest.mark.cwmp("C-164")
@pytest_twisted.ensureDeferred
async def test_the_acs_stops_and_starts_an_execution_unit(shop):
    cpe = make_cpe()
    await change(cpe, install(shop))
    for wanted in ("Idle", "Active"):
        rpc.answer(cpe, set_values({EXECUTIONS + "1.RequestedState": wanted}))
        assert cpe.tree.value(EXECUTIONS + "1.Status") == wanted

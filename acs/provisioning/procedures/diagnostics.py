"""The diagnoses, for TR-181 and TR-098: start, let the session end, wait for "8 DIAGNOSTICS COMPLETE", read, and tell alike.

Inputs and `Requested` travel in one call (conformance G-2). `Complete` and `Completed` mean the same (X-7). Where the event never comes the
device is called and its state read (G-11). Paths and units: conformance G.2.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import GetParameterNames, GetParameterValues, ParameterValueStruct, SetParameterValues
from acs.cwmp.times import parse_time
from acs.provisioning.procedure import Context, Done, Failed, Outcome, Phase, Procedure, Trigger, Wait
from acs.provisioning.procedures.parameters import read_subtree

_NUMBER = re.compile(r"-?[0-9]{1,20}")
Values = dict[str, str]
"""Results by their path below the diagnosis' object: `SuccessCount`, `RouteHops.1.Host`."""

ERRORS = {
    "Error_CannotResolveHostName": "The name could not be resolved.",
    "Error_NoRouteToHost": "There is no route to that address.",
    "Error_MaxHopCountExceeded": "The target was not reached within the allowed hops.",
    "Error_InitConnectionFailed": "No connection to the test server could be made.",
    "Error_NoResponse": "The test server did not answer.",
    "Error_TransferFailed": "The transfer broke off.",
    "Error_Timeout": "The test took too long.",
    "Error_DNSServerNotResolved": "The DNS server's own name could not be resolved.",
    "Error_Internal": "The device failed inside.",
    "Error_Other": "The device gave no reason.",
    "Error": "The device gave no reason.",
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One diagnosis in one data model: its object, which input is which parameter, and how long it may take."""

    path: str
    inputs: Callable[[Context], list[tuple[str, str, str]]]
    result: Callable[[Values], dict[str, Any]]
    lasts_s: Callable[[Mapping[str, Any]], int]
    state: str = "DiagnosticsState"


def _number(values: Values, name: str) -> int | None:
    text = values.get(name, "").strip()
    return int(text) if _NUMBER.fullmatch(text) else None


def _rows(values: Values, table: str) -> list[Values]:
    rows: dict[int, Values] = {}
    for name, value in values.items():
        if name.startswith(table + "."):
            number, _, column = name[len(table) + 1 :].partition(".")
            if _NUMBER.fullmatch(number) and column:
                rows.setdefault(int(number), {})[column] = value
    return [rows[number] for number in sorted(rows)]


# ---- ping --------------------------------------------------------------------------------------------------


def _ping_inputs(ctx: Context) -> list[tuple[str, str, str]]:
    a = ctx.args
    return [
        ("Host", a["host"], "string"), ("NumberOfRepetitions", str(a["count"]), "unsignedInt"), ("Timeout", str(a["timeout_ms"]), "unsignedInt"),
        ("DataBlockSize", str(a["size"]), "unsignedInt"), ("DSCP", "0", "unsignedInt"),
    ]  # fmt: skip


def _ping_result(v: Values) -> dict[str, Any]:
    sent_back, lost = _number(v, "SuccessCount"), _number(v, "FailureCount")
    return {
        "received": sent_back, "lost": lost, "average_ms": _number(v, "AverageResponseTime"), "minimum_ms": _number(v, "MinimumResponseTime"),
        "maximum_ms": _number(v, "MaximumResponseTime"), "address": v.get("IPAddressUsed", ""),
    }  # fmt: skip


def _ping_lasts(a: Mapping[str, Any]) -> int:
    return int(a["count"]) * (int(a["timeout_ms"]) // 1000 + 1)


# ---- trace route -------------------------------------------------------------------------------------------


def _trace_inputs(ctx: Context) -> list[tuple[str, str, str]]:
    a = ctx.args
    return [
        ("Host", a["host"], "string"), ("NumberOfTries", "3", "unsignedInt"), ("Timeout", str(a["timeout_ms"]), "unsignedInt"),
        ("DataBlockSize", "38", "unsignedInt"), ("MaxHopCount", str(a["max_hops"]), "unsignedInt"),
    ]  # fmt: skip


def _trace_result(v: Values) -> dict[str, Any]:
    hops = []
    for row in _rows(v, "RouteHops"):
        times = row.get("RTTimes", row.get("HopRTTimes", ""))
        hops.append(
            {
                "host": row.get("Host", row.get("HopHost", "")),
                "address": row.get("HostAddress", row.get("HopHostAddress", "")),
                "error": _number(row, "ErrorCode" if "ErrorCode" in row else "HopErrorCode"),
                "times_ms": [int(t) for t in times.replace(" ", "").split(",") if _NUMBER.fullmatch(t)],
            }
        )
    return {"total_ms": _number(v, "ResponseTime"), "hops": hops}


def _trace_lasts(a: Mapping[str, Any]) -> int:
    return int(a["max_hops"]) * 3 * (int(a["timeout_ms"]) // 1000 + 1) // 2 + 20


# ---- throughput --------------------------------------------------------------------------------------------


def _download_inputs(ctx: Context) -> list[tuple[str, str, str]]:
    return [
        ("DownloadURL", ctx.args.get("url") or ctx.brief["download_url"], "string"),
        ("DSCP", "0", "unsignedInt"),
        ("EthernetPriority", "0", "unsignedInt"),
    ]


def _upload_inputs(ctx: Context) -> list[tuple[str, str, str]]:
    return [
        ("UploadURL", ctx.args.get("url") or ctx.brief["upload_url"], "string"), ("DSCP", "0", "unsignedInt"),
        ("EthernetPriority", "0", "unsignedInt"), ("TestFileLength", str(ctx.args["bytes"]), "unsignedInt"),
    ]  # fmt: skip


def _seconds(v: Values, start: str, end: str) -> float | None:
    a, b = parse_time(v.get(start, "")), parse_time(v.get(end, ""))
    return (b - a).total_seconds() if a and b and b > a else None


def throughput(v: Values, counters: tuple[str, ...]) -> dict[str, Any]:
    """Rate = test bytes x 8 / (EOM - BOM) (conformance G-24); None where the device's times make no sense."""
    size = next((n for n in (_number(v, name) for name in counters) if n is not None), None)
    seconds = _seconds(v, "BOMTime", "EOMTime")
    connect = _seconds(v, "TCPOpenRequestTime", "TCPOpenResponseTime")
    return {
        "bytes": size,
        "seconds": seconds,
        "mbps": round(size * 8 / seconds / 1e6, 3) if size and seconds else None,
        "connect_ms": round(connect * 1000, 1) if connect is not None else None,
    }


# ---- name lookup, WiFi neighbours ----------------------------------------------------------------------------


def _lookup_inputs(ctx: Context) -> list[tuple[str, str, str]]:
    a = ctx.args
    return [
        ("HostName", a["host"], "string"), ("DNSServer", a.get("server", ""), "string"), ("Timeout", str(a["timeout_ms"]), "unsignedInt"),
        ("NumberOfRepetitions", str(a["count"]), "unsignedInt"),
    ]  # fmt: skip


def _lookup_result(v: Values) -> dict[str, Any]:
    answers = [
        {
            "status": row.get("Status", ""), "answer": row.get("AnswerType", ""), "name": row.get("HostNameReturned", ""),
            "addresses": [a.strip() for a in row.get("IPAddresses", "").split(",") if a.strip()], "server": row.get("DNSServerIP", ""),
            "time_ms": _number(row, "ResponseTime"),
        }
        for row in _rows(v, "Result")
    ]  # fmt: skip
    return {"answered": _number(v, "SuccessCount"), "answers": answers}


def _scan_result(v: Values) -> dict[str, Any]:
    found: list[dict[str, Any]] = [
        {
            "ssid": row.get("SSID", ""), "bssid": row.get("BSSID", ""), "channel": _number(row, "Channel"),
            "signal_dbm": _number(row, "SignalStrength"), "security": row.get("SecurityModeEnabled", ""),
            "band": row.get("OperatingFrequencyBand", ""), "bandwidth": row.get("OperatingChannelBandwidth", ""),
        }
        for row in _rows(v, "Result")
    ]  # fmt: skip
    found.sort(key=lambda n: -(n["signal_dbm"] or -999))
    return {"neighbours": found}


# ---- echo by UDP, server selection, the line, self test ------------------------------------------------------


def _repeated(ctx: Context) -> list[tuple[str, str, str]]:
    return [("NumberOfRepetitions", str(ctx.args["count"]), "unsignedInt"), ("Timeout", str(ctx.args["timeout_ms"]), "unsignedInt")]


def _echo_inputs(ctx: Context) -> list[tuple[str, str, str]]:
    a = ctx.args
    return [
        ("Host", a["host"], "string"), ("Port", str(a["port"]), "unsignedInt"), ("DataBlockSize", str(a["size"]), "unsignedInt"), *_repeated(ctx),
    ]  # fmt: skip


def _echo_result(v: Values) -> dict[str, Any]:
    """Times in microseconds, unlike a ping's (conformance G-15)."""
    return {
        "received": _number(v, "SuccessCount"), "lost": _number(v, "FailureCount"), "average_us": _number(v, "AverageResponseTime"),
        "minimum_us": _number(v, "MinimumResponseTime"), "maximum_us": _number(v, "MaximumResponseTime"), "address": v.get("IPAddressUsed", ""),
    }  # fmt: skip


def _selection_inputs(ctx: Context) -> list[tuple[str, str, str]]:
    return [("HostList", ",".join(ctx.args["hosts"]), "string"), ("Protocol", ctx.args["protocol"], "string"), *_repeated(ctx)]


def _selection_result(v: Values) -> dict[str, Any]:
    return {
        "fastest": v.get("FastestHost", ""), "average_us": _number(v, "AverageResponseTime"), "minimum_us": _number(v, "MinimumResponseTime"),
        "maximum_us": _number(v, "MaximumResponseTime"), "address": v.get("IPAddressUsed", ""),
    }  # fmt: skip


def _interface(ctx: Context) -> list[tuple[str, str, str]]:
    return [("Interface", ctx.args["interface"], "string")] if ctx.args["interface"] else []


def _loopback_result(v: Values) -> dict[str, Any]:
    return {
        "received": _number(v, "SuccessCount"), "lost": _number(v, "FailureCount"), "average_ms": _number(v, "AverageResponseTime"),
        "minimum_ms": _number(v, "MinimumResponseTime"), "maximum_ms": _number(v, "MaximumResponseTime"),
    }  # fmt: skip


def _line_result(v: Values) -> dict[str, Any]:
    """What the two ends measured, as the device writes it: attenuation and margins in 0.1 dB, curves as comma lists."""
    return {"measured": {name: value for name, value in sorted(v.items()) if not name.endswith("DiagnosticsState") and name != "Interface"}}


def _self_test_result(v: Values) -> dict[str, Any]:
    return {"text": v.get("Results", "")[:1024]}


def _several(a: Mapping[str, Any]) -> int:
    return int(a["count"]) * (int(a["timeout_ms"]) // 1000 + 1) * len(a.get("hosts", (1,)))


LINE_TEST_S = 300
"""A line test drops the line; it ends after the new synchronisation (conformance G-31)."""

# ---- which object in which model ---------------------------------------------------------------------------

_DOWN = ("TestBytesReceived", "TotalBytesReceived")
_UP = ("TestBytesSent", "TotalBytesSent")


def _no_inputs(ctx: Context) -> list[tuple[str, str, str]]:
    return []


def _both(below_181: str, below_098: str, inputs: Any, result: Any, lasts: Any) -> dict[str, Diagnosis]:
    return {"Device": Diagnosis(below_181, inputs, result, lasts), "InternetGatewayDevice": Diagnosis(below_098, inputs, result, lasts)}


DIAGNOSES: dict[str, dict[str, Diagnosis]] = {
    "ping": _both("IP.Diagnostics.IPPing.", "IPPingDiagnostics.", _ping_inputs, _ping_result, _ping_lasts),
    "traceroute": _both("IP.Diagnostics.TraceRoute.", "TraceRouteDiagnostics.", _trace_inputs, _trace_result, _trace_lasts),
    "download_test": _both(
        "IP.Diagnostics.DownloadDiagnostics.", "DownloadDiagnostics.", _download_inputs, lambda v: throughput(v, _DOWN), lambda a: 60
    ),
    "upload_test": _both("IP.Diagnostics.UploadDiagnostics.", "UploadDiagnostics.", _upload_inputs, lambda v: throughput(v, _UP), lambda a: 60),
    "nslookup": _both(
        "DNS.Diagnostics.NSLookupDiagnostics.", "NSLookupDiagnostics.", _lookup_inputs, _lookup_result,
        lambda a: int(a["count"]) * (int(a["timeout_ms"]) // 1000 + 1),
    ),
    "wifi_scan": _both("WiFi.NeighboringWiFiDiagnostic.", "", _no_inputs, _scan_result, lambda a: 60),
    "udp_echo": {"Device": Diagnosis("IP.Diagnostics.UDPEchoDiagnostics.", _echo_inputs, _echo_result, _several)},
    "server_selection": {"Device": Diagnosis("IP.Diagnostics.ServerSelectionDiagnostics.", _selection_inputs, _selection_result, _several)},
    "line_test": {
        "Device": Diagnosis("DSL.Diagnostics.ADSLLineTest.", _interface, _line_result, lambda a: LINE_TEST_S),
        "InternetGatewayDevice": Diagnosis(
            "WANDevice.1.WANDSLDiagnostics.", _no_inputs, _line_result, lambda a: LINE_TEST_S, state="LoopDiagnosticsState"
        ),
    },
    "atm_loopback": {
        "Device": Diagnosis("ATM.Diagnostics.F5Loopback.", lambda ctx: [*_interface(ctx), *_repeated(ctx)], _loopback_result, _several),
        "InternetGatewayDevice": Diagnosis(
            "WANDevice.1.WANConnectionDevice.1.WANATMF5LoopbackDiagnostics.", _repeated, _loopback_result, _several
        ),
    },
    "self_test": _both("SelfTestDiagnostics.", "SelfTestDiagnostics.", _no_inputs, _self_test_result, lambda a: 120),
}  # fmt: skip


def _object(ctx: Context, name: str) -> Any:
    """The diagnosis' full path. TR-098 has no standard WiFi scan: a vendor's object is looked for below LANDevice.1."""
    below = DIAGNOSES[name][ctx.facts.root].path
    if below:
        return ctx.facts.path(below)
    answer = yield GetParameterNames(ctx.facts.path("LANDevice.1."), True)
    if not isinstance(answer, CwmpFault):
        for info in answer.parameter_list:
            if info.name.rstrip(".").endswith("NeighboringWiFiDiagnostic"):
                return info.name.rstrip(".") + "."
    return ""


def start(name: str) -> Phase:
    def run(ctx: Context) -> Procedure:
        if ctx.facts.root not in DIAGNOSES[name]:
            return Failed(f"The data model {ctx.facts.root} has no such test.")
        diagnosis = DIAGNOSES[name][ctx.facts.root]
        path = yield from _object(ctx, name)
        if not path:
            return Failed("This device offers no such test.")
        inputs = [(path + column, value, kind) for column, value, kind in diagnosis.inputs(ctx)]
        request = tuple(ParameterValueStruct(*item) for item in [*inputs, (path + diagnosis.state, "Requested", "string")])
        answer = yield SetParameterValues(request, ctx.facts.parameter_key)
        if isinstance(answer, CwmpFault) and any(p.code == 9005 for p in answer.parameters):
            unknown = {p.name for p in answer.parameters if p.code == 9005}
            if path + diagnosis.state in unknown:
                return Failed("This device offers no such test.", answer)
            answer = yield SetParameterValues(tuple(v for v in request if v.name not in unknown), ctx.facts.parameter_key)
        if isinstance(answer, CwmpFault):
            return Failed("The device refused to start the test.", answer)
        lasts = diagnosis.lasts_s(ctx.args) + 15
        memo = {"path": path, "until": (ctx.now + timedelta(seconds=lasts + 90)).isoformat()}
        return Wait("collect", frozenset({Trigger.DIAGNOSTICS}), ctx.now + timedelta(seconds=lasts), "The device measures", memo)

    return run


def collect(name: str) -> Phase:
    def run(ctx: Context) -> Procedure:
        path = ctx.memo["path"]
        diagnosis = DIAGNOSES[name][ctx.facts.root]
        state = yield GetParameterValues((path + diagnosis.state,))
        if isinstance(state, CwmpFault) or not state.parameter_list:
            return Failed("The result could not be read.", state if isinstance(state, CwmpFault) else None)
        said = state.parameter_list[0].value
        verdict = _verdict(ctx, said)
        if verdict is not None:
            return verdict
        got = yield from read_subtree(ctx, path, [])
        values = {v.name[len(path) :]: v.value for v in got if v.name.startswith(path)}
        return Done({**diagnosis.result(values), "measured_at": ctx.now.isoformat(), "target": ctx.args.get("host", "")})

    return run


def _verdict(ctx: Context, said: str) -> Outcome | None:
    """What DiagnosticsState means; None when results are there."""
    if said in ("Complete", "Completed"):
        return None
    if said.startswith("Error"):
        return Failed(ERRORS.get(said, f"The device reports {said}."), None, {"state": said})
    if said == "Requested" and ctx.now < datetime.fromisoformat(ctx.memo["until"]):
        until = min(ctx.now + timedelta(seconds=30), datetime.fromisoformat(ctx.memo["until"]))
        return Wait("collect", frozenset({Trigger.DIAGNOSTICS}), until, "The device still measures", dict(ctx.memo))
    if said == "Requested":
        return Failed("The device never finished the test.", None, {"state": said})
    return Failed("The test was lost: the device restarted or somebody else began another.", None, {"state": said})

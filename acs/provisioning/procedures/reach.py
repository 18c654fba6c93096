"""Making a device reachable: the login we call it with, STUN, XMPP, and how often it speaks by itself. Conformance F.1 to F.4."""

from collections.abc import Generator
from typing import Any

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    AddObject,
    GetParameterValues,
    ParameterValueStruct,
    SetParameterAttributes,
    SetParameterAttributesStruct,
    SetParameterValues,
)
from acs.provisioning.procedure import Answer, Context, Done, Failed, Outcome, Procedure
from acs.provisioning.spreading import inform_time

_TRUE = ("1", "true")


def contact(ctx: Context) -> Procedure:
    """Nothing but that the device comes."""
    yield from ()
    return Done({})


def request_login(ctx: Context) -> Procedure:
    """Write anew the login we call the device with. brief: request_username, request_secret."""
    taken = yield from hand_out_request_login(ctx)
    if isinstance(taken, CwmpFault):
        return Failed("The device refused the login we call it with; it keeps its old one.", taken)
    return Done({"set": ["request login"], **taken})


def hand_out_request_login(ctx: Context) -> Generator[Any, Answer, CwmpFault | dict[str, str]]:
    """Set the login we call the device with; its fault, or `request_username` where it keeps its own.

    A write is atomic: where the username is refused the password goes with it (quirk K-54), so it is set alone, beside the name it has.
    """
    username, password = (
        ctx.facts.path("ManagementServer.ConnectionRequestUsername"),
        ctx.facts.path("ManagementServer.ConnectionRequestPassword"),
    )
    secret = (password, ctx.brief["request_secret"], "string")
    refused = yield _set(ctx, (username, ctx.brief["request_username"], "string"), secret)
    if not isinstance(refused, CwmpFault):
        return {}
    told = yield GetParameterValues((username,))
    if isinstance(told, CwmpFault) or not told.parameter_list:
        return refused
    answer = yield _set(ctx, secret)
    return refused if isinstance(answer, CwmpFault) else {"request_username": str(told.parameter_list[0].value)}


def enable_stun(ctx: Context) -> Procedure:
    """Have the device keep its way through a NAT open towards our STUN server, and tell us when it moves (F-30 to F-36).

    brief: stun_host, stun_port, stun_username, stun_secret, request_username, request_secret.
    """
    server, brief = ctx.facts.path("ManagementServer."), ctx.brief
    login = (
        (server + "ConnectionRequestUsername", brief["request_username"], "string"),
        (server + "ConnectionRequestPassword", brief["request_secret"], "string"),
    )
    stun = (
        (server + "STUNServerAddress", brief["stun_host"], "string"),
        (server + "STUNServerPort", str(brief["stun_port"]), "unsignedInt"),
        (server + "STUNUsername", brief["stun_username"], "string"),
        (server + "STUNPassword", brief["stun_secret"], "string"),
    )
    on = (server + "STUNEnable", "1", "boolean")
    answer = yield _set(ctx, *login, *stun, on)
    if isinstance(answer, CwmpFault):
        return Failed("The device refused the settings of STUN; nothing was changed.", answer)
    watched = SetParameterAttributesStruct(server + "UDPConnectionRequestAddress", True, 2, False, ())
    answer = yield SetParameterAttributes((watched,))
    tells = not isinstance(answer, CwmpFault)  # it is the default of the standard; our own server sees the address anyway
    return Done({"set": ["request login", "STUN"], "tells_address": tells}, values=(ParameterValueStruct(on[0], "true", "boolean"),))


def enable_xmpp(ctx: Context) -> Procedure:
    """Give the device an account on our XMPP server and have it take requests there (F-50).

    brief: xmpp_username, xmpp_secret, xmpp_domain, xmpp_host ("" for a look-up by DNS), xmpp_port, xmpp_jid (ours), request login. A row that has the
    account already is used again: an earlier session may have added it.
    """
    server, table, brief = ctx.facts.path("ManagementServer."), ctx.facts.path("XMPP.Connection."), ctx.brief
    answer = yield GetParameterValues((server + "SupportedConnReqMethods",))
    methods = "" if isinstance(answer, CwmpFault) else answer.parameter_list[0].value
    if "XMPP" not in {word.strip().upper() for word in methods.split(",")}:
        return Failed("The device cannot be called by XMPP: its SupportedConnReqMethods do not list it.")
    row = yield from _connection_of(table, brief["xmpp_username"])
    if not row:
        answer = yield AddObject(table, ctx.facts.parameter_key)
        if isinstance(answer, CwmpFault):
            return Failed("The device refused a connection of XMPP; nothing was changed.", answer)
        row = f"{table}{answer.instance_number}."
    faults = yield from _fill(ctx, row)
    if faults is not None:
        return Failed("The device refused the settings of XMPP; the connection it has is not complete.", faults, {"connection": row})
    reference = row.rstrip(".")
    answer = yield _set(
        ctx,
        (row + "Enable", "1", "boolean"),
        (server + "ConnectionRequestUsername", brief["request_username"], "string"),
        (server + "ConnectionRequestPassword", brief["request_secret"], "string"),
        (server + "ConnReqXMPPConnection", reference, "string"),
        (server + "ConnReqAllowedJabberIDs", brief["xmpp_jid"], "string"),
    )
    if isinstance(answer, CwmpFault):
        return Failed("The device did not take XMPP as its way to be called.", answer, {"connection": row})
    jid = f"{brief['xmpp_username']}@{brief['xmpp_domain']}"
    return Done({"set": ["request login", "XMPP"], "connection": row, "account": jid})


def _fill(ctx: Context, row: str) -> Generator[Any, Answer, CwmpFault | None]:
    brief = ctx.brief
    by_table = bool(brief["xmpp_host"])
    answer = yield _set(
        ctx,
        (row + "Username", brief["xmpp_username"], "string"),
        (row + "Password", brief["xmpp_secret"], "string"),
        (row + "Domain", brief["xmpp_domain"], "string"),
        (row + "Resource", "cwmp", "string"),
        (row + "UseTLS", "1", "boolean"),
        (row + "ServerConnectAlgorithm", "ServerTable" if by_table else "DNS-SRV", "string"),
    )
    if isinstance(answer, CwmpFault) or not by_table:
        return answer if isinstance(answer, CwmpFault) else None
    known = yield GetParameterValues((row + "Server.",))
    rows = {} if isinstance(known, CwmpFault) else {v.name: v.value for v in known.parameter_list}
    place = next((name.removesuffix("ServerAddress") for name in rows if name.endswith(".ServerAddress")), "")
    if not place:
        answer = yield AddObject(row + "Server.", ctx.facts.parameter_key)
        if isinstance(answer, CwmpFault):
            return answer
        place = f"{row}Server.{answer.instance_number}."
    answer = yield _set(
        ctx,
        (place + "ServerAddress", brief["xmpp_host"], "string"),
        (place + "Port", str(brief["xmpp_port"]), "unsignedInt"),
        (place + "Enable", "1", "boolean"),
    )
    return answer if isinstance(answer, CwmpFault) else None


def _connection_of(table: str, username: str) -> Generator[Any, Answer, str]:
    """The connection that has this account already; "" for none."""
    answer = yield GetParameterValues((table,))
    if isinstance(answer, CwmpFault):
        return ""
    suffix = ".Username"
    found = (
        v.name
        for v in answer.parameter_list
        if v.name.endswith(suffix) and v.value == username and v.name.count(".") == table.count(".") + 1
    )
    return next((name.removesuffix("Username") for name in found), "")


def inform_interval(ctx: Context) -> Procedure:
    """How often the device speaks by itself; what it was before is in the result, to be put back.

    args: interval_s, enable, and `spread`: give it a place of its own in the interval, so that a group does not speak all at once.
    """
    server = ctx.facts.path("ManagementServer.")
    enable, interval = server + "PeriodicInformEnable", server + "PeriodicInformInterval"
    serial = (ctx.facts.path("DeviceInfo.SerialNumber"),) if ctx.args.get("spread") else ()
    answer = yield GetParameterValues((enable, interval, *serial))
    if isinstance(answer, CwmpFault):
        return Failed("The device does not tell how often it speaks; nothing was changed.", answer)
    before = {v.name: v.value for v in answer.parameter_list}
    wanted = str(ctx.args["interval_s"])
    on = "1" if ctx.args.get("enable", True) else "0"
    time = inform_time("".join(before.get(path, "") for path in serial), int(wanted))
    answer = yield from set_interval(ctx, on, wanted, time)
    if isinstance(answer, CwmpFault):
        return Failed("The device refused another interval; it keeps its own.", answer)
    outcome: Outcome = Done(
        {
            "interval_s": int(wanted), "before_s": int(before.get(interval) or 0), "before_enable": before.get(enable, "1").lower() in _TRUE,
            **({"time": answer} if answer else {}),
        },
        values=(ParameterValueStruct(interval, wanted, "unsignedInt"), ParameterValueStruct(enable, on, "boolean")),
    )  # fmt: skip
    return outcome


def set_interval(ctx: Context, on: str, interval_s: str, time: str) -> Generator[Any, Answer, CwmpFault | str]:
    """Write when and how often the device speaks; the time it took, or the fault. One that takes no PeriodicInformTime gets the interval all
    the same: its time is its own affair then."""
    server = ctx.facts.path("ManagementServer.")
    often = ((server + "PeriodicInformEnable", on, "boolean"), (server + "PeriodicInformInterval", interval_s, "unsignedInt"))
    if time:
        answer = yield _set(ctx, *often, (server + "PeriodicInformTime", time, "dateTime"))
        if not isinstance(answer, CwmpFault):
            return time
    answer = yield _set(ctx, *often)
    return answer if isinstance(answer, CwmpFault) else ""


def _set(ctx: Context, *values: tuple[str, str, str]) -> SetParameterValues:
    return SetParameterValues(tuple(ParameterValueStruct(*each) for each in values), ctx.facts.parameter_key)

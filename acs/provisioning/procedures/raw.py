"""What a device can be asked beyond the data model: its methods, options and attributes, vouchers, and vendors' own methods (C-5, C-6, C.1, C.12)."""

from acs.cwmp import codec
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import GetOptions, GetParameterAttributes, GetRPCMethods, SetVouchers
from acs.provisioning.procedure import Context, Done, Failed, Procedure
from acs.provisioning.procedures.plain import in_words

ANSWER_MAX = 100_000


def rpc_methods(ctx: Context) -> Procedure:
    """Kept with the device, so that what it does not list is not asked in vain (conformance C-5)."""
    answer = yield GetRPCMethods()
    if isinstance(answer, CwmpFault):
        return Failed("The device does not tell what it can do.", answer)
    methods = tuple(dict.fromkeys(name.strip() for name in answer.method_list if name.strip()))
    return Done({"methods": list(methods)}, methods=methods)


def options(ctx: Context) -> Procedure:
    """args: name, "" for all."""
    answer = yield GetOptions(ctx.args["name"])
    if isinstance(answer, CwmpFault):
        return Failed(f"The device does not tell its options: {in_words(answer.code)}.", answer)
    told = [
        {
            "name": o.option_name, "voucher": o.voucher_sn, "enabled": bool(o.state & 1), "set_up": bool(o.state & 2), "mode": o.mode,
            "from": o.start_date, "until": o.expiration_date, "transferable": bool(o.is_transferable),
        }
        for o in answer.option_list
    ]  # fmt: skip
    return Done({"options": told})


def vouchers(ctx: Context) -> Procedure:
    """args: vouchers, base64 texts."""
    if ctx.maybe_sent:
        return Failed("The connection broke while the vouchers were being sent: read the options before you send them again.")
    answer = yield SetVouchers(tuple(ctx.args["vouchers"]))
    if isinstance(answer, CwmpFault):
        return Failed(f"The device did not take the vouchers: {in_words(answer.code)}.", answer)
    return Done({"count": len(ctx.args["vouchers"])})


def attributes(ctx: Context) -> Procedure:
    """args: paths. How each value is watched, and who may change it besides us."""
    answer = yield GetParameterAttributes(tuple(ctx.args["paths"]))
    if isinstance(answer, CwmpFault):
        return Failed("The device does not tell how these values are watched.", answer)
    told = [{"path": a.name, "notification": a.notification, "access": list(a.access_list)} for a in answer.parameter_list]
    return Done({"attributes": told})


def raw_rpc(ctx: Context) -> Procedure:
    """args: xml, one element of a vendor's method (conformance C-6). result: xml, the answer's element, masked where it is kept."""
    if ctx.maybe_sent:
        return Failed("The connection broke when the call may have left: look at the device before you send it again.")
    request = codec.raw_rpc(ctx.args["xml"])
    answer = yield request
    if isinstance(answer, CwmpFault):
        return Failed(f"The device refused {request.name}: {in_words(answer.code)}.", answer)
    return Done({"method": request.name, "xml": answer.xml[:ANSWER_MAX], "cut": len(answer.xml) > ANSWER_MAX})

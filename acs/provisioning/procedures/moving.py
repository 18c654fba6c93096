"""Sending a device to another ACS for good: its ManagementServer.URL, written alone (conformance J-17, quirk K-54)."""

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import ParameterValueStruct, SetParameterValues
from acs.provisioning.procedure import Context, Done, Failed, Procedure


def move_acs(ctx: Context) -> Procedure:
    """args: url. Not read back: from here on the device belongs to the other ACS, and may go there at once.

    A device that comes to us again after a session that broke off still has our address, so writing once more does no harm.
    """
    path = ctx.facts.path("ManagementServer.URL")
    answer = yield SetParameterValues((ParameterValueStruct(path, ctx.args["url"], "string"),), ctx.facts.parameter_key)
    if isinstance(answer, CwmpFault):
        return Failed("The device refused the new address. It stays with us.", answer)
    return Done({"url": ctx.args["url"], "needs_restart": answer.status == 1})

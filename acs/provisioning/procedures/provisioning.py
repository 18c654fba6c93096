"""The first session of a device of a known kind: its logins, then what people care about of it, read by name. No discovery."""

from dataclasses import replace

from acs.provisioning.procedure import Context, Done, Failed, Procedure, Wait
from acs.provisioning.procedures.lifecycle import secure
from acs.provisioning.procedures.parameters import Missing, Pace, discover, read_names

UNLIKE = 4
"""With more than one name in so many missing, a device is not of the kind it says it is, and is discovered."""


def provision(ctx: Context) -> Procedure:
    """brief: that of `secure`, and names, the leaves its kind is read by; none where the kind was forgotten meanwhile."""
    secured = yield from secure(ctx)
    if isinstance(secured, Wait):
        return replace(secured, phase="provision")
    names: list[str] = ctx.brief.get("names", [])
    missing: Missing = []
    wanted = [name for name in names if ctx.facts.quirks.of("refused_names", name) is None]
    got = yield from read_names(wanted, Pace.of(ctx), missing)
    if not got or len(missing) * UNLIKE > len(names):
        whole = yield from discover(ctx)
        if isinstance(whole, Wait):
            return replace(whole, phase="provision")
        if isinstance(whole, Failed) or isinstance(secured, Failed):
            failed = secured if isinstance(secured, Failed) else whole
            assert isinstance(failed, Failed)
            return replace(failed, snapshots=whole.snapshots)
        return replace(whole, result={**secured.result, **whole.result})
    if isinstance(secured, Failed):
        return secured
    return Done({**secured.result, "count": len(got)})

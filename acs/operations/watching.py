"""Which values a device may be asked to report at once: none that changes by itself, or it would inform without end (conformance K-46, G-13).

The models say which parameters a device may refuse to watch actively; light levels and diagnoses belong to them too. Passive notification, with
the next contact, is always allowed (C-66).
"""

from collections.abc import Iterable

from acs.errors import Invalid
from datamodels import tree

ACTIVE = frozenset({2, 5, 6})
_RESTLESS = ("OpticalSignalLevel", "TransmitOpticalLevel", "DiagnosticsState", "RxPower", "TxPower", "SignalStrength", "Noise")


def refuse_restless(paths: Iterable[str], notification: int) -> None:
    """Invalid, naming the path, where an active notification would never be quiet or reaches further than can be seen."""
    if notification not in ACTIVE:
        return
    for path in paths:
        if path.endswith("."):
            raise Invalid(f"{path} is a whole object: name the parameters that shall be reported at once.", "paths")
        root = path.partition(".")[0]
        entry = tree.for_root(root).lookup(path) if root in tree.ROOTS else None
        if path.rpartition(".")[2] in _RESTLESS or (entry is not None and entry.active_notify == "canDeny"):
            raise Invalid(f"{path} changes by itself all the time: it can be reported with the next contact (1), not at once.", "paths")

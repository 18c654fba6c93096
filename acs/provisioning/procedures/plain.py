"""What a fault of a transfer or of a software module means, in a sentence a person can act on."""

from acs.cwmp.faults import meaning

_WORDS = {
    9000: "the device does not know how to do that",
    9001: "the device does not allow it",
    9002: "the device failed inside",
    9004: "the device has no room for it",
    9010: "the file could not be transferred",
    9011: "the file could not be sent",
    9012: "the file server did not accept the device's login",
    9013: "the device cannot use that kind of address",
    9014: "the device could not join the multicast group",
    9015: "the device could not reach the file server",
    9016: "the file server has no such file for the device",
    9017: "the download broke off",
    9018: "the file arrived damaged",
    9019: "the file is not signed as the device wants it",
    9020: "the device found no time for it within its time windows",
    9021: "the transfer has begun and can no longer be called off",
    9022: "the unit's UUID is malformed",
    9023: "the device has no such execution environment",
    9024: "the execution environment is switched off",
    9025: "the unit does not run in that execution environment",
    9026: "the unit is installed already",
    9027: "the device has no room left",
    9028: "the device has no such unit",
    9029: "the unit is busy with another change",
    9030: "the device installs no older version than it has",
    9031: "the device wants to be told the version",
    9032: "that version is installed already",
}


def in_words(code: int) -> str:
    """Small letters first, no full stop; what we have no words for keeps the standard's."""
    return _WORDS.get(code) or meaning(code).lower()

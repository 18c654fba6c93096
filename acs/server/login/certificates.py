"""TLS client certificates of devices: read, verified, and whose they are (conformance A-105, J-2, L-26).

A certificate counts when one of the authorities for devices issued it, or when its fingerprint is registered. Its subject's CN names the
device, OUI-ProductClass-SerialNumber or OUI-SerialNumber, percent-encoded (A-99); a registered fingerprint or subject comes first. One that
names no device proves at most its model, and a login is asked for as well. It is never guessed what an unescaped name may mean (A-101).
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import crypto

from acs.access.views import CertificateKind, CertificateView
from acs.cwmp.identity import Identity, split_username
from acs.errors import WrongEnvironment

_VERDICTS_KEPT = 10_000
_VERDICT_LIFE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """What of a certificate matters here. `trouble`: why no authority of ours stands for it, "" where one does."""

    fingerprint: str
    subject: str
    common_name: str
    trouble: str


@dataclass(frozen=True, slots=True)
class OfDevice:
    """The certificate is one device's: by identity as its subject spells it, or by the key it was registered for."""

    identity: Identity | None = None
    key: str = ""

    def agrees(self, claimed: Identity) -> bool:
        """Whether it may speak for `claimed`; a subject without ProductClass says nothing of it."""
        if self.identity is None:
            return claimed.key == self.key
        one = self.identity
        same = one.oui == claimed.oui and one.serial_number == claimed.serial_number
        return same and one.product_class in ("", claimed.product_class)


@dataclass(frozen=True, slots=True)
class OfModel:
    """Shared by all devices of a model: proves that, and no more."""

    oui: str
    product_class: str

    def agrees(self, claimed: Identity) -> bool:
        return self.oui in ("", claimed.oui) and self.product_class in ("", claimed.product_class)


@dataclass(frozen=True, slots=True)
class Void:
    """Proves nothing; `revoked` ones are turned away, others may still log in where no certificate is required."""

    why: str
    revoked: bool = False


Proof = OfDevice | OfModel | Void


@lru_cache(maxsize=4096)
def _read(der: bytes) -> tuple[str, str, str]:
    """(fingerprint, subject, common name); ValueError for what is no certificate."""
    parsed = x509.load_der_x509_certificate(der)
    names = parsed.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    common = str(names[0].value) if names else ""
    return parsed.fingerprint(hashes.SHA256()).hex(), parsed.subject.rfc4514_string(), common


def der_of_pem(pem: str) -> bytes:
    """ValueError for what is none."""
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)


@dataclass
class Authorities:
    """Who issues certificates for devices, from a PEM file; read again when the file changes."""

    path: Path
    _stamp: tuple[int, int] = (0, 0)
    _store: crypto.X509Store | None = None
    _verdicts: OrderedDict[str, tuple[float, str]] = field(default_factory=OrderedDict)

    def load(self) -> None:
        """WrongEnvironment if the file cannot be read or holds none."""
        try:
            found = self.path.stat()
            stamp = (found.st_mtime_ns, found.st_size)
            if stamp == self._stamp:
                return
            parsed = x509.load_pem_x509_certificates(self.path.read_bytes())
        except (OSError, ValueError) as error:
            raise WrongEnvironment(f"Authorities of devices {self.path}: {error}. Set HEARTHLINE_TLS_CLIENT_CA to a PEM file.") from None
        store = crypto.X509Store()
        for each in parsed:
            store.add_cert(crypto.X509.from_cryptography(each))
        self._store, self._stamp = store, stamp
        self._verdicts.clear()

    def trouble(self, der: bytes, fingerprint: str, chain: Sequence[bytes], now_s: float) -> str:
        """Why this certificate is not one of theirs, "" if it is. Kept for an hour: signatures are dear."""
        known = self._verdicts.get(fingerprint)
        if known is not None and now_s - known[0] < _VERDICT_LIFE_S:
            return known[1]
        if self._store is None:
            self.load()
        assert self._store is not None
        between = [crypto.load_certificate(crypto.FILETYPE_ASN1, each) for each in chain]
        try:
            crypto.X509StoreContext(self._store, crypto.load_certificate(crypto.FILETYPE_ASN1, der), between).verify_certificate()
            trouble = ""
        except crypto.X509StoreContextError as error:
            trouble = str(error)[:200] or "not verified"
        self._verdicts[fingerprint] = (now_s, trouble)
        if len(self._verdicts) > _VERDICTS_KEPT:
            self._verdicts.popitem(last=False)
        return trouble


def certificate_of(
    der: bytes, authorities: Authorities | None, chain: Sequence[bytes], now: datetime, vouched: bool = False
) -> Certificate | None:
    """The certificate; None for what is none. `vouched`: a proxy of ours verified it, and we have no authorities to ask ourselves."""
    try:
        fingerprint, subject, common = _read(der)
    except ValueError:
        return None
    if authorities is not None:
        trouble = authorities.trouble(der, fingerprint, chain, now.timestamp())
    else:
        trouble = "" if vouched else "no authority for devices is set (HEARTHLINE_TLS_CLIENT_CA)"
    return Certificate(fingerprint, subject[:300], common[:255], trouble)


@dataclass(frozen=True, slots=True)
class Registered:
    """Certificates somebody registered, by fingerprint and by subject or common name."""

    by_fingerprint: dict[str, CertificateView] = field(default_factory=dict)
    by_subject: dict[str, CertificateView] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: Sequence[CertificateView]) -> "Registered":
        return cls({r.fingerprint: r for r in rules if r.fingerprint}, {r.subject: r for r in rules if r.subject})

    def proof(self, certificate: Certificate) -> Proof:
        """Whose it is. A fingerprint stands for itself; a subject only where an authority of ours stands for the certificate."""
        rule = self.by_fingerprint.get(certificate.fingerprint)
        if rule is None:
            rule = self.by_subject.get(certificate.subject) or self.by_subject.get(certificate.common_name)
            if certificate.trouble and (rule is None or rule.kind is not CertificateKind.REVOKED):
                return Void(f"certificate {certificate.subject[:120]!r}: {certificate.trouble}")
        if rule is not None:
            match rule.kind:
                case CertificateKind.REVOKED:
                    return Void(f"certificate {certificate.subject[:120]!r} is revoked (entry {rule.id})", revoked=True)
                case CertificateKind.DEVICE:
                    return OfDevice(key=rule.device_key)
                case CertificateKind.MODEL:
                    return OfModel(rule.oui, rule.product_class)
        spelled = split_username(certificate.common_name)
        if spelled is not None and spelled.serial_number:
            return OfDevice(spelled)
        return OfModel("", "")

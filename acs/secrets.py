"""Secrets: made, sealed at rest, used to sign, and kept out of what people read.

One 32-byte key file in the data directory seals everything (AES-GCM) and signs links and nonces (HMAC-SHA256 with a key
derived per purpose). Losing the file loses the sealed secrets; docs/operations.md says how to back it up.
"""

import base64
import hashlib
import hmac
import os
import re
import secrets as _random
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from acs.errors import WrongEnvironment

_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without look-alikes


def random_secret(length: int = 24) -> str:
    """A secret that survives every CPE's parser: letters and digits only. 24 of them are 139 bits (conformance J-3)."""
    return "".join(_random.choice(_ALPHABET) for _ in range(length))


def _make_key_file(path: Path) -> None:
    """Written beside and linked, so that a process that starts at the same moment sees the whole key or none; the first one wins."""
    beside = path.with_name(f".{path.name}.{_random.token_hex(8)}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(_random.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)
    except FileExistsError:
        pass  # another process was faster
    finally:
        beside.unlink(missing_ok=True)


class Vault:
    """Seals and opens texts, signs bytes. Immutable, may be shared by threads."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError(f"a vault key has 32 bytes, not {len(key)}")
        self._key = key
        self._aead = AESGCM(self._derive("seal"))

    @classmethod
    def of(cls, home: Path) -> "Vault":
        """The vault of a data directory; its key file is made on first use, readable by the owner only."""
        path = home / "secret.key"
        try:
            if not path.exists():
                _make_key_file(path)
            return cls(path.read_bytes())
        except OSError as error:
            raise WrongEnvironment(f"Key file {path} cannot be made or read: {error.strerror}") from None
        except ValueError as error:
            raise WrongEnvironment(f"Key file {path} is damaged: {error}. Put back a copy of it.") from None

    def _derive(self, purpose: str) -> bytes:
        return hmac.digest(self._key, f"hearthline/{purpose}".encode(), "sha256")

    def seal(self, text: str) -> str:
        nonce = _random.token_bytes(12)
        return "1:" + base64.urlsafe_b64encode(nonce + self._aead.encrypt(nonce, text.encode(), None)).decode()

    def open(self, sealed: str) -> str:
        """The text; ValueError if it was sealed under another key or altered."""
        version, _, rest = sealed.partition(":")
        if version != "1":
            raise ValueError("not a sealed secret")
        raw = base64.urlsafe_b64decode(rest)
        try:
            return self._aead.decrypt(raw[:12], raw[12:], None).decode()
        except Exception:
            raise ValueError("sealed under another key: was secret.key replaced?") from None

    def key_for(self, purpose: str) -> bytes:
        """A 32-byte key of its own for `purpose`; the same in every process of this data directory."""
        return self._derive(purpose)

    def sign(self, purpose: str, data: str, length: int = 32) -> str:
        """A URL-safe signature of `length` characters (6 bits each)."""
        digest = hmac.digest(self._derive(purpose), data.encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode()[:length]

    def signed(self, purpose: str, data: str, signature: str) -> bool:
        return hmac.compare_digest(self.sign(purpose, data, len(signature)), signature) if len(signature) >= 20 else False


# ---- keeping secrets out of what people read ------------------------------------------------------------------

MASK = "••••••"

_WORDS = (
    r"(?:(?i:password|passwd|passphrase|pre_?shared_?key|wep_?key|secret|private_?key|encryption_?key|authentication_?key|psk|pwd)|PIN)\d*"
)
"""How names of secret parameters end, also vendors' (datamodels/check.py knows the models' flags beside)."""
_SECRET_LEAF = re.compile(_WORDS + "$")
_HINTS = (
    b"pass", b"shared", b"wep", b"secret", b"private", b"encryption", b"authentication", b"psk", b"pwd", b"pin</", b"username>", b"base64>",
)  # fmt: skip
"""Without any of these in it, in small letters, a message holds nothing to strike out: cheaper to ask than to look at every value."""
_TEXT = rb"[^<]*+(?:<!(?:\[CDATA\[.*?(?:\]\]>|\Z)|--.*?(?:-->|\Z))[^<]*+)*+"
"""Possessive, and to the end where a section never ends: what was looked at once is not looked at again."""
_TAG_AT_MOST, _NAME_AT_MOST = 64, 4096
"""How far back a value's name is looked for."""
_XML_VALUE = re.compile(rb"Name\s*>\s*<(?:[\w.-]+:)?Value[^>]*(?<!/)>(" + _TEXT + rb")", re.S)
_BEFORE_LEAF = re.compile(rb"[.>\[]")
_LINK = re.compile(rb"(/f/\w+/\d+/\d+/)[\w-]{32}")
"""A signed link to our files server: whoever holds it may fetch the file."""
_FIELDS = ("Username", "base64", "password", "passwd", "passphrase", "secret", "psk", "pwd")
"""Elements that are secrets themselves: logins, items of a VoucherList, and arguments of vendors' methods whose name ends so."""
_FIELD_HINTS = tuple(name.lower().encode() + end for name in _FIELDS for end in (b">", b" "))
_XML_FIELD = re.compile(
    rb"(<(?:[\w.-]+:)?(?:Username|base64|[\w.-]*(?i:" + "|".join(_FIELDS[2:]).encode() + rb"))(?:\s[^<>]*+)?(?<!/)>)(?!</)" + _TEXT, re.S
)


@lru_cache(maxsize=8192)
def is_secret_name(path: str) -> bool:
    """Whether a parameter's name alone says that its value is a secret."""
    return _SECRET_LEAF.search(path) is not None


def mask_value(path: str, value: str) -> str:
    return MASK if value and is_secret_name(path) else value


def mask_xml(body: bytes) -> bytes:
    """An envelope with the values of secret parameters, file credentials and signed links struck out."""
    small = body.lower()
    if b"/f/" not in small and not _hints_at_secrets(small):
        return body  # nine of ten messages
    stars = MASK.encode()
    parts, at = [], 0
    for found in _XML_VALUE.finditer(body):
        end = body.rfind(b"</", max(at, found.start() - _TAG_AT_MOST), found.start() + 4)
        # `<Name>Device.A.B` or `<![CDATA[Device.A.B`
        name = body[body.rfind(b"<", max(at, end - _NAME_AT_MOST), end) : end].strip().removesuffix(b"]]>")
        if found[1] and _is_secret_leaf(_BEFORE_LEAF.split(name)[-1].strip()):
            parts += [body[at : found.start(1)], stars]
            at = found.end(1)
    if parts:
        body = b"".join((*parts, body[at:]))
    if b"/f/" in body:
        body = _LINK.sub(rb"\g<1>" + stars, body)
    if any(hint in small for hint in _FIELD_HINTS):
        body = _XML_FIELD.sub(rb"\g<1>" + stars, body)
    return body


def mask_values(body: bytes, shape: bytes, names: Iterable[str]) -> bytes:
    """As mask_xml, cheaper, for an envelope whose tags are those of `shape` and which holds the values of `names`, and nothing else."""
    if _is_harmless(shape) and b"/f/" not in body and not any(map(is_secret_name, names)):
        return body
    return mask_xml(body)


@lru_cache(maxsize=4096)
def _is_harmless(shape: bytes) -> bool:
    return bool(shape) and not _hints_at_secrets(shape.lower())


def _hints_at_secrets(small: bytes) -> bool:
    return any(word in small for word in _HINTS)


@lru_cache(maxsize=8192)
def _is_secret_leaf(name: bytes) -> bool:
    return is_secret_name(name.decode("utf-8", "replace"))


def fingerprint(text: str) -> str:
    """A short name for a secret token, to look it up by: SHA-256, hex."""
    return hashlib.sha256(text.encode()).hexdigest()

"""Secrets among an operation's arguments: sealed in its row, open only for the session that writes them."""

from collections.abc import Mapping
from typing import Any

from acs.devices.store import SEALED, reveal, seal_value
from acs.secrets import Vault, is_secret_name

_WHOLE = ("password", "xml")
"""Arguments that are secrets, or may hold some, as a whole."""


def has_secrets(args: Mapping[str, Any]) -> bool:
    return any(args.get(name) for name in (*_WHOLE, "vouchers")) or any(
        value and is_secret_name(path) for path, value, _ in args.get("values", ())
    )


def seal_args(vault: Vault, args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as they are stored."""
    if not has_secrets(args):
        return dict(args)
    sealed = {**args, **{name: SEALED + vault.seal(args[name]) for name in _WHOLE if args.get(name)}}
    if "vouchers" in args:
        sealed["vouchers"] = [SEALED + vault.seal(voucher) for voucher in args["vouchers"]]
    if "values" in args:
        sealed["values"] = [[path, seal_value(vault, path, value), kind] for path, value, kind in args["values"]]
    return sealed


def open_args(vault: Vault, args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as a procedure needs them."""
    opened = {**args, **{name: reveal(vault, args[name]) for name in _WHOLE if name in args}}
    if "vouchers" in args:
        opened["vouchers"] = [reveal(vault, voucher) for voucher in args["vouchers"]]
    if any(value.startswith(SEALED) for _, value, _ in args.get("values", ())):
        opened["values"] = [[path, reveal(vault, value), kind] for path, value, kind in args["values"]]
    return opened

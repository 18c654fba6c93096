"""Secrets among an operation's arguments: sealed in its row, open only for the session that writes them."""

from collections.abc import Mapping
from typing import Any

from acs.devices.store import SEALED, reveal, seal_value
from acs.secrets import Vault, is_secret_name


def has_secrets(args: Mapping[str, Any]) -> bool:
    return any(value and is_secret_name(path) for path, value, _ in args.get("values", ()))


def seal_args(vault: Vault, args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as they are stored."""
    if not has_secrets(args):
        return dict(args)
    return {**args, "values": [[path, seal_value(vault, path, value), kind] for path, value, kind in args["values"]]}


def open_args(vault: Vault, args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as a procedure needs them."""
    if not any(value.startswith(SEALED) for _, value, _ in args.get("values", ())):
        return dict(args)
    return {**args, "values": [[path, reveal(vault, value), kind] for path, value, kind in args["values"]]}

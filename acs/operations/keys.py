"""CommandKeys of operations."""

import secrets


def new_command_key() -> str:
    """Unique, and short enough for the 32 characters of a CommandKey."""
    return "hl" + secrets.token_hex(10)

"""What a fleet remembers over a restart, in one JSON file written whole and put in place at once."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from acs.errors import WrongEnvironment

FORMAT = 1


def load(path: Path) -> dict[str, Any]:
    """Per device key what was kept; empty if there is no such file. WrongEnvironment if it is another kind of file."""
    try:
        kept = json.loads(path.read_text())
        if kept["format"] != FORMAT:
            raise ValueError
        return dict(kept["devices"])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError):
        raise WrongEnvironment(f"State file {path} cannot be read: remove it to start with fresh devices") from None


def save(path: Path, devices: dict[str, Any]) -> None:
    """Atomically, readable by the owner only: it holds passwords. WrongEnvironment when it cannot be written."""
    part = path.with_name(path.name + ".part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"format": FORMAT, "devices": devices}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise WrongEnvironment(f"State file {path} cannot be written: {error.strerror}") from None

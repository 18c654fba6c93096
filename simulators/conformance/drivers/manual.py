"""A person as driver: the suite says what the ACS should be asked to do, and waits. One case at a time.

Tests: tests/simulators/conformance/drivers/test_manual.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twisted.internet.threads import deferToThread

from simulators.conformance.driver import ACTIONS, DriverFailed, Identified, Outcome

_WORDS = {"d": "done", "f": "failed", "p": "pending"}


@dataclass
class Manual:
    """`prompt` shows a text and returns what was typed; "skip" gives the case up. Images are laid into `folder`."""

    prompt: Callable[[str], str]
    folder: Path
    name: str = "manual"
    capabilities: frozenset[str] = field(default_factory=lambda: frozenset(ACTIONS))

    async def open(self) -> None:
        await self._say("The suite will tell you what the ACS should do. Enter to begin; “skip” gives a case up.")

    async def _say(self, text: str) -> str:
        typed = str(await deferToThread(self.prompt, text)).strip().lower()
        if typed == "skip":
            raise DriverFailed("given up by hand")
        return typed

    async def prepare(self, device: Identified) -> None:
        await self._say(f"Let the ACS serve the device {device.key}, then press Enter.")

    async def ask(self, device: Identified, action: str, **args: Any) -> Any:
        if "image" in args:
            place = self.folder / args["file_name"]
            await deferToThread(place.write_bytes, args.pop("image"))
            args["file"] = str(place)
        await self._say(f"Device {device.key}: {ACTIONS[action]}\n  {json.dumps(args, ensure_ascii=False)}\nEnter when it is queued.")
        return f"{action} of {device.key}"

    async def outcome(self, handle: Any) -> Outcome:
        typed = await self._say(f"What does the ACS say of “{handle}”? (d)one, (f)ailed, (p)ending; a fault code or words after it")
        word, _, rest = typed.partition(" ")
        code = next((int(part) for part in rest.replace(",", " ").split() if part.isdigit() and len(part) == 4), None)
        return Outcome(_WORDS.get(word[:1], "pending"), rest, code)

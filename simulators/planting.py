"""Which devices a fleet has: models, and the troubles planted in some of them. Data: profiles/faults.toml and profiles/demo.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from acs.errors import WrongEnvironment
from simulators.cpe import Cpe
from simulators.profile import Profile, profiles

DATA = Path(__file__).parent / "profiles"


@dataclass(frozen=True, slots=True)
class Seat:
    """One place in a fleet: the model, its troubles and quirks, and the name of the home ("" for any)."""

    profile: Profile
    faults: tuple[str, ...] = ()
    home: str = ""
    quirks: tuple[str, ...] = ()


@cache
def faults() -> dict[str, dict[str, Any]]:
    """Every trouble by its name."""
    return tomllib.loads((DATA / "faults.toml").read_text())


def model(name: str) -> Profile:
    """A model by its name, or by any part of it that is nobody else's: `G240`. WrongEnvironment listing them otherwise."""
    wanted = name.lower().replace("-", " ")
    found = [profile for known, profile in profiles().items() if wanted in known.lower().replace("-", " ")]
    if len(found) != 1:
        raise WrongEnvironment(f"No simulated model {name!r}; there are {', '.join(profiles())}")
    return found[0]


def demo_seats() -> list[Seat]:
    rows = tomllib.loads((DATA / "demo.toml").read_text())["device"]
    return [Seat(profiles()[row["model"]], tuple(row.get("fault", ())), row["home"], tuple(row.get("quirk", ()))) for row in rows]


def seats(count: int, models: Sequence[str], planted: Sequence[str]) -> list[Seat]:
    """`count` seats over the models in turn; without models half of them TR-181, half TR-098.

    A trouble `name` is planted in every device that can have it, `name:3` in the first three. WrongEnvironment for an unknown one.
    """
    chosen = [model(name) for name in models]
    if not chosen:
        by_root = [[p for p in profiles().values() if p.root == root] for root in ("Device", "InternetGatewayDevice")]
        chosen = [profile for pair in zip(*by_root, strict=True) for profile in pair]
    where = [chosen[number % len(chosen)] for number in range(count)]
    names: list[list[str]] = [[] for _ in where]
    for each in planted:
        name, _, many = each.partition(":")
        if name not in faults():
            raise WrongEnvironment(f"No fault {name!r}; there are {', '.join(faults())}")
        if many and not many.isdigit():
            raise WrongEnvironment(f"--fault {each}: after the colon stands how many devices have it")
        fit = [place for place, profile in enumerate(where) if can_have(name, profile)]
        for place in fit[: int(many) if many else None]:
            names[place].append(name)
    return [Seat(profile, tuple(given)) for profile, given in zip(where, names, strict=True)]


def can_have(name: str, profile: Profile) -> bool:
    return faults()[name].get("needs") != "optical" or profile.is_optical


def flags_of(names: Sequence[str]) -> frozenset[str]:
    return frozenset(flag for name in names for flag in faults()[name].get("flags", ()))


def acts_of(names: Sequence[str]) -> list[str]:
    """What devices with these troubles do of their own: see acts.py."""
    return [act for name in names for act in faults()[name].get("acts", ())]


def quirks_in(names: Sequence[str]) -> list[str]:
    """Quirks that belong to troubles: `--fault NAME:3` gives them to three devices of a fleet."""
    return [quirk for name in names for quirk in faults()[name].get("quirks", ())]


def facts_of(names: Sequence[str]) -> dict[str, Any]:
    return {key: value for name in names for key, value in faults()[name].get("facts", {}).items()}


def plant(cpe: Cpe, names: Sequence[str]) -> None:
    """Set what a trouble sets, as if a subscriber had."""
    for name in names:
        for path, text in faults()[name].get(cpe.tree.base.root, {}).items():
            cpe.tree.put(path, str(text))

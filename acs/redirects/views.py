"""What others see of redirects."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RedirectView:
    """A rule; an empty tag or model fits any. `devices` is how many it sends on."""

    id: int
    tag: str
    model: str
    url: str
    reason: str
    created_at: datetime
    created_by: str
    devices: int

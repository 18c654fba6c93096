"""How often something may be tried from one address. Counted in memory, per worker process: enough against guessing, not a quota."""

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=False, swallow_errors=False)
LOGIN_TRIES = "30 per minute"

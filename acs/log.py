"""Logging for people and machines: structlog to stderr, and one line per thing that matters to stdout.

`configure` is called once by each command. Log lines are bound to device, session, operation or job by their caller.
`announce` is what an operator at the console reads; the supervisor passes those lines through and keeps the rest in files.
"""

import logging
import sys
import threading
from typing import Any

import structlog

from acs.secrets import MASK

_SECRET_KEYS = ("password", "secret", "token", "authorization", "passphrase")
_stdout_lock = threading.Lock()


def _mask_secrets(_logger: Any, _method: str, event: Any) -> Any:
    for key in event:
        if any(word in key for word in _SECRET_KEYS):
            event[key] = MASK
    return event


def configure(style: str = "console", level: str = "info") -> None:
    renderer: Any = structlog.processors.JSONRenderer() if style == "json" else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _mask_secrets,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level.upper(), logging.INFO)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")


def get(name: str) -> Any:
    return structlog.get_logger(part=name)


def observe_twisted() -> None:
    """Send Twisted's own log, failures foremost, into ours."""
    from twisted.logger import LogLevel, globalLogPublisher

    log = get("twisted")

    def observer(event: Any) -> None:
        level = event.get("log_level")
        if level in (LogLevel.critical, LogLevel.error):
            failure = event.get("log_failure")
            log.error(str(event.get("log_format", ""))[:200], trace=failure.getTraceback() if failure else None)

    globalLogPublisher.addObserver(observer)


def announce(text: str) -> None:
    """One line for the operator at the console: a plain sentence, no level, no secrets."""
    from datetime import datetime

    with _stdout_lock:
        sys.stdout.write(f"{datetime.now():%H:%M:%S} {text}\n")
        sys.stdout.flush()

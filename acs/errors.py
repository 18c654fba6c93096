"""Errors that a person or another program is told about.

A service raises one of these; the border it passes (page, REST, command line) turns `status` into an HTTP status or an
exit code in one place. The text names the thing and the value. Protocol errors of CWMP live in acs/cwmp/faults.py.
"""


class HearthlineError(Exception):
    """Something was refused for a reason worth telling. `status` is the HTTP status that says so."""

    status = 400
    code = "refused"


class NotFound(HearthlineError):
    """The thing named does not exist, or belongs to another tenant."""

    status = 404
    code = "not_found"


class UnknownDevice(NotFound):
    code = "unknown_device"


class Invalid(HearthlineError):
    """A value breaks a rule; `field` is the name of the input it came from, if there is one."""

    status = 422
    code = "invalid"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Conflict(HearthlineError):
    """The thing is in a state in which this cannot be done."""

    status = 409
    code = "conflict"


class Forbidden(HearthlineError):
    """The caller lacks a permission."""

    status = 403
    code = "forbidden"


class TooLarge(HearthlineError):
    """A size or count is over its limit."""

    status = 413
    code = "too_large"


class WrongEnvironment(Exception):
    """The environment cannot run us: a port is taken, a folder cannot be written, a setting makes no sense. Exit code 2."""

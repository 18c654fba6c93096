"""Listening sockets, shared by workers: the parent binds, each worker adopts the same non-blocking socket (stack: a blocking one hangs in accept)."""

import errno
import socket
from typing import Any

from acs.errors import WrongEnvironment


def bind(address: str, port: int, what: str, setting: str) -> socket.socket:
    """A listening TCP socket. WrongEnvironment if the port is taken or not allowed."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((address, port))
    except OSError as error:
        sock.close()
        reason = {
            errno.EADDRINUSE: "is taken by another program",
            errno.EACCES: "needs more rights",
            errno.EADDRNOTAVAIL: "is not an address of this host",
        }
        raise WrongEnvironment(
            f"Port {port} on {address} for {what} {reason.get(error.errno or 0, str(error))}. Set {setting} to another."
        ) from None
    sock.listen(1024)
    sock.setblocking(False)
    return sock


def adopt(reactor: Any, sock: socket.socket, factory: Any) -> Any:
    """Serve `factory` on a socket bound by us or handed to us."""
    sock.setblocking(False)
    port = reactor.adoptStreamPort(sock.fileno(), sock.family, factory)
    return port


def handed(fd: int) -> socket.socket:
    """The socket a parent handed down as file descriptor `fd`."""
    sock = socket.socket(fileno=fd)
    sock.setblocking(False)
    return sock

"""Listening sockets: bound once, refused with a sentence, served by whoever adopts them."""

import socket

import pytest
import pytest_twisted
from twisted.internet import protocol, reactor
from twisted.internet.threads import deferToThread

from acs.errors import WrongEnvironment
from acs.serving.listening import adopt, bind, handed


def test_bound_socket_listens_and_does_not_block():
    with bind("127.0.0.1", 0, "pages", "HEARTHLINE_WEB_PORT") as sock:
        assert sock.getblocking() is False
        with socket.create_connection(sock.getsockname()):
            pass


def test_taken_port_is_told_with_its_setting():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(WrongEnvironment, match=rf"Port {port} .* for pages is taken .* HEARTHLINE_WEB_PORT"):
            bind("127.0.0.1", port, "pages", "HEARTHLINE_WEB_PORT")


def test_address_of_another_host_is_told():
    with pytest.raises(WrongEnvironment, match=r"192\.0\.2\.1 .* not an address of this host"):
        bind("192.0.2.1", 0, "CWMP", "HEARTHLINE_CWMP_PORT")


def test_ipv6_is_bound_as_such():
    if not socket.has_ipv6:
        pytest.skip("this host has no IPv6")
    with bind("::1", 0, "CWMP", "HEARTHLINE_CWMP_PORT") as sock:
        assert sock.family is socket.AF_INET6


class Greeter(protocol.Protocol):
    def connectionMade(self):
        self.transport.write(b"hello")
        self.transport.loseConnection()


def _first_words(address):
    with socket.create_connection(address) as line, line.makefile("rb") as file:
        return file.read()


@pytest_twisted.ensureDeferred
async def test_socket_handed_down_is_adopted_and_served():
    with bind("127.0.0.1", 0, "pages", "HEARTHLINE_WEB_PORT") as sock:
        address = sock.getsockname()
        given = handed(socket.dup(sock.fileno()))
        port = adopt(reactor, given, protocol.Factory.forProtocol(Greeter))
        assert await deferToThread(_first_words, address) == b"hello"
        await port.stopListening()
        given.close()

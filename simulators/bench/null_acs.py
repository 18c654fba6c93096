"""A server that does nothing: InformResponse to every Inform, 204 to every other POST. What the bench measures beside a server is the cost
of HTTP and of the machine itself. `python -m simulators.bench.null_acs PORT`.
"""

from __future__ import annotations

import asyncio
import re
import sys
from typing import Any

_ANSWER = (
    b'<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:cwmp="urn:dslforum-org:cwmp-1-0">'
    b'<SOAP-ENV:Header><cwmp:ID SOAP-ENV:mustUnderstand="1">%b</cwmp:ID></SOAP-ENV:Header><SOAP-ENV:Body>'
    b"<cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>"
)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ID = re.compile(rb"<cwmp:ID[^>]*>([^<]*)<")


class Null(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        self._transport, self._buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        found = _LENGTH.search(self._buffer, 0, max(end, 0))
        if end < 0 or len(self._buffer) < end + 4 + (length := int(found[1]) if found else 0):
            return
        body, self._buffer = self._buffer[end + 4 : end + 4 + length], b""
        if rid := _ID.search(body):
            answer = _ANSWER % rid[1]
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nSet-Cookie: session=1\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer)
            )
        else:
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Null, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))

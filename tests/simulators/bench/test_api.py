import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from simulators.bench.api import Api, ApiFailed


class _Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args):
        pass

    def _say(self, status, body=b"", *headers):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path in ("/login", "/api/v1/docs"):
            return self._say(200, b'<meta name="csrf-token" content="tok">', ("Set-Cookie", "s=1; Path=/"))
        if self.headers["Authorization"] != "Bearer hl_1":
            return self._say(401)
        return self._say(200, json.dumps({"path": self.path}).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/login":
            good = b"password=right" in body and b"csrf_token=tok" in body
            return self._say(302 if good else 200, b"", ("Set-Cookie", "s=2"))
        if self.path == "/api/v1/tokens":
            good = self.headers["Cookie"] in ("s=1", "s=2") and self.headers["X-CSRFToken"] == "tok"
            return self._say(201 if good else 403, b'{"secret": "hl_1"}')
        if self.path == "/api/v1/devices/A-B-C/operations":
            return self._say(202, json.dumps({"id": 5, "given": json.loads(body)}).encode())
        return self._say(409, b'{"message": "no"}')


@pytest.fixture
def base():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_signs_in_and_calls_with_a_token_of_its_own(base):
    api = Api(base, "admin", "right")
    assert api.get("/devices", limit=5) == {"path": "/api/v1/devices?limit=5"}
    assert api.ask("A-B-C", "read", {"paths": ["Device."]}) == 5
    with pytest.raises(ApiFailed, match="409"):
        api.call("POST", "/other", {})
    api.close()


def test_wrong_password_is_told(base):
    with pytest.raises(ApiFailed, match="'admin' was refused"):
        Api(base, "admin", "wrong")

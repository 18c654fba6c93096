"""A prosody of our own: a real XMPP server with a certificate, in a folder, on free ports, for as long as a test runs."""

import shutil
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.ports import free_range

DOMAIN = "xmpp.test"
ACS, PASSWORD = f"acs@{DOMAIN}", "of the acs"

CONFIG = """
pidfile = "{home}/prosody.pid"
data_path = "{home}/data"
certificates = "{home}/certs"
run_as_root = true
log = {{ info = "{home}/log" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
modules_enabled = {{ "roster"; "saslauth"; "tls"; "disco"; "ping"; "admin_adhoc" }}
modules_disabled = {{ "s2s" }}
authentication = "internal_hashed"
c2s_require_encryption = true
admins = {{ "{acs}" }}
VirtualHost "{domain}"
  ssl = {{ key = "{home}/certs/{domain}.key"; certificate = "{home}/certs/{domain}.crt" }}
"""


def is_there() -> bool:
    return shutil.which("prosody") is not None and shutil.which("prosodyctl") is not None


class Prosody:
    """`ca` is the file of the certificate that clients must trust."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_range()
        for folder in ("data", "certs"):
            (home / folder).mkdir(parents=True)
        self.ca = home / "certs" / f"{DOMAIN}.crt"
        _certificate(home / "certs" / f"{DOMAIN}.key", self.ca)
        self._config = home / "prosody.cfg.lua"
        self._config.write_text(CONFIG.format(home=home, port=self.port, domain=DOMAIN, acs=ACS))
        self.register(*ACS.split("@"), PASSWORD)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def server(self) -> str:
        return f"127.0.0.1:{self.port}"

    def settings(self) -> dict[str, object]:
        """What an ACS is told of it."""
        return {"xmpp_jid": ACS, "xmpp_password": PASSWORD, "xmpp_server": self.server, "xmpp_ca": self.ca}

    def register(self, user: str, domain: str, password: str) -> None:
        command = ["prosodyctl", "--root", "--config", str(self._config), "register", user, domain, password]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        with (self.home / "said").open("ab") as said:
            self._process = subprocess.Popen(["prosody", "--root", "-F", "--config", str(self._config)], stdout=said, stderr=said)
        deadline = time.monotonic() + 20
        while True:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._process.poll() is None and time.monotonic() < deadline, (self.home / "said").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


def _certificate(key_file: Path, certificate_file: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, DOMAIN)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(DOMAIN)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))

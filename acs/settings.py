"""What can be set from outside: read once per process, handed down as a value.

Sources, first one wins: `HEARTHLINE_*` variables, `hearthline.toml` in the data directory, the defaults below.
No other module reads the environment. docs/settings.md lists the same for people.
"""

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from acs.errors import WrongEnvironment

MODEL_MODULES = (
    "acs.db.tenancy",
    "acs.audit",
    "acs.jobs",
    "acs.devices.models",
    "acs.finding.models",
    "acs.operations.models",
    "acs.bulk.models",
    "acs.operations.personal",
    "acs.firmware.models",
    "acs.hooks.models",
    "acs.desired.models",
    "acs.recorder.models",
    "acs.quirks.models",
    "acs.redirects.models",
    "acs.access.models",
    "acs.monitoring.models",
    "acs.campaigns.models",
    "care.security.models",
)
"""Every module that declares tables. Migrations and tests load them; nothing at the bottom knows the names above it."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Settings(BaseSettings):
    """Settings of one process. Durations in seconds, sizes in bytes, ports 0 for one the system picks."""

    model_config = SettingsConfigDict(env_prefix="HEARTHLINE_", frozen=True, extra="ignore")

    home: Path = Path("./var")
    database_url: str = ""
    broker_url: str = "memory://"
    bind: str = "0.0.0.0"  # noqa: S104 - routers must reach us; `up --demo` binds to loopback instead
    cwmp_port: int = 7547
    files_port: int = 7567
    web_port: int = 8080
    metrics_port: int = 9100
    cwmp_workers: int = 1
    web_workers: int = 1
    public_url: str = ""
    acs_url: str = ""
    files_url: str = ""
    cpe_auth: Literal["device", "shared", "none"] = "device"
    onboarding: str = ""
    cpe_basic_in_clear: bool = False
    """Basic counts over plain HTTP too: the password can be read on the way."""
    cpe_digest: Annotated[tuple[str, ...], NoDecode] = ("SHA-256", "MD5")
    cpe_digest_paths: Annotated[tuple[str, ...], NoDecode] = ()
    """Paths under which a proxy shows the ACS, beside that of the ACS URL: Digests are made for them."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    tls_client: Literal["off", "optional", "required"] = "off"
    tls_legacy: bool = False
    cwmp_plain_port: int = -1
    """A second CWMP port without TLS; -1 for none."""
    inform_rate: float = 120.0
    """Informs a minute of one device; 0 for any number."""
    inform_rate_per_address: float = 30_000.0
    secret_rotation_days: int = 180
    """Age at which a device gets a new login; 0 for never."""
    stranger_days: int = 30
    """Days without a word after which a device in quarantine is forgotten; 0 for never."""
    cpe_networks: Annotated[tuple[str, ...], NoDecode] = ()
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    log: Literal["console", "json"] = "console"
    log_level: str = "info"

    commit_window_s: float = 0.02
    session_timeout_s: float = 30.0
    session_timeout_max_s: float = 300.0
    max_sessions: int = 5000
    admission_high_s: float = 0.4
    """What waits longer than this to be stored closes the door, routine contacts first; 0 leaves it open whatever comes."""
    admission_low_s: float = 0.15
    """What waits less opens it again."""
    retry_min_s: float = 30.0
    retry_max_s: float = 1800.0
    """Between these lies the time at random after which a device that was refused may come again."""
    max_body: int = 32 * 1024 * 1024
    max_header: int = 16 * 1024
    max_connections_per_address: int = 2000
    recorder: Literal["on", "failed", "off"] = "on"
    recorder_keep: int = 20
    recorder_bytes: int = 1024 * 1024
    recorder_failed_keep_days: int = 30
    upload_max: int = 64 * 1024 * 1024
    upload_quota: int = 4 * 1024 * 1024 * 1024
    firmware_max: int = 512 * 1024 * 1024
    download_kbps: int = 0
    """kbit/s that all downloads of one files server may take together; 0 for any."""
    download_each_kbps: int = 0
    """kbit/s that one download may take; 0 for any."""
    kicked_url: str = ""
    """Where a device's own page goes on after it has kicked us; empty leaves that to the device."""
    move_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts of ACSs that devices may be sent to, by redirect or for good. Empty: nobody is sent away."""
    inform_interval_s: int = 0
    """Periodic inform interval given to devices at their first contact; 0 leaves what the device has."""

    stun_port: int = 3478
    """-1 for no STUN server, and so no UDP connection requests."""
    stun_host: str = ""
    """What devices are told; empty for the host of the ACS URL."""
    stun_rate: float = 200.0
    """STUN datagrams answered per source address and second."""
    call_https: bool = False
    call_https_verified: bool = False
    call_basic: bool = False
    xmpp_jid: str = ""
    xmpp_password: str = ""
    xmpp_server: str = ""
    """host or host:port; empty for the domain of our JID."""
    xmpp_domain: str = ""
    """Domain of the devices' accounts; empty for that of our JID."""
    xmpp_ca: Path | None = None
    xmpp_plain: bool = False
    xmpp_accounts: bool = False
    """Our account is an administrator of the XMPP server: devices' accounts are made there by us."""
    watch_interval_s: int = 45
    """Inform interval of a device that nothing wakes while somebody looks at its page; 0 for none."""
    reach_keep: int = 40
    reach_keep_days: int = 30

    @field_validator("cpe_networks", "cpe_digest", "cpe_digest_paths", "trusted_proxies", "move_hosts", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("cpe_networks", "trusted_proxies")
    @classmethod
    def _is_network(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            ipaddress.ip_network(part, strict=False)
        return value

    @field_validator("cpe_digest")
    @classmethod
    def _is_hash(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = tuple(part.upper() for part in value)
        if not names or not set(names) <= {"SHA-256", "MD5"}:
            raise ValueError("SHA-256, MD5 or both, the preferred first")
        return names

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        home = Path(init_settings.init_kwargs.get("home") or os.environ.get("HEARTHLINE_HOME", "./var"))  # type: ignore[attr-defined]
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, home / "hearthline.toml")

    # ---- what follows from the above -------------------------------------------------

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{(self.home / 'hearthline.db').absolute()}"

    @property
    def is_sqlite(self) -> bool:
        return self.database.startswith("sqlite")

    @property
    def host_for_people(self) -> str:
        return "127.0.0.1" if self.bind in ("0.0.0.0", "::", "") else self.bind  # noqa: S104

    @property
    def web_base(self) -> str:
        return self.public_url.rstrip("/") or f"http://{self.host_for_people}:{self.web_port}"

    @property
    def acs_base(self) -> str:
        scheme = "https" if self.tls_certificate is not None else "http"
        return self.acs_url or f"{scheme}://{self.host_for_people}:{self.cwmp_port}/"

    @property
    def acs_path(self) -> str:
        return urlsplit(self.acs_base).path or "/"

    @property
    def proxy_networks(self) -> tuple[Network, ...]:
        return tuple(ipaddress.ip_network(part, strict=False) for part in self.trusted_proxies)

    @property
    def files_base(self) -> str:
        return self.files_url.rstrip("/") or f"http://{self.host_for_people}:{self.files_port}"

    @property
    def files_dir(self) -> Path:
        return self.home / "files"

    @property
    def log_dir(self) -> Path:
        return self.home / "logs"

    @property
    def socket_path(self) -> Path:
        """UNIX socket of the hint hub; in the run directory where the data directory's path is too long for one (108 bytes)."""
        path = (self.home / "run" / "hub.sock").absolute()
        if len(str(path)) < 100:
            return path
        import hashlib

        short = hashlib.sha256(str(path).encode()).hexdigest()[:16]
        return Path(os.environ.get("XDG_RUNTIME_DIR", "/tmp")) / f"hearthline-{short}.sock"  # noqa: S108

    @property
    def xmpp_endpoint(self) -> tuple[str, int]:
        host, _, port = self.xmpp_server.rpartition(":") if self.xmpp_server.rpartition(":")[2].isdigit() else (self.xmpp_server, "", "")
        return host.strip("[]") or self.xmpp_jid.partition("@")[2].partition("/")[0], int(port or 5222)

    @property
    def reach_brief(self) -> dict[str, Any]:
        """What devices are told of our STUN and XMPP servers. An empty host stands for that of the ACS URL (conformance F-30)."""
        jid = self.xmpp_jid.partition("/")[0]
        host, port = self.xmpp_endpoint
        return {
            "stun_host": self.stun_host or ((urlsplit(self.acs_url).hostname or "") if self.acs_url else ""), "stun_port": self.stun_port,
            "xmpp_jid": jid, "xmpp_domain": self.xmpp_domain or jid.partition("@")[2], "xmpp_host": host if self.xmpp_server else "", "xmpp_port": port,
        }  # fmt: skip

    @property
    def allowed_networks(self) -> tuple[Network, ...]:
        """Where connection requests may go beside every ordinary unicast address."""
        return tuple(ipaddress.ip_network(part, strict=False) for part in self.cpe_networks)


def load(**given: Any) -> Settings:
    """Read the settings, with `given` before the environment. WrongEnvironment names the variable and what is wrong with it."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        parts = [f"HEARTHLINE_{str(e['loc'][0]).upper()}={e['input']!r}: {e['msg']}" for e in error.errors()]
        raise WrongEnvironment("; ".join(parts)) from None
    except (OSError, ValueError) as error:  # an unreadable or broken hearthline.toml
        raise WrongEnvironment(f"hearthline.toml: {error}") from None


def prepare_home(settings: Settings) -> None:
    """Make the data directory and its folders, private to us. WrongEnvironment if it cannot be written."""
    try:
        for folder in (settings.home, settings.home / "run", settings.log_dir, settings.files_dir):
            folder.mkdir(parents=True, exist_ok=True)
        settings.home.chmod(0o700)
        probe = settings.home / ".writable"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise WrongEnvironment(
            f"Data directory {settings.home} cannot be written: {error.strerror}. Set HEARTHLINE_HOME to one that can."
        ) from None

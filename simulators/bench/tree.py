"""The parameters of the bench's devices: a small gateway of TR-098, padded with hosts, port mappings and routes to the wanted size.

One tree is shared by all devices; cpe.py keeps what differs. Tests: tests/simulators/bench/test_tree.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ROOT = "InternetGatewayDevice."
_WAN = "WANDevice.1.WANConnectionDevice.1.WANIPConnection.1."
INFORMED = (
    "DeviceSummary", "DeviceInfo.SpecVersion", "DeviceInfo.HardwareVersion", "DeviceInfo.SoftwareVersion", "DeviceInfo.ProvisioningCode",
    "DeviceInfo.UpTime", "ManagementServer.ConnectionRequestURL", "ManagementServer.ParameterKey", _WAN + "ConnectionStatus",
    _WAN + "ExternalIPAddress",
)  # fmt: skip
"""Below ROOT: what every Inform carries."""
HIDDEN = ("Password", "KeyPassphrase")
"""Read back empty, whatever was set."""

# name, type, value; a name that ends in ! may be written
_BASE = """
DeviceSummary string InternetGatewayDevice:1.4[](Baseline:1,EthernetLAN:1,WiFiLAN:1)
LANDeviceNumberOfEntries unsignedInt 1
WANDeviceNumberOfEntries unsignedInt 1
DeviceInfo.Manufacturer string Bench
DeviceInfo.ManufacturerOUI string 0A1B2C
DeviceInfo.ModelName string BX-1000
DeviceInfo.Description string Simulated residential gateway
DeviceInfo.ProductClass string BenchCPE
DeviceInfo.SerialNumber string
DeviceInfo.HardwareVersion string 1.0
DeviceInfo.SoftwareVersion string 4.2.17-b20
DeviceInfo.SpecVersion string 1.0
DeviceInfo.ProvisioningCode! string
DeviceInfo.UpTime unsignedInt 3600
DeviceInfo.FirstUseDate dateTime 2024-01-02T03:04:05Z
ManagementServer.URL! string http://127.0.0.1/
ManagementServer.Username! string cpe
ManagementServer.Password! string
ManagementServer.PeriodicInformEnable! boolean 1
ManagementServer.PeriodicInformInterval! unsignedInt 86400
ManagementServer.PeriodicInformTime! dateTime 2024-01-01T00:00:00Z
ManagementServer.ParameterKey string
ManagementServer.ConnectionRequestURL string
ManagementServer.ConnectionRequestUsername! string
ManagementServer.ConnectionRequestPassword! string
ManagementServer.UpgradesManaged! boolean 0
Time.NTPServer1! string pool.example.net
Time.NTPServer2! string
Time.CurrentLocalTime dateTime 2026-01-01T00:00:00Z
Time.LocalTimeZone! string CET-1CEST
LANDevice.1.LANHostConfigManagement.DHCPServerEnable! boolean 1
LANDevice.1.LANHostConfigManagement.MinAddress! string 192.168.1.10
LANDevice.1.LANHostConfigManagement.MaxAddress! string 192.168.1.250
LANDevice.1.LANHostConfigManagement.SubnetMask! string 255.255.255.0
LANDevice.1.LANHostConfigManagement.DNSServers! string 192.168.1.1
LANDevice.1.WLANConfiguration.1.Enable! boolean 1
LANDevice.1.WLANConfiguration.1.Status string Up
LANDevice.1.WLANConfiguration.1.BSSID string 0A:1B:2C:00:00:01
LANDevice.1.WLANConfiguration.1.SSID! string Bench WLAN
LANDevice.1.WLANConfiguration.1.Channel! unsignedInt 6
LANDevice.1.WLANConfiguration.1.Standard string n
LANDevice.1.WLANConfiguration.1.BeaconType! string 11i
LANDevice.1.WLANConfiguration.1.KeyPassphrase! string
LANDevice.1.WLANConfiguration.1.TotalAssociations unsignedInt 3
LANDevice.1.Hosts.HostNumberOfEntries unsignedInt 2
WANDevice.1.WANCommonInterfaceConfig.WANAccessType string DSL
WANDevice.1.WANCommonInterfaceConfig.TotalBytesSent unsignedInt 123456
WANDevice.1.WANCommonInterfaceConfig.TotalBytesReceived unsignedInt 654321
WAN.Enable! boolean 1
WAN.ConnectionStatus string Connected
WAN.Name! string wan0
WAN.Uptime unsignedInt 3500
WAN.ExternalIPAddress string 10.0.0.1
WAN.DefaultGateway string 10.0.0.254
WAN.DNSServers! string 10.0.0.253
WAN.MACAddress string 0A:1B:2C:00:00:02
WAN.NATEnabled! boolean 1
"""
_TABLES = {
    "LANDevice.1.Hosts.Host.": """
HostName string client
IPAddress string 192.168.1.20
MACAddress string 0A:1B:2C:10:00:00
AddressSource string DHCP
LeaseTimeRemaining int 4000
InterfaceType string Ethernet
Active boolean 1
""",
    _WAN + "PortMapping.": """
PortMappingEnabled! boolean 1
RemoteHost! string
ExternalPort! unsignedInt 8080
InternalPort! unsignedInt 80
PortMappingProtocol! string TCP
InternalClient! string 192.168.1.20
PortMappingDescription! string rule
PortMappingLeaseDuration! unsignedInt 0
""",
    "Layer3Forwarding.Forwarding.": """
Enable! boolean 1
Status string Enabled
DestIPAddress! string 10.9.0.0
DestSubnetMask! string 255.255.255.0
GatewayIPAddress! string 10.0.0.254
ForwardingMetric! int 1
""",
}


@dataclass(frozen=True, slots=True)
class Leaf:
    type: str
    value: str
    writable: bool


@dataclass(slots=True)
class Tree:
    """`leaves` by full path; `children` of every object, the object paths with their trailing dot."""

    leaves: dict[str, Leaf] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=lambda: {"": []})
    _below: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, path: str, leaf: Leaf) -> None:
        self._object(path[: path.rfind(".") + 1]).append(path)
        self.leaves[path] = leaf

    def _object(self, path: str) -> list[str]:
        if path not in self.children:
            self._object(path[: path[:-1].rfind(".") + 1]).append(path)
            self.children[path] = []
        return self.children[path]

    def below(self, path: str) -> tuple[str, ...]:
        """All names below a partial path, objects and parameters, itself left out. KeyError for one the device has not."""
        found = self._below.get(path)
        if found is None:
            names: list[str] = []
            for child in self.children[path]:
                names.append(child)
                if child.endswith("."):
                    names += self.below(child)
            found = self._below[path] = tuple(names)
        return found

    def is_writable(self, path: str) -> bool:
        """Of an object: whether rows may be added or taken away. The bench's devices have the same rows for ever."""
        leaf = self.leaves.get(path)
        return leaf is not None and leaf.writable


def _rows(text: str) -> list[tuple[str, Leaf]]:
    rows = []
    for line in text.strip().splitlines():
        name, kind, *value = line.split(" ", 2)
        path = _WAN + name.removeprefix("WAN.") if name.startswith("WAN.") else name
        rows.append((path.rstrip("!"), Leaf(kind, "".join(value), name.endswith("!"))))
    return rows


def build(size: int) -> Tree:
    """A tree of exactly `size` parameters. ValueError when the gateway itself has more."""
    tree = Tree()
    base = _rows(_BASE)
    if size < len(base):
        raise ValueError(f"a device of the bench has at least {len(base)} parameters, not {size}")
    for name, leaf in base:
        tree.add(ROOT + name, leaf)
    tables = [(path, _rows(text)) for path, text in _TABLES.items()]
    turn = 0
    while len(tree.leaves) < size:
        path, rows = tables[turn % len(tables)]
        row = turn // len(tables) + 1
        for name, leaf in rows[: size - len(tree.leaves)]:
            tree.add(f"{ROOT}{path}{row}.{name}", leaf)
        turn += 1
    return tree

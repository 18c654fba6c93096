"""The parameter store: what reading merges, what writing keeps: acs/devices/store.py."""

from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from acs.devices.models import ParamBase, ParamDelta, PathSet
from acs.devices.store import FOLD_AT, SEALED, Arrived, PathSets, load_tree, reveal, silent_after, store_arrived, store_snapshot
from acs.provisioning.procedure import Snapshot
from tests.acs.kit import add_device, head, inform, inform_in, informed, store_values, value

MINUTE = timedelta(minutes=1)
PASSPHRASE = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"


@pytest.fixture
def device(any_database):
    return add_device(any_database)


@pytest.fixture
def store(any_database, vault, device):
    """`store(values, at)` keeps values as an operation does."""

    def keep(values, at, origin="operation:1", to=device):
        with any_database.write() as unit:
            store_values(unit.connection, vault, 1, to, values, at, origin)

    return keep


@pytest.fixture
def snapshot(any_database, vault, device):
    """`snapshot("Device.WiFi.", names, values, at)` replaces a subtree."""

    def take(prefix, values, at, objects=(), writable=(), to=device):
        names = (*((path, True) for path in objects), *((v.name, v.name in writable) for v in values))
        with any_database.write() as unit:
            store_snapshot(unit.connection, vault, 1, to, Snapshot(prefix, names, tuple(values)), at, "discover")

    return take


@pytest.fixture
def tree(any_database, device):
    def load(prefix="", of=device):
        with any_database.read() as session:
            return load_tree(session.connection(), of, prefix)

    return load


@pytest.fixture
def rows(any_database):
    def count(model):
        with any_database.read() as session:
            return session.scalar(select(func.count()).select_from(model))

    return count


def texts(tree):
    return {path: stored.value for path, stored in tree.values.items()}


# ---- merging -------------------------------------------------------------------------------------------------------


def test_nothing_is_known_of_a_new_device(tree):
    assert (tree().values, tree().objects) == ({}, {})


def test_newest_value_wins_wherever_it_came_from(store, snapshot, tree, any_database, vault, device, now):
    channel = "Device.WiFi.Radio.1.Channel"
    snapshot("", [value(channel, "1"), value("Device.DeviceInfo.SoftwareVersion", "0.9")], now)
    store([value(channel, "6")], now + MINUTE)
    assert texts(tree())[channel] == "6"
    assert texts(tree())["Device.DeviceInfo.SoftwareVersion"] == "0.9"
    informed(any_database, vault, inform_in(inform(version="1.1", more=[value(channel, "11")]), now + 2 * MINUTE))
    assert texts(tree())[channel] == "11"
    assert tree().values[channel].origin == "inform"
    store([value(channel, "12")], now + 3 * MINUTE)
    assert texts(tree())[channel] == "12"


@pytest.mark.cwmp("K-6")
def test_value_keeps_its_age_origin_type_and_whether_it_can_be_written(store, snapshot, tree, now):
    snapshot("", [value("Device.A", "1", "int"), value("Device.B", "x")], now, writable=["Device.A"])
    store([value("Device.A", "2", "int")], now + MINUTE)
    a, b = tree().values["Device.A"], tree().values["Device.B"]
    assert (a.value, a.type, a.at, a.origin, a.writable) == ("2", "int", now + MINUTE, "operation:1", True)
    assert (b.at, b.origin, b.writable) == (now, "discover", False)


def test_reading_below_a_prefix_reads_no_more(store, tree, now):
    store([value("Device.WiFi.A", "1"), value("Device.WiFiX", "2"), value("Device.IP.B", "3")], now)
    assert texts(tree("Device.WiFi.")) == {"Device.WiFi.A": "1"}


def test_inform_does_not_hide_a_write_of_the_same_second(store, tree, any_database, vault, now):
    """Folding keeps parts of a second: the Inform came first, the write after it."""
    name = "Device.ManagementServer.ParameterKey"
    informed(any_database, vault, inform_in(inform(key="old"), now + timedelta(milliseconds=300)))
    store([value(name, "new"), *(value(f"Device.X.P{n}", "x") for n in range(FOLD_AT))], now + timedelta(milliseconds=700))
    assert texts(tree())[name] == "new"


# ---- writing -------------------------------------------------------------------------------------------------------


def test_few_values_lie_beside_the_base_in_one_row(store, rows, tree, now):
    store([value("Device.Optical.Interface.1.OpticalSignalLevel", "-27500", "int"), value("Device.A", "text"), value("Device.B", "x", "int")], now)
    assert (rows(ParamDelta), rows(ParamBase)) == (1, 0)
    assert texts(tree()) == {"Device.Optical.Interface.1.OpticalSignalLevel": "-27500", "Device.A": "text", "Device.B": "x"}


def test_a_good_part_of_a_small_tree_is_written_into_the_base(store, snapshot, rows, tree, now):
    snapshot("", [value(f"Device.X.P{n}", "old") for n in range(40)], now, writable=["Device.X.P1"])
    store([value(f"Device.X.P{n}", "new") for n in range(30)], now + MINUTE)
    assert (rows(ParamDelta), rows(ParamBase)) == (0, 1)
    assert [tree().values[f"Device.X.P{n}"].value for n in (0, 29, 30)] == ["new", "new", "old"]
    assert [tree().values[f"Device.X.P{n}"].at for n in (0, 30)] == [now + MINUTE, now]
    assert tree().values["Device.X.P1"].writable is True


def test_a_few_values_do_not_write_a_large_base_anew(store, snapshot, rows, tree, now):
    snapshot("", [value(f"Device.X.P{n}", f"{n * n}") for n in range(2000)], now)
    store([value("Device.X.P7", "new")], now + MINUTE)
    assert (rows(ParamDelta), rows(ParamBase)) == (1, 1)
    assert texts(tree())["Device.X.P7"] == "new"


def test_devices_that_differ_in_their_hosts_share_the_names_of_their_kind(snapshot, rows, tree, any_database, now):
    def hosts(count):
        return [value(f"Device.Hosts.Host.{n}.Name", "x") for n in range(count)]

    fixed = [value(f"Device.X.P{n}", str(n)) for n in range(100)]
    snapshot("", [*fixed, *hosts(3)], now)
    for count in (5, 0, 2):
        snapshot("", [*fixed, *hosts(count)], now)
        assert rows(PathSet) == 1
        assert len(tree().values) == 100 + count


def test_value_stored_twice_is_one_row(store, rows, tree, now):
    store([value("Device.A", "1")], now)
    store([value("Device.A", "2")], now + MINUTE)
    assert rows(ParamDelta) == 1
    assert texts(tree()) == {"Device.A": "2"}


def test_what_piles_up_beside_the_base_is_folded_into_the_base(store, rows, tree, now):
    for n in range(FOLD_AT):
        store([value(f"Device.X.P{n:03}", str(n))], now + n * timedelta(seconds=1))
    assert (rows(ParamDelta), rows(ParamBase)) == (0, 1)
    assert texts(tree()) == {f"Device.X.P{n:03}": str(n) for n in range(FOLD_AT)}
    assert tree().values["Device.X.P000"].at == now, "each keeps its age"


def test_many_values_at_once_go_straight_into_the_base(store, rows, tree, now):
    store([value(f"Device.X.P{n}", str(n)) for n in range(FOLD_AT)], now)
    assert (rows(ParamDelta), rows(ParamBase)) == (0, 1)
    assert len(tree().values) == FOLD_AT


@pytest.mark.quirk("R-7")
def test_values_without_a_name_or_named_like_an_object_are_left_out(store, snapshot, tree, now):
    store([value("", "x"), value("Device.WiFi.", "y")], now)
    assert tree().values == {}
    snapshot("", [value("Device.A", "a"), value("Device.WiFi.", "odd"), value("Device.Z", "z")], now)
    assert texts(tree()) == {"Device.A": "a", "Device.Z": "z"}


def test_devices_of_a_kind_share_one_set_of_names(snapshot, rows, tree, any_database, now):
    other = add_device(any_database, "NV2")
    values = [value("Device.A", "1"), value("Device.B", "2")]
    snapshot("", values, now)
    snapshot("", [value("Device.A", "3"), value("Device.B", "4")], now, to=other)
    assert (rows(PathSet), rows(ParamBase)) == (1, 2)
    assert (texts(tree()), texts(tree(of=other))) == ({"Device.A": "1", "Device.B": "2"}, {"Device.A": "3", "Device.B": "4"})


# ---- snapshots -----------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("K-6")
def test_snapshot_replaces_its_subtree_and_nothing_else(store, snapshot, tree, now):
    hosts = [value("Device.Hosts.Host.1.HostName", "tv"), value("Device.Hosts.Host.2.HostName", "pc")]
    snapshot("", [value("Device.A", "1"), *hosts], now, objects=["Device.Hosts.Host.1.", "Device.Hosts.Host.2."])
    store([value("Device.B", "2")], now + MINUTE)
    snapshot("Device.Hosts.", [value("Device.Hosts.Host.3.HostName", "phone")], now + 2 * MINUTE, objects=["Device.Hosts.Host.3."])
    assert texts(tree()) == {"Device.A": "1", "Device.B": "2", "Device.Hosts.Host.3.HostName": "phone"}
    assert tree().objects == {"Device.Hosts.Host.3.": True}
    assert [tree().values[f"Device.{name}"].at for name in "AB"] == [now, now + MINUTE]


def test_snapshot_of_everything_forgets_what_is_gone(snapshot, tree, now):
    snapshot("", [value("Device.A", "1"), value("Device.B", "2")], now)
    snapshot("", [value("Device.B", "3")], now + MINUTE)
    assert texts(tree()) == {"Device.B": "3"}


# ---- secrets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["store", "snapshot"])
def test_secrets_are_sealed_wherever_they_lie(way, request, tree, any_database, vault, now):
    keep = request.getfixturevalue(way)
    keep([value(PASSPHRASE, "correct horse")], now) if way == "store" else keep("", [value(PASSPHRASE, "correct horse")], now)
    stored = tree().values[PASSPHRASE].value
    assert stored.startswith(SEALED)
    assert "horse" not in stored
    assert reveal(vault, stored) == "correct horse"


def test_secret_of_an_inform_is_sealed_too(any_database, vault, now):
    (out,) = informed(any_database, vault, inform_in(inform(more=[value("Device.Users.User.1.Password", "hush")]), now))
    assert "hush" not in str(head(any_database, out.device_id).inform_values)


@pytest.mark.cwmp("B-69")
@pytest.mark.parametrize("shown", ["", "********", "••••"])
def test_secret_that_reads_back_hidden_stays_what_was_written(store, snapshot, tree, vault, now, shown):
    store([value(PASSPHRASE, "correct horse")], now)
    snapshot("Device.WiFi.", [value(PASSPHRASE, shown), value("Device.WiFi.SSID.1.SSID", "")], now + MINUTE)
    assert reveal(vault, tree().values[PASSPHRASE].value) == "correct horse"
    assert texts(tree())["Device.WiFi.SSID.1.SSID"] == "", "what is no secret may be empty"


def test_secret_that_reads_back_in_clear_replaces_what_was_written(store, snapshot, tree, vault, now):
    store([value(PASSPHRASE, "old")], now)
    snapshot("Device.WiFi.", [value(PASSPHRASE, "new")], now + MINUTE)
    assert reveal(vault, tree().values[PASSPHRASE].value) == "new"


# ---- what the head row learns --------------------------------------------------------------------------------------


@pytest.mark.parametrize("root", ["Device", "InternetGatewayDevice"])
def test_head_row_learns_from_what_is_read(store, any_database, device, now, root):
    store(
        [
            value(f"{root}.DeviceInfo.ModelName", " G240-X "), value(f"{root}.DeviceInfo.Manufacturer", "Norvik"),
            value(f"{root}.DeviceInfo.SoftwareVersion", "2.0"),
            value(f"{root}.DeviceInfo.HardwareVersion", "B"), value(f"{root}.ManagementServer.ConnectionRequestURL", "http://192.0.2.9/" + "x" * 300),
            value(f"{root}.ManagementServer.PeriodicInformInterval", "300", "unsignedInt"),
        ],
        now,
    )  # fmt: skip
    row = head(any_database, device)
    assert (row.model, row.manufacturer, row.software_version, row.hardware_version) == ("G240-X", "Norvik", "2.0", "B")
    assert (row.inform_interval_s, row.silent_at) == (300, silent_after(now, 300))
    assert len(row.connection_request_url) == 256


def test_empty_answers_take_nothing_from_the_head_row(store, any_database, device, now):
    store([value("Device.DeviceInfo.ModelName", "G240"), value("Device.DeviceInfo.ModelName", " ")], now)
    store([value("Device.ManagementServer.PeriodicInformInterval", "soon")], now)
    assert (head(any_database, device).model, head(any_database, device).inform_interval_s) == ("G240", 0)


def test_address_of_the_line_is_learned_from_a_full_read(snapshot, any_database, device, now):
    prefix = "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1."
    told = {"ExternalIPAddress": "198.51.100.7", "ConnectionStatus": "Connected", "Enable": "1"}
    snapshot("", [value(prefix + name, text) for name, text in told.items()], now)
    assert head(any_database, device).wan_address == "198.51.100.7"


@pytest.mark.parametrize(("interval", "seconds"), [(60, 150), (300, 510), (86_400, 129_660), (0, 129_660), (2**31, 400 * 86_400 + 60)])
def test_silence_is_relative_to_the_device_own_interval(now, interval, seconds):
    assert silent_after(now, interval) == now + timedelta(seconds=seconds)


def test_storing_a_value_reads_no_tree(store, snapshot, any_database, now):
    """What a write costs does not depend on how much is stored."""
    snapshot("", [value(f"Device.X.P{n}", "x") for n in range(500)], now)
    said = []
    event.listen(any_database.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    store([value("Device.X.P1", "y")], now + MINUTE)
    assert not [statement for statement in said if "packed" in statement and "param_delta" not in statement and "path_set" not in statement]


def test_set_whose_transaction_was_rolled_back_is_forgotten(any_database, vault, now):
    """Its number may be another set's afterwards: values would be stored under the names of that one."""
    one, two = add_device(any_database), add_device(any_database, "NV2")
    ours, others = ([value(f"Device.{letter}.P{n}", f"{letter}{n}") for n in range(60)] for letter in "XY")
    mine = PathSets()

    def keep(sets, device, values, fails=False):
        with any_database.write() as unit:
            store_arrived(unit.connection, vault, sets, [Arrived(1, device, values, now, "session")])
            if fails:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        keep(mine, one, ours, fails=True)
    keep(PathSets(), two, others)
    keep(mine, one, ours)
    with any_database.read() as session:
        found = load_tree(session.connection(), one).values
    assert {path: stored.value for path, stored in found.items()} == {v.name: v.value for v in ours}

from twisted.internet.task import Clock

from simulators.bench.storm_fleet import StormFleet
from simulators.device import Power
from simulators.fleet import FleetOptions
from tests.simulators.kit import MemoryClient, ScriptedAcs, pass_time


class Quiet(StormFleet):
    """Devices that talk to a scripted ACS in memory, on a clock."""

    def __init__(self, clock: Clock, count: int) -> None:
        super().__init__(clock, FleetOptions(count, models=("Norvik G240", "Halden G8")))
        self.acs = ScriptedAcs()
        for device in self.devices:
            device.client = MemoryClient(self.acs)  # type: ignore[assignment]


def fleet(count: int = 12) -> tuple[Quiet, Clock]:
    clock = Clock()
    clock.advance(1_000_000)
    return Quiet(clock, count), clock


def test_first_devices_become_known_and_the_others_are_what_they_are(tmp_path):
    made, clock = fleet()
    made.learn(4)
    pass_time(clock, 5, 1)
    assert (made.known, len(made.acs.informs)) == (4, 4)
    made.devices[0].cpe.tree.put(made.devices[0].cpe.management("Username"), "handed out")
    made.adopt(tmp_path / "names", 4)
    assert made.known == 12
    lines = [line.split("\t") for line in (tmp_path / "names").read_text().splitlines()]
    assert len(lines) == 8
    for like, key, serial in lines:
        assert like.rpartition("-")[0] == key.rpartition("-")[0]
        assert key.endswith(serial)
    same = [device for device in made.devices if device.cpe.setting("Username") == "handed out"]
    assert len(same) > 1


def test_after_the_cut_devices_come_back_at_the_rate_and_say_only_that_they_booted(tmp_path):
    made, clock = fleet()
    made.learn(2)
    pass_time(clock, 5, 1)
    made.adopt(tmp_path / "names", 2)
    made.cut()
    assert all(device.power is Power.OFF for device in made.devices)
    heard = len(made.acs.informs)
    made.come_back(4.0, 10)
    pass_time(clock, 1.0, 0.1)
    assert 3 <= made.booted <= 5
    pass_time(clock, 5.0, 0.1)
    assert (made.booted, made.back) == (10, 10)
    assert {event.event_code for inform in made.acs.informs[heard:] for event in inform.event} <= {"1 BOOT", "2 PERIODIC", "4 VALUE CHANGE"}
    told = made.state()
    assert (told["back"], told["failures"]) == (10, {})
    assert 0 <= told["waits_s"]["max"] < 1
    assert len(told["who"]) == 10


def test_device_that_was_refused_counts_as_back_once_its_retry_table_brought_it_in(tmp_path):
    from simulators.http import ConnectFailed

    made, clock = fleet(2)
    made.learn(2)
    pass_time(clock, 5, 1)
    made.cut()
    made.devices[0].client.fails = [ConnectFailed("refused")]  # type: ignore[attr-defined]
    made.come_back(10.0, 2)
    pass_time(clock, 1, 0.1)
    assert (made.booted, made.back, sum(made.failures.values())) == (2, 1, 1)
    pass_time(clock, 12, 1)
    assert made.back == 2
    assert made.waits[-1] > 4

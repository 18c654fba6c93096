import random

import pytest

from acs.cwmp.codec import encode
from acs.cwmp.messages import DeviceIdStruct, EventStruct, GetRPCMethods, Inform
from acs.server.admission import ALL_IN, Admission, Class, Marks, class_of, peek

KEY = "02A5C1-Box-7"


def inform(*codes: str) -> bytes:
    device = DeviceIdStruct("Maker", "02A5C1", "Box", "7")
    return encode(Inform(device, tuple(EventStruct(code, "k") for code in codes), 1, "2026-01-01T00:00:00Z", 0, ()), "1", "urn:dslforum-org:cwmp-1-0")


class Door:
    """An admission whose clock goes in quarters of a second."""

    def __init__(self, marks: Marks | None = None) -> None:
        rng = random.Random(1)
        self.admission = Admission(marks or Marks(), rng.random)
        self.now = 0.0
        self.wait(0.0, 1)

    def wait(self, delay_s: float, seconds: float, came_per_s: int = 0) -> None:
        """So long with work waiting so long, and so many let in meanwhile."""
        for _ in range(int(seconds * 4)):
            self.now += 0.25
            for _ in range(came_per_s // 4):
                self.admission.came(("2 PERIODIC",))
            self.admission.tick(delay_s, self.now)

    def let_in(self, *codes: str, times: int = 200) -> float:
        """The share of so many Informs that comes in."""
        body = inform(*codes)
        return sum(self.admission.refuses(body) is None for _ in range(times)) / times


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        (("2 PERIODIC",), Class.ROUTINE),
        (("14 HEARTBEAT", "2 PERIODIC"), Class.ROUTINE),
        ((), Class.ROUTINE),
        (("4 VALUE CHANGE", "2 PERIODIC"), Class.NEWS),
        (("X 0A1B2C Vendor",), Class.NEWS),
        (("1 BOOT", "4 VALUE CHANGE"), Class.START),
        (("0 BOOTSTRAP", "1 BOOT"), Class.START),
        (("1 BOOT", "M Reboot"), Class.AWAITED),
        (("2 PERIODIC", "6 CONNECTION REQUEST"), Class.AWAITED),
        (("7 TRANSFER COMPLETE",), Class.AWAITED),
        (("8 DIAGNOSTICS COMPLETE",), Class.AWAITED),
    ],
)
def test_class_is_that_of_the_event_that_matters_most(events, wanted):
    assert class_of(events) is wanted
    if events:
        assert peek(inform(*events)) == (wanted, KEY)


def test_peek_reads_what_devices_write_in_other_ways():
    odd = inform("1 BOOT").replace(b"<EventCode>", b"<EventCode xsi:type='xsd:string'>").replace(b"1 BOOT", b"1_boot".upper())
    assert peek(odd) == (Class.START, KEY)


def test_what_is_no_inform_is_not_looked_at():
    assert peek(encode(GetRPCMethods(), "1", "urn:dslforum-org:cwmp-1-0")) is None
    assert peek(b"nonsense") is None
    door = Door()
    door.wait(9.0, 20)
    assert door.admission.refuses(b"") is None


def test_open_door_lets_everybody_in_without_a_look():
    door = Door()
    door.wait(0.3, 60)
    assert door.admission.openness == ALL_IN
    assert door.let_in("2 PERIODIC") == 1.0


def test_routine_is_refused_first_then_news_then_starts_and_never_who_is_awaited():
    door = Door()
    seen = []
    for _ in range(4):
        door.wait(0.5, 1.5)
        seen.append([door.let_in(code) for code in ("2 PERIODIC", "4 VALUE CHANGE", "1 BOOT", "6 CONNECTION REQUEST")])
    routine, news, starts, awaited = zip(*seen, strict=True)
    assert routine[0] < 0.3
    assert news[0] == 1.0
    assert news[2] == 0.0
    assert starts[1] == 1.0
    assert starts[3] < 0.2
    assert set(awaited) == {1.0}


def test_heavier_overload_closes_the_door_faster():
    mild, heavy = Door(), Door()
    mild.wait(0.5, 1)
    heavy.wait(8.0, 1)
    assert heavy.admission.openness < mild.admission.openness < ALL_IN


def test_between_the_marks_the_door_stays_and_below_them_it_opens_slowly():
    door = Door()
    door.wait(0.6, 2)
    closed = door.admission.openness
    door.wait(0.3, 30)
    assert door.admission.openness == closed
    door.wait(0.1, 2)
    assert closed < door.admission.openness < ALL_IN
    door.wait(0.1, 30)
    assert door.admission.openness == ALL_IN


def test_few_sessions_that_take_long_close_no_door():
    door = Door()
    for _ in range(100):
        door.now += 0.25
        door.admission.tick(5.0, door.now, sessions=16)
    assert door.admission.openness == ALL_IN


def test_device_somebody_waits_for_is_let_in_with_a_routine_contact():
    door = Door()
    door.admission.want(KEY)
    door.wait(4.0, 4)
    assert door.let_in("2 PERIODIC") == 1.0
    door.wait(4.0, 1000)
    assert door.let_in("2 PERIODIC") == 0.0  # nobody waits that long


def test_time_after_which_to_come_again_is_random_and_grows_with_the_backlog():
    door = Door(Marks(retry_min_s=10, retry_max_s=1000))
    door.wait(0.1, 60, came_per_s=100)
    door.wait(4.0, 2, came_per_s=100)
    few = [door.admission.refuses(inform("2 PERIODIC")) for _ in range(100)]
    assert all(10 <= wait <= 40 for wait in few)
    door.let_in("2 PERIODIC", times=20_000)  # at 100 a second they need 200 s
    many = [door.admission.refuses(inform("2 PERIODIC")) for _ in range(500)]
    assert 200 < max(many) <= 310
    assert min(many) < 40
    assert len(set(many)) > 100


def test_backlog_is_forgotten_as_it_is_served():
    door = Door(Marks(retry_min_s=10, retry_max_s=1000))
    door.wait(0.1, 60, came_per_s=100)
    door.wait(4.0, 2, came_per_s=100)
    door.let_in("2 PERIODIC", times=20_000)
    door.wait(0.3, 120, came_per_s=100)
    assert max(door.admission.come_again_s() for _ in range(200)) < 150


def test_mark_of_zero_refuses_nobody():
    door = Door(Marks(high_s=0))
    door.wait(60.0, 60)
    assert door.let_in("2 PERIODIC") == 1.0


def test_remembered_devices_are_bounded(monkeypatch):
    monkeypatch.setattr("acs.server.admission.WANTED_MOST", 3)
    door = Door()
    for number in range(5):
        door.admission.want(f"A-B-{number}")
    assert list(door.admission._wanted) == ["A-B-2", "A-B-3", "A-B-4"]

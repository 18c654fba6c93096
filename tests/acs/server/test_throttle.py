"""Bandwidth shared among downloads, on a clock of our own and over real sockets: acs/server/throttle.py."""

import time

import pytest_twisted
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import Clock

from acs.server.throttle import CHUNK, Paced, Shares
from tests.acs.server.house import House
from tests.acs.server.kit import sample
from tests.acs.server.test_files import ask, image_operation, link


class Request:
    """Takes what is written; `room` is how much before it pauses its producer, as a full connection does."""

    def __init__(self, room: int = 1 << 40) -> None:
        self.sentLength, self.room, self.producer, self.is_finished, self.is_lost = 0, room, None, False, False

    def registerProducer(self, producer: Paced, streaming: bool) -> None:
        assert streaming
        self.producer = producer

    def loseConnection(self) -> None:
        self.is_lost = True

    def write(self, size: int) -> None:
        self.sentLength += size
        if self.sentLength >= self.room:
            self.producer.pauseProducing()


class Source:
    """Stands for twisted.web's producer of a file of `size` bytes."""

    def __init__(self, request: Request, size: int) -> None:
        self.request, self.left, self.bufferSize = request, size, 1 << 16

    def start(self) -> None:
        self.request.registerProducer(self, False)

    def resumeProducing(self) -> None:
        if self.left < 0:
            raise OSError("gone")
        part = min(self.left, self.bufferSize)
        self.left -= part
        self.request.write(part)
        if not self.left:
            self.request.is_finished = True
            self.stopProducing()

    def stopProducing(self) -> None:
        self.request = None


def begin(shares: Shares, key: int, size: int, room: int = 1 << 40) -> Request:
    request = Request(room)
    Paced(shares, key, Source(request, size), request).start()
    return request


def run(clock: Clock, seconds: float) -> None:
    for _ in range(int(seconds * 100)):
        clock.advance(0.01)


RATE = 200_000


def test_rate_of_all_is_kept_and_shared_fairly():
    clock = Clock()
    shares = Shares(clock, RATE)
    requests = [begin(shares, key, 10_000_000) for key in range(5)]
    run(clock, 20)
    sent = [request.sentLength for request in requests]
    assert RATE * 20 <= sum(sent) <= RATE * 20.3 + CHUNK
    assert max(sent) - min(sent) <= CHUNK


def test_slow_download_leaves_its_share_to_others():
    clock = Clock()
    shares = Shares(clock, RATE)
    slow, fast = begin(shares, 1, 10_000_000, room=50_000), begin(shares, 2, 10_000_000)
    run(clock, 10)
    assert slow.sentLength < 70_000
    assert fast.sentLength >= RATE * 10 - 70_000
    slow.room = 1 << 40
    slow.producer.resumeProducing()
    before = slow.sentLength
    run(clock, 5)
    assert abs(slow.sentLength - before - RATE * 2.5) <= 2 * CHUNK


def test_one_download_has_its_own_rate_over_all_its_connections():
    clock = Clock()
    shares = Shares(clock, 0, RATE)
    twice, alone = [begin(shares, 1, 10_000_000) for _ in range(2)], begin(shares, 2, 10_000_000)
    run(clock, 10)
    assert abs(sum(request.sentLength for request in twice) - RATE * 10.2) <= 2 * CHUNK
    assert abs(alone.sentLength - RATE * 10.2) <= 2 * CHUNK


def test_who_comes_new_does_not_wait_for_the_buckets_of_others():
    clock = Clock()
    shares = Shares(clock, 0, 4000)
    begin(shares, 1, 1_000_000)
    run(clock, 0.1)
    late = begin(shares, 2, 1000)
    clock.advance(0)
    assert late.is_finished


def test_without_limits_nothing_is_held_back():
    clock = Clock()
    shares = Shares(clock)
    requests = [begin(shares, key, 1_000_000) for key in range(3)]
    for _ in range(100):
        clock.advance(0)
    assert all(request.is_finished and request.sentLength == 1_000_000 for request in requests)
    assert clock.getDelayedCalls() == []


def test_broken_download_is_forgotten():
    clock = Clock()
    shares = Shares(clock, RATE)
    before = sample("hearthline_files_downloads")
    gone, stays = begin(shares, 1, 10_000_000), begin(shares, 2, 100_000)
    assert sample("hearthline_files_downloads") == before + 2
    run(clock, 0.1)
    gone.producer.stopProducing()
    gone.producer.stopProducing()
    run(clock, 2)
    assert stays.is_finished
    assert (sample("hearthline_files_downloads"), shares._own, clock.getDelayedCalls()) == (before, {}, [])


def test_file_that_cannot_be_read_breaks_its_own_connection_only():
    clock = Clock()
    shares = Shares(clock)
    broken, good = begin(shares, 1, -1), begin(shares, 2, 100_000)
    for _ in range(20):
        clock.advance(0)
    assert (broken.is_lost, broken.is_finished, good.is_finished, shares._own) == (True, False, True, {})


@pytest_twisted.ensureDeferred
async def test_slow_downloads_at_once_arrive_whole(make_house):
    house: House = await make_house(cpe_auth="none", download_kbps=800, download_each_kbps=600)
    image = bytes(range(256)) * 240
    path = link(house, "get", await image_operation(house, image))
    begun, held = time.monotonic(), sample("hearthline_files_held_back_seconds_total")
    whole, part, again = await gatherResults(
        [Deferred.fromCoroutine(each) for each in (ask(house, "GET", path), ask(house, "GET", path, Range="bytes=1000-30999"), ask(house, "GET", path))]
    )
    took = time.monotonic() - begun
    assert (whole.body, again.body, part.body, part.status) == (image, image, image[1000:31000], 206)
    assert 1.4 <= took <= 6, took  # 153 KB at 75 KB/s, less what the bucket held
    assert sample("hearthline_files_held_back_seconds_total") > held

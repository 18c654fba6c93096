"""Bandwidth of downloads: what the whole fleet may take together, and each download alone, shared fairly chunk by chunk.

Token buckets over the bytes that were really written. A download that wants to send stands in line; a round gives each one chunk while there
are tokens, so that a hundred slow devices and a fast one get the same turns. Nothing is held in memory beyond a chunk for each.
"""

from collections import deque
from typing import Any

from prometheus_client import Counter, Gauge
from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.web import static
from zope.interface import implementer

from acs import log

_log = log.get("files")
CHUNK = 16 * 1024
BURST_S = 0.2
"""So much of its rate a bucket holds at most: what was not used a moment ago."""
TICK_S = 0.005
"""Nobody is looked at sooner again: waiting costs no processor."""

_sent = Counter("hearthline_files_sent_bytes_total", "bytes of images and configurations sent to devices")
_downloads = Gauge("hearthline_files_downloads", "downloads under way")
_limit = Gauge("hearthline_files_limit_bytes_per_second", "what all downloads may take together; 0 for any")
_held = Counter("hearthline_files_held_back_seconds_total", "time in which downloads waited for bandwidth")


class Bucket:
    """Tokens for bytes at `rate` a second; rate 0 is any. It may be overdrawn by one chunk and is closed until that is made good."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate, self._level, self._at = rate, rate * BURST_S, now

    def wait_s(self, now: float) -> float:
        """Until it gives again; 0 for now."""
        if not self._rate:
            return 0
        self._level = min(self._rate * BURST_S, self._level + (now - self._at) * self._rate)
        self._at = now
        return 0 if self._level > 0 else max(TICK_S, -self._level / self._rate)

    def take(self, size: int) -> None:
        self._level -= size


class Shares:
    """The bandwidth of one files server. `rate` for all downloads, `each` for one operation over all its connections; bytes a second, 0 for any."""

    def __init__(self, clock: IReactorTime, rate: float = 0, each: float = 0) -> None:
        self._clock, self._each = clock, each
        self._all = Bucket(rate, clock.seconds())
        self._own: dict[Any, tuple[Bucket, int]] = {}
        self._line: deque[Paced] = deque()
        self._call: Any = None
        self._in_round = False
        self._waiting_since: float | None = None
        _limit.set(rate)

    def enter(self, key: Any) -> None:
        bucket, users = self._own.get(key, (Bucket(self._each, self._clock.seconds()), 0))
        self._own[key] = bucket, users + 1
        _downloads.inc()

    def leave(self, key: Any) -> None:
        """Its bucket is kept for its other connections, and forgotten with the last."""
        bucket, users = self._own[key]
        if users > 1:
            self._own[key] = bucket, users - 1
        else:
            del self._own[key]
        _downloads.dec()

    def ask(self, download: "Paced") -> None:
        """Stand in line for a chunk."""
        self._line.append(download)
        if not self._in_round:
            self._look_in(self._all.wait_s(self._clock.seconds()))

    def _look_in(self, seconds: float) -> None:
        """At the latest then: who comes new need not wait until the buckets of others open."""
        if self._call is None:
            self._call = self._clock.callLater(seconds, self._round)
        elif self._call.getTime() > self._clock.seconds() + seconds:
            self._call.reset(seconds)

    def _round(self) -> None:
        """A chunk for everybody in line whose own bucket is open, as long as there is one for all."""
        self._call, self._in_round = None, True
        now = self._clock.seconds()
        if self._waiting_since is not None:
            _held.inc(now - self._waiting_since)
            self._waiting_since = None
        wait = self._all.wait_s(now)
        waits = []
        for _ in range(len(self._line)):
            if wait:
                break
            download = self._line.popleft()
            if download.is_gone:
                continue
            bucket, _users = self._own[download.key]
            if own_wait := bucket.wait_s(now):
                waits.append(own_wait)
                self._line.append(download)
                continue
            try:
                size = download.send()
            except Exception as error:  # a file that cannot be read any more: the others go on
                _log.error("a download broke off", error=f"{type(error).__name__}: {error}")
                download.abort()
                continue
            for each in (bucket, self._all):
                each.take(size)
            _sent.inc(size)
            wait = self._all.wait_s(now)
        self._in_round = False
        if self._line:
            all_wait = len(waits) == len(self._line)
            pause = wait or (min(waits) if all_wait else 0)
            if pause:
                self._waiting_since = now
            self._look_in(pause)


class _Unregistered:
    def registerProducer(self, _producer: Any, _streaming: bool) -> None:
        pass


@implementer(IPushProducer)
class Paced:
    """Sends what one of twisted.web's file producers reads, a chunk at a time, when its turn comes and the connection takes it."""

    def __init__(self, shares: Shares, key: Any, inner: Any, request: Any) -> None:
        self.key, self.is_gone = key, False
        self._shares, self._inner, self._request = shares, inner, request
        self._is_paused, self._in_line = False, False
        inner.bufferSize = CHUNK

    def start(self) -> None:
        self._inner.request = _Unregistered()  # it seeks its place, and would register itself
        self._inner.start()
        self._inner.request = self._request
        self._shares.enter(self.key)
        self._request.registerProducer(self, True)
        self._stand_in_line()

    def _stand_in_line(self) -> None:
        if not (self._in_line or self._is_paused or self.is_gone):
            self._in_line = True
            self._shares.ask(self)

    def send(self) -> int:
        """One chunk; how many bytes that were. Called by Shares."""
        self._in_line = False
        if self._is_paused:
            return 0
        before = self._request.sentLength
        request = self._request
        self._inner.resumeProducing()
        if self._inner.request is None:  # it has ended the answer itself
            self._go()
        else:
            self._stand_in_line()
        return int(request.sentLength - before)

    def pauseProducing(self) -> None:
        self._is_paused = True

    def resumeProducing(self) -> None:
        self._is_paused = False
        self._stand_in_line()

    def stopProducing(self) -> None:
        """The connection is gone."""
        if not self.is_gone:
            self._inner.stopProducing()
            self._go()

    def abort(self) -> None:
        """Break the connection: the device sees that it did not get all."""
        self.stopProducing()
        self._request.loseConnection()

    def _go(self) -> None:
        self.is_gone = True
        self._shares.leave(self.key)


class PacedFile(static.File):
    """A file served as twisted.web does, HEAD and Range included, at the pace of `shares`. `key`: whose bucket it takes from."""

    def __init__(self, path: str, shares: Shares, key: Any) -> None:
        super().__init__(path, defaultType="application/octet-stream")
        self._shares, self._key = shares, key

    def makeProducer(self, request: Any, fileForReading: Any) -> Any:
        return Paced(self._shares, self._key, super().makeProducer(request, fileForReading), request)

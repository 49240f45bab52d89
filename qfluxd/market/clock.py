"""The broker's clock, read off the stamps of its ticks."""

from collections import deque
from typing import Final

from qfluxd.model import MINUTE, SECOND, Millis

_LOOK_BACK: Final[Millis] = 5 * MINUTE
_BUCKET: Final[Millis] = 15 * SECOND
_BEHIND: Final[Millis] = SECOND
"""A tick this far behind the estimate was delayed, or this machine's clock was set forward."""
_DOUBT_TICKS: Final = 8
_DOUBT_FOR: Final[Millis] = 3 * SECOND
"""So many such ticks in a row, for so long, mean the clock, or a line that has become slow; a backlog that
is read at once does not last."""
_STEP: Final[Millis] = 10 * SECOND
"""What `now` would rather step back by than stand still for."""
_EVIDENCE_TICKS: Final = 20
_EVIDENCE_FOR: Final[Millis] = 10 * SECOND
"""So many ticks that agree, for so long, before a wrong setting is suspected."""
_HALF_HOUR: Final[Millis] = 30 * MINUTE
_NEAR: Final[Millis] = 5 * MINUTE


class _Run:
    """Ticks in a row that agree with each other: their largest residual, their number, how long they last."""

    __slots__ = ("count", "largest", "since")

    def __init__(self, residual: Millis, host: Millis) -> None:
        self.largest = residual
        self.since = host
        self.count = 0

    def lasts(self, host: Millis, ticks: int, length: Millis) -> bool:
        return self.count >= ticks and host - self.since >= length


class Clock:
    """The broker's time for any moment of this machine's clock.

    The promise: once a tick was heard, `now` never steps back, save where this machine's own clock turns
    out to have been set forward while nothing was heard.

    A tick's stamp minus the moment it was read is the difference of the clocks less the tick's delay. The
    largest of the last five minutes is therefore the nearest, and one late tick changes nothing.
    """

    def __init__(self) -> None:
        self._offset: Millis | None = None
        self._opened: Millis = 0  # when the newest bucket of the window began
        self._largest: Millis = 0  # the largest residual in it
        self._older: deque[tuple[Millis, Millis]] = deque()  # the same of those before it
        self._floor: Millis | None = None
        self._agreed = self._doubt = _Run(0, 0)
        self._in_doubt = self._is_sure = False

    def hear(self, stamp: Millis, host: Millis) -> Millis:
        """Take the stamp of a live tick (UTC) and this machine's clock when it was read; gives `now` of that moment."""
        residual = stamp - host
        offset = self._offset
        if residual == offset and self._is_sure and 0 <= host - self._opened < _BUCKET and residual <= self._largest:
            self._in_doubt = False  # as where nothing was late: it tells nothing new
            floor = self._floor
            if floor is not None and stamp < floor:
                return floor
            self._floor = stamp
            return stamp
        self._learn(residual, host)
        return self.now(host)

    def _learn(self, residual: Millis, host: Millis) -> None:
        offset = self._offset
        if offset is None or residual > offset + _BEHIND:
            self._restart(residual, host)
        elif residual < offset - _BEHIND:
            self._on_behind(residual, host)
            return
        if not 0 <= host - self._opened < _BUCKET:
            self._turn(residual, host)
        elif residual > self._largest:
            self._largest = residual
            if offset is not None and residual > offset:
                self._offset = residual
        self._in_doubt = False
        self._agreed.count += 1
        if not self._is_sure:
            self._is_sure = self._agreed.lasts(host, _EVIDENCE_TICKS, _EVIDENCE_FOR)

    def now(self, host: Millis) -> Millis:
        """The broker's time (UTC) at this machine's `host`; before the first tick simply `host`.

        It stands still while ticks leave it open whether they are late or this machine's clock was set.
        """
        if self._offset is None:
            return host
        now, floor = host + self._offset, self._floor
        if floor is not None and (now < floor or self._in_doubt):
            return floor
        self._floor = now
        return now

    def shown(self, host: Millis) -> Millis:
        """The same, for whoever looks from outside: what they are told does not keep `now` from stepping back."""
        floor = self._floor
        now = self.now(host)
        self._floor = floor
        return now

    def latest(self, host: Millis) -> Millis:
        """The broker's time at `host` if none of the newest ticks is late; before the first tick simply `host`."""
        return host + (self._offset or 0)

    @property
    def offset_ms(self) -> Millis | None:
        """The broker's clock minus this machine's, None before the first tick."""
        return self._offset

    def mismatch(self) -> int | None:
        """By how many seconds the configured server offset looks wrong: what has to be added to it.

        A whole number of half hours, as time zones differ; None where the clocks agree, where they differ
        by something else (then this machine's clock is wrong), or where too few ticks were heard to say.
        """
        if self._offset is None or not self._is_sure:
            return None
        half_hours = round(self._offset / _HALF_HOUR)
        if half_hours == 0 or abs(self._offset - half_hours * _HALF_HOUR) > _NEAR:
            return None
        return half_hours * _HALF_HOUR // SECOND

    def _restart(self, residual: Millis, host: Millis) -> None:
        """Believe this tick alone: the first, or one that shows all before it to have been far too late."""
        self._offset = self._largest = residual
        self._opened = host
        self._older.clear()
        self._agreed = _Run(residual, host)
        self._is_sure = False

    def _turn(self, residual: Millis, host: Millis) -> None:
        self._older.append((self._opened, self._largest))
        while self._older and host - self._older[0][0] >= _LOOK_BACK:
            self._older.popleft()
        self._opened, self._largest = host, residual
        self._offset = max(residual, max((largest for _, largest in self._older), default=residual))

    def _on_behind(self, residual: Millis, host: Millis) -> None:
        if not self._in_doubt or abs(residual - self._doubt.largest) > _BEHIND:
            self._doubt = _Run(residual, host)
            self._in_doubt = True
        self._doubt.count += 1
        self._doubt.largest = max(self._doubt.largest, residual)
        if self._doubt.lasts(host, _DOUBT_TICKS, _DOUBT_FOR):
            self._restart(self._doubt.largest, host)
            self._in_doubt = False
            if self._floor is not None and self._floor - host - self._doubt.largest > _STEP:
                self._floor = None

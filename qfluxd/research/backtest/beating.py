"""Time that passes between ticks: the clock beats where something is due, which is as if it beat all the time."""

from collections.abc import Iterator
from typing import Final

from qfluxd.beats import BEAT
from qfluxd.desk import Desk
from qfluxd.model import Millis
from qfluxd.research.backtest.news import News

_NEVER: Final[Millis] = 1 << 62


def on_grid(at: Millis) -> Millis:
    """The first point of the clock's grid at or after a moment."""
    return -(-at // BEAT) * BEAT


class Beating:
    """The beats of a desk's clock, and the news between them.

    The promise: the desk decides the same as if it had been told every point of the grid of a tenth of a second. Only
    these change anything: the end of a finest candle and its grace, as long as its asset is not silent; the moment
    after which a deal ends without a price; that at which a plan is due; and that at which the market is stale.
    """

    def __init__(
        self,
        desk: Desk,
        news: News,
        *,
        finest: Millis,
        origin: Millis,
        grace: Millis,
        quiet_after: Millis,
        stale_after: Millis,
        every_beat: bool,
    ) -> None:
        self._desk = desk
        self._news = news
        self._finest = finest
        self._first = on_grid(grace) - origin
        """Behind the end of each candle the clock closes it: this, and every whole number of candles later."""
        self._reach = quiet_after + on_grid(grace)
        self._stale_after = stale_after
        self._every_beat = every_beat
        self._done: Millis = 0
        self.newest: Millis = 0
        """When a tick was heard last."""
        self.due: Millis = 0
        """Before this nothing is due but what each tick decides anew: when a candle ends, when the market is stale."""

    def begin(self, at: Millis) -> None:
        """The desk begins to hear at this moment."""
        self._done = self.newest = at

    def up_to(self, at: Millis) -> Iterator[Millis]:
        """Beat, and tell the news, up to and including a moment at which a tick is to be heard; gives each moment."""
        self._done = max(self._done, self.newest)
        beat = self._next_beat()
        while min(beat, self._news.due) <= at:
            if beat <= self._news.due:
                self._done = beat
                self._desk.beat(beat)
            else:
                self._done = max(self._news.due, self._done)
                for event in self._news.up_to(self._done):
                    self._desk.hear(self._done, event)
            yield self._done
            beat = self._next_beat()
        self.due = min(beat, self._news.due)

    def on_deal(self) -> None:
        """A deal has come further: it may end without a price sooner than anything else is due."""
        self.due = min(self.due, self._desk.shadow.due)

    def _next_beat(self) -> Millis:
        following = self._done // BEAT * BEAT + BEAT
        if self._every_beat:
            return following
        stale = on_grid(self.newest + self._stale_after + 1)
        return min(
            self._next_close(),
            max(self._desk.shadow.due // BEAT * BEAT + BEAT, following),
            max(on_grid(self._desk.plans.due), following),
            stale if stale > self._done else _NEVER,
        )

    def _next_close(self) -> Millis:
        point = self._done - (self._done - self._first) % self._finest + self._finest
        return point if point <= self.newest + self._reach else _NEVER

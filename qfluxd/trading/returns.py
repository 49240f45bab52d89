"""What trading came to: by the day, since it was last resumed, and how many deals in a row were lost."""

from decimal import Decimal
from typing import Final

import msgspec

from qfluxd.model import Account, Millis

_MOST_DAYS: Final = 9
_NOTHING: Final = Decimal(0)


class Closing(msgspec.Struct, frozen=True, gc=False):
    """A deal that is over; `profit` is negative for a loss and 0 for a tie, `closes` is when by the broker's clock.

    `account` is None for a deal on paper.
    """

    account: Account | None
    asset: str
    plan: str | None
    profit: Decimal
    closes: Millis


class Returns:
    """What the deals of one account within one part of trading came to, in the order in which they were settled.

    The promise: a win alone ends a streak of losses; a tie neither adds to it nor ends it.
    """

    __slots__ = ("_days", "_peak", "_result", "deepest", "losses", "lost_at", "won_at")

    def __init__(self) -> None:
        self._days: dict[int, Decimal] = {}
        self._result = Decimal(0)
        self._peak = Decimal(0)
        self.deepest = Decimal(0)
        """How far the result was ever below its best since `resume`."""
        self.losses = 0
        """How many were lost in a row."""
        self.lost_at: Millis = 0
        """When the last one of them closed."""
        self.won_at: Millis = 0
        """When the last win closed."""

    def add(self, closing: Closing, day: int, *, lately: bool) -> None:
        """A deal that closed on this day; `lately` where it was settled after trading was last resumed."""
        self.put(day, closing.profit)
        if lately:
            self._result += closing.profit
            self._peak = max(self._peak, self._result)
            self.deepest = max(self.deepest, self.drawdown)
        if closing.profit > 0:
            self.losses, self.won_at = 0, max(self.won_at, closing.closes)
        elif closing.profit < 0:
            self.losses, self.lost_at = self.losses + 1, max(self.lost_at, closing.closes)

    def put(self, day: int, profit: Decimal) -> None:
        """Count a profit towards a day; only the newest days are kept."""
        self._days[day] = self._days.get(day, _NOTHING) + profit
        while len(self._days) > _MOST_DAYS:
            del self._days[min(self._days)]

    def clear_days(self) -> None:
        """Days are not what they were: all are `put` anew."""
        self._days.clear()

    def resume(self) -> None:
        """Trading was resumed: the result is counted from here on."""
        self._result = self._peak = self.deepest = Decimal(0)

    @property
    def drawdown(self) -> Decimal:
        """How far the result is below its best since `resume`."""
        return self._peak - self._result

    def since(self, day: int) -> Decimal:
        """What the deals of this day and any later one came to."""
        total = _NOTHING
        for when, profit in self._days.items():
            if when >= day:
                total += profit
        return total

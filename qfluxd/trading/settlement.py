"""How a deal of fixed payout comes out: which ticks decide it, and what it earns.

The rules are read off the platform's own deals, in its recorded lists of closed ones (23 of August and September
2025). A deal's length counts from the second in which it opened; a win earns stake × percentProfit / 100, with the
payout as it was at the opening, and a loss takes the whole stake; which of the two it is, is what opening and closing
price say. None of the 23 is a tie; that it returns the stake is the platform's own word. Which tick makes the closing
price cannot be seen in them, since nobody recorded the ticks of those moments: it is taken to be the last one up to
the closing time, the price in force then.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

from qfluxd.model import SECOND, Millis, Side

type Result = Literal["won", "lost", "tie"]
type Fate = Literal["pending", "open", "closed", "unknown", "not_filled"]
"""How far a deal has come: on its way, entered, ended with a price, without one, or never entered."""

CENT: Final = Decimal("0.01")
LATE: Final[Millis] = 2 * SECOND
"""A tick is heard at most so long after its stamp; only then does the silence before it count as silence."""


def cents(amount: Decimal) -> Decimal:
    """An amount to the nearest cent, half a cent up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def winnings(stake: Decimal, payout: int) -> Decimal:
    """What a win adds to the account beside the stake; `payout` in percent."""
    return cents(stake * payout / 100)


def closing(opened: Millis, expiry: Millis) -> Millis:
    """When a deal of this length ends: it counts from the second in which it opened."""
    return opened // SECOND * SECOND + expiry


def compare(side: Side, open_price: float, close_price: float, digits: int | None = None) -> Result:
    """What a deal came to, by prices as the broker shows them: with so many digits, or as they are where None."""
    if digits is not None:
        open_price, close_price = round(open_price, digits), round(close_price, digits)
    if open_price == close_price:
        return "tie"
    return "won" if (close_price > open_price) == (side == "call") else "lost"


def profit(result: Result, stake: Decimal, payout: int) -> Decimal:
    """What a result adds to the account beside the stake: negative for a loss, 0 for a tie."""
    match result:
        case "won":
            return winnings(stake, payout)
        case "lost":
            return -stake
        case "tie":
            return Decimal(0)


class Course:
    """A deal's way through the ticks of its asset, to its entry and to its end.

    It enters at the first tick stamped at or after `due`, and ends at the price of the last tick stamped up to its
    closing time, which is known once a tick behind it is heard. Where the asset was silent for longer than
    `quiet_after` from `due` to its entry or around its end, or where the feed was lost there, there is no price: it is
    ``not_filled`` or ``unknown``. Ticks that are heard out of their order count by their stamps as long as the deal has
    not ended, and then change nothing; of equal stamps the later heard counts.

    The promise: its fate and its prices rest on the ticks alone, in the order in which they were heard. `pass_time`
    only tells them sooner, as long as no tick is heard more than `LATE` after its stamp.
    """

    __slots__ = (
        "_deaf",
        "_newest",
        "_quiet_after",
        "close_price",
        "closes",
        "due",
        "expiry",
        "fate",
        "opened",
        "price",
        "why",
    )

    def __init__(self, due: Millis, expiry: Millis, quiet_after: Millis) -> None:
        """A deal that would enter at `due`; all in ms, `expiry` at least a second, stamps by the broker's clock."""
        self.due = due
        self.expiry = expiry
        self.fate: Fate = "pending"
        self.why = ""
        """Why there is no price: ``quiet``, ``feed_lost`` or ``restarted``."""
        self.opened: Millis = 0
        self.closes: Millis = 0
        self.price: float = 0.0
        """The newest price since the entry."""
        self.close_price: float | None = None
        self._quiet_after = quiet_after
        self._newest: Millis = 0
        self._deaf = False

    @classmethod
    def resumed(cls, opened: Millis, closes: Millis, price: float, quiet_after: Millis) -> "Course":
        """A deal that was open when the program ended: what its asset did meanwhile was not heard."""
        course = cls(opened, closes - opened, quiet_after)
        course.fate, course.opened, course.closes, course.price = "open", opened, closes, price
        course._newest = opened
        course.lose("restarted")
        return course

    @property
    def is_over(self) -> bool:
        """Whether nothing more becomes of it."""
        return self.fate not in ("pending", "open")

    def hear(self, at: Millis, price: float) -> bool:
        """Take a tick of its asset; whether that changed its fate."""
        if self.fate == "open":
            return self._approach(at, price)
        if self.fate != "pending" or at < self.due:
            return False
        if at - self.due > self._quiet_after:
            return self._end("not_filled", "quiet")
        self.fate, self.opened, self.closes = "open", at, closing(at, self.expiry)
        self._newest, self.price = at, price
        return True

    def pass_time(self, now: Millis) -> bool:
        """Let the broker's time pass; whether that changed its fate: no tick that could still come will decide it."""
        heard = now - LATE
        if self.fate == "pending":
            return heard - self.due > self._quiet_after and self._end("not_filled", "quiet")
        if self.fate != "open" or heard <= self.closes:
            return False
        if self._deaf:
            return self._end("unknown", self.why)
        return heard - self._newest > self._quiet_after and self._end("unknown", "quiet")

    def lose(self, why: str = "feed_lost") -> bool:
        """The feed was lost: until the next tick nothing was heard. Whether that changed its fate."""
        if self.fate == "pending":
            return self._end("not_filled", why)
        if self.fate == "open":
            self._deaf, self.why = True, why
        return False

    @property
    def deadline(self) -> Millis:
        """Time up to this moment changes nothing by itself."""
        return LATE + (self.closes if self.fate == "open" else self.due + self._quiet_after)

    def _approach(self, at: Millis, price: float) -> bool:
        if at <= self.closes:
            if at >= self._newest:
                self._newest, self.price, self._deaf = at, price, False
            return False
        if self._deaf:
            return self._end("unknown", self.why)
        if at - self._newest > self._quiet_after:
            return self._end("unknown", "quiet")
        self.close_price = self.price
        return self._end("closed", "")

    def _end(self, fate: Fate, why: str) -> bool:
        self.fate, self.why = fate, why
        return True

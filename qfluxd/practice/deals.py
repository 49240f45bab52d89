"""A deal on the practice broker: what was staked on which way a price would go, and what became of it."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from qfluxd.model import Account, Millis, Side
from qfluxd.practice.market import plain
from qfluxd.trading.settlement import compare, profit, winnings

CURRENCY = "USD"
_QUICK = 100  # the platform's number for trades of this kind


class PracticeDeal(msgspec.Struct, frozen=True, kw_only=True):
    """One deal; all stamps are ms of the broker's clock. The last three are None while it is open.

    `payout` is the percentage of the stake that a win adds, as it stood at the opening. `refunded` is when the stake
    went back because nobody could tell the closing price.
    """

    id: str
    account: Account
    asset: str
    side: Side
    stake: Decimal
    payout: int
    opened: Millis
    closes: Millis
    open_price: float
    close_price: float | None = None
    profit: Decimal | None = None
    settled: Millis | None = None
    refunded: bool = False

    @property
    def winnings(self) -> Decimal:
        """What a win adds to the balance besides the stake."""
        return winnings(self.stake, self.payout)


def new_id() -> str:
    """The name of a new deal."""
    return str(uuid.uuid4())


def closed_at(deal: PracticeDeal, price: float, now: Millis) -> PracticeDeal:
    """The deal settled at a price: a win earns the payout, a tie nothing, a loss costs the stake."""
    result = compare(deal.side, deal.open_price, price)
    return replace(deal, close_price=price, profit=profit(result, deal.stake, deal.payout), settled=now)


def refunded(deal: PracticeDeal, now: Millis) -> PracticeDeal:
    """The deal ended without a price: the stake goes back."""
    return replace(deal, close_price=deal.open_price, profit=Decimal(0), settled=now, refunded=True)


def number(amount: Decimal) -> float | int:
    """An amount as the platform writes it: without a fraction when it has none."""
    return plain(float(amount))


def row(deal: PracticeDeal, uid: int) -> dict[str, Any]:
    """The deal as the platform writes it; an open one shows what it would earn, and a closing price of 0."""
    back = deal.settled if deal.refunded else None
    earned = deal.winnings if deal.profit is None else deal.profit
    told: dict[str, Any] = {
        "id": deal.id,
        "openTime": _written(deal.opened),
        "closeTime": _written(deal.closes),
        "openTimestamp": deal.opened // 1000,
        "closeTimestamp": deal.closes // 1000,
        "refundTime": None if back is None else _written(back),
        "refundTimestamp": None if back is None else back // 1000,
        "uid": uid,
        "amount": number(deal.stake),
        "profit": number(earned),
        "percentProfit": deal.payout,
        "percentLoss": 100,
        "openPrice": plain(deal.open_price),
        "closePrice": 0 if deal.close_price is None else plain(deal.close_price),
        "command": int(deal.side == "put"),
        "asset": deal.asset,
        "isDemo": int(deal.account == "demo"),
        "copyTicket": "",
        "openMs": deal.opened % 1000,
    }
    if deal.settled is not None:
        late = deal.settled - deal.closes
        told["closeMs"] = late if 0 <= late < 1000 else 0
    return told | {
        "optionType": _QUICK,
        "isRollover": False,
        "isCopySignal": False,
        "isAI": False,
        "currency": CURRENCY,
        "amountUsd": number(deal.stake),
        "amountUSD": number(deal.stake),
    }


def _written(at: Millis) -> str:
    """A stamp of the broker's clock in words, as if it were UTC."""
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%d %H:%M:%S}"

"""Many trades in a row on a page full of traps: `python -m tests.long.trades [--trades N] [--seed S]`.

Each order's stake is its own, so the broker's list tells for certain what became of it and how often.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any

from qfluxd.model import Side, parse_timeframe
from qfluxd.observability import logs
from qfluxd.practice.orderlog import OrderSeen
from qfluxd.practice.server import PracticeBroker
from qfluxd.practice.traps import Traps
from tests.support.asker import Asker, open_asker
from tests.support.brokers import broker
from tests.support.daemons import stack

ASSETS = (
    "EURUSD_otc",
    "GBPUSD_otc",
    "AUDCAD_otc",
    "NZDUSD_otc",
    "BTCUSD_otc",
    "XAUUSD_otc",
    "USDJPY_otc",
    "EURCHF_otc",
)
EXPIRIES = ("5s", "6s", "10s", "15s")
MOST_OPEN = 8
PLACED_SHARE = 0.99


@dataclass(frozen=True, slots=True)
class Wish:
    """One order as it was asked for."""

    ident: str
    asset: str
    side: Side
    stake: Decimal
    expiry: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was answered, and every order of this stake that the broker got."""

    wish: Wish
    answer: dict[str, Any]
    orders: tuple[OrderSeen, ...]

    @property
    def placed(self) -> int:
        """How many deals came of it."""
        return sum(order.deal is not None for order in self.orders)

    @property
    def wrong(self) -> bool:
        """Whether any order of it had another asset, side or expiry."""
        right = (self.wish.asset, self.wish.side, parse_timeframe(self.wish.expiry))
        return any((order.asset, order.side, order.expiry) != right for order in self.orders)


def all_traps(seed: int) -> Traps:
    """Everything that a page may do to an order that can be placed at all, each about every fourth time."""
    return Traps(
        walk=seed,
        amount_appends=True,
        rerender_ms=150,
        clock_mode=True,
        toast=True,
        promo=True,
        deposit=True,
        confirm=True,
        tutorial=True,
        sidebar_shut=True,
        favourites_hidden=True,
        balance_hidden=True,
        throttled=True,
        veil=True,
        partly_covered=True,
        swallow=True,
        blocked_ms=700,
        payout_drops=True,
        answers="doubled",
    )


async def trade(asker: Asker, market: PracticeBroker, trades: int, seed: int) -> list[Outcome]:
    """Ask for so many trades, one after the other; the broker's list is read when all have expired."""
    dice = random.Random(seed)
    answers = []
    for number in range(trades):
        stake = Decimal(1) + Decimal(number) / 100
        wish = Wish(f"t{number}", dice.choice(ASSETS), dice.choice(("call", "put")), stake, dice.choice(EXPIRIES))
        began = monotonic()
        arguments = {"asset": wish.asset, "side": wish.side, "stake": float(stake), "expiry": wish.expiry}
        answer = await asker.ask("trade/open", wish.ident, 60, **arguments)
        answers.append((wish, answer))
        took = monotonic() - began
        print(
            f"{number + 1:4} {answer['status']:9} {answer['code']:20} {took:5.2f} s  {answer['error'] or ''}",
            flush=True,
        )
        await asker.at_most_open(MOST_OPEN)
    await asyncio.sleep(16)
    return [
        Outcome(wish, answer, tuple(order for order in market.orders if order.stake == wish.stake))
        for wish, answer in answers
    ]


def faults(outcomes: Sequence[Outcome], market: PracticeBroker) -> list[str]:
    """What must not be: a sentence for each."""
    found = []
    for outcome in outcomes:
        if len(outcome.orders) > 1:
            found.append(f"{outcome.wish} left the page {len(outcome.orders)} times")
        if outcome.wrong:
            found.append(f"{outcome.wish} was ordered as {outcome.orders}")
        if outcome.answer["status"] == "ok" and outcome.placed != 1:
            found.append(f"{outcome.wish} was answered ok, and the broker has {outcome.placed} of it")
        if outcome.answer["status"] == "error" and outcome.placed:
            found.append(f"{outcome.wish} was refused ({outcome.answer['code']}), and the broker has it")
    wished = {outcome.wish.stake for outcome in outcomes}
    found += [f"nobody asked for {order}" for order in market.orders if order.stake not in wished]
    if (placed := sum(outcome.placed == 1 for outcome in outcomes)) < PLACED_SHARE * len(outcomes):
        found.append(f"{placed} of {len(outcomes)} placed; {PLACED_SHARE:.0%} were wanted")
    return found


async def run(trades: int, seed: int, folder: Path) -> int:
    """The whole run; the exit code."""
    async with AsyncExitStack() as all_of_it:
        mqtt = await all_of_it.enter_async_context(broker(folder))
        options: dict[str, object] = {"traps": all_traps(seed), "balance": Decimal(10_000_000), "seed": seed}
        limits = {
            "risk.max_stake": 100_000,
            "risk.max_open": 100,
            "risk.max_daily_loss": 1_000_000_000,
            "risk.orders_per_minute": 600,
        }
        market, _, _ = await all_of_it.enter_async_context(stack(folder / "state", mqtt.port, options, **limits))
        asker = await all_of_it.enter_async_context(open_asker(mqtt.port))
        await asker.ready(40)
        outcomes = await trade(asker, market, trades, seed)
        wrong = faults(outcomes, market)
    print(Counter((outcome.answer["status"], outcome.answer["code"]) for outcome in outcomes))
    print(f"{len(outcomes)} asked, {sum(outcome.placed == 1 for outcome in outcomes)} placed once, {len(wrong)} faults")
    for fault in wrong:
        print(f"  {fault}")
    return 1 if wrong else 0


def main() -> int:
    """Run and say by the exit code whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trades", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    logs.set_up("error")
    with tempfile.TemporaryDirectory(prefix="trades-") as folder:
        return asyncio.run(run(given.trades, given.seed, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())

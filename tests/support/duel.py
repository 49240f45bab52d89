"""Strategies that are compared, made of coins: settings, trades, and whole comparisons of them."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np

from qfluxd.evidence import Outcome
from qfluxd.model import MINUTE, Millis
from qfluxd.research.compare import Arm, Comparison, Rule, Setting, Taken

BEGIN: Millis = 1_763_769_600_000
"""2025-11-22 00:00 UTC."""
ASSET = "EURUSD_otc"
LATENCY: Millis = 400


def setting(*names: str, kind: Any = "paired", mode: Any = "shadow", seed: int = 7, **rule: Any) -> Setting:
    """Terms for these arms (a and b where none is named) on candles of a minute."""
    arms = tuple(Arm(name, MINUTE) for name in names or ("a", "b"))
    return Setting("duel", kind, mode, arms, MINUTE, seed, BEGIN - 1, Rule(**rule))


def trade(
    arm: str,
    number: int,
    result: str = "won",
    *,
    asset: str = ASSET,
    side: Any = "call",
    lasts: Millis = 30_000,
    payout: int = 85,
    ident: str = "",
) -> Taken:
    """What an arm traded after candle `number`: won, lost, tie or unknown."""
    moment = BEGIN + number * MINUTE
    profits = {"won": Decimal(payout) / 100, "lost": Decimal(-1), "tie": Decimal(0), "unknown": None}
    opened = moment + LATENCY
    outcome = Outcome(Decimal(1), payout, profits[result], opened, opened + lasts)
    return Taken(ident or f"{arm}-{asset}-{number}", asset, moment, side, outcome)


def coins(count: int, chance: float, seed: int) -> list[str]:
    """Won or lost, by a coin that wins with this chance."""
    return ["won" if won else "lost" for won in np.random.default_rng(seed).random(count) < chance]


def duel(first: Iterable[str], other: Iterable[str]) -> Iterator[tuple[str, Taken]]:
    """What two arms came to after the same candles, on other sides, so that each could have come out otherwise."""
    for number, results in enumerate(zip(first, other, strict=True)):
        for arm, side, result in zip("ab", ("call", "put"), results, strict=True):
            yield arm, trade(arm, number, result, side=side)


def told(terms: Setting, trades: Iterable[tuple[str, Taken]], *, look: bool = False) -> Comparison:
    """A comparison that was told all of these; with `look` it was looked at after each. By turns only what an arm
    traded in its own slots is told.
    """
    comparison = Comparison(terms)
    for arm, taken in trades:
        comparison.see(taken.asset, taken.moment)
        if terms.turn(taken.asset, taken.moment) in (None, arm):
            comparison.take(arm, taken)
        if look:
            comparison.walk(taken.moment + MINUTE)
    return comparison

"""Whether a new model takes the place of the one in use: by what both would have earned on the same new candles."""

from collections.abc import Iterable, Mapping
from itertools import groupby, takewhile
from typing import Final, Literal

import msgspec

from qfluxd.evidence import DOUBT, HIGHEST, Bet, Bets, Wealth, difference
from qfluxd.model import Millis
from qfluxd.trading.shadow import ShadowDeal

type Decision = Literal["promote", "keep", "wait"]
type _Chance = tuple[Millis, str]

_MOST: Final = HIGHEST / 100


class Shadowed(msgspec.Struct, frozen=True):
    """One trade of a model on paper, after the candle of an asset that opened at `candle`.

    `unit` is what a unit of stake came to: the payout as a fraction for a win, -1 for a loss, 0 for a tie. `payout` is
    that fraction as it was at the entry. It was `opened` and `closes` in ms UTC.
    """

    candle: Millis
    asset: str
    opened: Millis
    closes: Millis
    unit: float
    payout: float


def shadowed(deal: ShadowDeal) -> Shadowed | None:
    """A deal of the shadow book for a comparison; None where it did not come out, or nobody knows what it paid."""
    if deal.outcome not in ("won", "lost", "tie") or deal.payout is None or deal.opened is None or deal.closes is None:
        return None
    payout = deal.payout / 100
    unit = {"won": payout, "lost": -1.0, "tie": 0.0}[deal.outcome]
    return Shadowed(candle_of(deal), deal.asset, deal.opened, deal.closes, unit, payout)


def candle_of(deal: ShadowDeal) -> Millis:
    """When the candle opened after which a deal was wanted."""
    return deal.signalled if deal.candle is None else deal.candle


class Rule(msgspec.Struct, frozen=True):
    """When to decide. A promotion without a reason happens at most once in 1 / `doubt` comparisons.

    Before `fewest` pairs nothing is decided; after `most` of them the model in use stays.
    """

    doubt: float = DOUBT
    fewest: int = 50
    most: int = 5_000


USUAL: Final = Rule()


class Verdict(msgspec.Struct, frozen=True):
    """What was decided, and on what: `pairs` chances to trade, and what a unit of stake earned at one on average.

    `better` and `worse` are the evidence (`qfluxd.evidence.Bets`) that the new model is better, and that it is worse.
    """

    decision: Decision
    reason: str
    pairs: int
    old: float
    new: float
    better: float
    worse: float


class _Pair(msgspec.Struct, frozen=True):
    candle: Millis
    opened: Millis
    closes: Millis
    old: float
    new: float
    payout: float


def promote(old: Iterable[Shadowed], new: Iterable[Shadowed], rule: Rule = USUAL) -> Verdict:
    """Compare two models that ran in shadow over the same stretch of time; trades of unknown outcome are left out.

    A chance is a candle of an asset after which at least one of them traded; the one that did not has 0. Each step
    bets on the `difference` of what they came to. Where the new model is no better, its mean given the past is not
    above 0, so the promise of `Bets` holds, whenever one looks. Chances of one candle time share a bet, and those that
    overlap are bet on with what is left. From the first candle on at which a payout is above `HIGHEST` nothing is
    looked at.
    """
    pairs = _pairs(_by_chance(old), _by_chance(new))
    beyond = {pair.candle for pair in pairs if pair.payout > _MOST}
    pairs = list(takewhile(lambda pair: pair.candle not in beyond, pairs))
    better, worse = Bets(_bets(pairs)).evidence
    decision, reason = _decide(rule, len(pairs), better, worse)
    return Verdict(
        decision,
        reason,
        pairs=len(pairs),
        old=sum(pair.old for pair in pairs) / max(len(pairs), 1),
        new=sum(pair.new for pair in pairs) / max(len(pairs), 1),
        better=better.best,
        worse=worse.best,
    )


def _decide(rule: Rule, count: int, better: Wealth, worse: Wealth) -> tuple[Decision, str]:
    level = 1 / rule.doubt
    if count < rule.fewest:
        return "wait", f"{count} chances to compare are too few; it takes at least {rule.fewest}"
    if worse.best >= level:
        return "keep", f"the new model is worse: the evidence is {worse.best:,.0f}, and {level:g} is enough"
    if better.best >= level:
        return "promote", f"the new model is better: the evidence is {better.best:,.0f}, and {level:g} is enough"
    if count >= rule.most:
        return "keep", f"after {count:,} chances the new model has not shown itself better"
    return "wait", f"cannot tell yet after {count:,} chances: the evidence is {better.best:.2g}, and it takes {level:g}"


def _by_chance(trades: Iterable[Shadowed]) -> dict[_Chance, Shadowed]:
    return {(trade.candle, trade.asset): trade for trade in trades}


def _pairs(old: Mapping[_Chance, Shadowed], new: Mapping[_Chance, Shadowed]) -> list[_Pair]:
    """What both came to at each chance, in the order of the candles."""
    return [_pair(old.get(chance), new.get(chance)) for chance in sorted(old.keys() | new.keys())]


def _pair(old: Shadowed | None, new: Shadowed | None) -> _Pair:
    both = [trade for trade in (old, new) if trade is not None]
    return _Pair(
        candle=both[0].candle,
        opened=min(trade.opened for trade in both),
        closes=max(trade.closes for trade in both),
        old=old.unit if old else 0.0,
        new=new.unit if new else 0.0,
        payout=max(trade.payout for trade in both),
    )


def _bets(pairs: Iterable[_Pair]) -> list[Bet]:
    """The pairs of one candle time begin together, with the first of them."""
    found: list[Bet] = []
    for _, each in groupby(pairs, key=lambda pair: pair.candle):
        together = list(each)
        start = min(pair.opened for pair in together)
        found += [Bet(start, pair.closes, difference(pair.new, pair.old, _MOST)) for pair in together]
    return found

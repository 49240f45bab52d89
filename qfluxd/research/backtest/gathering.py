"""Everything that whole histories tell: what plans would have said, and what would have become of each trade."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from qfluxd.beats import BEAT
from qfluxd.errors import DataError
from qfluxd.model import Millis
from qfluxd.plans.plan import Plan
from qfluxd.research.backtest import keys, settling
from qfluxd.research.backtest.candidates import Candidates, candidates
from qfluxd.research.backtest.folding import Pace
from qfluxd.research.backtest.histories import History, strokes_of
from qfluxd.research.backtest.offers import UNKNOWN, Offers, offers_of
from qfluxd.research.backtest.settings import Backtest
from qfluxd.research.backtest.settling import Settling, Trades, results
from qfluxd.research.backtest.source import Bars, Days, Source, Times, prices_of, source_of
from qfluxd.research.backtest.stream import Tell
from qfluxd.research.backtest.terms import Terms
from qfluxd.research.dataset import Dataset
from qfluxd.strategy import Mask, View


@dataclass(frozen=True, slots=True)
class Known:
    """All signals in the order in which the desk would have judged them, and what becomes of each that is let through.

    `when` and `ends` are keys (`qfluxd.research.backtest.keys`). `payout` and `is_open` are as the signal was given,
    `paid` is the payout in force at the entry; `result` is 1, 0 or -1 for won, tie or lost.
    """

    found: Candidates
    trades: Trades
    when: Times
    ends: Times
    payout: Times
    is_open: Times
    paid: Times
    result: NDArray[np.int8]
    stale: Mask


def gather(settings: Backtest, source: Source, tell: Tell) -> Known:
    """Read every asset's prices twice: for what plans say of them, and for what trades come to.

    Raises:
        DataError: prices cannot be read, a strategy fails, or it takes the desk itself to tell.
    """
    terms, looking = Terms.of(settings, source), Looking.of(settings, source)
    parts: list[tuple[Candidates, Trades]] = []
    every_offer: list[Offers] = []
    for place, asset in enumerate(source.assets):
        offers = offers_of(source.dataset, asset, settings)
        prices = prices_of(source, asset)
        strokes = strokes_of(settings, prices, source, looking.pace)
        found = looking.at(place, History(asset, offers, strokes, looking.pace))
        parts.append((found, _settled(found, asset, terms, prices, looking.pace.until)))
        every_offer.append(offers)
        tell(place + 1, len(source.assets), "assets")
    found = Candidates.together([each for each, _ in parts])
    trades = _together([each for _, each in parts])
    when = keys.of_signals(found)
    order = np.lexsort((found.asset, found.first, found.plan, when))
    return _known(settings, source, every_offer, found.take(order), trades.take(order), when[order], terms)


def views(settings: Backtest, dataset: Dataset) -> Iterator[tuple[Plan, View]]:
    """What each plan is shown of each asset that it trades, all of its history at once: what `run` asks strategies.

    Raises:
        DataError: as `run`.
    """
    settings.check()
    source = source_of(settings, dataset)
    looking = Looking.of(settings, source)
    for asset in source.assets:
        strokes = strokes_of(settings, prices_of(source, asset), source, looking.pace)
        history = History(asset, offers_of(dataset, asset, settings), strokes, looking.pace)
        yield from ((plan, history.view(plan)) for plan in settings.plans if plan.trades(asset))


@dataclass(frozen=True, slots=True)
class Looking:
    """How plans look at histories; `moments` are those at which a plan is due by time, None where by candles."""

    settings: Backtest
    pace: Pace
    moments: tuple[Times | None, ...]

    @classmethod
    def of(cls, settings: Backtest, source: Source) -> "Looking":
        """How they look at these prices. Raises `DataError` where only the desk itself can tell."""
        if settings.grace % BEAT or len(source.assets) > keys.MOST_ASSETS:
            raise DataError(
                f"a grace of whole tenths of a second and at most {keys.MOST_ASSETS} assets can be looked at at once; "
                "--engine event takes any"
            )
        spans = [source.span(asset) for asset in source.assets]
        began, until = min(first for first, _ in spans), max(last for _, last in spans)
        pace = Pace(settings.origin, settings.grace, Terms.of(settings, source).quiet_after, until)
        return cls(settings, pace, tuple(_moments(plan, began, until) for plan in settings.plans))

    def at(self, place: int, history: History) -> Candidates:
        """What all plans say of one asset."""
        parts = [
            candidates(plan, (number, place), history, self.settings, self.moments[number])
            for number, plan in enumerate(self.settings.plans)
            if plan.trades(history.asset)
        ]
        return Candidates.together(parts)


def _moments(plan: Plan, began: Millis, until: Millis) -> Times | None:
    """When a plan is due by time, after the first tick; None where it goes by candles."""
    if plan.schedule.on_candle:
        return None
    found = np.fromiter(_after(plan, began, until), np.int64)
    if (found % BEAT).any():
        raise DataError(f"{plan.name}: its moments are no whole tenths of a second; --engine event takes any")
    return found


def _after(plan: Plan, began: Millis, until: Millis) -> Iterator[Millis]:
    at = plan.schedule.next_after(began)
    while at is not None and at <= until:
        yield at
        at = plan.schedule.next_after(at)


def _settled(found: Candidates, asset: str, terms: Terms, prices: Days | Bars, until: Millis) -> Trades:
    """What would become of one asset's trades."""
    for expiry in np.unique(found.expiry).tolist():
        terms.check_expiry(expiry, asset)
    latency = _latencies(found, asset, terms)
    way = Settling(found.signalled + latency, found.expiry, found.by_tick & (latency == 0), terms.quiet_after)
    if not len(found):
        return way.result(until)
    if isinstance(prices, Bars):
        terms.check_moments(found.moment, found.candle)
        way.hear(settling.of_bars(prices, terms.finest))
    else:
        for tape in settling.of_ticks(prices):
            way.hear(tape)
    return way.result(until)


def _latencies(found: Candidates, asset: str, terms: Terms) -> Times:
    fixed = terms.drawing.fixed
    if fixed is not None:
        return np.full(len(found), fixed)
    return np.array([terms.latency(each) for each in signal_ids(found, terms.settings.plans, asset)], np.int64)


def signal_ids(found: Candidates, plans: Sequence[Plan], asset: str) -> list[str]:
    """The ids of an asset's signals, as the playbook gives them."""
    rows = zip(found.plan.tolist(), found.moment.tolist(), strict=True)
    return [f"{plans[plan].name}/{asset}/{moment}" for plan, moment in rows]


def _known(
    settings: Backtest,
    source: Source,
    offers: list[Offers],
    found: Candidates,
    trades: Trades,
    when: Times,
    terms: Terms,
) -> Known:
    def told(course: Callable[[Offers], Times]) -> Times:
        values = np.full(len(found), UNKNOWN)
        for place, each in enumerate(offers):
            rows = found.asset == place
            values[rows] = course(each)[rows]
        return values

    return Known(
        found,
        trades,
        when,
        keys.of_ends(found, trades, source, offers),
        told(lambda each: each.payout.then(found.signalled, heard=found.by_tick)),
        told(lambda each: each.open.then(found.signalled, heard=found.by_tick)),
        told(lambda each: each.payout.then(trades.opened)),
        results(trades, found.side, settings.digits),
        keys.is_stale(found, source, offers, terms.stale_after),
    )


def _together(parts: list[Trades]) -> Trades:
    return Trades(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Trades)))

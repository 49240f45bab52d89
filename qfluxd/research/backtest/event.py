"""The proof: the daemon's own desk, told tick by tick what was recorded, as fast as it can listen."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from math import gcd
from typing import NoReturn

import numpy as np

from qfluxd.desk import Desk
from qfluxd.errors import DataError
from qfluxd.model import Balance, Fact, Millis, Order, PlanSwitched, Refusal, Signal, Situation, Tick, Verdict
from qfluxd.research.backtest.beating import Beating
from qfluxd.research.backtest.news import News
from qfluxd.research.backtest.offers import offers_of
from qfluxd.research.backtest.settings import Backtest
from qfluxd.research.backtest.source import Source
from qfluxd.research.backtest.stream import Block, Tell, blocks
from qfluxd.research.backtest.terms import Terms, refused_by_broker
from qfluxd.shadowing import Shadowing
from qfluxd.trading.risk import Intent
from qfluxd.trading.shadow import ShadowDeal


@dataclass(slots=True)
class Heard:
    """What a desk said of its plans: each signal that was let through with its deal, and what was refused."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    deals: dict[str, ShadowDeal] = field(default_factory=dict)
    signals: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)

    def on_fact(self, fact: Fact) -> None:
        """The desk says something; only the first word on a signal counts here."""
        if not isinstance(fact, Verdict) or fact.outcome not in ("refused", "shadow"):
            return
        plan = fact.signal.plan
        self.signals[plan] += 1
        if fact.trade is None:
            self.refused[plan, fact.code] += 1
        else:
            self.verdicts[fact.trade] = fact


def run_events(settings: Backtest, source: Source, tell: Tell) -> Heard:
    """Every trade and refusal, by the desk itself."""
    floor = Floor(settings, source)
    for block in blocks(source, tell):
        floor.play(block)
    return floor.heard


class Floor:
    """A desk with its plans on paper, the account that its deals move, and the time between what it hears.

    The promise: the desk decides and nobody else. It hears what a daemon would have heard, at the moments at which the
    broker stamped it.
    """

    def __init__(self, settings: Backtest, source: Source, *, every_beat: bool = False) -> None:
        """With `every_beat` the clock beats at each point of its grid, and not only where something is due."""
        self.heard = Heard()
        self._settings = settings
        self._source = source
        self._terms = Terms.of(settings, source)
        self._balance = self._told = settings.balance
        self._last: Millis | None = None
        offers = {asset: offers_of(source.dataset, asset, settings) for asset in source.assets}
        self._news = News(offers, settings)
        self.desk = self._desk()
        self._finest = gcd(*settings.timeframes)
        self._beating = Beating(
            self.desk,
            self._news,
            finest=self._finest,
            origin=settings.origin,
            grace=settings.grace,
            quiet_after=self._terms.quiet_after,
            stale_after=self._terms.stale_after,
            every_beat=every_beat,
        )

    def _desk(self) -> Desk:
        settings, terms = self._settings, self._terms
        shadowings: list[Shadowing] = []

        def keep(deal: ShadowDeal) -> None:
            shadowings[0].on_deal(deal)
            self._on_deal(deal)

        desk = Desk(
            terms.market,
            self.heard.on_fact,
            server_offset=settings.origin // 1000,
            rules=settings.rules,
            keep_shadow=keep,
        )
        shadowings.append(Shadowing(desk, settings.risk, lambda signal: terms.latency(signal.id)))
        desk.plans.shadow = lambda *what: self._act(shadowings[0], *what)
        desk.plans.on_benched = _give_up
        desk.plans.replace(settings.on_paper())
        return desk

    # ------------------------------------------------------------------------------------------------ what is heard

    def play(self, block: Block) -> None:
        """Let the desk hear some ticks, and time pass between them."""
        if not block.at.size:
            return
        if self._last is None:
            self._begin(int(block.at[0]))
        hear, beating, times = self.desk.hear, self._beating, block.at.tolist()
        names = map(self._source.assets.__getitem__, block.place.tolist())
        ticks = map(Tick, names, times, block.price.tolist())
        for at, tick, stop in zip(times, ticks, self._stops(block), strict=True):
            if stop or at >= beating.due:
                self._pass_time(at)
            hear(at, tick)
            beating.newest = at
            if self._balance is not self._told:
                self._tell_balance(at)

    def _begin(self, at: Millis) -> None:
        self._last = at
        self.desk.hear(at, Situation("connected", "recorded"))
        for event in self._news.up_to(at):
            self.desk.hear(at, event)
        self._tell_balance(at)
        self._beating.begin(at)

    def _stops(self, block: Block) -> list[bool]:
        """Before which ticks the clock may have closed a candle, or found the market stale."""
        assert self._last is not None
        before = np.concatenate(([self._last], block.at[:-1]))
        self._last = int(block.at[-1])
        ahead = self._settings.origin - self._settings.grace
        closed = (block.at + ahead) // self._finest > (before + ahead) // self._finest
        stops: list[bool] = (closed | (block.at - before > self._terms.stale_after)).tolist()
        return stops

    def _pass_time(self, at: Millis) -> None:
        for moment in self._beating.up_to(at):
            if self._balance is not self._told:
                self._tell_balance(moment)

    def _tell_balance(self, at: Millis) -> None:
        self._told = self._balance
        self.desk.hear(at, Balance(self._balance, "demo"))

    # ------------------------------------------------------------------------------------------------ what is done

    def _act(self, shadowing: Shadowing, order: Order, intent: Intent, signal: Signal, at: Millis) -> Refusal | None:
        """Follow an order on paper, unless the guards stop it or the broker turns it down."""
        self._check(order, signal)
        if self._settings.refuse and refused_by_broker(signal.id, self._settings):
            return shadowing.judge(order, intent, signal, at) or Refusal("order_refused", "the broker turned it down")
        return shadowing.open(order, intent, signal, at)

    def _check(self, order: Order, signal: Signal) -> None:
        self._terms.check_expiry(order.expiry, order.asset)
        moment = int(signal.id.rpartition("/")[2])
        self._terms.check_moments(np.array([moment]), np.array([signal.candle]))

    def _on_deal(self, deal: ShadowDeal) -> None:
        """A deal has come further: a stake leaves the account as it opens, and comes back as it ends but for a loss."""
        before = self.heard.deals.get(deal.id)
        self.heard.deals[deal.id] = deal
        self._beating.on_deal()
        if deal.outcome == "open":
            self._balance = self._balance - deal.stake
        elif deal.is_over and before is not None and before.outcome == "open":
            self._balance = self._balance + deal.stake + (deal.profit or Decimal(0))


def _give_up(switch: PlanSwitched) -> NoReturn:
    raise DataError(f"{switch.name}: the strategy failed: {switch.reason}")


def deals_of(heard: Heard) -> Iterator[tuple[Verdict, ShadowDeal]]:
    """Each signal that was let through, with its deal."""
    for trade, verdict in heard.verdicts.items():
        yield verdict, heard.deals[trade]

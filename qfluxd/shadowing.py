"""Trades on paper that plans want: judged by the limits of a ledger of their own, then followed tick by tick."""

from collections.abc import Callable

from qfluxd.desk import Desk
from qfluxd.model import Compared, Millis, Order, Refusal, Signal, TradingSwitch
from qfluxd.settings import RiskSettings
from qfluxd.trading import risk
from qfluxd.trading.exposure import follow
from qfluxd.trading.ledger import Ledger
from qfluxd.trading.risk import Intent
from qfluxd.trading.shadow import ShadowDeal, ShadowRequest

_NO_SWITCH = TradingSwitch("active", "nothing is placed on paper", 0)


class Shadowing:
    """The shadow trades of one desk.

    The promise: the very guards of real orders hold for them, but those of the page, the journal and the account; what
    they lose and win on paper counts in limits of their own. A plan that is compared with others has such limits for
    itself, so that none of them takes room from another.
    """

    def __init__(self, desk: Desk, settings: RiskSettings, latency: Millis | Callable[[Signal], Millis]) -> None:
        """A shadow trade opens `latency` milliseconds after its signal at the earliest, or what that says of it."""
        self.settings = settings
        self._desk = desk
        self._latency = latency
        self._ledger = Ledger(settings.calendar)
        self._alone: dict[str, tuple[Millis, Ledger]] = {}
        """Of each plan that is compared: since when, and what it came to since."""

    def reconfigure(self, settings: RiskSettings) -> None:
        """Apply limits that have changed."""
        self.settings = settings
        for ledger in self._ledgers():
            ledger.reconfigure(settings.calendar)

    def resume(self, now: Millis) -> None:
        """A person has resumed trading, or had when the broker's clock showed `now`: drawdowns count from there."""
        for ledger in self._ledgers():
            ledger.resume(now)

    def compare(self, note: Compared) -> None:
        """Plans begin to be compared, each with a clean slate, or are not any more."""
        for arm in note.arms:
            self._alone.pop(arm, None)
            if note.running:
                ledger = Ledger(self.settings.calendar)
                ledger.resume(self._ledger.resumed)
                self._alone[arm] = note.since, ledger

    def on_deal(self, deal: ShadowDeal) -> None:
        """A shadow deal has come further, now or before this start."""
        follow(self._ledger, deal)
        since, ledger = self._alone.get(deal.plan, (0, None))
        if ledger is not None and deal.signalled >= since:
            follow(ledger, deal)

    def _ledgers(self) -> list[Ledger]:
        return [self._ledger, *(ledger for _, ledger in self._alone.values())]

    def open(self, order: Order, intent: Intent, signal: Signal, at: Millis) -> Refusal | None:
        """A plan wants a shadow trade (`qfluxd.plans.playbook.Act`)."""
        refusal = self.judge(order, intent, signal, at)
        if refusal is not None:
            return refusal
        asset, latency = self._desk.asset(order.asset), self._latency
        self._desk.shadow.open(
            ShadowRequest(
                id=order.id,
                plan=intent.plan,
                asset=order.asset,
                side=order.side,
                stake=order.stake,
                expiry=order.expiry,
                candle=signal.candle,
                signalled=signal.at,
                latency=latency(signal) if callable(latency) else latency,
                payout=signal.payout,
                digits=None if asset is None else asset.digits,
            )
        )
        return None

    def judge(self, order: Order, intent: Intent, signal: Signal, at: Millis) -> Refusal | None:
        """Why `open` would not let it through, None where it would."""
        return risk.before_shadow(order, self._picture(order, intent, signal, at), self.settings)

    def _picture(self, order: Order, intent: Intent, signal: Signal, at: Millis) -> risk.Picture:
        account = self._desk.account
        _, ledger = self._alone.get(intent.plan, (0, self._ledger))
        exposure = ledger.exposures(
            signal.at, None, asset=order.asset, plan=intent.plan, candle=signal.candle, besides=order.id
        )
        return risk.Picture(
            at=at,
            session=self._desk.session_at(at),
            expected=None,
            switch=_NO_SWITCH,
            asset=self._desk.asset(order.asset),
            exposure=exposure,
            journal=None,
            balance=None if account is None else account.balance,
            intent=intent,
        )

"""Trades on paper that plans want: judged by the limits of a ledger of their own, then followed tick by tick."""

from qfluxd.desk import Desk
from qfluxd.model import Millis, Order, Refusal, Signal, TradingSwitch
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
    they lose and win on paper counts in limits of their own.
    """

    def __init__(self, desk: Desk, settings: RiskSettings, latency: Millis) -> None:
        """A shadow trade opens `latency` milliseconds after its signal at the earliest."""
        self.settings = settings
        self._desk = desk
        self._latency = latency
        self._ledger = Ledger(settings.calendar)

    def reconfigure(self, settings: RiskSettings) -> None:
        """Apply limits that have changed."""
        self.settings = settings
        self._ledger.reconfigure(settings.calendar)

    def resume(self, now: Millis) -> None:
        """A person has resumed trading, or had when the broker's clock showed `now`: drawdowns count from there."""
        self._ledger.resume(now)

    def on_deal(self, deal: ShadowDeal) -> None:
        """A shadow deal has come further, now or before this start."""
        follow(self._ledger, deal)

    def open(self, order: Order, intent: Intent, signal: Signal, at: Millis) -> Refusal | None:
        """A plan wants a shadow trade (`qfluxd.plans.playbook.Act`)."""
        desk = self._desk
        asset = desk.asset(order.asset)
        refusal = risk.before_shadow(order, self._picture(order, intent, signal, at), self.settings)
        if refusal is not None:
            return refusal
        desk.shadow.open(
            ShadowRequest(
                id=order.id,
                plan=intent.plan,
                asset=order.asset,
                side=order.side,
                stake=order.stake,
                expiry=order.expiry,
                candle=signal.candle,
                signalled=signal.at,
                latency=self._latency,
                payout=signal.payout,
                digits=None if asset is None else asset.digits,
            )
        )
        return None

    def _picture(self, order: Order, intent: Intent, signal: Signal, at: Millis) -> risk.Picture:
        account = self._desk.account
        exposure = self._ledger.exposures(
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

"""What becomes of signals after they were let through."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec

from qfluxd.model import Millis, Outcome, Trade, Verdict
from qfluxd.trading.shadow import ShadowDeal

_OUTCOMES: Final[dict[str, Outcome]] = {
    "accepted": "accepted",
    "refused": "refused",
    "unknown": "unknown",
    "won": "won",
    "lost": "lost",
    "tie": "tie",
    "not_filled": "unknown",
}


class Fates:
    """The verdicts whose trades are not over.

    The promise: each change of such a trade is told once, with the signal that it came from.
    """

    def __init__(self, say: Callable[[Verdict], None]) -> None:
        self._say = say
        self._open: dict[str, Verdict] = {}

    def add(self, verdict: Verdict) -> None:
        """A signal was let through as a trade."""
        assert verdict.trade is not None
        self._open[verdict.trade] = verdict

    def on_trade(self, trade: Trade) -> None:
        """An order of the journal has come further."""
        word = trade.code if trade.stage == "settled" else trade.stage
        profit = None if trade.deal is None else trade.deal.profit
        self._became(trade.id, word, trade.code, trade.detail, trade.changed, profit, over=trade.over)

    def on_shadow(self, deal: ShadowDeal) -> None:
        """A shadow deal has come further."""
        over = deal.outcome not in ("pending", "open")
        self._became(deal.id, deal.outcome, deal.code, "", deal.at, deal.profit, over=over)

    def _became(
        self, ident: str, word: str, code: str, detail: str, at: Millis, profit: Decimal | None, *, over: bool
    ) -> None:
        verdict, outcome = self._open.get(ident), _OUTCOMES.get(word)
        if verdict is None or outcome is None:
            return
        now = msgspec.structs.replace(verdict, outcome=outcome, code=code, detail=detail, at=at, profit=profit)
        if over:
            del self._open[ident]
        else:
            self._open[ident] = now
        self._say(now)

"""Where limits, balances or results matter: signals and what becomes of trades, one after the other."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from heapq import heappop, heappush
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from qfluxd.model import Refusal
from qfluxd.research.backtest import keys
from qfluxd.research.backtest.judging import Judge, Said
from qfluxd.research.backtest.source import Times
from qfluxd.trading.exposure import follow
from qfluxd.trading.ledger import Ledger
from qfluxd.trading.settlement import profit
from qfluxd.trading.shadow import PAYOUT_UNKNOWN, ShadowDeal, ShadowOutcome
from qfluxd.trading.staking import Result

_RESULTS: Final = 64
"""As many as a plan remembers (`qfluxd.plans.running`)."""
_DECISIVE: Final[dict[str, Result]] = {"won": "won", "lost": "lost", "tie": "tie"}


class Fate(msgspec.Struct, frozen=True):
    """What becomes of a trade if it is let through, whatever its stake; keys as in `keys`, times in ms.

    It is known `at` what it came to. `payout` is the one in force at its entry, None where nobody has told.
    """

    entered: int
    ended: int
    opened: int
    closes: int
    at: int
    outcome: ShadowOutcome
    payout: int | None


@dataclass(slots=True)
class Verdicts:
    """Of each signal its stake in cents, 0 where it was refused, and the code of that."""

    cents: NDArray[np.int64]
    codes: dict[int, str]


class Court:
    """An account on paper, its ledger, and what each plan's trades came to.

    The promise: at each signal it knows exactly what the desk would have known, and decides the same.
    """

    def __init__(self, judge: Judge, balance: Decimal) -> None:
        self._judge = judge
        self._names = [plan.name for plan in judge.plans]
        self._ledger = Ledger(judge.settings.risk.calendar)
        self._balance = self._told = balance
        self._results: list[deque[Result]] = [deque(maxlen=_RESULTS) for _ in judge.plans]
        self._coming: list[tuple[int, int]] = []
        self._open: dict[int, tuple[int, Fate, ShadowDeal]] = {}

    def hear(self, when: Times, said: Iterable[Said], fates: Iterable[Fate]) -> Verdicts:
        """Judge signals one after the other; `when` are their keys, ascending."""
        found = Verdicts(np.zeros(when.size, np.int64), {})
        for row, (each, fate) in enumerate(zip(said, fates, strict=True)):
            self._pass_time(int(when[row]))
            results = tuple(self._results[each.plan])
            stake = self._judge.stake(each, self._ledger, self._told, results)
            if isinstance(stake, Refusal):
                found.codes[row] = stake.code
                continue
            found.cents[row] = int(stake * 100)
            self._begin(row, each, fate, stake)
        return found

    def _begin(self, number: int, said: Said, fate: Fate, stake: Decimal) -> None:
        deal = ShadowDeal(
            id=said.id,
            plan=self._names[said.plan],
            asset=said.asset,
            side=said.side,
            stake=stake,
            expiry=said.expiry,
            candle=said.candle,
            signalled=said.signalled,
            opened=None,
            closes=None,
            open_price=None,
            close_price=None,
            payout=None,
            profit=None,
            outcome="pending",
            code="pending",
            at=said.signalled,
        )
        follow(self._ledger, deal)
        self._open[number] = said.plan, fate, deal
        heappush(self._coming, (min(fate.entered, fate.ended), number))

    def _pass_time(self, until: int) -> None:
        """Let everything happen that comes before a key."""
        while self._coming and self._coming[0][0] < until:
            key, number = heappop(self._coming)
            if number < 0:
                self._told = self._balance
                continue
            before = self._balance
            self._advance(key, number)
            if self._balance != before:
                heappush(self._coming, (keys.account(key), -1))

    def _advance(self, key: int, number: int) -> None:
        """A trade is entered, or ends."""
        plan, fate, deal = self._open[number]
        if key == fate.ended:
            del self._open[number]
            self._end(plan, fate, deal)
            return
        deal = msgspec.structs.replace(deal, outcome="open", opened=fate.opened, closes=fate.closes)
        self._open[number] = plan, fate, deal
        self._balance -= deal.stake
        follow(self._ledger, deal)
        heappush(self._coming, (fate.ended, number))

    def _end(self, plan: int, fate: Fate, deal: ShadowDeal) -> None:
        result = _DECISIVE.get(fate.outcome)
        gained = None if result is None or fate.payout is None else profit(result, deal.stake, fate.payout)
        code = PAYOUT_UNKNOWN if result is not None and gained is None else fate.outcome
        if deal.outcome == "open":
            self._balance += deal.stake + (gained or Decimal(0))
        over = msgspec.structs.replace(deal, outcome=fate.outcome, code=code, profit=gained, at=fate.at)
        follow(self._ledger, over)
        if result is not None:
            self._results[plan].append(result)

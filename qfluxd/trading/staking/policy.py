"""What every staking policy can say: an amount, what it needs to know, and what may become of a bank."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from qfluxd.evidence import break_even
from qfluxd.model import Refusal
from qfluxd.settings import Table
from qfluxd.trading.staking.ruin import Odds

type Result = Literal["won", "lost", "tie"]
type Need = Literal["balance", "payout", "probability", "results"]

CENT: Final = Decimal("0.01")
_TRADES: Final = 1_000
"""So many trades ahead a person is told of."""
_STREAK: Final = 10
"""So many losses in a row come sooner or later: at break-even with a payout of 92 % about every 3,000 trades."""


def _no_flag(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")  # noqa: TRY004 - pydantic tells it
    return value


Number = Annotated[Decimal, BeforeValidator(_no_flag)]
"""A number of a file, exactly as it is written there."""
MOST: Final = 10**12
Money = Annotated[Number, Field(ge=CENT, le=MOST)]


@dataclass(frozen=True, slots=True)
class StakeState:
    """What is known when an amount is asked for.

    `balance` is of the account in front, `payout` in percent as it is in force, `confidence` the strategy's own measure
    (which is no probability), `results` what this plan's trades came to, oldest first, `probability` that of a win
    where the strategy states one.
    """

    balance: Decimal | None
    payout: int | None
    confidence: float
    results: tuple[Result, ...] = ()
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Ruin:
    """What may become of a bank in so many decisive trades.

    `probability` is that of being ruined: at some point there is not enough for the next stake. `halved` is that of
    being ruined or having lost half the bank at some point. `exact` is false where the bank is followed on a grid.
    """

    bank: Decimal
    payout: int
    win_probability: float
    trades: int
    probability: float
    halved: float
    exact: bool


class Policy(Table, ABC):
    """A rule for how much to stake.

    The promise: the amount depends on the given state alone, and is rounded down; where it cannot be told, or paid from
    the balance that is known, the answer is a refusal with a stable code.
    """

    @property
    def needs(self) -> frozenset[Need]:
        """What it has to know of the state."""
        return frozenset()

    def stake(self, state: StakeState, decimals: int = 2) -> Decimal | Refusal:
        """How much to stake now, in the account's currency.

        Codes: ``balance_unknown``, ``payout_unknown``, ``probability_unknown``, ``no_edge``, ``stake_too_small``
        (nothing is left of it after rounding), ``balance_too_small``.
        """
        if "balance" in self.needs and state.balance is None:
            return Refusal("balance_unknown", f"{self._name} goes by the balance, which the broker has not told yet")
        if "payout" in self.needs and state.payout is None:
            return Refusal("payout_unknown", f"{self._name} goes by the payout, which the broker has not told yet")
        amount = self._amount(state)
        if isinstance(amount, Refusal):
            return amount
        rounded = rounded_down(amount, decimals)
        if rounded <= 0:
            return Refusal("stake_too_small", f"{self._name} comes to {amount:f}, which is nothing when rounded down")
        if state.balance is not None and rounded > state.balance:
            return Refusal("balance_too_small", f"{self._name} asks for {rounded}, and the balance is {state.balance}")
        return rounded

    def worst_case(self, bank: Decimal, payout: int, losses: int) -> Decimal:
        """What so many losses in a row cost from now, or what is lost until the next stake cannot be paid."""
        left = bank
        results: tuple[Result, ...] = ()
        for _ in range(losses):
            amount = self.stake(StakeState(left, payout, 1.0, results, 1.0))
            if isinstance(amount, Refusal):
                break
            left -= amount
            results = (*results, "lost")
        return bank - left

    def risk_of_ruin(
        self, bank: Decimal, win_probability: float, payout: int, trades: int, smallest: Decimal = CENT
    ) -> Ruin:
        """What may become of a bank within so many decisive trades, each won with the same probability.

        `smallest` is the least stake that the broker takes. Ties give the stake back and do not count.

        Raises:
            ValueError: a bank or payout that is not above 0, or a probability that is none.
        """
        if bank <= 0 or payout <= 0 or trades < 0 or not 0 <= win_probability <= 1:
            raise ValueError("a risk of ruin needs a bank and a payout above 0 and a probability from 0 to 1")
        odds = Odds(win_probability, Fraction(payout, 100), trades)
        ruined, exact = self._ruin(bank, odds, smallest, Decimal(0))
        halved, _ = self._ruin(bank, odds, smallest, bank / 2)
        return Ruin(bank, payout, win_probability, trades, ruined, halved, exact)

    def describe(
        self,
        bank: Decimal,
        payout: int,
        win_probability: float | None = None,
        trades: int = _TRADES,
        smallest: Decimal = CENT,
    ) -> str:
        """A sentence for whoever is about to start it; without a probability of winning, at break-even."""
        rate = break_even(payout) if win_probability is None else win_probability
        ruin = self.risk_of_ruin(bank, rate, payout, trades, smallest)
        level = "at break-even" if win_probability is None else "winning"
        return (
            f"{self._summary(payout, rate)}; with a bank of {shown(bank)} {level} ({100 * rate:.1f} % of trades at a "
            f"payout of {payout} %) the chance to be ruined within {trades:,} trades is {_percent(ruin.probability)}, "
            f"and to lose half of it {_percent(ruin.halved)}; {_STREAK} losses in a row cost "
            f"{shown(self.worst_case(bank, payout, _STREAK))}"
        )

    @property
    def _name(self) -> str:
        return str(getattr(self, "policy", "the policy"))

    @abstractmethod
    def _amount(self, state: StakeState) -> Decimal | Refusal:
        """The stake before rounding; what is in `needs` is known."""

    @abstractmethod
    def _ruin(self, bank: Decimal, odds: Odds, smallest: Decimal, floor: Decimal) -> tuple[float, bool]:
        """The chance that the bank ever cannot pay, or is at `floor` or below; and whether that is exact."""

    @abstractmethod
    def _summary(self, payout: int, rate: float) -> str:
        """What it does, as the beginning of a sentence."""


def rounded_down(amount: Decimal, decimals: int) -> Decimal:
    """To so many decimals, never up."""
    return amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_DOWN)


def shown(amount: Decimal) -> str:
    """Money for a person: whole, or with cents."""
    return f"{amount:,.2f}".removesuffix(".00")


def _percent(probability: float) -> str:
    """A chance for a person: never a false 0 or 100."""
    if probability <= 0 or probability >= 1:
        return f"{100 * probability:.0f} %"
    if probability < 0.001:
        return "under 0.1 %"
    return "over 99.9 %" if probability > 0.999 else f"{100 * probability:.1f} %"

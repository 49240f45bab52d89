"""Whether each arm got its share of the slots: where it did not, something is broken and nothing can be compared."""

import math
from typing import Final

DOUBT: Final = 0.001
"""A comparison in which all is well is called broken at most this often, however often one looks."""
_PRIOR: Final = 1.0
"""Before anything is seen, every share of the slots is as likely (Dirichlet with 1 for each arm)."""


class Ratio:
    """Counts the slots in which any arm said something, by whose turn it was, and bets that the shares are not even.

    A signal does not know whose turn it is, so among the arms that have not had theirs in the slots seen of a block,
    each is as likely to be next. A bettor who learns the shares as he goes puts a wealth of 1 on the next one. While
    the turns are what they were drawn as, his wealth is a martingale and ever reaches 1 / DOUBT with a probability of
    at most DOUBT (Ville 1939; the multinomial test by a Dirichlet mixture: Lindon and Malek 2022, here without
    replacement within a block).
    """

    def __init__(self, arms: tuple[str, ...]) -> None:
        self.seen = dict.fromkeys(arms, 0)
        self.log = 0.0
        self._left: dict[str, tuple[int, set[str]]] = {}

    def add(self, asset: str, block: int, arm: str) -> None:
        """The next slot of an asset in which something was said, in the order of time; it was this arm's turn."""
        known, left = self._left.get(asset, (None, set()))
        if known != block:
            left = set(self.seen)
        weights = {other: self.seen[other] + _PRIOR for other in left}
        self.log += math.log(weights[arm] / sum(weights.values()) * len(left))
        self.seen[arm] += 1
        self._left[asset] = block, left - {arm}

    @property
    def e_value(self) -> float:
        """The evidence that the shares are not even."""
        return math.exp(min(self.log, 700.0))

    @property
    def is_broken(self) -> bool:
        """Whether it is more than chance can be."""
        return self.e_value >= 1 / DOUBT

    def __str__(self) -> str:
        return ", ".join(f"{arm} {count:,}" for arm, count in self.seen.items())

"""Which of the broker's own traps spring, order by order."""

from collections import Counter

from qfluxd.practice import chance
from qfluxd.practice.traps import Answers, Traps

_SHARE = 0.25


class Springs:
    """Holds the traps that are set; with a walk, each of them springs about every fourth time.

    What springs depends on nothing but the walk's seed and how often that trap could have sprung since it was set.
    """

    def __init__(self, traps: Traps) -> None:
        self._chances: Counter[str] = Counter()
        self.traps = traps
        self.in_play = traps != Traps()
        """Whether a page may have to unlearn or learn something: some trap is set, or was."""

    def set(self, traps: Traps) -> None:
        """Other traps from now on; a walk begins anew."""
        self.traps = traps
        self.in_play = True
        self._chances.clear()

    def loses(self) -> bool:
        """Whether this order gets lost on its way."""
        return self._springs("lost", self.traps.lost_orders)

    def answers(self) -> Answers:
        """How this order is answered."""
        return self.traps.answers if self._springs("answers", self.traps.answers != "once") else "once"

    def drops_payout(self) -> bool:
        """Whether the payout falls now that the panel is being set."""
        return self._springs("payout", self.traps.payout_drops)

    def _springs(self, what: str, is_set: bool) -> bool:
        self._chances[what] += 1
        walk = self.traps.walk
        return is_set and (walk is None or chance.share(walk, what, self._chances[what]) < _SHARE)

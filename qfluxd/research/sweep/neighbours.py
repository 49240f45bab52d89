"""Whether the best options stand alone: what their neighbours came to."""

from collections.abc import Sequence

import msgspec

from qfluxd.research.sweep.choice import Judged
from qfluxd.research.sweep.space import Axis


class Neighbourhood(msgspec.Struct, frozen=True):
    """The variants nearest to the best one: how many there are, and what they came to.

    `earned` of them earned something in training; `train` is what a unit of stake came to on average over them,
    `best` what it came to with the best.
    """

    count: int
    earned: int
    train: float
    best: float

    @property
    def is_peak(self) -> bool:
        """Whether the best stands alone: most neighbours lost, or kept less than a third of what it earned.

        Options that work because of something in the market work about as well beside; the luckiest of many do not.
        """
        return self.count > 0 and (2 * self.earned < self.count or self.train < self.best / 3)


def neighbourhood(ranked: Sequence[Judged], axes: Sequence[Axis]) -> Neighbourhood | None:
    """Around the first of `ranked`, None where it has no neighbours that were tried.

    A neighbour differs in one ordered option, by the next value above or below that was tried with all else equal.
    Where there are none, as after a search by chance, the nearest in all ordered options stand for them.
    """
    if not ranked:
        return None
    best, ordered = ranked[0], [place for place, axis in enumerate(axes) if axis.ordered and len(axis.values) > 1]
    near = [each for place in ordered for each in _beside(ranked, best, place)] or _nearest(ranked, best, axes, ordered)
    means = [each.train.mean or 0.0 for each in near]
    if not means:
        return None
    return Neighbourhood(len(means), sum(mean > 0 for mean in means), sum(means) / len(means), best.train.mean or 0.0)


def _beside(ranked: Sequence[Judged], best: Judged, place: int) -> list[Judged]:
    """The nearest below and above in one option."""
    line = sorted((each for each in ranked if _differs_only(each, best, place)), key=lambda each: _at(each, place))
    own = line.index(best)
    return line[max(own - 1, 0) : own] + line[own + 1 : own + 2]


def _differs_only(one: Judged, other: Judged, place: int) -> bool:
    ours, theirs = one.variant.places, other.variant.places
    return ours[:place] == theirs[:place] and ours[place + 1 :] == theirs[place + 1 :]


def _at(each: Judged, place: int) -> int:
    return each.variant.places[place]


def _nearest(ranked: Sequence[Judged], best: Judged, axes: Sequence[Axis], ordered: Sequence[int]) -> list[Judged]:
    """Two for each ordered option, by the largest step in any of them as a share of its values."""

    def distance(each: Judged) -> float:
        return max(abs(_at(each, place) - _at(best, place)) / len(axes[place].values) for place in ordered)

    def is_alike(each: Judged) -> bool:
        return all(place in ordered or _at(each, place) == _at(best, place) for place in range(len(axes)))

    others = [each for each in ranked[1:] if is_alike(each)]
    return sorted(others, key=distance)[: 2 * len(ordered)] if ordered else []

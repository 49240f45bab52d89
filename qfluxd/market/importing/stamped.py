"""The ticks of one stamp, told twice: which of them there were, and in which order.

Which there were is the most that either side has of each price. In which order, the side says that has all of them; of
two that have all, and order them otherwise, the greater in the order of lists. Where neither has all and the file of
one was cut off there, one is the end of the other; else nobody knows the order, and they stand by price, ascending.

So it counts for nothing in which order files come that have their stamps whole, whatever they say: the most of each
price does not depend on it, and the order of a stamp ends as the greatest of those that have all, beside which
ascending is the least that there can be. And a stamp that one file has whole ends as it is there, whichever parts of
the same recording came before or come after.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec

type Prices = Sequence[float]

type Cut = Literal["begins", "ends"] | None
"""Whether the file of the new ticks begins or ends with their stamp, and has others: it may have cut the stamp."""


class United(msgspec.Struct, frozen=True):
    """The ticks of a stamp. `agreed` says whether both sides have theirs in that order."""

    prices: Prices
    agreed: bool


def unite(stored: Prices, new: Prices, cut: Cut) -> United:
    """The ticks of a stamp that both sides have, and not the same ones."""
    had, has = Counter(stored), Counter(new)
    if had == has:
        return United(max(list(stored), list(new)), agreed=False)
    for whole, part, counts, others in ((stored, new, had, has), (new, stored, has, had)):
        if others <= counts:
            return United(whole, agreed=_is_within(part, whole))
    both = had | has
    if cut is not None:
        joined = _joined(stored, new) if cut == "begins" else _joined(new, stored)
        if Counter(joined) == both:
            return United(joined, agreed=True)
    return United(sorted(both.elements()), agreed=False)


def _is_within(part: Prices, whole: Prices) -> bool:
    """Whether the whole has all of the part in the order of the part, with others in between."""
    rest = iter(whole)
    return all(price in rest for price in part)


def _joined(first: Prices, last: Prices) -> Prices:
    """One behind the other; what the first ends with and the last begins with is the same."""
    lengths = range(min(len(first), len(last)), -1, -1)
    length = next(n for n in lengths if list(first[len(first) - n :]) == list(last[:n]))
    return [*first, *last[length:]]

"""How long an order takes to the broker: not at all, always as long, or as it was measured."""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Final

import msgspec

from qfluxd.model import SECOND, Millis

_STEPS: Final = 100
"""Into so many lengths, each as likely, quantiles are made."""
MOST: Final[Millis] = 60 * SECOND
"""Longer than this no order is on its way."""


class Latency(msgspec.Struct, frozen=True):
    """From a signal to the moment from which on the broker would have taken the order, in milliseconds.

    The promise: of several lengths each is as likely, and which one a signal gets is drawn by its id and a seed alone;
    so the same signal has the same one in every run.
    """

    lengths: tuple[Millis, ...] = (0,)

    def __post_init__(self) -> None:
        if not self.lengths or not all(0 <= each <= MOST for each in self.lengths):
            raise ValueError(f"a latency lies between 0 and {MOST // SECOND} s, such as 0.4")

    @property
    def fixed(self) -> Millis | None:
        """The one length, None where it is drawn."""
        return self.lengths[0] if len(self.lengths) == 1 else None

    def of(self, signal: str, seed: int) -> Millis:
        """That of one signal, by its id."""
        return self.lengths[int(drawn(f"latency {seed} {signal}") * len(self.lengths))]


NONE: Final = Latency()
"""The very next price."""


def seconds(text: str) -> Latency:
    """A latency as a person writes it: ``none``, seconds such as ``0.4``, or several with commas.

    Raises:
        ValueError: it cannot be read.
    """
    if text.strip().lower() == "none":
        return NONE
    try:
        lengths = tuple(round(Decimal(part.strip()) * SECOND) for part in text.split(","))
    except (ArithmeticError, ValueError):
        raise ValueError(f"{text!r} is no latency; write none, seconds such as 0.4, or several: 0.3,0.4,0.9") from None
    return Latency(lengths)


def from_quantiles(quantiles: Mapping[float, Millis]) -> Latency:
    """A latency of which some quantiles are known, straight between them: ``{0: 250, 0.5: 400, 0.9: 700, 1: 2000}``.

    Raises:
        ValueError: fewer than two, shares outside 0 … 1, or lengths that fall.
    """
    known = sorted(quantiles.items())
    shares = [share for share, _ in known]
    if len(known) < 2 or shares[0] < 0 or shares[-1] > 1 or any(one[1] > two[1] for one, two in pairwise(known)):
        raise ValueError("quantiles are two or more shares from 0 to 1, each with a length that is not less")
    return Latency(tuple(_between(known, shares, (step + 0.5) / _STEPS) for step in range(_STEPS)))


def _between(known: list[tuple[float, Millis]], shares: list[float], share: float) -> Millis:
    place = min(max(bisect_right(shares, share), 1), len(known) - 1)
    (low, shorter), (high, longer) = known[place - 1], known[place]
    part = min(max((share - low) / (high - low), 0.0), 1.0) if high > low else 0.0
    return round(shorter + part * (longer - shorter))


def measured(lengths: Iterable[Millis]) -> Latency:
    """As it was measured, each time as likely as the others.

    Raises:
        ValueError: nothing was measured, or something that can be none.
    """
    return Latency(tuple(sorted(lengths)))


def drawn(what: str) -> float:
    """A number from 0 up to, not including, 1 that belongs to a text: the same on every machine."""
    return int.from_bytes(hashlib.blake2b(what.encode(), digest_size=6).digest(), "big") / 2**48

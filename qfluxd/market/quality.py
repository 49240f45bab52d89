"""What a candle rests on: ticks we heard, what the broker told of the past, or time nobody listened.

A bar carries three traits as bits. Joining bars into a longer one is `|` of their traits, and the word
for people is looked up only when a candle leaves.
"""

from typing import Final

from qfluxd.model import Quality

FILLED: Final = 1
"""Something was quoted in it."""
TOLD: Final = 2
"""Some of that comes from the broker's history."""
BLIND: Final = 4
"""Some of its time was neither heard nor told."""

QUALITIES: Final[tuple[Quality, ...]] = ("whole", "partial", "empty", "backfilled")
QUALITY: Final[tuple[Quality, ...]] = (
    "empty",
    "whole",
    "empty",
    "backfilled",
    "empty",
    "partial",
    "empty",
    "partial",
)
"""The word for every combination of traits."""


def is_settled(traits: int) -> bool:
    """Whether a closed bar may never change again: whole or backfilled, as against partial or empty."""
    return traits & (FILLED | BLIND) == FILLED

"""In which order the variants of a space are tried: all of them, some by chance, or those that look promising."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, Literal, Protocol

import numpy as np

from qfluxd.errors import ConfigError, Mistake
from qfluxd.research.sweep.space import Space, Variant

type How = Literal["grid", "random", "optuna"]

MOST_COMBINATIONS: Final = 1_000_000
"""More than that nobody tries one by one."""


class Search(Protocol):
    """Says what to try next.

    The promise: what it says follows from the space, the seed and the scores it was told, so that another machine, or
    another day, tries the same.
    """

    learns: bool
    """Whether what it asks for next follows from what it is told."""
    skipped: int
    """Combinations met that the strategy does not accept."""

    @property
    def total(self) -> int:
        """How many variants it will ask for, as far as is known."""

    def ask(self) -> list[Variant]:
        """The next variants to try, which may be tried side by side; [] where that is all."""

    def tell(self, scores: Sequence[float | None]) -> None:
        """What the variants asked for last came to, in their order; None for those that cannot be compared."""


class Listed:
    """Variants that are all known beforehand: the whole grid, or as many of it as chance picks."""

    learns = False

    def __init__(self, space: Space, places: Iterable[tuple[int, ...]], most: int | None = None) -> None:
        self.skipped = 0
        self._variants = list(islice(self._accepted(space, places), most))
        self._asked = False

    @property
    def total(self) -> int:
        """How many variants there are."""
        return len(self._variants)

    def ask(self) -> list[Variant]:
        """All of them, once."""
        if self._asked:
            return []
        self._asked = True
        return self._variants

    def tell(self, scores: Sequence[float | None]) -> None:
        """Nothing follows from it."""

    def _accepted(self, space: Space, places: Iterable[tuple[int, ...]]) -> Iterable[Variant]:
        number = 0
        for each in places:
            variant = space.variant(each, number)
            if variant is None:
                self.skipped += 1
                continue
            number += 1
            yield variant


def grid(space: Space) -> Search:
    """Every combination. Raises `ConfigError` where there are more than a million."""
    if space.size > MOST_COMBINATIONS:
        what = f"is for at most {MOST_COMBINATIONS:,} combinations, not {space.size:,}; take random or optuna"
        raise ConfigError(Mistake("--search grid", what, "command line"))
    return Listed(space, space.all_places())


def at_random(space: Space, variants: int, seed: int) -> Search:
    """So many different ones, each combination as likely as another; fewer where there are no more."""
    rng = np.random.default_rng(seed)
    if space.size <= MOST_COMBINATIONS:
        return Listed(space, (space.places(int(index)) for index in rng.permutation(space.size)), variants)
    return Listed(space, _draws(space, variants, rng), variants)


def _draws(space: Space, variants: int, rng: np.random.Generator) -> Iterable[tuple[int, ...]]:
    """Different combinations of a space that is too large to be listed."""
    seen: set[tuple[int, ...]] = set()
    for _ in range(1000 * variants):
        places = tuple(int(rng.integers(len(axis.values))) for axis in space.axes)
        if places not in seen:
            seen.add(places)
            yield places


def make_search(how: How, space: Space, variants: int, seed: int) -> Search:
    """The search that is called so; `variants` is how many random and optuna try.

    Raises:
        ConfigError: the grid is too large, or the strategy accepts no combination at all.
        Unavailable: optuna is asked for and not installed.
    """
    if how == "optuna":
        from qfluxd.research.sweep.tpe import Tpe

        return Tpe(space, variants, seed)
    found = grid(space) if how == "grid" else at_random(space, variants, seed)
    if not found.total:
        why = space.contradiction(space.places(0))
        raise ConfigError(Mistake("--option", f"no combination of values is possible: {why}", "command line"))
    return found

"""Chosen on train, told on test: what somebody who had picked the best option so far would have got."""

from collections.abc import Mapping
from typing import Final

import msgspec
import polars as pl

from qfluxd.model import Millis
from qfluxd.research.sweep.forward import Forward, Tally, of_variants
from qfluxd.research.sweep.rows import NO_TRADES
from qfluxd.research.sweep.space import Variant

_NOTHING: Final = Tally()


class Step(msgspec.Struct, frozen=True):
    """One fold: which variant had the best score before its test began, and what it came to before and in the test.

    `variant` is None where none of those that could be compared had earned anything in training.
    """

    fold: int
    begins: Millis
    ends: Millis
    variant: Variant | None
    train: Tally
    test: Tally


class Judged(msgspec.Struct, frozen=True):
    """One variant in one fold, training beside test."""

    variant: Variant
    train: Tally
    test: Tally


def judged(tallies: pl.DataFrame, fold: int, variants: Mapping[int, Variant], least: int) -> list[Judged]:
    """The variants that can be compared in a fold, best in training first; equals as they were tried.

    Those with fewer than `least` decisive trades in training cannot.
    """
    train, test = (of_variants(tallies, fold, part) for part in ("train", "test"))
    able = [number for number in sorted(variants) if train.get(number, _NOTHING).decisive >= least]
    ranked = sorted(able, key=lambda number: -(train[number].score or 0.0))
    return [Judged(variants[number], train[number], test.get(number, _NOTHING)) for number in ranked]


def steps(tallies: pl.DataFrame, forward: Forward, variants: Mapping[int, Variant], least: int) -> list[Step]:
    """What training chose for each test."""
    return [_step(tallies, forward, fold, variants, least) for fold in range(forward.folds)]


def pooled(trades: pl.LazyFrame, forward: Forward, chosen: list[Step]) -> pl.DataFrame:
    """The trades that whoever followed `chosen` would have made, in the order in which they were signalled."""
    parts = [
        trades.filter(forward.test(step.fold), pl.col("variant") == step.variant.number)
        for step in chosen
        if step.variant is not None
    ]
    return pl.concat([NO_TRADES.lazy(), *parts]).sort("signalled", "asset", maintain_order=True).collect()


def _step(tallies: pl.DataFrame, forward: Forward, fold: int, variants: Mapping[int, Variant], least: int) -> Step:
    begins, ends = forward.tests[fold], forward.tests[fold + 1]
    best = next(iter(judged(tallies, fold, variants, least)), None)
    if best is None or (best.train.score or 0.0) <= 0:
        return Step(fold, begins, ends, None, _NOTHING, _NOTHING)
    return Step(fold, begins, ends, best.variant, best.train, best.test)

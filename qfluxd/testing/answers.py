"""Reads what a strategy answers, and says in words where two answers differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.strategy import ANSWER, CALL, NOTHING, PUT, Floats, View

_TYPES = {"side": pl.Int8(), "confidence": pl.Float64(), "expiry": pl.Int64()}
_WORDS = {CALL: "call", PUT: "put", NOTHING: "nothing"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that has the right shape, as arrays."""

    side: NDArray[np.int8]
    confidence: Floats
    expiry: NDArray[np.int64]
    reasons: Mapping[str, Floats]

    @property
    def speaks(self) -> NDArray[np.bool_]:
        """Where it says something."""
        speaks: NDArray[np.bool_] = self.side != NOTHING
        return speaks

    def says(self, row: int) -> str:
        """What it says at a row, in a word."""
        return _WORDS[int(self.side[row])]


def shape_faults(answer: object, height: int) -> Iterator[str]:
    """What is wrong with the shape of an answer to a view of `height` candles."""
    if not isinstance(answer, pl.DataFrame):
        yield f"signals answers {type(answer).__name__}, not a polars DataFrame"
        return
    if missing := [name for name in ANSWER if name not in answer.columns]:
        yield f"the answer has no column {', '.join(missing)}"
        return
    if answer.height != height:
        yield f"the answer has {answer.height} rows for {height} candles"
    for name, wanted in _TYPES.items():
        if answer.schema[name] != wanted:
            yield f"{name} is {answer.schema[name]}, not {wanted}"
        elif answer[name].null_count():
            yield f"{name} is null in {answer[name].null_count()} rows; say nothing with side 0 and confidence 0"
    for name, kind in answer.schema.items():
        if name not in ANSWER and not (kind.is_numeric() or kind == pl.Boolean):
            yield f"the reason {name} is {kind}, not a number"


def value_faults(answer: Answer) -> Iterator[str]:
    """What is wrong with sides and expiries."""
    if strange := sorted(set(answer.side.tolist()) - set(_WORDS)):
        yield f"side is {strange[0]}; it is 1 for call, -1 for put, 0 for nothing"
    if (answer.expiry[answer.speaks] <= 0).any():
        yield "an expiry is not longer than nothing; it is in milliseconds"


def read_answer(answer: pl.DataFrame) -> Answer:
    """The answer as arrays; its shape has been looked at."""
    reasons = [name for name in answer.columns if name not in ANSWER]
    return Answer(
        answer["side"].to_numpy(),
        answer["confidence"].to_numpy(),
        answer["expiry"].to_numpy(),
        {name: answer[name].cast(pl.Float64).to_numpy() for name in reasons},
    )


def difference(view: View, first: Answer, second: Answer, rows: int) -> str | None:
    """Where two answers to the same first `rows` candles differ, in words; None where they do not.

    Sides are the same or not; expiries and reasons matter where something is said.
    """
    sides = first.side[:rows] != second.side[:rows]
    if sides.any():
        row = int(np.flatnonzero(sides)[0])
        return f"{_place(view, row)}, {first.says(row)} became {second.says(row)}"
    speaks = first.speaks[:rows]
    if set(first.reasons) != set(second.reasons):
        return f"the reasons {sorted(set(first.reasons) ^ set(second.reasons))} come and go"
    for name, one, other in _numbers(first, second):
        differs = ~np.isclose(one[:rows], other[:rows], rtol=1e-6, atol=1e-9, equal_nan=True) & speaks
        if differs.any():
            row = int(np.flatnonzero(differs)[0])
            return f"{_place(view, row)}, {name} of {one[row]:.6g} became {other[row]:.6g}"
    return None


def _numbers(first: Answer, second: Answer) -> Iterator[tuple[str, Floats, Floats]]:
    yield "a confidence", first.confidence, second.confidence
    yield "an expiry", first.expiry.astype(np.float64), second.expiry.astype(np.float64)
    for name, values in first.reasons.items():
        yield f"the reason {name}", values, second.reasons[name]


def _place(view: View, row: int) -> str:
    return f"at candle {row + 1} of {view.height}"

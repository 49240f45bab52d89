"""Reads what a strategy answers, and says in words where two answers differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.strategy import ANSWER, CALL, NOTHING, PUT, Floats, View

_TYPES = {"side": pl.Int8(), "confidence": pl.Float64(), "expiry": pl.Int64()}
_SURE_WITHIN: Final = 0.05
"""Confidences this close count as the same: a recursive average never forgets all of its past."""
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
    """Where two answers to the same first `rows` candles differ, in words; None where they do not."""
    found = next(differences(first, second, rows), None)
    if found is None:
        return None
    row, what = found
    return what if row is None else f"at candle {row + 1} of {view.height}, {what}"


def differences(first: Answer, second: Answer, rows: int) -> Iterator[tuple[int | None, str]]:
    """How two answers to the same first `rows` candles differ: of each kind the first row, and what it is in words.

    Sides are the same or not; expiries and reasons matter where something is said. Without a row it holds for all.
    """
    sides = first.side[:rows] != second.side[:rows]
    if sides.any():
        row = int(np.flatnonzero(sides)[0])
        yield row, f"{first.says(row)} became {second.says(row)}"
    if set(first.reasons) != set(second.reasons):
        yield None, f"the reasons {sorted(set(first.reasons) ^ set(second.reasons))} come and go"
        return
    for name, one, other in _numbers(first, second):
        differs = ~np.isclose(one[:rows], other[:rows], rtol=1e-6, atol=1e-9, equal_nan=True) & first.speaks[:rows]
        if differs.any():
            row = int(np.flatnonzero(differs)[0])
            yield row, f"{name} of {one[row]:.6g} became {other[row]:.6g}"


def otherwise(answer: Answer, row: int, told: Answer) -> bool:
    """Whether the last row of `told` says something else than `answer` at `row`, by its side or how sure it is."""
    return bool(answer.side[row] != told.side[-1] or abs(answer.confidence[row] - told.confidence[-1]) > _SURE_WITHIN)


def places(answer: Answer, first: int, count: int, chance: np.random.Generator) -> list[int]:
    """About `count` rows from `first` on, three in four where its mind changes or just before; and the last but one."""
    rows = answer.side.size
    turns = np.flatnonzero(np.diff(answer.side))
    turns = np.unique(np.concatenate((turns, turns + 1)))
    turns = turns[turns >= first]
    picked = chance.choice(turns, min(count * 3 // 4, turns.size), replace=False)
    others = chance.integers(first, rows, count - picked.size)
    return sorted({*picked.tolist(), *others.tolist(), rows - 2})


def _numbers(first: Answer, second: Answer) -> Iterator[tuple[str, Floats, Floats]]:
    yield "a confidence", first.confidence, second.confidence
    yield "an expiry", first.expiry.astype(np.float64), second.expiry.astype(np.float64)
    for name, values in first.reasons.items():
        yield f"the reason {name}", values, second.reasons[name]

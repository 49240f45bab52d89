"""Reads what a strategy answers, and says in words where two answers differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.plans.looking import PROBABILITY
from qfluxd.strategy import ANSWER, CALL, NOTHING, PUT, Floats, Mask

_TYPES = {"side": pl.Int8(), "confidence": pl.Float64(), "expiry": pl.Int64()}
_CONFIDENCE: Final = "a confidence"
_EXPIRY: Final = "an expiry"
_REASON: Final = "the reason "
_FORGOTTEN: Final = {_CONFIDENCE: 0.05, _REASON + PROBABILITY: 0.01, _EXPIRY: 0.0}
"""What is traded on beside the side, and how close counts as the same where older candles are taken away: a recursive
average never forgets all of its past."""
_BY_SIZE: Final = 1e-6
_BY_RANGE: Final = 1e-4
_BY_SHARE: Final = 1e-6
_LEAST: Final = 1e-9
"""Rounding, as of a network in single precision that is asked about fewer rows at once: so much of a number, of how far
its column ranges, and of what lies between 0 and 1; whatever is smaller is rounding too."""
_ROUNDED: Final = ", while what it rests on stayed the same but for the last digits: a rounding decides"
_DIGITS: Final = (6, 9, 12)
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


@dataclass(frozen=True, slots=True)
class Difference:
    """How two answers differ, at a row or, without one, at all of them.

    It is `slight` where a rounding decides: a side became another one while all reasons that are told with it, or its
    confidence where there are none, stayed the same but for their last digits.
    """

    row: int | None
    what: str
    slight: bool = False

    def __str__(self) -> str:
        return self.what if self.row is None else f"at candle {self.row + 1}, {self.what}"


def difference(first: Answer, second: Answer, rows: int) -> Difference | None:
    """Where two answers to the same first `rows` candles differ, None where they do not; a rounding comes last."""
    return min(differences(first, second, rows), key=lambda each: each.slight, default=None)


def differences(first: Answer, second: Answer, rows: int) -> Iterator[Difference]:
    """How two answers to the same first `rows` candles differ: of each kind the first row, and what it is in words.

    Sides and expiries are the same or not, other numbers are where they differ by no more than rounding does; they
    matter where both say the same side. Without a row it holds for all.
    """
    sides = first.side[:rows] != second.side[:rows]
    if set(first.reasons) != set(second.reasons):
        if sides.any():
            yield _turned(first, second, sides, np.zeros_like(sides))
        yield Difference(None, f"the reasons {sorted(set(first.reasons) ^ set(second.reasons))} come and go")
        return
    if sides.any():
        yield _turned(first, second, sides, _last_digits(first, second)[:rows])
    for name, one, other in _numbers(first, second):
        differs = ~_close(name, one, other, rows) & first.speaks[:rows] & ~sides
        if differs.any():
            row = int(np.flatnonzero(differs)[0])
            yield Difference(row, _became(name, one[row], other[row]))


def otherwise(answer: Answer, row: int, told: Answer) -> str | None:
    """What the last row of `told` says otherwise than `answer` at `row`, in words; None where it says the same.

    That is its side, and where it says something how sure and how likely it is, and how long a trade would last.
    """
    if answer.side[row] != told.side[-1]:
        return f"{_said(answer, row)} became {_said(told, -1)}"
    for name, one, other in _numbers(answer, told) if answer.speaks[row] else ():
        within = _FORGOTTEN.get(name)
        if within is not None and not np.isclose(one[row], other[-1], rtol=0.0, atol=within, equal_nan=True):
            return _became(name, one[row], other[-1])
    return None


def places(answer: Answer, first: int, count: int, chance: np.random.Generator) -> list[int]:
    """About `count` rows from `first` on, three in four where its mind changes or just before; and the last but one."""
    rows = answer.side.size
    turns = np.flatnonzero(np.diff(answer.side))
    turns = np.unique(np.concatenate((turns, turns + 1)))
    turns = turns[turns >= first]
    picked = chance.choice(turns, min(count * 3 // 4, turns.size), replace=False)
    others = chance.integers(first, rows, count - picked.size)
    return sorted({*picked.tolist(), *others.tolist(), rows - 2})


def _turned(first: Answer, second: Answer, sides: Mask, rounded: Mask) -> Difference:
    """The first side that became another one; one of which a rounding decides only where there is no other."""
    plain = sides & ~rounded
    row = int(np.flatnonzero(plain if plain.any() else sides)[0])
    slight = bool(rounded[row])
    return Difference(row, f"{first.says(row)} became {second.says(row)}{_ROUNDED if slight else ''}", slight)


def _last_digits(first: Answer, second: Answer) -> Mask:
    """Where what a side rests on, as far as it is told, differs by a rounding and by nothing else."""
    rows = min(first.side.size, second.side.size)
    close, same = np.ones(rows, bool), np.ones(rows, bool)
    for name, one, other in _numbers(first, second):
        if name.startswith(_REASON) or (name == _CONFIDENCE and not first.reasons):
            close &= _close(name, one, other, rows)
            same &= (one[:rows] == other[:rows]) | np.isnan(one[:rows])
    return close & ~same


def _close(name: str, one: Floats, other: Floats, rows: int) -> Mask:
    """Whether numbers are the same but for rounding."""
    if name == _EXPIRY:
        return np.asarray(one[:rows] == other[:rows])
    known = one[np.isfinite(one)]
    low, high = np.quantile(known, (0.05, 0.95)) if known.size else (0.0, 0.0)
    least = _BY_SHARE if name in _FORGOTTEN else _LEAST
    within = max(_BY_RANGE * float(high - low), least)
    return np.isclose(one[:rows], other[:rows], rtol=_BY_SIZE, atol=within, equal_nan=True)


def _became(name: str, one: float, other: float) -> str:
    """Both numbers, with as many digits as it takes to see that they differ."""
    if name == _EXPIRY:
        return f"{name} of {one:.0f} ms became {other:.0f} ms"
    digits = next((count for count in _DIGITS if f"{one:.{count}g}" != f"{other:.{count}g}"), 17)
    return f"{name} of {one:.{digits}g} became {other:.{digits}g}"


def _said(answer: Answer, row: int) -> str:
    return f"{answer.says(row)} ({answer.confidence[row]:.2f})"


def _numbers(first: Answer, second: Answer) -> Iterator[tuple[str, Floats, Floats]]:
    yield _CONFIDENCE, first.confidence, second.confidence
    yield _EXPIRY, first.expiry.astype(np.float64), second.expiry.astype(np.float64)
    for name, values in first.reasons.items():
        if name in second.reasons:
            yield f"{_REASON}{name}", values, second.reasons[name]

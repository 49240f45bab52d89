"""A feature's formula, read by a small grammar of its own: nothing of it is ever run as Python.

    close / close[1] - 1            columns, numbers, + - * / **, comparisons, and lags back in time
    (close - mean(close, 20)) / std(close, 20)
    RSI(close, 14)                  TA-Lib's functions, arguments in its own order
    MACD(close, 12, 26, 9).macdhist one of several outputs
    ema(m5.close, 10) / m5.close    the newest five-minute candle that has closed; h1, s15, d1 likewise
    hour_sin                        the hour of the candle's close in UTC, on a circle

All of it is known when the candle has closed.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

from qfluxd.model import Millis, parse_timeframe
from qfluxd.strategies.calls import (
    WrongFormulaError,
    check_window,
    field_of,
    function_of,
    nearest_of,
    number_of,
    numbers_of,
)
from qfluxd.strategies.moments import MOMENTS
from qfluxd.strategies.vocabulary import compare, lag

LONGEST_FORMULA: Final = 400
"""Characters; longer ones are better written as several features."""

_COLUMNS: Final = {
    **{price: pl.col(price) for price in ("open", "high", "low", "close")},
    "ticks": pl.col("ticks").cast(pl.Float64),
}
_LONGER: Final = re.compile(r"([smhd])([1-9][0-9]{0,4})")
_ARITHMETIC: Final[dict[type[ast.operator], Callable[[pl.Expr, pl.Expr], pl.Expr]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[pl.Expr, pl.Expr], pl.Expr]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_NUMBER: Final = -1
_CANDLES: Final = 0


@dataclass(frozen=True, slots=True)
class Lifted:
    """What is worked out on a longer timeframe's own candles, then laid beside the shorter ones as column `name`."""

    timeframe: Millis
    name: str
    value: pl.Expr
    needs: int


@dataclass(frozen=True, slots=True)
class Formula:
    """One feature. The promise: row `i` depends on candles that had closed by then, and `needs` of them are enough."""

    value: pl.Expr
    needs: int
    lifted: tuple[Lifted, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a formula: on which candles it stands (a longer timeframe, `_CANDLES`, or any for a number)."""

    value: pl.Expr
    frame: Millis
    needs: int


def read_formula(text: str, name: str = "feature") -> Formula:
    """Read one formula; `name` makes the names of its helping columns its own.

    Raises:
        ValueError: it is not of the grammar; the sentence says where and what would be.
    """
    if len(text) > LONGEST_FORMULA:
        raise ValueError(f"is longer than {LONGEST_FORMULA} characters; write it as several features")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        reader = _Reader(name)
        part = reader.on_candles(reader.read(tree))
        if part.frame == _NUMBER:
            raise ValueError(f"{text!r} is the same for every candle")
    except WrongFormulaError as problem:
        place = ast.get_source_segment(text.strip(), problem.node) or text
        raise ValueError(f"{place!r} {problem.what}") from None
    except SyntaxError as problem:
        raise ValueError(f"{text!r} cannot be read: {problem.msg}") from None
    except (RecursionError, MemoryError, OverflowError):
        raise ValueError(f"{text[:40]!r} … is too deep or too large; write it as several features") from None
    return Formula(part.value, part.needs, tuple(reader.lifted))


class _Reader:
    """Walks one formula's tree; collects what has to be worked out on longer timeframes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.lifted: list[Lifted] = []

    def read(self, node: ast.expr) -> _Part:
        """The part that a node stands for."""
        match node:
            case ast.Constant():
                return _Part(pl.lit(number_of(node)), _NUMBER, 1)
            case ast.Name():
                return self._column(node, node.id, _CANDLES)
            case ast.Attribute(value=ast.Name() as before):
                return self._column(node, node.attr, self._timeframe(before))
            case ast.Attribute(value=ast.Call() as call):
                return self._call(call, node.attr)
            case ast.Call():
                return self._call(node, None)
            case ast.Subscript():
                return self._lag(node)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign):
                part = self.read(node.operand)
                return part if isinstance(sign, ast.UAdd) else _Part(-part.value, part.frame, part.needs)
            case ast.BinOp():
                return self._arithmetic(node)
            case ast.Compare(ops=[_]):
                return self._comparison(node)
            case _:
                raise WrongFormulaError(
                    node, "is not of the grammar; use columns, numbers, + - * / **, <, [n] and functions"
                )

    def on_candles(self, part: _Part) -> _Part:
        """The part laid beside the plan's own candles."""
        if part.frame in (_CANDLES, _NUMBER):
            return part
        column = f"{self._name}.{len(self.lifted)}"
        self.lifted.append(Lifted(part.frame, column, part.value, part.needs))
        return _Part(pl.col(column), _CANDLES, 1)

    def _meet(self, parts: Iterable[_Part]) -> tuple[list[_Part], Millis]:
        """The parts on one timeframe: their own where they share it, else the plan's candles."""
        given = list(parts)
        frames = {part.frame for part in given} - {_NUMBER}
        if len(frames) <= 1:
            return given, next(iter(frames), _NUMBER)
        return [self.on_candles(part) for part in given], _CANDLES

    def _joined(self, parts: Iterable[_Part], make: Callable[[list[pl.Expr]], pl.Expr], reach: int = 0) -> _Part:
        met, frame = self._meet(parts)
        needs = max(part.needs for part in met) + reach
        return _Part(make([part.value for part in met]), frame, needs)

    def _arithmetic(self, node: ast.BinOp) -> _Part:
        act = _ARITHMETIC.get(type(node.op))
        if act is None:
            raise WrongFormulaError(node, "has an operator other than + - * / **")
        return self._joined((self.read(node.left), self.read(node.right)), lambda values: act(*values))

    def _comparison(self, node: ast.Compare) -> _Part:
        act = _COMPARISONS.get(type(node.ops[0]))
        if act is None:
            raise WrongFormulaError(node, "has a comparison other than < <= > >=")
        sides = (self.read(node.left), self.read(node.comparators[0]))
        return self._joined(sides, lambda values: compare(act, *values))

    def _lag(self, node: ast.Subscript) -> _Part:
        part = self.read(node.value)
        candles = number_of(node.slice)
        if candles < 1 or candles != int(candles):
            raise WrongFormulaError(
                node, "is no lag; it is a whole number of candles back, at least 1: nothing looks ahead"
            )
        check_window(node, candles)
        return _Part(lag(part.value, int(candles)), part.frame, part.needs + int(candles))

    def _column(self, node: ast.expr, name: str, frame: Millis) -> _Part:
        if name in _COLUMNS:
            return _Part(_COLUMNS[name], frame, 1)
        if name in MOMENTS:
            return _Part(MOMENTS[name], frame, 1)
        if _LONGER.fullmatch(name):
            raise WrongFormulaError(node, f"is a timeframe; say what of it, such as {name}.close")
        raise WrongFormulaError(node, f"is not known; {nearest_of(name, (*_COLUMNS, *MOMENTS))}")

    def _timeframe(self, node: ast.Name) -> Millis:
        match = _LONGER.fullmatch(node.id)
        if match is None:
            raise WrongFormulaError(node, "is no timeframe; write m5.close for the close of the five-minute candle")
        try:
            return parse_timeframe(f"{match[2]}{match[1]}")
        except ValueError as problem:
            raise WrongFormulaError(node, f"is no timeframe: {problem}") from None

    def _call(self, node: ast.Call, output: str | None) -> _Part:
        function = function_of(node)
        numbers = numbers_of(node, function)
        reach = function.reach(numbers)
        check_window(node, reach)
        values = [self.read(argument) for argument in node.args[: len(function.values)]]
        if not function.plain and any(value.frame == _NUMBER for value in values):
            raise WrongFormulaError(node, "works on columns, not on a plain number")
        field = field_of(node, function, output)
        return self._joined(values, lambda columns: field(function.build(columns, numbers)), reach)

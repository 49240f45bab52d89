"""A formula's calls: which function is meant, and whether what stands in its brackets fits."""

import ast
from collections.abc import Callable, Iterable
from difflib import get_close_matches

import polars as pl

from qfluxd.strategies.talibrary import OFFERED, check_numbers, talib_function
from qfluxd.strategies.vocabulary import LONGEST_WINDOW, OWN, Function, Number


class WrongFormulaError(Exception):
    """A part of a formula that is not of the grammar; `what` is the rest of a sentence that begins with the part."""

    def __init__(self, node: ast.expr, what: str) -> None:
        self.node = node
        self.what = what
        super().__init__(what)


def function_of(node: ast.Call) -> Function:
    """The function that is called. This and the others here raise `WrongFormulaError`."""
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name in OWN:
        return OWN[name]
    if name in OFFERED:
        return talib_function(name)
    raise WrongFormulaError(node.func, f"is no function of the grammar; {nearest_of(name, (*OWN, *sorted(OFFERED)))}")


def numbers_of(node: ast.Call, function: Function) -> list[float]:
    """The plain numbers behind the values, those that were left out at their defaults."""
    if node.keywords:
        raise WrongFormulaError(node, f"names its arguments; write them in order: {function.usage}")
    count = len(function.values)
    least = count + sum(number.default is None for number in function.numbers)
    if not least <= len(node.args) <= count + len(function.numbers):
        raise WrongFormulaError(node, f"has {len(node.args)} arguments; it is written {function.usage}")
    given = [number_of(argument) for argument in node.args[count:]]
    rest = [number.default for number in function.numbers[len(given) :] if number.default is not None]
    for number, value in zip(function.numbers, [*given, *rest], strict=True):
        _check(node, number, value)
    if function.name in OFFERED and (problem := check_numbers(function, [*given, *rest])):
        raise WrongFormulaError(node, f"does not work: {problem}")
    return [*given, *rest]


def field_of(node: ast.Call, function: Function, output: str | None) -> Callable[[pl.Expr], pl.Expr]:
    """What picks the output that is asked for out of all that the function gives."""
    if output is None and not function.outputs:
        return lambda made: made
    if output in function.outputs:
        return lambda made: made.struct.field(output)
    if not function.outputs:
        raise WrongFormulaError(node, f"gives one thing only; leave .{output} away")
    outputs = ", ".join(f".{name}" for name in function.outputs)
    raise WrongFormulaError(node, f"gives several things; say which: {outputs}")


def number_of(node: ast.expr) -> float:
    """The number that stands there."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and abs(value) < 1e300:
            return float(value)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as inner):
            return -number_of(inner)
        case _:
            raise WrongFormulaError(node, "is no plain number")


def check_window(node: ast.expr, candles: float) -> None:
    """Whether it reaches back no further than anything may."""
    if candles > LONGEST_WINDOW:
        raise WrongFormulaError(node, f"reaches back {candles:g} candles; the furthest is {LONGEST_WINDOW}")


def nearest_of(name: str, names: Iterable[str]) -> str:
    """The rest of a sentence about a name that is none: the one most likely meant, else all there are."""
    known = tuple(names)
    found = get_close_matches(name, known, n=1) or get_close_matches(name.upper(), known, n=1)
    return f"did you mean {found[0]!r}?" if found else f"there are {', '.join(known)}"


def _check(node: ast.expr, number: Number, value: float) -> None:
    if number.whole and value != int(value):
        raise WrongFormulaError(node, f"needs a whole number for {number.name}")
    if value < number.least:
        raise WrongFormulaError(node, f"needs at least {number.least:g} for {number.name}")
    if number.whole:
        check_window(node, value)

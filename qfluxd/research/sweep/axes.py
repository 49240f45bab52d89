"""From what is typed to the values of an option: ``fast=2..50``, ``slow=10..200:10``, ``expiry=1m,5m``."""

import re
import types
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from qfluxd.errors import ConfigError, Mistake
from qfluxd.loading import StrategyModel, unknown_option
from qfluxd.model import parse_timeframe, timeframe_name
from qfluxd.research.sweep.space import TIMEFRAME, Axis

_NUMBER: Final = r"-?\d+(?:\.\d+)?"
_RANGE: Final = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?::({_NUMBER}))?")
_MOST: Final = 10_000
"""Values of one option; more is a typing error."""
_BOUNDS: Final = ("ge", "gt", "le", "lt")
_NONE: Final = ("none", "null")


def timeframe_axis(text: str) -> Axis:
    """The candles to look at, such as ``1m`` or ``1m,5m``. Raises `ConfigError` where one is no timeframe."""
    try:
        lengths = sorted({parse_timeframe(part.strip()) for part in text.split(",")})
    except ValueError as problem:
        raise _wrong("--timeframe", str(problem)) from None
    return Axis(TIMEFRAME, tuple(map(timeframe_name, lengths)), ordered=True)


def option_axis(text: str, model: type[StrategyModel], folder: Path | None) -> Axis:
    """The values that an option may take, as they are typed.

    ``name=2..50`` is every whole number, ``name=10..200:10`` every tenth, ``name=a,b`` a choice, ``name=[…]`` a list in
    JSON (for an option that is a list itself), and ``name`` alone all that the strategy allows.

    Raises:
        ConfigError: there is no such option, or a value that it cannot have.
    """
    name, is_given, given = text.partition("=")
    where = f"--option {name}"
    field = model.model_fields.get(name)
    if field is None:
        raise _wrong(where, unknown_option(name, model))
    reader = _Reader(where, field, folder)
    values = reader.read(given.strip()) if is_given else reader.allowed()
    distinct = {msgspec.json.encode(value): value for value in values}
    key = _order(list(distinct.values()))
    if key is None:
        return Axis(name, tuple(distinct.values()))
    return Axis(name, tuple(sorted(distinct.values(), key=key)), ordered=True)


class _Reader:
    """Reads values of one option. The promise: what it gives, the option may be, and JSON can hold."""

    def __init__(self, where: str, field: FieldInfo, folder: Path | None) -> None:
        self._where = where
        self._field = field
        self._context = {"folder": folder}
        kind: Any = field.annotation
        self._type: TypeAdapter[Any] = TypeAdapter(Annotated[(kind, *field.metadata)] if field.metadata else kind)

    def read(self, text: str) -> list[Any]:
        if not text:
            raise _wrong(self._where, "has no value; write such as fast=2..50 or expiry=1m,5m")
        if text.startswith("["):
            return [self._checked(value) for value in self._listed(text)]
        if found := _RANGE.fullmatch(text):
            return [self._checked(value) for value in self._stepped(*found.groups())]
        return [self._typed(part.strip()) for part in text.split(",")]

    def allowed(self) -> list[Any]:
        """All that it may be, where that is a list or whole numbers between two ends."""
        kinds = list(_kinds(self._field.annotation))
        if choices := [choice for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)]:
            return choices
        if bool in kinds:
            return [False, True]
        ends = _ends(self._field.metadata)
        if int not in kinds or ends is None:
            raise _wrong(
                self._where, "needs its values, such as 2..50, 0.5..2:0.25 or 1m,5m: it has no ends of its own"
            )
        return list(range(ends[0], ends[1] + 1))

    def _listed(self, text: str) -> list[Any]:
        try:
            return msgspec.json.decode(text, type=list[Any])
        except msgspec.DecodeError as problem:
            raise _wrong(self._where, f"is no list in JSON: {problem}") from None

    def _stepped(self, first: str, last: str, step: str | None) -> Iterator[int | float]:
        start, end, by = Decimal(first), Decimal(last), Decimal(step or 1)
        whole = all(part == int(part) for part in (start, end, by))
        if step is None and not (whole and int in _kinds(self._field.annotation)):
            raise _wrong(self._where, f"needs a step, such as {first}..{last}:0.5")
        if by <= 0 or end < start:
            raise _wrong(self._where, f"{first}..{last} must rise, by a step above 0")
        if (count := int((end - start) / by) + 1) > _MOST:
            raise _wrong(self._where, f"has {count:,} values; take a larger step")
        return (int(value) if whole else float(value) for value in (start + by * place for place in range(count)))

    def _typed(self, text: str) -> Any:
        if text.lower() in _NONE:
            return self._checked(None)
        try:
            return self._type.dump_python(self._type.validate_strings(text, context=self._context), mode="json")
        except ValidationError as problem:
            raise _wrong(self._where, _said(text, problem)) from None

    def _checked(self, value: Any) -> Any:
        try:
            return self._type.dump_python(self._type.validate_python(value, context=self._context), mode="json")
        except ValidationError as problem:
            raise _wrong(self._where, _said(value, problem)) from None


def _kinds(annotation: Any) -> Iterator[Any]:
    """The types that a value may have, out of unions and annotations."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _kinds(part)
    else:
        yield annotation


def _ends(metadata: Iterable[Any]) -> tuple[int, int] | None:
    """The least and the greatest whole number that the bounds allow, each of which has one of four names."""
    given = {name: value for bound in metadata for name in _BOUNDS if (value := getattr(bound, name, None)) is not None}
    least = [int(given[name]) + beyond for name, beyond in (("ge", 0), ("gt", 1)) if name in given]
    greatest = [int(given[name]) - beyond for name, beyond in (("le", 0), ("lt", 1)) if name in given]
    return (max(least), min(greatest)) if least and greatest else None


def _order(values: Sequence[Any]) -> Any:
    """What to sort values by, None where they have no order."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return lambda value: value
    try:
        {parse_timeframe(value) for value in values}
    except (TypeError, ValueError):
        return None
    return parse_timeframe


def _said(value: Any, problem: ValidationError) -> str:
    what = problem.errors()[0]["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{value}: {what}"


def _wrong(where: str, what: str) -> ConfigError:
    return ConfigError(Mistake(where, what, "command line"))

"""What a model is made of: a file that can be kept and repeated."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from pydantic import Field, ValidationError, ValidationInfo, field_validator

from qfluxd.errors import DataError
from qfluxd.model import Millis, parse_timeframe
from qfluxd.settings import Table, Timeframe
from qfluxd.strategies.features import DEFAULT_FEATURES, features

type Kind = Literal["logistic", "boosting", "forest", "mlp"]
type Calibration = Literal["sigmoid", "isotonic"]


class Recipe(Table):
    """How a model is trained and tried. The promise: the same data and the same recipe make the same model."""

    assets: tuple[str, ...] = Field(min_length=1, description="the broker's exact symbols, pooled into one model")
    timeframe: Timeframe = Field(default="1m", description="the candles that it looks at")
    expiry: Timeframe | None = Field(default=None, description="how long a trade lasts; default: as long as a candle")
    payout: int = Field(
        default=85, ge=1, le=500, description="what a win adds, in percent, where the data do not say it row by row"
    )
    margin: float = Field(
        default=0.02, ge=0, le=0.4, description="trade where a probability is above break-even by this much"
    )
    features: dict[str, str] = Field(default=dict(DEFAULT_FEATURES), description="names and formulas")
    models: tuple[Kind, ...] = Field(
        default=("logistic", "boosting"), min_length=1, description="the kinds tried; each makes the proof harder"
    )
    calibration: Calibration = Field(default="sigmoid", description="how scores are made into probabilities")
    folds: int = Field(default=5, ge=2, le=50, description="steps forward through time")
    embargo: int = Field(default=10, ge=0, le=10_000, description="candles left out between training and test")
    latency: float = Field(
        default=0.4, ge=0, le=60, description="seconds from a candle's close to the price of a trade"
    )
    quiet_after: float = Field(
        default=5.0, ge=1, le=600, description="seconds without a tick after which there is no price to trade at"
    )
    seed: int = Field(default=1, ge=0, lt=2**31, description="what chance there is comes from it")

    @field_validator("features")
    @classmethod
    def _readable(cls, formulas: dict[str, str]) -> dict[str, str]:
        features(formulas)
        return formulas

    @field_validator("models", "assets")
    @classmethod
    def _once(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if len(set(names)) != len(names):
            raise ValueError(f"names one of its {info.field_name} twice")
        return names

    @property
    def candle(self) -> Millis:
        """The length of a candle."""
        return parse_timeframe(self.timeframe)

    @property
    def length(self) -> Millis:
        """How long a trade lasts."""
        return parse_timeframe(self.expiry or self.timeframe)


def read_recipe(file: Path | None, given: dict[str, Any]) -> Recipe:
    """The recipe of a TOML or JSON file, with what is `given` over it.

    Raises:
        DataError: the file cannot be read, or the recipe makes no sense; every mistake in a line of its own.
    """
    written = {} if file is None else _read(file)
    place = "recipe" if file is None else str(file)
    try:
        return Recipe.model_validate(written | given)
    except ValidationError as problem:
        mistakes = problem.errors()
        told = [each for each in mistakes if not _follows(each, mistakes)]
        lines = (f"{place}: {'.'.join(map(str, each['loc']))}: {_said(each)}" for each in told)
        raise DataError("\n".join(lines)) from None


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_bytes()
        found = msgspec.json.decode(text) if file.suffix == ".json" else tomllib.loads(text.decode())
    except OSError as problem:
        raise DataError(f"{file}: cannot be read ({problem.strerror or problem})") from None
    except (ValueError, msgspec.DecodeError) as problem:
        raise DataError(f"{file}: is not readable as a recipe: {problem}") from None
    if not isinstance(found, dict):
        raise DataError(f"{file}: is not readable as a recipe: it has no table")
    return found


def _follows(mistake: Any, others: Sequence[Any]) -> bool:
    """Whether a list is too short only because what it holds is wrong, which is told already."""
    place = mistake["loc"]
    inner = (other["loc"] for other in others if len(other["loc"]) > len(place))
    return mistake["type"] == "too_short" and any(each[: len(place)] == place for each in inner)


def _said(mistake: Any) -> str:
    if mistake["type"] == "missing":
        return "is missing; give it on the command line, or write it into the recipe"
    return str(mistake["msg"]).removeprefix("Value error, ")

"""Several strategies that vote."""

from collections import Counter
from dataclasses import replace
from typing import Annotated, Any, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from qfluxd.errors import PluginError
from qfluxd.loading import StrategyModel, load_strategy, strategies_folder, unknown_option
from qfluxd.model import Millis
from qfluxd.settings import Table
from qfluxd.strategies.rule import Rule, some
from qfluxd.strategy import CALL, NOTHING, PUT, Extra, View

type Sides = NDArray[np.int8]


def _with_options(options: object, info: ValidationInfo) -> object:
    """The strategy that a vote names, with these options. Its mistakes are told as those of the vote."""
    if "use" not in info.data or not isinstance(options, dict):
        return options
    model = load_strategy(info.data["use"], strategies_folder(info.context))
    try:
        return model.model_validate(options, context=info.context)
    except ValidationError as problem:
        mistakes = [_with_nearest(error, model) for error in problem.errors()]
        raise ValidationError.from_exception_data(problem.title, mistakes) from None


def _with_nearest(error: Any, model: type[BaseModel]) -> Any:
    """The error as pydantic takes it back; of an option that is none, with the one most likely meant."""
    told = {"type": error["type"], "loc": error["loc"], "input": error["input"], "ctx": error.get("ctx", {})}
    if error["type"] == "extra_forbidden":
        told |= {"type": "value_error", "ctx": {"error": ValueError(unknown_option(str(error["loc"][-1]), model))}}
    return told


class Vote(Table):
    """One voter: a strategy with its options, and how much it weighs."""

    use: str = Field(description="which strategy")
    weight: float = Field(default=1.0, gt=0, le=100, description="how much it weighs against the others")
    options: Annotated[SerializeAsAny[BaseModel], BeforeValidator(_with_options)] = Field(
        default=cast("Any", {}), description="its own options"
    )

    @field_validator("use")
    @classmethod
    def _known(cls, name: str, info: ValidationInfo) -> str:
        try:
            load_strategy(name, strategies_folder(info.context))
        except PluginError as problem:
            raise ValueError(str(problem)) from None
        return name

    @property
    def strategy(self) -> StrategyModel:
        """The strategy that votes."""
        return cast("StrategyModel", self.options)


class Confluence(Rule):
    """Lets other strategies vote: call where the votes up outweigh those down by `threshold`, put the other way round.

    A vote stands for `hold` candles, until the same strategy says something else. The score is the weight of the votes
    up less that of the votes down, by the weight of all; it counts on a candle on which one of the votes for it is new.

    Source: Bates and Granger, "The Combination of Forecasts", Operational Research Quarterly, 1969: forecasts whose
    errors differ are better together than each alone.

    What it can do: ask for agreement, and so speak less often. What it cannot: make knowledge out of voters that have
    none, or out of voters that say the same in other words, as most averages do. Weights and options that were tuned
    on the past make it look better there than it is.

    Confidence is the size of the score: 1 where all agree. It is not a probability.
    """

    votes: Annotated[tuple[Vote, ...], AfterValidator(some)] = Field(
        default=cast("Any", ({"use": "ema_cross"}, {"use": "macd"}, {"use": "donchian_breakout"})),
        max_length=20,
        description="who votes: use, weight (1) and options of each",
    )
    threshold: float = Field(default=0.5, gt=0, le=1, description="the score that is needed")
    hold: int = Field(default=3, ge=1, le=20, description="candles for which a vote stands")

    @property
    def warmup(self) -> int:
        """Until the slowest voter is warm, and a vote stands as long as it may."""
        return max(vote.strategy.warmup for vote in self.votes) + self.hold - 1

    @property
    def timeframes(self) -> tuple[Millis, ...]:
        """All that the voters look at."""
        return tuple(sorted({each for vote in self.votes for each in vote.strategy.timeframes}))

    @property
    def wants(self) -> tuple[Extra, ...]:
        """All that the voters want."""
        return tuple(sorted({each for vote in self.votes for each in vote.strategy.wants}))

    def signals(self, view: View) -> pl.DataFrame:
        """Reasons: the score, and each vote by its weight, such as vote_macd: -2 for a put that weighs 2."""
        bare = replace(view, bare=True)
        said = np.array([vote.strategy.signals(bare).get_column("side").to_numpy() for vote in self.votes])
        weights = np.array([vote.weight for vote in self.votes])
        votes = _standing(said, self.hold) * weights[:, np.newaxis]
        score = votes.sum(axis=0) / weights.sum()
        enough = self.threshold - 1e-9  # thirds do not add up to one
        return self.say(
            view,
            call=(score >= enough) & (said == CALL).any(axis=0),
            put=(score <= -enough) & (said == PUT).any(axis=0),
            confidence=np.abs(score),
            score=score,
            **dict(zip(_names(self.votes), votes, strict=True)),
        )


def _standing(said: Sides, hold: int) -> Sides:
    """What each voter (a row each) said last, as long as that is less than `hold` candles ago."""
    stands = said.copy()
    for ago in range(1, min(hold, said.shape[1])):
        silent = stands[:, ago:]
        np.copyto(silent, said[:, :-ago], where=silent == NOTHING)
    return stands


def _names(votes: tuple[Vote, ...]) -> list[str]:
    """A name for each vote; the second of the same strategy is numbered."""
    seen: Counter[str] = Counter()
    names = []
    for vote in votes:
        seen[vote.use] += 1
        names.append(f"vote_{vote.use}" + (f"_{seen[vote.use]}" if seen[vote.use] > 1 else ""))
    return names

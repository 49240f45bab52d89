"""The tables `[[strategy]]`: checked key by key, and made into plans that can run."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, Field, ValidationError, field_validator

from qfluxd.errors import PluginError
from qfluxd.model import Millis, Mode, parse_timeframe, timeframe_name
from qfluxd.plans.looking import MOST_ROWS, worded
from qfluxd.plans.plan import CANDIDATE, CURRENT, Plan
from qfluxd.plans.running import needs_of
from qfluxd.plugins import StrategyModel, load_strategy
from qfluxd.settings import Limits, OwnPath, Table, Timeframe
from qfluxd.strategies.card import card_file
from qfluxd.trading.schedule import Schedule, parse_schedule
from qfluxd.trading.staking import parse_staking


class StrategiesSettings(Table):
    """What holds for every strategy."""

    folder: OwnPath | None = Field(
        default=None,
        description="a folder with strategies of your own, one .py file each; default: strategies in state_dir",
    )
    budget_ms: float = Field(
        default=50,
        gt=0,
        le=10_000,
        description="milliseconds that one look may take; a strategy that keeps taking more is benched",
    )
    late_after: float = Field(
        default=2.0,
        gt=0,
        le=600,
        description="seconds after which a run that is late is skipped and counted, never made",
    )
    good_for: float = Field(
        default=5.0, gt=0, le=600, description="seconds for which an order on its way to the page is still wanted"
    )
    shadow_latency: float = Field(
        default=0.4, ge=0, le=60, description="seconds from a signal to the price at which its shadow trade opens"
    )


_QUIET = ("quiet", "quiet_before", "quiet_after")
"""Needs a file, which is looked for beside the configuration."""


class RetrainSettings(Table):
    """When a model is trained again, in a process of its own, and by which recipe."""

    schedule: str = Field(description="an interval such as 1d, or a cron line in UTC")
    recipe: str = Field(description="the recipe's file, beside the configuration")
    limit: Timeframe = Field(default="1h", description="how long a training may take")

    @field_validator("schedule")
    @classmethod
    def _readable(cls, value: str) -> str:
        from qfluxd.housekeeping import parse_schedule as parse  # a scheduler is not loaded for those who need none

        parse(value)
        return value


@dataclass(frozen=True, slots=True)
class Retrained:
    """A plan whose model is trained again: by `recipe`, within `limit` ms, whenever `schedule` says."""

    plan: str
    model: Path
    schedule: str
    recipe: Path
    limit: Millis


class PlanSettings(Table):
    """A strategy on some assets: what it trades, when, with how much."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,48}$")] = Field(description="topics and commands name it so")
    use: str = Field(description="which strategy; qfluxd strategy list names all")
    enabled: bool = Field(default=True, description="false: it is known and looks at nothing")
    assets: tuple[str, ...] = Field(min_length=1, description='symbols, or patterns such as "*_otc"')
    timeframe: Timeframe = Field(description="the candles that it looks at, one of [market] timeframes")
    mode: Mode = Field(default="signal", description='"signal" only tells, "shadow" settles on paper, "live" trades')
    schedule: str | dict[str, Any] = Field(
        default="candle",
        description='"candle" on each close, "every 30s", "at 09:30", a cron line, or a table with hours, days, quiet',
    )
    stake: dict[str, Any] = Field(
        default={"policy": "fixed", "amount": 1}, description="how much: a policy and its options"
    )
    options: dict[str, Any] = Field(default={}, description="the strategy's own options")
    retrain: RetrainSettings | None = Field(
        default=None, description="for a model: when it is trained again, and by which recipe"
    )
    risk: Limits = Field(default=Limits(), description="limits of this strategy, beside those of [risk]")

    @field_validator("schedule")
    @classmethod
    def _readable(cls, value: str | dict[str, Any]) -> str | dict[str, Any]:
        parse_schedule(value if isinstance(value, str) else {k: v for k, v in value.items() if k not in _QUIET})
        return value

    @field_validator("stake")
    @classmethod
    def _stakes(cls, value: dict[str, Any]) -> dict[str, Any]:
        parse_staking(value)
        return value

    @property
    def length(self) -> Millis:
        """The timeframe in milliseconds."""
        return parse_timeframe(self.timeframe)


class MisfitError(ValueError):
    """A table of which no plan can be made; `key` is what is wrong with it."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(what)
        self.key = key


def beside_the_file(options: dict[str, Any], model: type[BaseModel], place: Path) -> dict[str, Any]:
    """Options whose relative paths lie in `place`, the folder of the configuration."""
    named = {key: field for key, field in model.model_fields.items() if "Path" in str(field.annotation)}
    return {
        key: str(place / Path(value).expanduser()) if key in named and isinstance(value, str) else value
        for key, value in options.items()
    }


def strategy_model(use: object, folder: Path | None) -> type[BaseModel] | str:
    """The model of a strategy's options, or why there is none."""
    if not isinstance(use, str):
        return "must be the name of a strategy"
    try:
        return load_strategy(use, folder)
    except PluginError as problem:
        return str(problem)


def plan_of(settings: PlanSettings, folder: Path | None, file: Path | None) -> Plan:
    """The plan that a table of `file` describes; files that it names by a relative path lie beside that one.

    Raises:
        PluginError: the strategy cannot be loaded.
        ValidationError: its options contradict each other.
        MisfitError: the strategy raises where it is only asked what it needs, or a file of news cannot be read.
    """
    strategy = _strategy(settings, folder, _beside(file))
    return Plan(
        name=settings.name,
        spec=_spec(settings, folder, _beside(file)),
        use=settings.use,
        strategy=strategy,
        assets=settings.assets,
        timeframe=settings.length,
        schedule=_schedule(settings, _beside(file)),
        staking=parse_staking(settings.stake),
        mode=settings.mode,
        enabled=settings.enabled,
        limits=settings.risk,
    )


def _strategy(settings: PlanSettings, folder: Path | None, beside: Path) -> StrategyModel:
    model = load_strategy(settings.use, folder)
    try:
        options = beside_the_file(settings.options, model, beside)
        strategy = model.model_validate(options, context={"folder": folder})
        needs_of(strategy)
    except ValidationError:
        raise
    except Exception as problem:  # a strategy of the owner's own may do anything
        raise MisfitError("options", f"{settings.use} cannot be set up: {worded(problem)}") from problem
    return strategy


def _schedule(settings: PlanSettings, beside: Path) -> Schedule:
    try:
        return parse_schedule(settings.schedule, beside)
    except (ValueError, RuntimeError) as problem:  # the second where nobody's home folder is known by that name
        raise MisfitError("schedule", str(problem)) from None


def twins_of(settings: PlanSettings, plan: Plan, folder: Path | None, file: Path | None) -> list[Plan]:
    """The plans in which a model and its candidate run on paper side by side; none while no candidate waits.

    Raises as `plan_of`.
    """
    wanted = retrained(settings, plan, file)
    if wanted is None or not (waiting := wanted.model.with_suffix(".candidate.onnx")).is_file():
        return []
    shadows = []
    for suffix, model in ((CURRENT, wanted.model), (CANDIDATE, waiting)):
        alike = settings.model_copy(
            update={
                "name": settings.name + suffix,
                "mode": "shadow",
                "enabled": True,
                "stake": {"policy": "fixed", "amount": 1},
                "options": settings.options | {"file": str(model)},
                "risk": Limits(),
            }
        )
        shadows.append(plan_of(alike, folder, file))
    return shadows


def retrained(settings: PlanSettings, plan: Plan, file: Path | None) -> Retrained | None:
    """How the model of a plan is trained again, None where it is not.

    Raises:
        ValueError: the plan has no model, or there is no such recipe.
    """
    wanted = settings.retrain
    if wanted is None:
        return None
    model = getattr(plan.strategy, "file", None)
    if settings.use != "model" or not isinstance(model, Path):
        raise ValueError("retrain is for a strategy with use = 'model'")
    recipe = _beside(file) / Path(wanted.recipe).expanduser()
    if not recipe.is_file():
        raise ValueError(f"there is no recipe {recipe}")
    return Retrained(settings.name, model, wanted.schedule, recipe, parse_timeframe(wanted.limit))


def unusable(plan: Plan, timeframes: tuple[Millis, ...], keep: int) -> Iterator[tuple[str, str]]:
    """What a plan needs and is not there: the key, and a sentence. `keep` candles are remembered per series."""
    if (most := min(keep, MOST_ROWS)) < plan.strategy.warmup:
        yield "options", f"it needs {plan.strategy.warmup} closed candles, and {most} are kept ([market] keep_candles)"
    for length in plan.strategy.timeframes:
        if length <= plan.timeframe:
            yield (
                "options",
                f"{timeframe_name(length)} is not longer than the timeframe, {timeframe_name(plan.timeframe)}",
            )
    for length, key in ((plan.timeframe, "timeframe"), *((each, "options") for each in plan.strategy.timeframes)):
        if length not in timeframes:
            yield key, f"no {timeframe_name(length)} candles are folded; add it to [market] timeframes"


def _beside(file: Path | None) -> Path:
    return Path() if file is None else file.parent


def _spec(settings: PlanSettings, folder: Path | None, beside: Path) -> str:
    """All that a plan is made from as one line, and the contents of the files behind it by their hash."""
    written = settings.model_dump(mode="json")
    files = {str(file): _hash(file) for file in _files(settings, folder, beside)}
    return msgspec.json.encode([written, files], order="deterministic").decode()


def _files(settings: PlanSettings, folder: Path | None, beside: Path) -> Iterator[Path]:
    """The files that change what a plan does: its own .py file, a file of news, a model and its card."""
    votes = settings.options.get("votes", ())
    uses = [settings.use, *(vote.get("use") for vote in votes if isinstance(vote, dict))]
    if folder is not None:
        yield from (own for use in uses if (own := folder / f"{use}.py").is_file())
    tables: tuple[Mapping[str, Any], ...] = (
        settings.options,
        settings.schedule if isinstance(settings.schedule, dict) else {},
    )
    for value in (value for table in tables for value in table.values() if isinstance(value, str)):
        if not Path(value).suffix:
            continue
        file = beside / os.path.expanduser(value)  # noqa: PTH111 - a ~user that is unknown stays as it is
        yield from (each for each in dict.fromkeys((file, card_file(file))) if each.is_file())


def _hash(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""

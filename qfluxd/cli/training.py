"""`train`: a model from stored data, and what it is worth."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from qfluxd.cli.data import Folder, Since, Until, data_folder, stretch
from qfluxd.cli.options import Config, Json, loaded, typed
from qfluxd.cli.printing import Failed, Misused, complain, put, put_json, put_table

if TYPE_CHECKING:
    from qfluxd.config import Loaded
    from qfluxd.research.prices import Prices
    from qfluxd.research.recipe import Recipe
    from qfluxd.research.train import Step, Trained
    from qfluxd.strategies.card import Card, Trades


def train(
    assets: Annotated[
        list[str] | None, Parameter(help="The broker's exact symbols; together they make one model.")
    ] = None,
    /,
    *,
    out: Annotated[Path, Parameter(help="The model's file, such as models/eurusd.onnx; its card goes beside it.")],
    recipe: Annotated[Path | None, Parameter(help="A TOML or JSON file with any option of a recipe.")] = None,
    timeframe: Annotated[str | None, Parameter(help="The candles that it looks at. Default: 1m.")] = None,
    expiry: Annotated[str | None, Parameter(help="How long a trade lasts. Default: as long as a candle.")] = None,
    payout: Annotated[
        int | None, Parameter(help="What a win adds, in percent, where data do not say. Default: 85.")
    ] = None,
    margin: Annotated[float | None, Parameter(help="How far above break-even it trades. Default: 0.02.")] = None,
    models: Annotated[
        str | None, Parameter(help="Kinds to try: logistic, boosting, forest, mlp. Default: logistic,boosting.")
    ] = None,
    calibration: Annotated[str | None, Parameter(help="sigmoid or isotonic. Default: sigmoid.")] = None,
    folds: Annotated[int | None, Parameter(help="Steps forward through time. Default: 5.")] = None,
    seed: Annotated[int | None, Parameter(help="What chance there is comes from it. Default: 1.")] = None,
    candles: Annotated[Path | None, Parameter(help="A Parquet or CSV file of candles in place of the store.")] = None,
    ticks: Annotated[Path | None, Parameter(help="A file of ticks beside it, to settle trades exactly.")] = None,
    since: Since = None,
    until: Until = None,
    folder: Folder = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Train a model on stored candles, and tell whether it is proven to beat break-even on data it had not seen.

    Candles that are not stored are folded from ticks, or from shorter ones, as a backtest does. The model is written
    either way, its card beside it; one that is not proven is refused for live trading.
    """
    from qfluxd.research.learners import check_installed
    from qfluxd.research.recipe import read_recipe

    check_installed()
    if out.suffix != ".onnx":
        raise Misused(f"{out}: the name must end in .onnx")
    given = {
        "assets": assets,
        "timeframe": timeframe,
        "expiry": expiry,
        "payout": payout,
        "margin": margin,
        "models": models.split(",") if models else None,
        "calibration": calibration,
        "folds": folds,
        "seed": seed,
    }
    wanted = read_recipe(recipe, {key: value for key, value in given.items() if value is not None})
    with typed():
        start, end = stretch(since, until)
    if candles is not None:
        place, prices = str(candles), _from_file(candles, ticks, wanted, start, end)
    else:
        root = data_folder(folder, config)
        place, prices = str(root), _from_store(root, wanted, start, end, loaded(config))
    trained = _trained(wanted, prices, place, out)
    if json:
        import msgspec

        put_json(msgspec.to_builtins(trained.card))
    else:
        _tell(trained.card, out)


def _from_store(root: Path, recipe: "Recipe", start: int, end: int, found: "Loaded") -> "list[Prices]":
    from qfluxd.research.prices import from_store

    market, origin = found.settings.market, 1000 * getattr(found.driver_config, "server_offset", 7200)
    return [from_store(root, asset, recipe.candle, start, end, market=market, origin=origin) for asset in recipe.assets]


def _from_file(candles: Path, ticks: Path | None, recipe: "Recipe", start: int, end: int) -> "list[Prices]":
    from qfluxd.research.prices import from_file

    return [from_file(candles, ticks, asset, start, end) for asset in recipe.assets]


def _trained(recipe: "Recipe", prices: "list[Prices]", place: str, out: Path) -> "Trained":
    from time import time_ns

    from qfluxd.research.train import Training

    with _progress() as tell:
        trained = Training(recipe, prices, place, tell).run(out.stem.removesuffix(".candidate"), time_ns() // 1_000_000)
    try:
        trained.write(out)
    except OSError as problem:
        raise Failed(f"{out}: cannot be written ({problem.strerror or problem})") from problem
    return trained


@contextmanager
def _progress() -> "Iterator[Callable[[Step], None]]":
    """Something that shows steps on standard error: a bar on a terminal, a line each elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: complain(f"{step.done}/{step.total}  {step.what}")
        return
    columns = (BarColumn(), TextColumn("{task.completed}/{task.total}  {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda step: bar.update(task, completed=step.done, total=step.total, description=step.what)


def _tell(card: "Card", out: Path) -> None:
    source = card.source
    put(
        f"{source.samples:,} samples of {', '.join(source.assets)}, {card.timeframe} candles, trades of {card.expiry} "
        f"({source.ties:,} ties, {source.unknown:,} of unknown outcome left out)"
    )
    put("")
    rows: dict[str, Trades] = {
        f"{each.name}{' *' * (each.name == card.chosen)}": each.trades for each in card.candidates
    }
    put_table((_row(name, trades) for name, trades in (rows | card.baselines).items()), _HEAD)
    put("")
    chosen = next(each.forecast for each in card.candidates if each.name == card.chosen)
    put(
        f"Probabilities of {card.chosen}: Brier {chosen.brier:.4f} (0.25 is saying nothing), off by "
        f"{100 * chosen.calibration_error:.1f} % on average; the ONNX file says the same to {card.parity.largest:.0e}."
    )
    put(f"{card.verdict.capitalize()}: {card.reason}.")
    put(f"{out}: model {card.id} and its card")


_HEAD = ("rule", "trades", "won", "interval", "break-even", "profit per stake", "evidence")


def _row(name: str, trades: "Trades") -> tuple[Any, ...]:
    count = trades.won + trades.lost + trades.tie
    if trades.rate is None or trades.break_even is None or trades.profit is None:
        return (name, count, "", "", "", "", "")
    return (
        name,
        f"{count:,}",
        f"{100 * trades.rate:.1f} %",
        f"{100 * trades.low:.1f} … {100 * trades.high:.1f} %",
        f"{100 * trades.break_even:.1f} %",
        f"{100 * trades.profit:+.1f} %",
        f"{trades.e_value:.2g}",
    )

"""What one look of a strategy costs: TA-Lib on numpy, as the built-in ones, beside the same in polars expressions."""

import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

import polars as pl

from qfluxd.config import Loaded
from qfluxd.desk import Desk
from qfluxd.model import MINUTE, Millis, Series
from qfluxd.strategy import Strategy, View
from tests.bench import expressions
from tests.bench.room import ASSETS

ROUNDS = 5


def compare(desk: Desk, settings: Loaded) -> None:
    """Print microseconds a look, and what polars needs where it may look at all assets at once."""
    views = [_view(desk, asset) for asset in ASSETS]
    together = _stacked(views)
    print(f"\none look at {views[0].height} candles, µs, best of {ROUNDS}: built in with TA-Lib {version('ta-lib')},")
    print(f"and as expressions of polars {version('polars')} ({pl.thread_pool_size()} threads); the same answers?")
    print(f"{'':22}{'built in':>10}{'polars':>10}{'ratio':>8}{'polars, 50 assets in one query':>34}{'alike':>9}")
    sums = [0.0, 0.0, 0.0]
    for plan in settings.plans:
        costs = _costs(plan.use, plan.strategy, views, together)
        sums = [one + other for one, other in zip(sums, costs, strict=True)]
        alike = sum(_alike(plan.use, plan.strategy, view) for view in views) / len(views)
        _say(plan.use, costs, f"{alike:9.2%}")
    _say("all ten", sums)


def _costs(name: str, strategy: Strategy, views: Sequence[View], together: View) -> list[float]:
    query = expressions.asked(name, together.candles, together.higher, "asset")
    ours = _best(lambda: [strategy.signals(view) for view in views])
    theirs = _best(lambda: [expressions.answered(expressions.asked(name, v.candles, v.higher)) for v in views])
    return [each / len(views) for each in (ours, theirs, _best(lambda: expressions.answered(query)))]


def _say(name: str, costs: Sequence[float], more: str = "") -> None:
    ours, theirs, stacked = costs
    print(
        f"{name:22}{ours:10.0f}{theirs:10.0f}{theirs / ours:8.1f}{stacked:26.0f}{stacked / ours:8.1f}{more}", flush=True
    )


def _view(desk: Desk, asset: str) -> View:
    series = Series(asset, MINUTE)
    higher = {length: desk.frame(Series(asset, length), 1000) for length in expressions.HIGHER}
    return View(series, desk.frame(series, 1000), higher)


def _stacked(views: Sequence[View]) -> View:
    """All of them as one, with a column that says which."""

    def stack(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        return pl.concat([frame.with_columns(asset=pl.lit(asset)) for asset, frame in frames.items()])

    def longer(length: Millis) -> pl.DataFrame:
        return stack({view.series.asset: view.higher[length] for view in views})

    higher = {length: longer(length) for length in expressions.HIGHER}
    return View(views[0].series, stack({view.series.asset: view.candles for view in views}), higher)


def _alike(name: str, strategy: Strategy, view: View) -> float:
    """The share of rows on which both say the same."""
    theirs = expressions.answered(expressions.asked(name, view.candles, view.higher))
    return float((strategy.signals(view)["side"] == theirs["side"]).sum()) / view.height


def _best(work: Callable[[], object]) -> float:
    """Microseconds of the best round."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best * 1e6

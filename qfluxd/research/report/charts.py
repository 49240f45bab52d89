"""The plots of one strategy's trades, each with a sentence that says what is to be seen."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from qfluxd.research.report.audited import audited
from qfluxd.research.report.cells import Cell, by_payout
from qfluxd.research.report.growth import Growth, growth, likely, thinned
from qfluxd.research.report.material import FEW, Arm
from qfluxd.research.report.plot import Axis, Band, Layer, Level, Line, Plot, Points
from qfluxd.research.report.rolling import rolling
from qfluxd.research.report.words import count, day, money, percent, plural

_UTC: Final = Axis("UTC", "time")
_LEAST: Final = 2
"""One trade makes no line."""
_BESIDE: Final = 8
"""Points of payout that are shown on either side of those that there were."""


def charts(arm: Arm) -> Iterator[Plot | tuple[str, str]]:
    """The plots; in the place of one that cannot be drawn honestly its title and why."""
    way = growth(arm.ended)
    if len(arm.ended) < _LEAST:
        yield "Profit over time", f"{plural(len(arm.ended), 'trade')} of known result: no line to draw."
        return
    yield _equity(arm, way)
    yield _drawdown(way)
    yield _rolling(arm)
    yield _payouts(arm)
    yield from audited(arm)


def _equity(arm: Arm, way: Growth) -> Plot:
    band = likely(arm.ended)
    shown = thinned(way.total)
    layers: list[Layer] = [Level("nothing earned", "muted", 0.0, dashed=False)]
    says = f"All trades together came to {money(way.total[-1], sign=True)}."
    if band is not None:
        layers.append(Band("nine in ten resampled histories", "main", band.at, band.low, band.high))
        says += (
            f" Had chance dealt the same trades otherwise, nine in ten such histories would have ended between "
            f"{money(band.low[-1], sign=True)} and {money(band.high[-1], sign=True)}."
        )
    else:
        says += f" Of fewer than {FEW} trades no band can be told."
    layers.append(Line("profit", "main", way.at[shown], way.total[shown]))
    return Plot("Profit over time", says, _UTC, Axis("sum of profits"), tuple(layers))


def _drawdown(way: Growth) -> Plot | tuple[str, str]:
    shown = thinned(way.drawdown)
    at, below = way.at[shown], way.drawdown[shown]
    worst = day(int(way.at[way.drawdown.argmin()]))
    says = f"At its worst, on {worst}, it was {money(way.deepest)} below the highest that it had been."
    if not way.deepest:
        return "Drawdown", "It was never below a peak."
    layers = (
        Band("below the highest so far", "bad", at, below, np.zeros_like(below)),
        Line("drawdown", "bad", at, below),
    )
    return Plot("Drawdown", says, _UTC, Axis("below the peak", high=0.0), layers)


def _rolling(arm: Arm) -> Plot | tuple[str, str]:
    title = "Win rate over time"
    shown = rolling(arm.ended)
    if shown is None:
        decisive = int(arm.ended.decisive.sum())
        return title, f"{plural(decisive, 'decisive trade')}: too few, {2 * FEW} make a line."
    clear, above = (_share(each > shown.break_even) for each in (shown.low, shown.rate))
    says = (
        f"Each point is the rate of the {count(shown.window)} decisive trades before it. It was above break-even "
        f"{percent(above, 0)} of the time, with its whole interval {percent(clear, 0)}."
    )
    layers = (
        Band("95 % interval", "main", shown.at, shown.low, shown.high),
        Line("win rate", "main", shown.at, shown.rate),
        Line("break-even", "level", shown.at, shown.break_even, dashed=True),
    )
    return Plot(title, says, _UTC, Axis("won of decisive trades", "percent"), layers)


def _share(which: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> float:
    return float(which.mean())


def _payouts(arm: Arm) -> Plot | tuple[str, str]:
    """Rates at the payouts that there were, before the line that says what any payout asks for."""
    title, summary = "What payouts ask for", arm.summary
    if summary.rate is None:
        return title, "No trade was won or lost."
    every = by_payout(arm.trades)
    cells = [cell for cell in every.values() if not cell.few]
    told = [cell.payout for cell in cells] or [summary.mean_payout or 0.0]
    low, high = max(1.0, min(told) - _BESIDE), max(told) + _BESIDE
    asked = np.linspace(low, high, 60)
    rate, (least, most) = summary.rate, summary.interval
    layers: list[Layer] = [
        Band("95 % interval of all trades", "other", np.array([low, high]), np.full(2, least), np.full(2, most)),
        Line("win rate of all trades", "other", np.array([low, high]), np.full(2, rate)),
        Line("break-even", "level", asked, 1 / (1 + asked / 100), dashed=True),
    ]
    if cells:
        layers.append(_rates(cells))
    return Plot(
        title,
        _says_of_payouts(summary.rate, len(every) - len(cells)),
        Axis("payout", "points", low, high),
        Axis("won of decisive trades", "percent"),
        tuple(layers),
    )


def _rates(cells: list[Cell]) -> Points:
    return Points(
        "win rate at this payout, with interval",
        "main",
        np.array([cell.payout for cell in cells]),
        np.array([cell.rate for cell in cells]),
        np.array([cell.interval.low for cell in cells]),
        np.array([cell.interval.high for cell in cells]),
    )


def _says_of_payouts(rate: float, left: int) -> str:
    few = f" Not drawn: {plural(left, 'payout')} with fewer than {FEW} decisive trades." if left else ""
    if not rate:
        return f"Nothing was won, and no payout would help.{few}"
    return f"At {percent(rate)} a payout of {100 * (1 / rate - 1):.0f} % earns nothing, a higher one something.{few}"

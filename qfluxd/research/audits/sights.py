"""What a plan's strategy would have been shown of each asset, as the vectorised backtest shows it."""

from collections.abc import Iterator

from qfluxd.plans.plan import Plan
from qfluxd.research.backtest import Backtest
from qfluxd.research.backtest.folding import Pace
from qfluxd.research.backtest.histories import History, strokes_of
from qfluxd.research.backtest.offers import offers_of
from qfluxd.research.backtest.source import Days, source_of
from qfluxd.research.backtest.terms import Terms
from qfluxd.research.dataset import Dataset
from qfluxd.strategy import View


def sights(settings: Backtest, plan: Plan, dataset: Dataset) -> Iterator[View]:
    """The view of all candles of each asset that the plan is about.

    Raises `DataError` as a backtest does.
    """
    settings.check()
    source = source_of(settings, dataset)
    until = max(source.span(asset)[1] for asset in source.assets)
    pace = Pace(settings.origin, settings.grace, Terms.of(settings, source).quiet_after, until)
    for asset in source.assets:
        prices = source.bars(asset) if source.kind == "candles" else Days(source, asset)
        strokes = strokes_of(settings, prices, source, pace)
        yield History(asset, offers_of(dataset, asset, settings), strokes, pace).view(plan)

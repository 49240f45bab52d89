"""One backtest, by either of its two ways, which come to the same."""

from qfluxd.research.backtest.event import run_events
from qfluxd.research.backtest.result import DataUsed, Engine, Result, versions
from qfluxd.research.backtest.rows import from_desk
from qfluxd.research.backtest.settings import Backtest, files_in
from qfluxd.research.backtest.source import Source, source_of
from qfluxd.research.backtest.stream import Tell
from qfluxd.research.backtest.table import Found, in_order, refusals
from qfluxd.research.backtest.vector import run_vector
from qfluxd.research.dataset import Dataset


def _silent(_done: int, _total: int, _what: str) -> None:
    """Nobody listens."""


def run(
    settings: Backtest,
    dataset: Dataset,
    *,
    engine: Engine = "vector",
    tell: Tell = _silent,
    data_hash: str | None = None,
) -> Result:
    """What the plans would have earned on this data.

    ``vector`` looks at whole histories at once, ``event`` lets the daemon's desk hear every tick; both come to the same
    trades. `tell` hears how far it has come. Whoever knows the hash of the data already may say it, so that they are
    not read for that again.

    Raises:
        DataError: the data have not what the plans need, a strategy fails, or it takes ``event``.
    """
    settings.check()
    source = source_of(settings, dataset)
    found = run_vector(settings, source, tell) if engine == "vector" else from_desk(run_events(settings, source, tell))
    return _result(found, settings, source, engine, dataset.hash if data_hash is None else data_hash)


def _result(found: Found, settings: Backtest, source: Source, engine: Engine, data_hash: str) -> Result:
    names = [plan.name for plan in settings.plans]
    dataset, place = source.dataset, str(source.dataset.place)
    firsts, lasts = zip(*map(source.span, source.assets), strict=True)
    time = (dataset.start, dataset.end)
    used = DataUsed(data_hash, place, source.assets, *time, source.kind, min(firsts), max(lasts))
    return Result(
        trades=in_order(found.trades, names),
        refusals=refusals(found.refused),
        signals={name: found.signals[name] for name in names},
        dataset=used,
        engine=engine,
        settings=settings.plain(),
        versions=versions(),
        files={plan.name: files_in(plan.spec) for plan in settings.plans},
    )

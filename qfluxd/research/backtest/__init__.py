"""What plans would have earned on recorded prices, by the desk's own decisions."""

from qfluxd.research.backtest.gathering import views
from qfluxd.research.backtest.latency import NONE, Latency
from qfluxd.research.backtest.plans import planned
from qfluxd.research.backtest.result import Engine, Result, read
from qfluxd.research.backtest.running import run
from qfluxd.research.backtest.settings import FREE, Backtest, backtest_of

__all__ = ["FREE", "NONE", "Backtest", "Engine", "Latency", "Result", "backtest_of", "planned", "read", "run", "views"]

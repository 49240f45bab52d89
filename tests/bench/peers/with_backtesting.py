"""The SMA cross by backtesting.py: `python -m tests.bench.peers.with_backtesting FOLDER BARS ROUNDS`.

What is ordered at a bar is done at the open of the next; a trade is closed at the first bar at which it is open.
"""

import importlib
import warnings
from typing import Any

from tests.bench.peers.told import BEGIN, FAST, MONEY, SLOW, UNITS, Trades, asked, prices, tell, trades

backtesting: Any = importlib.import_module("backtesting")
pandas: Any = importlib.import_module("pandas")


class Cross(backtesting.Strategy):  # type: ignore[misc]
    """Enters where the averages cross, for one bar."""

    def init(self) -> None:
        """The averages, as its own examples make them."""
        close = pandas.Series(self.data.Close)
        self.fast = self.I(lambda: close.rolling(FAST).mean().to_numpy())
        self.slow = self.I(lambda: close.rolling(SLOW).mean().to_numpy())

    def next(self) -> None:
        """One bar."""
        fast, slow = self.fast, self.slow
        if self.position:
            self.position.close()
        if fast[-1] > slow[-1] and fast[-2] <= slow[-2]:
            self.buy(size=UNITS)
        elif fast[-1] < slow[-1] and fast[-2] >= slow[-2]:
            self.sell(size=UNITS)


def main() -> None:
    """As often as asked for."""
    folder, bars, rounds = asked()
    columns = {name.capitalize(): column for name, column in prices(folder, bars).items()}
    index = pandas.date_range(pandas.Timestamp(BEGIN, unit="ms"), periods=bars, freq="min")
    frame = pandas.DataFrame(columns, index=index)
    results: list[Any] = []

    def work() -> None:
        results.append(backtesting.Backtest(frame, Cross, cash=MONEY).run())

    def read() -> Trades:
        found = results[-1]["_trades"]
        prices_ = (found[name].to_numpy() for name in ("EntryPrice", "ExitPrice"))
        return trades(found["EntryBar"].to_numpy(), found["Size"].to_numpy(), *prices_)

    warnings.simplefilter("ignore")  # it warns of a trade that is open at the end
    tell("backtesting.py", backtesting.__version__, work, read, rounds)


if __name__ == "__main__":
    main()

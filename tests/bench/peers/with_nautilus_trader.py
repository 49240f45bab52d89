"""The SMA cross by nautilus_trader: `python -m tests.bench.peers.with_nautilus_trader FOLDER BARS ROUNDS`.

An order at a bar is filled at its close, which here is the open of the next; a trade is closed at the first bar at
which it is open. A run of which not every order was filled looks several times faster, so fills are counted.
"""

import importlib
from decimal import Decimal
from typing import Any, Final

import numpy as np

from tests.bench.peers.told import BEGIN, FAST, MONEY, SLOW, UNITS, Trades, asked, prices, tell, trades

NAME: Final = "nautilus_trader"
TICK: Final = "0.25"


def _part(module: str) -> Any:
    return importlib.import_module(f"{NAME}.{module}")


pandas: Any = importlib.import_module("pandas")
engine_of, config_of = _part("backtest.engine"), _part("config")
model_data, enums, names, objects = (_part(f"model.{each}") for each in ("data", "enums", "identifiers", "objects"))
USD: Any = _part("model.currencies").USD
VENUE: Any = names.Venue("SIM")
INSTRUMENT: Any = _part("model.instruments").Equity(
    names.InstrumentId(names.Symbol("INDEX"), VENUE),
    names.Symbol("INDEX"),
    USD,
    len(TICK.partition(".")[2]),
    objects.Price.from_str(TICK),
    objects.Quantity.from_int(1),
    0,
    0,
    margin_init=Decimal(0),
    margin_maint=Decimal(0),
)
BARS: Any = model_data.BarType.from_str(f"{INSTRUMENT.id}-1-MINUTE-LAST-EXTERNAL")


class Cross(_part("trading.strategy").Strategy):  # type: ignore[misc]
    """Enters where the averages cross, for one bar."""

    def __init__(self) -> None:
        super().__init__()
        average = _part("indicators").SimpleMovingAverage
        self.fast, self.slow = average(FAST), average(SLOW)
        self.before: float | None = None
        self.seen = self.ordered = self.filled = 0
        self.entered: dict[Any, int] = {}
        self.ended: list[tuple[int, int, float, float]] = []

    def on_start(self) -> None:
        """It hears bars and so do its averages."""
        for average in (self.fast, self.slow):
            self.register_indicator_for_bars(BARS, average)
        self.subscribe_bars(BARS)

    def on_bar(self, _bar: Any) -> None:
        """One bar."""
        self.seen += 1
        for position in self.cache.positions_open():
            self.order(enums.OrderSide.SELL if position.is_long else enums.OrderSide.BUY, position.id)
        if not self.slow.initialized:
            return
        gap, before = self.fast.value - self.slow.value, self.before
        self.before = gap
        if before is not None and gap > 0 >= before:
            self.order(enums.OrderSide.BUY)
        elif before is not None and gap < 0 <= before:
            self.order(enums.OrderSide.SELL)

    def order(self, side: Any, position: Any = None) -> None:
        """At the market; with `position` to close it."""
        made = self.order_factory.market(
            INSTRUMENT.id, side, objects.Quantity.from_int(UNITS), reduce_only=position is not None
        )
        self.ordered += 1
        self.submit_order(made, position_id=position)

    def on_order_filled(self, _event: Any) -> None:
        """An order was done."""
        self.filled += 1

    def on_position_opened(self, event: Any) -> None:
        """Filled at the close of the newest bar, the open of the one after."""
        self.entered[event.position_id] = self.seen

    def on_position_closed(self, event: Any) -> None:
        """A trade has ended."""
        side = 1 if event.entry == enums.OrderSide.BUY else -1
        bar = self.entered[event.position_id]
        self.ended.append((bar, side, float(event.avg_px_open), float(event.avg_px_close)))


def main() -> None:
    """As often as asked for; each round by a new engine, which is made and given the bars before the clock starts."""
    folder, bars, rounds = asked()
    index = pandas.date_range(pandas.Timestamp(BEGIN, unit="ms"), periods=bars, freq="min", tz="UTC")
    frame = pandas.DataFrame({**prices(folder, bars), "volume": 60.0}, index=index)
    told = _part("persistence.wranglers").BarDataWrangler(BARS, INSTRUMENT).process(frame)
    ready = [_engine(told) for _ in range(rounds + 1)]
    done: list[Cross] = []

    def work() -> None:
        engine, strategy = ready.pop()
        engine.run()
        done.append(strategy)

    def read() -> Trades:
        last = done[-1]
        if last.filled != last.ordered:
            raise SystemExit(f"only {last.filled} of {last.ordered} orders were filled")
        return trades(*(np.array(column) for column in zip(*last.ended, strict=True)))

    tell(NAME, importlib.import_module(NAME).__version__, work, read, rounds)


def _engine(told: Any) -> tuple[Any, Cross]:
    engine = engine_of.BacktestEngine(
        engine_of.BacktestEngineConfig(
            logging=config_of.LoggingConfig(bypass_logging=True),
            risk_engine=config_of.RiskEngineConfig(bypass=True),
            run_analysis=False,
        )
    )
    engine.add_venue(
        VENUE,
        oms_type=enums.OmsType.HEDGING,
        account_type=enums.AccountType.MARGIN,
        base_currency=USD,
        starting_balances=[objects.Money(MONEY, USD)],
    )
    engine.add_instrument(INSTRUMENT)
    engine.add_data(told)
    strategy = Cross()
    engine.add_strategy(strategy)
    return engine, strategy


if __name__ == "__main__":
    main()

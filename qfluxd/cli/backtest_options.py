"""What is said of a backtest on the command line: the same words for `backtest` and `audit`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Parameter

from qfluxd.cli.data import Since, Until, data_folder, stretch
from qfluxd.cli.options import Config, loaded, own_folder, typed
from qfluxd.cli.printing import complain

if TYPE_CHECKING:
    from qfluxd.config import Loaded
    from qfluxd.research.backtest import Backtest
    from qfluxd.research.dataset import Dataset


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which plans are tried, on which data, and on what terms."""

    strategy: Annotated[
        list[str] | None, Parameter(help="Which strategy; again for more. qfluxd strategy list names all.")
    ] = None
    plan: Annotated[
        list[str] | None, Parameter(help="A [[strategy]] of the configuration by its name, with all that it says.")
    ] = None
    option: Annotated[
        list[str] | None, Parameter(help="An option of the strategy, such as fast=5; again for more.")
    ] = None
    timeframe: Annotated[str | None, Parameter(help="The candles that it looks at. Default: 1m.")] = None
    schedule: Annotated[
        str | None, Parameter(help="When it looks: 'every 30s', a cron line. Default: at each candle.")
    ] = None
    stake: Annotated[str | None, Parameter(help="1, 2% of the balance, or a policy as JSON. Default: 1.")] = None
    data: Annotated[Path | None, Parameter(help="A folder of stored data, or a file. Default: what is stored.")] = None
    asset: Annotated[list[str] | None, Parameter(help="The broker's exact symbol; again for more. Default: all.")] = (
        None
    )
    since: Since = None
    until: Until = None
    prices: Annotated[
        Literal["auto", "ticks", "candles"], Parameter(help="What trades are settled by. Default: ticks if there are.")
    ] = "auto"
    latency: Annotated[
        str | None,
        Parameter(
            help="Seconds from a signal to its trade, none, measured (by the journal), or several with commas, each as "
            "likely. Default: [strategies] shadow_latency."
        ),
    ] = None
    payout: Annotated[
        int | None, Parameter(help="What a win adds, in percent, where data do not say. Default: it is unknown.")
    ] = None
    balance: Annotated[float, Parameter(help="What the account holds at first. Default: 10000.")] = 10_000
    limits: Annotated[
        bool | None,
        Parameter(
            negative="--no-limits",
            help="Keep the limits of [risk]. Default: with --plan, and not with --strategy.",
        ),
    ] = None
    refuse: Annotated[float, Parameter(help="The share of orders that the broker turns down. Default: 0.")] = 0.0
    digits: Annotated[
        int | None, Parameter(help="Decimals with which the broker compares prices. Default: all there are.")
    ] = None
    seed: Annotated[int, Parameter(help="What chance there is comes from it. Default: 0.")] = 0
    engine: Annotated[
        Literal["vector", "event"], Parameter(help="vector is quick; event lets the daemon's desk hear every tick.")
    ] = "vector"
    folder: Annotated[Path | None, Parameter(help="The folder with strategies of your own. Default: ./strategies.")] = (
        None
    )
    config: Config = None

    @property
    def own(self) -> Path | None:
        """The folder with strategies of the owner's own, None where there is none. Raises as `own_folder`."""
        return own_folder(self.folder)

    def loaded(self) -> "Loaded":
        """The configuration. Raises `ConfigError` with every mistake in it."""
        return loaded(self.config)

    def settings(self, found: "Loaded") -> "Backtest":
        """The settings of the run; raises as `qfluxd.cli.backtest_settings.settings_of`."""
        from qfluxd.cli.backtest_settings import Words, settings_of

        words = Words(
            self.strategy or (),
            self.plan or (),
            self.option or (),
            self.timeframe,
            self.schedule,
            self.stake,
            self.latency,
            self.limits,
        )
        names = ("payout", "balance", "refuse", "digits", "seed", "prices")
        return settings_of(words, {name: getattr(self, name) for name in names}, found, self.own)

    def dataset(self) -> "Dataset":
        """The data. Raises `DataError` where there are none, `Misused` where a time is none."""
        from qfluxd.research.dataset import open_dataset

        with typed():
            start, end = stretch(self.since, self.until)
        place = self.data if self.data is not None else data_folder(None, self.config)
        dataset = open_dataset(place, self.asset or (), start, end)
        if (told := dataset.taken_in) is not None:
            complain(told)
        return dataset


NOTHING_SAID: Final = Asked()

"""How to run a practice broker."""

from decimal import Decimal
from pathlib import Path

import msgspec

from qfluxd.model import Millis
from qfluxd.practice.rules import Rules
from qfluxd.practice.traps import Traps


class PracticeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to run a practice broker.

    `feed` is ``synthetic`` or a file: a capture is replayed as it was received, a file of ticks becomes the
    market. `speed` is how fast the market's clock runs. `rate` is ticks a second per asset (synthetic).
    `streams` are the symbols a page hears besides its chart: None the favourites, a number that many open
    ones, or the symbols themselves. `start` is when the market begins, in ms UTC: None means now, or the
    first tick of a file. `asset` is the chart's first asset. `traps` are set from the start, `rules` are what
    an order may be. `state` is a file in which the account outlives the broker: what it holds goes before
    `balance`, `favourites` and `asset`, the market's clock never goes back behind it, and every order is on
    record in `orders.jsonl` beside it.
    """

    port: int = 0
    feed: str | Path = "synthetic"
    speed: float = 1.0
    seed: int = 1
    balance: Decimal = Decimal(10_000)
    real_balance: Decimal = Decimal(250)
    rate: float = 2.0
    streams: int | tuple[str, ...] | None = None
    start: Millis | None = None
    logged_in: bool = True
    traps: Traps = Traps()
    rules: Rules = Rules()
    state: Path | None = None
    asset: str = "EURUSD_otc"
    favourites: tuple[str, ...] = (
        "EURUSD_otc",
        "GBPUSD_otc",
        "AUDCAD_otc",
        "NZDUSD_otc",
        "USDJPY_otc",
        "EURGBP_otc",
        "EURNZD_otc",
        "EURCHF_otc",
        "USDCOP_otc",
        "KESUSD_otc",
        "EURRUB_otc",
        "AEDCNY_otc",
        "AUDNZD_otc",
        "XAUUSD_otc",
        "BTCUSD_otc",
    )

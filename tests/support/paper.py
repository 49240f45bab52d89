"""A paper account in a test: its market, and orders for it."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from qfluxd.drivers.paper.account import PaperAccount
from qfluxd.drivers.paper.driver import Config
from qfluxd.drivers.paper.kept import FILE, recall
from qfluxd.model import (
    Asset,
    Assets,
    Millis,
    Order,
    Tick,
)

AT: Millis = 1_763_769_600_000
LISTED = Asset("EURUSD_otc", "EUR/USD OTC", "currency", 5, 92, True, True, (5_000, 60_000), 5_000)
CLOSED = msgspec.structs.replace(LISTED, symbol="GBPUSD_otc", open=False)
ASSETS = Assets((LISTED, CLOSED))


def order(ident: str = "o1", **changes: Any) -> Order:
    """A call on EURUSD_otc: 10 for five seconds."""
    wanted = {"asset": "EURUSD_otc", "side": "call", "stake": Decimal(10), "expiry": 5_000, **changes}
    return Order(id=ident, request=f'"{ident}"', received=AT, **wanted)


def tick(after: Millis, price: float = 1.1, asset: str = "EURUSD_otc") -> Tick:
    """A tick so long after `AT`."""
    return Tick(asset, AT + after, price)


def account(folder: Path | None = None, **options: Any) -> PaperAccount:
    """An account on a market that has told its assets, as it was left in the folder."""
    config = Config.model_validate({"latency": 400, **options})
    file = None if folder is None else folder / FILE
    made = PaperAccount(config, None if file is None else recall(file), file)
    made.on_assets(ASSETS)
    return made

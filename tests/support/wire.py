"""Says things as the broker does: the codec's other direction, small and plain.

Values go in as qfluxd's own, in UTC; what comes out is what would be on the wire.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from qfluxd.model import Asset, Deal, Frame, History, Millis, Tick

OFFSET: Millis = 7_200_000
"""How far the server's clock is ahead of UTC."""

# A Decimal goes out as the number with exactly its digits.
as_json = msgspec.json.Encoder(decimal_format="number").encode


def in_one_step(conn: str, event: str, *arguments: Any, at: Millis = 0, sent: bool = False) -> list[Frame]:
    """``42["event",data]``."""
    return [Frame(at, conn, b"42" + as_json([event, *arguments]), sent=sent)]


def in_two_steps(conn: str, event: str, data: Any, *, at: Millis = 0, sent: bool = False) -> list[Frame]:
    """``451-["event",{placeholder}]`` and the data as a binary message."""
    header = b"451-" + as_json([event, {"_placeholder": True, "num": 0}])
    return [Frame(at, conn, header, sent=sent), Frame(at, conn, as_json(data), text=False, sent=sent)]


def stamp(at: Millis) -> float:
    """Server seconds, with milliseconds behind the point."""
    return (at + OFFSET) / 1000


def tick_rows(ticks: Sequence[Tick]) -> list[list[Any]]:
    """The data of ``updateStream``."""
    return [[tick.asset, stamp(tick.at), tick.price] for tick in ticks]


def recent_history(history: History, *, newest_first: bool = True, volume: bool = False) -> dict[str, Any]:
    """The data of ``updateHistoryNewFast``: mind open, close, high, low."""
    rows = [[(bar.at + OFFSET) // 1000, bar.open, bar.close, bar.high, bar.low] for bar in history.bars]
    return {
        "asset": history.series.asset,
        "period": history.series.timeframe // 1000,
        "history": [[stamp(tick.at), tick.price] for tick in history.ticks],
        "candles": [[*row, 90] if volume else row for row in (reversed(rows) if newest_first else rows)],
    }


def older_history(history: History) -> dict[str, Any]:
    """The data of ``loadHistoryPeriodFast``."""
    rows = [
        {
            "symbol_id": 78,
            "time": (bar.at + OFFSET) // 1000,
            "open": bar.open,
            "close": bar.close,
            "high": bar.high,
            "low": bar.low,
        }
        for bar in history.bars
    ]
    return {
        "asset": history.series.asset,
        "index": 175686678578,
        "data": rows,
        "period": history.series.timeframe // 1000,
    }


def asset_row(asset: Asset) -> list[Any]:
    """A row of ``updateAssets``, nineteen columns."""
    expiries = [{"time": expiry // 1000} for expiry in asset.expiries]
    return [
        66,
        asset.symbol,
        asset.label,
        asset.kind,
        asset.digits,
        asset.payout,
        60,
        30,
        3,
        int(asset.otc),
        0,
        1,
        [],
        1756944000,
        asset.open,
        expiries,
        0,
        asset.min_expiry // 1000,
        -1,
    ]


def deal(deal: Deal) -> dict[str, Any]:
    """A deal; an open one tells what it would earn, and closes at 0."""
    opened, open_ms = divmod(deal.opened + OFFSET, 1000)
    closes, close_ms = divmod(deal.closes + OFFSET, 1000)
    would_earn = deal.stake * deal.payout / 100
    return {
        "id": deal.id,
        "openTimestamp": opened,
        "closeTimestamp": closes,
        "refundTime": None,
        "uid": 100000001,
        "amount": deal.stake,
        "profit": would_earn if deal.profit is None else deal.profit,
        "percentProfit": deal.payout,
        "percentLoss": 100,
        "openPrice": deal.open_price,
        "closePrice": deal.close_price or 0,
        "command": 0 if deal.side == "call" else 1,
        "asset": deal.asset,
        "isDemo": int(deal.account == "demo"),
        "openMs": open_ms,
        "closeMs": close_ms,
        "optionType": 100,
        "currency": deal.currency,
    }

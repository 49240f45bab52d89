"""Feeds the codec whatever a fuzzer comes up with: ``python -m tests.fuzz.codec -max_total_time=60``.

It must never raise, and must keep nothing of what it could not read. See README.md beside this file.
"""

import importlib
import json
import sys
from typing import Any

from qfluxd.model import Frame

# atheris is installed where fuzzing is done, not with the tests.
atheris: Any = importlib.import_module("atheris")

with atheris.instrument_imports(include=["qfluxd.drivers.pocketoption"]):
    from qfluxd.drivers.pocketoption.codec import Codec
    from qfluxd.drivers.pocketoption.wire.grammar import RECEIVED, SENT

SECRET = "s3cr3t0123456789"
EVENTS = [*RECEIVED, *SENT, "auth", "successauth", "NotAuthorized"]
MOST_FRAMES = 8

_DEAL = {
    "id": SECRET,
    "asset": "A_otc",
    "command": 0,
    "amount": 1.5,
    "percentProfit": 92,
    "openTimestamp": 1756869600,
    "closeTimestamp": 1756869660,
    "openPrice": 1.5,
    "closePrice": 1.6,
    "isDemo": 1,
    "openMs": 5,
    "profit": 1.38,
    "requestId": SECRET,
}
_PENDING = {
    "ticket": SECRET,
    "openType": 0,
    "amount": 10,
    "symbol": "A_otc",
    "openTime": "2025-09-03 03:20:00",
    "openPrice": 0,
    "timeframe": 60,
    "minPayout": 60,
    "command": 0,
}
_SETTINGS = {"symbol": "A_otc", "chartPeriod": 4, "chartId": "chart-1", "demoDealAmount": 5, "fastCloseAt": 1756869600}
_CANDLE = {"time": 1756869600, "open": 1.2, "close": 1.3, "high": 1.4, "low": 1.1}
SAMPLES = {
    "updateStream": [["A_otc", 1756869696.775, 0.87654], ["B", 1756869696, 1]],
    "chafor": [["A_otc", 60]],
    "updateTime": 1756869696.5,
    "updateAssets": [
        [66, "A_otc", "A", "currency", 5, 92, 60, 30, 3, 1, 0, 1, [], 1756944000, True, [{"time": 60}], 0, 5, -1]
    ],
    "successfavorite/load": ["A_otc", "B_otc"],
    "updateHistoryNewFast": {
        "asset": "A_otc",
        "period": 60,
        "history": [[1756869600.5, 1.2], [1756869601000, 1.3, 0]],
        "candles": [[1756869600, 1.2, 1.3, 1.4, 1.1, 90], [1756869540, 1.2, 1.3, 1.4, 1.1]],
    },
    "loadHistoryPeriodFast": {
        "asset": "A_otc",
        "period": 60,
        "data": [_CANDLE, {"asset": "A_otc", "time": 1756869600, "price": 1.2}],
    },
    "successupdateBalance": {"isDemo": 1, "balance": 48335.49},
    "updateOpenedDeals": [_DEAL],
    "successopenOrder": _DEAL,
    "successcloseOrder": {"profit": 1.38, "deals": [_DEAL, _DEAL]},
    "failopenOrder": {"error": SECRET, "amount": 1, "asset": "A_otc"},
    "successupdatePending": [_PENDING],
    "successopenPendingOrder": {"data": _PENDING},
    "openPendingOrder": _PENDING,
    "updateCharts": [{"chart_id": "chart-1", "settings": json.dumps(_SETTINGS)}],
    "saveCharts": {"settings": [_SETTINGS]},
    "successindicator/load": {
        "list": [{"id": 1, "type": "ma", "chart_id": "chart-1", "visible": 1, "settings": {"x": SECRET}}]
    },
    "successprice-alert/load": [{"id": 3, "assetId": 66, "price": 1.1}],
    "signals/update": {"signals": [["A_otc", [[1, 4], [5, 2]], 1.5]], "times": {"1": 1756869600}},
    "successsignals/stats": [[1756869600, [["A_otc", 60, 104]]]],
    "changeSymbol": {"asset": "A_otc", "period": 60},
    "loadHistoryPeriod": {"asset": "A_otc", "index": 1, "time": 1756869600, "offset": 9000, "period": 60},
    "openOrder": {"asset": "A_otc", "amount": 1, "action": "call", "isDemo": 1, "requestId": SECRET, "time": 60},
}
BODIES = [(event.encode(), json.dumps(data, separators=(",", ":")).encode()) for event, data in SAMPLES.items()]


def spoil(body: bytes, data: Any) -> bytes:
    """A good body with one stretch of it replaced."""
    start = data.ConsumeIntInRange(0, len(body))
    end = min(len(body), start + data.ConsumeIntInRange(0, 12))
    stretch: bytes = data.ConsumeBytes(data.ConsumeIntInRange(0, 24))
    return body[:start] + stretch + body[end:]


def frames(data: Any) -> list[Frame]:
    """A few frames: any bytes, well framed events with any body, and good events a little spoiled."""
    told: list[Frame] = []
    while data.remaining_bytes() and len(told) < MOST_FRAMES:
        conn = "ab"[data.ConsumeIntInRange(0, 1)]
        sent = data.ConsumeBool()
        form = data.ConsumeIntInRange(0, 5)
        if form <= 1:
            event = data.PickValueInList(EVENTS).encode()
            body = data.ConsumeBytes(data.ConsumeIntInRange(0, 400))
        else:
            event, body = data.PickValueInList(BODIES)
            body = spoil(body, data)
        if form == 0:
            told.append(Frame(0, conn, body, text=data.ConsumeBool(), sent=sent))
        elif form <= 3:
            told.append(Frame(0, conn, b'42["' + event + b'",' + body + b"]", sent=sent))
        else:
            header = b'451-["' + event + b'",{"_placeholder":true,"num":0}]'
            told += [Frame(0, conn, header, sent=sent), Frame(0, conn, body, text=False, sent=sent)]
    return told


def check(given: bytes) -> None:
    """One run."""
    codec = Codec()
    for frame in frames(atheris.FuzzedDataProvider(given)):
        codec.feed(frame)
    codec.forget("a")
    for error in codec.kept:
        assert SECRET not in f"{error.reason} {error.excerpt}"
        assert error.__traceback__ is None


def main() -> None:
    """Run until told to stop; arguments are libFuzzer's."""
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

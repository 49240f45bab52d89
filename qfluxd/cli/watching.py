"""A published message as a line: for people in colour, for programs as JSON."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from time import time_ns
from typing import Any

from rich.console import Console
from rich.text import Text

from qfluxd.api.caller import Said
from qfluxd.cli.printing import amount

_TIMES = frozenset({"at", "since", "start", "end"})
_OF_AN_ASSET = ("candle/", "tick/", "asset/")
_IN_TOPIC = ("asset", "timeframe")
_STYLES = {
    "status": "bold magenta",
    "session": "bold magenta",
    "candle": "green",
    "tick": "dim",
    "event": "bold yellow",
    "log": "dim",
}


def as_json(said: Said) -> dict[str, Any]:
    """A message for programs: its topic below the base, when it came, and what it says."""
    return {"at": time_ns() // 1_000_000, "topic": said.topic, "retain": said.retain, "payload": _payload(said)}


def teller() -> Callable[[Said], None]:
    """A function that prints messages on standard output, in colour where that is a terminal."""
    console = Console(highlight=False, soft_wrap=True)
    return lambda said: console.print(Text(datetime.now(UTC).strftime("%H:%M:%S "), style="dim") + line(said))


def line(said: Said) -> Text:
    """A message for people: its topic, what it says."""
    text = Text()
    text.append(f"{said.topic:<28} ", style=_STYLES.get(said.topic.partition("/")[0], "cyan"))
    payload = _payload(said)
    if trades := _trades(said.topic, payload):
        text.append(trades, style="default")
    elif isinstance(payload, dict):
        skip = _IN_TOPIC if said.topic.startswith(_OF_AN_ASSET) else ()
        fields = (f"{key} {_shown(key, value)}" for key, value in payload.items() if key not in skip)
        text.append("  ".join(fields), style="default")
    else:
        text.append(str(payload), style="default")
    return text


def _trades(topic: str, payload: Any) -> str:
    """A trade, or those that are open, in words; nothing where a message is about neither."""
    try:
        if topic == "event/trade":
            return _trade(payload["trade"])
        if topic == "trades/open":
            return "; ".join(map(_trade, payload["trades"])) or "none"
    except (KeyError, TypeError):
        return ""  # of another version: shown as it is
    return ""


def _trade(trade: dict[str, Any]) -> str:
    """Such as ``accepted  call EURUSD_otc 1.00 for 1m  deal 55ffb5ae (92 %)  evening-1``."""
    words = [f"{trade['stage']:<8} {trade['side']} {trade['asset']} {amount(trade['stake'])} for {trade['expiry']}"]
    if trade["error"] and trade["stage"] in ("refused", "unknown"):
        words.append(f"{trade['code']}: {trade['error']}")
    if deal := trade["deal"]:
        words.append(f"deal {deal['id']} ({deal['payout']} %)")
        if deal["profit"] is not None:
            words.append(f"profit {amount(deal['profit'], '+')} {deal['currency'] or ''}".rstrip())
    words.append("by hand" if trade["foreign"] else str(trade["request"]))
    return "  ".join(words)


def _payload(said: Said) -> Any:
    try:
        return json.loads(said.payload)
    except ValueError:
        return {"bytes": len(said.payload)}


def _shown(key: str, value: Any) -> str:
    if key in _TIMES and isinstance(value, int) and value > 10**12:
        return _time(value)
    if isinstance(value, dict | list) and len(value) > 8:
        return f"({len(value)})"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _time(at: int) -> str:
    """A time in UTC, with the date where that is not today's, and milliseconds where there are any."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    day = "" if moment.date() == datetime.now(UTC).date() else f"{moment:%Y-%m-%d} "
    return f"{day}{moment:%H:%M:%S}" + (f".{at % 1000:03}" if at % 1000 else "")

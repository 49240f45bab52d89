"""A daemon's answer for people: trades, candles and commands as tables, a repeat said to be one."""

from typing import Any

from qfluxd.cli.printing import complain, put, put_data, put_table, when


def put_answer(command: str, answer: dict[str, Any], now: dict[str, Any] | None = None) -> None:
    """Print an answer; `now` is the trade of a repeated request as it stands, where that is known."""
    data = answer.get("data")
    if answer.get("status") == "duplicate":
        put(_repeated(data, now))
    if now is not None:
        _put(command, {"trade": now})
    elif data:
        _put(command, data)
    if answer.get("error"):
        complain(f"qfluxd: {answer['error']} ({answer.get('code')})")
    elif not data:
        put(str(answer.get("status")))


def _repeated(data: Any, now: dict[str, Any] | None) -> str:
    """Such as ``duplicate: first asked at 2026-11-22T11:34:29Z; now settled: won``."""
    trade = now or (data.get("trade") if isinstance(data, dict) else None)
    if not isinstance(trade, dict):
        return "duplicate: it was asked before; this is the answer that it had"
    what = trade["stage"] if trade["code"] == trade["stage"] else f"{trade['stage']}: {trade['code']}"
    return f"duplicate: first asked at {when(trade['received'])}; {'now' if now else 'then'} {what}"


def _put(command: str, data: dict[str, Any]) -> None:
    from qfluxd.cli.trades import put_trade, put_trades

    if isinstance(data.get("trade"), dict):
        put_trade(data["trade"])
    elif isinstance(data.get("trades"), list):
        put_trades(data["trades"])
    elif command == "help" and isinstance(data.get("commands"), dict):
        put_table((name, _arguments(told), told["about"]) for name, told in data["commands"].items())
    elif isinstance(data.get("floors"), list):
        _put_floors(data)
    else:
        put_data(data)


def _arguments(told: dict[str, Any]) -> str:
    """Such as ``asset timeframe [count]``."""
    return " ".join(name if rule["required"] else f"[{name}]" for name, rule in told["arguments"].items())


def _put_floors(data: dict[str, Any]) -> None:
    """A line for each timeframe: how many candles, from when to when, the last close, where the picture lies."""
    put_data({key: value for key, value in data.items() if key != "floors"})
    put_table(map(_floor, data["floors"]), ("timeframe", "candles", "first", "last", "close", "screenshot"))


def _floor(floor: dict[str, Any]) -> tuple[object, ...]:
    candles = floor["candles"]
    picture = floor["screenshot"] or "none"
    if not candles:
        return floor["timeframe"], 0, "", "", "", picture
    first, last = candles[0], candles[-1]
    return floor["timeframe"], len(candles), when(first["at"]), when(last["at"]), last["close"], picture

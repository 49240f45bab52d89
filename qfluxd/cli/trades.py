"""`trades`: what the journal holds, read beside a daemon that runs or long after it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter

from qfluxd.cli.options import Config, Json, loaded
from qfluxd.cli.printing import Failed, put, put_data, put_json, put_table

if TYPE_CHECKING:
    from qfluxd.model import Trade
    from qfluxd.trading.journal import Reader
    from qfluxd.trading.records import Step

Folder = Annotated[Path | None, Parameter(help="The folder that holds the journal. Default: [daemon] state_dir.")]
_STEP = ("at", "stage", "code", "error")
_COLUMNS = ("received", "id", "side", "asset", "stake", "expiry", "stage", "code", "account", "deal", "profit")


def listing(
    *,
    count: Annotated[int, Parameter(help="How many at most. Default: 20.")] = 20,
    folder: Folder = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """List the newest trades of the journal, newest first.

    An id is the one that the request had; a trade opened by hand in the page has one of the journal's own.
    """
    from qfluxd.trading.journal import read_journal

    with read_journal(_folder(folder, config)) as journal:
        trades = [_plain(trade) for trade in journal.trades(count)]
    if json:
        put_json(trades)
    else:
        put_trades(trades)


def show(
    ident: Annotated[str, Parameter(help="The id of its request, the journal's own, or the deal's.")],
    /,
    *,
    folder: Folder = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show one trade with every step that it went.

    Exit 1 where the journal knows none by this id.
    """
    from qfluxd.trading.journal import read_journal

    with read_journal(_folder(folder, config)) as journal:
        trade = _found(journal, ident)
        if trade is None:
            raise Failed(f"{journal.file} knows no trade {ident}; qfluxd trades list shows the newest")
        steps = [_step(step) for step in journal.steps(trade.id)]
    if json:
        put_json({"trade": _plain(trade), "steps": steps})
        return
    put_trade(_plain(trade))
    put("steps:")
    put_table([_STEP, *([step[column] for column in _STEP] for step in steps)])


def put_trade(trade: dict[str, Any]) -> None:
    """One trade as topics show it, a line for each thing known of it and of its deal."""
    deal = {f"deal.{key}": value for key, value in (trade["deal"] or {}).items()}
    put_data({key: value for key, value in trade.items() if key != "deal"} | deal)


def put_trades(trades: Sequence[dict[str, Any]]) -> None:
    """Trades as topics show them, as a table."""
    if not trades:
        put("no trade yet")
        return
    put_table([_COLUMNS, *(_row(trade) for trade in trades)])


def _row(trade: dict[str, Any]) -> tuple[object, ...]:
    deal = trade["deal"] or {}
    profit = deal.get("profit")
    return (
        _time(trade["received"]),
        trade["id"] if trade["request"] is None else trade["request"],
        trade["side"],
        trade["asset"],
        f"{trade['stake']:.2f}",
        trade["expiry"],
        trade["stage"],
        trade["code"],
        trade["account"] or "",
        deal.get("id", ""),
        "" if profit is None else f"{profit:+.2f}",
    )


def _found(journal: "Reader", ident: str) -> "Trade | None":
    from qfluxd.trading.records import canonical

    asked = journal.asked(canonical(ident))
    if asked is None and ident.isascii() and ident.isdigit():
        asked = journal.asked(canonical(int(ident)))
    return asked or journal.trade(ident) or journal.of_deal(ident)


def _plain(trade: "Trade") -> dict[str, Any]:
    """A trade as topics show it, in Python's own types."""
    from qfluxd.api.payloads import encode_json
    from qfluxd.api.wire import trade_payload

    told: dict[str, Any] = msgspec.json.decode(encode_json(trade_payload(trade)))
    return told


def _step(step: "Step") -> dict[str, Any]:
    return {
        "at": _time(step.at, milliseconds=True),
        "stage": step.stage,
        "code": step.code,
        "error": step.detail,
        "attempt": step.attempt,
    }


def _folder(folder: Path | None, config: Path | None) -> Path:
    return folder or loaded(config).settings.daemon.state_dir


def _time(at: int, *, milliseconds: bool = False) -> str:
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return moment.isoformat(timespec="milliseconds" if milliseconds else "seconds").replace("+00:00", "Z")

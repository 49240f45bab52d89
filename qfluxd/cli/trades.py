"""`trades`: what the journal holds, read beside a daemon that runs or long after it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter

from qfluxd.cli.options import Config, Json, loaded
from qfluxd.cli.printing import Failed, amount, put, put_data, put_json, put_table, when

if TYPE_CHECKING:
    from qfluxd.model import Trade
    from qfluxd.trading.journal import Reader
    from qfluxd.trading.records import Step

Folder = Annotated[Path | None, Parameter(help="The folder that holds the journal. Default: [daemon] state_dir.")]
_STEP = ("at", "stage", "code", "error")
_TIMES = frozenset({"received", "changed", "opened", "closes"})
_MONEY = frozenset({"stake", "profit"})
_COLUMNS = ("received", "id", "side", "asset", "stake", "expiry", "stage", "code", "account", "deal", "profit")
_UNDER = (("deal",), ("account",), ("code",), ("id",), ("expiry",))


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
        steps = _steps(journal.steps(trade.id))
    if json:
        put_json({"trade": _plain(trade), "steps": steps})
        return
    put_trade(_plain(trade))
    put("steps:")
    put_table(([step[column] for column in _STEP] for step in steps), _STEP)


def put_trade(trade: dict[str, Any]) -> None:
    """One trade as topics show it, a line for each thing known of it and of its deal."""
    deal = {f"deal.{key}": value for key, value in (trade["deal"] or {}).items()}
    fields = {key: value for key, value in trade.items() if key != "deal"} | deal
    put_data({key: _readable(key, value) for key, value in fields.items()})


def _readable(key: str, value: Any) -> Any:
    name = key.removeprefix("deal.")
    if value is None or name not in _TIMES | _MONEY:
        return value
    return when(value, milliseconds=True) if name in _TIMES else amount(value)


def put_trades(trades: Sequence[dict[str, Any]]) -> None:
    """Trades as topics show them, as a table."""
    if not trades:
        put("no trade yet")
        return
    put_table(map(_row, trades), _COLUMNS, _UNDER)


def _row(trade: dict[str, Any]) -> tuple[object, ...]:
    deal = trade["deal"] or {}
    profit = deal.get("profit")
    return (
        when(trade["received"]),
        trade["id"] if trade["request"] is None else trade["request"],
        trade["side"],
        trade["asset"],
        amount(trade["stake"]),
        trade["expiry"],
        trade["stage"],
        trade["code"],
        trade["account"] or "",
        deal.get("id", ""),
        "" if profit is None else amount(profit, "+"),
    )


def _found(journal: "Reader", ident: str) -> "Trade | None":
    from qfluxd.trading.records import canonical

    return journal.asked(canonical(ident)) or journal.trade(ident) or journal.of_deal(ident)


def _plain(trade: "Trade") -> dict[str, Any]:
    """A trade as topics show it, in Python's own types."""
    from qfluxd.api.payloads import encode_json
    from qfluxd.api.shapes import trade_payload

    told: dict[str, Any] = msgspec.json.decode(encode_json(trade_payload(trade)))
    return told


def _steps(written: Iterable["Step"]) -> list[dict[str, Any]]:
    """Every step once: the journal has one again where it came to be known where the pictures lie."""
    steps: list[Step] = []
    for step in written:
        before = steps[-1] if steps else None
        if (
            before is not None
            and msgspec.structs.replace(step, at=before.at, now=before.now, artifacts=before.artifacts) == before
        ):
            continue
        steps.append(step)
    return [_step(step) for step in steps]


def _step(step: "Step") -> dict[str, Any]:
    return {
        "at": when(step.at, milliseconds=True),
        "stage": step.stage,
        "code": step.code,
        "error": step.detail,
        "attempt": step.attempt,
    }


def _folder(folder: Path | None, config: Path | None) -> Path:
    return folder or loaded(config).settings.daemon.state_dir

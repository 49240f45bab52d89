"""Trades of the journal as a report takes them: those with the broker and those on paper, strategy by strategy."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from qfluxd.market.layout import LAST_MILLIS
from qfluxd.model import Millis, Trade
from qfluxd.research.backtest.table import TRADES
from qfluxd.research.report.material import Arm, Material, Origin
from qfluxd.research.report.words import moment
from qfluxd.trading.journal import read_journal
from qfluxd.trading.settlement import cents
from qfluxd.trading.shadow import ShadowDeal

_ALL: Final = 2**62
"""More trades than a journal holds."""
BY_COMMAND: Final = "by command"
BY_HAND: Final = "by hand"

type _Whose = tuple[str, str]
"""A strategy's name and where it traded."""


def journal_material(
    folder: Path, plans: tuple[str, ...] = (), since: Millis = 0, until: Millis = LAST_MILLIS
) -> Material:
    """All that has ended of what was signalled in [since, until), of these plans or of all.

    What is still open or in doubt is counted in a note, and is in no figure.

    Raises:
        Unavailable: there is no journal in the folder, or it cannot be read now.
        DataError: it is damaged.
    """
    with read_journal(folder) as journal:
        trades = [trade for trade in journal.trades(_ALL)[::-1] if since <= trade.received < until]
        deals = [deal for deal in journal.shadow_deals(since) if since <= deal.signalled < until]
    rows: dict[_Whose, list[dict[str, Any]]] = {}
    refused: dict[_Whose, Counter[str]] = {}
    for trade in trades:
        if trade.stage == "refused":
            refused.setdefault(_whose(trade), Counter())[trade.code] += 1
        elif trade.stage == "settled" and trade.deal is not None:
            rows.setdefault(_whose(trade), []).append(_of_trade(trade))
    for deal in deals:
        if deal.is_over:
            rows.setdefault((deal.plan, "shadow"), []).append(_of_deal(deal))
    _settle_down(rows, refused)
    wanted = [whose for whose in sorted(rows.keys() | refused.keys()) if not plans or whose[0] in plans]
    arms = tuple(_arm(whose, rows.get(whose, []), refused.get(whose, Counter())) for whose in wanted)
    return Material(arms, (_origin(wanted, since, until),), notes=tuple(_open(trades, deals)))


def _whose(trade: Trade) -> _Whose:
    account = trade.account or (trade.deal.account if trade.deal is not None else None)
    name = BY_HAND if trade.foreign else trade.plan or BY_COMMAND
    return name, f"live, {account} account" if account is not None else "live"


def _settle_down(rows: Mapping[_Whose, object], refused: dict[_Whose, Counter[str]]) -> None:
    """An order turned down early belongs to no account: it counts where its strategy trades, if that is clear."""
    for name, where in list(refused):
        places = [whose for whose in rows if whose[0] == name and whose[1].startswith("live, ")]
        if where == "live" and len(places) == 1:
            refused.setdefault(places[0], Counter()).update(refused.pop((name, where)))


def _arm(whose: _Whose, rows: list[dict[str, Any]], refused: Counter[str]) -> Arm:
    frame = pl.DataFrame(rows, schema=TRADES, orient="row").sort("signalled", maintain_order=True)
    return Arm(*whose, frame, dict(refused), as_it_came=True)


def _of_trade(trade: Trade) -> dict[str, Any]:
    deal = trade.deal
    assert deal is not None
    outcome = "unknown" if deal.profit is None else "won" if deal.profit > 0 else "lost" if deal.profit < 0 else "tie"
    return {
        "id": trade.id,
        "plan": trade.plan or "",
        "strategy": "",
        "asset": deal.asset,
        "side": deal.side,
        "stake": cents(deal.stake),
        "expiry": trade.expiry,
        "signalled": deal.opened,
        "opened": deal.opened,
        "closes": deal.closes,
        "open_price": deal.open_price,
        "close_price": deal.close_price,
        "payout": deal.payout,
        "outcome": outcome,
        "code": trade.code,
        "profit": None if deal.profit is None else cents(deal.profit),
    }


def _of_deal(deal: ShadowDeal) -> dict[str, Any]:
    return {
        "id": deal.id,
        "plan": deal.plan,
        "strategy": "",
        "asset": deal.asset,
        "side": deal.side,
        "stake": cents(deal.stake),
        "expiry": deal.expiry,
        "candle": deal.candle,
        "signalled": deal.signalled,
        "opened": deal.opened,
        "closes": deal.closes,
        "open_price": deal.open_price,
        "close_price": deal.close_price,
        "payout": deal.payout,
        "outcome": deal.outcome,
        "code": deal.code,
        "profit": None if deal.profit is None else cents(deal.profit),
    }


def _open(trades: Iterable[Trade], deals: Iterable[ShadowDeal]) -> Iterator[str]:
    going = sum(not trade.over and not trade.in_doubt for trade in trades) + sum(not deal.is_over for deal in deals)
    doubtful = sum(trade.in_doubt for trade in trades)
    if going:
        yield f"{going:,} not over yet, and in no figure."
    if doubtful:
        yield f"{doubtful:,} in doubt: nobody knows whether they were placed, and they are in no figure."


def _origin(wanted: Iterable[_Whose], since: Millis, until: Millis) -> Origin:
    names = dict.fromkeys(name for name, _ in wanted)
    facts = {
        "trades": "the journal of the daemon: those that ended, with the broker and on paper",
        "strategies": ", ".join(names) or "none",
        "from": "the beginning" if since <= 0 else f"{moment(since)} UTC",
        "until": "now" if until >= LAST_MILLIS else f"{moment(until)} UTC",
    }
    return Origin("Where these trades come from", facts)

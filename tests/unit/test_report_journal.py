"""Reports of the journal: the trades with the broker and on paper, as scores have them."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qfluxd.errors import Unavailable
from qfluxd.hours import Calendar
from qfluxd.model import MINUTE, Deal, Millis, Trade
from qfluxd.research.backtest.table import TRADES
from qfluxd.research.report.journal import BY_COMMAND, BY_HAND, journal_material
from qfluxd.research.report.material import Arm
from qfluxd.scores import Scores
from qfluxd.trading.journal import Journal, read_journal
from qfluxd.trading.records import Opening, Step, canonical
from qfluxd.trading.shadow import ShadowDeal

AT: Millis = 1_793_620_800_000


def deal(number: int, profit: str | None, account: Any = "demo") -> Deal:
    at = AT + number * 2 * MINUTE
    came_to = None if profit is None else Decimal(profit)
    return Deal(
        f"d{number}", "EURUSD_otc", "call", Decimal(1), 92, at, at + MINUTE, 1.16, account, "USD", 1.17, came_to
    )


def trade(number: int, profit: str | None = "0.92", plan: str | None = "rsi", **more: Any) -> list[Opening | Step]:
    """A trade that was settled, or is still open where no profit is said."""
    done = deal(number, profit, more.pop("account", "demo"))
    at = done.opened
    opened = msgspec.structs.replace(done, profit=None, close_price=None)
    request = None if more.get("foreign") else canonical(f"r{number}")
    opening = Opening(f"t{number}", request, done.asset, done.side, done.stake, MINUTE, at, plan=plan, **more)
    steps = [("received", None), ("accepted", opened)]
    steps += [] if profit is None else [("settled", done)]
    return [opening, *(_step(opening.id, stage, at, each) for stage, each in steps)]


def refused(number: int, code: str) -> list[Opening | Step]:
    at = AT + number * 2 * MINUTE
    opening = Opening(f"t{number}", canonical(f"r{number}"), "EURUSD_otc", "call", Decimal(1), MINUTE, at, plan="rsi")
    return [opening, _step(opening.id, "received", at, None), _step(opening.id, "refused", at, None, code)]


def _step(ident: str, stage: Any, at: Millis, done: Deal | None, code: str | None = None) -> Step:
    return Step(ident, stage, code or stage, "", at, at, account=None if done is None else done.account, deal=done)


def paper(number: int, outcome: Any, profit: str | None, payout: int | None = 80, plan: str = "rsi") -> ShadowDeal:
    at = AT + number * 2 * MINUTE
    entered = outcome not in ("not_filled", "pending")
    times = (at + 300, at + MINUTE) if entered else (None, None)
    prices = (1.1, 1.2) if entered else (None, None)
    came_to = None if profit is None else Decimal(profit)
    end: tuple[Any, ...] = (*prices, payout, came_to, outcome, outcome, at + MINUTE)
    return ShadowDeal(f"s{number}", plan, "EURUSD_otc", "put", Decimal(2), MINUTE, at - MINUTE, at, *times, *end)


def written(folder: Path, *records: Iterable[Any]) -> Path:
    with Journal(folder, AT - MINUTE) as journal:
        for each in records:
            journal.add(*each)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A journal with everything that a trade can be."""
    return written(
        tmp_path,
        *(trade(number, "0.92" if number % 2 else "-1") for number in range(8)),
        trade(8, "0"),
        trade(9, None),
        trade(10, "0.92", account="real"),
        trade(11, "-1", plan=None),
        trade(12, "-1", plan=None, foreign=True),
        refused(13, "payout_low"),
        refused(14, "payout_low"),
        [paper(0, "won", "1.60"), paper(1, "lost", "-2"), paper(2, "tie", "0"), paper(3, "unknown", None)],
        [paper(4, "not_filled", None), paper(5, "won", None, None), paper(6, "open", None)],
    )


def arms(folder: Path, **more: Any) -> dict[tuple[str, str], Arm]:
    return {(arm.name, arm.where): arm for arm in journal_material(folder, **more).arms}


def test_whose_trades(folder: Path) -> None:
    """Trades are told apart by strategy and by where: on paper, with play money and with real money never together."""
    assert {name: arm.trades.height for name, arm in arms(folder).items()} == {
        ("rsi", "live, demo account"): 9,
        ("rsi", "live, real account"): 1,
        ("rsi", "live"): 0,
        ("rsi", "shadow"): 6,
        (BY_COMMAND, "live, demo account"): 1,
        (BY_HAND, "live, demo account"): 1,
    }


def test_the_figures_are_those_of_scores(folder: Path) -> None:
    """What a report says of a strategy is what the score says of the same trades."""
    told: list[Any] = []
    scores = Scores(Calendar(), lambda which, payload: told.append((which, payload)))
    with read_journal(folder) as journal:
        trades = [each for each in journal.trades(99) if each.plan == "rsi" and _account(each) == "demo"]
        scores.restore(trades, journal.shadow_deals(0), AT)
    strategies = next(payload for which, payload in told if which == "total").strategies["rsi"]
    found = arms(folder)
    for score, where in ((strategies.live, "live, demo account"), (strategies.shadow, "shadow")):
        summary = found["rsi", where].summary
        assert (score.won, score.lost, score.ties, score.unknown) == (
            summary.won,
            summary.lost,
            summary.tie,
            summary.unknown,
        )
        assert (score.profit, score.verdict) == (summary.profit, summary.verdict)


def _account(each: Trade) -> str | None:
    return each.deal.account if each.deal else None


def test_the_columns_are_those_of_backtests(folder: Path) -> None:
    """The trades have the columns of a backtest's, in the order of their signals."""
    trades = arms(folder)["rsi", "shadow"].trades
    assert trades.schema == TRADES
    assert trades["signalled"].is_sorted()
    assert trades["outcome"].to_list() == ["won", "lost", "tie", "unknown", "not_filled", "won"]
    assert trades["profit"].to_list()[:3] == [Decimal("1.60"), Decimal("-2.00"), Decimal("0.00")]


def test_refusals_are_counted(folder: Path) -> None:
    """What was turned down is counted by its code, with the strategy that wanted it."""
    assert arms(folder)["rsi", "live"].refusals == {"payout_low": 2}


def test_refusals_of_no_account(tmp_path: Path) -> None:
    """An order turned down before an account was known counts with the one account that its strategy has traded in."""
    written(tmp_path, trade(0), refused(1, "payout_low"))
    (arm,) = journal_material(tmp_path).arms
    assert (arm.where, arm.trades.height, arm.refusals) == ("live, demo account", 1, {"payout_low": 1})


def test_what_is_open_is_told(folder: Path) -> None:
    """Trades that are not over are in no figure, and the report says how many there are."""
    assert journal_material(folder).notes == ("2 not over yet, and in no figure.",)


def test_what_is_in_doubt_is_told(tmp_path: Path) -> None:
    """An order of which nobody knows whether it was placed is in no figure, and is told."""
    opening = Opening("t1", canonical("r1"), "EURUSD_otc", "call", Decimal(1), MINUTE, AT, plan="rsi")
    written(tmp_path, [opening, _step("t1", "received", AT, None), _step("t1", "unknown", AT, None)])
    material = journal_material(tmp_path)
    assert material.arms == ()
    assert material.notes == ("1 in doubt: nobody knows whether they were placed, and they are in no figure.",)


def test_a_stretch_of_time(folder: Path) -> None:
    """Only what was signalled in the stretch counts, its end not included."""
    found = arms(folder, since=AT + 2 * 2 * MINUTE, until=AT + 4 * 2 * MINUTE)
    assert {where: arm.trades.height for (_, where), arm in found.items()} == {"live, demo account": 2, "shadow": 2}


def test_only_some_strategies(folder: Path) -> None:
    """Strategies can be picked by name, those who are none (by hand, by command) too."""
    assert {name for name, _ in arms(folder, plans=(BY_HAND,))} == {BY_HAND}
    assert arms(folder, plans=("nobody",)) == {}


def test_no_journal(tmp_path: Path) -> None:
    """Without a journal it is said that there is none."""
    with pytest.raises(Unavailable, match="there is no journal"):
        journal_material(tmp_path)


def test_an_empty_journal(tmp_path: Path) -> None:
    """A journal without a trade is a report of nothing."""
    assert journal_material(written(tmp_path)).arms == ()

"""What a winner is worth by itself: its own trades, each once, and nothing that a later end could take back."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from qfluxd.comparing.winning import Winner
from qfluxd.evidence import PATIENCE
from qfluxd.model import HOUR, MINUTE, Deal, Millis, Stage, Trade
from qfluxd.research.compare import Comparison, report
from qfluxd.research.compare.history import Case
from qfluxd.trading.shadow import ShadowDeal
from tests.support.duel import ASSET, BEGIN, LATENCY, setting

SHORT: Millis = 30_000


def winner(**terms: Any) -> Winner:
    """The arm b has won, and a restart knows it from the journal."""
    case = Case(setting(**terms))
    last = msgspec.structs.replace(report(Comparison(case.setting)), word="better", winner="b")
    return Winner(msgspec.structs.replace(case, ended=last))


def paper(number: int, outcome: Any, lasts: Millis = SHORT, plan: str = "b") -> ShadowDeal:
    """A deal on paper after candle `number`."""
    due = BEGIN + number * MINUTE
    profit = {"won": Decimal("0.92"), "lost": Decimal(-1), "tie": Decimal(0)}.get(outcome)
    opened = None if outcome in ("pending", "not_filled") else due + LATENCY
    closes = None if opened is None else opened + lasts
    stamps = (due - MINUTE, due + 40, opened, closes, 1.1, 1.2, 92, profit, outcome, outcome, due)
    return ShadowDeal(f"{plan}{number}", plan, ASSET, "call", Decimal(1), lasts, *stamps)


def live(number: int, stage: Stage, profit: str = "0.92", lasts: Millis = SHORT, late: Millis = 0) -> Trade:
    """A trade through the page after candle `number`; its end was learnt `late` so long after it."""
    due = BEGIN + number * MINUTE
    opened, closes = due + LATENCY, due + LATENCY + lasts
    money = Decimal(profit) if stage == "settled" else None
    deal = Deal(f"d{number}", ASSET, "call", Decimal(1), 92, opened, closes, 1.1, "demo", "USD", None, money)
    placed = deal if stage in ("accepted", "settled") else None
    request = f'"b/{ASSET}/{due - MINUTE}"'
    stamps = (stage, stage, "", due, closes + late if stage == "settled" else due)
    return Trade(f"t{number}", request, ASSET, "call", Decimal(1), lasts, *stamps, "demo", placed, plan="b")


@pytest.mark.parametrize("first", ["open", "pending"])
def test_an_open_deal_on_paper_holds_back_those_after_it(first: str) -> None:
    """What its end may take back is not shown to the gate: short ones that are won beside it prove nothing yet."""
    found = winner()
    found.on_deal(paper(0, first, HOUR))
    for number in range(1, 41):
        found.on_deal(paper(number, "open"))
        found.on_deal(paper(number, "won"))
    assert (found.summary.won, found.summary.edge, found.summary.finding) == (40, 1, "unclear")
    assert found.is_news
    found.is_news = False
    found.on_deal(paper(0, "lost", HOUR))
    assert found.is_news
    assert (found.summary.lost, found.summary.finding) == (1, "beats")
    whole = winner()
    for number in range(41):
        whole.on_deal(paper(number, "won") if number else paper(0, "lost", HOUR))
    assert (found.summary.edge, found.summary.verdict) == (whole.summary.edge, whole.summary.verdict)


def test_one_that_comes_to_nothing_frees_those_after_it() -> None:
    """A deal that was not filled, an order that was refused: news where others waited, and nothing that counts."""
    for gone in (paper(0, "not_filled"), live(0, "refused")):
        found = winner(mode="live" if isinstance(gone, Trade) else "shadow")
        if isinstance(gone, Trade):
            found.on_trade(live(0, "intended"))
            found.on_trade(live(1, "settled"))
        else:
            found.on_deal(paper(0, "pending"))
            found.on_deal(paper(1, "won"))
        assert found.summary.edge == 1
        found.is_news = False
        if isinstance(gone, Trade):
            found.on_trade(gone)
        else:
            found.on_deal(gone)
        assert found.is_news
        assert found.summary.edge > 1
        assert found.summary.won + found.summary.lost == 1


def test_an_open_trade_through_the_page_holds_back_for_as_long_as_it_may_be_learnt_in_time() -> None:
    """After that it is of unknown end, and what came after it is evidence."""
    found = winner(mode="live")
    found.on_trade(live(0, "accepted"))
    for number in range(1, 11):
        found.on_trade(live(number, "settled"))
    assert found.summary.edge == 1
    found.on_trade(live(12, "settled"))
    assert found.summary.edge > 1
    before = found.summary.edge
    found.on_trade(live(0, "settled", "-1", late=PATIENCE + 1))
    assert (found.summary.edge, found.summary.unknown, found.summary.lost) == (before, 1, 0)


def test_each_trade_counts_once_and_only_its_own_from_the_beginning_on() -> None:
    """Told twice, also as open after its end; of another strategy; due before the comparison began; signalled late."""
    found = winner()
    late = msgspec.structs.replace(paper(3, "won"), signalled=BEGIN + 3 * MINUTE + 5_001)
    for deal in (paper(1, "won"), paper(1, "won"), paper(1, "open"), paper(2, "won", plan="a"), paper(-1, "won"), late):
        found.on_deal(deal)
    found.on_trade(live(2, "settled"))
    found.on_trade(live(2, "settled"))
    assert found.summary.won == 2
    assert found.summary.edge > 1

"""What counts of a trade, of a deal that may be anybody's, and of a deal on paper."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from qfluxd.hours import Calendar
from qfluxd.model import DAY, Account, Deal, OrderSent, Stage
from qfluxd.trading.entries import OVER, Entry
from qfluxd.trading.exposure import follow, held_by, held_loose, latest_close
from qfluxd.trading.ledger import Ledger
from qfluxd.trading.orders import STAGES
from qfluxd.trading.records import Opening, Step
from qfluxd.trading.risk import Exposure
from qfluxd.trading.shadow import ShadowDeal

NOON = 20_000 * DAY + DAY // 2
DEAL = Deal("d1", "X", "call", Decimal(10), 92, NOON, NOON + 60_000, 1.0, "demo")
SHADOW = ShadowDeal(
    id="s1",
    plan="p",
    asset="X",
    side="call",
    stake=Decimal(10),
    expiry=60_000,
    candle=NOON - 60_000,
    signalled=NOON,
    opened=None,
    closes=None,
    open_price=None,
    close_price=None,
    payout=92,
    profit=None,
    outcome="pending",
    code="pending",
    at=NOON,
)


def entry(stage: Stage, *, clicked: int = NOON, deal: Deal | None = None, account: Account | None = "demo") -> Entry:
    """A trade of 10 for a minute at this stage, clicked at a moment, wanted by plan p."""
    opening = Opening("o1", '"r"', "X", "call", Decimal(10), 60_000, clicked, plan="p")
    step = Step("o1", stage, stage, "", clicked, clicked, 1, account, deal)
    return Entry(opening, step, clicked, clicked, clicked)


def seen(*entries: Entry, loose: tuple[Deal, ...] = (), now: int = NOON, account: Account = "demo") -> Exposure:
    """What these come to on an account."""
    held = [*map(held_by, entries), *map(held_loose, loose)]
    return Ledger(Calendar()).exposures(now, account, asset="X", held=held).account


@pytest.mark.parametrize("stage", sorted(set(STAGES) - OVER))
def test_whatever_is_on_its_way_or_open_or_in_doubt_counts(stage: Stage) -> None:
    """Every stage that is not over counts once, with its stake, for its asset and its plan."""
    found = seen(entry(stage))
    assert (found.open, found.at_risk, found.on_its_way) == (1, Decimal(10), Decimal(10))
    held = held_by(entry(stage))
    assert (held.asset, held.plan) == ("X", "p")


def test_an_order_in_doubt_counts_as_open_as_long_as_its_deal_could_be_and_then_as_lost() -> None:
    """A minute of grace after the latest end; after that the stake is lost on that day, and the next day is free."""
    doubt = entry("unknown")
    latest = NOON + 60_000 + 60_000 + 60_000  # a late click, the deal, the grace
    assert latest_close(doubt) == NOON + 120_000
    found = [seen(doubt, now=now) for now in (latest - 1, latest, NOON + DAY)]
    assert [(each.open, each.at_risk, each.lost) for each in found] == [
        (1, Decimal(10), Decimal(0)),
        (0, Decimal(0), Decimal(10)),
        (0, Decimal(0), Decimal(0)),
    ]


def test_an_order_that_is_known_to_be_open_counts_until_its_end_is_told() -> None:
    """However long ago it should have closed."""
    assert seen(entry("accepted", deal=DEAL), now=NOON + DAY).open == 1


def test_a_deal_counts_with_its_own_stake_and_an_order_with_the_most_that_may_have_left() -> None:
    """Where the broker took another stake than was ordered, that one is at risk, and nothing is on its way any more."""
    deal = msgspec.structs.replace(DEAL, stake=Decimal(110))
    assert (seen(entry("accepted", deal=deal)).at_risk, seen(entry("accepted", deal=deal)).on_its_way) == (
        Decimal(110),
        Decimal(0),
    )
    sent = entry("clicked")
    sent.sent = OrderSent("X", "call", Decimal(12), 60_000, "demo")
    assert seen(sent).at_risk == 12


def test_the_other_account_is_another_matter() -> None:
    """Trades of the real account do not count for the demo one; those of no known account count for both."""
    assert seen(entry("accepted", account="real")).open == 0
    assert seen(entry("received", account=None)).open == 1


def test_a_deal_that_may_be_anybody_s_counts_beside_the_order_in_doubt() -> None:
    """Open it counts as open, closed with what it cost, on its own account and day."""
    loose = msgspec.structs.replace(DEAL, stake=Decimal(7))
    lost = msgspec.structs.replace(loose, profit=Decimal(-7), close_price=1.0)
    won = msgspec.structs.replace(loose, profit=Decimal(6), close_price=1.0)

    def counted(deal: Deal, now: int = NOON, account: Account = "demo") -> tuple[int, Decimal, Decimal]:
        found = seen(entry("unknown"), loose=(deal,), now=now, account=account)
        return found.open, found.at_risk, found.lost

    assert counted(loose) == (2, Decimal(17), Decimal(0))
    assert counted(loose, NOON + 120_000) == (1, Decimal(10), Decimal(7))
    assert counted(lost) == (1, Decimal(10), Decimal(7))
    assert counted(won) == (1, Decimal(10), Decimal(0))
    assert counted(lost, NOON + DAY) == (0, Decimal(0), Decimal(0))
    assert counted(loose, account="real") == (0, Decimal(0), Decimal(0))


# ------------------------------------------------------------------------------------------------------- on paper


def shadow(outcome: str, **fields: Any) -> ShadowDeal:
    """The deal on paper as it has come so far."""
    return msgspec.structs.replace(SHADOW, outcome=outcome, code=outcome, **fields)


def paper(*deals: ShadowDeal) -> Ledger:
    """A ledger that was told of these."""
    ledger = Ledger(Calendar())
    for deal in deals:
        follow(ledger, deal)
    return ledger


def of_plan(ledger: Ledger, now: int = NOON) -> Exposure:
    """What is at stake by plan p."""
    found = ledger.exposures(now, None, asset="X", plan="p").plan
    assert found is not None
    return found


def test_a_deal_on_paper_is_let_through_once_and_at_risk_until_it_is_over() -> None:
    """At each step, also where its first step is heard of late; its candle is taken."""
    begun = (shadow("pending"), shadow("open", opened=NOON + 400, closes=NOON + 60_000, open_price=1.0))
    for told in (begun[:1], begun, begun[1:]):
        ledger = paper(*told)
        found = of_plan(ledger)
        assert (found.open, found.at_risk, found.in_day) == (1, Decimal(10), 1)
        assert ledger.exposures(NOON, None, asset="X", plan="p", candle=NOON - 60_000).candle_taken
    assert of_plan(paper(*begun, shadow("won", closes=NOON + 60_000, profit=Decimal("9.2")))).open == 0


@pytest.mark.parametrize(
    ("outcome", "profit", "result", "losses"),
    [
        ("won", Decimal("9.2"), Decimal("9.2"), 0),
        ("won", None, Decimal(0), 0),
        ("lost", Decimal(-10), Decimal(-10), 1),
        ("lost", None, Decimal(-10), 1),
        ("tie", Decimal(0), Decimal(0), 0),
        ("tie", None, Decimal(0), 0),
        ("unknown", None, Decimal(-10), 1),
        ("not_filled", None, Decimal(0), 0),
    ],
)
def test_a_deal_on_paper_comes_to_what_it_earned_and_what_nobody_knows_is_lost(
    outcome: str, profit: Decimal | None, result: Decimal, losses: int
) -> None:
    """A win at a payout that nobody knows earns nothing; an end that nobody knows costs the stake."""
    found = of_plan(paper(shadow("pending"), shadow(outcome, closes=NOON + 60_000, profit=profit)))
    assert (found.open, found.result, found.losses, found.in_day) == (0, result, losses, 1)


def test_what_ended_on_paper_before_trading_was_resumed_is_no_drawdown() -> None:
    """A ledger that is told of the resume first takes deals that a journal tells of in any order of days."""
    ledger = Ledger(Calendar())
    ledger.resume(NOON)
    for at in (NOON - 1, NOON):
        lost = shadow("lost", closes=at, profit=Decimal(-10), at=at)
        follow(ledger, msgspec.structs.replace(lost, id=f"s{at}"))
    assert (of_plan(ledger).drawdown, of_plan(ledger).result) == (Decimal(10), Decimal(-20))

"""The ledger: what an account has at stake and has earned, in each part of trading, at any moment."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from qfluxd.hours import Calendar, parse_zone
from qfluxd.model import DAY, HOUR, MINUTE, Account
from qfluxd.trading.currencies import currencies
from qfluxd.trading.ledger import GRACE, Held, Ledger
from qfluxd.trading.pace import Passed
from qfluxd.trading.returns import Closing
from qfluxd.trading.risk import Exposure, Exposures

MONDAY = 19_996 * DAY  # 30 September 2024
NOON = MONDAY + DAY // 2
HELD = Held("demo", "EURUSD_otc", "p", Decimal(10), NOON + MINUTE)


def ledger() -> Ledger:
    """One with days in UTC."""
    return Ledger(Calendar())


def seen(
    book: Ledger,
    *held: Held,
    now: int = NOON,
    account: Account | None = "demo",
    asset: str = "EURUSD_otc",
    plan: str | None = "p",
    **more: Any,
) -> Exposures:
    """What is at stake for an order of plan p on EURUSD_otc."""
    return book.exposures(now, account, asset=asset, plan=plan, held=held, **more)


def changed(held: Held, **fields: Any) -> Held:
    """Another stake."""
    return msgspec.structs.replace(held, **fields)


def closing(profit: str, closes: int = NOON, asset: str = "EURUSD_otc", plan: str | None = "p") -> Closing:
    """A deal of the demo account that is over."""
    return Closing("demo", asset, plan, Decimal(profit), closes)


def test_an_empty_ledger_says_nothing_is_at_stake() -> None:
    """In every scope; without a plan there is no scope of a plan."""
    assert seen(ledger()) == Exposures(Exposure(), Exposure(), Exposure(), False)
    assert seen(ledger(), plan=None).plan is None


def test_a_stake_counts_in_every_part_of_trading_that_it_belongs_to() -> None:
    """One of this plan on another asset, one of another plan on this asset, and one by hand elsewhere."""
    found = seen(
        ledger(),
        changed(HELD, asset="GBPUSD_otc", stake=Decimal(1), on_its_way=True),
        changed(HELD, plan="q", stake=Decimal(2)),
        changed(HELD, plan=None, asset="#AAPL", stake=Decimal(4)),
    )
    assert (found.account.open, found.account.at_risk, found.account.on_its_way) == (3, Decimal(7), Decimal(1))
    assert (found.asset.open, found.asset.at_risk) == (1, Decimal(2))
    assert found.plan is not None
    assert (found.plan.open, found.plan.at_risk, found.plan.on_its_way) == (1, Decimal(1), Decimal(1))


def test_the_other_account_is_another_matter() -> None:
    """What is of the real account does not count for the demo one; what is of no known account counts for both."""
    book = ledger()
    book.settle(msgspec.structs.replace(closing("-5"), account="real"))
    stakes = changed(HELD, account="real"), changed(HELD, account=None, stake=Decimal(1))
    demo, real, both = (seen(book, *stakes, account=account).account for account in ("demo", "real", None))
    assert [(found.open, found.at_risk, found.lost) for found in (demo, real, both)] == [
        (1, Decimal(1), Decimal(0)),
        (2, Decimal(11), Decimal(5)),
        (2, Decimal(11), Decimal(5)),
    ]


def test_what_is_in_doubt_is_at_risk_as_long_as_it_could_be_and_then_lost() -> None:
    """A minute of grace after its latest end; after that it is lost on the day and in the week in which it ended."""
    doubt = changed(HELD, kind="doubt")
    known = doubt.closes + GRACE
    before, after = (seen(ledger(), doubt, now=now).account for now in (known - 1, known))
    assert (before.open, before.at_risk, before.lost, before.drawdown) == (1, Decimal(10), Decimal(0), Decimal(0))
    assert (after.open, after.at_risk, after.lost, after.lost_in_week) == (0, Decimal(0), Decimal(10), Decimal(10))
    assert (after.result, after.result_in_week, after.drawdown) == (Decimal(-10), Decimal(-10), Decimal(10))
    assert (after.losses, after.lost_at) == (1, known)
    tomorrow, next_week = (seen(ledger(), doubt, now=known + days * DAY).account for days in (1, 7))
    assert (tomorrow.lost, tomorrow.lost_in_week) == (Decimal(0), Decimal(10))
    assert (next_week.lost, next_week.lost_in_week, next_week.drawdown) == (Decimal(0), Decimal(0), Decimal(10))


def test_a_stake_whose_end_will_be_told_is_at_risk_however_late() -> None:
    """A deal that is long over by the clock, and of which nothing was heard yet, is not free."""
    late = seen(ledger(), HELD, now=HELD.closes + 3 * DAY).account
    assert (late.open, late.at_risk) == (1, Decimal(10))


def test_winnings_make_up_for_losses_and_are_never_put_at_risk_on_top() -> None:
    """The day's and the week's loss are netted and at least 0; a doubt is beside them, whatever was won."""
    book = ledger()
    for profit in ("-10", "25"):
        book.settle(closing(profit))
    found = seen(book, changed(HELD, kind="over", stake=Decimal(3))).account
    assert (found.lost, found.lost_in_week) == (Decimal(3), Decimal(3))
    assert (found.result, found.result_in_week) == (Decimal(12), Decimal(12))


def test_a_week_is_seven_days_from_monday() -> None:
    """Monday's loss counts on Sunday and no more on the Monday after; Sunday's before does not count on Monday."""
    book = ledger()
    for profit, closes in (("-1", MONDAY), ("-2", MONDAY - 1), ("-4", MONDAY + 7 * DAY - 1)):
        book.settle(closing(profit, closes))
    weeks = [seen(book, now=MONDAY + 7 * DAY - 1 + off).account.lost_in_week for off in (0, 1)]
    assert weeks == [Decimal(5), Decimal(0)]
    assert seen(book, now=MONDAY).account.lost_in_week == 5, "what seems to come later counts"


def test_where_days_begin_can_change_while_it_runs() -> None:
    """The same results are counted by the new days from then on, in every scope."""
    book = ledger()
    book.settle(closing("-1", MONDAY + 3 * HOUR))
    book.settle(closing("-2", MONDAY + 6 * HOUR))
    assert seen(book).account.lost == 3
    book.reconfigure(Calendar(parse_zone("America/New_York")))
    found = seen(book)
    assert (found.account.lost, found.asset.lost) == (Decimal(2), Decimal(2))
    assert found.account.drawdown == 3
    book.reconfigure(Calendar())
    assert seen(book).account.lost == 3


def test_a_drawdown_is_counted_from_where_trading_was_resumed() -> None:
    """Results and doubts from before are none of it; a doubt that turns into a loss after it is."""
    book = ledger()
    book.settle(closing("-7"))
    old, new = (
        changed(HELD, kind="doubt", stake=Decimal(stake), closes=NOON + at) for stake, at in ((1, 0), (2, HOUR))
    )
    now = NOON + DAY
    assert seen(book, old, new, now=now).account.drawdown == 10
    book.resume(NOON + GRACE + 1)
    assert seen(book, old, new, now=now).account.drawdown == 2
    assert book.fallen(now, [old, new]) == 2
    book.settle(closing("-4"))
    assert (book.fallen(now, [old, new]), book.fallen(now)) == (Decimal(6), Decimal(4))
    book.settle(closing("9"))
    assert (book.fallen(now), seen(book).account.drawdown) == (Decimal(4), Decimal(0))


def test_what_nobody_will_ever_learn_was_lost_in_full() -> None:
    """When its deal would have closed; before trading was resumed it is no drawdown."""
    book = ledger()
    book.resume(NOON)
    book.lose(changed(HELD, kind="doubt", closes=NOON - GRACE))
    book.lose(changed(HELD, kind="doubt", closes=NOON - GRACE - 1))
    found = seen(book).account
    assert (found.lost, found.drawdown, found.losses) == (Decimal(20), Decimal(10), 2)


def test_a_doubt_adds_to_the_streak_until_a_win_closes_after_it() -> None:
    """As a loss that nobody has told of."""
    book = ledger()
    book.settle(closing("-1", NOON))
    doubt = changed(HELD, kind="doubt", closes=NOON + MINUTE)
    late = NOON + HOUR
    assert (seen(book, doubt, now=late).account.losses, seen(book, now=late).account.losses) == (2, 1)
    book.settle(closing("1", NOON + 3 * MINUTE))
    assert seen(book, doubt, now=late).account.losses == 0


def test_stakes_that_it_holds_count_until_they_are_released() -> None:
    """Beside those that are shown to it, and never beside themselves."""
    book = ledger()
    book.hold("a", HELD)
    assert [seen(book, HELD).account.open, seen(book, besides="a").account.open] == [2, 0]
    book.hold("a", changed(HELD, stake=Decimal(3)))
    assert seen(book).account.at_risk == 3
    book.release("a")
    assert seen(book).account.open == 0


def test_what_shares_a_currency_counts_together() -> None:
    """The currency of the order that most stakes share decides; each scope counts its own."""
    stakes = [
        changed(HELD, asset=asset, plan=plan)
        for asset, plan in (("EURJPY", "p"), ("GBPUSD_otc", "q"), ("USDCAD", "q"), ("#AAPL_otc", "p"), ("AUDNZD", "p"))
    ]
    found = seen(ledger(), *stakes)
    assert (found.account.alike, found.asset.alike, found.plan and found.plan.alike) == (2, 0, 1)
    assert seen(ledger(), *stakes, asset="#AAPL").account.alike == 1


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("EURUSD", {"EUR", "USD"}),
        ("EURUSD_otc", {"EUR", "USD"}),
        ("ADA-USD_otc", {"ADA", "USD"}),
        ("DASH_USD", {"DASH", "USD"}),
        ("BTCUSD", {"BTC", "USD"}),
        ("100GBP_otc", {"100", "GBP"}),
        ("#AAPL_otc", {"#AAPL"}),
        ("AUS200", {"AUS200"}),
        ("SP500_otc", {"SP500"}),
        ("UKBrent_otc", {"UKBrent"}),
        ("VISA_otc", {"VISA"}),
        ("", {""}),
    ],
)
def test_currencies_are_read_off_the_symbol(symbol: str, expected: set[str]) -> None:
    """Pairs have two; what is no pair stands for itself, over the counter or not."""
    assert currencies(symbol) == expected


def test_orders_that_were_let_through_are_counted_by_scope_and_candle() -> None:
    """Beside the order in question."""
    book = ledger()
    book.let_through(Passed("a", "EURUSD_otc", "p", NOON, NOON))
    book.let_through(Passed("b", "GBPUSD_otc", None, None, NOON))
    found = seen(book, candle=NOON)
    assert found.candle_taken
    assert [
        each and (each.let_through, each.in_hour, each.in_day) for each in (found.account, found.asset, found.plan)
    ] == [
        (2, 2, 2),
        (1, 1, 1),
        (1, 1, 1),
    ]
    own = seen(book, candle=NOON, besides="a")
    assert (own.candle_taken, own.account.in_day) == (False, 1)
    assert not seen(book, candle=NOON, plan=None).candle_taken


def test_it_remembers_about_nine_days() -> None:
    """A year of deals leaves no more than that of any list that grows."""
    book = ledger()
    for hour in range(365 * 24):
        now = NOON + hour * HOUR
        book.let_through(Passed(str(hour), "X", "p", now, now))
        book.settle(closing("-1", now))
    assert len(book._closed) <= 9 * 24 + 1
    assert {len(returns._days) for returns in book._returns.values()} == {9}
    assert len(book._pace._log) <= 2 * 24 + 1

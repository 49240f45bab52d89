"""What is at stake: open deals, orders in doubt, the day's losses, and the orders of the last minute."""

from decimal import Decimal

import msgspec

from qfluxd.model import DAY, Account, Deal, Stage
from qfluxd.trading.entries import Entry
from qfluxd.trading.exposure import Pace, Results, exposure
from qfluxd.trading.orders import STAGES
from qfluxd.trading.records import Opening, Step

NOON = 20_000 * DAY + DAY // 2
DEAL = Deal("d1", "X", "call", Decimal(10), 92, NOON, NOON + 60_000, 1.0, "demo")


def entry(stage: Stage, *, clicked: int = NOON, deal: Deal | None = None, account: Account | None = "demo") -> Entry:
    """A trade of 10 for a minute at this stage, clicked at a moment."""
    opening = Opening("o1", '"r"', "X", "call", Decimal(10), 60_000, clicked)
    step = Step("o1", stage, stage, "", clicked, clicked, 1, account, deal)
    return Entry(opening, step, clicked, clicked, clicked)


def seen(entries: list[Entry], now: int = NOON, lost: Decimal = Decimal(0)) -> tuple[int, Decimal, Decimal]:
    """Open, at risk and lost on the demo account."""
    found = exposure(entries, "demo", now, lost, 0)
    return found.open, found.at_risk, found.lost


def test_whatever_is_on_its_way_or_open_or_in_doubt_counts() -> None:
    """Every stage that is not over counts once, with its stake; those over count no more."""
    counts = {stage for stage in STAGES if seen([entry(stage)]) == (1, Decimal(10), Decimal(0))}
    assert counts == set(STAGES) - {"refused", "settled"}
    assert seen([entry("refused"), entry("settled")]) == (0, Decimal(0), Decimal(0))


def test_an_order_in_doubt_counts_as_open_as_long_as_its_deal_could_be_and_then_as_lost() -> None:
    """A minute of grace after the latest end; after that the stake is lost on that day, and the next day is free."""
    doubt = entry("unknown")
    latest = NOON + 60_000 + 60_000 + 60_000  # a late click, the deal, the grace
    assert seen([doubt], latest - 1) == (1, Decimal(10), Decimal(0))
    assert seen([doubt], latest) == (0, Decimal(0), Decimal(10))
    assert seen([doubt], NOON + DAY) == (0, Decimal(0), Decimal(0))


def test_a_deal_counts_with_its_own_stake() -> None:
    """Where the broker took another stake than was ordered, that one is at risk."""
    deal = msgspec.structs.replace(DEAL, stake=Decimal(110))
    assert seen([entry("accepted", deal=deal)]) == (1, Decimal(110), Decimal(0))


def test_the_other_account_is_another_matter() -> None:
    """Trades of the real account do not count for the demo one; those of no known account count for both."""
    assert seen([entry("accepted", account="real")])[0] == 0
    assert seen([entry("received", account=None)])[0] == 1


def test_the_day_s_results_are_netted_per_account_and_never_below_nothing() -> None:
    """Winnings make up for losses of their UTC day and account, and no more than that."""
    lost, won = Decimal(-10), Decimal(25)
    results = Results([msgspec.structs.replace(DEAL, profit=lost)])
    assert results.loss("demo", NOON) == 10
    assert results.loss("real", NOON) == 0
    assert results.loss(None, NOON) == 10
    assert results.loss("demo", NOON + DAY) == 0
    results.add(msgspec.structs.replace(DEAL, profit=won))
    assert results.loss("demo", NOON) == 0


def test_old_days_are_forgotten_and_today_is_not() -> None:
    """A year of days leaves today's sum as it is."""
    results = Results([msgspec.structs.replace(DEAL, profit=Decimal(-1))])
    for day in range(365):
        results.add(msgspec.structs.replace(DEAL, closes=NOON - day * DAY, profit=Decimal(-1)))
    assert results.loss("demo", NOON) == 2


def test_the_minute_counts_by_a_clock_that_nobody_sets() -> None:
    """Orders of the last minute count, those before a start by their age; the order itself does not."""
    seconds = 100.0
    pace = Pace(lambda: seconds)
    for order, since in (("a", 60_000), ("b", 59_999), ("c", 0), ("d", -3_600_000)):
        pace.add(order, since)
    assert pace.count("c") == 2
    seconds = 159.9
    assert pace.count("") == 2
    seconds = 160.0
    assert pace.count("") == 0


def test_a_deal_that_may_be_anybody_s_counts_beside_the_order_in_doubt() -> None:
    """Open it counts as open, closed with what it cost, on its own account and day."""
    loose = msgspec.structs.replace(DEAL, stake=Decimal(7))
    lost = msgspec.structs.replace(loose, profit=Decimal(-7), close_price=1.0)
    won = msgspec.structs.replace(loose, profit=Decimal(6), close_price=1.0)

    def counted(deal: Deal, now: int = NOON, account: Account = "demo") -> tuple[int, Decimal, Decimal]:
        found = exposure([entry("unknown")], account, now, Decimal(0), 0, [deal])
        return found.open, found.at_risk, found.lost

    assert counted(loose) == (2, Decimal(17), Decimal(0))
    assert counted(loose, NOON + 120_000) == (1, Decimal(10), Decimal(7))
    assert counted(lost) == (1, Decimal(10), Decimal(7))
    assert counted(won) == (1, Decimal(10), Decimal(0))
    assert counted(lost, NOON + DAY) == (0, Decimal(0), Decimal(0))
    assert counted(loose, account="real") == (0, Decimal(0), Decimal(0))

"""What a deal comes to, and which ticks decide it."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.model import Millis, Side
from qfluxd.trading.settlement import LATE, Course, cents, closing, compare, profit, winnings
from tests.support.captures import CAPTURES
from tests.support.fixtures import fixture

QUIET: Millis = 5_000
BEGAN: Millis = 1_763_769_600_300


def course(expiry: Millis = 10_000) -> Course:
    """A deal that enters at `BEGAN`, or later."""
    return Course(BEGAN, expiry, QUIET)


def entered(expiry: Millis = 10_000) -> Course:
    """One that has entered at `BEGAN` and ends at a whole second."""
    deal = course(expiry)
    assert deal.hear(BEGAN, 1.1)
    return deal


def walk(deal: Course, until: Millis, price: float = 1.1, step: Millis = 500) -> Millis:
    """Ticks at this price after its entry, up to and with `until`; the stamp of the last."""
    stamps = range(BEGAN + step, until + 1, step)
    for at in stamps:
        assert not deal.hear(at, price)
    return stamps[-1]


@pytest.mark.parametrize(
    ("side", "opened", "closed", "result"),
    [
        ("call", 1.10000, 1.10001, "won"),
        ("call", 1.10000, 1.09999, "lost"),
        ("call", 1.10000, 1.10000, "tie"),
        ("put", 1.10000, 1.09999, "won"),
        ("put", 1.10000, 1.10001, "lost"),
        ("put", 1.10000, 1.10000, "tie"),
    ],
)
def test_a_result_is_the_way_the_price_went(side: Side, opened: float, closed: float, result: str) -> None:
    """A call wins when the price has risen, a put when it has fallen, and nobody where it is the same."""
    assert compare(side, opened, closed) == result


def test_prices_that_look_the_same_are_a_tie() -> None:
    """What the broker shows decides: a difference behind its last digit is none; without digits it is one."""
    assert compare("call", 1.100001, 1.100004, digits=5) == "tie"
    assert compare("call", 1.100001, 1.100006, digits=5) == "won"
    assert compare("call", 1.100001, 1.100004) == "won"
    assert compare("put", 26_012.4, 26_012.0, digits=0) == "tie"


def test_money_is_in_whole_cents() -> None:
    """Half a cent goes up; a loss is the stake, a tie nothing."""
    assert winnings(Decimal("1.25"), 90) == Decimal("1.13")
    assert cents(Decimal("0.005")) == Decimal("0.01")
    assert profit("won", Decimal(10), 92) == Decimal("9.20")
    assert profit("lost", Decimal("2.50"), 92) == Decimal("-2.50")
    assert profit("tie", Decimal(10), 92) == 0


@given(st.sampled_from(["won", "lost", "tie"]), st.integers(1, 5_000_000), st.integers(1, 300))
def test_nobody_loses_more_than_the_stake(result: str, stake: int, payout: int) -> None:
    """A profit lies between the whole stake lost and the payout, in whole cents."""
    amount = Decimal(stake) / 100
    earned = profit(result, amount, payout)  # type: ignore[arg-type]  # one of the three
    assert -amount <= earned <= winnings(amount, payout)
    assert earned == cents(earned)


def test_a_length_counts_from_the_second_of_the_opening() -> None:
    """A minute from 12:00:00.999 ends at 12:01:00.000."""
    assert closing(1_763_769_600_999, 60_000) == 1_763_769_660_000
    assert closing(1_763_769_600_000, 60_000) == 1_763_769_660_000


def test_the_platforms_own_deals_keep_these_rules() -> None:
    """Recorded closed deals: whole lengths from the second of the opening, and profits that their results come to."""
    deals = {
        deal["id"]: deal
        for name in CAPTURES
        for line in fixture(f"frames/{name}.events.jsonl").read_text().splitlines()
        if (row := json.loads(line))["event"] == "updateClosedDeals"
        for deal in row["payload"]
    }
    assert len(deals) == 23
    for deal in deals.values():
        length = (deal["closeTimestamp"] - deal["openTimestamp"]) * 1000
        opened = deal["openTimestamp"] * 1000 + deal["openMs"]
        assert length in (30_000, 60_000, 120_000, 300_000)
        assert closing(opened, length) == deal["closeTimestamp"] * 1000
        result = compare("put" if deal["command"] else "call", deal["openPrice"], deal["closePrice"])
        assert profit(result, Decimal(str(deal["amount"])), deal["percentProfit"]) == Decimal(str(deal["profit"]))


def test_the_entry_is_the_first_tick_at_its_time() -> None:
    """A tick a millisecond before is none, one right then is."""
    deal = course()
    assert not deal.hear(BEGAN - 1, 1.0)
    assert deal.hear(BEGAN, 1.1)
    assert (deal.fate, deal.opened, deal.price, deal.closes) == ("open", BEGAN, 1.1, BEGAN - 300 + 10_000)


def test_the_end_is_the_last_tick_up_to_it() -> None:
    """A tick stamped with the closing time itself decides; the one behind it only shows that there is no other."""
    deal = entered()
    walk(deal, deal.closes - 1)
    assert not deal.hear(deal.closes, 1.2)
    assert deal.hear(deal.closes + 1, 1.0)
    assert (deal.fate, deal.close_price, deal.is_over) == ("closed", 1.2, True)


def test_silence_before_the_entry_fills_nothing() -> None:
    """A first tick that is later than the silence allowed is no entry; one at its very end is."""
    assert course().hear(BEGAN + QUIET, 1.1)
    deal = course()
    assert deal.hear(BEGAN + QUIET + 1, 1.1)
    assert (deal.fate, deal.why) == ("not_filled", "quiet")


@pytest.mark.parametrize(("silence", "fate"), [(QUIET, "closed"), (QUIET + 1, "unknown")])
def test_silence_around_the_end_leaves_it_unknown(silence: Millis, fate: str) -> None:
    """Where the asset was silent for longer than allowed over the closing time, nobody knows the price there."""
    deal = entered()
    last = walk(deal, deal.closes - 2_000)
    assert deal.hear(last + silence, 1.2)
    assert deal.fate == fate


def test_silence_before_the_end_alone_does_no_harm() -> None:
    """A long silence in the middle of a deal is nobody's business."""
    deal = entered(30_000)
    assert not deal.hear(deal.closes - 100, 1.3)
    assert deal.hear(deal.closes + 100, 1.0)
    assert (deal.fate, deal.close_price) == ("closed", 1.3)


def test_time_ends_what_no_tick_ends() -> None:
    """An asset that falls silent for good: time gives the deal up, once no tick can be on its way any more."""
    deal = course()
    assert not deal.pass_time(BEGAN + QUIET + LATE)
    assert deal.pass_time(BEGAN + QUIET + LATE + 1)
    assert (deal.fate, deal.why) == ("not_filled", "quiet")
    deal = entered()
    last = walk(deal, deal.closes - 1)
    assert not deal.pass_time(last + QUIET + LATE)
    assert deal.pass_time(last + QUIET + LATE + 1)
    assert (deal.fate, deal.why) == ("unknown", "quiet")


def test_time_says_nothing_before_its_deadline() -> None:
    """Up to the deadline a deal need not be asked."""
    for deal in (course(), entered()):
        assert not deal.pass_time(deal.deadline)


def test_a_lost_feed_fills_nothing_and_hides_an_end() -> None:
    """Lost before the entry: not filled. Lost over the end: unknown. Lost and heard again before it: as ever."""
    deal = course()
    assert deal.lose()
    assert (deal.fate, deal.why) == ("not_filled", "feed_lost")
    deal = entered()
    walk(deal, deal.closes - 1_000)
    assert not deal.lose()
    assert deal.hear(deal.closes + 1, 1.2)
    assert (deal.fate, deal.why) == ("unknown", "feed_lost")
    deal = entered()
    assert not deal.lose()
    assert not deal.hear(deal.closes - 400, 1.2)
    assert deal.hear(deal.closes + 1, 1.0)
    assert (deal.fate, deal.close_price) == ("closed", 1.2)


def test_a_late_tick_does_not_mend_a_lost_feed() -> None:
    """After a loss only a tick that is not older than the newest before it shows that the asset is heard again."""
    deal = entered()
    last = walk(deal, deal.closes - 400)
    assert not deal.lose()
    assert not deal.hear(last - 100, 1.2)
    assert deal.pass_time(deal.closes + LATE + 1)
    assert (deal.fate, deal.why) == ("unknown", "feed_lost")


def test_ticks_out_of_order_count_by_their_stamps() -> None:
    """A backward tick is not the last one up to the end; of equal stamps the later heard is; after the end none is."""
    deal = entered()
    last = walk(deal, deal.closes - 1)
    assert not deal.hear(last, 1.15)
    assert not deal.hear(last - 200, 1.3)
    assert deal.hear(deal.closes + 200, 1.0)
    assert deal.close_price == 1.15
    assert not deal.hear(deal.closes, 1.4)
    assert not deal.lose()
    assert not deal.pass_time(deal.closes + 60_000)
    assert (deal.fate, deal.close_price) == ("closed", 1.15)


def test_a_deal_goes_on_after_a_restart_if_its_end_is_heard() -> None:
    """With a tick before its end it is settled as ever; with none it is unknown, for nobody heard what was before."""
    deal = Course.resumed(BEGAN, BEGAN + 9_700, 1.1, QUIET)
    assert not deal.hear(BEGAN + 9_500, 1.2)
    assert deal.hear(BEGAN + 9_800, 1.0)
    assert (deal.fate, deal.close_price) == ("closed", 1.2)
    deal = Course.resumed(BEGAN, BEGAN + 9_700, 1.1, QUIET)
    assert deal.hear(BEGAN + 9_800, 1.0)
    assert (deal.fate, deal.why) == ("unknown", "restarted")

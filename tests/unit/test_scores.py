"""What trades come to, today and in all: each counted once, on the day in which it was opened."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from qfluxd.api.payloads import ScorePayload, StatsPayload
from qfluxd.evidence import PATIENCE
from qfluxd.hours import Calendar, parse_zone
from qfluxd.model import DAY, HOUR, Deal, Millis, OpenTrades, Stage, Tick, Trade
from qfluxd.scores import Scores, Which
from qfluxd.trading.shadow import ShadowDeal, ShadowOutcome
from tests.support.stand import ASSET, BEGIN

NEW_YORK = Calendar(parse_zone("America/New_York"), 0)
BEGINS: Millis = BEGIN - DAY + 5 * HOUR
"""When the day of `BEGIN` began in New York."""


class Told:
    """Scores, and all that they told."""

    def __init__(self, calendar: Calendar | None = None) -> None:
        self.payloads: list[tuple[Which, StatsPayload]] = []
        self.scores = Scores(calendar or Calendar(), lambda which, payload: self.payloads.append((which, payload)))

    def newest(self, which: Which) -> StatsPayload:
        """What is told once time has passed."""
        self.scores.pass_time(BEGIN)
        return next(payload for told, payload in reversed(self.payloads) if told == which)


def live(
    ident: str,
    profit: str,
    opened: Millis = BEGIN,
    plan: str | None = "a",
    stage: Stage = "settled",
    lasts: Millis = 60_000,
) -> Trade:
    """A trade through the page; `plan` is None for one by hand or by command."""
    code = "won" if Decimal(profit) > 0 else "lost" if Decimal(profit) < 0 else "tie"
    closes = opened + lasts
    deal = Deal(ident, ASSET, "call", Decimal(1), 92, opened, closes, 1.1, "demo", "USD", 1.2, Decimal(profit))
    return Trade(
        ident, None, ASSET, "call", Decimal(1), lasts, stage, code, "", opened, closes, "demo", deal, plan=plan
    )


def paper(
    ident: str, outcome: ShadowOutcome, profit: str | None, opened: Millis | None = BEGIN, payout: int | None = 80
) -> ShadowDeal:
    """A deal on paper of the plan a."""
    stamps = (BEGIN, opened, None if opened is None else opened + 5_000)
    came_to = None if profit is None else Decimal(profit)
    end: tuple[Any, ...] = (1.1, 1.2, payout, came_to, outcome, outcome, BEGIN + 5_000)
    return ShadowDeal(ident, "a", ASSET, "call", Decimal(2), 5_000, BEGIN - 5_000, *stamps, *end)


def going(ident: str, opened: Millis = BEGIN, lasts: Millis = HOUR, plan: str | None = "a") -> Trade:
    """A trade through the page that is open; of no length, one that has not been placed yet."""
    deal = Deal(ident, ASSET, "call", Decimal(1), 92, opened, opened + lasts, 1.1, "demo", "USD")
    accepted = Trade(
        *(ident, None, ASSET, "call", Decimal(1), lasts, "accepted", "accepted", "", opened, opened, "demo", deal),
        plan=plan,
    )
    return accepted if lasts else msgspec.structs.replace(accepted, stage="intended", account=None, deal=None)


def wins(count: int, opened: Millis = BEGIN) -> list[Trade]:
    """So many trades through the page one after the other, all of them won."""
    return [live(f"w{number}", "0.92", opened + (number + 1) * 60_000) for number in range(count)]


def e_values(payload: StatsPayload) -> tuple[float | None, float | None]:
    """The evidence for an edge live: of the account, and of the strategy a."""
    mine = payload.strategies["a"].live
    assert mine is not None
    return payload.live.e_value, mine.e_value


def counts(score: ScorePayload | None) -> tuple[int, int, int, int]:
    """Won, lost, ties, unknown."""
    assert score is not None
    return score.won, score.lost, score.ties, score.unknown


def test_trades_that_end_are_told_when_time_passes() -> None:
    """Once for all of them: today's score and that of all, of the account and of its strategy, live and on paper."""
    told = Told()
    told.scores.restore([], [], BEGIN)
    told.scores.on_fact(live("t1", "0.92"))
    told.scores.on_shadow(paper("s1", "lost", "-2"))
    assert len(told.payloads) == 2
    for which in ("today", "total"):
        newest = told.newest(which)
        assert counts(newest.live) == (1, 0, 0, 0)
        assert counts(newest.shadow) == (0, 1, 0, 0)
        assert (newest.live.profit, newest.shadow.profit) == (Decimal("0.92"), Decimal("-2.00"))
        mine = newest.strategies["a"]
        assert (counts(mine.live), counts(mine.shadow)) == ((1, 0, 0, 0), (0, 1, 0, 0))
    assert told.newest("today").since == BEGIN
    assert told.newest("total").since is None
    assert len(told.payloads) == 4


def test_a_trade_counts_once() -> None:
    """However often its end is told: before this start, after it, and again."""
    told = Told()
    told.scores.restore([live("t1", "0.92")], [paper("s1", "won", "1.6")], BEGIN)
    told.scores.restore([live("t1", "0.92")], [paper("s1", "won", "1.6")], BEGIN)
    before = len(told.payloads)
    told.scores.on_fact(live("t1", "0.92"))
    told.scores.on_shadow(paper("s1", "won", "1.6"))
    assert len(told.payloads) == before
    assert counts(told.newest("total").live) == (1, 0, 0, 0)
    assert counts(told.newest("total").shadow) == (1, 0, 0, 0)


def test_only_ends_count() -> None:
    """Neither a trade on its way nor a tick; a deal on paper that was never entered is none."""
    told = Told()
    told.scores.restore([], [], BEGIN)
    before = len(told.payloads)
    told.scores.on_fact(live("t1", "0", stage="accepted"))
    told.scores.on_fact(Tick(ASSET, BEGIN, 1.1))
    for number, outcome in enumerate(("pending", "open", "not_filled")):
        told.scores.on_shadow(paper(f"s{number}", outcome, None, None))  # type: ignore[arg-type]  # as listed
    assert len(told.payloads) == before
    assert told.newest("total").shadow.trades == 0
    told = Told()
    told.scores.restore([], [paper("s2", "not_filled", None, None)], BEGIN)
    assert (told.newest("total").shadow.trades, told.newest("total").strategies) == (0, {})


def test_a_tie_gives_the_stake_back_and_decides_nothing() -> None:
    """It is counted by itself; the rate is of decisive trades."""
    told = Told()
    told.scores.restore([live("t1", "0.92"), live("t2", "0"), live("t3", "-1")], [], BEGIN)
    score = told.newest("total").live
    assert counts(score) == (1, 1, 1, 0)
    assert (score.trades, score.rate, score.profit) == (3, 0.5, Decimal("-0.08"))
    assert score.break_even == pytest.approx(100 / 192)


def test_an_unknown_payout_leaves_a_result_unknown() -> None:
    """Nobody knows what it would have paid: it is counted as such, and moves neither rate nor profit."""
    told = Told()
    told.scores.restore([], [paper("s1", "won", None, payout=None), paper("s2", "unknown", None)], BEGIN)
    score = told.newest("total").shadow
    assert counts(score) == (0, 0, 0, 2)
    assert (score.rate, score.profit, score.staked) == (None, Decimal("0.00"), Decimal("0.00"))


def test_a_trade_by_hand_is_the_accounts_and_no_strategys() -> None:
    """It counts in all, under no name."""
    told = Told()
    told.scores.restore([live("t1", "-1", plan=None)], [], BEGIN)
    newest = told.newest("total")
    assert counts(newest.live) == (0, 1, 0, 0)
    assert newest.strategies == {}


def test_a_trade_counts_on_the_day_in_which_it_was_opened() -> None:
    """Opened before midnight and settled after it, it is yesterday's; the restored ones of today are today's."""
    told = Told()
    told.scores.restore([live("t1", "0.92", BEGIN - 30_000), live("t2", "0.92", BEGIN)], [], BEGIN + HOUR)
    assert counts(told.newest("today").live) == (1, 0, 0, 0)
    assert counts(told.newest("total").live) == (2, 0, 0, 0)
    told.scores.on_fact(live("t3", "-1", BEGIN - 1))
    assert counts(told.newest("today").live) == (1, 0, 0, 0)
    assert counts(told.newest("total").live) == (2, 1, 0, 0)


def test_a_new_day_begins_with_nothing() -> None:
    """It is told when it begins, once, with its beginning; the total goes on."""
    told = Told()
    told.scores.restore([live("t1", "0.92")], [], BEGIN + HOUR)
    before = len(told.payloads)
    told.scores.pass_time(BEGIN + DAY - 1)
    assert len(told.payloads) == before
    told.scores.pass_time(BEGIN + DAY)
    told.scores.pass_time(BEGIN + DAY + 1)
    assert len(told.payloads) == before + 2
    assert told.newest("today").since == BEGIN + DAY
    assert counts(told.newest("today").live) == (0, 0, 0, 0)
    assert counts(told.newest("total").live) == (1, 0, 0, 0)
    told.scores.pass_time(BEGIN)
    assert told.newest("today").since == BEGIN + DAY


def test_a_day_is_that_of_the_place() -> None:
    """Midnight in New York is five hours after that of UTC in November."""
    told = Told(NEW_YORK)
    trades = [live("t1", "0.92", BEGINS - 1), live("t2", "0.92", BEGINS), live("t3", "0.92", BEGIN)]
    told.scores.restore(trades, [], BEGIN + HOUR)
    assert told.newest("today").since == BEGINS
    assert counts(told.newest("today").live) == (2, 0, 0, 0)
    told.scores.pass_time(BEGINS + DAY - 1)
    assert counts(told.newest("today").live) == (2, 0, 0, 0)
    told.scores.pass_time(BEGINS + DAY)
    assert told.newest("today").since == BEGINS + DAY


def test_a_day_of_which_nobody_has_told_begins_with_its_first_trade() -> None:
    """A trade that was opened in it counts in it."""
    told = Told()
    told.scores.restore([live("t1", "0.92")], [], BEGIN)
    told.scores.on_fact(live("t2", "-1", BEGIN + DAY))
    assert (told.newest("today").since, counts(told.newest("today").live)) == (BEGIN + DAY, (0, 1, 0, 0))
    told.scores.pass_time(BEGIN + DAY + 1)
    assert counts(told.newest("today").live) == (0, 1, 0, 0)


def test_another_calendar_holds_from_the_next_day_on() -> None:
    """The day that has begun stays whole, and what is opened in it goes on to count."""
    told = Told()
    told.scores.restore([live("t1", "0.92")], [], BEGIN + HOUR)
    told.scores.reconfigure(NEW_YORK)
    told.scores.on_fact(live("t2", "0.92", BEGIN + HOUR))
    assert counts(told.newest("today").live) == (2, 0, 0, 0)
    told.scores.pass_time(BEGINS + 2 * DAY)
    assert told.newest("today").since == BEGINS + 2 * DAY


def test_what_is_told_can_be_asked_for() -> None:
    """The answer to `stats` is what the topics say, as of now."""
    told = Told()
    told.scores.restore([live("t1", "0.92")], [], BEGIN)
    asked = told.scores.payloads(BEGIN + 5)
    assert set(asked) == {"today", "total"}
    assert msgspec.structs.replace(asked["total"], at=BEGIN) == told.newest("total")


def test_a_day_is_not_judged() -> None:
    """It has counts, money, rate, interval and break-even; what they tell is said of all days together.

    Whoever begins anew each day sooner or later has a day on which 20 is reached without any edge.
    """
    told = Told()
    told.scores.restore(wins(30), [paper("s1", "lost", "-2")], BEGIN)
    today, total = told.newest("today"), told.newest("total")
    for score in (today.live, today.shadow, today.strategies["a"].live):
        assert score is not None
        assert (score.e_value, score.needed) == (None, None)
    same = msgspec.structs.replace(today.live, e_value=None, needed=None, verdict="")
    assert same == msgspec.structs.replace(total.live, e_value=None, needed=None, verdict="")
    assert today.live.verdict == (
        "a day is judged in the total: 30 won of 30 decisive trades is 100.0 % (88.6 … 100.0 %), break-even is 52.1 %"
    )
    assert total.live.verdict.startswith("beats break-even: 30 won of 30")
    told.scores.pass_time(BEGIN + DAY)
    assert told.payloads[-2][1].live.verdict == "a day is judged in the total: no trade has been won or lost"


def test_an_open_trade_holds_back_what_later_ones_tell() -> None:
    """Of its account and of its strategy, and of nobody else; counts do not wait, and nothing more is told by it."""
    told = Told()
    told.scores.restore([], [], BEGIN)
    told.scores.on_fact(OpenTrades((going("long"), going("other", plan="b"))))
    for trade in wins(30):
        told.scores.on_fact(trade)
    newest = told.newest("total")
    assert (counts(newest.live), e_values(newest)) == ((30, 0, 0, 0), (1, 1))
    assert set(newest.strategies) == {"a"}
    told.scores.on_fact(live("long", "-1", lasts=HOUR))
    told.scores.on_fact(OpenTrades((going("other", plan="b"),)))
    account, mine = e_values(told.newest("total"))
    assert account == 1
    assert mine is not None
    assert mine > 20
    told.scores.on_fact(OpenTrades(()))
    assert e_values(told.newest("total")) == (mine, mine)


def test_an_order_on_its_way_holds_back_too() -> None:
    """It may be placed at any moment; given up, it frees what waited, and that is told though nothing has ended."""
    told = Told()
    told.scores.restore([], [], BEGIN)
    told.scores.on_fact(OpenTrades((going("order", lasts=0),)))
    told.scores.on_fact(wins(1)[0])
    assert e_values(told.newest("total")) == (1, 1)
    before = len(told.payloads)
    told.scores.on_fact(OpenTrades(()))
    account, mine = e_values(told.newest("total"))
    assert account == mine
    assert mine is not None
    assert mine > 1
    assert len(told.payloads) == before + 2


def test_an_open_deal_on_paper_holds_back_after_a_restart_as_before_it() -> None:
    """A restart finds it among the deals; once it has ended all that waited is evidence."""
    told = Told()
    short = [paper(f"s{number}", "won", "1.6", BEGIN + number * 10_000) for number in range(1, 31)]
    told.scores.restore([], [*short, paper("open", "open", None), paper("due", "pending", None, None)], BEGIN)
    assert told.newest("total").shadow.e_value == 1
    told.scores.on_shadow(paper("due", "not_filled", None, None))
    assert told.newest("total").shadow.e_value == 1
    told.scores.on_shadow(paper("open", "tie", "0"))
    found = told.newest("total").shadow
    assert found.e_value is not None
    assert found.e_value > 20
    again = Told()
    again.scores.restore([], [*short, paper("open", "tie", "0")], BEGIN)
    assert again.newest("total").shadow == found


def test_what_is_learnt_late_is_counted_and_no_evidence() -> None:
    """Ten minutes after its end others are not held back by a trade any more, so it would take back what they told."""
    told = Told()
    told.scores.restore([], [], BEGIN)
    told.scores.on_fact(OpenTrades((going("lost", lasts=60_000),)))
    for trade in wins(30):
        told.scores.on_fact(trade)
    before = e_values(told.newest("total"))
    assert before[0] is not None
    assert before[0] > 20
    late = msgspec.structs.replace(live("lost", "-1"), changed=BEGIN + 60_000 + PATIENCE + 1)
    told.scores.on_fact(late)
    newest = told.newest("total")
    assert (counts(newest.live), e_values(newest)) == ((30, 1, 0, 0), before)
    again = Told()
    again.scores.restore([*wins(30), late], [], BEGIN)
    assert e_values(again.newest("total")) == before

"""A paper account: its money, its deals, and the chances of its orders."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qfluxd.drivers.paper.account import Advice, PaperAccount
from qfluxd.drivers.paper.chance import Chance, between
from qfluxd.drivers.paper.driver import Config
from qfluxd.drivers.paper.kept import FILE, recall
from qfluxd.errors import DataError
from qfluxd.model import (
    Balance,
    ClosedDeals,
    DealOpened,
    DealsSettled,
    Millis,
    OpenDeals,
    OrderRefused,
    OrderSent,
    Tick,
)
from tests.support.paper import AT, account, order, tick


def walk(paper: PaperAccount, begin: Millis, *prices: float) -> list[object]:
    """Ticks every half second; all that the account says."""
    return [word for n, price in enumerate(prices) for word in paper.on_tick(tick(begin + 500 * n, price))]


# ------------------------------------------------------------------------------------------------------- the account


def test_an_order_becomes_a_deal_and_money() -> None:
    """Sent, opened after its latency at the next tick with the payout in force, settled at its end, to the cent."""
    paper = account()
    sent = paper.place(order(), AT)
    assert sent == OrderSent("EURUSD_otc", "call", Decimal(10), 5_000, "demo", "o1")
    assert paper.is_awaited
    assert walk(paper, 0, 1.1) == []
    opened, balance = walk(paper, 500, 1.2)
    assert isinstance(opened, DealOpened)
    deal = opened.deal
    assert (opened.request, deal.id, deal.opened, deal.closes) == ("o1", "paper-o1", AT + 500, AT + 5_000)
    assert (deal.open_price, deal.payout, deal.account, deal.currency) == (1.2, 92, "demo", "USD")
    assert balance == Balance(Decimal(9_990), "demo", "USD")
    assert not paper.is_awaited
    assert paper.lists() == (OpenDeals((deal,)), balance, ClosedDeals(()))
    settled, balance = walk(paper, 1_000, *[1.2] * 8, 1.3, 1.1)
    closed = msgspec.structs.replace(deal, close_price=1.3, profit=Decimal("9.20"))
    assert settled == DealsSettled((closed,))
    assert balance == Balance(Decimal("10009.20"), "demo", "USD")
    assert paper.lists() == (OpenDeals(()), balance, ClosedDeals((closed,)))


@pytest.mark.parametrize(("price", "balance"), [(1.1, "10000"), (1.100004, "10000"), (1.09, "9990"), (1.2, "10009.20")])
def test_a_tie_gives_the_stake_back(price: float, balance: str) -> None:
    """Equal prices, as the broker's digits show them, change nothing; a loss takes the stake."""
    paper = account(latency=0)
    paper.place(order(), AT)
    walk(paper, 0, *[1.1] * 10, price, 1.5)
    assert paper.balance.amount == Decimal(balance)


def test_deals_that_end_together_are_told_together() -> None:
    """One word for all that a tick settles, and one balance."""
    paper = account(latency=0)
    for ident in ("o1", "o2"):
        paper.place(order(ident), AT)
    assert [type(word) for word in walk(paper, 0, 1.1)] == [DealOpened, DealOpened, Balance]
    settled, balance = walk(paper, 500, *[1.2] * 11)
    assert isinstance(settled, DealsSettled)
    assert [deal.id for deal in settled.deals] == ["paper-o1", "paper-o2"]
    assert balance == Balance(Decimal("10018.40"), "demo", "USD")


@pytest.mark.parametrize(
    ("options", "changes", "said"),
    [
        ({}, {"asset": "GBPUSD_otc"}, "trading is closed"),
        ({}, {"asset": "NOSUCH"}, "there is no such asset"),
        ({}, {"expiry": 3_000}, "expiration is not offered"),
        ({"balance": 9}, {}, "not enough money"),
        ({"refuse": 1}, {}, "not accepted"),
    ],
)
def test_the_paper_broker_refuses_what_a_broker_would(options: Any, changes: Any, said: str) -> None:
    """In a sentence, once the order has come to it; nothing is taken for it."""
    paper = account(**options)
    paper.place(order(**changes), AT)
    asset = changes.get("asset", "EURUSD_otc")
    assert paper.on_tick(tick(300, asset=asset)) == []
    [refused] = paper.on_tick(tick(400, asset=asset))
    assert isinstance(refused, OrderRefused)
    assert said in refused.error
    assert (refused.asset, refused.stake) == (asset, Decimal(10))
    assert paper.balance.amount == options.get("balance", 10_000)


def test_only_so_many_deals_may_be_open() -> None:
    """The one too many is refused, and the next one is not once a deal has ended."""
    paper = account(latency=0, max_open=1)
    paper.place(order("o1"), AT)
    paper.place(order("o2"), AT)
    assert [type(word) for word in walk(paper, 0, 1.1)] == [DealOpened, OrderRefused, Balance]
    walk(paper, 500, *[1.1] * 11)
    paper.place(order("o3"), AT + 6_000)
    assert [type(word) for word in walk(paper, 6_000, 1.1)] == [DealOpened, Balance]


def test_an_order_that_finds_no_price_is_refused() -> None:
    """By the silence of its asset, or by a feed that is lost."""
    paper = account()
    paper.place(order(), AT)
    assert paper.on_time(AT + 7_000) == []
    [refused] = paper.on_time(AT + 7_500)
    assert isinstance(refused, OrderRefused)
    assert "no price" in refused.error
    paper.place(order("o2"), AT + 8_000)
    assert [type(word) for word in paper.lose_feed()] == [OrderRefused]


def test_an_end_that_nobody_saw_gives_the_stake_back() -> None:
    """Neither won nor lost: the deal is in no list, a person is told, and the money is as before it."""
    paper = account(latency=0)
    paper.place(order(), AT)
    walk(paper, 0, 1.1)
    paper.lose_feed()
    balance, advice = paper.on_tick(tick(5_100))
    assert balance == Balance(Decimal(10_000), "demo", "USD")
    assert isinstance(advice, Advice)
    assert (advice.code, "nothing was heard" in advice.detail) == ("paper_unknown", True)
    assert paper.lists() == (OpenDeals(()), balance, ClosedDeals(()))


def test_an_account_outlives_the_daemon(tmp_path: Path) -> None:
    """Money, open and closed deals are taken up; an order on its way is gone, for the broker would not know it."""
    paper = account(tmp_path, latency=0)
    paper.place(order("o1"), AT)
    paper.place(order("o2", expiry=60_000), AT)
    walk(paper, 0, *[1.1] * 10, 1.2, 1.2)
    paper.place(order("o3"), AT + 9_000)
    again = account(tmp_path, latency=0, balance=5)
    assert again.lists() == paper.lists()
    assert not again.is_awaited
    assert [deal.id for deal in again.lists()[0].deals] == ["paper-o2"]
    settled, balance = walk(again, 59_500, 1.3, 1.3, 1.3)
    assert isinstance(settled, DealsSettled)
    assert balance.amount == Decimal("10018.40")  # type: ignore[attr-defined]
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_deals_on_other_prices_are_given_back(tmp_path: Path) -> None:
    """An account that trades on another driver now cannot settle what it opened on the first."""
    paper = account(tmp_path, latency=0)
    paper.place(order(), AT)
    walk(paper, 0, 1.1)
    other = account(tmp_path, on="elsewhere")
    assert other.lists() == (OpenDeals(()), Balance(Decimal(10_000), "demo", "USD"), ClosedDeals(()))
    [advice] = other.on_tick(tick(500))
    assert isinstance(advice, Advice)
    assert "on the prices of pocketoption" in advice.detail


def test_a_full_list_of_closed_deals_holds_twenty(tmp_path: Path) -> None:
    """The newest first, as the broker lists them; the file holds no more either."""
    paper = account(tmp_path, latency=0)
    for number in range(23):
        begin = number * 10_000
        paper.place(order(f"o{number}"), AT + begin)
        walk(paper, begin, *[1.1] * 12)
    closed = paper.lists()[2].deals
    assert [deal.id for deal in closed] == [f"paper-o{number}" for number in range(22, 2, -1)]
    kept = recall(tmp_path / FILE)
    assert kept is not None
    assert (kept.closed, kept.orders) == (closed, 23)


def test_a_disk_that_takes_nothing_is_told_once(tmp_path: Path) -> None:
    """Trading on paper goes on; a person learns that a restart would forget it."""
    folder = tmp_path / "gone"
    paper = account(folder, latency=0)
    paper.place(order(), AT)
    words = walk(paper, 0, *[1.1] * 12)
    advice = [word for word in words if isinstance(word, Advice)]
    assert [word.code for word in advice] == ["paper_unwritten"]
    assert [type(word) for word in words if word not in advice] == [DealOpened, Balance, DealsSettled, Balance]


def test_a_damaged_file_is_never_begun_anew(tmp_path: Path) -> None:
    """The error names the file and the remedy."""
    (tmp_path / FILE).write_text('{"on": 1}')
    with pytest.raises(DataError, match=r"paper\.json.*move it away"):
        recall(tmp_path / FILE)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["place", "place", "tick", "tick", "tick", "time", "lose"]),
            st.integers(0, 4_000),
            st.sampled_from([1.0, 1.1, 1.2]),
            st.integers(1, 500_000),
        ),
        max_size=60,
    )
)
def test_money_is_neither_made_nor_lost(acts: list[tuple[str, int, float, int]]) -> None:
    """The balance is what it began with, plus the profit of every settled deal, less the stakes of the open ones."""
    paper = account(latency=300, max_open=3)
    now, profits = AT, Decimal(0)
    for number, (act, length, price, stake) in enumerate(acts):
        now += length
        words: Iterable[object] = ()
        match act:
            case "place":
                paper.place(order(f"o{number}", stake=Decimal(stake) / 100), now)
            case "tick":
                words = paper.on_tick(Tick("EURUSD_otc", now, price))
            case "time":
                words = paper.on_time(now)
            case _:
                words = paper.lose_feed()
        for word in words:
            if isinstance(word, DealsSettled):
                profits += sum((deal.profit or 0 for deal in word.deals), Decimal(0))
        deals, balance, _ = paper.lists()
        staked = sum((deal.stake for deal in deals.deals), Decimal(0))
        assert balance.amount == 10_000 + profits - staked
        assert balance.amount >= 0
        assert len(deals.deals) <= 3


# ----------------------------------------------------------------------------------------------------------- chance


def test_chance_rests_on_the_seed_and_the_order() -> None:
    """The same order of the same seed has the same luck; another order or seed has its own."""
    config = Config.model_validate({"latency": [100, 250, 900], "refuse": 0.3, "seed": 7})
    drawn = [Chance(config, number).draw() for number in range(1, 2_001)]
    assert drawn == [Chance(config, number).draw() for number in range(1, 2_001)]
    assert {delay for delay, _ in drawn} == {100, 250, 900}
    assert 0.25 < sum(refused for _, refused in drawn) / 2_000 < 0.35
    other = config.model_copy(update={"seed": 8})
    assert drawn != [Chance(other, number).draw() for number in range(1, 2_001)]


def test_quantiles_come_out_as_they_are_told() -> None:
    """So many orders take at most so long; nothing is faster than the least or slower than the last."""
    config = Config.model_validate({"latency": {"p50": 400, "p90": 900, "p99": 2_000}})
    drawn = sorted(Chance(config, number).draw()[0] for number in range(4_000))
    assert drawn[0] == 400
    assert drawn[-1] == 2_000
    for share, delay in ((0.5, 400), (0.7, 650), (0.9, 900), (0.99, 2_000)):
        assert drawn[int(share * 4_000) - 1] == pytest.approx(delay, rel=0.1)


def test_between_two_quantiles_lies_a_straight_line() -> None:
    """And outside of them the nearest one."""
    points = [(0.5, 400), (0.9, 800)]
    assert [between(points, share) for share in (0.0, 0.5, 0.6, 0.9, 1.0)] == [400, 400, 500, 800, 800]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"on": "paper"}, "another driver"),
        ({"latency": []}, "no delay to draw"),
        ({"latency": {"p50": 5, "p90": 4}}, "must ascend"),
        ({"latency": -1}, "greater than or equal"),
        ({"refuse": 1.5}, "less than or equal"),
        ({"currency": "dollars"}, "pattern"),
    ],
)
def test_options_that_make_no_sense_are_told(options: Any, said: str) -> None:
    """Each in a sentence."""
    with pytest.raises(ValidationError, match=said):
        Config.model_validate(options)

"""Whatever the ticks, the quick way and the desk come to the same, and neither looks ahead."""

from decimal import Decimal
from itertools import accumulate, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from qfluxd.model import SECOND
from qfluxd.research.backtest import Backtest, Latency, planned, run
from qfluxd.research.backtest.folding import Pace, fold
from qfluxd.research.backtest.settling import DECIDED, NOT_FILLED, Settling, of_ticks
from qfluxd.research.backtest.strokes import of_ticks as strokes_of
from qfluxd.research.dataset import open_dataset
from qfluxd.settings import MarketSettings, RiskSettings
from qfluxd.trading.settlement import Course
from tests.support.recordings import BEGIN, Made, dataset

STEPS = st.sampled_from((0, 1, 99, 100, 400, 500, 900, 1_000, 1_001, 2_000, 4_999, 5_000, 5_001, 5_600, 10_001, 17_000))
PRICES = st.integers(-2, 2)
QUIET = 5 * SECOND


@st.composite
def made(draw: st.DrawFn, most: int = 160) -> Made:
    """Some minutes of ticks, with silences about as long as the rules know, payouts and a closed asset."""
    steps = draw(st.lists(STEPS, min_size=10, max_size=most))
    at = np.array(list(accumulate(steps, initial=BEGIN + draw(st.integers(0, 6_000)))))
    moves = draw(st.lists(PRICES, min_size=at.size, max_size=at.size))
    price = np.round(1.1 + np.cumsum(moves) / 1e5, 5)
    when = sorted(draw(st.sets(st.integers(int(at[0]) - 500, int(at[-1])), max_size=4)))
    return Made(at, price, tuple((each, draw(st.sampled_from((70, 92))), draw(st.booleans())) for each in when))


@given(
    st.lists(made(), min_size=1, max_size=3),
    st.sampled_from(((0,), (400,), (0, 300, 1_000, 5_200))),
    st.sampled_from((None, 85)),
    st.booleans(),
    st.sampled_from((0.0, 0.2, 0.5)),
)
@settings(max_examples=40, deadline=None)
def test_both_ways_agree(
    markets: list[Made], latency: tuple[int, ...], payout: int | None, limited: bool, grace: float
) -> None:
    """Trades and refusals are the same, with limits or without, by candles and by time."""
    limits = RiskSettings(max_open=2, max_daily_loss=Decimal(5), loss_streak=2, cool_down="30s", orders_per_minute=9)
    plans = (
        planned("random", name="coin", timeframe="5s", options={"rate": 0.8, "expiry": "10s"}),
        planned(
            "sma_cross", timeframe="15s", options={"fast": 2, "slow": 3}, stake={"policy": "percent", "percent": 1}
        ),
        planned("random", name="clock", timeframe="5s", schedule="every 7s", options={"rate": 0.9, "seed": 3}),
    )
    terms = Backtest(
        plans=plans if limited else (plans[0], plans[2]),
        latency=Latency(latency),
        payout=payout,
        market=MarketSettings(grace=grace),
        balance=Decimal(100),
        **({"risk": limits} if limited else {}),  # type: ignore[arg-type]
    )
    with TemporaryDirectory() as folder:
        data = dataset(Path(folder), {f"A{number}USD": each for number, each in enumerate(markets)})
        quick, proof = run(terms, data), run(terms, data, engine="event")
    assert quick.trades.drop("confidence").equals(proof.trades.drop("confidence"))
    assert quick.refusals.equals(proof.refusals)
    assert quick.signals == proof.signals


@given(made(), st.integers(0, 150))
@settings(max_examples=30, deadline=None)
def test_later_ticks_change_no_earlier_trade(market: Made, place: int) -> None:
    """What is cut off behind a moment changes no trade that was decided before it, and no signal up to it."""
    cut = int(market.at[min(place, market.at.size - 1)])
    terms = Backtest(
        plans=(planned("random", timeframe="5s", options={"rate": 1.0}),), latency=Latency((400,)), payout=80
    )
    with TemporaryDirectory() as folder:
        dataset(Path(folder), {"EURUSD": market})
        whole = run(terms, open_dataset(Path(folder))).trades
        part = run(terms, open_dataset(Path(folder), end=cut + 1)).trades
    known = part.filter(part["code"] != "data_ended")
    assert known.height == 0 or known.equals(whole.filter(whole["id"].is_in(known["id"].to_list())))
    assert part["id"].to_list() == whole.filter(whole["signalled"].to_physical() <= cut)["id"].to_list()


@given(
    made(), st.lists(st.integers(0, 60_000), min_size=1, max_size=12), st.integers(1, 30), st.lists(st.integers(1, 40))
)
@settings(max_examples=150, deadline=None)
def test_settled_as_one_by_one(market: Made, dues: list[int], expiry: int, cuts: list[int]) -> None:
    """All trades at once come to what each comes to by itself, however the prices are cut."""
    due = BEGIN + np.array(dues)
    way = Settling(due, np.full(due.size, expiry * SECOND), np.zeros(due.size, np.bool_), QUIET)
    at = np.unique(market.at)
    price = market.price[np.searchsorted(market.at, at, "right") - 1]
    edges = [0, *(edge for edge in accumulate(cuts) if edge < at.size), at.size]
    for tape in of_ticks((at[one:two], price[one:two]) for one, two in pairwise(edges)):
        way.hear(tape)
    found = way.result(int(at[-1]))
    for row, each in enumerate(due.tolist()):
        course = Course(each, expiry * SECOND, QUIET)
        for stamp, value in zip(at.tolist(), price.tolist(), strict=True):
            course.is_over or course.pass_time(stamp) or course.hear(stamp, value)
        words = {"pending": 0, "open": 1, "closed": DECIDED, "unknown": 3, "not_filled": NOT_FILLED}
        assert found.fate[row] == words[course.fate]
        if course.fate == "closed":
            assert (found.opened[row], found.closes[row]) == (course.opened, course.closes)
            assert found.close_price[row] == course.close_price


@given(made(), st.sampled_from((5, 15, 60)), st.lists(st.integers(1, 60)))
@settings(max_examples=80, deadline=None)
def test_folded_the_same_however_cut(market: Made, seconds: int, cuts: list[int]) -> None:
    """Days may be cut anywhere between two stamps: candles and their closing stay the same."""
    pace = Pace(7_200_000, 500, QUIET, int(market.at[-1]))
    edges = sorted({0, market.at.size, *(edge for edge in accumulate(cuts) if edge < market.at.size)})
    apart = [edge for edge in edges if edge in (0, market.at.size) or market.at[edge] != market.at[edge - 1]]
    parts = [(market.at[one:two], market.price[one:two]) for one, two in pairwise(apart)]
    whole = fold(strokes_of([(market.at, market.price)], 5 * SECOND, pace.origin, QUIET), seconds * SECOND, pace)
    pieces = fold(strokes_of(parts, 5 * SECOND, pace.origin, QUIET), seconds * SECOND, pace)
    assert whole.frame.equals(pieces.frame)
    rows = np.arange(whole.at.size)
    assert all((one == two).all() for one, two in zip(whole.closing(rows), pieces.closing(rows), strict=True))

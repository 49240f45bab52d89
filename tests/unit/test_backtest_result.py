"""A result written and read, its settings made again, and latencies as they are said and drawn."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from qfluxd.errors import DataError
from qfluxd.model import MINUTE, Deal, Millis
from qfluxd.research.backtest import NONE, Backtest, Latency, Result, backtest_of, planned, read, run
from qfluxd.research.backtest.latency import drawn, from_quantiles, measured, seconds
from qfluxd.research.backtest.measured import from_journal
from qfluxd.research.backtest.table import TRADES, fingerprint
from qfluxd.research.backtest.trying import trials_of
from qfluxd.research.trials import count, note
from qfluxd.research.trials import read as trials_in
from qfluxd.settings import MarketSettings, RiskSettings
from qfluxd.trading.journal import Journal
from qfluxd.trading.records import Opening, Step, canonical
from tests.support.recordings import Made, dataset, market

SETTINGS = Backtest(
    plans=(
        planned("sma_cross", options={"fast": 3, "slow": 8}, timeframe="15s", risk={"max_open": 2}),
        planned(
            "random",
            name="coin",
            stake={"policy": "percent", "percent": 1},
            schedule={"when": "every 30s", "days": "mon-fri"},
        ),
    ),
    latency=Latency((100, 400)),
    payout=85,
    balance=Decimal(500),
    risk=RiskSettings(max_open=5),
    market=MarketSettings(grace=0.3),
    refuse=0.05,
    digits=4,
    seed=3,
)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A result with refusals, ties and unknown trades."""
    return run(SETTINGS, dataset(tmp_path_factory.mktemp("data"), {"EURUSD_otc": market(1)}))


def test_written_and_read(result: Result, tmp_path: Path) -> None:
    """Nothing is lost on the way."""
    result.write(tmp_path / "new" / "folder")
    again = read(tmp_path / "new" / "folder")
    assert again.trades.equals(result.trades)
    assert again.refusals.equals(result.refusals)
    assert again.plain() == result.plain()
    assert again.summary() == result.summary()


def test_where_prices_begin_and_end_is_told(result: Result, tmp_path: Path) -> None:
    """The first and the last that there were, whatever time was asked for; older results do not tell."""
    made = market(1)
    assert (result.dataset.first, result.dataset.last) == (made.at[0], made.at[-1])
    result.write(tmp_path)
    file = tmp_path / "result.json"
    told = msgspec.json.decode(file.read_bytes())
    del told["files"], told["dataset"]["first"], told["dataset"]["last"]
    file.write_bytes(msgspec.json.encode(told))
    assert (read(tmp_path).files, read(tmp_path).dataset.first) == ({}, None)


def test_a_store_that_grows_at_its_end_is_no_new_try(tmp_path: Path) -> None:
    """Tomorrow's prices behind today's: the same variant. Prices that are cut off in front are another beginning."""
    whole = market(1)
    middle = whole.at.size // 2
    ledger = tmp_path / "state"
    parts = {"today": slice(0, middle), "tomorrow": slice(0, None), "cut": slice(100, None)}
    for counted, (name, part) in zip((1, 1, 2), parts.items(), strict=True):
        made = Made(whole.at[part], whole.price[part], whole.payouts)
        found = run(SETTINGS, dataset(tmp_path / name, {"EURUSD_otc": made}))
        note(ledger, *trials_of(found)[:1])
        assert count(ledger, found.dataset.hash).variants == counted
    assert len({each.dataset for each in trials_in(ledger).trials}) == 3


def test_settings_are_enough_to_run_again(result: Result) -> None:
    """What the result tells makes the very settings, and with them the very trades."""
    again = backtest_of(result.settings)
    assert again == SETTINGS
    assert [plan.strategy for plan in again.plans] == [plan.strategy for plan in SETTINGS.plans]


def test_what_was_changed_is_not_read(result: Result, tmp_path: Path) -> None:
    """Trades that are not those of the fingerprint, and files that are none, are told with the remedy."""
    with pytest.raises(DataError, match="holds no result"):
        read(tmp_path)
    result.write(tmp_path)
    result.trades.head(3).write_parquet(tmp_path / "trades.parquet")
    with pytest.raises(DataError, match="is not the one that"):
        read(tmp_path)
    (tmp_path / "trades.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path)


def test_the_fingerprint_is_of_what_was_traded(result: Result) -> None:
    """Another price is another fingerprint, another confidence is not; null and 0 are told apart."""
    trades = result.trades
    assert trades.schema == TRADES
    assert fingerprint(trades.with_columns(confidence=pl.lit(0.5))) == result.fingerprint
    assert fingerprint(trades.with_columns(pl.col("open_price") + 1e-9)) != result.fingerprint
    assert fingerprint(trades.with_columns(pl.col("profit").fill_null(0))) != result.fingerprint
    assert fingerprint(trades.reverse()) != result.fingerprint


def test_order(result: Result) -> None:
    """Trades stand by signal, then as plans are given, then by asset."""
    places = result.trades.with_columns(pl.col("plan").replace_strict({"sma_cross": 0, "coin": 1}).alias("place"))
    assert places.equals(places.sort("signalled", "place", "asset", maintain_order=True))


@pytest.mark.parametrize(
    ("text", "lengths"), [("none", (0,)), ("0.4", (400,)), (" 0.3, 1.25 ", (300, 1_250)), ("0", (0,))]
)
def test_latency_as_it_is_written(text: str, lengths: tuple[int, ...]) -> None:
    """None, seconds, or several."""
    assert seconds(text).lengths == lengths


@pytest.mark.parametrize("text", ["", "soon", "-1", "0.4;0.5", "400", "nan"])
def test_what_is_no_latency(text: str) -> None:
    """A sentence says what would be one."""
    with pytest.raises(ValueError, match="latency"):
        seconds(text)


def test_latencies_are_drawn_evenly() -> None:
    """Each length comes about as often, by the signal's id and the seed alone."""
    latency = measured([900, 100, 400])
    found = [latency.of(f"plan/EURUSD/{number}", 0) for number in range(3_000)]
    assert {length: round(found.count(length) / 100) for length in set(found)} == {100: 10, 400: 10, 900: 10}
    assert found == [latency.of(f"plan/EURUSD/{number}", 0) for number in range(3_000)]
    assert found != [latency.of(f"plan/EURUSD/{number}", 1) for number in range(3_000)]
    assert NONE.fixed == 0
    assert latency.fixed is None
    assert 0 <= drawn("anything") < 1


def test_quantiles() -> None:
    """Between known quantiles lengths lie on straight lines."""
    latency = from_quantiles({0.0: 200, 0.5: 400, 1.0: 2_400})
    assert len(latency.lengths) == 100
    assert latency.lengths[0] == 202
    assert latency.lengths[49] == 398
    assert latency.lengths[74] == 1_380
    with pytest.raises(ValueError, match="quantiles"):
        from_quantiles({0.5: 400})


def placed(number: int, took: Millis, plan: str | None = "rsi") -> list[Any]:
    """A live order of a plan whose deal opened `took` ms after its signal, as the journal has it."""
    signalled = 1_793_620_800_000 + number * MINUTE + 123
    ident = f"{datetime.fromtimestamp(signalled / 1000, UTC):%Y%m%dT%H%M%S}{signalled % 1000:03}Z-{number:08x}"
    at = signalled + took
    deal = Deal(f"d{number}", "EURUSD_otc", "call", Decimal(1), 92, at, at + MINUTE, 1.16, "demo", "USD")
    opening = Opening(
        ident, canonical(f"r{number}"), "EURUSD_otc", "call", Decimal(1), MINUTE, signalled + 5_000, plan=plan
    )
    taken = Step(ident, "received", "received", "", at, at, account="demo")
    return [opening, taken, Step(ident, "accepted", "accepted", "", at, at, account="demo", deal=deal)]


def test_latency_is_measured_by_the_journal(tmp_path: Path) -> None:
    """From the signal of each order, whose time is in its id, to its deal: by the broker's clock at both ends."""
    with Journal(tmp_path, 1_793_620_700_000) as journal:
        for number in range(25):
            journal.add(*placed(number, 300 + number))
        journal.add(*placed(90, 9_000, plan=None))
        journal.add(*placed(91, -50))
    assert from_journal(tmp_path).lengths == tuple(range(300, 325))


def test_too_few_orders_measure_nothing(tmp_path: Path) -> None:
    """With a handful nobody knows how long orders take."""
    with Journal(tmp_path, 1_793_620_700_000) as journal:
        journal.add(*placed(1, 400))
    with pytest.raises(DataError, match="tells of 1 orders of plans that the broker took, and it takes 20"):
        from_journal(tmp_path)

"""`data verify` sees prices that leap and come back, candles that their ticks contradict, and payouts that are none."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from qfluxd.market.findings import Finding
from qfluxd.market.importing.files import Options, held, import_file
from qfluxd.market.layout import LAST_MILLIS
from qfluxd.market.store import Store
from qfluxd.market.verify import verify
from qfluxd.model import DAY, MINUTE, Candle, Fact, Gap, Quality, Quote, Series, Tick
from qfluxd.settings import StoreSettings

ASSET = "EURUSD_otc"
NOON = 20_388 * DAY + 720 * MINUTE


def found(folder: Path, facts: Sequence[Fact]) -> list[Finding]:
    store = Store(folder, StoreSettings())
    for fact in facts:
        store.on_fact(fact)
    store.close()
    return list(verify(folder, 0, LAST_MILLIS))


def ticks(prices: Sequence[float], step: int = 500) -> list[Tick]:
    return [Tick(ASSET, NOON + n * step, price) for n, price in enumerate(prices)]


def walk(count: int) -> list[float]:
    return [round(1 + (n * 37 % 11) / 10_000, 5) for n in range(count)]


def bar(at: int, prices: tuple[float, float, float, float], quality: Quality = "backfilled") -> Candle:
    return Candle(Series(ASSET, MINUTE), NOON + at * MINUTE, *prices, 0, quality)


@pytest.mark.parametrize("length", [1, 3, 5])
def test_a_price_that_leaps_and_comes_back_is_a_glitch(tmp_path: Path, length: int) -> None:
    """For up to five ticks; the finding says where and how many."""
    prices = walk(100)
    prices[40 : 40 + length] = [1.5] * length
    (glitch,) = found(tmp_path, ticks(prices))
    assert (glitch.level, glitch.code, glitch.count) == ("note", "glitch", length)
    assert (glitch.at, glitch.until) == (NOON + 40 * 500, NOON + (39 + length) * 500)


def test_a_price_that_leaps_and_stays_is_none(tmp_path: Path) -> None:
    """News move prices; and of a few ticks nobody knows what is usual."""
    assert found(tmp_path / "1", ticks(walk(50) + [price + 0.5 for price in walk(50)])) == []
    assert found(tmp_path / "2", ticks([1.0, 1.0001, 9.0, 1.0])) == []


def test_what_is_found_again_and_again_is_one_finding(tmp_path: Path) -> None:
    """With how often, how many rows and from when until when; what begins more than a minute later is another."""
    prices = walk(1000)
    for place in (*range(100, 700, 8), 900):
        prices[place : place + 2] = [1.5, 1.5]
    first, last = found(tmp_path, ticks(prices))
    assert (first.code, first.times, first.count) == ("glitch", 75, 150)
    assert (first.at, first.until) == (NOON + 100 * 500, NOON + 693 * 500)
    assert (last.code, last.times, last.count, last.at) == ("glitch", 1, 2, NOON + 900 * 500)


def test_glitches_of_candles(tmp_path: Path) -> None:
    """A high that no neighbour is near, a close that nobody followed; a wide bar among wide ones is none."""
    closes = walk(60)
    bars = [bar(n, (close, close + 0.001, close - 0.001, close), "whole") for n, close in enumerate(closes)]
    bars[20] = bar(20, (closes[20], 1.9, closes[20] - 0.001, closes[20]), "whole")
    bars[40] = bar(40, (closes[40], closes[40] + 0.001, 0.2, 0.3), "whole")
    assert [(f.code, f.at, f.count) for f in found(tmp_path, bars)] == [
        ("glitch", NOON + 20 * MINUTE, 1),
        ("glitch", NOON + 40 * MINUTE, 1),
    ]


def test_a_candle_from_elsewhere_that_its_ticks_leave_is_wrong(tmp_path: Path) -> None:
    """Whatever else was quoted then, a tick outside of a bar's high and low contradicts it."""
    prices = walk(360)
    findings = found(tmp_path, [*ticks(prices), bar(1, (1.0, 1.0002, 1.0, 1.0))])
    assert [(f.level, f.code, f.at) for f in findings] == [("wrong", "beyond", NOON + MINUTE)]


def test_a_candle_from_elsewhere_with_other_prices_than_all_its_ticks_is_a_note(tmp_path: Path) -> None:
    """Where ticks are stored without a pause; where some are missing nothing can be said."""
    prices = walk(360)
    other = bar(1, (1.0, 1.5, 0.5, 1.0))
    findings = found(tmp_path / "1", [*ticks(prices), other])
    assert [(f.level, f.code, f.count) for f in findings] == [("note", "other_ticks", 1)]
    holed = [tick for tick in ticks(prices) if not NOON + 70_000 < tick.at < NOON + 85_000]
    assert found(tmp_path / "2", [*holed, other]) == []


def test_a_candle_from_elsewhere_that_its_ticks_make_is_good(tmp_path: Path) -> None:
    """Open, high, low and close of the ticks of its minute."""
    prices = walk(360)
    own = prices[120:240]
    assert found(tmp_path, [*ticks(prices), bar(1, (own[0], max(own), min(own), own[-1]))]) == []


def test_payouts_that_are_none_are_wrong(tmp_path: Path) -> None:
    """A percentage out of all bounds; what is plausible is not complained of."""
    quotes: list[Fact] = [Quote(ASSET, 1.0, payout, True, 50, NOON + payout) for payout in (0, 92, 250)]
    assert found(tmp_path, quotes) == []
    (finding,) = found(tmp_path, [Quote(ASSET, 1.0, 30_000, True, 50, NOON + 5)])
    assert (finding.level, finding.code, finding.place) == ("wrong", "bad_percent", f"payouts {ASSET}")


def test_ticks_before_anybody_told_the_payout_are_missing_it(tmp_path: Path) -> None:
    """More than a minute of them; the finding says from when until when."""
    late = Quote(ASSET, 1.0, 92, True, None, NOON + 3 * MINUTE)
    (finding,) = found(tmp_path, [*ticks(walk(500)), late])
    assert (finding.level, finding.code) == ("missing", "not_told")
    assert (finding.at, finding.until) == (NOON, NOON + 3 * MINUTE)


def test_gaps_alone_are_nothing_to_complain_of(tmp_path: Path) -> None:
    """They explain what is missing."""
    assert found(tmp_path, [Gap(ASSET, NOON, NOON + MINUTE)]) == []


def test_an_import_is_found_good(tmp_path: Path) -> None:
    """Ticks that were imported, and candles made of them by somebody who knows how, agree."""
    data, prices = tmp_path / "data", walk(360)
    text = "".join(f"{tick.at},{tick.price}\n" for tick in ticks(prices))
    (tmp_path / "EURUSD_otc.csv").write_text(f"at,price\n{text}")
    rows = []
    for n in range(3):
        own = prices[n * 120 : (n + 1) * 120]
        rows.append(f"{NOON + n * MINUTE},{own[0]},{max(own)},{min(own)},{own[-1]}\n")
    (tmp_path / "EURUSD_otc_1m.csv").write_text(f"at,open,high,low,close\n{''.join(rows)}")
    with held(data):
        for name in ("EURUSD_otc.csv", "EURUSD_otc_1m.csv"):
            import_file(tmp_path / name, data, Options())
    assert [finding.code for finding in verify(data, 0, LAST_MILLIS)] == ["partial"]

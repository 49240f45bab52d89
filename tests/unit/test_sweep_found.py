"""What a sweep says of what it found: an edge that is there, and none that is not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from qfluxd.market.parquet import MOMENT
from qfluxd.model import MINUTE
from qfluxd.research import trials
from qfluxd.research.statistics.tallies import evidence, known_trades, summary_of
from qfluxd.research.sweep.beginning import begin
from qfluxd.research.sweep.choice import Judged, pooled, steps
from qfluxd.research.sweep.evidence import note, shown
from qfluxd.research.sweep.folder import Line
from qfluxd.research.sweep.forward import Forward, Tally
from qfluxd.research.sweep.neighbours import neighbourhood
from qfluxd.research.sweep.rows import SCHEMA, as_trades, encode
from qfluxd.research.sweep.run import Sweep
from qfluxd.research.sweep.space import Axis, Variant
from qfluxd.research.sweep.tasks import Failure
from qfluxd.research.sweep.verdict import find, write
from tests.support.echoes import ASSET, START, write_market, write_strategy
from tests.support.sweeps import Here, echo_settings, judged, swept

_TRIED = 20
_EACH = 400
_SWEEPS = 80
_FORWARD = Forward(tuple((each + 1) * _EACH // 4 * MINUTE for each in range(4)), MINUTE)
_VARIANTS = {number: Variant(number, (number,), MINUTE, {}) for number in range(_TRIED)}


def coins(seed: int) -> pl.DataFrame:
    """Trades of variants that win as often as breaks even at a payout of 85 %, each on every other minute."""
    won = np.random.default_rng(seed).random(_TRIED * _EACH) < 1 / 1.85
    at = np.tile(np.arange(_EACH) * MINUTE, _TRIED)
    return pl.DataFrame(
        {
            "variant": pl.Series(np.repeat(np.arange(_TRIED), _EACH), dtype=pl.UInt32),
            "asset": pl.repeat("A", at.size, eager=True),
            "signalled": pl.Series(at).cast(MOMENT),
            "opened": pl.Series(at + 400).cast(MOMENT),
            "until": pl.Series(at + MINUTE // 2).cast(MOMENT),
            "payout": pl.repeat(85, at.size, dtype=pl.Int16, eager=True),
            "outcome": pl.Series(np.where(won, "won", "lost")).cast(SCHEMA["outcome"]),
        }
    )


def test_where_there_is_no_edge_nothing_survives() -> None:
    """Chosen by training and told by the tests, coins claim an edge at most as often as is promised, one in 20 times,
    even before they are deflated, and never after; the best of them by its own tests would claim one far more often.
    """
    claimed = survived = fooled = 0
    for seed in range(_SWEEPS):
        trades = coins(seed).lazy()
        chosen = steps(_FORWARD.tallies(trades), _FORWARD, _VARIANTS, 30)
        told = summary_of(as_trades(pooled(trades, _FORWARD, chosen)))
        claimed += told.finding == "beats"
        survived += told.finding == "beats" and told.p_value * _TRIED <= 0.05
        tested = trades.filter(pl.col("signalled") >= pl.lit(_FORWARD.tests[0]).cast(MOMENT)).collect()
        best = min(evidence(known_trades(as_trades(rows))).final[0].p_value for rows in tested.partition_by("variant"))
        fooled += best <= 0.05
    assert claimed <= 0.1 * _SWEEPS  # 0.05, and two standard errors
    assert survived == 0
    assert fooled > 0.3 * _SWEEPS


def test_a_planted_option_is_found(tmp_path: Path) -> None:
    """Where prices answer to the third candle before, training chooses that option each time, and it survives."""
    folder = write_strategy(tmp_path / "strategies")
    market = write_market(tmp_path / "data", 1440, ago=3, turns=0.68)
    found = judged(swept(tmp_path / "sweep", echo_settings(folder, "ago=1..8", "every=1,2"), market))
    assert [step.variant.options["ago"] for step in found.chosen if step.variant] == [3, 3, 3]
    assert found.survives
    assert found.verdict.startswith("It survives: chosen by training and tested on what came after, ")
    assert found.verdict.endswith(" It was not audited: qfluxd audit tells whether such a strategy looks ahead.")
    assert found.best[0].variant.options == {"ago": 3, "every": 1}
    assert found.neighbours is not None
    assert found.neighbours.is_peak
    assert {found.best[0].variant.number} <= set(found.believed)


def test_earlier_looks_count(tmp_path: Path) -> None:
    """The same result no longer survives where thousands of other variants had been tried on the same data."""
    folder = write_strategy(tmp_path / "strategies")
    market = write_market(tmp_path / "data", 1440, ago=3, turns=0.6)
    sweep = swept(tmp_path / "sweep", echo_settings(folder, "ago=1..4"), market)
    alone, later = judged(sweep), judged(sweep, earlier=10**6)
    assert alone.survives
    assert not later.survives
    assert "one of 1,000,004 variants tried on these data" in later.verdict


def test_on_a_random_walk(tmp_path: Path) -> None:
    """A whole sweep on a random walk says that nothing survives, whatever training chose."""
    folder = write_strategy(tmp_path / "strategies")
    market = write_market(tmp_path / "data", 1440)
    found = judged(swept(tmp_path / "sweep", echo_settings(folder, "ago=1..30", "every=1..3"), market))
    assert not found.survives
    assert found.verdict.startswith("Nothing survives")
    assert found.believed == []


def test_every_variant_counts_once(tmp_path: Path) -> None:
    """Each variant is noted among all that was tried on these data, and each sweep's choice is one more; the same sweep
    again adds none, another does, and other folds add a choice."""
    folder = write_strategy(tmp_path / "strategies")
    market = write_market(tmp_path / "data", 600)
    first = swept(tmp_path / "first", echo_settings(folder, "ago=1..4"), market)
    assert note(first, shown(first), tmp_path) == 4 + 1
    assert note(first, shown(first), tmp_path) == 4 + 1
    assert len(trials.read(tmp_path).trials) == 4
    second = swept(tmp_path / "second", echo_settings(folder, "ago=3..6"), market)
    assert note(second, shown(second), tmp_path) == 6 + 2
    folds = swept(tmp_path / "folds", echo_settings(folder, "ago=3..6", folds=2), market)
    assert note(folds, shown(folds), tmp_path) == 6 + 3
    noted = trials.read(tmp_path).trials
    assert {each.kind for each in noted} == {"sweep"}
    assert {each.dataset for each in noted} == {market.hash}
    assert {(each.assets, each.start) for each in noted} == {((ASSET,), START)}


def test_what_a_stopped_sweep_has_shown_counts(tmp_path: Path) -> None:
    """Variants that are done on one of two assets are chosen from, so all of them count; done on both they are others,
    as much more was seen of them."""
    folder = write_strategy(tmp_path / "strategies")
    write_market(tmp_path / "data", 600, asset="OTHER_otc", seed=2)
    market = write_market(tmp_path / "data", 600)
    settings = echo_settings(folder, "ago=1..10", least=20)
    sweep = begin(tmp_path / "sweep", settings, market)
    assert not Sweep(sweep, Here(), is_stopping=lambda: bool(sweep.done)).run()
    alone = shown(sweep)
    half = [each for each in alone if each.assets == (market.assets[0],)]
    assert (len(alone), len(half)) == (10, 9)
    counted = note(sweep, alone, tmp_path)
    assert counted == len(alone) + 1 == len(trials.read(tmp_path).trials) + 1 == 11
    found = find(sweep, alone, is_whole=False, skipped=0, counted=counted)
    assert found.best
    assert found.proof.tried == 11
    assert Sweep(sweep, Here()).run()
    assert {each.assets for each in shown(sweep)} == {market.assets}
    assert note(sweep, shown(sweep), tmp_path) == 10 + len(half) + 2


def test_what_failed_counts_as_far_as_it_came(tmp_path: Path) -> None:
    """A variant that fails on one asset has been seen on the other: it counts, and is not believed."""
    folder = write_strategy(tmp_path / "strategies")
    market = write_market(tmp_path / "data", 1440, turns=0.9)
    sweep = swept(tmp_path / "sweep", echo_settings(folder, "ago=3"), market)
    (one,) = shown(sweep)
    assert judged(sweep).believed == [0]
    assert judged(sweep, earlier=10**90).believed == []
    unit = (0, "OTHER_otc", sweep.manifest.spans[0][0])
    sweep.lines.append(Line(99, (unit,), (Failure(*unit, "it is broken"),), 0.0))
    sweep.path.joinpath("trades", "000099.parquet").write_bytes(encode([]))
    assert shown(sweep) == [one]
    assert judged(sweep).believed == []
    assert note(sweep, shown(sweep), tmp_path) == 2


def test_the_figures_are_kept(tmp_path: Path) -> None:
    """Beside the trades lie what was found, and every variant's figures in every fold, training beside test."""
    folder = write_strategy(tmp_path / "strategies")
    sweep = swept(tmp_path / "sweep", echo_settings(folder, "ago=1..3"), write_market(tmp_path / "data", 600))
    write(judged(sweep), sweep)
    assert (sweep.path / "result.json").is_file()
    rows = pl.read_parquet(sweep.path / "variants.parquet")
    assert rows.height == 3 * 3 * 2
    assert set(rows["part"]) == {"train", "test"}
    assert rows["options"][0] == '{"ago":1}'


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"payout": None}, "Cannot tell: of no trade is it known what it paid"), ({"least": 500}, "Cannot tell: in no")],
)
def test_what_cannot_be_judged(changed: dict[str, Any], said: str, tmp_path: Path) -> None:
    """Where payouts are unknown, or trades too few to choose by, that is said in place of a verdict."""
    folder = write_strategy(tmp_path / "strategies")
    market = write_market(tmp_path / "data", 400)
    found = judged(swept(tmp_path / "sweep", echo_settings(folder, "ago=1,2", **changed), market))
    assert found.verdict.startswith(said)
    assert not found.survives


AXES = (Axis("timeframe", ("1m",), ordered=True), Axis("fast", (1, 2, 3, 4, 5), ordered=True))


def ranked(profits: Sequence[int]) -> list[Judged]:
    """Variants of one option that earned so many percent in 100 trades, best first."""
    found = [
        Judged(Variant(place, (0, place), MINUTE, {}), Tally(won=100, percent=100 * profit), Tally())
        for place, profit in enumerate(profits)
    ]
    return sorted(found, key=lambda each: -each.train.percent)


@pytest.mark.parametrize(
    ("profits", "count", "is_peak"),
    [
        ((-5, -4, 9, -3, -5), 2, True),
        ((-5, 6, 9, 7, -5), 2, False),
        ((-5, 1, 9, 1, -5), 2, True),
        ((9, 8, 7, 1, 0), 1, False),
    ],
)
def test_neighbours(profits: Sequence[int], count: int, is_peak: bool) -> None:
    """The best stands alone where those beside it lost, or kept less than a third of what it earned."""
    found = neighbourhood(ranked(profits), AXES)
    assert found is not None
    assert (found.count, found.is_peak) == (count, is_peak)


def test_no_neighbours() -> None:
    """Where nothing or only one variant was tried, there are none."""
    assert neighbourhood([], AXES) is None
    assert neighbourhood(ranked([9]), AXES) is None

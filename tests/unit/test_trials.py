"""The ledger of everything tried: nothing is lost, nothing counts twice, and data that was only cut anew counts."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from qfluxd.errors import Unavailable
from qfluxd.market.layout import LAST_MILLIS
from qfluxd.research.statistics import deflated
from qfluxd.research.trials import FILE, Trial, Tried, count, digest, note, read

HOUR = 3_600_000


def trial(fast: int = 5, **other: Any) -> Trial:
    """A run of one variant on the data set `d1`, of two hours of one asset."""
    usual: dict[str, Any] = {
        "dataset": "d1",
        "strategy": "sma_cross",
        "options": {"fast": fast, "slow": 20},
        "settings": digest({"expiry": 60_000}),
        "trades": 300,
        "e_value": 2.0,
        "p_value": 0.25,
        "at": 1_763_985_600_000,
        "kind": "backtest",
        "assets": ("EURUSD_otc",),
        "start": 0,
        "end": 2 * HOUR,
    }
    return Trial(**(usual | other))


def test_what_was_noted_is_read_again(tmp_path: Path) -> None:
    """In its order, all of it, from a folder that had to be made."""
    folder = tmp_path / "state"
    given = (trial(5), trial(6, assets=(), start=None, end=None), trial(7, kind="sweep"))
    note(folder, given[0])
    note(folder, *given[1:])
    assert read(folder).trials == given
    assert read(folder).damaged == 0
    assert (folder / FILE).stat().st_mode & 0o777 == 0o600


def test_nothing_was_tried_where_there_is_no_ledger(tmp_path: Path) -> None:
    """And noting nothing leaves it so."""
    assert count(tmp_path, "d1") == Tried(runs=0, variants=0, elsewhere=0, best=1.0)
    note(tmp_path)
    assert read(tmp_path).trials == ()


def test_the_same_variant_again_counts_once(tmp_path: Path) -> None:
    """The order in which options are named does not make another one; another option, strategy or setting does."""
    note(tmp_path, trial(5), trial(5, at=1, trades=301), trial(options={"slow": 20, "fast": 5}))
    assert count(tmp_path, "d1") == Tried(runs=3, variants=1, elsewhere=0, best=4.0)
    note(tmp_path, trial(6), trial(5, strategy="ema_cross"), trial(5, settings=digest({"expiry": 90_000})))
    assert count(tmp_path, "d1") == Tried(runs=6, variants=4, elsewhere=0, best=4.0)
    assert count(tmp_path, "d2").runs == 0


def test_a_stretch_that_is_moved_a_little_is_no_new_data(tmp_path: Path) -> None:
    """Runs on data that share time count, whatever their assets, and those on unknown data; those on later ones do
    not. The best is that of the data themselves."""
    note(
        tmp_path,
        trial(5),
        trial(6, dataset="d2", start=HOUR, end=5 * HOUR, p_value=0.01),
        trial(7, dataset="d3", assets=("GBPUSD_otc",)),
        trial(8, dataset="d4", start=2 * HOUR, end=3 * HOUR),
        trial(9, dataset="d5", assets=(), start=None, end=None),
    )
    assert count(tmp_path, "d1") == Tried(runs=4, variants=4, elsewhere=3, best=4.0)
    assert count(tmp_path, "d2") == Tried(runs=5, variants=5, elsewhere=4, best=100.0)
    assert count(tmp_path, "d4") == Tried(runs=3, variants=3, elsewhere=2, best=4.0)
    assert count(tmp_path, "d5") == Tried(runs=5, variants=5, elsewhere=4, best=4.0)


def test_every_beginning_is_a_try(tmp_path: Path) -> None:
    """One variant from twenty beginnings is twenty tries, whether they reach to the end or lie side by side."""
    note(tmp_path, *(trial(dataset=f"open {n}", start=n * HOUR, end=30 * HOUR) for n in range(1, 21)))
    assert count(tmp_path, "open 20") == Tried(runs=20, variants=20, elsewhere=19, best=4.0)
    apart = tmp_path / "apart"
    note(apart, *(trial(dataset=f"d{n}", start=n * HOUR, end=(n + 1) * HOUR) for n in range(1, 21)))
    assert count(apart, "d7").variants == 20


def test_every_asset_is_a_try(tmp_path: Path) -> None:
    """Twenty assets by themselves are twenty tries, and all of them together, in whatever order, are one more."""
    assets = [f"A{n}" for n in range(20)]
    note(tmp_path, *(trial(dataset=asset, assets=(asset,), start=HOUR) for asset in assets))
    assert count(tmp_path, "A7").variants == 20
    note(tmp_path, *(trial(dataset="all", assets=tuple(each), start=HOUR) for each in (assets, assets[::-1])))
    assert count(tmp_path, "A7").variants == 21
    assert count(tmp_path, "all").variants == 21


def test_data_that_grew_at_their_end_are_no_new_try(tmp_path: Path) -> None:
    """The bet of yesterday goes on: from one beginning a variant counts once, however far its prices reach."""
    note(tmp_path, *(trial(dataset=f"day {n}", start=HOUR, end=n * 24 * HOUR) for n in range(1, 31)))
    assert count(tmp_path, "day 30") == Tried(runs=30, variants=1, elsewhere=29, best=4.0)
    note(tmp_path, trial(6, dataset="day 30", start=HOUR, end=30 * 24 * HOUR))
    assert count(tmp_path, "day 1").variants == 2


def test_what_began_later_than_the_look_is_new(tmp_path: Path) -> None:
    """A variant that was noted before data began counts for nothing there; on older ones, it was there to pick."""
    note(tmp_path, trial(start=HOUR, end=5 * HOUR, at=6 * HOUR))
    note(tmp_path, trial(dataset="new", start=7 * HOUR, end=9 * HOUR, at=10 * HOUR))
    assert count(tmp_path, "new").variants == count(tmp_path, "d1").variants == 1
    note(tmp_path, trial(dataset="held out", start=5 * HOUR, end=6 * HOUR, at=10 * HOUR))
    assert count(tmp_path, "held out").variants == 3
    assert count(tmp_path, "new").variants == 2


def test_the_luckiest_of_many_beginnings_and_assets_seldom_keeps_its_claim(tmp_path: Path) -> None:
    """Coins at break-even from ten beginnings, or on ten assets: some run claims an edge by itself far more often than
    once in 20 times, and at most as often once the ledger has counted them."""
    note(tmp_path, *(trial(dataset=f"d{n}", start=n * HOUR, end=30 * HOUR) for n in range(1, 11)))
    needed = deflated(20, count(tmp_path, "d1").variants).needed
    assert needed == 200
    chance = np.random.default_rng(4)
    fractions = np.array([0.02, 0.05, 0.1, 0.15, 0.2, 0.3])[:, None]
    for are_nested in (True, False):
        most = np.zeros(400)
        wealth = np.zeros((10, 6, 400))
        for trade in range(1_000):
            won = chance.random(400) < 1 / 1.92 if are_nested else chance.random((10, 1, 400)) < 1 / 1.92
            step = np.log1p(fractions * np.where(won, 0.92, -1.0))
            begun = trade // 100 + 1 if are_nested else 10
            wealth[:begun] += step if are_nested else step[:begun]
            most = np.maximum(most, np.exp(wealth).mean(axis=1).max(axis=0))
        assert (most >= 20).mean() > 0.12
        assert (most >= needed).mean() <= 0.05


def test_lines_of_before_count(tmp_path: Path) -> None:
    """Where a line has no beginning, each data set counts; where it has no end, it reaches to when it was noted."""
    end, at = LAST_MILLIS + 1, 10 * HOUR
    note(tmp_path, *(trial(dataset=name, start=0, end=end, at=at) for name in ("a", "b", "b")))
    note(tmp_path, trial(dataset="c", start=HOUR, end=2 * HOUR, at=at), trial(6, dataset="d", start=at, end=2 * at))
    assert count(tmp_path, "a") == Tried(runs=4, variants=3, elsewhere=3, best=4.0)
    assert count(tmp_path, "d").variants == 1
    note(tmp_path, *(trial(dataset="a", kind="sweep", start=0, end=end, at=at, sweep=each) for each in (None, "x")))
    assert count(tmp_path, "a").variants == 5


def test_the_choice_of_each_sweep_is_a_try(tmp_path: Path) -> None:
    """What training chose among variants is claimed too: with other folds over the same variants it is another."""
    note(tmp_path, *(trial(n, kind="sweep", sweep="first") for n in range(5)))
    assert count(tmp_path, "d1").variants == 6
    note(tmp_path, *(trial(n, kind="sweep", sweep="other folds") for n in range(5)))
    assert count(tmp_path, "d1") == Tried(runs=10, variants=7, elsewhere=0, best=4.0)


def test_the_best_of_several_data_sets_counts_all(tmp_path: Path) -> None:
    """Whoever shows results on data of other times side by side picks among both."""
    note(tmp_path, trial(5), *(trial(n, dataset="d2", start=9 * HOUR, end=10 * HOUR) for n in (6, 7)))
    assert [count(tmp_path, *each).variants for each in (("d1",), ("d2",), ("d1", "d2"))] == [1, 2, 3]


def test_a_line_that_a_crash_has_torn_costs_only_itself(tmp_path: Path) -> None:
    """Whatever is left of it; what is noted later begins on a line of its own, and what cannot be read is counted."""
    note(tmp_path, trial(5), trial(6))
    whole = (tmp_path / FILE).read_bytes()
    second = whole.index(b"\n") + 1
    for end in range(second + 1, len(whole) - 1):
        (tmp_path / FILE).write_bytes(whole[:end])
        note(tmp_path, trial(7))
        found = read(tmp_path)
        assert [each.options["fast"] for each in found.trials] == [5, 7]
        assert found.damaged == 1
    (tmp_path / FILE).write_bytes(whole[:-1])
    note(tmp_path, trial(7))
    assert [each.options["fast"] for each in read(tmp_path).trials] == [5, 6, 7]
    (tmp_path / FILE).write_bytes(whole + b'{"not": "a trial"}\n\xff\xfe\n\n')
    assert read(tmp_path).damaged == 2


def test_what_cannot_be_read_makes_no_claim_stronger(tmp_path: Path) -> None:
    """A line that is damaged may have been a variant on these data, so it counts as one on all of them."""
    note(tmp_path, trial(5), trial(6))
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes().replace(b'"fast":6', b'"fast":', 1))
    assert (read(tmp_path).damaged, count(tmp_path, "d1").runs) == (1, 1)
    assert count(tmp_path, "d1").variants == 2


def test_several_may_write_at_once(tmp_path: Path) -> None:
    """Every line stays whole and none is lost."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda fast: note(tmp_path, trial(fast), trial(fast)), range(40)))
    assert count(tmp_path, "d1") == Tried(runs=80, variants=40, elsewhere=0, best=4.0)
    assert read(tmp_path).damaged == 0


def test_settings_have_one_digest() -> None:
    """Whatever the order of their names, and of values that JSON does not know."""
    assert digest({"a": 1, "b": Path("x")}) == digest({"b": Path("x"), "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
    assert len(digest(msgspec.to_builtins(trial()))) == 64


def test_what_is_no_number_is_not_noted(tmp_path: Path) -> None:
    """Evidence that is infinite could not be read again."""
    for wrong in (float("inf"), float("nan")):
        with pytest.raises(ValueError, match="finite"):
            note(tmp_path, trial(e_value=wrong))
    note(tmp_path, trial(p_value=0.0))
    assert count(tmp_path, "d1").best == pytest.approx(1e300)


def test_a_ledger_that_cannot_be_written_or_read_is_told(tmp_path: Path) -> None:
    """With the name of the file."""
    (tmp_path / FILE).mkdir()
    with pytest.raises(Unavailable, match=r"trials\.jsonl cannot be written"):
        note(tmp_path, trial())
    with pytest.raises(Unavailable, match=r"trials\.jsonl cannot be read"):
        read(tmp_path)

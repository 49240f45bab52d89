"""The ledger of everything tried: nothing is lost, nothing counts twice, and data that was only cut anew counts."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qfluxd.errors import Unavailable
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
    """Runs on data that share assets and time count; those on other assets, on later or on unknown data do not."""
    note(
        tmp_path,
        trial(5),
        trial(6, dataset="d2", start=HOUR, end=5 * HOUR, p_value=0.01),
        trial(7, dataset="d3", assets=("GBPUSD_otc",)),
        trial(8, dataset="d4", start=2 * HOUR, end=3 * HOUR),
        trial(9, dataset="d5", assets=(), start=None, end=None),
    )
    assert count(tmp_path, "d1") == Tried(runs=2, variants=2, elsewhere=1, best=100.0)
    assert count(tmp_path, "d2") == Tried(runs=3, variants=3, elsewhere=2, best=100.0)
    assert count(tmp_path, "d5") == Tried(runs=1, variants=1, elsewhere=0, best=4.0)


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

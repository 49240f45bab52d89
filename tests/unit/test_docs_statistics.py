"""docs/statistics.md shows what is true."""

import re
import sys
from pathlib import Path
from subprocess import run

import numpy as np
import pytest

from qfluxd.evidence import break_even
from qfluxd.research import statistics
from qfluxd.research.statistics import betting_power, expected, trades_for_power
from qfluxd.strategy import Floats
from tests.support.fixtures import ROOT
from tests.support.made_trades import by_chance

PAGE = (ROOT / "docs" / "statistics.md").read_text()


def block(kind: str) -> str:
    """The first block of a kind."""
    found = re.search(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def table(head: str) -> list[list[str]]:
    """The rows of the table that begins so."""
    rows = PAGE.partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_example_prints_what_is_shown(tmp_path: Path) -> None:
    """Run as it stands beside such trades, line by line."""
    by_chance(900, 0.575, seed=3).write_parquet(tmp_path / "trades.parquet")
    done = run([sys.executable, "-c", block("python")], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout == block("text")


def test_sample_sizes() -> None:
    """Every cell of the table of trades for a power of four in five."""
    rows = table("payout")
    assert len(rows) == 3
    for payout, *cells in rows:
        level = break_even(int(payout.removesuffix(" %")))
        expected = [f"{trades_for_power(rate, level):,}" for rate in (0.56, 0.58, 0.60, 0.65)]
        assert cells == expected


@pytest.mark.parametrize("row", table("true rate"), ids=lambda row: row[0])
def test_power_by_simulation(row: list[str]) -> None:
    """Every row of the table of what is found by when."""
    percent, *shares, median = row
    rate = int(percent.removesuffix(" %")) / 100
    found = betting_power(rate, [80, 85, 90, 92], ties=0.1, trades=6_000, seed=1)
    assert shares == [f"{100 * found.share(count):.0f} %" for count in (500, 1_000, 2_000, 6_000)]
    assert median == f"{found.median:,}"


def bets(count: int, chance: np.random.Generator, worse: float = 0.0) -> Floats:
    """Units of trades at a payout of 92 %, as often better than break-even as worse by so much, about 50 at a time."""
    moods = (np.cumsum(chance.random(count) < 1 / 50) + (chance.random() < 0.5)) % 2
    return np.where(chance.random(count) < 1 / 1.92 + worse * (2 * moods - 1), 0.92, -1.0)


@pytest.mark.parametrize(
    "row", [row for row in table("series") if "bets" in row[0] and int(row[1].replace(",", "")) <= 100], ids="-".join
)
def test_how_often_the_interval_holds_the_truth(row: list[str]) -> None:
    """The rows of few trades, as closely as 1,000 series can tell: fewer hold the true mean than is their aim."""
    name, count, *cells = row
    chance = np.random.default_rng(1)
    held = usual = 0
    for seed in range(1_000):
        units = bets(int(count), chance, 0.0 if name.startswith("independent") else 0.3)
        interval = expected(units, paths=500, seed=seed).interval
        assert interval is not None
        held += interval.low <= 0 <= interval.high
        usual += abs(units.mean()) <= 1.96 * units.std(ddof=1) / np.sqrt(units.size)
    assert [float(cell.removesuffix(" %")) for cell in cells] == [
        pytest.approx(number / 10, abs=4) for number in (held, usual)
    ]


def test_what_is_named_is_there() -> None:
    """Functions that the page names in code are those of the module or of the evidence."""
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+|deflated|discoveries|adjusted|drawdowns|mcnemar)`", PAGE))
    assert named - set(statistics.__all__) == set()
    assert len(named) >= 10

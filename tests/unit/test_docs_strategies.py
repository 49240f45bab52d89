"""The page about strategies says what is true: its example works, and its tables name what there is."""

import re
from pathlib import Path

import pytest

from qfluxd.loading import load_strategy_file, strategy_names
from qfluxd.strategy import CALL, PUT
from qfluxd.testing import CHECKS, KINDS, check_strategy
from tests.support.fixtures import ROOT
from tests.support.strategy_views import said, view

PAGE = (ROOT / "docs" / "strategies.md").read_text()


def column(title: str) -> list[str]:
    """The first cells of the table whose first column has that title."""
    table = PAGE[PAGE.index(f"| {title} |") :].split("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


def test_the_example_works(tmp_path: Path) -> None:
    """The strategy on the page, put into a file, passes every check and says what its text says."""
    (text,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    file = tmp_path / "rows.py"
    file.write_text(text)
    strategy = load_strategy_file(file)()
    assert [str(each) for each in check_strategy(strategy) if each.verdict != "good"] == []
    assert said(strategy.signals(view([5.0, 4.0, 3.0, 2.0, 3.0, 4.0, 5.0]))) == {3: CALL, 6: PUT}


def test_every_strategy_is_on_the_page() -> None:
    """The table has a row for each strategy that is installed, and for no other."""
    assert sorted(column("name")) == strategy_names()


def test_every_check_is_on_the_page() -> None:
    """The table has a row for each check, in the order in which they are told."""
    assert column("check") == list(CHECKS)
    assert len(KINDS) == 10
    assert "asks a strategy about ten made-up markets" in PAGE


@pytest.mark.parametrize(("payout", "share"), [(92, "52.1"), (80, "55.6")])
def test_break_even(payout: int, share: str) -> None:
    """The shares that break even are 1 / (1 + payout)."""
    assert f"{100 / (1 + payout / 100):.1f}" == share
    assert re.search(rf"{payout} %[^.]*{share} %|{payout} % needs {share} %", PAGE)

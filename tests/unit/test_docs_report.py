"""docs/report.md shows what is true."""

import re
import shlex
from pathlib import Path

import pytest

from qfluxd.cli import main
from qfluxd.research.report.material import FEW
from qfluxd.research.report.page import MOST
from tests.support.fixtures import ROOT
from tests.support.reports import Seen, result_folder
from tests.support.trades import made_trades

PAGE = (ROOT / "docs" / "report.md").read_text()


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command on the page prints what the page shows, and writes a report with every part that the table names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    result_folder(Path("rsi"), made_trades(600, rate=0.54, days=30))
    (block,) = re.findall(r"^```console\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    command, *shown = block.splitlines()
    assert main([*shlex.split(command.removeprefix("$ qfluxd ")), "--folder", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert [line.rstrip() for line in (told.out + told.err).splitlines()] == shown
    seen = Seen(Path("report.html").read_text())
    text = seen.text.lower().replace("the figures", "")
    named = [row.split("|")[1] for row in PAGE.partition("| part |")[2].splitlines() if row.startswith("| ")]
    parts = {part.strip() for row in named for part in row.split(",")}
    assert len(parts) > 12
    elsewhere = {"the verdict", "side by side", "the figures"}  # those have headings of other words
    assert [part for part in parts - elsewhere if part not in text] == []


def test_numbers_on_the_page() -> None:
    """Where the page says thirty, sixty and eight, the code does too."""
    assert f"fewer than {FEW} decisive trades" in PAGE
    assert f"fewer than {2 * FEW} decisive ones" in PAGE
    assert MOST == 8
    assert "Of more than eight strategies" in PAGE

"""docs/models.md shows what is true."""

import re
import shlex
import tomllib
from pathlib import Path

import polars as pl
import pytest

from qfluxd.cli import main
from qfluxd.research.recipe import Recipe, read_recipe
from qfluxd.strategies.features import DEFAULT_FEATURES, Features
from qfluxd.strategies.model import Model
from qfluxd.strategies.talibrary import OFFERED
from qfluxd.strategies.vocabulary import OWN
from tests.support.fixtures import ROOT
from tests.support.planted import planted

PAGE = (ROOT / "docs" / "models.md").read_text()


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_recipe_is_one(tmp_path: Path) -> None:
    """The recipe on the page can be read, names every option, and has the defaults that it seems to have."""
    file = tmp_path / "recipe.toml"
    file.write_text(blocks("text")[0])
    shown = read_recipe(file, {})
    assert set(tomllib.loads(blocks("text")[0])) == set(Recipe.model_fields)
    assert shown.model_copy(update={"features": dict(DEFAULT_FEATURES), "expiry": None}) == Recipe(assets=shown.assets)
    assert len(DEFAULT_FEATURES) == 12


@pytest.mark.parametrize("row", [row for row in PAGE.splitlines() if row.startswith("| ") and "`" in row])
def test_formulas_in_the_table(row: str) -> None:
    """What the table of formulas shows is of the grammar."""
    for shown in re.findall(r"`([^`]+)`", row.partition(" | ")[2]):
        if re.match(r"\w+\(|.*\[\d\]|[mhs]\d+\.|\w+_(sin|cos)$", shown):
            text = re.sub(r"\bx\b|\by\b", "close", shown)
            numbers = {"low, high": "0, 1"} if shown.startswith("clip") else {"n)": "5)"}
            for letters, value in numbers.items():
                text = text.replace(letters, value)
            Features({"shown": text})


def test_every_function_is_in_the_table() -> None:
    """No function of the grammar is left out, and there are about as many of TA-Lib's as is said."""
    assert [name for name in OWN if f"`{name}" not in PAGE] == []
    assert 95 <= len(OFFERED) <= 110


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command on the page trains a model and says the same things in order; the strategy takes its file."""
    monkeypatch.chdir(tmp_path)
    candles = planted(2000, turns=0.5, seed=3).candles
    stamp = pl.col("at").dt.to_string("%Y-%m-%dT%H:%M:%SZ").alias("timestamp")
    candles.select(stamp, "open", "high", "low", "close").write_csv("eurusd.csv")
    command, *shown = blocks("console")[0].splitlines()
    assert main(shlex.split(command.removeprefix("$ qfluxd "))) == 0
    told = capsys.readouterr().out.splitlines()
    assert len(told) == len(shown)
    assert [_rule(line) for line in told] == [_rule(line) for line in shown]
    table = tomllib.loads(blocks("text")[1])["strategy"][0]
    assert table["use"] == "model"
    model = Model(**table["options"])
    assert not model.is_proven
    options = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert options == set(Model.model_fields)


def _rule(line: str) -> list[str]:
    """How a line begins, without its figures."""
    return re.sub(r"[\d.,]+", "#", line).split()[:1]

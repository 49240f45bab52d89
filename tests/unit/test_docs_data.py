"""The page about data says what is true: its example does what it shows, and its table has every finding."""

import json
import re
import shlex
from pathlib import Path

import msgspec
import pytest

from qfluxd.cli import main
from qfluxd.market import disagreements, findings, glitches, verify
from qfluxd.market.findings import LEVELS, Finding
from qfluxd.market.layout import KINDS
from qfluxd.market.parquet import SCHEMAS
from qfluxd.market.verify import Looked
from qfluxd.research.dataset import open_dataset
from tests.support.fixtures import ROOT

PAGE = (ROOT / "docs" / "data.md").read_text()


def block(kind: str) -> str:
    """The page's one block of a kind."""
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return str(text)


def test_the_example_does_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command, in an empty folder with the file on the page, prints what stands under it."""
    monkeypatch.chdir(tmp_path)
    Path("EURUSD_otc_20251027.csv").write_text(block("csv"))
    for part in block("console").split("$ qfluxd ")[1:]:
        line, _, shown = part.partition("\n")
        main(shlex.split(line))
        printed = capsys.readouterr()
        said = printed.out or printed.err
        name = open_dataset(Path("research")).hash if "HASH" in shown else ""
        assert said.splitlines() == shown.replace("HASH", name).splitlines()


def test_every_finding_is_on_the_page() -> None:
    """With its level, and no other."""
    told: dict[str, str] = {}
    for codes, level in re.findall(r"^\| (`[a-z_`, ]+) \| (wrong|missing|note) \|", PAGE, re.MULTILINE):
        told |= dict.fromkeys(re.findall(r"`([a-z_]+)`", codes), level)
    sources = "".join(Path(str(module.__file__)).read_text() for module in (findings, disagreements, glitches, verify))
    made = {code: level for level, code in re.findall(r'"(wrong|missing|note)", "(?!missing|note)([a-z_]+)"', sources)}
    assert told == made


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_are_on_the_page(kind: str) -> None:
    """Every kind with its columns, as they are written."""
    columns = ", ".join(SCHEMAS[kind])  # type: ignore[index]
    assert re.search(rf"^{kind}/EURUSD_otc/\S*\.parquet +{columns}$", PAGE, re.MULTILINE)


def test_the_document_of_verify_is_on_the_page() -> None:
    """With every field of what was looked at and of a finding, and no other."""
    document = json.loads(block("text"))
    for rows, kind in ((document["looked"], Looked), (document["findings"], Finding)):
        assert [msgspec.to_builtins(msgspec.convert(row, kind)) for row in rows] == rows
    assert tuple(document["counts"]) == LEVELS

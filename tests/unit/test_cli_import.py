"""`qfluxd data import` from outside: what it prints, what it refuses, and what it leaves."""

import json
from pathlib import Path

import pytest

from qfluxd.cli import main
from qfluxd.research.dataset import open_dataset

GOOD = "at,price\n1761566400,1.5\n1761566401,1.6\n"
FLAT = "at,price\n" + "".join(f"{1761566400 + n * 60},1.5\n" for n in range(20))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    return tmp_path


def test_one_file_that_is_refused_does_not_stop_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong goes to standard error, with the file's name; exit 1."""
    Path("EURUSD_otc.csv").write_text(GOOD)
    Path("prices.csv").write_text(GOOD)
    assert main(["data", "import", "prices.csv", "EURUSD_otc.csv", "--to", "data"]) == 1
    printed = capsys.readouterr()
    assert printed.err == "prices.csv: nothing says which asset it is of; give --asset, the broker's exact symbol\n"
    assert "EURUSD_otc.csv  ticks  EURUSD_otc" in printed.out
    assert printed.out.splitlines()[-1] == f"data: data set {open_dataset(Path('data')).hash}"


def test_json_has_all_that_people_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """And the hash of the data set, as results carry it."""
    Path("EURUSD_otc.csv").write_text(FLAT)
    assert main(["data", "import", "EURUSD_otc.csv", "none.csv", "--to", "data", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["hash"] == open_dataset(Path("data")).hash
    assert list(told["refused"]) == ["none.csv"]
    (report,) = told["files"]
    assert (report["read"], report["kept"], report["added"], report["zone"]) == (20, 20, 20, "UTC, as epochs are")
    assert [flat["count"] for flat in report["flat"]] == [20]


def test_a_flat_stretch_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """From when until when."""
    Path("EURUSD_otc.csv").write_text(FLAT)
    assert main(["data", "import", "EURUSD_otc.csv", "--to", "data"]) == 0
    told = "the price did not move from 2025-10-27T12:00:00Z to 2025-10-27T12:19:00Z, in 20 rows"
    assert f"EURUSD_otc.csv: {told}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--timeframe", "7x"], "is not a timeframe"),
        (["--timezone", "Mars"], "no such time zone"),
        (["--timezone", "UTC", "--server-offset", "7200"], "give one"),
    ],
)
def test_options_that_make_no_sense(options: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is imported, and no folder is made."""
    assert main(["data", "import", "x.csv", "--to", "data", *options]) == 1
    assert why in capsys.readouterr().err
    assert not Path("data").exists()


def test_what_was_imported_is_listed_and_exported(capsys: pytest.CaptureFixture[str]) -> None:
    """The folder is one that all `data` commands read; payouts with `--kind`."""
    rows = "at,payout,open\n1761566400,92,true\n"
    Path("EURUSD_otc.csv").write_text(rows)
    assert main(["data", "import", "EURUSD_otc.csv", "--to", "data"]) == 0
    assert "data set" not in capsys.readouterr().out  # there are no prices in it
    assert main(["data", "export", "EURUSD_otc", "--kind", "payouts", "--folder", "data", "--to", "out.csv"]) == 0
    assert Path("out.csv").read_text() == ("timestamp,asset,payout,open\n2025-10-27T12:00:00.000Z,EURUSD_otc,92,true\n")
    capsys.readouterr()
    assert main(["data", "export", "X", "--kind", "payouts", "--timeframe", "1m", "--folder", "data"]) == 1
    assert "payouts have none" in capsys.readouterr().err


def test_folders_that_cannot_be_written_to(capsys: pytest.CaptureFixture[str]) -> None:
    """A file where the folder should be is an error with its name."""
    Path("data").write_text("")
    Path("EURUSD_otc.csv").write_text(GOOD)
    assert main(["data", "import", "EURUSD_otc.csv", "--to", "data"]) == 1
    assert capsys.readouterr().err.startswith("qfluxd: data: cannot be written to")


def test_names_command_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """What would command a terminal, in an asset's name, is shown and not sent."""
    Path("odd.csv").write_text(
        "time,asset,price\n2025-01-01T00:00:00Z,\x1b[31mX,1.1\n2025-01-01T00:00:01Z,\x1b[31mX,1.2\n"
    )
    assert main(["data", "import", "odd.csv", "--to", "odd"]) == 0
    told = capsys.readouterr().out
    assert "\\x1b[31mX" in told
    assert "\x1b" not in told


def test_no_asset_of_that_name_is_verified(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong name is refused, not found in order."""
    Path("X.csv").write_text("time,price\n2025-01-01T00:00:00Z,1.1\n")
    assert main(["data", "import", "X.csv", "--to", "data", "--asset", "X"]) == 0
    assert main(["data", "verify", "Y", "--folder", "data"]) == 1
    assert "data: holds nothing of Y; it holds X" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "what"), [(["--folder", "data", "--from", "2030-01-01"], "nothing of that time"), ([], "nothing")]
)
def test_what_was_not_looked_at_is_not_found_in_order(
    capsys: pytest.CaptureFixture[str], words: list[str], what: str
) -> None:
    """A time of which nothing is stored, and a store that is not there: exit 1, and for programs a document of it."""
    Path("EURUSD_otc.csv").write_text(GOOD)
    assert main(["data", "import", "EURUSD_otc.csv", "--to", "data"]) == 0
    capsys.readouterr()
    assert main(["data", "verify", *words]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.endswith(f": holds {what}, so nothing was looked at\n")
    assert main(["data", "verify", "--json", *words]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["looked"], told["findings"]) == ([], [])


def test_how_much_was_looked_at_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Where all is well too: rows of each kind, and from when until when; for programs by asset, in one document."""
    Path("EURUSD_otc.csv").write_text(GOOD)
    assert main(["data", "import", "EURUSD_otc.csv", "--to", "data"]) == 0
    capsys.readouterr()
    assert main(["data", "verify", "--folder", "data"]) == 0
    looked = "looked at 2 ticks, from 2025-10-27T12:00:00Z to 2025-10-27T12:00:01Z"
    assert capsys.readouterr() == ("", f"{looked}: nothing to complain of\n")
    assert main(["data", "verify", "--folder", "data", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "folder": "data",
        "looked": [
            {
                "kind": "ticks",
                "asset": "EURUSD_otc",
                "timeframe": None,
                "days": 1,
                "rows": 2,
                "first": 1_761_566_400_000,
                "last": 1_761_566_401_000,
            }
        ],
        "counts": {"wrong": 0, "missing": 0, "note": 0},
        "findings": [],
    }


def test_findings_are_a_list_in_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever was found; those that follow each other are one, in words and for programs."""
    ticks = "".join(f"{1761566400 + n + n // 9 * 80},{1.5 + n % 3 / 1e4}\n" for n in range(27))
    Path("EURUSD_otc.csv").write_text(f"at,price\n{ticks}")
    assert main(["data", "import", "EURUSD_otc.csv", "--to", "data"]) == 0
    capsys.readouterr()
    assert main(["data", "verify", "--folder", "data", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["counts"] == {"wrong": 0, "missing": 1, "note": 0}
    assert [(each["code"], each["times"]) for each in told["findings"]] == [("silence", 2)]
    assert main(["data", "verify", "--folder", "data"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("missing  ticks EURUSD_otc  silence  2025-10-27T12:00:08Z to 2025-10-27T12:02:58Z")
    assert printed.out.endswith(" (2 times)\n")
    assert printed.err.endswith(": 1 missing\n")

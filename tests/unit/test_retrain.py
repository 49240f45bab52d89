"""Training again happens in a process of its own, and ends when it must."""

import asyncio
import os
from pathlib import Path

import pytest

from qfluxd.research.aside import NICE
from qfluxd.research.retrain import RetrainingFailed, retrain
from qfluxd.strategies.card import candidate_file, card_file
from tests.support.planted import ASSET, planted

RECIPE = f'assets = ["{ASSET}"]\nmodels = ["logistic"]\nfolds = 2\n[features]\nturned = "sign(close - open)"\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with candles, and a recipe that a training waits for until it is written."""
    os.mkfifo(tmp_path / "eurusd.toml")
    planted(700).candles.write_parquet(tmp_path / "candles.parquet")
    return tmp_path


def children() -> list[int]:
    """The processes that this one has started and not yet buried."""
    return [int(word) for word in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()]


def spoil_what_it_writes(child: int) -> Path:
    """Where a training writes its model, which is half done now."""
    words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
    written = Path(words[words.index(b"--out") + 1].decode())
    written.write_text("half done")
    return written


def names(place: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(each.name for each in place.iterdir())


async def test_a_candidate_is_trained_beside_the_model(place: Path) -> None:
    """A process of low priority trains while the loop turns; its candidate's card is given, the model untouched."""
    model, recipe, before = place / "eurusd.onnx", place / "eurusd.toml", children()
    training = asyncio.create_task(retrain(model, recipe, ["--candles", str(place / "candles.parquet")]))
    with await asyncio.to_thread(recipe.open, "w") as waiting:
        (child,) = set(children()) - set(before)
        assert os.getpriority(os.PRIO_PROCESS, child) == NICE
        waiting.write(RECIPE)
    card = await training
    assert card.name == "eurusd"
    assert names(place) == ["candles.parquet", "eurusd.candidate.card.json", "eurusd.candidate.onnx", "eurusd.toml"]


async def test_a_training_works_beside_the_candidate_that_waits(place: Path) -> None:
    """Its process is given another place to write to, so one that is ended, however late, has replaced nothing."""
    model, before = place / "eurusd.onnx", children()
    waiting = candidate_file(model), card_file(candidate_file(model))
    for file in waiting:
        file.write_text("waits")
    training = asyncio.create_task(retrain(model, place / "eurusd.toml"))
    with await asyncio.to_thread((place / "eurusd.toml").open, "w"):
        (child,) = set(children()) - set(before)
        assert spoil_what_it_writes(child).parent.parent == place
        training.cancel()
        with pytest.raises(asyncio.CancelledError):
            await training
    assert [file.read_text() for file in waiting] == ["waits", "waits"]
    assert names(place) == ["candles.parquet", "eurusd.candidate.card.json", "eurusd.candidate.onnx", "eurusd.toml"]


async def test_a_training_that_fails_says_why(place: Path) -> None:
    """The last sentence of the process is the reason."""
    training = asyncio.create_task(retrain(place / "eurusd.onnx", place / "eurusd.toml", ["--candles", "none.csv"]))
    with await asyncio.to_thread((place / "eurusd.toml").open, "w") as waiting:
        waiting.write(RECIPE)
    with pytest.raises(RetrainingFailed, match=r"failed: none\.csv: there is no such file"):
        await training


async def test_a_training_that_takes_too_long_is_ended(place: Path) -> None:
    """After its time the process is gone, and nothing was written."""
    before = children()
    with pytest.raises(RetrainingFailed, match="took longer than 0 s and was ended"):
        await retrain(place / "eurusd.onnx", place / "eurusd.toml", limit=50)
    assert children() == before
    assert not candidate_file(place / "eurusd.onnx").exists()


async def test_cancelling_ends_the_process(place: Path) -> None:
    """A daemon that stops leaves no training behind."""
    before = children()
    training = asyncio.create_task(retrain(place / "eurusd.onnx", place / "eurusd.toml"))
    with await asyncio.to_thread((place / "eurusd.toml").open, "w"):
        training.cancel()
        with pytest.raises(asyncio.CancelledError):
            await training
    assert children() == before

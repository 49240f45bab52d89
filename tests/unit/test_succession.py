"""A model's files change hands without a moment in which the wrong one could be used."""

from pathlib import Path

import pytest

from qfluxd.errors import DataError
from qfluxd.research.recipe import Recipe
from qfluxd.research.succession import adopt, candidate_file, finish, previous_file, reject
from qfluxd.research.train import Trained, Training
from qfluxd.strategies.card import card_file, digest, read_card
from tests.support.planted import ASSET, planted


def train(seed: int, name: str) -> Trained:
    recipe = Recipe(assets=(ASSET,), features={"turned": "sign(close - open)"}, models=("logistic",), folds=2)
    return Training(recipe, [planted(700, seed=seed)], "here").run(name, 0)


@pytest.fixture(scope="module")
def models() -> tuple[Trained, Trained]:
    """One in use, and one that waits."""
    return train(1, "old"), train(2, "new")


@pytest.fixture
def file(models: tuple[Trained, Trained], tmp_path: Path) -> Path:
    """Where the first lies; the second lies beside it as its candidate."""
    place = tmp_path / "eurusd.onnx"
    models[0].write(place)
    models[1].write(candidate_file(place))
    return place


def name_of(file: Path) -> str:
    return read_card(file, digest(file.read_bytes())).name


def test_the_candidate_takes_over_and_the_old_one_is_kept(file: Path) -> None:
    """After it the new pair is in use, the old pair is the previous one, and nothing waits."""
    assert adopt(file).name == "new"
    assert (name_of(file), name_of(previous_file(file))) == ("new", "old")
    assert not candidate_file(file).exists()
    assert not card_file(candidate_file(file)).exists()
    assert sorted(each.name for each in file.parent.iterdir()) == [
        "eurusd.card.json",
        "eurusd.onnx",
        "eurusd.previous.card.json",
        "eurusd.previous.onnx",
    ]


def test_the_first_model_has_no_predecessor(models: tuple[Trained, Trained], tmp_path: Path) -> None:
    """Where no model is in use yet, the candidate becomes it."""
    file = tmp_path / "eurusd.onnx"
    models[1].write(candidate_file(file))
    assert adopt(file).name == "new"
    assert not previous_file(file).exists()


def test_a_crash_between_the_two_files_is_mended(file: Path) -> None:
    """Killed after the card was put in place, the pair is refused as it is, and made whole by the next start."""
    card_file(candidate_file(file)).replace(card_file(file))
    with pytest.raises(ValueError, match="is the card of another model"):
        name_of(file)
    assert finish(file)
    assert name_of(file) == "new"
    assert not finish(file)


def test_nothing_to_finish(file: Path) -> None:
    """With a whole pair, whether a candidate waits or not, a start changes nothing."""
    assert not finish(file)
    candidate_file(file).unlink()
    assert not finish(file)
    assert name_of(file) == "old"


def test_no_candidate_or_a_spoilt_one(file: Path) -> None:
    """Nothing is replaced by what is not there, or does not fit its card."""
    candidate_file(file).write_bytes(b"spoilt")
    with pytest.raises(DataError, match="is the card of another model"):
        adopt(file)
    candidate_file(file).unlink()
    with pytest.raises(DataError, match="nothing waits to take over"):
        adopt(file)
    assert name_of(file) == "old"


def test_a_rejected_candidate_goes(file: Path) -> None:
    """It and its card are deleted, the pair in use is not touched, and there need not have been one."""
    reject(file)
    reject(file)
    assert name_of(file) == "old"
    assert sorted(each.name for each in file.parent.iterdir()) == ["eurusd.card.json", "eurusd.onnx"]

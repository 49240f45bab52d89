"""A model's files change hands without a moment in which the wrong one could be used."""

from collections.abc import Callable
from pathlib import Path

import pytest

from qfluxd.errors import DataError
from qfluxd.research.recipe import Recipe
from qfluxd.research.succession import (
    ModelReplaced,
    Rivals,
    adopt,
    nominate,
    previous_file,
    reject,
)
from qfluxd.research.train import Trained, Training
from qfluxd.strategies.card import candidate_file, card_file, digest, finish, read_card
from qfluxd.strategies.model import Model
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


@pytest.fixture
def compared(models: tuple[Trained, Trained]) -> Rivals:
    """The two that were compared."""
    return Rivals(digest(models[0].model), digest(models[1].model))


def name_of(file: Path) -> str:
    return read_card(file, digest(file.read_bytes())).name


def test_the_candidate_takes_over_and_the_old_one_is_kept(file: Path, compared: Rivals) -> None:
    """After it the new pair is in use, the old pair is the previous one, and nothing waits."""
    assert adopt(file, compared).name == "new"
    assert (name_of(file), name_of(previous_file(file))) == ("new", "old")
    assert not candidate_file(file).exists()
    assert not card_file(candidate_file(file)).exists()
    assert sorted(each.name for each in file.parent.iterdir()) == [
        "eurusd.card.json",
        "eurusd.onnx",
        "eurusd.previous.card.json",
        "eurusd.previous.onnx",
    ]


@pytest.mark.parametrize("move", [adopt, reject])
@pytest.mark.parametrize("which", ["candidate", "in use", "nothing in use"])
def test_only_what_was_compared_changes_place(
    file: Path, compared: Rivals, move: Callable[[Path, Rivals], object], which: str
) -> None:
    """Where another model lies in the place of one of the two, or none any more, nothing is moved or deleted."""
    changed = candidate_file(file) if which == "candidate" else file
    if which == "nothing in use":
        file.unlink()
    else:
        train(3, "another").write(changed)
    before = {each.name: each.read_bytes() for each in file.parent.iterdir()}
    with pytest.raises(ModelReplaced, match=f"{changed.name}: is not the model that was compared"):
        move(file, compared)
    assert {each.name: each.read_bytes() for each in file.parent.iterdir()} == before


def test_a_model_without_its_card_is_not_kept(file: Path, compared: Rivals) -> None:
    """Nobody could go back to it."""
    card_file(file).unlink()
    assert adopt(file, compared).name == "new"
    assert not previous_file(file).exists()


@pytest.mark.parametrize("waited", [True, False])
def test_a_model_that_was_made_waits(file: Path, tmp_path: Path, waited: bool) -> None:
    """In the place of another one that waited, if there is one; the pair in use is not touched."""
    if not waited:
        candidate_file(file).unlink()
        card_file(candidate_file(file)).unlink()
    made = tmp_path / "made" / "eurusd.onnx"
    train(3, "another").write(made)
    nominate(made, file)
    assert (name_of(file), name_of(candidate_file(file))) == ("old", "another")
    assert not list(made.parent.iterdir())


def test_a_model_that_was_made_waits_for_a_half_done_change(file: Path, tmp_path: Path) -> None:
    """The candidate whose card is in use already takes its place first."""
    card_file(candidate_file(file)).replace(card_file(file))
    train(3, "another").write(tmp_path / "made" / "eurusd.onnx")
    nominate(tmp_path / "made" / "eurusd.onnx", file)
    assert (name_of(file), name_of(candidate_file(file))) == ("new", "another")


def test_what_is_not_there_cannot_wait(file: Path, tmp_path: Path) -> None:
    """Said as what is wrong with the file."""
    with pytest.raises(DataError, match=r"eurusd\.candidate\.onnx: cannot be replaced \(No such file or directory\)"):
        nominate(tmp_path / "none.onnx", file)


def test_a_crash_between_the_two_files_is_mended(file: Path) -> None:
    """Killed after the card was put in place, the pair is made whole by whoever opens the model next."""
    card_file(candidate_file(file)).replace(card_file(file))
    with pytest.raises(ValueError, match="is the card of another model"):
        name_of(file)
    assert Model(file=file).card.name == "new"
    assert name_of(file) == "new"
    assert not finish(file)


def test_nothing_to_finish(file: Path) -> None:
    """With a whole pair, whether a candidate waits or not, a start changes nothing."""
    assert not finish(file)
    candidate_file(file).unlink()
    assert not finish(file)
    assert name_of(file) == "old"


def test_no_candidate_or_one_without_its_card(file: Path, compared: Rivals) -> None:
    """Nothing is replaced by what is not there, or has no card that fits."""
    card_file(file).rename(card_file(candidate_file(file)))
    with pytest.raises(DataError, match="is the card of another model"):
        adopt(file, compared)
    candidate_file(file).unlink()
    for move in (adopt, reject):
        with pytest.raises(DataError, match="nothing waits to take over"):
            move(file, compared)
    assert digest(file.read_bytes()) == compared.current


def test_a_rejected_candidate_goes(file: Path, compared: Rivals) -> None:
    """It and its card are deleted, and the pair in use is not touched."""
    reject(file, compared)
    assert name_of(file) == "old"
    assert sorted(each.name for each in file.parent.iterdir()) == ["eurusd.card.json", "eurusd.onnx"]

"""A model's files while a newer one waits, takes over, and is kept a way back from.

eurusd.onnx            in use               eurusd.card.json
eurusd.candidate.onnx  waits, in shadow     eurusd.candidate.card.json
eurusd.previous.onnx   was in use before    eurusd.previous.card.json
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec

from qfluxd.errors import DataError
from qfluxd.market.parquet import write_whole
from qfluxd.strategies.card import Card, candidate_file, card_file, digest, finish, read_card

_MOVES: Final = Lock()
"""Files change places one move after the other: a training may end while a verdict is carried out."""


class Rivals(msgspec.Struct, frozen=True):
    """The two models that are compared, each by the SHA-256 of its file: the one in use and its candidate."""

    current: str
    candidate: str


class ModelReplaced(DataError):
    """Where one of the models lay that were compared there is another one now, of which the comparison says nothing."""


def previous_file(model: Path) -> Path:
    """Where the model lies that was in use before."""
    return model.with_suffix(".previous.onnx")


def nominate(made: Path, model: Path) -> None:
    """Let a model that was just made, and its card, wait as the candidate; another one that waited is gone.

    Whenever this is cut short, no model waits, or one with its own card; an `adopt` that was cut short is finished
    first. Raises `DataError` where it cannot be done.
    """
    candidate = candidate_file(model)
    with _MOVES, _translated(candidate, "replaced"):
        finish(model)
        candidate.unlink(missing_ok=True)
        card_file(made).replace(card_file(candidate))
        made.replace(candidate)


def adopt(model: Path, compared: Rivals) -> Card:
    """Put the candidate in the place of the model in use, which becomes the previous one; gives the new card.

    A reader sees the old pair of files or the new one: whoever opens the model between the two steps that this takes,
    or after a crash there, takes the second one first (`qfluxd.strategies.card.finish`).

    Raises:
        ModelReplaced: one of the two is not the model that was `compared`; nothing has changed.
        DataError: there is no candidate, its card does not fit, or a file cannot be written.
    """
    candidate = candidate_file(model)
    with _MOVES, _translated(model, "replaced"):
        _check(model, compared)
        read_card(candidate, compared.candidate)
        _keep(model)
        card_file(candidate).replace(card_file(model))
        finish(model)
        return read_card(model, digest(model.read_bytes()))


def reject(model: Path, compared: Rivals) -> None:
    """Delete the candidate and its card; the model in use stays. Raises as `adopt` does."""
    candidate = candidate_file(model)
    with _MOVES, _translated(candidate, "deleted"):
        _check(model, compared)
        for file in (candidate, card_file(candidate)):
            file.unlink(missing_ok=True)


@contextmanager
def _translated(file: Path, what: str) -> Iterator[None]:
    """Foreign errors as ours."""
    try:
        yield
    except OSError as problem:
        raise DataError(f"{file}: cannot be {what} ({problem.strerror or problem})") from None
    except ValueError as problem:
        raise DataError(str(problem)) from None


def _check(model: Path, compared: Rivals) -> None:
    """Both files still hold the models that were compared, or this raises."""
    candidate = candidate_file(model)
    if not candidate.exists():
        raise DataError(f"{candidate}: there is no such file; nothing waits to take over")
    for file, sha256 in ((candidate, compared.candidate), (model, compared.current)):
        if not file.exists() or digest(file.read_bytes()) != sha256:
            raise ModelReplaced(f"{file}: is not the model that was compared")


def _keep(model: Path) -> None:
    """Copy the pair in use, if it is one, so that somebody can go back to it."""
    if card_file(model).exists():
        write_whole(card_file(previous_file(model)), card_file(model).read_bytes())
        write_whole(previous_file(model), model.read_bytes())

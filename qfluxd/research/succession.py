"""A model's files while a newer one waits, takes over, and is kept a way back from.

eurusd.onnx            in use               eurusd.card.json
eurusd.candidate.onnx  waits, in shadow     eurusd.candidate.card.json
eurusd.previous.onnx   was in use before    eurusd.previous.card.json
"""

from pathlib import Path

from qfluxd.errors import DataError
from qfluxd.market.parquet import write_whole
from qfluxd.strategies.card import Card, card_file, digest, read_card


def candidate_file(model: Path) -> Path:
    """Where the model lies that may take this one's place."""
    return model.with_suffix(".candidate.onnx")


def previous_file(model: Path) -> Path:
    """Where the model lies that was in use before."""
    return model.with_suffix(".previous.onnx")


def adopt(model: Path) -> Card:
    """Put the candidate in the place of the model in use, which becomes the previous one; gives the new card.

    A reader sees the old pair of files or the new one. Between the two steps that this takes, and after a crash there,
    the card does not fit the model, which is refused with a sentence; `finish` or another `adopt` mends it.

    Raises:
        DataError: there is no candidate, its card does not fit, or a file cannot be written.
    """
    try:
        if not _is_half_done(model):
            candidate = candidate_file(model)
            read_card(candidate, digest(candidate.read_bytes()))
            _keep(model)
            card_file(candidate).replace(card_file(model))
        candidate_file(model).replace(model)
        return read_card(model, digest(model.read_bytes()))
    except FileNotFoundError:
        raise DataError(f"{candidate_file(model)}: there is no such file; nothing waits to take over") from None
    except OSError as problem:
        raise DataError(f"{model}: cannot be replaced ({problem.strerror or problem})") from None
    except ValueError as problem:
        raise DataError(str(problem)) from None


def reject(model: Path) -> None:
    """Delete the candidate and its card; the model in use stays. Raises `DataError` where that cannot be."""
    candidate = candidate_file(model)
    try:
        for file in (candidate, card_file(candidate)):
            file.unlink(missing_ok=True)
    except OSError as problem:
        raise DataError(f"{candidate}: cannot be deleted ({problem.strerror or problem})") from None


def finish(model: Path) -> bool:
    """Finish an `adopt` that a crash cut short; whether there was one. Raises `DataError` as that does."""
    if not _is_half_done(model):
        return False
    adopt(model)
    return True


def _is_half_done(model: Path) -> bool:
    """Whether the card in use already belongs to the candidate."""
    candidate = candidate_file(model)
    if card_file(candidate).exists() or not candidate.exists():
        return False
    try:
        read_card(model, digest(candidate.read_bytes()))
    except ValueError:
        return False
    return True


def _keep(model: Path) -> None:
    """Copy the pair in use, if there is one, so that somebody can go back to it."""
    if model.exists() and card_file(model).exists():
        write_whole(card_file(previous_file(model)), card_file(model).read_bytes())
        write_whole(previous_file(model), model.read_bytes())

"""Training beside a running daemon: what comes of it is a candidate, and the model in use stays."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from qfluxd.errors import DataError, QfluxdError
from qfluxd.model import SECOND, Millis
from qfluxd.research.aside import NICE, aside
from qfluxd.research.succession import nominate
from qfluxd.strategies.card import Card, candidate_file, digest, read_card

LIMIT: Final[Millis] = 3600 * SECOND


class RetrainingFailed(QfluxdError):
    """No new model was made; the one in use stays. The sentence says why."""


async def retrain(
    model: Path, recipe: Path, arguments: Sequence[str] = (), *, limit: Millis = LIMIT, nice: int = NICE
) -> Card:
    """Train by a recipe's file and put what comes of it beside `model`, as its candidate; gives the candidate's card.

    `arguments` are more words for `qfluxd train`, such as ``--config``. The process has at most `limit` ms; when this
    is cancelled it is ended too. A candidate that waits already stays where a training fails, however far it came.

    Raises:
        RetrainingFailed: the training failed, took too long, or left no readable card.
    """
    try:
        with TemporaryDirectory(prefix=".training-", dir=model.parent) as folder:
            made = Path(folder, candidate_file(model).name)
            await _train(made, recipe, arguments, limit, nice)
            card = read_card(made, digest(await asyncio.to_thread(made.read_bytes)))
            await asyncio.to_thread(nominate, made, model)
            return card
    except (OSError, ValueError, DataError) as problem:
        raise RetrainingFailed(f"training by {recipe} left nothing that can be used: {problem}") from None


async def _train(made: Path, recipe: Path, arguments: Sequence[str], limit: Millis, nice: int) -> None:
    words = ["train", "--recipe", str(recipe), "--out", str(made), "--json", *arguments]
    try:
        said = await aside(words, limit, nice=nice)
    except TimeoutError:
        raise RetrainingFailed(f"training by {recipe} took longer than {limit // SECOND} s and was ended") from None
    if said.code:
        raise RetrainingFailed(f"training by {recipe} failed: {said.last or f'exit {said.code}'}")

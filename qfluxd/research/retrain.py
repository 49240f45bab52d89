"""Training beside a running daemon: what comes of it is a candidate, and the model in use stays."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from qfluxd.errors import QfluxdError
from qfluxd.model import SECOND, Millis
from qfluxd.research.aside import NICE, aside
from qfluxd.research.succession import candidate_file
from qfluxd.strategies.card import Card, digest, read_card

LIMIT: Final[Millis] = 3600 * SECOND


class RetrainingFailed(QfluxdError):
    """No new model was made; the one in use stays. The sentence says why."""


async def retrain(
    model: Path, recipe: Path, arguments: Sequence[str] = (), *, limit: Millis = LIMIT, nice: int = NICE
) -> Card:
    """Train by a recipe's file and write what comes of it beside `model`, as its candidate; gives the candidate's card.

    `arguments` are more words for `qfluxd train`, such as ``--config``. The process has at most `limit` ms; when this
    is cancelled it is ended too.

    Raises:
        RetrainingFailed: the training failed, took too long, or left no readable card.
    """
    candidate = candidate_file(model)
    words = ["train", "--recipe", str(recipe), "--out", str(candidate), "--json", *arguments]
    try:
        said = await aside(words, limit, nice=nice)
    except TimeoutError:
        raise RetrainingFailed(f"training by {recipe} took longer than {limit // SECOND} s and was ended") from None
    if said.code:
        raise RetrainingFailed(f"training by {recipe} failed: {said.last or f'exit {said.code}'}")
    try:
        return read_card(candidate, digest(await asyncio.to_thread(candidate.read_bytes)))
    except (OSError, ValueError) as problem:
        raise RetrainingFailed(f"training by {recipe} left nothing that can be used: {problem}") from None

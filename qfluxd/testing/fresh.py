"""Asks a strategy in an interpreter of its own, whose sets have another order: ``python -m`` with a folder."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
import polars as pl

from qfluxd.errors import PluginError
from qfluxd.loading import load_strategy
from qfluxd.model import Millis, Series
from qfluxd.strategy import Strategy, View

_HASH_SEED: Final = "20011"
"""Any number does: strings have other hashes then, and sets of them another order."""
_SECONDS: Final = 120


class Question(msgspec.Struct, frozen=True):
    """Which strategy is asked, with which options, about which series; the candles lie in files beside it."""

    use: str
    options: dict[str, Any]
    folder: str | None
    series: Series
    longer: tuple[Millis, ...]


class FreshError(Exception):
    """It could not be asked there; the text says why."""


def ask_afresh(use: str, strategy: Strategy, view: View, folder: Path | None) -> pl.DataFrame:
    """What the strategy that is called `use`, with the same options, answers in a fresh interpreter.

    `folder` holds strategies of the owner's own.

    Raises:
        FreshError: another strategy has that name or none, or it raised there.
    """
    _check_loads(use, strategy, folder)
    with TemporaryDirectory(prefix="qfluxd-audit-") as place:
        there = Path(place)
        _write(there, use, strategy, view, folder)
        environment = os.environ | {"PYTHONHASHSEED": _HASH_SEED}
        command = (sys.executable, "-m", "qfluxd.testing.fresh", place)
        try:
            subprocess.run(command, env=environment, capture_output=True, check=True, timeout=_SECONDS)  # noqa: S603
        except subprocess.CalledProcessError as problem:
            raise FreshError((problem.stderr.decode(errors="replace").strip() or "it ended").splitlines()[-1]) from None
        except subprocess.TimeoutExpired:
            raise FreshError(f"it took longer than {_SECONDS} s") from None
        return pl.read_ipc(there / "answer")


def _check_loads(use: str, strategy: Strategy, folder: Path | None) -> None:
    try:
        found: type = load_strategy(use, folder)
    except PluginError as problem:
        raise FreshError(str(problem)) from None
    if found is not type(strategy):
        raise FreshError(f"{use} is the name of another strategy")


def _write(there: Path, use: str, strategy: Strategy, view: View, folder: Path | None) -> None:
    question = Question(
        use,
        strategy.model_dump(mode="json"),
        None if folder is None else str(folder.resolve()),
        view.series,
        tuple(view.higher),
    )
    (there / "question").write_bytes(msgspec.json.encode(question))
    view.candles.write_ipc(there / "candles")
    for length, frame in view.higher.items():
        frame.write_ipc(there / f"candles-{length}")


def _answer(there: Path) -> None:
    question = msgspec.json.decode((there / "question").read_bytes(), type=Question)
    folder = None if question.folder is None else Path(question.folder)
    model = load_strategy(question.use, folder)
    strategy = model.model_validate(question.options, context={"folder": folder})
    higher: Mapping[Millis, pl.DataFrame] = {
        length: pl.read_ipc(there / f"candles-{length}") for length in question.longer
    }
    view = View(question.series, pl.read_ipc(there / "candles"), higher)
    strategy.signals(view).write_ipc(there / "answer")


if __name__ == "__main__":
    _answer(Path(sys.argv[1]))

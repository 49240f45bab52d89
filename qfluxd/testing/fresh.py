"""Asks a strategy in an interpreter of its own, whose sets have another order: ``python -m`` with a folder."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import reduce
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
import polars as pl

from qfluxd.errors import PluginError
from qfluxd.loading import load_strategy_file
from qfluxd.model import Millis, Series
from qfluxd.strategy import Strategy, View

_HASH_SEED: Final = "20011"
"""Any number does: strings have other hashes then, and sets of them another order."""
_SECONDS: Final = 120

type Reply = pl.DataFrame | str
"""What it answers; where it raises, what."""


class _Home(msgspec.Struct, frozen=True):
    """Where a class is found again: in a file of the owner's own, or under a name in a module."""

    file: str | None
    module: str
    name: str

    @classmethod
    def of(cls, model: type) -> "_Home":
        module = sys.modules.get(model.__module__)
        if module is None or module.__name__ == "__main__" or "<locals>" in model.__qualname__:
            raise FreshError(f"{model.__name__} stands where nobody else finds it; put it into a file of its own")
        alone = module.__spec__ is None and module.__file__ is not None
        file = str(Path(module.__file__ or "").resolve()) if alone else None
        home = cls(file, module.__name__, model.__qualname__)
        if home.found() is not model:
            raise FreshError(f"{model.__name__} is another one in the file by now")
        return home

    def found(self) -> Any:
        """The class. Raises `FreshError`."""
        try:
            if self.file is not None:
                return load_strategy_file(Path(self.file))
            return reduce(getattr, self.name.split("."), import_module(self.module))
        except (PluginError, ImportError, AttributeError) as problem:
            raise FreshError(f"{self.name} is not found again: {problem}") from None


class _Asked(msgspec.Struct, frozen=True):
    """One view: its candles lie in files beside the question."""

    series: Series
    longer: tuple[Millis, ...]


class _Question(msgspec.Struct, frozen=True):
    """Which strategy is asked, with which options, about what, one after the other."""

    home: _Home
    options: dict[str, Any]
    folder: str | None
    asked: tuple[_Asked, ...]


class FreshError(Exception):
    """It could not be asked there; the text says why."""


def ask_afresh(strategy: Strategy, views: Sequence[View], folder: Path | None) -> list[Reply]:
    """What a strategy with the same options answers in a fresh interpreter that is asked about these views, in order.

    `folder` holds strategies of the owner's own.

    Raises:
        FreshError: its class cannot be found from there, its options not be read, or it takes too long.
    """
    home = _Home.of(type(strategy))
    with TemporaryDirectory(prefix="qfluxd-fresh-") as place:
        there = Path(place)
        asked = tuple(_Asked(view.series, tuple(view.higher)) for view in views)
        shelf = None if folder is None else str(folder.resolve())
        question = _Question(home, strategy.model_dump(mode="json"), shelf, asked)
        (there / "question").write_bytes(msgspec.json.encode(question))
        for number, view in enumerate(views):
            _write(there, number, view)
        _run(there)
        return [_reply(there, number) for number in range(len(views))]


def _run(there: Path) -> None:
    """The same modules are found there as here."""
    environment = os.environ | {"PYTHONHASHSEED": _HASH_SEED, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = (sys.executable, "-m", "qfluxd.testing.fresh", str(there))
    try:
        subprocess.run(command, env=environment, capture_output=True, check=True, timeout=_SECONDS)  # noqa: S603
    except subprocess.CalledProcessError as problem:
        raise FreshError((problem.stderr.decode(errors="replace").strip() or "it ended").splitlines()[-1]) from None
    except subprocess.TimeoutExpired:
        raise FreshError(f"it took longer than {_SECONDS} s") from None


def _write(there: Path, number: int, view: View) -> None:
    view.candles.write_ipc(there / f"{number}-candles")
    for length, frame in view.higher.items():
        frame.write_ipc(there / f"{number}-candles-{length}")


def _reply(there: Path, number: int) -> Reply:
    raised = there / f"{number}-raised"
    return raised.read_text(encoding="utf-8") if raised.exists() else pl.read_ipc(there / f"{number}-answer")


def _answer(there: Path) -> None:
    question = msgspec.json.decode((there / "question").read_bytes(), type=_Question)
    folder = None if question.folder is None else Path(question.folder)
    strategy = question.home.found().model_validate(question.options, context={"folder": folder})
    for number, asked in enumerate(question.asked):
        _look(strategy, there, number, asked)


def _look(strategy: Strategy, there: Path, number: int, asked: _Asked) -> None:
    higher: Mapping[Millis, pl.DataFrame] = {
        length: pl.read_ipc(there / f"{number}-candles-{length}") for length in asked.longer
    }
    view = View(asked.series, pl.read_ipc(there / f"{number}-candles"), higher)
    try:
        strategy.signals(view).write_ipc(there / f"{number}-answer")
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - whatever a strategy raises is a reply
        (there / f"{number}-raised").write_text(f"{type(problem).__name__}: {problem}", encoding="utf-8")


if __name__ == "__main__":
    _answer(Path(sys.argv[1]))

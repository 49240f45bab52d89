"""Sweeps for tests: small ones on a made-up market, and an engine that works in this very process."""

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from qfluxd.loading import load_strategy
from qfluxd.model import MINUTE
from qfluxd.research.dataset import Dataset
from qfluxd.research.sweep.axes import option_axis, timeframe_axis
from qfluxd.research.sweep.beginning import begin
from qfluxd.research.sweep.engine import Engine
from qfluxd.research.sweep.evidence import shown
from qfluxd.research.sweep.folder import Folder
from qfluxd.research.sweep.run import Sweep
from qfluxd.research.sweep.settings import Settings
from qfluxd.research.sweep.tasks import Task
from qfluxd.research.sweep.verdict import Found, find
from qfluxd.research.sweep.work import work


class Here:
    """An engine without workers: what is submitted is answered by `answer` when somebody waits, oldest first."""

    is_remote = False

    def __init__(self, answer: Callable[[Task], Any] = work, *, workers: int = 2, can_blame: bool = True) -> None:
        self.workers = workers
        self.can_blame = can_blame
        self.answer = answer
        self.out: deque[Task] = deque()

    @property
    def in_flight(self) -> int:
        """How many tasks have not come back."""
        return len(self.out)

    def submit(self, task: Task) -> None:
        """Take a task."""
        self.out.append(task)

    def wait(self, seconds: float) -> list[tuple[Task, Any]]:
        """Do the oldest."""
        if not self.out:
            return []
        task = self.out.popleft()
        return [(task, self.answer(task))]

    def close(self, *, now: bool) -> None:
        """Nothing is open."""


def echo_settings(folder: Path, *options: str, timeframe: str = "1m", **others: Any) -> Settings:
    """Settings of a sweep of `tests.support.echoes.STRATEGY`."""
    model = load_strategy("echo", folder)
    axes = (timeframe_axis(timeframe), *(option_axis(option, model, folder) for option in options))
    given = {"folds": 3, "embargo": 10 * MINUTE, "payout": 85} | others
    return Settings(strategy="echo", folder=str(folder), axes=axes, **given)


def swept(place: Path, settings: Settings, dataset: Dataset, engine: Engine | None = None) -> Folder:
    """A whole sweep."""
    folder = begin(place, settings, dataset)
    assert Sweep(folder, engine or Here()).run()
    return folder


def table(folder: Folder) -> pl.DataFrame:
    """All trades of a sweep, in an order that does not depend on who did what when."""
    return folder.trades().collect().sort("variant", "asset", "signalled")


def judged(folder: Folder, variants: Sequence[int] = (), earlier: int = 0) -> Found:
    """What a sweep has found, when so many other variants had been tried before."""
    alone = shown(folder)
    return find(folder, alone, is_whole=True, skipped=0, counted=len(alone) + earlier)

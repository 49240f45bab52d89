"""Tasks that did not end as they should: which of their variants are to blame."""

from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from qfluxd.research.sweep.engine import Broken, Lost
from qfluxd.research.sweep.tasks import Failure, Task, Unit

_RETRIES: Final = 1
"""A unit that ended its worker by itself is given to so many others."""


class Suspects:
    """Tasks to be tried again.

    The promise: whatever a worker ended over, only units that did so by themselves, twice over, are given up;
    all others are computed. A task to blame is cut in halves, so that finding one unit among n takes log2 n tries.
    """

    def __init__(self, halves: Callable[[Task], list[Task]]) -> None:
        self._halves = halves
        self._times: Counter[Unit] = Counter()
        self.waiting: deque[Task] = deque()

    def take(self, task: Task, end: Lost | Broken) -> tuple[Failure, ...]:
        """A task has ended so; gives what has failed for good by that."""
        if isinstance(end, Lost) and not end.is_blamed:
            self.waiting.append(task)
            return ()
        if len(units := task.units) > 1:
            self.waiting.extend(self._halves(task))
            return ()
        self._times[units[0]] += 1
        if self._times[units[0]] <= _RETRIES:
            self.waiting.append(task)
            return ()
        return (Failure(*units[0], end.why),)

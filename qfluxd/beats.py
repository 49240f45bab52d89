"""Time that passes without a frame, at the same moments live and in a replay."""

from qfluxd.model import MINUTE, SECOND, Millis
from qfluxd.ports import Ear

BEAT: Millis = 100
"""The grid of this machine's clock on which time passes."""

_HOLE: Millis = MINUTE
_STEP_BACK: Millis = SECOND


def points(told: Millis | None, at: Millis) -> range:
    """The points of the grid that are due at `at` after the newest one that was told, in order."""
    newest = at - at % BEAT
    due = newest if told is None else told + BEAT
    if newest - due > _HOLE or due - newest > _STEP_BACK:
        due = newest
    return range(due, newest + 1, BEAT)


class Beats:
    """Tells an ear of every point of the grid, once and in order.

    The promise: the beats before a frame depend only on the frames' own times. Over a hole of more than a
    minute, or after a step back of the clock, only the newest point is told: one beat closes all that is due.
    """

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self._told: Millis | None = None

    def up_to(self, at: Millis) -> None:
        """Let time pass up to and including `at`; call it before what was read at `at` is passed on."""
        if self._told is not None and self._told <= at < self._told + BEAT:
            return  # as for nearly every frame: its point of the grid was told
        for due in points(self._told, at):
            self._ear.beat(due)
            self._told = due

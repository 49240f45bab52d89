"""Time that passes without a frame, at the same moments live and in a replay."""

from qfluxd.model import MINUTE, SECOND, Millis
from qfluxd.ports import Ear

BEAT: Millis = 100
"""The grid of this machine's clock on which time passes."""

_HOLE: Millis = MINUTE
_STEP_BACK: Millis = SECOND


class Beats:
    """Tells an ear of every point of the grid, once and in order.

    The promise: the beats before a frame depend only on the frames' own times. Over a hole of more than a
    minute, or after a step back of the clock, only the newest point is told: one beat closes all that is due.
    """

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self._next: Millis | None = None

    def up_to(self, at: Millis) -> None:
        """Let time pass up to and including `at`; call it before what was read at `at` is passed on."""
        newest = at - at % BEAT
        due = self._next
        if due is None or newest - due > _HOLE or due - newest > _STEP_BACK:
            due = newest
        while due <= newest:
            self._ear.beat(due)
            due += BEAT
        self._next = due

"""Time passes on one grid, live and in a replay."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from qfluxd.beats import BEAT, Beats
from tests.unit.test_follower import Listener


class Counting(Listener):
    """An ear that remembers its beats."""

    def __init__(self) -> None:
        super().__init__()
        self.beats: list[int] = []

    def beat(self, at: int) -> None:
        self.beats.append(at)


def told(*times: int) -> list[int]:
    ear = Counting()
    beats = Beats(ear)
    for at in times:
        beats.up_to(at)
    return ear.beats


def test_every_point_up_to_the_moment_is_told_once() -> None:
    """A grid of a tenth of a second, the first point at or before the first moment."""
    assert told(1_050, 1_099, 1_100, 1_350) == [1_000, 1_100, 1_200, 1_300]


def test_a_long_hole_is_one_beat() -> None:
    """A frame with a wild stamp, or a night's sleep, does not make millions of beats."""
    assert told(1_000, 10**12) == [1_000, 10**12]


def test_after_a_step_back_it_goes_on_from_there() -> None:
    """A clock that was set back does not stop time."""
    assert told(3_600_000, 1_000, 1_100) == [3_600_000, 1_000, 1_100]


@given(frames=st.lists(st.integers(0, 30_000), min_size=1).map(sorted), extra=st.lists(st.integers(0, 30_000)))
def test_beats_between_frames_are_the_same_whenever_they_come(frames: list[int], extra: list[int]) -> None:
    """However often the loop beats in between, each frame is preceded by the same points of the grid."""
    live = told(*sorted([*frames, *(at for at in extra if frames[0] <= at <= frames[-1])]))
    assert live == told(*frames)
    assert all(later - earlier == BEAT for earlier, later in pairwise(live))

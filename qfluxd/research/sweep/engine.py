"""What a sweep needs of those who do its work, on this machine or on others."""

from typing import Protocol

import msgspec

from qfluxd.research.sweep.tasks import Done, Task


class Lost(msgspec.Struct, frozen=True):
    """A task whose worker ended without an answer; `is_blamed` where nothing else can have ended it."""

    why: str
    is_blamed: bool


class Broken(msgspec.Struct, frozen=True):
    """A task that raised what nobody expected."""

    why: str


type End = Done | Lost | Broken


class Engine(Protocol):
    """Gives tasks to workers and brings back what came of them.

    The promise: every task that was submitted comes back exactly once, however it ended, unless the engine is closed.
    """

    @property
    def workers(self) -> int:
        """How many tasks are worked on at a time, as things stand; at least 1."""

    @property
    def in_flight(self) -> int:
        """How many tasks have not come back."""

    @property
    def is_remote(self) -> bool:
        """Whether workers may be on other machines, and so may have other data."""

    @property
    def can_blame(self) -> bool:
        """Whether it knows over which task a worker ended, even where others were out at that moment."""

    def submit(self, task: Task) -> None:
        """Give a task to a worker, now or when one is free."""

    def wait(self, seconds: float) -> list[tuple[Task, End]]:
        """What has come back; waits for the first of it, up to so long.

        Raises:
            DataError: a worker has another qfluxd or other data.
            Disconnected: nobody is there any more who would bring anything back.
        """

    def close(self, *, now: bool) -> None:
        """Let workers go: `now` in the middle of what they do."""

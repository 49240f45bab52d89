"""What asking is: a command with the asker's own id, and every way in which it can be answered."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import msgspec

from qfluxd.model import Millis, Refusal

type Status = Literal["ok", "accepted", "error", "expired", "duplicate", "unknown"]


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that may be asked.

    `per_second` and `burst` bound how often, `parallel` how many at a time. One that `needs_id` acts at most once for
    each id. One that `rehearses` is performed on a dry run too, and looks at the request's `dry_run` itself.
    """

    name: ClassVar[str]
    example: ClassVar[dict[str, Any]] = {}
    per_second: ClassVar[float] = 50
    burst: ClassVar[int] = 200
    parallel: ClassVar[int] = 100
    needs_id: ClassVar[bool] = False
    rehearses: ClassVar[bool] = False


class Request(msgspec.Struct, frozen=True):
    """A command as it was asked. `expires_at` is ms UTC, None for never; with `dry_run` nothing may be changed."""

    id: str | int | None
    expires_at: Millis | None
    dry_run: bool
    command: Command


@dataclass(frozen=True, slots=True)
class Later:
    """What performing gives for long work: `data` is told at once as ``accepted``, `outcome` when it is there."""

    data: Any
    outcome: Awaitable[Any]


@dataclass(frozen=True, slots=True)
class Unsure:
    """What performing gives where nobody can tell whether it was done: told as ``unknown``, and never tried again."""

    code: str
    detail: str
    data: Any = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """What performing gives for an id that has acted before: its `answer` (data, `Refusal` or `Unsure`) once more.

    Told as ``duplicate``, with the answer's own code and data.
    """

    answer: Any


type Perform = Callable[[Request], Awaitable[Any | Refusal | Later | Unsure | Repeat]]
"""Does what is asked and gives the answer's `data` (anything msgspec can encode), or one of the other outcomes.

May raise `qfluxd.errors.QfluxdError`, which is answered as an error; anything else is a bug and is not kept quiet.
"""

type Stored = Callable[[Request], Any | Refusal | Later | Repeat | None]
"""The outcome for a request whose id has acted before or is acting now, None for a new one.

Never waits; may raise `QfluxdError`, and then the request is not performed.
"""


def nothing_stored(_request: Request) -> None:
    """A `Stored` that remembers nothing."""


class Result(msgspec.Struct, frozen=True):
    """The answer to one request. `code` is a stable word, `error` a sentence; long work answers twice.

    `id` is the asker's own, `data` an object, `at` when it was answered and `took_ms` how long it took until then.
    """

    id: str | int | None
    status: Status
    code: str
    error: str | None
    data: Any
    final: bool
    at: Millis
    took_ms: float

"""The messages that made no sense: how many of which sort, and the shape of the latest."""

from collections import deque
from collections.abc import Mapping, Sequence

from qfluxd.errors import ProtocolError

_KEEP = 50


class Troubles:
    """Counts protocol errors by reason and keeps the latest fifty.

    What is kept was never raised: it holds neither a traceback nor a cause, so no value of a message can
    be reached through it.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._kept: deque[ProtocolError] = deque(maxlen=_KEEP)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many, by reason."""
        return self._counts

    @property
    def kept(self) -> Sequence[ProtocolError]:
        """The latest, oldest first."""
        return tuple(self._kept)

    def note(self, reason: str, excerpt: str = "") -> None:
        """Count one; `excerpt` must hold no value of the message."""
        self._counts[reason] = self._counts.get(reason, 0) + 1
        self._kept.append(ProtocolError(reason, excerpt))

"""One short word for everything that was decided, so that two runs can be compared."""

import hashlib

import msgspec

from qfluxd.model import Verdict

_encode = msgspec.json.Encoder(decimal_format="string").encode


class Fingerprint:
    """The SHA-256 of every signal with its verdict, in order.

    The promise: it depends on what was decided and on nothing else, so a recorded run replayed has the same one.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.decisions = 0

    def add(self, verdict: Verdict) -> None:
        """A signal was judged."""
        what = (verdict.signal, verdict.outcome, verdict.code, verdict.stake)
        self._hash.update(_encode(what) + b"\n")
        self.decisions += 1

    def __str__(self) -> str:
        return self._hash.hexdigest()

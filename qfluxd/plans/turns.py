"""Whose turn it is: plans that share the market by slots of time, drawn before anything is known of them."""

import hashlib
from functools import lru_cache
from typing import Final

from qfluxd.model import Compared, Millis, Refusal, Signal

NOT_ITS_SLOT: Final = "not_its_slot"
"""The code of a signal that came while it was another plan's turn."""


@lru_cache(maxsize=4096)
def order_of(arms: tuple[str, ...], seed: int, asset: str, block: int) -> tuple[str, ...]:
    """Who has which slot of a block, in which each has one: sorted by hashes, so that every order is as likely."""

    def drawn(arm: str) -> bytes:
        return hashlib.sha256(f"{seed}/{asset}/{block}/{arm}".encode()).digest()

    return tuple(sorted(arms, key=drawn))


def whose(arms: tuple[str, ...], seed: int, asset: str, slot: int) -> str:
    """Whose turn a slot of an asset is, by its number since 1970.

    Permuted blocks within each asset (stratified randomisation: Zelen 1974): as many slots in a row as there are arms
    are shared out anew for each asset, so arms have the same hours, days and assets but for chance.
    """
    block, place = divmod(slot, len(arms))
    return order_of(arms, seed, asset, block)[place]


def moment_of(signal: Signal) -> Millis:
    """The moment that a signal belongs to, also where it was said a little late: its candle's end, or its own time.

    It is read off the signal's id, of which the journal's trades know it too.
    """
    moment = int(signal.id.rpartition("/")[2])
    return moment + signal.series.timeframe if moment == signal.candle else moment


class Turns:
    """The comparisons that are running, as far as the desk must know of them.

    The promise: whose turn it is follows from what was told at their beginning, and from nothing that happens since.
    """

    def __init__(self) -> None:
        self._running: dict[str, Compared] = {}

    def take(self, note: Compared) -> None:
        """One begins, or is over."""
        self._running.pop(note.name, None)
        if note.running:
            self._running[note.name] = note

    def refusal(self, signal: Signal) -> Refusal | None:
        """Why a plan may not act on a signal now, None where it may."""
        for note in self._running.values():
            if not note.slot or signal.plan not in note.arms:
                continue
            turn = whose(note.arms, note.seed, signal.series.asset, moment_of(signal) // note.slot)
            if turn != signal.plan:
                return Refusal(NOT_ITS_SLOT, f"comparison {note.name}: it is the turn of {turn}")
        return None

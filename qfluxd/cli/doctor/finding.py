"""What the doctor says of one thing."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `remedy` tells what to do, and is empty where there is nothing to do."""

    check: str
    verdict: Literal["ok", "warn", "bad"]
    said: str
    remedy: str = ""


def ok(check: str, said: str) -> Finding:
    """All is well with it."""
    return Finding(check, "ok", said)


def warn(check: str, said: str, remedy: str) -> Finding:
    """It works, or may; someone should know."""
    return Finding(check, "warn", said, remedy)


def bad(check: str, said: str, remedy: str) -> Finding:
    """It does not work like this."""
    return Finding(check, "bad", said, remedy)

"""What an audit finds, in a sentence with its figures, and the file that holds it beside a result."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from qfluxd.errors import DataError

type Level = Literal["ok", "note", "bad"]
type Figure = float | int | str | list[Any]

FILE: Final = "audits.json"
"""Beside the result that the findings are about."""


class Finding(msgspec.Struct, frozen=True):
    """What one audit of one plan came to.

    `name` is a key of `qfluxd.research.audits.AUDITS`. ``bad`` means that the result is not to be believed, ``note``
    that something should be known before it is. `figures` are what `meaning` rests on, the plan's name among them.
    """

    name: str
    level: Level
    meaning: str
    figures: dict[str, Figure]

    def __str__(self) -> str:
        return f"{self.level:4}  {self.name:11}  {self.meaning}"


def not_looked_at(name: str, plan: str, why: str) -> Finding:
    """An audit that could not be made, and the reason."""
    return Finding(name, "note", f"not looked at: {why}", {"plan": plan})


def write_findings(folder: Path, findings: Iterable[Finding]) -> Path:
    """Write findings as JSON into the folder of a result; a file that is there is replaced. Gives its path."""
    file = folder / FILE
    text = msgspec.json.format(msgspec.json.encode(list(findings)), indent=2)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text + b"\n")
    except OSError as problem:
        raise DataError(f"{file}: cannot be written ({problem.strerror or problem})") from problem
    return file


def read_findings(folder: Path) -> tuple[Finding, ...]:
    """The findings in the folder of a result; none where it was not audited.

    Raises:
        DataError: the file cannot be read, or holds something else.
    """
    file = folder / FILE
    try:
        return msgspec.json.decode(file.read_bytes(), type=tuple[Finding, ...])
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.MsgspecError) as problem:
        raise DataError(f"{file}: holds no findings of audits ({problem}); audit the result again") from problem

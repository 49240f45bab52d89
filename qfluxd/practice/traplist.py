"""Traps as they are named on a command line."""

from difflib import get_close_matches
from typing import Any

import msgspec

from qfluxd.practice.traps import Traps

_FIELDS = {field.name.replace("_", "-"): field for field in msgspec.structs.fields(Traps) if field.name != "walk"}
_MEANT = {"rerender-ms": 300, "blocked-ms": 400, "answers": "late"}
_NEED_VALUES = ("renamed", "late-ms")

TRAP_NAMES = tuple(_FIELDS)
"""Every name that can be given."""


def read_traps(text: str, walk: int | None = None) -> Traps:
    """``toast,answers=doubled`` as traps that are set, ``all`` as every one that needs no value.

    `walk` makes each of them spring by chance, from that seed; `all` is always a walk, from 1 unless told.

    Raises:
        ValueError: a sentence about the first word that cannot be understood.
    """
    if text.strip() == "all":
        everything = [name for name in _FIELDS if name not in _NEED_VALUES]
        return _traps(everything, 1 if walk is None else walk)
    return _traps([word.strip() for word in text.split(",") if word.strip()], walk)


def _traps(words: list[str], walk: int | None) -> Traps:
    values: dict[str, Any] = {"walk": walk}
    for word in words:
        name, equals, value = word.replace("_", "-").partition("=")
        values[_key(name)] = value if equals else _meant(name)
    try:
        return msgspec.convert(values, Traps, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"a trap cannot have this value: {error}") from error


def _key(name: str) -> str:
    if name not in _FIELDS:
        near = get_close_matches(name, _FIELDS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: all, {', '.join(_FIELDS)}"
        raise ValueError(f"there is no trap {name!r}; {hint}")
    return _FIELDS[name].encode_name


def _meant(name: str) -> Any:
    if name in _NEED_VALUES:
        raise ValueError(f"the trap {name} needs a value, as in {name}={'amount' if name == 'renamed' else 4000}")
    return _MEANT.get(name, True)

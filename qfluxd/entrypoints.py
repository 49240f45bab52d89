"""Finds what is installed under a name: the part that drivers and strategies share."""

import difflib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from qfluxd.errors import PluginError


@cache
def _entries(group: str) -> dict[str, EntryPoint]:
    """Looked for once: it reads a file of every package that is installed."""
    return {entry.name: entry for entry in entry_points(group=group)}


def entry_names(group: str) -> list[str]:
    """Every name in a group of entry points, as installed when this was first asked."""
    return sorted(_entries(group))


def load_entry(group: str, name: str, kind: str) -> object | None:
    """What the entry point `name` points to, None where nobody has one of that name. `kind` is a word for sentences.

    Raises:
        PluginError: it cannot be imported.
    """
    found = _entries(group).get(name)
    return None if found is None else _imported(found, kind)


def nearest(name: str, names: Iterable[str]) -> str:
    """The rest of a sentence about a name that is none: the one most likely meant, else all there are."""
    known = sorted(names)
    found = difflib.get_close_matches(name.lower(), known, n=1)
    return f"did you mean {found[0]!r}?" if found else f"there are {', '.join(known)}"


def _imported(entry: EntryPoint, kind: str) -> object:
    try:
        return entry.load()
    except Exception as problem:  # what a plug-in raises while it is imported is anybody's guess
        raise PluginError(f"the {kind} {entry.name!r} ({entry.value}) cannot be imported: {problem}") from problem

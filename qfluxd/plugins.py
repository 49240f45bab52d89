"""From the name of a driver to the module behind it, through entry points."""

import difflib
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from pydantic import BaseModel

from qfluxd.errors import PluginError
from qfluxd.ports import DriverModule

DRIVERS = "qfluxd.drivers"
"""The entry-point group; the drivers that come with qfluxd are found through it too."""


def driver_names() -> list[str]:
    """Every driver that is installed, by the name used in `[driver] name`."""
    return sorted({entry.name for entry in entry_points(group=DRIVERS)})


def load_driver(name: str) -> DriverModule:
    """The module of the driver called `name`.

    Raises:
        PluginError: there is none of that name, it cannot be imported, or it is not shaped like a driver.
    """
    found = [entry for entry in entry_points(group=DRIVERS) if entry.name == name]
    if not found:
        raise PluginError(f"no driver called {name!r} is installed; {_nearest(name)}")
    return _shaped(name, _imported(found[0]))


def _nearest(name: str) -> str:
    names = driver_names()
    found = difflib.get_close_matches(name.lower(), names, n=1)
    return f"did you mean {found[0]!r}?" if found else f"installed are {', '.join(names)}"


def _imported(entry: EntryPoint) -> object:
    try:
        return entry.load()
    except (ImportError, AttributeError, SyntaxError) as problem:
        raise PluginError(f"the driver {entry.name!r} ({entry.value}) cannot be imported: {problem}") from problem


def _shaped(name: str, module: object) -> DriverModule:
    config = getattr(module, "Config", None)
    if not (isinstance(config, type) and issubclass(config, BaseModel)):
        raise PluginError(f"the driver {name!r} has no Config, a pydantic model of its table")
    if not callable(getattr(module, "connect", None)):
        raise PluginError(f"the driver {name!r} has no function connect")
    return cast(DriverModule, module)

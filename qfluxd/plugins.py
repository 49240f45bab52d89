"""From the names of drivers and strategies to what is behind them."""

from typing import cast

from pydantic import BaseModel

from qfluxd.entrypoints import entry_names, load_entry, nearest
from qfluxd.errors import PluginError, UnknownPlugin
from qfluxd.loading import StrategyModel, load_strategy, load_strategy_file, strategy_names
from qfluxd.ports import DriverModule

__all__ = [
    "DRIVERS",
    "StrategyModel",
    "driver_names",
    "load_driver",
    "load_strategy",
    "load_strategy_file",
    "strategy_names",
]

DRIVERS = "qfluxd.drivers"
"""The entry-point group; the drivers that come with qfluxd are found through it too."""


def driver_names() -> list[str]:
    """Every driver that is installed, by the name used in `[driver] name`."""
    return entry_names(DRIVERS)


def load_driver(name: str) -> DriverModule:
    """The module of the driver called `name`.

    Raises:
        PluginError: there is none of that name, it cannot be imported, or it is not shaped like a driver.
    """
    module = load_entry(DRIVERS, name, "driver")
    if module is None:
        raise UnknownPlugin(f"no driver called {name!r} is installed; {nearest(name, driver_names())}")
    return _shaped(name, module)


def _shaped(name: str, module: object) -> DriverModule:
    config = getattr(module, "Config", None)
    if not (isinstance(config, type) and issubclass(config, BaseModel)):
        raise PluginError(f"the driver {name!r} has no Config, a pydantic model of its table")
    if not callable(getattr(module, "connect", None)):
        raise PluginError(f"the driver {name!r} has no function connect")
    return cast(DriverModule, module)

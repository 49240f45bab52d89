"""qfluxd reads the trading page you are logged in to, and says exactly what it saw."""

from importlib.metadata import version

__version__ = version("qfluxd")

"""config.toml, environment and credentials to settings: every mistake at once, each with its place."""

from qfluxd.config.changes import Change, Changes, diff
from qfluxd.config.load import Loaded, find_file, load
from qfluxd.config.settings import Settings

__all__ = ["Change", "Changes", "Loaded", "Settings", "diff", "find_file", "load"]

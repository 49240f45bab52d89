"""config.toml, environment and credentials to settings: every mistake at once, each with its place."""

from qfluxd.config.changes import Change, Changes, diff
from qfluxd.config.load import Loaded, find_file, load, load_reach, stake_notices
from qfluxd.config.plans import Retrained
from qfluxd.config.settings import Settings, latency_of, own_strategies, rules_of

__all__ = [
    "Change",
    "Changes",
    "Loaded",
    "Retrained",
    "Settings",
    "diff",
    "find_file",
    "latency_of",
    "load",
    "load_reach",
    "own_strategies",
    "rules_of",
    "stake_notices",
]

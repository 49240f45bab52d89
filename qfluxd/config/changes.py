"""What a changed configuration means for a daemon that runs: applied at once, or after a restart."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qfluxd.config.load import Loaded
from qfluxd.config.settings import STRATEGY, Settings
from qfluxd.config.show import flat, readable
from qfluxd.settings import CompareSettings, HousekeepingSettings, RiskSettings, ScreenshotSettings

LIVE = frozenset(
    {
        "log.level",
        "market.assets",
        "market.stream",
        "mqtt.logs",
        "store.keep_days",
        *(f"risk.{key}" for key in RiskSettings.model_fields),
        *(f"screenshot.{key}" for key in ScreenshotSettings.model_fields),
        *(f"housekeeping.{key}" for key in HousekeepingSettings.model_fields),
        *(f"compare.{key}" for key in CompareSettings.model_fields),
    }
)
"""The keys that a running daemon takes over, beside every strategy; every other one needs a restart."""


def _is_live(key: str) -> bool:
    return key in LIVE or key.startswith(f"{STRATEGY}.")


@dataclass(frozen=True, slots=True)
class Change:
    """One key whose value is not what it was; values are fit for JSON, secrets masked."""

    key: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different in a configuration that was read again.

    `settings` are those to run on from now: the old ones with only the live keys replaced, so that nothing is
    half-applied.
    """

    live: tuple[Change, ...]
    restart: tuple[Change, ...]
    settings: Settings


def diff(old: Loaded, new: Loaded) -> Changes:
    """Compare two configurations key by key."""
    changes = list(_changes(old, new))
    return Changes(
        live=tuple(change for change in changes if _is_live(change.key)),
        restart=tuple(change for change in changes if not _is_live(change.key)),
        settings=_with_live(old.settings, new.settings),
    )


def _changes(old: Loaded, new: Loaded) -> Iterator[Change]:
    before, after = flat(old), flat(new)
    for key in dict.fromkeys([*before, *after]):
        if before.get(key) != after.get(key):
            yield Change(key, readable(key, before.get(key)), readable(key, after.get(key)))


def _with_live(old: Settings, new: Settings) -> Settings:
    taken: dict[str, dict[str, Any]] = {}
    for key in LIVE:
        table, _, name = key.partition(".")
        taken.setdefault(table, {})[name] = getattr(getattr(new, table), name)
    tables = {table: getattr(old, table).model_copy(update=update) for table, update in taken.items()}
    return old.model_copy(update={**tables, STRATEGY: new.strategy})

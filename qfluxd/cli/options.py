"""Options that several commands share, and the settings they lead to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from qfluxd.cli.printing import Failed, Misused, complain
from qfluxd.errors import ConfigError, Mistake, UnknownPlugin

if TYPE_CHECKING:
    from qfluxd.config import Loaded, Settings

Config = Annotated[
    Path | None,
    Parameter(
        name="--config",
        help="The configuration file. Default: config.toml in $CONFIGURATION_DIRECTORY, here, in ~/.config/qfluxd.",
    ),
]
Set = Annotated[
    list[str] | None,
    Parameter(name="--set", help="An option over all other sources, as table.key=value; may be given again."),
]
Json = Annotated[bool, Parameter(name="--json", help="Print JSON.")]
_OWN = Path("strategies")
Seconds = Annotated[float | None, Parameter(name="--for", help="Stop by itself after so many seconds.")]


def own_folder(named: Path | None) -> Path | None:
    """The folder with strategies of the owner's own: the one that was named, or ./strategies if there is one.

    Raises:
        Failed: the one that was named is none.
    """
    if named is not None and not named.is_dir():
        raise Failed(f"--folder {named}: there is no such folder; `qfluxd strategy new` begins a strategy of your own")
    return named or (_OWN if _OWN.is_dir() else None)


@contextmanager
def typed() -> Iterator[None]:
    """Whatever is wrong within was typed, and stands in no file: then `Misused` is raised in place of its error."""
    try:
        yield
    except ConfigError as problem:
        raise Misused("; ".join(f"{mistake.where}: {mistake.what}" for mistake in problem.mistakes)) from None
    except (UnknownPlugin, Failed) as problem:
        raise Misused(str(problem)) from None


def loaded(config: Path | None, given: Sequence[str] | None = None) -> "Loaded":
    """The settings of a command.

    Raises:
        ConfigError: every mistake.
    """
    from qfluxd.config import load

    overrides, formless = _overrides(given)
    try:
        found = load(config, overrides)
    except ConfigError as others:
        raise ConfigError(*formless, *others.mistakes) from None
    if formless:
        raise ConfigError(*formless)
    return found


def reached(config: Path | None, given: Sequence[str] | None = None) -> "Settings":
    """The settings of a command that only speaks with a daemon: what is wrong elsewhere is said, and stops nobody.

    Raises:
        ConfigError: `[daemon]` or `[mqtt]` is not sound.
    """
    try:
        return loaded(config, given).settings
    except ConfigError as problem:
        from qfluxd.config import load_reach

        overrides, formless = _overrides(given)
        if formless:
            raise
        settings = load_reach(config, overrides)
        for mistake in problem.mistakes:
            complain(f"qfluxd: {mistake} (a daemon that runs goes on with what it has read before)")
        return settings


def _overrides(given: Sequence[str] | None) -> tuple[dict[str, object], list[Mistake]]:
    """Options of the command line by their keys, and those that are none."""
    overrides: dict[str, object] = {}
    formless = []
    for part in given or ():
        key, equals, value = part.partition("=")
        if equals:
            overrides[key] = value
        else:
            formless.append(Mistake(key, "write --set table.key=value", "command line"))
    return overrides, formless

"""Options that several commands share, and the settings they lead to."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from qfluxd.cli.printing import Failed
from qfluxd.errors import ConfigError, Mistake

if TYPE_CHECKING:
    from qfluxd.config import Loaded

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


def loaded(config: Path | None, given: Sequence[str] | None = None) -> "Loaded":
    """The settings of a command.

    Raises:
        ConfigError: every mistake.
    """
    from qfluxd.config import load

    overrides, formless = {}, []
    for part in given or ():
        key, equals, value = part.partition("=")
        if equals:
            overrides[key] = value
        else:
            formless.append(Mistake(key, "write --set table.key=value", "command line"))
    try:
        found = load(config, overrides)
    except ConfigError as others:
        raise ConfigError(*formless, *others.mistakes) from None
    if formless:
        raise ConfigError(*formless)
    return found

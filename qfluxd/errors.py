"""Everything that can go wrong, sorted by what the daemon does about it.

    QfluxdError
    ├── ConfigError         the owner's file is wrong: exit 78, every mistake listed
    ├── PluginError         a driver or strategy that is named cannot be loaded: exit 78
    │   └── UnknownPlugin   there is none of that name
    ├── Unavailable         something needed is not reachable: exit 69 on the command line
    ├── Disconnected        the line to Chrome, the page or the broker is gone: open it again
    ├── LoginRequired       a person has to log in: wait, and say so
    ├── ProtocolError       one frame makes no sense: skip it, count it, keep it for a test
    ├── PageError           the trading page does not let itself be worked: tell who asked, with a picture
    └── DataError           a stored or given file makes no sense: name the place and the remedy

A command or a signal that is turned down is not an error but an answer (`qfluxd.model.Refusal`).
"""

from dataclasses import dataclass


class QfluxdError(Exception):
    """The root: whatever qfluxd raises on purpose."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with the configuration.

    `where` is the dotted key (``mqtt.port``), `line` counts from 1 and is None where the value did not
    come from a file; `source` names the file, environment variable or credential.
    """

    where: str
    what: str
    source: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{place}: {self.where}: {self.what}" if self.where else f"{place}: {self.what}"


class ConfigError(QfluxdError):
    """The configuration cannot be used; holds every mistake that was found, not only the first."""

    def __init__(self, *mistakes: Mistake) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(str(mistake) for mistake in mistakes))


class PluginError(QfluxdError):
    """A driver or strategy cannot be loaded: unknown name, import that fails, wrong shape."""


class UnknownPlugin(PluginError):
    """No driver or strategy has that name; where it was typed, and stands in no file, that is a slip of the hand."""


class Unavailable(QfluxdError):
    """A program or service that a command needs is not there."""


class Disconnected(QfluxdError):
    """A connection ended; opening it again is the cure."""


class LoginRequired(QfluxdError):
    """The page waits for a person to log in."""


class ProtocolError(QfluxdError):
    """A frame that does not fit the grammar.

    `reason` is a stable word for counting (``bad_json``, ``orphan_binary``, ``shape:updateAssets``);
    `excerpt` is what is kept of the frame: redacted, at most a few hundred characters.
    """

    def __init__(self, reason: str, excerpt: str = "") -> None:
        self.reason = reason
        self.excerpt = excerpt
        super().__init__(f"{reason}: {excerpt}" if excerpt else reason)


class PageError(QfluxdError):
    """A control of the trading page is not there, or does not do what it should.

    `code` is a stable word (``control_missing``, ``control_stuck``, ``page_changed``, ``page_gone``, ``page_stuck``,
    …), `tried` the selectors that were looked for, `artifact` the folder below the state folder that holds a screenshot
    and the neighbourhood of the control, None where none could be taken.
    """

    def __init__(self, code: str, detail: str, *, tried: tuple[str, ...] = (), artifact: str | None = None) -> None:
        self.code = code
        self.detail = detail
        self.tried = tried
        self.artifact = artifact
        super().__init__(detail)


class DataError(QfluxdError):
    """A data file that cannot be used as it stands."""

"""From the words of a command line to an exit code."""

import asyncio
import inspect
import os
import shlex
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from cyclopts import App, CycloptsError, Parameter, Token, UnusedCliTokensError, convert

from qfluxd import __version__
from qfluxd.cli.commands import COMMANDS, FAMILIES, Command
from qfluxd.cli.printing import Misused, complain
from qfluxd.errors import ConfigError, Disconnected, PluginError, QfluxdError, Unavailable
from qfluxd.observability import logs

DONE, FAILED, USAGE, UNAVAILABLE, TRY_LATER, CONFIG = 0, 1, 2, 69, 75, 78
INTERRUPTED = 130
"""What shells take for a program that Ctrl-C ended before it was done."""

_CODES: tuple[tuple[type[QfluxdError], int], ...] = (
    (Misused, USAGE),
    (ConfigError, CONFIG),
    (PluginError, CONFIG),
    (Unavailable, UNAVAILABLE),
    (Disconnected, TRY_LATER),
)


def exit_code(error: QfluxdError) -> int:
    """The exit code that an error deserves; 1 where no better one is known."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


def call(words: list[str]) -> int:
    """Run one command line and return its exit code; whatever went wrong has been said on standard error."""
    if unknown := _unknown(words):
        complain(f"qfluxd: {unknown} (qfluxd --help lists all)")
        return USAGE
    try:
        command, bound, _ = app().parse_args(words, print_error=False, exit_on_error=False)
    except CycloptsError as problem:
        complain(f"qfluxd: {_usage(problem)} (qfluxd {_helpful(words)}--help tells more)")
        return USAGE
    return _run(lambda: command(*bound.args, **bound.kwargs))


def _run(command: Callable[[], Any]) -> int:
    try:
        result = command()
        if inspect.iscoroutine(result):
            logs.set_up("warning")  # of what others log; a command that tells a story asks for more
            result = run_async(result)
    except QfluxdError as error:
        return _failed([error])
    except BaseExceptionGroup as group:
        errors = list(_leaves(group))
        if not all(isinstance(error, QfluxdError) for error in errors):
            raise
        return _failed(errors)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone, as with `| head`
        return DONE
    return result if isinstance(result, int) else DONE


def run_async(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end, on uvloop where that is installed."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)


def _failed(errors: list[Any]) -> int:
    for error in errors:
        if str(error):
            complain(str(error) if isinstance(error, ConfigError) else f"qfluxd: {error}")
    return exit_code(errors[0])


def _leaves(group: BaseExceptionGroup[Any]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def app() -> App:
    """Every command, its code not yet imported."""
    root = _app("qfluxd", "")
    families = {name: _app(name, sentence) for name, sentence in FAMILIES.items()}
    for family in families.values():
        root.command(family)
    for command in COMMANDS:
        first, _, second = command.name.partition(" ")
        parent = families[first] if second else root
        parent.command(
            command.target,
            name=second or first,
            help=command.sentence,
            help_epilogue=_examples(command),
            default_parameter=Parameter(negative=(), show_default=False, converter=_exactly),
        )
    return root


def _exactly(kind: Any, words: Sequence[Token]) -> Any:
    """What is typed, as the type that is asked for; a whole number is one, and never the one that is nearest."""
    if int in (kind, *get_args(kind)):  # with None or without
        for word in words:
            try:
                int(word.value)
            except ValueError:
                raise ValueError(f"{word.value!r} is no whole number") from None
    return convert(kind, words)


def _app(name: str, sentence: str) -> App:
    return App(name=name, help=sentence, version=f"qfluxd {__version__}", help_format="plaintext")


def _examples(command: Command) -> str:
    return "\n".join(["Examples:", *(f"  {example}" for example in command.examples)])


def _unknown(words: list[str]) -> str:
    """A sentence about a word in a command's place that is none, or nothing."""
    if words[0] in FAMILIES and words[1:] and not words[1].startswith("-"):
        name, names = " ".join(words[:2]), [command.name for command in COMMANDS]
    elif words[0].startswith("-"):
        return f"a command comes first, not {words[0]}"
    else:
        name, names = words[0], [command.name.split()[0] for command in COMMANDS]
    if name in names:
        return ""
    found = get_close_matches(name, names, n=1)
    return f"there is no command {name!r}" + (f"; did you mean {found[0]!r}?" if found else "")


def _usage(problem: CycloptsError) -> str:
    if isinstance(problem, UnusedCliTokensError):
        return f"too many words: {shlex.join(problem.unused_tokens or [])}"
    said = str(problem).strip().rstrip(".")
    return said[:1].lower() + said[1:]


def _helpful(words: list[str]) -> str:
    """The command that was meant, as far as it can be known, to point at its help."""
    known = [command.name for command in COMMANDS] + list(FAMILIES)
    for count in (2, 1):
        if (name := " ".join(words[:count])) in known:
            return f"{name} "
    return ""

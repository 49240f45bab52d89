"""The log: one short line for each thing worth knowing, on standard error.

Lines go through structlog: a coloured line on a terminal, a JSON object otherwise, with journald's priority in
front when standard error is the journal. The level can be changed while running, which structlog's own
filtering logger cannot do once a logger is cached; hence `_Logger`.
"""

import logging
import os
import sys
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TextIO, cast

import msgspec
import structlog

from qfluxd.model import Millis
from qfluxd.observability.redact import redacted_fields

type Level = Literal["debug", "info", "warning", "error"]
type Format = Literal["auto", "console", "json"]
type LineSink = Callable[[Level, str, Mapping[str, Any], Millis], None]
"""Takes a line as level, event, fields fit for JSON, and time. Never waits, never raises."""

_RANKS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


@dataclass(slots=True)
class _Log:
    """What decides which lines are made and where they go; there is one, since there is one standard error."""

    stream: TextIO = sys.stderr
    render: Callable[[dict[str, Any]], str] = str
    prefix: bool = False
    level: int = _RANKS["info"]
    sinks: dict[LineSink, int] = field(default_factory=dict)
    least: int = _RANKS["info"]

    def choose(self) -> None:
        """The least level that anyone wants, so that a line nobody wants costs a comparison."""
        self.least = min([self.level, *self.sinks.values()])
        debugging = self.least <= _RANKS["debug"]
        logging.getLogger().setLevel(_RANKS["info"] if debugging else max(self.least, _RANKS["warning"]))


_log = _Log()


class _Logger(structlog.BoundLoggerBase):
    """Drops what is below the least wanted level, as that is now, before any work is done on it."""

    def debug(self, event: str, **fields: Any) -> None:
        if _log.least <= 10:
            self._proxy_to_logger("debug", event, **fields)

    def info(self, event: str, **fields: Any) -> None:
        if _log.least <= 20:
            self._proxy_to_logger("info", event, **fields)

    def warning(self, event: str, **fields: Any) -> None:
        if _log.least <= 30:
            self._proxy_to_logger("warning", event, **fields)

    def error(self, event: str, **fields: Any) -> None:
        self._proxy_to_logger("error", event, **fields)

    def critical(self, event: str, **fields: Any) -> None:
        self._proxy_to_logger("critical", event, **fields)

    def exception(self, event: str, **fields: Any) -> None:
        """An error with the traceback of the exception in hand."""
        self._proxy_to_logger("error", event, exc_info=True, **fields)


def set_up(level: Level = "info", format: Format = "auto", stream: TextIO | None = None) -> None:  # noqa: A002 (the option's own name)
    """Send the log to standard error in the wanted form; may be called again."""
    stream = stream or sys.stderr
    console = format == "console" or (format == "auto" and stream.isatty())
    _log.stream, _log.prefix, _log.level = stream, _is_journal(stream), _RANKS[level]
    _log.render = _console(stream) if console else _json
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _stamp,
            structlog.processors.format_exc_info,
            _redact,
            _write,
        ],
        wrapper_class=_Logger,
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Foreign()], force=True)
    logging.captureWarnings(capture=True)
    _log.choose()


def set_level(level: Level) -> None:
    """Change the least level that is written, from the next line on."""
    _log.level = _RANKS[level]
    _log.choose()


def level() -> str:
    """The least level that is written now."""
    return next(name for name, rank in _RANKS.items() if rank == _log.level)


def add_sink(sink: LineSink, level: Level) -> Callable[[], None]:
    """Also give every line of `level` and above to `sink`, whatever standard error shows; returns how to end it."""
    _log.sinks[sink] = _RANKS[level]
    _log.choose()

    def end() -> None:
        _log.sinks.pop(sink, None)
        _log.choose()

    return end


def _is_journal(stream: TextIO) -> bool:
    """Whether this stream is connected to journald, which says so by device and inode in $JOURNAL_STREAM."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def _stamp(_: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"timestamp": now, "level": method, "event": event.pop("event", ""), **event}


def _redact(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return redacted_fields(event)


def _write(_: object, method: str, event: MutableMapping[str, Any]) -> str:
    """The last processor: the line goes out here, and nothing is left for the logger to print."""
    rank = _RANKS[method]
    fields = dict(event)
    for sink, least in tuple(_log.sinks.items()):
        if rank >= least:
            _tell(sink, method, fields)
    if rank >= _log.level:
        _put(method, _log.render(fields))
    raise structlog.DropEvent


def _tell(sink: LineSink, method: str, fields: dict[str, Any]) -> None:
    plain = msgspec.to_builtins(fields, enc_hook=str, str_keys=True)
    at = int(datetime.fromisoformat(plain.pop("timestamp")).timestamp() * 1000)
    sink(_sink_level(plain.pop("level")), plain.pop("event"), plain, at)


def _sink_level(method: str) -> Level:
    return cast(Level, "error" if method == "critical" else method)


def _put(method: str, line: str) -> None:
    prefix = f"<{_PRIORITIES[method]}>" if _log.prefix else ""
    with suppress(OSError, ValueError):  # standard error is gone; the daemon goes on without it
        _log.stream.write(f"{prefix}{line}\n")
        _log.stream.flush()


def _json(fields: dict[str, Any]) -> str:
    return _encode(fields).decode()


def _encode(fields: dict[str, Any]) -> bytes:
    return msgspec.json.encode(fields, enc_hook=str)


def _console(stream: TextIO) -> Callable[[dict[str, Any]], str]:
    from structlog.dev import ConsoleRenderer, plain_traceback

    renderer = ConsoleRenderer(
        colors=stream.isatty() and "NO_COLOR" not in os.environ,
        sort_keys=False,
        pad_event_to=24,
        exception_formatter=plain_traceback,
    )
    return lambda fields: renderer(None, str(fields["level"]), fields)


class _Foreign(logging.Handler):
    """Takes what libraries say through the standard library's logging: warnings and above, at debug also info."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger()
        say = getattr(logger, record.levelname.lower(), logger.info)
        say(record.getMessage(), logger=record.name, **({"exc_info": record.exc_info} if record.exc_info else {}))

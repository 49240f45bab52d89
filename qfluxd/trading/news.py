"""A file of news times, around which plans are quiet."""

import csv
import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from qfluxd.model import Millis, Refusal, timeframe_name
from qfluxd.trading.cron import millis


@dataclass(frozen=True, slots=True)
class News:
    """One piece of news to come. `currency` is in capitals, empty where it concerns every asset."""

    at: Millis
    name: str
    currency: str = ""

    def concerns(self, asset: str | None) -> bool:
        """Whether an asset moves with it; where it is not known which asset is meant, every one does."""
        return asset is None or self.currency in asset.upper()


@dataclass(frozen=True, slots=True)
class Quiet:
    """The quiet windows around news: [at - before, at + after).

    The promise: `news` is sorted by time, and `times` are those times.
    """

    news: tuple[News, ...]
    times: tuple[Millis, ...]
    before: Millis
    after: Millis

    def allows(self, at: Millis, asset: str | None) -> Refusal | None:
        """None where no news that concerns the asset is near."""
        first, last = bisect_right(self.times, at - self.after), bisect_right(self.times, at + self.before)
        for news in self.news[first:last]:
            if news.concerns(asset):
                return Refusal("quiet_window", self._sentence(news))
        return None

    def _sentence(self, news: News) -> str:
        moment = datetime.fromtimestamp(news.at // 1000, UTC)
        what = f"{news.name} ({news.currency})" if news.currency else news.name
        return (
            f"{what} at {moment:%Y-%m-%d %H:%M} UTC: quiet from {_length(self.before)} before "
            f"until {_length(self.after)} after it"
        )


def quiet_around(news: tuple[News, ...], before: Millis, after: Millis) -> Quiet:
    """The quiet windows around these, whatever their order."""
    sorted_news = tuple(sorted(news, key=lambda each: (each.at, each.currency, each.name)))
    return Quiet(sorted_news, tuple(each.at for each in sorted_news), before, after)


def read_news(file: Path, zone: tzinfo) -> tuple[News, ...]:
    """The news of a CSV file with the header ``at,name[,currency]``, or of JSON lines with these keys.

    Times are ISO 8601, without an offset in `zone`. Columns that nobody knows are left out.

    Raises:
        ValueError: the file cannot be read, or a line of it makes no sense; names the line.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8"
        raise ValueError(f"the file of news times {file} cannot be read: {why}") from None
    rows = _json_rows(text) if text.lstrip().startswith("{") else _csv_rows(text, file)
    return tuple(_news(row, zone, f"{file}:{line}") for line, row in rows)


def moment_of(text: str, zone: tzinfo) -> Millis:
    """A moment in ISO 8601; without an offset it is on the wall clock of `zone`, and the first where it comes twice.

    Raises:
        ValueError: it is none, or clocks go forward over it.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no time; write one such as '2026-12-01T09:30:00' or with '+01:00'") from None
    if moment.tzinfo is not None:
        return millis(moment)
    at = millis(moment.replace(tzinfo=zone).astimezone(UTC))
    if datetime.fromtimestamp(at // 1000, zone).replace(tzinfo=None) != moment.replace(microsecond=0):
        raise ValueError(f"{text!r} does not exist there: clocks go forward over it; write a time with its offset")
    return at


def _csv_rows(text: str, file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    lines = text.splitlines()
    names = [name.strip().lower() for name in _cells(lines[0])] if lines else []
    if not {"at", "name"} <= set(names):
        raise ValueError(f"{file}:1: the first line names the columns, at,name or at,name,currency")
    for number, line in enumerate(lines[1:], start=2):
        if line.strip():
            yield number, dict(zip(names, _cells(line), strict=False))


def _cells(line: str) -> list[str]:
    """A line's cells, none where it is no CSV; line by line, so that a quote left open does not eat the rest."""
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return []


def _json_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            row = None
        yield number, row if isinstance(row, dict) else {}


def _news(row: Mapping[str, Any], zone: tzinfo, place: str) -> News:
    at, name, currency = row.get("at"), row.get("name"), row.get("currency") or ""
    if not (isinstance(at, str) and isinstance(name, str) and isinstance(currency, str)) or not name.strip():
        raise ValueError(f"{place}: a line needs a time (at) and a name, and may have a currency")
    try:
        return News(moment_of(at, zone), name.strip(), currency.strip().upper())
    except ValueError as problem:
        raise ValueError(f"{place}: {problem}") from None


def _length(length: Millis) -> str:
    return timeframe_name(length) if length else "0s"

"""What the broker told about the past becomes candles, joined to the live ones without hole or double bar."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import dropwhile, groupby
from typing import Final

from qfluxd.market.cascade import FILL_LIMIT, NEVER, Level
from qfluxd.market.lane import RECENT, Lane
from qfluxd.market.past import Past, Row, candles, join
from qfluxd.market.quality import BLIND, FILLED, QUALITY, is_settled
from qfluxd.market.tale import Tale, bars, tell
from qfluxd.model import Candle, History, Millis

_UNBOUNDED: Final = 1 << 40


def backfill(lane: Lane, history: History, now: Millis) -> list[Candle]:
    """Take a history into an asset's lane; returns the candles that are new or exact now.

    Ticks are the truth from the first one on. The bar that they cover only from its middle is joined with
    the broker's row for it; older bars are the broker's rows. Rows give their own timeframe and its
    multiples, in complete buckets; every other series is joined from the one beneath it.
    """
    was_new = not lane.has_begun
    before = [level.past.rows() for level in lane.levels]
    for level, old in zip(lane.levels, before, strict=True):
        level.past = Past(_UNBOUNDED, old)
    tale = tell(lane, history, now)
    made: dict[Millis, dict[Millis, Row]] = {}
    changed: list[Candle] = []
    for level, old in zip(lane.levels, before, strict=True):
        beneath = made[level.source.timeframe] if level.source else {}
        oldest = old[0].at if len(old) >= lane.keep else NEVER
        rows = made[level.timeframe] = _closed(level, tale, beneath, oldest, was_new=was_new)
        _reform(level, tale, beneath, lane.keep)
        level.past = Past(lane.keep, list(rows.values()))
        if level.shown:
            changed += candles(level.series, _news(old, rows.values()))
    _settle_down(lane, tale)
    return changed


def _closed(
    level: Level, tale: Tale, beneath: Mapping[Millis, Row], oldest: Millis, *, was_new: bool
) -> dict[Millis, Row]:
    """The closed bars of a series, made as exact as the tale allows, ascending and without holes."""
    rows = {row.at: row for row in level.past.rows()}
    for row in _exact(level, tale, beneath):
        if row.at + level.timeframe <= level.start and row.at >= oldest and _is_better(row, rows.get(row.at)):
            rows[row.at] = row
    ordered: Iterable[Row] = (rows[at] for at in sorted(rows))
    if was_new:  # a first bar that is told from its middle only, and that no row completes, was never heard
        ordered = dropwhile(lambda row: row.traits & BLIND, ordered)
    return {row.at: row for row in _without_holes(level, list(ordered))}


def _exact(level: Level, tale: Tale, beneath: Mapping[Millis, Row]) -> Iterator[Row]:
    for row in bars(tale.ticks, level.floor, level.timeframe):
        if row.at >= tale.first and row.at + level.timeframe <= tale.upto:
            yield row
    if level.source is not None:
        yield from _complete(level, beneath, level.source.timeframe)
    if level.timeframe % tale.timeframe == 0:
        yield from _complete(level, tale.rows, tale.timeframe)


def _complete(level: Level, parts: Mapping[Millis, Row], step: Millis) -> Iterator[Row]:
    for at, group in groupby(sorted(parts), key=level.floor):
        found = [parts[opens] for opens in group]
        if len(found) * step == level.timeframe and not any(part.traits & BLIND for part in found):
            yield join(at, found)


def _is_better(row: Row, old: Row | None) -> bool:
    if old is None:
        return True
    return not is_settled(old.traits) and bool(row.traits & FILLED or not old.traits & FILLED)


def _without_holes(level: Level, rows: list[Row]) -> Iterator[Row]:
    """The rows with empty ones where some are missing; every empty one repeats the close before it."""
    step, close = level.timeframe, None
    ends = [row.at for row in rows[1:]] + [level.start]
    for row, end in zip(rows, ends, strict=False):
        close = row.close if row.traits & FILLED or close is None else close
        yield row if row.traits & FILLED else _empty(row.at, close, row.traits)
        missing = range(row.at + step, end, step)
        if len(missing) <= FILL_LIMIT:
            yield from (_empty(at, close, BLIND) for at in missing)


def _empty(at: Millis, price: float, traits: int) -> Row:
    return Row(at, price, price, price, price, 0, traits)


def _reform(level: Level, tale: Tale, beneath: Mapping[Millis, Row], keep: int) -> None:
    """Make the forming bar exact where its beginning is known now, else let it hold all that is known."""
    row = _from_ticks(level, tale) if level.source is None else _from_beneath(level, level.source, beneath, keep)
    if row is None or row.traits & BLIND:
        row = _from_rows(level, tale) or row
    if row is not None and (level.traits & BLIND or row[:6] != level.row()[:6]):
        level.take(row)


def _from_ticks(level: Level, tale: Tale) -> Row | None:
    if not tale.reaches_present or tale.first > level.start:
        return None
    found = list(bars([tick for tick in tale.ticks if tick.at >= level.start], level.floor, level.timeframe))
    return found[-1] if found else _empty(level.start, level.close, 0)


def _from_beneath(level: Level, source: Level, beneath: Mapping[Millis, Row], keep: int) -> Row | None:
    opens = range(level.start, source.start, source.timeframe)
    known = [beneath[at] for at in opens if at in beneath]
    if not opens:
        return _empty(level.start, level.close, 0)
    if not known or (len(known) < len(opens) and len(opens) > keep):  # then some may have been forgotten
        return None
    row = join(level.start, known)
    return row if len(known) == len(opens) else row._replace(traits=row.traits | BLIND)


def _from_rows(level: Level, tale: Tale) -> Row | None:
    """From the broker's rows; ticks of the source's forming bar are left out, they come when it closes."""
    if not tale.reaches_present or level.timeframe % tale.timeframe:
        return None
    opens = range(level.start, tale.ticks[-1].at + 1, tale.timeframe)
    known = [tale.rows[at] for at in opens if at in tale.rows]
    if not known or len(known) < len(opens):
        return None
    row = join(level.start, known)
    if level.source is None:
        return row
    end = level.source.start
    return row._replace(ticks=sum(level.start <= tick.at < end for tick in tale.ticks))


def _news(old: Sequence[Row], rows: Iterable[Row]) -> Iterator[Row]:
    """The rows that look different from before."""
    seen = {row.at: (row[:6], QUALITY[row.traits]) for row in old}
    return (row for row in rows if seen.get(row.at) != (row[:6], QUALITY[row.traits]))


def _settle_down(lane: Lane, tale: Tale) -> None:
    """Leave the lane as live ticks expect it."""
    lane.limit = NEVER
    if not tale.reaches_present:
        return
    base, ticks = lane.base, tale.ticks
    lane.recent = deque(ticks, maxlen=RECENT)
    if tale.first <= base.start:
        lane.first = next((tick.at for tick in ticks if tick.at >= base.start), NEVER)
    elif not base.traits & BLIND:
        lane.first = base.start  # its open is the broker's
    for level in lane.levels:
        if not level.traits & FILLED:
            level.open = level.high = level.low = level.close = ticks[-1].price

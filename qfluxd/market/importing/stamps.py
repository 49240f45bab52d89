"""What a file writes for times, as milliseconds UTC: by the zone that it names or that was stated, never by a guess."""

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import polars as pl

from qfluxd.errors import DataError
from qfluxd.market.layout import LAST_MILLIS
from qfluxd.model import DAY, HOUR, MINUTE, Millis

_EARLIEST: Final[Millis] = 100_000_000_000
"""1973: a number of seconds that is smaller was meant to be something else."""

_UNITS: Final = ((1e11, 1_000.0), (1e14, 1.0), (1e17, 1e-3), (1e20, 1e-6))
"""Below which number an epoch is in seconds, milliseconds, microseconds or nanoseconds, and what makes it ms."""

_ZONE: Final = r"\s*(Z|z|UTC|[+-]\d\d:?\d\d)$"
_DATE: Final = r"^(\d{4})[./-](\d{1,2})[./-](\d{1,2})[T ]*"
_CLOCK: Final = r"^\d{1,2}:\d\d:\d\d"
BY_EPOCH: Final = "UTC, as epochs are"
"""How numbers are read where nobody stated a zone."""
_REMEDY: Final = "state it: --timezone UTC, or Europe/Berlin, or --server-offset 7200 for the broker's own clock"


class Zone(msgspec.Struct, frozen=True):
    """What was stated of a file's times: a lead over UTC, or a time zone, whatever the file itself says; or nothing."""

    offset: Millis | None = None
    name: str | None = None

    def __str__(self) -> str:
        return self.name or f"{(self.offset or 0) // 1000} s ahead of UTC"

    @property
    def is_stated(self) -> bool:
        """Whether anything was stated."""
        return self.offset is not None or self.name is not None

    def to_utc(self, wall: pl.Series) -> pl.Series:
        """Milliseconds of clocks in this zone as UTC; null for times that a clock skips or shows twice."""
        if self.name is None:
            return wall - (self.offset or 0)
        there = wall.cast(pl.Datetime("ms")).dt.replace_time_zone(self.name, ambiguous="null", non_existent="null")
        return there.dt.convert_time_zone("UTC").cast(pl.Int64)


class Stamps:
    """Reads the times of one file, a batch at a time; remembers how they were understood.

    The promise: a time without a zone is read by the one that was stated, or not at all.
    """

    def __init__(self, place: str, zone: Zone, day: date | None) -> None:
        """`day` is that of times of day, None where the file's name holds none."""
        self._place = place
        self._zone = zone
        self._day = day
        self._latest: Millis | None = None
        self.told: dict[str, None] = {}
        """How times were read, in the order in which that was met."""

    def read(self, values: pl.Series) -> pl.Series:
        """Milliseconds UTC, null where a value is no time. Raises `DataError` where they cannot be placed in UTC."""
        if values.dtype.is_numeric():
            found = self._epochs(values.cast(pl.Float64))
        elif isinstance(values.dtype, pl.Datetime | pl.Date):
            found = self._moments(values)
        else:
            found = self._texts(values.cast(pl.String, strict=False).str.strip_chars())
        return found.set((found < 0) | (found > LAST_MILLIS), None)

    def _epochs(self, numbers: pl.Series) -> pl.Series:
        size, scaled = numbers.abs(), numbers * 0
        for below, factor in reversed(_UNITS):
            scaled = pl.select(pl.when(size < below).then(numbers * factor).otherwise(scaled)).to_series()
        found = scaled.set(~scaled.is_finite() | (scaled < _EARLIEST), None).round().cast(pl.Int64)
        if found.null_count() == len(found):
            return found
        return self._placed(found, BY_EPOCH)

    def _moments(self, values: pl.Series) -> pl.Series:
        aware = isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is not None
        wall = values.cast(pl.Datetime("ms", "UTC") if aware else pl.Datetime("ms")).cast(pl.Int64)
        return self._placed(wall, "UTC, as the file says" if aware else None)

    def _texts(self, texts: pl.Series) -> pl.Series:
        numbers = texts.cast(pl.Float64, strict=False)
        found = self._epochs(numbers) if numbers.null_count() < len(numbers) else numbers.cast(pl.Int64)
        if numbers.null_count():
            found = found.zip_with(numbers.is_not_null(), self._words(texts.set(numbers.is_not_null(), None)))
        return found

    def _words(self, texts: pl.Series) -> pl.Series:
        zone = texts.str.extract(_ZONE)
        wall = self._walls(texts.str.replace(_ZONE, ""))
        lead = _leads(zone)
        read = wall.is_not_null()
        if (read & (lead != 0).fill_null(value=False)).any():
            self._refuse_two_zones()
            self.told["the offsets that the times have"] = None
            return wall - lead
        bare = bool((read & zone.is_null()).any())
        return self._placed(wall, None if bare else "UTC, as the file says") if read.any() else wall

    def _walls(self, texts: pl.Series) -> pl.Series:
        """What a clock showed, as milliseconds without a zone."""
        clocks = texts.str.contains(_CLOCK)
        if clocks.any():
            texts = texts.zip_with(~clocks.fill_null(value=False), self._dated(texts, clocks))
        plain = texts.str.replace(_DATE, "$1-$2-$3 ").str.strip_chars_end()
        found = plain.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="ms", strict=False)
        for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d"):
            if found.null_count() > plain.null_count():
                found = found.fill_null(plain.str.to_datetime(form, time_unit="ms", strict=False))
        walls = found.cast(pl.Int64)
        if clocks.any():
            self._refuse_midnight(walls.drop_nulls())
        return walls

    def _dated(self, texts: pl.Series, clocks: pl.Series) -> pl.Series:
        if self._day is None:
            raise DataError(f"{self._place}: times of day, and no day in its name; name it such as EURUSD_20251025.csv")
        if not self._zone.is_stated:
            raise DataError(f"{self._place}: times of a day that nobody says the zone of; {_REMEDY}")
        return f"{self._day} " + texts.set(~clocks.fill_null(value=False), None)

    def _refuse_midnight(self, walls: pl.Series) -> None:
        """A clock that goes back half a day has passed midnight, and one name cannot say which day is which."""
        before = self._latest if self._latest is not None else (walls[0] if len(walls) else 0)
        steps = walls.diff().fill_null(0) if len(walls) else walls
        if len(walls) and (steps.min() < -DAY // 2 or walls[0] - before < -DAY // 2):  # type: ignore[operator]
            raise DataError(f"{self._place}: times of day that pass midnight; cut it there, and name the parts by day")
        self._latest = walls[-1] if len(walls) else self._latest

    def _placed(self, wall: pl.Series, own: str | None) -> pl.Series:
        """Times as UTC: by what was stated, else as the file has it (`own`)."""
        if self._zone.is_stated:
            self.told[f"{self._zone}, as stated"] = None
            return self._zone.to_utc(wall)
        if own is None:
            raise DataError(f"{self._place}: its times name no zone; {_REMEDY}")
        self.told[own] = None
        return wall

    def _refuse_two_zones(self) -> None:
        if self._zone.is_stated:
            raise DataError(f"{self._place}: times with offsets of their own; state no --timezone or --server-offset")


def stated(offset: float | None, name: str | None) -> Zone:
    """What the command line states. Raises `DataError` where it is no zone, or two."""
    if offset is not None and name is not None:
        raise DataError("--server-offset and --timezone say the same thing; give one")
    if name is not None:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise DataError(f"--timezone {name}: no such time zone; write it like Europe/Berlin or UTC") from None
    return Zone(None if offset is None else round(offset * 1000), name)


def _leads(zones: pl.Series) -> pl.Series:
    """How far each is ahead of UTC; 0 for Z, null where there is none."""
    parts = zones.str.extract_groups(r"([+-])(\d\d):?(\d\d)").struct
    size = parts[1].cast(pl.Int64) * HOUR + parts[2].cast(pl.Int64) * MINUTE
    signed = size * pl.select(pl.when(parts[0] == "-").then(-1).otherwise(1)).to_series()
    return signed.fill_null(0).set(zones.is_null(), None)

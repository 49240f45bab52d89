"""What an owner may set: frozen models, one per table of config.toml, each field with its sentence.

Reading them from files, environment and credentials is `qfluxd.config`'s business. A driver brings its own
table (its `Config`), so `[driver.<name>]` is not here.
"""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from qfluxd.hours import DAY_LONG, Calendar, parse_clock, parse_days, parse_hours, parse_zone
from qfluxd.model import parse_timeframe, timeframe_name


def _canonical(name: str) -> str:
    return timeframe_name(parse_timeframe(name))


Timeframe = Annotated[str, AfterValidator(_canonical)]
"""A timeframe by name, ``1s`` to ``1d``; other spellings of the same length become the usual one."""


def _expand(path: object) -> object:
    if not isinstance(path, str) or not path:
        return path
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ValueError(f"nobody's home folder is known as {Path(path).parts[0]}; write the whole path") from None


OwnPath = Annotated[Path, BeforeValidator(_expand)]


class Table(BaseModel):
    """A table of config.toml: unknown keys are mistakes, values never change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def default_state_dir() -> Path:
    """Where state lives when nothing is said: systemd's folder, else the user's state folder."""
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0])
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "qfluxd"


class DaemonSettings(Table):
    """The daemon itself."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$")] = Field(
        default="main", description="topics live under qfluxd/<name>/"
    )
    state_dir: OwnPath = Field(
        default_factory=default_state_dir, description="where data, captures and Chrome's profile are kept"
    )


class ChromeSettings(Table):
    """The browser to attach to, or to start."""

    endpoint: str = Field(
        default="http://127.0.0.1:9222", description="the debugging address of the browser to attach to"
    )
    launch: bool = Field(default=False, description="true: start Chrome here, with a profile of its own")
    profile_dir: OwnPath | None = Field(
        default=None, description="the profile of a Chrome started here; default: chrome-profile in state_dir"
    )
    headless: bool = Field(default=False, description="start Chrome without a window")
    executable: OwnPath | None = Field(
        default=None,
        description="the browser to start; default: QFLUXD_CHROME, else google-chrome, chromium, chromium-browser",
    )
    reload_on_attach: bool | None = Field(
        default=None,
        description="reload the trading page after attaching, so that its history is heard; "
        "default: only in a Chrome started here",
    )

    @field_validator("endpoint")
    @classmethod
    def _loopback(cls, value: str) -> str:
        from urllib.parse import urlsplit

        parts = urlsplit(value)
        if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("must be http://127.0.0.1:<port>; whoever reaches this port owns the browser's sessions")
        if parts.port is None:
            raise ValueError("needs a port, such as http://127.0.0.1:9222")
        return value.rstrip("/")


class DriverSettings(BaseModel):
    """Which driver to use; `[driver.<name>]` holds that driver's own table and is checked by it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(default="pocketoption", description="pocketoption, paper, replay, or a plug-in")


class MarketSettings(Table):
    """What is folded, published and stored."""

    timeframes: tuple[Timeframe, ...] = Field(
        default=("5s", "15s", "30s", "1m", "5m", "15m", "30m", "1h", "4h"),
        min_length=1,
        description="candles to fold, from 1s to 1d",
    )
    stream: Literal["ticks", "candles", "both"] = Field(default="both", description="what is published and stored")
    assets: tuple[str, ...] = Field(default=("*",), description='assets to publish and store; patterns such as "*_otc"')
    grace: float = Field(
        default=0.5,
        ge=0,
        le=10,
        description="seconds after a bar's end before the clock closes it without a newer tick",
    )
    quiet_after: float = Field(
        default=5.0, ge=1, le=600, description="seconds without a tick after which an asset's silence is a gap"
    )
    stale_after: float = Field(
        default=10.0, ge=1, le=600, description="seconds without any tick after which data is called stale"
    )
    keep_candles: int = Field(default=1000, ge=10, le=100_000, description="closed candles kept in memory per series")


class StoreSettings(Table):
    """What is written to disk."""

    parquet: bool = Field(default=True, description="write Parquet files by asset and day")
    csv: bool = Field(default=False, description="write CSV files beside them")
    keep_days: int = Field(default=90, ge=1, description="days after which stored files are deleted")


class MqttSettings(Table):
    """The MQTT broker."""

    enabled: bool = Field(default=True, description="publish to MQTT and take commands from it")
    host: str = Field(default="127.0.0.1", min_length=1, description="the broker's address")
    port: int = Field(default=1883, ge=1, le=65535, description="the broker's port")
    username: str | None = Field(default=None, description="the broker's user name")
    password: SecretStr | None = Field(
        default=None, description="better given as QFLUXD_MQTT__PASSWORD or as the credential mqtt__password"
    )
    tls: bool = Field(default=False, description="encrypt, and verify the broker's certificate")
    ca: OwnPath | None = Field(default=None, description="certificate authority file; default: the system's")
    start_broker: bool = Field(
        default=True, description="nothing answers on loopback and mosquitto is installed: run one, supervised"
    )
    keepalive: int = Field(
        default=15, ge=5, le=3600, description="seconds; a broker that hangs is noticed after twice that"
    )
    logs: Literal["off", "debug", "info", "warning", "error"] = Field(
        default="off", description="also publish log lines of this level and above, under log/<level>"
    )


def _readable(parse: Callable[[str], object]) -> AfterValidator:
    """A text that `parse` can read; it stays as it was written."""

    def check(text: str) -> str:
        parse(text)
        return text

    return AfterValidator(check)


def _beginning(text: str) -> None:
    if parse_clock(text) == DAY_LONG:
        raise ValueError("a day begins at 23:59 at the latest; write 00:00 for midnight")


Money = Annotated[Decimal, Field(gt=0, le=10**12)]
Share = Annotated[float, Field(ge=0, le=1)]


class Limits(Table):
    """What may not be passed by the whole account, by one strategy, or on each asset; what is not set limits nothing.

    The promise: every limit that concerns an order binds it, so that a strategy's own can only be tighter than the
    account's. Money is in the account's currency, a profit or loss is what the deals themselves came to, and an order
    in doubt counts as lost in full.
    """

    max_stake: Money | None = Field(default=None, examples=[5], description="the largest stake of one order")
    min_stake: Money | None = Field(default=None, examples=[1], description="the least stake of one order")
    max_open: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, examples=[2], description="orders and deals that may be open at a time"
    )
    max_at_risk: Money | None = Field(
        default=None, examples=[20], description="what the stakes that are out may come to together"
    )
    max_per_currency: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None,
        examples=[2],
        description="orders and deals that may be open at a time on assets that share a currency (EURUSD: EUR and USD)",
    )
    max_daily_loss: Money | None = Field(
        default=None,
        examples=[20],
        description="no new order once the day's losses and the stakes still at risk could come to more",
    )
    max_weekly_loss: Money | None = Field(
        default=None, examples=[60], description="the same for the week, which begins on Monday"
    )
    stop_at_daily_profit: Money | None = Field(
        default=None, examples=[30], description="no new order once the day's profit has reached this"
    )
    stop_at_weekly_profit: Money | None = Field(
        default=None, examples=[100], description="no new order once the week's profit has reached this"
    )
    max_drawdown: Money | None = Field(
        default=None,
        examples=[50],
        description="how far the result may fall below its best since trading was last resumed with a reason; where "
        "the account has fallen so far trading is killed, and only a person resumes it",
    )
    loss_streak: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None,
        examples=[3],
        description="after so many losses in a row no order for as long as cool_down; a tie neither adds nor breaks",
    )
    cool_down: Annotated[str, _readable(parse_timeframe)] = Field(
        default="15m", description="how long a streak of losses stops orders, from the end of the last one, such as 15m"
    )
    orders_per_minute: Annotated[int, Field(ge=1, le=600)] | None = Field(
        default=None, examples=[2], description="orders let through in any minute"
    )
    orders_per_hour: Annotated[int, Field(ge=1, le=36_000)] | None = Field(
        default=None, examples=[20], description="orders let through in any hour"
    )
    orders_per_day: Annotated[int, Field(ge=1, le=864_000)] | None = Field(
        default=None, examples=[100], description="orders let through in a day"
    )
    one_per_candle: bool | None = Field(
        default=None, examples=[True], description="true: a strategy orders at most once on the same candle of an asset"
    )
    min_payout: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None, examples=[80], description="percent that a win must pay at least; an unknown payout is too little"
    )
    break_even_margin: Share | None = Field(
        default=None,
        examples=[0.02],
        description="the probability of a win, where a strategy states one, must be so far above break-even",
    )
    require_probability: bool | None = Field(
        default=None,
        examples=[True],
        description="true: a strategy that states no probability of a win orders nothing",
    )
    min_confidence: Share | None = Field(
        default=None, examples=[0.6], description="a strategy's signal must be at least so confident, 0 to 1"
    )
    min_balance: Annotated[Decimal, Field(ge=0, le=10**12)] | None = Field(
        default=None, examples=[100], description="what the balance must still be once the stake is taken"
    )
    max_clock_offset: Annotated[float, Field(gt=0, le=10**9)] | None = Field(
        default=None, examples=[2.0], description="seconds by which the broker's clock and this machine's may differ"
    )
    hours: Annotated[str, _readable(parse_hours)] | None = Field(
        default=None,
        examples=["08:00-20:00"],
        description="orders only at these times of day, by the clock of [risk] timezone; several with commas",
    )
    days: Annotated[str, _readable(parse_days)] | None = Field(
        default=None, examples=["mon-fri"], description="orders only on these days of the week; several with commas"
    )


class RiskSettings(Limits):
    """The last word before money moves; no command can loosen it."""

    max_stake: Decimal = Field(
        default=Decimal(10), gt=0, le=10**12, description="the largest stake of one order, in the account's currency"
    )
    max_open: int = Field(default=3, ge=1, le=100, description="orders and deals that may be open at a time")
    max_daily_loss: Decimal = Field(
        default=Decimal(50),
        gt=0,
        le=10**12,
        description="no new order once the day's losses and the stakes still at risk could come to more",
    )
    orders_per_minute: int = Field(default=6, ge=1, le=600, description="orders let through in any minute")
    one_per_candle: bool = Field(
        default=True, description="true: a strategy orders at most once on the same candle of an asset"
    )
    max_clock_offset: Annotated[float, Field(gt=0, le=10**9)] = Field(
        default=5.0,
        description="seconds by which the stamps of ticks and this machine's clock may differ: by more, either this "
        "clock is wrong, or the market is seen so much too late",
    )
    allow_real: bool = Field(
        default=False, description="true: orders may go to the real account; only the file can set it, never a command"
    )
    answer_within: float = Field(
        default=10.0, ge=1, le=60, description="seconds in which the broker answers an order; then it is in doubt"
    )
    timezone: Annotated[str, _readable(parse_zone)] = Field(
        default="UTC", description="the time zone of days and hours, such as Europe/Berlin"
    )
    day_starts: Annotated[str, _readable(_beginning)] = Field(
        default="00:00", description="when a day begins there, for all limits by the day and by the week"
    )
    asset: Limits = Field(default=Limits(), description="limits that hold on each asset alone")

    @property
    def calendar(self) -> Calendar:
        """Which day and week a moment belongs to."""
        return Calendar(parse_zone(self.timezone), parse_clock(self.day_starts))


class ScreenshotSettings(Table):
    """Pictures of the page, by command and by schedule."""

    every: str | None = Field(default=None, description='take one on schedule: "15m", or a cron line in UTC')
    what: Literal["page", "chart", "panel"] = Field(default="page", description="what a scheduled one shows")
    keep_days: int = Field(default=14, ge=1, description="days after which pictures and trade artifacts are deleted")
    keep_mb: int = Field(default=500, ge=1, description="megabytes past which the oldest are deleted")


class HousekeepingSettings(Table):
    """What is put away by schedule: an interval such as 6h, or a cron line in UTC."""

    backup: str | None = Field(
        default="0 3 * * *", description="when the journal is copied to backups in the state folder"
    )
    report: str | None = Field(
        default="5 0 * * *", description="when the score is written to reports in the state folder"
    )
    scan: str | None = Field(
        default=None, examples=["1h"], description="when what the page shows is written to scans in the state folder"
    )
    keep: int = Field(default=14, ge=1, le=10_000, description="how many of each stay")


class CompareSettings(Table):
    """What follows when a comparison of strategies has found a better one."""

    promote: Literal["ask", "live"] = Field(
        default="ask",
        description='"ask": a person promotes it, by compare/promote; "live": once it beats break-even as well it '
        "trades live without being asked; only the file can set it",
    )
    strategies: tuple[str, ...] = Field(
        default=("*",), description="which may be promoted without being asked; names, or patterns"
    )
    every_days: float = Field(
        default=7.0, ge=0, le=3_650, description="days between two promotions that nobody was asked about"
    )


class LogSettings(Table):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least level that is written"
    )
    format: Literal["auto", "console", "json"] = Field(
        default="auto", description="auto: console on a terminal, JSON lines otherwise"
    )

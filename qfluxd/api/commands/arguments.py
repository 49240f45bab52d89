"""Kinds of argument that several commands take, each with its bounds and its sentence."""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from qfluxd.model import Millis, parse_timeframe, timeframe_name

LARGEST_STAKE = Decimal(10**12)
MOST_DECIMALS = 8

type Symbol = Annotated[str, Meta(min_length=1, max_length=64, description="the broker's exact symbol")]
type TimeframeName = Annotated[str, Meta(max_length=16, description="one of the configured timeframes, such as 1m")]
type Reason = Annotated[str, Meta(max_length=200, description="why, for the log and for whoever looks later")]
type MinPayout = Annotated[int, Meta(ge=0, le=1000, description="the least payout in percent")]
type Stake = Annotated[Decimal, Meta(description="the stake in the account's currency, exact to the digit")]
type Expiry = (
    Annotated[int, Meta(ge=1, le=86_400, description="how long it lasts: seconds, or a name such as 1m")]
    | Annotated[str, Meta(max_length=16)]
)


def usual_name(timeframe: str) -> str:
    """The usual spelling of a timeframe. Raises `ValueError` where it is none."""
    return timeframe_name(parse_timeframe(timeframe))


def length_of(expiry: int | str) -> Millis:
    """The length in milliseconds of an expiry in seconds or by name. Raises `ValueError` where it is none."""
    if isinstance(expiry, int):
        return expiry * 1000
    return int(expiry) * 1000 if expiry.isascii() and expiry.isdigit() else parse_timeframe(expiry)


def usual_expiry(expiry: int | str) -> str:
    """The usual name of an expiry. Raises `ValueError` where it is none, or not between one second and one day."""
    try:
        return usual_name(timeframe_name(length_of(expiry) or 1))
    except ValueError:
        raise ValueError(f"expiry {expiry!r} is not a length; write seconds, or a name from 1s to 1d") from None


def check_stake(stake: Decimal) -> None:
    """Raises `ValueError` where this is no amount that could be staked."""
    if not stake.is_finite() or not 0 < stake <= LARGEST_STAKE:
        raise ValueError("stake must be a number above 0, such as 1 or 2.50")
    exponent = stake.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MOST_DECIMALS:
        raise ValueError(f"stake has more than {MOST_DECIMALS} decimals")

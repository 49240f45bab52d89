"""What may be set of a paper account."""

from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field, field_validator, model_validator

from qfluxd.model import Millis
from qfluxd.settings import Table

NAME: Final = "paper"

type Delay = Annotated[int, Field(ge=0, le=600_000)]


class Quantiles(Table):
    """A spread of delays, in milliseconds: half of all orders take at most `p50`, nine in ten at most `p90`, and so on.

    What lies between two of them is spread evenly; nothing is taken to be faster than the least of them or slower than
    the last.
    """

    p10: Delay | None = None
    p50: Delay
    p90: Delay | None = None
    p99: Delay | None = None

    @model_validator(mode="after")
    def _ascending(self) -> "Quantiles":
        delays = [delay for _, delay in self.points]
        if delays != sorted(delays):
            raise ValueError("p10, p50, p90 and p99 must ascend")
        return self

    @property
    def points(self) -> list[tuple[float, Millis]]:
        """Each quantile that is told, as a share of all orders and a delay; ascending."""
        told = ((0.1, self.p10), (0.5, self.p50), (0.9, self.p90), (0.99, self.p99))
        return [(share, delay) for share, delay in told if delay is not None]


class Config(Table):
    """[driver.paper]: trade a paper account on the prices of another driver."""

    on: str = Field(
        default="pocketoption", description="the driver whose prices are traded on; its own table is read as ever"
    )
    balance: Decimal = Field(default=Decimal(10_000), gt=0, le=10**12, description="what a new account holds")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3,5}$")] = Field(
        default="USD", description="the currency of a new account"
    )
    latency: Delay | tuple[Delay, ...] | Quantiles = Field(
        default=500,
        description="milliseconds from an order to its opening price: a number, a list of measured ones to draw from, "
        "or quantiles such as {p50=400, p90=900}",
    )
    refuse: float = Field(default=0.0, ge=0, le=1, description="the share of orders that are refused by chance")
    seed: int = Field(default=0, description="what delays and refusals are drawn from; the same again with the same")
    max_open: int = Field(default=10, ge=1, le=1000, description="deals that may be open at a time")
    quiet_after: float = Field(
        default=5.0, ge=1, le=600, description="seconds without a tick after which nobody knows an asset's price"
    )
    keep: bool | None = Field(
        default=None, description="true: the account outlives the daemon; default: unless it trades on a replay"
    )

    @field_validator("on")
    @classmethod
    def _another(cls, value: str) -> str:
        if value == NAME:
            raise ValueError("a paper account needs the prices of another driver, such as pocketoption")
        return value

    @field_validator("latency")
    @classmethod
    def _some(cls, value: int | tuple[int, ...] | Quantiles) -> int | tuple[int, ...] | Quantiles:
        if value == ():
            raise ValueError("an empty list has no delay to draw; write a number, or leave it away")
        return value

    @property
    def is_kept(self) -> bool:
        """Whether the account is written down; that on a recording begins anew, as the recording does."""
        return self.on != "replay" if self.keep is None else self.keep

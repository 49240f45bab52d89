"""A trained model."""

from typing import Self

import numpy as np
import polars as pl
from pydantic import Field, PrivateAttr, model_validator

from qfluxd.model import Millis, parse_timeframe
from qfluxd.settings import OwnPath, Table, Timeframe
from qfluxd.strategies.card import Card, finish, read_card
from qfluxd.strategies.features import Features, Rows, features, whole_rows
from qfluxd.strategies.onnx import read_model, runner
from qfluxd.strategy import Extra, Floats, View


class Model(Table):
    """Trades where a trained model's probability is above break-even at the payout in force, by a margin.

    The model is a file that `qfluxd train` writes, with a card beside it that says what it was trained on and how it
    did on data that it had not seen. What it can do is find a pattern that was there and has stayed; most markets of
    this kind have none that pays, and then its card says so.
    """

    file: OwnPath = Field(description="the model, such as models/eurusd.onnx; its card lies beside it")
    margin: float | None = Field(
        default=None, ge=0, le=0.5, description="how far above break-even a probability must be; default: the card's"
    )
    threshold: float | None = Field(
        default=None, gt=0.5, lt=1, description="a least probability besides; alone where nobody has told the payout"
    )
    expiry: Timeframe | None = Field(default=None, description="how long a trade lasts; default: as it was trained for")
    allow_unproven: bool = Field(
        default=False, description="true: trade live also with a model whose card says that it is not proven"
    )

    _sha256: str = PrivateAttr(default="")
    _card: Card = PrivateAttr()

    @model_validator(mode="after")
    def _open(self) -> Self:
        try:
            finish(self.file)
        except OSError as problem:
            raise ValueError(f"{self.file}: cannot be replaced by its candidate ({problem.strerror})") from None
        self._sha256 = read_model(self.file)
        self._card = read_card(self.file, self._sha256)
        width = runner(self.file, self._sha256).width
        if len(self._features.names) != width:
            raise ValueError(f"{self.file}: takes {width} features, and its card names {len(self._card.features)}")
        return self

    @property
    def card(self) -> Card:
        """What is known of the model."""
        return self._card

    @property
    def is_proven(self) -> bool:
        """Whether it beat break-even on unseen data, by the rule that it follows here."""
        return self.live_refusal() is None

    def live_refusal(self, asset: str | None = None) -> str | None:
        """Why nobody should trade on it live (on this asset), None where it is proven.

        It does not look at `allow_unproven`, by which an owner says that it may be traded nevertheless.
        """
        card = self._card
        if not card.is_proven:
            return f"the model {card.name} is not proven: {card.reason}"
        if self._margin < card.margin:
            return f"the model {card.name} was proven with a margin of {card.margin:g}, not {self._margin:g}"
        if self._length != card.length:
            return f"the model {card.name} was proven for trades of {card.expiry}, not {self.expiry}"
        if asset is not None and asset not in card.source.assets:
            return f"the model {card.name} was proven on {', '.join(card.source.assets)}, not on {asset}"
        return None

    @property
    def warmup(self) -> int:
        """As many candles as its features need."""
        return self._features.warmup

    @property
    def timeframes(self) -> tuple[Millis, ...]:
        """Those that its features look at."""
        return self._features.timeframes

    @property
    def wants(self) -> tuple[Extra, ...]:
        """The payout, which says what a probability has to beat."""
        return ("payout",)

    def signals(self, view: View) -> pl.DataFrame:
        """A row per candle; the reasons are the probabilities, the break-even, the card's number and the features.

        Raises:
            ValueError: the candles are of another timeframe than those that it was trained on.
        """
        if view.series.timeframe != self._card.candle:
            raise ValueError(f"the model {self._card.name} was trained on {self._card.timeframe} candles")
        values = self._features.values(view)
        up = self._probabilities(whole_rows(values))
        sure = np.maximum(up, 1 - up)
        break_even = 100 / (100 + view.floats("payout"))
        speaks = sure > self._needed(break_even)
        return view.answer(
            call=speaks & (up > 0.5),
            put=speaks & (up < 0.5),
            confidence=sure,
            expiry=self._length,
            warmup=self.warmup,
            probability=sure,
            up=up,
            break_even=break_even,
            card=np.full(up.shape, float(self._card.id)),
            **dict(zip(self._features.names, values.T, strict=True)),
        )

    def _probabilities(self, rows: Rows) -> Floats:
        """The probability of a rise for each row, NaN where a feature is not known."""
        up = np.full(len(rows), np.nan)
        known = np.isfinite(rows[:, 0])
        if known.any():
            up[known] = runner(self.file, self._sha256).probabilities(rows[known])
        return up

    def _needed(self, break_even: Floats) -> Floats:
        """What a probability has to exceed; NaN, which nothing exceeds, where that is not known."""
        least = break_even + self._margin
        return least if self.threshold is None else np.fmax(least, self.threshold)

    @property
    def _margin(self) -> float:
        return self._card.margin if self.margin is None else self.margin

    @property
    def _length(self) -> Millis:
        return self._card.length if self.expiry is None else parse_timeframe(self.expiry)

    @property
    def _features(self) -> Features:
        return features(self._card.features)

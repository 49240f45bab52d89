"""A model's card: what it was trained on and how it did on what it had not seen, in a file beside the model's own."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

from qfluxd.model import Millis, parse_timeframe

FORM: Final = 1
"""The form of card that this version writes and reads."""

type Verdict = Literal["proven", "not proven"]


class Trades(msgspec.Struct, frozen=True):
    """What a rule's trades came to on data that it had not seen, one at a time.

    `rate` is of decisive trades, with Wilson's 95 % interval `low` to `high`, and has to beat `break_even`. `profit` is
    what a unit of stake earned on average, ties included, with its 95 % interval; None where there was no trade. The
    `e_value` is the evidence of an edge (`qfluxd.evidence.Wealth`): without one it is 20 or more in one case of 20.
    """

    won: int
    lost: int
    tie: int
    rate: float | None
    low: float
    high: float
    break_even: float | None
    profit: float | None
    profit_low: float | None
    profit_high: float | None
    e_value: float


class Forecast(msgspec.Struct, frozen=True):
    """How good the probabilities were on rows that it had not seen, ties left out.

    `brier` is the mean square of what they missed by (Brier 1950; always saying 0.5 makes 0.25), `log_loss` in nats
    (0.693), `calibration_error` the mean distance between what was said and what came in ten groups of equal size.
    """

    rows: int
    up_share: float
    brier: float
    log_loss: float
    calibration_error: float


class Candidate(msgspec.Struct, frozen=True):
    """One kind of model that was tried, and what its decisions would have earned."""

    name: str
    parameters: dict[str, float | str | bool | None]
    forecast: Forecast
    trades: Trades


class Fold(msgspec.Struct, frozen=True):
    """One step forward: fitted on `train` rows up to `train_until`, tried on `test` rows from `test_from` on.

    `purged` rows between the two were left out, because their outcomes were not known when the test began. Times are
    those of signals, in ms UTC.
    """

    train: int
    purged: int
    test: int
    train_until: Millis
    test_from: Millis
    test_until: Millis


class Source(msgspec.Struct, frozen=True):
    """The data. `first` and `last` are the times of the outermost signals.

    Of all `candles`, `samples` had features and a known outcome (`ties` among them); `unknown` had features and none.
    `settled` counts the samples by what their outcome was read from, ticks or candles.
    """

    place: str
    assets: tuple[str, ...]
    first: Millis
    last: Millis
    candles: int
    samples: int
    ties: int
    unknown: int
    settled: dict[str, int]
    sha256: str


class Parity(msgspec.Struct, frozen=True):
    """How far the written file's probabilities are from those of the library that trained it, on all unseen rows."""

    rows: int
    largest: float
    other_decisions: int


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a model.

    The promise: read with `read_card` it belongs to the very file beside which it lies, and to the very features that
    it names. `id` is a number that names the model in a signal's reasons. `payout` (percent) and `margin` are the rule
    that was tried: trade where the probability of a win is above the payout's break-even by the margin. It is
    ``proven`` where `trades.e_value` of the chosen candidate reached `needed`, which is 20 times the candidates tried.
    """

    form: int
    name: str
    created: Millis
    id: int
    model_sha256: str
    features: dict[str, str]
    features_sha256: str
    timeframe: str
    expiry: str
    latency_ms: Millis
    payout: int
    margin: float
    calibration: str
    source: Source
    embargo_ms: Millis
    folds: tuple[Fold, ...]
    candidates: tuple[Candidate, ...]
    chosen: str
    baselines: dict[str, Trades]
    parity: Parity
    seed: int
    versions: dict[str, str]
    e_value: float
    needed: float
    verdict: Verdict
    reason: str

    @property
    def is_proven(self) -> bool:
        """Whether it beat break-even on data that it had not seen, with evidence enough."""
        return self.verdict == "proven"

    @property
    def candle(self) -> Millis:
        """The length of the candles that it was trained on."""
        return parse_timeframe(self.timeframe)

    @property
    def length(self) -> Millis:
        """How long the trades last that it forecasts."""
        return parse_timeframe(self.expiry)


def card_file(model: Path) -> Path:
    """Where the card of a model's file lies: beside it, ``name.onnx`` and ``name.card.json``."""
    return model.with_suffix(".card.json")


def candidate_file(model: Path) -> Path:
    """Where the model lies that may take this one's place; its card lies beside it, as for any model."""
    return model.with_suffix(".candidate.onnx")


def finish(model: Path) -> bool:
    """Where a candidate's card is in its place already, move its model there too; whether there was such a candidate.

    That is the second step of taking over, and what mends one that a crash cut short. Raises `OSError`.
    """
    candidate = candidate_file(model)
    if card_file(candidate).exists() or not candidate.exists():
        return False
    try:
        read_card(model, digest(candidate.read_bytes()))
        candidate.replace(model)
    except (ValueError, FileNotFoundError):  # it is no candidate of this card, or somebody else has just done it
        return False
    return True


def digest(data: bytes) -> str:
    """The SHA-256 of some bytes, as hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def features_digest(features: Mapping[str, str]) -> str:
    """The SHA-256 of features with their names and formulas, in their order."""
    return digest(msgspec.json.encode(list(features.items())))


def model_id(sha256: str) -> int:
    """A number of at most nine digits that names a model in a signal's reasons, which are numbers."""
    return int(sha256[:7], 16)


def write_card(card: Card) -> bytes:
    """The card as the bytes of its file."""
    return msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n"


def read_card(model: Path, sha256: str) -> Card:
    """The card beside a model's file, which has this SHA-256.

    Raises:
        ValueError: there is none, it makes no sense, or it belongs to another file or other features.
    """
    place = card_file(model)
    try:
        card = msgspec.json.decode(place.read_bytes(), type=Card)
    except FileNotFoundError:
        raise ValueError(f"{place}: there is no such file; a model needs its card beside it") from None
    except (OSError, msgspec.MsgspecError) as problem:
        raise ValueError(f"{place}: cannot be read as a model's card: {problem}") from None
    if card.form != FORM:
        raise ValueError(f"{place}: is a card of form {card.form}, and this version reads form {FORM}; train anew")
    if card.model_sha256 != sha256:
        raise ValueError(f"{place}: is the card of another model than {model.name} (their hashes differ); train anew")
    if features_digest(card.features) != card.features_sha256:
        raise ValueError(f"{place}: its features are not those that the model was trained with; train anew")
    return card

"""What is asked about trades goes to whoever keeps the journal; without one it is refused."""

from decimal import Decimal
from typing import Any, cast

import pytest

from qfluxd.api import commands as ask
from qfluxd.api.commands import Repeat, Request
from qfluxd.model import Refusal, Trade, TradingSwitch
from qfluxd.performer import TradeAnswers
from qfluxd.session import Trading

AT = 1_763_769_600_000
OPEN = ask.TradeOpen("EURUSD_otc", "call", Decimal(1), 60)
TRADE = Trade("t-1", '"mine"', "EURUSD_otc", "call", Decimal(1), 60_000, "refused", "stale", "old", AT, AT)


class Book:
    """Stands for trading: knows one trade, and does what the switch is told."""

    def __init__(self) -> None:
        self.opened: list[Request] = []

    async def open(self, request: Request) -> Refusal:
        """Note it."""
        self.opened.append(request)
        return Refusal("stale", "old")

    def stored(self, request: Request) -> Repeat | None:
        """The id "mine" has acted."""
        return Repeat(Refusal("stale", "old")) if request.id == "mine" else None

    def status(self, ident: str) -> Trade | None:
        """One trade is known."""
        return TRADE if ident in ("mine", "7") else None

    def trades(self, count: int) -> list[Trade]:
        """The newest ones."""
        return [TRADE] * count

    def pause(self, reason: str) -> TradingSwitch:
        """Done."""
        return TradingSwitch("paused", reason, AT)

    def kill(self, reason: str) -> TradingSwitch:
        """Done."""
        return TradingSwitch("killed", reason, AT)

    def resume(self, reason: str) -> TradingSwitch | Refusal:
        """Only with a reason."""
        return TradingSwitch("active", reason, AT) if reason else Refusal("reason_required", "say why")


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def answers(book: Book) -> TradeAnswers:
    return TradeAnswers(cast(Trading, book))


async def told(answers: TradeAnswers, asked: Request) -> Any:
    """The outcome, whatever it is."""
    return await answers.perform(asked)


def request(command: ask.Command, ident: str | int | None = None) -> Request:
    return Request(ident, None, False, command)


async def test_a_trade_is_opened_with_its_whole_request(answers: TradeAnswers, book: Book) -> None:
    """Whoever places trades gets the id, the time and whether it is a rehearsal."""
    asked = request(OPEN, "new")
    assert await told(answers, asked) == Refusal("stale", "old")
    assert book.opened == [asked]


async def test_beside_another_daemon_of_its_name_nothing_is_opened(book: Book) -> None:
    """Both would act: an order is turned down before anybody notes it, and what is known of an id is still told."""
    answers = TradeAnswers(cast(Trading, book), rival=lambda: "another one is online")
    assert await told(answers, request(OPEN, "new")) == Refusal("name_taken", "another one is online")
    assert (await told(answers, request(ask.TradeStatus(), "mine")))["trade"].request == "mine"
    assert isinstance(answers.stored(request(OPEN, "mine")), Repeat)
    assert book.opened == []


async def test_a_symbol_that_is_misspelt_uses_up_no_id(book: Book) -> None:
    """What the broker does not list is told with the nearest that it does, and nobody notes the order."""
    answers = TradeAnswers(cast(Trading, book), lambda asset: f"no {asset}; did you mean EURUSD_otc?")
    outcome = await told(answers, request(OPEN, "new"))
    assert outcome == Refusal("asset_unknown", "no EURUSD_otc; did you mean EURUSD_otc?")
    assert book.opened == []


def test_only_trades_are_remembered(answers: TradeAnswers) -> None:
    """The id of another command may be anything."""
    assert isinstance(answers.stored(request(OPEN, "mine")), Repeat)
    assert answers.stored(request(OPEN, "new")) is None
    assert answers.stored(request(ask.Ping(), "mine")) is None


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (request(ask.TradeStatus(), "mine"), None),
        (request(ask.TradeStatus(), 7), None),
        (request(ask.TradeStatus("mine"), "question-1"), None),
        (request(ask.TradeStatus("nobody"), "mine"), "unknown_trade"),
        (request(ask.TradeStatus()), "id_required"),
        (request(ask.TradeStatus(), ""), "id_required"),
    ],
)
async def test_a_trade_is_asked_for_by_either_id(answers: TradeAnswers, asked: Request, code: str | None) -> None:
    """The id of the trade is the request's own, or named beside it."""
    outcome = await told(answers, asked)
    if code is None:
        assert outcome["trade"].request == "mine"
    else:
        assert isinstance(outcome, Refusal)
        assert outcome.code == code


async def test_the_newest_trades_are_told(answers: TradeAnswers) -> None:
    """As many as are asked for, as topics show them."""
    outcome = await told(answers, request(ask.TradeList(3)))
    assert [trade.stage for trade in outcome["trades"]] == ["refused"] * 3


async def test_the_switch_is_told_as_its_topic_tells_it(answers: TradeAnswers) -> None:
    """Pausing, killing and resuming answer how the switch stands; a refusal stays one."""
    assert await told(answers, request(ask.TradingPause("news"))) == {
        "trading": "paused",
        "reason": "news",
        "since": AT,
    }
    assert (await told(answers, request(ask.TradingKill("enough"))))["trading"] == "killed"
    assert await told(answers, request(ask.TradingResume())) == Refusal("reason_required", "say why")
    assert (await told(answers, request(ask.TradingResume("well"))))["trading"] == "active"


@pytest.mark.parametrize("command", [OPEN, ask.TradeStatus("mine"), ask.TradeList(), ask.TradingKill()])
async def test_a_driver_that_places_nothing_refuses(command: ask.Command) -> None:
    """A replay trades nothing: every such request is refused, and nothing is remembered."""
    answers = TradeAnswers(None)
    outcome = await told(answers, request(command, "mine"))
    assert isinstance(outcome, Refusal)
    assert outcome.code == "no_page"
    assert answers.stored(request(command, "mine")) is None

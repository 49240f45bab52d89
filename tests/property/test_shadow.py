"""The shadow book against settlement by hand, over the whole list of ticks at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from qfluxd.model import Asset, Assets, Millis, Side, Tick
from qfluxd.trading.settlement import LATE, compare, profit
from qfluxd.trading.shadow import Shadow, ShadowDeal, ShadowRequest

QUIET: Millis = 3_000
AT: Millis = 1_763_769_600_000
SYMBOLS = ("EURUSD_otc", "GBPUSD_otc")
FAR: Millis = AT + 10_000_000


class Lost:
    """The feed is lost."""


@dataclass(frozen=True, slots=True)
class Passed:
    """Time is told: so long before the latest moment that no tick to come contradicts."""

    back: Millis


type Act = Tick | ShadowRequest | Lost | Assets | Passed


@st.composite
def sessions(draw: st.DrawFn) -> list[Act]:
    """Anything that a book can be told, in any order: prices with ties, jitter, silences, holes, payouts."""
    acts: list[Act] = []
    now = AT
    for number in range(draw(st.integers(1, 60))):
        now += draw(st.sampled_from([0, 1, 250, 480, 500, 500, 900, 2_999, 3_000, 3_001, 7_000]))
        symbol = draw(st.sampled_from(SYMBOLS))
        kind = draw(st.sampled_from(["tick"] * 7 + ["open", "open", "lost", "assets", "time", "time"]))
        match kind:
            case "tick":
                back = draw(st.sampled_from([0, 0, 0, 0, 1, 300, 1_500]))
                price = draw(st.sampled_from([1.0, 1.000001, 1.00002, 0.99998]))
                acts.append(Tick(symbol, now - back, price))
            case "open":
                side: Side = draw(st.sampled_from(["call", "put"]))
                latency = draw(st.sampled_from([0, 1, 400, 1_200]))
                payout = draw(st.sampled_from([None, 92]))
                length = draw(st.sampled_from([1_000, 2_000, 5_000, 15_000]))
                acts.append(
                    ShadowRequest(f"d{number}", "p", symbol, side, Decimal(3), length, None, now, latency, payout, 5)
                )
            case "lost":
                acts.append(Lost())
            case "assets":
                listed = draw(st.lists(st.sampled_from(SYMBOLS), unique=True))
                pays = draw(st.integers(50, 95))
                acts.append(Assets(tuple(Asset(one, one, "currency", 5, pays, True, True, (), 1) for one in listed)))
            case _:
                acts.append(Passed(draw(st.sampled_from([0, 1, 500, 4_000]))))
    return acts


def run(acts: Sequence[Act], *, told: bool) -> dict[str, ShadowDeal]:
    """What the book makes of it; time is told where `told`, and at the very end."""
    ended: dict[str, ShadowDeal] = {}
    shadow = Shadow(QUIET, lambda deal: ended.update({deal.id: deal}))
    for place, act in enumerate(acts):
        match act:
            case Tick():
                shadow.on_tick(act)
            case ShadowRequest():
                shadow.open(act)
            case Assets():
                shadow.on_assets(act)
            case Lost():
                shadow.interrupt(FAR)
            case Passed(back=back) if told:
                to_come = [later.at for later in acts[place:] if isinstance(later, Tick)]
                shadow.on_time(min(to_come, default=FAR) + LATE - back)
    shadow.on_time(FAR)
    assert shadow.deals == ()
    return ended


def by_hand(acts: Sequence[Act], place: int) -> tuple[object, ...]:
    """Outcome, code, entry, end and profit of the deal asked for at this place, by looking at everything at once."""
    wanted = acts[place]
    assert isinstance(wanted, ShadowRequest)
    due = wanted.signalled + wanted.latency
    own = [(i, act) for i, act in enumerate(acts) if i > place and isinstance(act, Tick) and act.asset == wanted.asset]
    holes = [i for i, act in enumerate(acts) if i > place and isinstance(act, Lost)]
    first = next(((i, tick) for i, tick in own if tick.at >= due), None)
    if any(first is None or hole < first[0] for hole in holes) and (first is None or holes[0] < first[0]):
        return "not_filled", "feed_lost", None, None, None
    if first is None or first[1].at - due > QUIET:
        return "not_filled", "quiet", None, None, None
    entry, tick = first
    told = [act for act in acts[place:entry] if isinstance(act, Assets)]
    payouts = {asset.symbol: asset.payout for asset in told[-1].assets} if told else {wanted.asset: wanted.payout}
    closes = tick.at // 1000 * 1000 + wanted.expiry
    after = next(((i, later) for i, later in own if i > entry and later.at > closes), (len(acts), None))
    before = [(one.at, i, one.price) for i, one in own if entry <= i < after[0]]
    newest, heard, price = max(before)
    deaf = [hole for hole in holes if entry < hole < after[0]]
    if deaf and deaf[-1] > heard:
        return "unknown", "feed_lost", (tick.at, tick.price), None, None
    if after[1] is None or after[1].at - newest > QUIET:
        return "unknown", "quiet", (tick.at, tick.price), None, None
    result, payout = compare(wanted.side, tick.price, price, wanted.digits), payouts.get(wanted.asset)
    earned = None if payout is None else profit(result, wanted.stake, payout)
    return result, "payout_unknown" if payout is None else result, (tick.at, tick.price), price, earned


def seen(deal: ShadowDeal) -> tuple[object, ...]:
    """The same of a deal in the book."""
    entry = None if deal.opened is None else (deal.opened, deal.open_price)
    return deal.outcome, deal.code, entry, deal.close_price, deal.profit


def sooner(fate: tuple[object, ...]) -> tuple[object, ...]:
    """Without the reason: whoever tells that a deal is over sooner does not know what else would have ended it."""
    return (fate[0], *fate[2:])


@settings(max_examples=300)
@given(sessions())
def test_the_book_settles_as_a_look_at_everything_would(acts: list[Act]) -> None:
    """Same outcome, reason, prices and profit; and the same without the reason, whenever time is told."""
    expected = {act.id: by_hand(acts, place) for place, act in enumerate(acts) if isinstance(act, ShadowRequest)}
    assert {ident: seen(deal) for ident, deal in run(acts, told=False).items()} == expected
    told = {ident: sooner(seen(deal)) for ident, deal in run(acts, told=True).items()}
    assert told == {ident: sooner(fate) for ident, fate in expected.items()}


@settings(max_examples=100)
@given(sessions())
def test_a_book_repeats_itself(acts: list[Act]) -> None:
    """The same acts give the same deals, to the last field."""
    assert run(acts, told=True) == run(acts, told=True)

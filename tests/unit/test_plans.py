"""What becomes of plans and of their signals: modes, stakes, orders, results, and a configuration that changes."""

from decimal import Decimal
from typing import Any

import pytest

from qfluxd.model import Deal, Millis, PlanState, PlanSwitched, Refusal, Stage, Trade
from qfluxd.settings import Limits
from qfluxd.trading.shadow import ShadowDeal, ShadowOutcome
from tests.support.stand import ASSET, BEGIN, Stand, Tell, plan, raising

MARTINGALE = {"policy": "martingale", "base": 1, "factor": 2, "max_steps": 4}


def traded(order: str, stage: Stage, code: str = "", *, plan: str = "a", profit: Decimal | None = None) -> Trade:
    """A live trade of a plan, as the journal tells it."""
    deal = None
    if stage in ("accepted", "settled"):
        stamps = (BEGIN + 5_100, BEGIN + 10_000)
        deal = Deal("d1", ASSET, "call", Decimal(1), 92, *stamps, 1.1, "demo", "USD", None, profit)
    at = BEGIN + 10_200
    return Trade(
        order, "r", ASSET, "call", Decimal(1), 5_000, stage, code or stage, "why", at, at, "demo", deal, plan=plan
    )


def shadowed(order: str, outcome: ShadowOutcome, *, plan: str = "a", profit: Decimal | None = None) -> ShadowDeal:
    """A shadow deal of a plan, as the shadow book tells it."""
    at = BEGIN + 10_200
    signalled, opened, prices = at - 5_100, at - 5_000, (1.1, 1.2)
    return ShadowDeal(
        order,
        plan,
        ASSET,
        "call",
        Decimal(1),
        5_000,
        BEGIN,
        signalled,
        opened,
        at,
        *prices,
        92,
        profit,
        outcome,
        outcome,
        at,
    )


# ------------------------------------------------------------------------------------------------------- modes


def test_a_signal_is_only_told() -> None:
    """In mode signal nothing is ordered, and no stake is worked out."""
    stand = Stand(plan()).run(5_500)
    assert stand.orders == []
    assert (stand.verdicts[0].outcome, stand.verdicts[0].stake) == ("told", None)


@pytest.mark.parametrize(("mode", "outcome"), [("shadow", "shadow"), ("live", "ordered")])
def test_a_mode_says_where_an_order_goes(mode: str, outcome: str) -> None:
    """On paper or to the page: with the stake of its policy, the plan's limits, and all that the guards ask for."""
    limits = Limits(max_open=1)
    strategy = Tell(side=-1, probability=0.6, expiry="10s")
    made = plan(strategy=strategy, mode=mode, stake={"policy": "fixed", "amount": 2.5}, limits=limits)
    stand = Stand(made)
    stand.assets(0, 87)
    stand.run(5_500)
    [(kind, order, intent)] = stand.orders
    assert kind == mode
    assert (order.asset, order.side, order.stake, order.expiry, order.plan) == (
        ASSET,
        "put",
        Decimal("2.5"),
        10_000,
        "a",
    )
    assert order.request == f'"a/{ASSET}/{BEGIN}"'
    assert order.expires_at == order.received + 5_000
    assert BEGIN + 5_000 <= order.received < BEGIN + 5_700
    assert (intent.plan, intent.limits, intent.candle, intent.payout) == ("a", limits, BEGIN, 87)
    assert (intent.confidence, intent.probability, intent.quality) == (0.5, 0.6, "partial")
    verdict = stand.verdicts[0]
    assert (verdict.outcome, verdict.code, verdict.stake, verdict.trade) == (
        outcome,
        "let_through",
        order.stake,
        order.id,
    )
    assert (verdict.signal.probability, verdict.signal.payout, verdict.signal.mode) == (0.6, 87, mode)


def test_a_refusal_is_told_with_its_stake_and_counted() -> None:
    """The guard's code and sentence stand in the verdict, and the plan's state counts it."""
    stand = Stand(plan(mode="live"))
    stand.refusal = Refusal("paused", "trading is paused")
    stand.run(10_500)
    assert [(verdict.outcome, verdict.code, verdict.detail, verdict.stake) for verdict in stand.verdicts] == [
        ("refused", "paused", "trading is paused", Decimal(1))
    ] * 2
    assert (stand.state().signals, stand.state().refused) == (2, {"paused": 2})


@pytest.mark.parametrize(
    ("stake", "balance", "code"),
    [
        ({"policy": "percent", "percent": 1}, None, "balance_unknown"),
        ({"policy": "fixed", "amount": 50}, 20, "balance_too_small"),
        ({"policy": "kelly", "edge": "signal", "shrink": 0}, 20, "payout_unknown"),
    ],
)
def test_a_stake_that_cannot_be_told_is_a_refusal(stake: dict[str, Any], balance: int | None, code: str) -> None:
    """The order is not even asked for."""
    stand = Stand(plan(mode="live", stake=stake))
    if balance is not None:
        stand.balance(balance)
    stand.run(5_500)
    assert (stand.orders, stand.verdicts[0].outcome, stand.verdicts[0].code) == ([], "refused", code)


def test_without_a_page_nothing_is_traded_live() -> None:
    """A driver that places no trades says so in the verdict."""
    from qfluxd.plans.playbook import nobody

    stand = Stand(plan(mode="live"))
    stand.desk.plans.live = nobody
    stand.run(5_500)
    assert (stand.verdicts[0].outcome, stand.verdicts[0].code) == ("refused", "no_page")


class Untried(Tell):
    """A strategy that knows of a trial, and that it did not do well."""

    allow_unproven: bool = False

    def live_refusal(self, asset: str | None = None) -> str | None:
        """Why not."""
        return f"not proven on {asset}"


@pytest.mark.parametrize(("allowed", "codes"), [(False, ["model_unproven"]), (True, ["let_through"])])
def test_what_is_not_proven_is_not_traded_live(allowed: bool, codes: list[str]) -> None:
    """Whatever brought it into mode live, unless its owner says so; on paper it may run."""
    live = Stand(plan(strategy=Untried(allow_unproven=allowed), mode="live")).run(5_500)
    paper = Stand(plan(strategy=Untried(), mode="shadow")).run(5_500)
    assert [verdict.code for verdict in live.verdicts] == codes
    assert [verdict.code for verdict in paper.verdicts] == ["let_through"]


def test_the_same_signal_has_the_same_order_id_in_every_run() -> None:
    """It sorts by time and is fit for a folder's name."""
    one, two = (Stand(plan(mode="live")).run(10_500) for _ in range(2))
    assert [order.id for _, order, _ in one.orders] == [order.id for _, order, _ in two.orders]
    ids = [order.id for _, order, _ in one.orders]
    assert sorted(ids) == ids
    assert all(ident.replace("-", "").isalnum() for ident in ids)


# ----------------------------------------------------------------------------------------------- what becomes of it


def test_a_live_trade_is_told_to_its_end() -> None:
    """Accepted, then what it came to, with the signal that it came from; after the end nothing more."""
    stand = Stand(plan(mode="live")).run(5_500)
    order = stand.orders[0][1].id
    stand.desk.plans.on_trade(traded(order, "clicked"))
    stand.desk.plans.on_trade(traded(order, "accepted"))
    stand.desk.plans.on_trade(traded(order, "settled", "won", profit=Decimal("0.92")))
    stand.desk.plans.on_trade(traded(order, "settled", "won", profit=Decimal("0.92")))
    told = [(verdict.outcome, verdict.profit, verdict.trade) for verdict in stand.verdicts]
    assert told == [("ordered", None, order), ("accepted", None, order), ("won", Decimal("0.92"), order)]
    assert len({verdict.signal.id for verdict in stand.verdicts}) == 1


def test_a_live_trade_that_was_not_placed_is_told() -> None:
    """Refused on its way with the code of what stopped it; the signal counts once."""
    stand = Stand(plan(mode="live")).run(5_500)
    order = stand.orders[0][1].id
    stand.desk.plans.on_trade(traded(order, "refused", "expired"))
    assert [(verdict.outcome, verdict.code) for verdict in stand.verdicts] == [
        ("ordered", "let_through"),
        ("refused", "expired"),
    ]
    assert stand.state().signals == 1
    assert stand.fingerprint[0] == 1


def test_a_shadow_trade_is_told_to_its_end() -> None:
    """What is only pending or open is nothing new; how it ended is, with its profit."""
    stand = Stand(plan(mode="shadow")).run(5_500)
    order = stand.orders[0][1].id
    for outcome in ("pending", "open"):
        stand.desk.plans.on_shadow(shadowed(order, outcome))
    stand.desk.plans.on_shadow(shadowed(order, "lost", profit=Decimal(-1)))
    assert [(verdict.outcome, verdict.profit) for verdict in stand.verdicts] == [
        ("shadow", None),
        ("lost", Decimal(-1)),
    ]


def test_trades_of_others_are_none_of_a_signals_business() -> None:
    """An order by command, or one of a run before, tells no verdict."""
    stand = Stand(plan(mode="live")).run(5_500)
    before = len(stand.verdicts)
    stand.desk.plans.on_trade(traded("another", "settled", "won", profit=Decimal(1)))
    stand.desk.plans.on_shadow(shadowed("third", "won", profit=Decimal(1)))
    assert len(stand.verdicts) == before


def test_results_decide_the_next_stake_by_mode() -> None:
    """Two live losses are two steps of a martingale; on paper the same plan stands at its first."""
    stand = Stand(plan(mode="live", stake=MARTINGALE)).run(5_500)
    for number in range(2):
        stand.desk.plans.on_trade(traded(f"t{number}", "settled", "lost", profit=Decimal(-1)))
    stand.run(10_500)
    stand.switch("a", mode="shadow")
    stand.run(15_500)
    assert [(kind, order.stake) for kind, order, _ in stand.orders] == [
        ("live", Decimal(1)),
        ("live", Decimal(4)),
        ("shadow", Decimal(1)),
    ]


def test_results_from_before_the_start_count() -> None:
    """A restart does not begin a ladder anew."""
    stand = Stand(plan(mode="live", stake=MARTINGALE), plan("b", mode="shadow", stake=MARTINGALE))
    trades = [traded(f"t{number}", "settled", "lost", profit=Decimal(-1)) for number in range(3)]
    stand.desk.plans.restore(trades, [shadowed("s", "lost", plan="b", profit=Decimal(-1))])
    stand.run(5_500)
    assert {kind: order.stake for kind, order, _ in stand.orders} == {"live": Decimal(8), "shadow": Decimal(2)}


# --------------------------------------------------------------------------------------- a configuration that changes


def test_a_plan_that_is_as_it_was_goes_on_undisturbed() -> None:
    """Its counts, its phase and its switches stay; the strategy object too."""
    stand = Stand(plan(), plan("bad", Tell().does(raising(ValueError("no"))))).run(10_500)
    before = [stand.state("a"), stand.state("bad")]
    assert stand.desk.plans.replace([plan(), plan("bad", Tell())]) == []
    assert [stand.state("a"), stand.state("bad")] == before
    assert before[1].phase == "benched"
    stand.run(15_500)
    assert stand.state("a").signals == 3


def test_a_changed_plan_begins_anew_and_keeps_its_results() -> None:
    """Counts are for what it is now; what its trades came to goes on to decide its stakes."""
    stand = Stand(plan(mode="live", stake=MARTINGALE), plan("b")).run(5_500)
    stand.desk.plans.on_trade(traded("t", "settled", "lost", profit=Decimal(-1)))
    changed = plan(mode="live", stake=MARTINGALE, spec="other")
    assert stand.desk.plans.replace([changed, plan("b"), plan("c")]) == ["a", "c"]
    assert (stand.state("a").signals, stand.state("b").signals) == (0, 1)
    stand.run(10_500)
    assert [order.stake for _, order, _ in stand.orders] == [Decimal(1), Decimal(2)]
    assert (stand.state("a").signals, stand.state("b").signals, stand.state("c").signals) == (1, 2, 1)


def test_a_plan_that_was_benched_is_tried_again_when_it_changes() -> None:
    """Its owner has mended it."""
    stand = Stand(plan(strategy=Tell().does(raising(ValueError("no"))))).run(5_500)
    assert stand.state().phase == "benched"
    stand.desk.plans.replace([plan(spec="mended")])
    stand.run(10_500)
    assert stand.signals == [("a", ASSET, 5_000)]


def test_a_plan_that_is_gone_is_told_as_gone() -> None:
    """Once, and it says nothing any more; its trades are still followed to their end."""
    stand = Stand(plan(mode="live"), plan("b")).run(5_500)
    order = stand.orders[0][1].id
    assert stand.desk.plans.replace([plan("b")]) == ["a"]
    gone = [state for state in stand.facts(PlanState) if state.phase == "gone"]
    assert [(state.name, state.enabled, state.detail) for state in gone] == [("a", False, "removed")]
    stand.run(10_500)
    assert [name for name, _, at in stand.signals if at == 5_000] == ["b"]
    assert stand.desk.plans.plan("a") is None
    stand.desk.plans.on_trade(traded(order, "settled", "tie", profit=Decimal(0)))
    assert stand.verdicts[-1].outcome == "tie"


def test_the_order_of_plans_is_that_of_the_newest_configuration() -> None:
    """Also of those that have not changed."""
    stand = Stand(plan("a"), plan("b")).run(5_500)
    stand.desk.plans.replace([plan("b"), plan("a")])
    stand.run(10_500)
    assert [name for name, _, at in stand.signals if at == 5_000] == ["b", "a"]


def test_what_was_switched_before_holds_for_plans_that_are_new_here() -> None:
    """The newest of several, for those that are named; the others are as the file says."""
    switches = [
        PlanSwitched("a", True, "live", "command", "", BEGIN),
        PlanSwitched("a", False, "shadow", "command", "", BEGIN),
        PlanSwitched("b", True, "shadow", "command", "", BEGIN),
        PlanSwitched("ghost", True, "live", "command", "", BEGIN),
    ]
    stand = Stand(plan(), plan("b"), plan("c", enabled=False), switches=switches).run(5_500)
    assert [(s.name, s.enabled, s.mode, s.phase) for s in stand.desk.plans.states] == [
        ("a", False, "shadow", "off"),
        ("b", True, "shadow", "running"),
        ("c", False, "signal", "off"),
    ]


def test_nobody_can_switch_a_plan_that_is_not_there() -> None:
    """A refusal, which names the remedy."""
    refused = Stand().desk.plans.switch(PlanSwitched("ghost", True, "live", "command", "", BEGIN))
    assert isinstance(refused, Refusal)
    assert refused.code == "strategy_unknown"


def test_a_plan_whose_candles_are_not_folded_is_benched_with_the_remedy() -> None:
    """As after a reload that adds a timeframe, which waits for a restart; the others go on."""
    stand = Stand(plan("slow", timeframe=60_000), plan("long", Tell(longer=(120_000,))), plan()).run(5_500)
    assert stand.state("slow").phase == "benched"
    assert "no 1m candles are folded before the daemon is started again" in stand.state("slow").detail
    assert "no 2m candles" in stand.state("long").detail
    assert stand.signals == [("a", ASSET, 0)]


def test_what_was_switched_before_wakes_no_plan_that_begins_benched() -> None:
    """It says what a person wants of it, not that it can."""
    switches = [PlanSwitched("slow", True, "shadow", "command", "", BEGIN)]
    stand = Stand(plan("slow", timeframe=60_000), switches=switches).run(5_500)
    assert (stand.state("slow").phase, stand.state("slow").mode) == ("benched", "shadow")


class Broken(Tell):
    """A strategy that cannot even say what it needs."""

    @property
    def warmup(self) -> int:
        """It raises."""
        raise KeyError("warmup")


def test_a_strategy_that_cannot_say_what_it_needs_is_benched() -> None:
    """Nothing of it is asked again, and its state can be told."""
    stand = Stand(plan(strategy=Broken()), plan("b")).run(5_500)
    assert (stand.state().phase, stand.state().options) == ("benched", {})
    assert "KeyError: 'warmup'" in stand.state().detail
    assert stand.signals == [("b", ASSET, 0)]


# ------------------------------------------------------------------------------------------------- who may trade


def test_only_a_plan_that_is_awake_and_live_may_trade() -> None:
    """What the guards ask for an order that is on its way."""
    plans = [plan("live", mode="live"), plan("off", mode="live", enabled=False), plan("paper", mode="shadow")]
    stand = Stand(*plans, plan("bad", Tell().does(raising(ValueError())), mode="live")).run(5_500)
    trades = stand.desk.plans.trades
    assert [trades(name) for name in ("live", "off", "paper", "bad", "ghost")] == [True, False, False, False, False]


# -------------------------------------------------------------------------------------------------- the fingerprint


def decided(*plans: Any, until: Millis = 15_500, payout: int = 92) -> tuple[int, str]:
    """The fingerprint of what these plans decide."""
    stand = Stand(*plans)
    stand.assets(0, payout)
    return stand.run(until).fingerprint


def test_equal_decisions_have_equal_fingerprints() -> None:
    """Whatever else differs: states, other plans that say nothing, what became of trades later."""
    usual = decided(plan(mode="live"))
    assert decided(plan(mode="live"), plan("mute", Tell(needs=500))) == usual
    stand = Stand(plan(mode="live"))
    stand.assets(0)
    stand.run(10_500)
    stand.desk.plans.on_trade(traded(stand.orders[0][1].id, "settled", "won", profit=Decimal(1)))
    assert stand.run(15_500).fingerprint == usual
    assert usual[0] == 3


@pytest.mark.parametrize(
    "other",
    [
        {"name": "b"},
        {"strategy": Tell(side=-1)},
        {"strategy": Tell(probability=0.5)},
        {"strategy": Tell(expiry="10s")},
        {"mode": "shadow"},
        {"stake": {"policy": "fixed", "amount": 2}},
        {"assets": ("GBP*",)},
        {"timeframe": 15_000},
    ],
)
def test_another_decision_has_another_fingerprint(other: dict[str, Any]) -> None:
    """Any of who, which way, how sure, how long, how, how much, on what and when."""
    assert decided(plan(mode="live")) != decided(plan(**({"mode": "live"} | other)))
    assert decided(plan(mode="live")) != decided(plan(mode="live"), payout=91)
    assert decided(plan(mode="live")) != decided(plan(mode="live"), until=20_500)


def test_a_refusal_is_a_decision() -> None:
    """With its code, but not with its sentence, which may hold milliseconds."""

    def refused(code: str, detail: str) -> tuple[int, str]:
        stand = Stand(plan(mode="live"))
        stand.refusal = Refusal(code, detail)
        return stand.run(5_500).fingerprint

    assert refused("stale", "one") == refused("stale", "two") != refused("paused", "one")

"""Comparisons in a running daemon: what they do to plans, what is told, and that no restart changes anything."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from qfluxd.api import commands as ask
from qfluxd.model import Millis, PlanSwitched, Refusal
from qfluxd.plans.plan import Plan
from qfluxd.plans.turns import whose
from qfluxd.settings import CompareSettings, Limits
from qfluxd.strategy import View
from tests.support.comparing import DOWN, UP, LiveRoom, Room, arms
from tests.support.stand import ASSET, BEGIN, OTHER, Tell, plan

type Make = Callable[..., Room]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes rooms in one state folder, each as a daemon after the last one: at the time at which that ended."""
    made: list[Room] = []

    def make(*plans: Any, kind: type[Room] = Room, **more: Any) -> Room:
        at: Millis = BEGIN
        if made:
            at = made[-1].at
            made[-1].close()
        made.append(kind(tmp_path, *(plans or arms()), at=at, **more))
        made[-1].connect()
        return made[-1]

    yield make
    made[-1].close()


# ------------------------------------------------------------------------------------------------------- on paper


def test_a_comparison_runs_from_its_beginning_to_its_end(make: Make) -> None:
    """It is told as it begins, as it goes on, and when it is sure; the winner is not put live by that."""
    room = make()
    begun = room.start(rule={"fewest": 20}, seed=7)
    assert (begun.comparison, begun.kind, begun.mode, begun.slot, begun.seed) == ("duel", "paired", "shadow", "5s", 7)
    assert (begun.result, begun.ended, begun.promotable, begun.rule["fewest"]) == ("undecided", None, False, 20)
    room.go(70)
    running = room.topic()
    assert running["result"] == "undecided"
    assert running["sentence"].startswith("cannot tell yet: over ")
    assert 0 < running["contests"][0]["chances"] < 20
    room.go(160)
    over = room.report()
    assert (over.result, over.winner) == ("better", "b")
    assert over.ended is not None
    assert over.sentence.startswith("b is better: over 2")
    assert (room.events, room.notes) == (["begun", "ended"], [True, False])
    assert room.topic()["sentence"] == over.sentence
    assert [room.mode(name) for name in "ab"] == ["shadow", "shadow"]
    room.go(30)
    assert room.report() == over
    assert room.send(ask.CompareReport)["comparisons"] == [over]


def test_arms_on_paper_take_no_room_from_each_other(make: Make) -> None:
    """Each is bound by the limits as if it were alone while they are compared; before and after they share them."""
    room = make(max_open=1)

    def traded(seconds: int) -> dict[str, int]:
        before = {deal.id for deal in room.deals}
        room.go(seconds)
        begun = {deal.id: deal.plan for deal in room.deals if deal.id not in before}
        return Counter(begun.values())

    assert traded(60)["b"] == 0
    room.start()
    together = traded(60)
    assert together["a"] == together["b"] > 3
    room.send(ask.CompareStop, name="duel")
    assert traded(60)["b"] < together["b"] - 1


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"b": "ghost"}, "strategy_unknown"),
        ({"b": "off"}, "strategy_off"),
        ({"b": "live"}, "not_shadow"),
        ({"b": "live", "kind": "slots"}, "modes_differ"),
        ({"b": "elsewhere"}, "assets_differ"),
        ({"rule": {"fewst": 3}}, "bad_argument"),
        ({"rule": {"fewest": 0}}, "bad_argument"),
        ({"rule": {"fewest": 90, "most": 10}}, "bad_argument"),
        ({"kind": "slots", "slot": "1s"}, "bad_argument"),
    ],
)
def test_what_cannot_be_compared_is_turned_down(make: Make, more: dict[str, Any], code: str) -> None:
    """With a word, a sentence, and nothing begun."""
    others = (
        plan("off", mode="shadow", enabled=False, assets=(ASSET,)),
        plan("live", mode="live", assets=(ASSET,)),
        plan("elsewhere", mode="shadow", assets=(OTHER,)),
    )
    room = make(*arms(), *others)
    assert room.refused(ask.CompareStart, **({"a": "a", "b": "b"} | more)) == code
    assert (room.notes, room.put, room.journal.comparisons()) == ([], [], [])


def test_names_and_arms_are_used_once_at_a_time(make: Make) -> None:
    """A name for good, an arm for as long as it is compared; without a name one is made up."""
    room = make(*arms(), plan("c", UP, mode="shadow", assets=(ASSET,)))
    room.start()
    assert room.refused(ask.CompareStart, a="a", b="b", name="duel") == "name_used"
    assert room.refused(ask.CompareStart, a="c", b="b") == "compared_already"
    stopped = room.shown(room.send(ask.CompareStop, name="duel", reason="enough"))
    assert (stopped.result, stopped.winner) == ("stopped", None)
    assert stopped.sentence.startswith("stopped (enough); cannot tell: ")
    assert room.refused(ask.CompareStop, name="duel") == "comparison_over"
    assert room.refused(ask.CompareStop, name="ghost") == "comparison_unknown"
    assert room.refused(ask.CompareReport, name="ghost") == "comparison_unknown"
    assert room.refused(ask.CompareStart, a="a", b="b", name="duel") == "name_used"
    again = room.start(name=None, others=["c"])
    assert again.comparison.startswith("a-vs-b-20251122-")
    assert again.earlier == 0
    assert [contest.level for contest in again.contests] == [80, 80]
    room.send(ask.CompareStop, name=again.comparison)
    assert room.start(name="third").earlier == 1


# ------------------------------------------------------------------------------------------------------- restarts


def without_time(report: Any) -> Any:
    """A report, but for the moment at which it was given up."""
    return msgspec.structs.replace(report, ended=None)


def test_a_restart_in_the_middle_changes_nothing(make: Make, tmp_path: Path) -> None:
    """The evidence of a run that was interrupted twice is that of all its deals, and its end is as sure."""
    room = make()
    room.start(rule={"fewest": 25})
    room.go(60)
    before = room.report()
    room = make()
    assert room.notes == [True]
    assert without_time(room.report()) == before
    room.go(70)
    room = make()
    room.go(120)
    over = room.report()
    assert (over.result, over.winner) == ("better", "b")
    deals = [deal for deal in room.journal.shadow_deals(0) if deal.outcome in ("won", "lost")]
    counted = sum(arm.score.trades for arm in over.strategies)
    assert counted <= len(deals)
    assert over.contests[0].chances == 25
    room = make()
    assert room.report() == over
    assert room.notes == []
    assert room.topic()["sentence"] == over.sentence


def test_the_journal_alone_says_what_it_has_come_to(make: Make) -> None:
    """Judged anew from what is written, deal by deal, it is what the daemon said that had heard all of it."""
    room = make()
    room.start(rule={"fewest": 400})
    room.go(150)
    heard = room.report()
    room = make()
    room.comparing.look()
    assert room.report() == heard
    assert heard.contests[0].chances > 10


class Killed(BaseException):
    """Nothing runs any more."""


def die(*_what: Any) -> None:
    """The program ends here."""
    raise Killed


def test_a_kill_between_what_is_written_and_what_is_told_loses_nothing(make: Make) -> None:
    """At the beginning and at the end: the next daemon finds it so, tells it, and has done what was to follow."""
    room = make(*arms("live"), kind=LiveRoom)
    room.acts.on_compared = die
    with pytest.raises(Killed):
        room.start(kind="slots", seed=3)
    assert room.put == []
    room = make(*arms("live"), kind=LiveRoom)
    assert room.notes == [True]
    room.comparing.look()
    assert room.topic()["result"] == "undecided"
    room.hearers.append(die)
    with pytest.raises(Killed):
        room.send(ask.CompareStop, name="duel", reason="enough")
    assert room.events == []
    room = make(*arms("live"), kind=LiveRoom)
    assert room.topic()["result"] == "stopped"
    assert [room.mode(name) for name in "ab"] == ["live", "shadow"]
    assert (room.notes, [step.what for step in room.journal.comparisons()]) == ([], ["begun", "ended"])


def test_a_kill_in_the_middle_of_a_promotion_has_promoted(make: Make) -> None:
    """Its word and the switch of the plan were written as one."""
    room = won(make)
    room.hearers.append(die)
    with pytest.raises(Killed):
        room.send(ask.ComparePromote, name="duel", reason="yes")
    room = make()
    assert (room.mode("b"), room.report().promotion) == ("live", "b was promoted by command: yes")


def test_what_the_disk_does_not_take_has_not_happened(make: Make) -> None:
    """A comparison that cannot be written down does not begin, and one whose end cannot goes on."""
    room = make()
    room.start()
    room.go(10)
    file = room.journal.file
    file.rename(file.with_name("away"))
    assert room.refused(ask.CompareStop, name="duel") == "journal_failed"
    assert (room.report().result, room.events) == ("undecided", ["begun"])
    file.with_name("away").rename(file)
    room.go(3)
    assert room.shown(room.send(ask.CompareStop, name="duel")).result == "stopped"


# ------------------------------------------------------------------------------------------------------- an arm changes


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda room: room.desk.plans.replace((arms()[0],)), "b was taken out of the configuration"),
        (lambda room: room.desk.plans.replace((arms()[0], arms(spec="2")[1])), "b was changed: its table, or a file"),
        (lambda room: room.switch("b", mode="live"), "b was put from mode shadow into live"),
        (lambda room: room.switch("a", enabled=False, mode="shadow"), "a is off"),
        (
            lambda room: room.desk.plans.bench(PlanSwitched("a", True, "shadow", "bench", "slow", 0)),
            "a is benched: slow",
        ),
    ],
)
def test_an_arm_that_is_not_what_it_was_voids_the_comparison(make: Make, change: Any, said: str) -> None:
    """With a sentence; nothing is claimed, and nothing that a person has set is set back."""
    room = make()
    room.start()
    room.go(20)
    change(room)
    modes = {state.name: state.mode for state in room.desk.plans.states}
    room.comparing.reconfigure(CompareSettings())
    room.comparing.look()
    found = room.report()
    assert (found.result, found.winner) == ("void", None)
    assert found.sentence.startswith(f"void: {said}")
    assert {state.name: state.mode for state in room.desk.plans.states} == modes


def test_a_file_that_was_changed_while_the_daemon_was_away_voids_it_too(make: Make) -> None:
    """Found at the start, before anything is compared."""
    room = make()
    room.start()
    room.go(20)
    room = make(arms()[0], arms(spec="other")[1])
    room.comparing.look()
    assert room.report().sentence.startswith("void: b was changed")


# ------------------------------------------------------------------------------------------------------- by turns


def test_live_arms_take_turns_and_only_the_first_stays_live(make: Make) -> None:
    """Each candle is one arm's, by the draw; when it is over the others do not all begin to trade at once."""
    room = make(*arms("live"), kind=LiveRoom)
    room.start(kind="slots", seed=5, rule={"harm": 0.001})
    room.go(100)
    placed = [(trade.plan, int(str(trade.request).strip('"').rpartition("/")[2])) for trade in room.trades]
    since = room.report().since
    turned = [(name, candle + 5_000) for name, candle in placed if candle + 5_000 >= since]
    assert len({moment for _, moment in turned}) == len(turned) > 12
    assert all(whose(("a", "b"), 5, ASSET, moment // 5_000) == name for name, moment in turned)
    found = room.report()
    assert found.mode == "live"
    assert found.turns is not None
    assert abs(found.turns.seen["a"] - found.turns.seen["b"]) <= 1
    assert sum(arm.score.won + arm.score.lost for arm in found.strategies) > 0
    room.send(ask.CompareStop, name="duel")
    assert [room.mode(name) for name in "ab"] == ["live", "shadow"]
    assert room.journal.plan_switches()["b"].by == "compare"
    room = make(*arms("live"), kind=LiveRoom)
    assert [room.mode(name) for name in "ab"] == ["live", "shadow"]


def test_a_live_arm_that_loses_is_taken_off_at_once(make: Make) -> None:
    """The first one as well, where it is the one that does harm."""
    room = make(*arms("live"), kind=LiveRoom)
    room.start(kind="slots", seed=5, rule={"fewest": 500})
    room.go(400)
    found = room.report()
    assert found.result == "harm"
    assert "does harm with money" in found.sentence
    assert [room.mode(name) for name in "ab"] == ["shadow", "shadow"]


def test_a_live_arm_that_was_benched_stays_benched(make: Make) -> None:
    """Its failure voids the comparison, which takes it off live trading and says why; only a person wakes it again."""
    room = make(*arms("live"), kind=LiveRoom)
    room.start(kind="slots", seed=5)
    room.go(20)
    room.acts.bench(PlanSwitched("b", True, "live", "bench", "it raised", room.at))
    room.go(3)
    assert room.report().sentence == "void: b is benched: it raised; strategy/enable tries again"
    found = [(state.mode, state.phase) for state in room.desk.plans.states]
    assert found == [("live", "running"), ("shadow", "benched")]
    before = len(room.deals)
    room.go(30)
    assert len(room.deals) == before
    room.switch("b", mode="shadow")
    room.go(30)
    assert len(room.deals) > before


def test_turns_go_on_through_a_restart(make: Make) -> None:
    """The next daemon knows whose turn it is before it hears anything, and which slots were seen."""
    room = make(kind=Room)
    room.start(kind="slots", seed=5)
    room.go(100)
    before = room.report()
    assert before.turns is not None
    assert sum(before.turns.seen.values()) > 0
    room = make(kind=Room)
    room.comparing.look()
    assert room.report() == before
    room.go(60)
    refused = {name: room.desk.plans.states[number].refused.get("not_its_slot", 0) for number, name in enumerate("ab")}
    assert all(count > 3 for count in refused.values())
    assert room.report().result == "undecided"


# ------------------------------------------------------------------------------------------------------- promotion


def won(make: Make, *plans: Any, **more: Any) -> Room:
    """A room in which b has just won."""
    room = make(*(plans or arms()), **more)
    room.start(rule={"fewest": 20})
    room.go(300)
    assert (room.report().result, room.report().winner) == ("better", "b")
    return room


def test_a_winner_trades_live_by_a_persons_word(make: Make) -> None:
    """Once; it holds across restarts, is told, and says who said so and why."""
    room = won(make)
    assert room.report().promotable
    assert room.report().promotion == "compare/promote lets the winner trade live"
    done = room.shown(room.send(ask.ComparePromote, name="duel", reason=" looked at it "))
    assert done.promotion == "b was promoted by command: looked at it"
    assert not done.promotable
    assert [room.mode(name) for name in "ab"] == ["shadow", "live"]
    assert room.events[-1] == "promoted"
    switch = room.journal.plan_switches()["b"]
    assert (switch.by, switch.mode, "looked at it" in switch.reason) == ("compare", "live", True)
    assert room.refused(ask.ComparePromote, name="duel", reason="again") == "promoted_before"
    room = make()
    assert room.mode("b") == "live"
    assert room.report().promotion == done.promotion
    with pytest.raises(msgspec.ValidationError, match="says why"):
        msgspec.convert({"name": "duel", "reason": "  "}, ask.ComparePromote)


def test_whoever_has_not_won_is_not_promoted(make: Make) -> None:
    """Not while it runs, not where nobody can tell, not where the name is unknown."""
    room = make()
    room.start()
    assert room.refused(ask.ComparePromote, name="duel", reason="now") == "not_over"
    room.send(ask.CompareStop, name="duel")
    assert room.refused(ask.ComparePromote, name="duel", reason="now") == "no_winner"
    assert room.refused(ask.ComparePromote, name="ghost", reason="now") == "comparison_unknown"


def test_the_better_one_must_beat_break_even_as_well(make: Make) -> None:
    """One that hardly ever trades is better than one that always loses, and nobody knows whether it earns anything."""
    rare = Tell(side=1, expiry="5s", needs=10_000, label="rare")
    room = make(arms()[0], plan("b", rare, mode="shadow", assets=(ASSET,)))
    room.start(rule={"fewest": 20})
    room.go(300)
    assert (room.report().result, room.report().winner) == ("better", "b")
    assert not room.report().promotable
    assert "is better than the others, and must beat break-even as well: cannot tell" in room.report().promotion
    assert room.refused(ask.ComparePromote, name="duel", reason="now") == "not_proven"


def seldom(view: View) -> pl.DataFrame:
    """Call on every third candle."""
    on = view.times // 5_000 % 3 == 0
    return view.answer(call=on, put=np.zeros_like(on), confidence=0.5, expiry=5_000)


@pytest.mark.parametrize("promote", ["ask", "live"])
def test_a_winner_may_come_to_beat_break_even_later(make: Make, promote: Any) -> None:
    """It is followed on after the comparison, through a restart too; the file's rule holds from the moment it does."""

    def plans() -> tuple[Plan, Plan]:
        return arms()[0], plan("b", Tell(side=1).does(seldom), mode="shadow", assets=(ASSET,))

    rule = CompareSettings(promote=promote)
    room = make(*plans(), settings=rule)
    room.start(rule={"fewest": 20, "most": 10_000})
    room.go(220)
    assert (room.report().result, room.report().winner, room.mode("b")) == ("better", "b", "shadow")
    first = room.report().promotion
    assert "must beat break-even as well: cannot tell yet" in first
    room.go(30)
    assert room.report().promotion != first
    room = make(*plans(), settings=rule)
    assert room.report().promotion != first
    room.go(300)
    assert room.report().promotable == (promote == "ask")
    assert room.mode("b") == ("shadow" if promote == "ask" else "live")
    assert room.report().strategies == make(*plans(), settings=rule).report().strategies


def about_to_beat(folder: Path, seconds: int) -> Room:
    """A room whose file says live, so many seconds before the winner comes to beat break-even and would be promoted."""

    def begun(place: str) -> Room:
        (folder / place).mkdir()
        plans = arms()[0], plan("b", Tell(side=1).does(seldom), mode="shadow", assets=(ASSET,))
        room = Room(folder / place, *plans, settings=CompareSettings(promote="live"))
        room.connect()
        room.start(rule={"fewest": 20, "most": 10_000})
        return room

    room, count = begun("first"), 0
    while room.mode("b") == "shadow":
        room.go(1)
        count += 1
    room.close()
    return begun("second").go(count - seconds)


def test_a_person_who_switches_a_winner_has_the_last_word(tmp_path: Path) -> None:
    """What it still earns by a deal on paper does not put it live over that, and the report says why."""
    with closing(about_to_beat(tmp_path, 4)) as room:
        assert (room.report().winner, room.mode("b")) == ("b", "shadow")
        assert "b" in {deal.plan for deal in room.desk.shadow.deals}
        room.switch("b", mode="signal")
        room.go(60)
        found = room.topic()
        assert (room.mode("b"), found["promotable"]) == ("signal", True)
        assert found["promotion"] == (
            "compare/promote lets the winner trade live; it is not done unasked: "
            "b was compared in mode shadow, and is in mode signal now"
        )
        assert isinstance(room.send(ask.ComparePromote, name="duel", reason="yes"), dict)
        assert room.mode("b") == "live"


@pytest.mark.parametrize("by", ["command", "file"])
def test_switched_back_it_is_a_persons_business_too(make: Make, by: str) -> None:
    """Also where the file says live only later, and the daemon was started again."""
    room = won(make)
    assert room.report().promotable
    for mode in ("signal", "shadow"):
        assert not isinstance(room.acts.switch(PlanSwitched("b", True, mode, by, "", room.at)), Refusal)
    room = make(settings=CompareSettings(promote="live"))
    room.go(30)
    assert (room.mode("b"), room.report().promotable) == ("shadow", True)
    assert room.report().promotion.endswith(f"not done unasked: b was switched by {by} since the comparison began")


def test_where_nobody_knows_what_a_person_did_a_person_is_asked(make: Make) -> None:
    """The journal cannot be read just then: the daemon goes on, and promotes nobody by itself."""
    room = won(make)
    room.comparing.reconfigure(CompareSettings(promote="live"))
    with closing(sqlite3.connect(room.journal.file)) as other:
        other.execute("DROP TABLE plans")
    room.go(30)
    assert (room.mode("b"), room.report().promotable) == ("shadow", True)
    assert "it is not done unasked: nobody knows whether it was switched since: " in room.report().promotion


def test_a_switch_before_the_comparison_leaves_the_rule_alone(make: Make) -> None:
    """It is how a person got the two side by side; what has won since then is promoted as the file says."""
    room = make(*arms("signal"), settings=CompareSettings(promote="live"))
    for name in "ab":
        room.switch(name, mode="shadow")
    room.go(1)
    room.start(rule={"fewest": 20})
    room.go(300)
    assert room.mode("b") == "live"


def test_a_winner_that_is_not_what_was_compared_is_not_promoted(make: Make) -> None:
    """Changed, switched off, or taken out since."""
    room = won(make)
    room.switch("b", enabled=False, mode="shadow")
    assert room.refused(ask.ComparePromote, name="duel", reason="now") == "strategy_off"
    room.desk.plans.replace((arms()[0], arms(spec="2")[1]))
    assert room.refused(ask.ComparePromote, name="duel", reason="now") == "strategy_changed"
    room.desk.plans.replace(arms()[:1])
    assert room.refused(ask.ComparePromote, name="duel", reason="now") == "strategy_unknown"


class Untried(Tell):
    """Knows of a trial, and that nobody should trade on it."""

    allow_unproven: bool = False

    def live_refusal(self, _asset: str | None = None) -> str:
        """Never."""
        return "it was never proven"


def test_a_model_that_is_not_proven_is_not_promoted(make: Make) -> None:
    """The guard of live strategies holds for a promotion, by a person or by the file."""
    plans = arms()[0], plan("b", Untried(side=1, expiry="5s"), mode="shadow", assets=(ASSET,))
    room = won(make, *plans, settings=CompareSettings(promote="live"))
    assert room.mode("b") == "shadow"
    assert room.refused(ask.ComparePromote, name="duel", reason="now") == "model_unproven"


def test_the_rule_of_the_file_promotes_without_asking(make: Make) -> None:
    """Only where the file says so, only whom it names, and not again too soon."""
    room = won(make, settings=CompareSettings(promote="live"))
    assert room.mode("b") == "live"
    assert room.events == ["begun", "ended", "promoted"]
    assert room.report().promotion == "b was promoted by file: [compare] promote is live, and it has won"
    assert [step.what for step in room.journal.comparisons()] == ["begun", "ended", "promoted"]


@pytest.mark.parametrize(
    "settings", [CompareSettings(), CompareSettings(promote="live", strategies=("a", "x*"))], ids=["ask", "not named"]
)
def test_without_such_a_rule_nobody_is_promoted(make: Make, settings: CompareSettings) -> None:
    """However sure it is; a person still may."""
    room = won(make, settings=settings)
    assert (room.mode("b"), room.report().promotable) == ("shadow", True)
    assert isinstance(room.send(ask.ComparePromote, name="duel", reason="yes"), dict)


def test_two_promotions_without_asking_keep_their_distance(make: Make) -> None:
    """`every_days` counts from the last one that nobody was asked about."""
    room = won(make, settings=CompareSettings(promote="live"))
    for name in "ab":
        room.switch(name, mode="shadow")
    room.start(name="second", rule={"fewest": 20})
    room.go(300)
    assert room.report("second").winner == "b"
    assert room.mode("b") == "shadow"
    assert room.report("second").promotable


def test_more_company_makes_no_first_try(make: Make) -> None:
    """Whoever wins was compared before where it was in any earlier comparison, also one that was stopped."""
    room = make(*arms(), plan("c", DOWN, mode="shadow", assets=(ASSET,)), settings=CompareSettings(promote="live"))
    for name in ("one", "two"):
        room.start(name=name)
        room.go(20)
        room.send(ask.CompareStop, name=name, reason="not as I hoped")
    room.start(name="three", rule={"fewest": 20}, others=["c"])
    room.go(300)
    found = room.report("three")
    assert (found.winner, found.promotable, room.mode("b")) == ("b", True, "shadow")
    assert found.promotion.endswith("it is not done unasked: b was compared 2 times before")


def test_a_refusal_is_an_answer(make: Make) -> None:
    """Every turned down command has a code and a sentence, and leaves everything as it was."""
    room = make(*arms(limits=Limits(max_open=1)))
    answer = room.send(ask.CompareReport, name="ghost")
    assert answer == Refusal("comparison_unknown", "no comparison is called ghost; compare/report names all")
    assert room.send(ask.CompareReport) == {"comparisons": []}
    assert room.at > BEGIN

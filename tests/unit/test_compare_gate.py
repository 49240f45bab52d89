"""What a winner must have shown, and who may say that it trades live."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from qfluxd.comparing.following import Following
from qfluxd.config import load
from qfluxd.errors import ConfigError
from qfluxd.evidence import PATIENCE
from qfluxd.model import DAY, MINUTE, Deal, Millis, PlanSwitched, Stage, Trade
from qfluxd.research.compare import Comparison, report
from qfluxd.research.compare.gate import moved, unasked
from qfluxd.research.compare.history import Case, Promotion, again, tried
from qfluxd.research.compare.rule import Rule
from qfluxd.research.compare.taken import moment_of_trade
from qfluxd.settings import CompareSettings
from tests.support.duel import ASSET, BEGIN, setting
from tests.unit.test_running import running

LIVE = CompareSettings(promote="live", strategies=("ema_*",))


@pytest.mark.parametrize(
    ("winner", "settings", "past", "why"),
    [
        ("ema_fast", LIVE, [], ""),
        ("ema_fast", CompareSettings(), [], "[compare] promote is not live"),
        ("macd", LIVE, [], "[compare] strategies does not name macd"),
        ("ema_fast", LIVE, [("file", BEGIN - DAY)], "the last promotion without asking is less than 7 days ago"),
        ("ema_fast", LIVE, [("file", BEGIN - 8 * DAY), ("command", BEGIN - 1)], ""),
    ],
)
def test_who_is_promoted_without_asking(
    winner: str, settings: CompareSettings, past: list[tuple[str, Millis]], why: str
) -> None:
    """Only where the file says so, for those that it names, and not too often; a person's promotions do not count."""
    told = [msgspec.convert({"arm": "x", "by": by, "reason": "", "at": at}, Promotion) for by, at in past]
    assert unasked(winner, Rule(), settings, told, BEGIN) == why


@pytest.mark.parametrize(
    ("rule", "tries", "why"),
    [
        (Rule(doubt=0.01), {}, ""),
        (Rule(doubt=0.06), {}, "its rule allows a doubt of 0.06, and 0.05 is the most without asking"),
        (Rule(), {"before": 2}, "ema_fast was compared 2 times before"),
        (Rule(), {"again": True}, "ema_fast was put into another comparison since"),
        (Rule(), {"moved": "ema_fast was switched"}, "ema_fast was switched"),
    ],
)
def test_no_easy_win_is_promoted_without_asking(rule: Rule, tries: dict[str, Any], why: str) -> None:
    """Whoever begins a comparison chooses its rule, and may begin another: then a person has the last word.

    So has a person who has switched the winner since.
    """
    assert unasked("ema_fast", rule, LIVE, [], BEGIN, **tries) == why


def test_every_comparison_before_counts_for_the_strategies_in_it() -> None:
    """Whoever else was in it; neither the comparison itself, nor one since."""
    known = [
        Case(msgspec.structs.replace(setting(*arms), name=name))
        for name, arms in (("first", ("a", "b")), ("other", ("b", "c")), ("last", ("a", "b", "c")), ("new", ("b", "d")))
    ]
    last = known[2].setting
    assert {arm: tried(known, last, arm) for arm in "abcd"} == {"a": 1, "b": 2, "c": 1, "d": 0}
    assert tried(known, known[0].setting, "b") == 0


@pytest.mark.parametrize(
    ("mode", "by", "at", "said"),
    [
        ("shadow", "command", BEGIN - 1, ""),
        ("shadow", "command", BEGIN, "b was switched by command since the comparison began"),
        ("shadow", "file", BEGIN + DAY, "b was switched by file since the comparison began"),
        ("signal", "command", BEGIN - 1, "b was compared in mode shadow, and is in mode signal now"),
    ],
)
def test_a_winner_stands_as_it_was_compared_or_not(mode: Any, by: str, at: Millis, said: str) -> None:
    """In the mode in which it was compared, and switched by nobody since, also where it was switched back."""
    plan = running(name="b", mode=mode)
    case = Case(setting("a", "b"), begun=BEGIN)
    assert moved(case, plan.state(), PlanSwitched("b", True, mode, by, "", at)) == said
    assert moved(Case(setting("a", "b"), begun=BEGIN), running(name="b", mode="shadow").state(), None) == ""


def test_a_comparison_since_is_one_that_began_later_with_the_winner() -> None:
    """Neither the comparison itself, nor one before it, nor one of others."""
    first, other, last = (
        Case(msgspec.structs.replace(setting(*arms), name=name))
        for name, arms in (("first", ("a", "b")), ("other", ("c", "d")), ("last", ("b", "c")))
    )
    assert again([first, other, last], first.setting, "b")
    assert not again([first, other, last], first.setting, "a")
    assert not again([first, other, last], last.setting, "b")
    assert not again([first, other], first.setting, "b")


def test_only_the_file_may_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor the command line; and it has two words for it."""
    file = tmp_path / "config.toml"
    file.write_text('[compare]\npromote = "live"\n')
    assert load(file).settings.compare.promote == "live"
    monkeypatch.chdir(tmp_path)
    file.unlink()
    with pytest.raises(ConfigError, match="only the configuration file can set it"):
        load(None, {"compare.promote": "live"})
    monkeypatch.setenv("QFLUXD_COMPARE__PROMOTE", "live")
    with pytest.raises(ConfigError, match="only the configuration file can set it"):
        load()
    with pytest.raises(ValidationError):
        CompareSettings.model_validate({"promote": "always"})


# ------------------------------------------------------------------------------------- trades through the page


def live(
    stage: Stage, number: int = 0, *, changed: Millis | None = None, profit: str = "0.92", plan: str = "a"
) -> Trade:
    """A trade of an arm after candle `number`, at some stage."""
    opened = BEGIN + number * MINUTE + 1_000
    result = Decimal(profit) if stage == "settled" else None
    deal = Deal(f"d{number}", ASSET, "call", Decimal(1), 92, opened, opened + MINUTE, 1.1, "demo", "USD", None, result)
    placed = stage in ("accepted", "settled")
    return Trade(
        id=f"{plan}{number}",
        request=f'"{plan}/{ASSET}/{BEGIN + (number - 1) * MINUTE}"',
        asset=ASSET,
        side="call",
        stake=Decimal(1),
        expiry=MINUTE,
        stage=stage,
        code=stage,
        detail="",
        received=opened,
        changed=opened + MINUTE if changed is None else changed,
        account="demo",
        deal=deal if placed else None,
        artifacts=None,
        foreign=False,
        plan=plan,
    )


def following() -> Following:
    """A comparison of live arms, both of whom have their first slots in the first two minutes."""
    return Following(Comparison(setting(kind="slots", mode="live")))


def own(follow: Following, number: int) -> str:
    """Whose turn it is after candle `number`."""
    turn = follow.setting.turn(ASSET, BEGIN + number * MINUTE)
    assert turn is not None
    return turn


def test_a_trade_belongs_to_the_end_of_the_candle_in_its_request() -> None:
    """Which the journal knows as well; one that was asked for by command belongs to none."""
    arm = setting().arms[0]
    assert moment_of_trade(live("settled", 3), arm) == BEGIN + 3 * MINUTE
    by_hand = msgspec.structs.replace(live("settled", 3), request='"evening-x"')
    assert moment_of_trade(by_hand, arm) is None


def test_a_live_trade_is_taken_when_it_is_settled() -> None:
    """What is on its way is waited for, what was refused is no trade, and being told twice changes nothing."""
    follow = following()
    first = own(follow, 0)
    for stage in ("received", "clicked", "accepted"):
        follow.on_trade(live(stage, plan=first))
    follow.on_trade(live("refused", 1, plan=own(follow, 1)))
    assert follow.judge(BEGIN + 10 * MINUTE) is None
    assert report(follow.comparison).arms[0].summary.won == 0
    for _ in range(2):
        follow.on_trade(live("settled", plan=first))
    follow.judge(BEGIN + 10 * MINUTE)
    told = {arm.name: arm.summary for arm in report(follow.comparison).arms}
    assert told[first].won == 1
    assert sum(summary.won + summary.lost + summary.unknown for summary in told.values()) == 1


@pytest.mark.parametrize("settled_late", [True, False])
def test_what_nobody_learns_in_time_is_unknown(settled_late: bool) -> None:
    """Learnt too late or never: the daemon that waited and one that reads it later agree."""
    follow = following()
    first = own(follow, 0)
    if settled_late:
        follow.on_trade(live("settled", plan=first, changed=BEGIN + 2 * MINUTE + PATIENCE))
    else:
        follow.on_trade(live("unknown", plan=first))
        follow.judge(BEGIN + PATIENCE)
        assert report(follow.comparison).contests[0].unknown == 0
    follow.judge(BEGIN + 2 * PATIENCE)
    told = {arm.name: arm.summary for arm in report(follow.comparison).arms}
    assert (told[first].unknown, told[first].won) == (1, 0)

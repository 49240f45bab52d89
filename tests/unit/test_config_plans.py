"""The tables [[strategy]]: every mistake with its place and the nearest right word, and plans as they were written."""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from qfluxd.config import Loaded, diff, load, stake_notices
from qfluxd.errors import ConfigError, Mistake
from qfluxd.plans.plan import Plan
from qfluxd.settings import Limits
from qfluxd.strategies.ema_cross import EmaCross
from qfluxd.trading.staking import Fixed, Percent

type Write = Callable[[str], Path]

TABLE = """[[strategy]]
name = "a"
use = "ema_cross"
assets = ["*_otc"]
timeframe = "1m"
"""
OWN = '''"""One of my own."""

import numpy as np
import polars as pl
from pydantic import field_validator

from qfluxd.strategies.rule import Rule
from qfluxd.strategy import View


class Mine(Rule):
    """Says nothing."""

    count: int = 1

    @field_validator("count")
    @classmethod
    def _known(cls, value: int) -> int:
        return {1: 1}[value]

    @property
    def warmup(self) -> int:
        """One."""
        return 1

    def signals(self, view: View) -> pl.DataFrame:
        """Nothing."""
        none = np.zeros(view.height, dtype=np.bool_)
        return self.say(view, call=none, put=none, confidence=0.0)
'''


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without settings."""
    for name in [name for name in os.environ if name.startswith("QFLUXD_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a configuration file and gives its path."""

    def write(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text)
        return path

    return write


def mistakes(file: Path, overrides: dict[str, object] | None = None) -> dict[str, Mistake]:
    """Every mistake by its key."""
    with pytest.raises(ConfigError) as caught:
        load(file, overrides)
    return {mistake.where: mistake for mistake in caught.value.mistakes}


def own(folder: Path, text: str = OWN) -> str:
    """Writes a strategy of one's own and gives the lines that name its folder."""
    (folder / "mine").mkdir(exist_ok=True)
    (folder / "mine" / "mine.py").write_text(text)
    return f'[strategies]\nfolder = "{folder}/mine"\n'


def only(found: dict[str, Mistake]) -> Mistake:
    """The one mistake."""
    assert len(found) == 1, found
    return next(iter(found.values()))


# ---------------------------------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("line", "where", "said"),
    [
        ("tiemframe = 1", "tiemframe", "did you mean strategy[0].timeframe?"),
        ("options = { fats = 5 }", "options.fats", "did you mean strategy[0].options.fast?"),
        ("options = { fast = 1 }", "options.fast", "greater than or equal to 2"),
        ('options = { fast = "5" }', "options.fast", "must be a whole number"),
        ("options = { fast = 30 }", "options", "fast (30) must be less than slow (21)"),
        ("options = 3", "options", "must be a table"),
        ('schedule = "evry 30s"', "schedule", "'evry 30s' is no schedule"),
        ('schedule = "at 25:00"', "schedule", "write 'candle', 'every 30s', 'at 09:30'"),
        ('schedule = { wen = "candle" }', "schedule", "did you mean 'when'?"),
        ('schedule = { hours = "8-12" }', "schedule", "is no time of day"),
        ('schedule = { quiet_before = "5m" }', "schedule", "need quiet, the file of news times"),
        ('schedule = { quiet = "absent.csv" }', "schedule", "absent.csv cannot be read: No such file"),
        ('schedule = { quiet = "~nobody-here/news.csv" }', "schedule", "home"),
        ('stake = { policy = "fixd", amount = 1 }', "stake", "did you mean 'fixed'?"),
        ('stake = { policy = "fixed", amont = 1 }', "stake", "did you mean 'amount'?"),
        ('stake = { policy = "kelly", edge = 0.6 }', "stake", "say either trades"),
        ("stake = 5", "stake", "must be a table"),
        ("risk = { max_stak = 1 }", "risk.max_stak", "did you mean strategy[0].risk.max_stake?"),
        ("risk = { max_open = 0 }", "risk.max_open", "greater than or equal to 1"),
        ('risk = { cool_down = "5 m" }', "risk.cool_down", "is not a timeframe"),
        ('mode = "liv"', "mode", "did you mean 'live'?"),
        ('enabled = "yes"', "enabled", "must be true or false"),
        ('retrain = { schedule = "1d", recipe = "r.toml" }', "", "retrain is for a strategy with use = 'model'"),
    ],
)
def test_a_mistake_is_said_with_its_line_and_the_remedy(write: Write, line: str, where: str, said: str) -> None:
    """Whatever is wrong in a table: the file, the line, the key, a sentence."""
    file = write(TABLE + line + "\n")
    mistake = only(mistakes(file))
    assert mistake.where == (f"strategy[0].{where}" if where else "strategy[0]")
    assert said in mistake.what
    assert str(mistake).startswith(f"{file}:{6 if where else 1}: ")


@pytest.mark.parametrize(
    ("old", "new", "where", "line", "said"),
    [
        ('"ema_cross"', '"ema_cros"', "use", 3, "did you mean 'ema_cross'?"),
        ('"ema_cross"', '"nothing_like_it"', "use", 3, "there are bollinger_reversal"),
        ('"1m"', '"7m"', "timeframe", 5, "no 7m candles are folded; add it to [market] timeframes"),
        ('"1m"', '"1x"', "timeframe", 5, "is not a timeframe"),
        ('"a"', '"A b"', "name", 2, "must match"),
        ('name = "a"\n', "", "name", 1, "is required: topics and commands name it so"),
        ('use = "ema_cross"\n', "", "use", 1, "is required: which strategy"),
        ('assets = ["*_otc"]\n', "", "assets", 1, "is required: symbols, or patterns"),
    ],
)
def test_what_a_table_cannot_do_without(
    write: Write,
    old: str,
    new: str,
    where: str,
    line: int,
    said: str,
) -> None:
    """A strategy that is not there, candles that are not folded, a name that is none, and what is missing."""
    file = write(TABLE.replace(old, new))
    mistake = only(mistakes(file))
    assert (mistake.where, mistake.line) == (f"strategy[0].{where}", line)
    assert said in mistake.what


def test_longer_candles_must_be_folded_and_longer(write: Write) -> None:
    """What a strategy looks at beside its own timeframe."""
    wrong = TABLE.replace("ema_cross", "topdown") + 'options = { higher = ["7m"] }\n'
    assert "no 7m candles are folded" in only(mistakes(write(wrong))).what
    shorter = TABLE.replace("ema_cross", "topdown") + 'options = { higher = ["5s"] }\n'
    assert "5s is not longer than the timeframe, 1m" in only(mistakes(write(shorter))).what


def test_a_name_stands_for_one_strategy(write: Write) -> None:
    """The second table is named."""
    mistake = only(mistakes(write(TABLE + TABLE)))
    assert (mistake.where, mistake.line, mistake.what) == (
        "strategy[1].name",
        7,
        "another strategy is called a already",
    )


def test_a_warm_up_needs_as_many_candles_as_are_kept(write: Write) -> None:
    """Else it would never speak."""
    mistake = only(mistakes(write("[market]\nkeep_candles = 50\n" + TABLE)))
    assert mistake.what == "it needs 99 closed candles, and 50 are kept ([market] keep_candles)"


def test_every_mistake_of_several_tables_is_said(write: Write) -> None:
    """In the order of their lines."""
    found = mistakes(write(TABLE + 'mode = "liv"\n' + TABLE.replace('"a"', '"b"').replace("ema_cross", "emacross")))
    assert list(found) == ["strategy[0].mode", "strategy[1].use"]
    assert [mistake.line for mistake in found.values()] == [6, 9]


def test_only_a_file_may_hold_strategies(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor a command line."""
    file = write(TABLE)
    assert "write [[strategy]] there" in only(mistakes(file, {"strategy": [{"name": "x"}]})).what
    monkeypatch.setenv("QFLUXD_STRATEGY__A__MODE", "live")
    assert "only the configuration file can hold strategies" in only(mistakes(file)).what


@pytest.mark.parametrize("text", ["[strategy]\nname = 'a'\n", "strategy = 3\n", "strategy = [1]\n"])
def test_the_tables_are_a_list_of_tables(write: Write, text: str) -> None:
    """One pair of brackets is a mistake that people make."""
    assert only(mistakes(write(text))).what == "must be a list of tables; write [[strategy]] above each"


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        (OWN.replace("class Mine", "class Mine(\nclass Mine"), "use", "mine.py:"),
        ("import nothing_like_it\n" + OWN, "use", "install nothing_like_it beside qfluxd"),
        (OWN.replace("{1: 1}[value]", "{}[value]").replace("= 1\n", "= 1\n"), "options", "KeyError: 1"),
        (OWN.replace("        return 1\n", "        return 1 // 0\n"), "options", "ZeroDivisionError"),
    ],
)
def test_a_strategy_of_ones_own_that_fails_is_a_mistake_of_the_file(
    write: Write,
    tmp_path: Path,
    text: str,
    where: str,
    said: str,
) -> None:
    """Wherever it raises when it is read or asked what it needs: the daemon that reads it again goes on as it was."""
    file = write(own(tmp_path, text) + TABLE.replace("ema_cross", "mine") + "options = { count = 1 }\n")
    mistake = only(mistakes(file))
    assert mistake.where == f"strategy[0].{where}"
    assert said in mistake.what


# --------------------------------------------------------------------------------------------------- what is right


def plans(write: Write, text: str) -> tuple[Plan, ...]:
    """The plans of a file."""
    return load(write(text)).plans


def test_a_table_is_a_plan(write: Write) -> None:
    """What is not written is at its default: it only tells, at each candle, a stake of 1 where one is needed."""
    [plan] = plans(write, TABLE)
    assert (plan.name, plan.use, plan.mode, plan.enabled) == ("a", "ema_cross", "signal", True)
    assert (plan.timeframe, plan.assets, plan.schedule.on_candle) == (60_000, ("*_otc",), True)
    assert isinstance(plan.strategy, EmaCross)
    assert plan.staking == Fixed(amount=Decimal(1))
    assert plan.limits == Limits()
    assert [plan.trades(symbol) for symbol in ("EURUSD_otc", "EURUSD")] == [True, False]


def test_all_that_a_table_says_is_in_its_plan(write: Write) -> None:
    """In the order of the file."""
    text = TABLE.replace('"a"', '"z"') + (
        'mode = "live"\nenabled = false\nschedule = { when = "every 30s", hours = "08:00-12:00" }\n'
        'stake = { policy = "percent", percent = 1.5 }\noptions = { fast = 5, expiry = "2m" }\n'
        "risk = { max_open = 1 }\n" + TABLE
    )
    first, second = plans(write, text)
    assert (first.name, second.name) == ("z", "a")
    assert (first.mode, first.enabled, first.schedule.on_candle) == ("live", False, False)
    assert first.staking == Percent(percent=Decimal("1.5"))
    assert first.strategy.model_dump()["fast"] == 5
    assert first.limits.max_open == 1


def test_a_file_of_news_lies_beside_the_configuration(write: Write, tmp_path: Path) -> None:
    """Wherever the program was started."""
    (tmp_path / "news.csv").write_text("at,name\n2025-11-22T00:00:00Z,Rates\n")
    [plan] = plans(write, TABLE + 'schedule = { quiet = "news.csv" }\n')
    assert plan.schedule.quiet is not None
    assert plan.schedule.quiet.news[0].name == "Rates"


def test_where_each_value_comes_from_is_told(write: Write) -> None:
    """By the plan's name: the line of the file, or the default."""
    file = write(TABLE)
    origins = load(file).origins
    assert origins["strategy.a.use"] == f"{file}:3"
    assert origins["strategy.a.mode"] == "default"


# ---------------------------------------------------------------------------------------------------- what changes


def reread(loaded: Loaded, write: Write, text: str) -> Loaded:
    """The same file with another text."""
    write(text)
    return loaded.reread()


def test_equal_tables_are_equal_plans(write: Write) -> None:
    """A comment, another order, or the same in other words changes nothing; one value does."""
    loaded = load(write(TABLE))
    same = '# a word\n[[strategy]]\ntimeframe = "60s"\nname = "a"\nassets = ["*_otc"]\nuse = "ema_cross"\n'
    assert reread(loaded, write, same).plans == loaded.plans
    other = reread(loaded, write, TABLE + "options = { fast = 8 }\n")
    assert other.plans != loaded.plans


def test_a_file_behind_a_plan_is_part_of_it(write: Write, tmp_path: Path) -> None:
    """Its own .py file and its news: with other contents it is another plan, and no other plan changes."""
    (tmp_path / "news.csv").write_text("at,name\n2025-11-22T00:00:00Z,Rates\n")
    text = (
        own(tmp_path)
        + TABLE.replace("ema_cross", "mine")
        + TABLE.replace('"a"', '"b"')
        + 'schedule = { quiet = "news.csv" }\n'
        + TABLE.replace('"a"', '"c"')
    )
    before = load(write(text))
    own(tmp_path, OWN + "\n# mended\n")
    after = before.reread()
    assert [one == other for one, other in zip(before.plans, after.plans, strict=True)] == [False, True, True]
    (tmp_path / "news.csv").write_text("at,name\n2025-11-23T00:00:00Z,Rates\n")
    again = after.reread()
    assert [one == other for one, other in zip(after.plans, again.plans, strict=True)] == [True, False, True]


def test_what_changes_in_a_table_is_applied_at_once(write: Write) -> None:
    """Key by key, by the plan's name; a strategy that is added or taken out too; nothing of it waits for a restart."""
    loaded = load(write(TABLE + TABLE.replace('"a"', '"gone"')))
    after = reread(loaded, write, TABLE + 'mode = "shadow"\n' + TABLE.replace('"a"', '"new"'))
    found = diff(loaded, after)
    keys = {change.key: (change.before, change.after) for change in found.live}
    assert keys["strategy.a.mode"] == ("signal", "shadow")
    assert keys["strategy.new.use"] == (None, "ema_cross")
    assert keys["strategy.gone.use"] == ("ema_cross", None)
    assert not found.restart
    assert [table.name for table in found.settings.strategy] == ["a", "new"]


def test_a_bad_table_changes_nothing(write: Write) -> None:
    """What was loaded stays as it was."""
    loaded = load(write(TABLE))
    write(TABLE + 'mode = "liv"\n')
    with pytest.raises(ConfigError):
        loaded.reread()
    assert loaded.plans[0].mode == "signal"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("risk = { max_stake = 2 }", "step 3 of its ladder stakes 4, and max_stake is 2"),
        ("", "step 5 of its ladder stakes 16, and max_stake is 10"),
        ("risk = { max_stake = 100 }", "step 5 of its ladder stakes 16, and max_stake is 10"),
    ],
)
def test_a_ladder_that_leads_above_a_limit_is_told(write: Write, more: str, said: str) -> None:
    """There it would stand for good, refused at every signal."""
    stake = 'mode = "shadow"\nstake = { policy = "martingale", base = 1, max_steps = 6 }\n'
    notices = list(stake_notices(load(write(TABLE + stake + more))))
    assert [said in notice for notice in notices] == [False, True]
    short = stake.replace("max_steps = 6", "max_steps = 2")
    assert len(list(stake_notices(load(write(TABLE + short + more))))) == 1

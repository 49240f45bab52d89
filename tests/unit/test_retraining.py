"""A model that was trained again runs beside the one in use, and takes over only when it has shown itself better."""

import os
from decimal import Decimal
from pathlib import Path
from time import time_ns

import msgspec
import pytest

from qfluxd.config import Loaded, load
from qfluxd.errors import ConfigError
from qfluxd.plans.plan import CANDIDATE, CURRENT
from qfluxd.research.promotion import Verdict
from qfluxd.research.train import Trained
from qfluxd.retraining import Retraining
from qfluxd.strategies.card import candidate_file, digest, read_card
from qfluxd.trading.shadow import ShadowDeal, ShadowOutcome
from tests.support.planted import ASSET
from tests.unit.test_succession import train

TWINS = (CURRENT, CANDIDATE)
CONFIG = """
[daemon]
state_dir = "{folder}/state"
[[strategy]]
name = "learner"
use = "model"
assets = ["{asset}"]
timeframe = "1m"
options = {{ file = "{folder}/eurusd.onnx" }}
retrain = {{ schedule = "0 4 * * sun", recipe = "eurusd.toml" }}
"""


class Told:
    """What a person is told, and how often the configuration was read again."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.details: list[str] = []
        self.reloads = 0

    def tell(self, code: str, detail: str) -> None:
        """Note it."""
        self.codes.append(code)
        self.details.append(detail)

    def reload(self) -> None:
        """Note a reload."""
        self.reloads += 1


@pytest.fixture(scope="module")
def models() -> tuple[Trained, Trained]:
    """One in use, and one that waits."""
    return train(1, "old"), train(2, "new")


@pytest.fixture
def folder(models: tuple[Trained, Trained], tmp_path: Path) -> Path:
    """A configuration with a model in use."""
    (tmp_path / "config.toml").write_text(CONFIG.format(folder=tmp_path, asset=ASSET))
    (tmp_path / "eurusd.toml").write_text(f'assets = ["{ASSET}"]\n')
    models[0].write(tmp_path / "eurusd.onnx")
    return tmp_path


def loaded(folder: Path) -> Loaded:
    return load(folder / "config.toml")


def deal(plan: str, number: int, *, won: bool, at: int, outcome: ShadowOutcome | None = None) -> ShadowDeal:
    opened = at + number * 60_000
    profit = Decimal("0.9") if won else Decimal(-1)
    outcome = outcome or ("won" if won else "lost")
    return ShadowDeal(
        f"{plan}-{number}",
        plan,
        ASSET,
        "call",
        Decimal(1),
        30_000,
        opened,
        opened,
        opened,
        opened + 30_000,
        1.1,
        1.2,
        90,
        profit,
        outcome,
        outcome,
        opened + 30_000,
    )


def test_nothing_runs_beside_a_model_without_a_candidate(folder: Path) -> None:
    """One plan and one training to come."""
    found = loaded(folder)
    assert [plan.name for plan in found.plans] == ["learner"]
    (wanted,) = found.retrained
    assert (wanted.plan, wanted.model, wanted.recipe) == ("learner", folder / "eurusd.onnx", folder / "eurusd.toml")
    retraining = Retraining(lambda code, detail: None, lambda: None, None)
    retraining.begin(found, ())
    assert [chore.name for chore in retraining.chores()] == ["retrain learner"]


def test_a_candidate_and_the_model_in_use_run_on_paper(folder: Path, models: tuple[Trained, Trained]) -> None:
    """Two more plans, in shadow whatever the owner's mode, each with its own file."""
    models[1].write(candidate_file(folder / "eurusd.onnx"))
    plans = {plan.name: plan for plan in loaded(folder).plans}
    assert list(plans) == ["learner", f"learner{CURRENT}", f"learner{CANDIDATE}"]
    assert {plans[f"learner{each}"].mode for each in (CURRENT, CANDIDATE)} == {"shadow"}
    cards = {name: getattr(plan.strategy, "card").name for name, plan in plans.items()}  # noqa: B009 - of a model only
    assert cards == {"learner": "old", f"learner{CURRENT}": "old", f"learner{CANDIDATE}": "new"}


def now() -> int:
    return time_ns() // 1_000_000


def begun(folder: Path, model: Trained, told: Told) -> Retraining:
    """A daemon in which this model waits and is compared with the one in use."""
    model.write(candidate_file(folder / "eurusd.onnx"))
    retraining = Retraining(told.tell, told.reload, None)
    retraining.begin(loaded(folder), ())
    return retraining


def decided(retraining: Retraining, *, better: bool, at: int) -> tuple[str, Verdict]:
    """What a contest comes to in which one of the two wins each of its trades and the other none."""
    for number in range(1, 400):
        for suffix, won in ((CURRENT, not better), (CANDIDATE, better)):
            found = retraining.on_deal(deal(f"learner{suffix}", number, won=won, at=at))
            if found is not None and found[1].decision != "wait":
                return found
    raise AssertionError("nothing was decided")


def until_told(retraining: Retraining, at: int) -> int:
    """How many more trades of both it takes until a contest tells how it stands, which it does at each tenth."""
    deals = (deal(f"learner{each}", number, won=True, at=at) for number in range(11, 20) for each in TWINS)
    return next(count for count, each in enumerate(deals, 1) if retraining.on_deal(each) is not None)


def in_use(folder: Path) -> str:
    model = folder / "eurusd.onnx"
    return read_card(model, digest(model.read_bytes())).name


async def contest(folder: Path, models: tuple[Trained, Trained], *, better: bool) -> tuple[str, Told]:
    """How a contest ends, and what a person is told."""
    told = Told()
    retraining = begun(folder, models[1], told)
    plan, verdict = decided(retraining, better=better, at=now())
    await retraining.conclude(plan, verdict)
    return verdict.decision, told


async def test_a_better_model_takes_over(folder: Path, models: tuple[Trained, Trained]) -> None:
    """The files change place, a person is told, and the configuration is read again."""
    decision, told = await contest(folder, models, better=True)
    assert (decision, told.codes, told.reloads) == ("promote", ["model_promoted"], 1)
    assert in_use(folder) == "new"
    assert [plan.name for plan in loaded(folder).plans] == ["learner"]


async def test_a_worse_one_is_sent_away(folder: Path, models: tuple[Trained, Trained]) -> None:
    """The model in use stays, and nothing waits any more."""
    decision, told = await contest(folder, models, better=False)
    assert (decision, told.codes, told.reloads) == ("keep", ["model_kept"], 1)
    assert in_use(folder) == "old"
    assert not candidate_file(folder / "eurusd.onnx").exists()


@pytest.mark.parametrize("better", [True, False])
@pytest.mark.parametrize("which", ["candidate", "in use"])
async def test_a_verdict_is_of_the_models_that_were_compared(
    folder: Path, models: tuple[Trained, Trained], better: bool, which: str
) -> None:
    """Another file lies there, and the configuration could not be read since: nobody takes over, and nobody goes.

    A person is told, and from the next reading on what lies there is compared, from nothing.
    """
    told = Told()
    retraining = begun(folder, models[1], told)
    model, other = folder / "eurusd.onnx", train(3, "another")
    other.write(candidate_file(model) if which == "candidate" else model)
    await retraining.conclude(*decided(retraining, better=better, at=now()))
    assert (told.codes, told.reloads) == (["model_replaced"], 1)
    assert "is not the model that was compared; what is there now is compared anew" in told.details[0]
    left = [in_use(folder), read_card(candidate_file(model), digest(candidate_file(model).read_bytes())).name]
    assert left == (["old", "another"] if which == "candidate" else ["another", "new"])
    retraining.begin(loaded(folder), ())
    plan, verdict = decided(retraining, better=True, at=now() + 10**9)
    assert verdict.pairs == 54
    await retraining.conclude(plan, verdict)
    assert told.codes[-1] == "model_promoted"
    assert in_use(folder) == left[1]


async def test_a_verdict_that_waited_says_nothing_of_a_newer_contest(
    folder: Path, models: tuple[Trained, Trained]
) -> None:
    """Models change place beside the desk, so another one may be compared already when a verdict is carried out."""
    told = Told()
    retraining = begun(folder, models[1], told)
    found = decided(retraining, better=True, at=now())
    train(3, "another").write(candidate_file(folder / "eurusd.onnx"))
    retraining.begin(loaded(folder), ())
    await retraining.conclude(*found)
    assert (in_use(folder), told.codes, told.reloads) == ("old", ["model_replaced"], 0)
    await retraining.conclude(*decided(retraining, better=True, at=now() + 10**9))
    assert in_use(folder) == "another"


def test_a_contest_is_decided_once(folder: Path, models: tuple[Trained, Trained]) -> None:
    """What is traded until the verdict is carried out tells nothing more; a reload in between changes nothing."""
    retraining = begun(folder, models[1], Told())
    decided(retraining, better=True, at=now())
    retraining.begin(loaded(folder), ())
    later = now() + 10**9
    deals = [deal(f"learner{each}", number, won=True, at=later) for number in range(20) for each in TWINS]
    assert [retraining.on_deal(each) for each in deals] == [None] * 40


def test_a_deal_on_its_way_belongs_to_the_model_that_wanted_it(folder: Path, models: tuple[Trained, Trained]) -> None:
    """Should it end in the time of the next candidate, it counts for nobody."""
    told = Told()
    retraining = begun(folder, models[1], told)
    at = now()
    for each in TWINS:
        retraining.on_deal(deal(f"learner{each}", 9, won=True, at=at, outcome="open"))
    train(3, "another").write(candidate_file(folder / "eurusd.onnx"))
    retraining.begin(loaded(folder), ())
    for each in TWINS:
        assert retraining.on_deal(deal(f"learner{each}", 9, won=True, at=at)) is None
    assert until_told(retraining, at) == 10


def test_nothing_is_decided_past_a_deal_that_is_still_on_its_way(folder: Path, models: tuple[Trained, Trained]) -> None:
    """Which of two long deals is told first has to do with how they end: its candle and all later ones wait for it."""
    told = Told()
    retraining = begun(folder, models[1], told)
    at = now() + 1_000
    open_still = deal(f"learner{CURRENT}", 0, won=True, at=at, outcome="open")
    retraining.on_deal(open_still)
    decisions = set()
    for number in range(1, 400):
        for suffix, won in ((CURRENT, False), (CANDIDATE, True)):
            found = retraining.on_deal(deal(f"learner{suffix}", number, won=won, at=at))
            decisions |= {found[1].decision} if found is not None else set()
    assert decisions == {"wait"}
    retraining.on_deal(msgspec.structs.replace(open_still, outcome="lost", profit=Decimal(-1)))
    _, verdict = decided(retraining, better=True, at=at + 400 * 60_000)
    assert verdict.decision == "promote"


def test_a_contest_goes_on_through_a_restart(folder: Path, models: tuple[Trained, Trained]) -> None:
    """Trades since both models run beside each other count, by the journal; those from before do not."""
    begun(folder, models[1], Told())
    at = now()
    before = [deal(f"learner{each}", number, won=True, at=at - 90_000_000) for number in range(9) for each in TWINS]
    after = [deal(f"learner{each}", number, won=True, at=at) for number in range(1, 5) for each in TWINS]
    retraining = Retraining(lambda code, detail: None, lambda: None, None)
    retraining.begin(loaded(folder), before + after)
    assert until_told(retraining, at) == 2


@pytest.mark.parametrize("which", ["candidate", "in use"])
def test_trades_of_a_model_that_was_replaced_do_not_count_for_the_next(
    folder: Path, models: tuple[Trained, Trained], which: str
) -> None:
    """Its file was replaced while the daemon could not read the configuration, and then that was started again."""
    begun(folder, models[1], Told())
    model = folder / "eurusd.onnx"
    train(3, "another").write(candidate_file(model) if which == "candidate" else model)
    at = now()
    late = [deal(f"learner{each}", number, won=True, at=at - 600_000) for number in range(1, 5) for each in TWINS]
    late += [deal(f"learner{each}", 9, won=True, at=at, outcome="open") for each in TWINS]
    os.utime(candidate_file(model), (at / 1000 - 900, at / 1000 - 900))
    retraining = Retraining(lambda code, detail: None, lambda: None, None)
    retraining.begin(loaded(folder), late)
    for each in TWINS:
        assert retraining.on_deal(deal(f"learner{each}", 9, won=True, at=at)) is None
    assert until_told(retraining, at) == 10


def test_contests_that_nobody_can_read_begin_anew(folder: Path, models: tuple[Trained, Trained]) -> None:
    """What was noted of them is no reason not to start."""
    begun(folder, models[1], Told())
    (folder / "state/contests.json").write_text("{")
    at = now()
    late = [deal(f"learner{each}", 1, won=True, at=at - 600_000) for each in TWINS]
    retraining = Retraining(lambda code, detail: None, lambda: None, None)
    retraining.begin(loaded(folder), late)
    assert until_told(retraining, at) == 10


async def test_a_training_that_fails_changes_nothing(folder: Path) -> None:
    """Its reason is told; the model in use stays."""
    (folder / "eurusd.toml").write_text("nonsense = 1\n")
    told = Told()
    retraining = Retraining(told.tell, told.reload, folder / "config.toml")
    retraining.begin(loaded(folder), ())
    for chore in retraining.chores():
        await chore.work()
    assert (told.codes, told.reloads) == (["retraining_failed"], 0)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("eurusd.toml", "other.toml", "there is no recipe"),
        ("0 4 * * sun", "sometimes", "no schedule"),
        ('use = "model"', 'use = "random"', "use = 'model'"),
    ],
)
def test_what_cannot_be_trained_again_is_said(folder: Path, old: str, new: str, said: str) -> None:
    """A recipe that is not there, a schedule that makes no sense, a strategy without a model."""
    file = folder / "config.toml"
    text = file.read_text().replace(old, new)
    if "random" in new:
        text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("options"))
    file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        load(file)

"""A model that was trained again runs beside the one in use, and takes over only when it has shown itself better."""

from decimal import Decimal
from pathlib import Path

import pytest

from qfluxd.config import Loaded, load
from qfluxd.errors import ConfigError
from qfluxd.plans.plan import CANDIDATE, CURRENT
from qfluxd.research.succession import candidate_file
from qfluxd.research.train import Trained
from qfluxd.retraining import Retraining
from qfluxd.strategies.card import digest, read_card
from qfluxd.trading.shadow import ShadowDeal
from tests.support.planted import ASSET
from tests.unit.test_succession import train

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
        self.reloads = 0

    def tell(self, code: str, _detail: str) -> None:
        """Note a code."""
        self.codes.append(code)

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


def deal(plan: str, number: int, *, won: bool, at: int) -> ShadowDeal:
    opened = at + number * 60_000
    profit = Decimal("0.9") if won else Decimal(-1)
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
        "won" if won else "lost",
        "won" if won else "lost",
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


async def contest(folder: Path, models: tuple[Trained, Trained], *, better: bool) -> tuple[str | None, Told]:
    """How a contest ends in which one of the two wins each of its trades and the other none."""
    waiting = candidate_file(folder / "eurusd.onnx")
    models[1].write(waiting)
    since = round(waiting.stat().st_mtime * 1000)
    told = Told()
    retraining = Retraining(told.tell, told.reload, None)
    retraining.begin(loaded(folder), ())
    for number in range(1, 400):
        for suffix, won in ((CURRENT, not better), (CANDIDATE, better)):
            found = retraining.on_deal(deal(f"learner{suffix}", number, won=won, at=since))
            if found is not None and found[1].decision != "wait":
                await retraining.conclude(*found)
                return found[1].decision, told
    return None, told


async def test_a_better_model_takes_over(folder: Path, models: tuple[Trained, Trained]) -> None:
    """The files change place, a person is told, and the configuration is read again."""
    decision, told = await contest(folder, models, better=True)
    model = folder / "eurusd.onnx"
    assert (decision, told.codes, told.reloads) == ("promote", ["model_promoted"], 1)
    assert read_card(model, digest(model.read_bytes())).name == "new"
    assert [plan.name for plan in loaded(folder).plans] == ["learner"]


async def test_a_worse_one_is_sent_away(folder: Path, models: tuple[Trained, Trained]) -> None:
    """The model in use stays, and nothing waits any more."""
    decision, told = await contest(folder, models, better=False)
    model = folder / "eurusd.onnx"
    assert (decision, told.codes, told.reloads) == ("keep", ["model_kept"], 1)
    assert read_card(model, digest(model.read_bytes())).name == "old"
    assert not candidate_file(model).exists()


def test_trades_from_before_the_candidate_do_not_count(folder: Path, models: tuple[Trained, Trained]) -> None:
    """Also those that the journal tells of after a restart."""
    waiting = candidate_file(folder / "eurusd.onnx")
    models[1].write(waiting)
    since = round(waiting.stat().st_mtime * 1000)
    retraining = Retraining(lambda code, detail: None, lambda: None, None)
    names = (f"learner{CURRENT}", f"learner{CANDIDATE}")
    before = [deal(name, number, won=True, at=since - 90_000_000) for number in range(9) for name in names]
    after = [deal(name, number, won=True, at=since) for number in range(1, 5) for name in names]
    retraining.begin(loaded(folder), before + after)
    found = [retraining.on_deal(deal(name, 5, won=True, at=since)) for name in names]
    assert found[0] is None
    assert found[1] is not None
    assert found[1][1].pairs <= 5


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

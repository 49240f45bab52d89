"""Strategies that vote: the score, how long a vote stands, and mistakes in what a voter is given."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from qfluxd.loading import StrategyModel, load_strategy
from qfluxd.model import MINUTE
from qfluxd.strategy import CALL, PUT
from tests.support.strategy_views import said, view

VOTER = '''
"""Says what the ticks of a candle tell it to: their digit at one place is 1 for call, 2 for put."""

import numpy as np
from pydantic import Field
from qfluxd.strategies.rule import Rule

class Voter(Rule):
    """Does as it is told."""

    digit: int = Field(default=0, ge=0, le=3, description="which digit of the ticks")

    @property
    def warmup(self):
        return 1

    def signals(self, view):
        told = view.floats("ticks") // 10**self.digit % 10
        return self.say(view, call=told == 1, put=told == 2, confidence=1.0)
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that holds the strategy `voter`."""
    (tmp_path / "voter.py").write_text(VOTER)
    return tmp_path


def made(folder: Path, votes: list[dict[str, Any]], **options: Any) -> StrategyModel:
    """A confluence of these votes."""
    model = load_strategy("confluence", folder)
    return model.model_validate({"votes": votes, **options}, context={"folder": folder})


def voters(*weights: float) -> list[dict[str, Any]]:
    """A voter for each weight; the first does what the last digit of the ticks says, and so on."""
    return [{"use": "voter", "weight": weight, "options": {"digit": place}} for place, weight in enumerate(weights)]


def test_a_majority_of_weight_is_needed(folder: Path) -> None:
    """Two of three make two thirds; the heavier side counts; an even split says nothing."""
    ticks = [0, 11, 1, 211, 222, 21]
    answer = made(folder, voters(1, 1, 1), threshold=0.6, hold=1).signals(view([1.0] * 6, ticks=ticks))
    assert said(answer) == {1: CALL, 4: PUT}
    assert answer["score"].to_list() == pytest.approx([0, 2 / 3, 1 / 3, 1 / 3, -1, 0])
    assert answer["confidence"].to_list() == pytest.approx([0, 2 / 3, 1 / 3, 1 / 3, 1, 0])
    heavy = made(folder, voters(3, 1), threshold=0.5, hold=1).signals(view([1.0] * 2, ticks=[21, 12]))
    assert said(heavy) == {0: CALL, 1: PUT}


def test_thirds_add_up(folder: Path) -> None:
    """A threshold of one is reached where all agree, whatever the weights do in the last digit."""
    strategy = made(folder, voters(0.1, 0.2, 0.7), threshold=1.0, hold=1)
    assert said(strategy.signals(view([1.0], ticks=[222]))) == {0: PUT}


def test_every_vote_is_told(folder: Path) -> None:
    """Each voter is a reason by its name, the second of a name numbered, with its weight where it says something."""
    answer = made(folder, voters(2, 0.5), hold=1).signals(view([1.0] * 2, ticks=[21, 1]))
    assert answer["vote_voter"].to_list() == [2.0, 2.0]
    assert answer["vote_voter_2"].to_list() == [-0.5, 0.0]


def test_a_vote_stands_until_it_is_old(folder: Path) -> None:
    """A call of one and, two candles later, of the other make a call with `hold` 3, and none with `hold` 2."""
    ticks = [0, 0, 1, 0, 10, 0]
    assert said(made(folder, voters(1, 1), threshold=1, hold=3).signals(view([1.0] * 6, ticks=ticks))) == {4: CALL}
    assert said(made(folder, voters(1, 1), threshold=1, hold=2).signals(view([1.0] * 6, ticks=ticks))) == {}


def test_a_newer_vote_replaces_the_older(folder: Path) -> None:
    """Whoever changes its mind has changed its vote."""
    answer = made(folder, voters(1), threshold=1, hold=3).signals(view([1.0] * 7, ticks=[0, 0, 1, 0, 2, 0, 0]))
    assert answer["vote_voter"].to_list() == [0, 0, 1, 1, -1, -1, -1]
    assert said(answer) == {2: CALL, 4: PUT}


def test_it_needs_what_its_voters_need() -> None:
    """Warm-up of the slowest and the time that a vote stands; all their timeframes and wants."""
    votes = [{"use": "topdown", "options": {"higher": ["15m", "5m"]}}, {"use": "sentiment_fade"}, {"use": "sma_cross"}]
    strategy = load_strategy("confluence").model_validate({"votes": votes, "hold": 4})
    assert strategy.timeframes == (5 * MINUTE, 15 * MINUTE)
    assert strategy.wants == ("sentiment",)
    assert strategy.warmup == load_strategy("topdown")().warmup + 3


def test_a_confluence_of_confluences(folder: Path) -> None:
    """A voter may itself be made of voters, also those of the folder; written as JSON it is read as the same."""
    inner = {"use": "confluence", "options": {"votes": voters(1, 1), "threshold": 1, "hold": 1}}
    strategy = made(folder, [inner, *voters(1)], threshold=1, hold=1)
    assert said(strategy.signals(view([1.0] * 3, ticks=[1, 11, 22]))) == {1: CALL, 2: PUT}
    again = type(strategy).model_validate(strategy.model_dump(mode="json"), context={"folder": folder})
    assert again == strategy
    assert again.model_dump(mode="json")["votes"][0]["options"]["votes"][1]["options"]["digit"] == 1


@pytest.mark.parametrize(
    ("votes", "where", "what"),
    [
        ([{"use": "ema_cross", "options": {"fsat": 5}}], "0.options.fsat", "no option 'fsat'; did you mean 'fast'?"),
        ([{"use": "ema_cross", "options": {"x": 5}}], "0.options.x", "no option 'x'; there are expiry, fast, slow"),
        ([{"use": "ema_cross", "options": {"fast": 999}}], "0.options.fast", "less than or equal to 100"),
        ([{"use": "ema_cross", "options": {"fast": 50}}], "0.options", "fast (50) must be less than slow (21)"),
        ([{"use": "macd"}, {"use": "emacross"}], "1.use", "no strategy called 'emacross'; did you mean 'ema_cross'?"),
        ([{"use": "macd", "heft": 2}], "0.heft", "Extra inputs"),
        ([{"use": "macd", "weight": 0}], "0.weight", "greater than 0"),
        ([{"use": "macd", "options": 7}], "0.options", "valid dictionary"),
        (
            [{"use": "confluence", "options": {"votes": [{"use": "macd", "options": {"fats": 5}}]}}],
            "0.options.votes.0.options.fats",
            "no option 'fats'; did you mean 'fast'?",
        ),
        ([], "", "must name at least one"),
    ],
)
def test_mistakes(votes: list[dict[str, Any]], where: str, what: str) -> None:
    """A mistake in a vote is told where it stands, with the nearest right name, and nothing else is."""
    with pytest.raises(ValidationError) as caught:
        load_strategy("confluence").model_validate({"votes": votes})
    (error,) = caught.value.errors()
    assert ".".join(map(str, error["loc"])) == f"votes.{where}".rstrip(".")
    assert what in error["msg"]

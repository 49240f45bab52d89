"""Many tries: how many of those that look good are, and what is left of the best of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.research.statistics import adjusted, deflated, discoveries, e_discoveries
from qfluxd.research.statistics.power import betting_power
from qfluxd.research.statistics.variants import rounded
from qfluxd.strategy import Mask


def false_share(believed: Mask, effect: Mask) -> float:
    """Of those that are believed, how many have no effect."""
    return float((believed & ~effect).sum()) / max(int(believed.sum()), 1)


P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@given(P_VALUES)
def test_adjusted_p_values_are_scipy_s(values: list[float]) -> None:
    """Benjamini and Hochberg's, for any p-values."""
    stats = pytest.importorskip("scipy.stats")
    assert adjusted(values) == pytest.approx(stats.false_discovery_control(values), abs=1e-12)


@given(P_VALUES, st.floats(0.001, 0.5))
def test_discoveries_are_those_of_the_step_up_rule(values: list[float], doubt: float) -> None:
    """The k smallest, for the largest k with p(k) <= k doubt / n."""
    ranked = sorted(values)
    enough = [k for k, p in enumerate(ranked, start=1) if p * len(values) / k <= doubt]
    assert int(discoveries(values, doubt).sum()) >= max(enough, default=0)
    if enough:
        assert discoveries(values, doubt)[int(np.argmin(values))]


def test_of_those_believed_few_are_false() -> None:
    """100 variants, 20 with an effect, 1,000 times: 5 in 100 discoveries or fewer are false, and most are made."""
    stats = pytest.importorskip("scipy.stats")
    chance = np.random.default_rng(1)
    effect = np.arange(100) < 20
    p_values = stats.norm.sf(chance.standard_normal((1_000, 100)) + 3.5 * effect)
    false, found = [], []
    for row in p_values:
        believed = discoveries(row)
        false.append(false_share(believed, effect))
        found.append(float((believed & effect).mean() / effect.mean()))
    assert np.mean(false) <= 0.05
    assert np.mean(found) > 0.7


def test_with_evidence_few_are_false_however_variants_depend_on_each_other() -> None:
    """Of 50 variants, 40 without an effect share one outcome, or one is right where the other is wrong; 1,000 times."""
    chance = np.random.default_rng(2)
    effect = np.arange(50) < 10
    for flip in (np.ones(50), np.where(np.arange(50) % 2, 1, -1)):
        common = chance.standard_normal((1_000, 1)) * flip
        own = chance.standard_normal((1_000, 50)) + 4.5
        z = np.where(effect, own, common)
        evidence = np.exp(3 * z - 4.5)  # a likelihood ratio: its mean is 1 where there is no effect
        false, found = [], []
        for row in evidence:
            believed = e_discoveries(row)
            false.append(false_share(believed, effect))
            found.append(float((believed & effect).mean() / effect.mean()))
        assert np.mean(false) <= 0.05
        assert np.mean(found) > 0.7


def test_e_discoveries_are_those_of_the_rule() -> None:
    """The k largest for the largest k at which the k-th reaches n / (k doubt); ties together, and none of none."""
    assert e_discoveries([100, 1, 35, 40]).tolist() == [True, False, True, True]
    assert e_discoveries([79, 1, 1, 1]).tolist() == [False] * 4
    assert e_discoveries([80, 1, 1, 1]).tolist() == [True, False, False, False]
    assert e_discoveries([20]).tolist() == [True]
    assert e_discoveries([20, 100], tried=4).tolist() == e_discoveries([20, 100, 0, 0]).tolist()[:2] == [False, True]
    assert e_discoveries([]).tolist() == []
    assert discoveries([]).tolist() == []


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_evidence_never_believes_more_than_its_p_values_do(values: list[float]) -> None:
    """e-BH is Benjamini and Hochberg's rule on 1 / e (Wang and Ramdas 2022)."""
    p_values = [min(1.0, 1 / value) if value else 1.0 for value in values]
    assert e_discoveries(values).sum() <= discoveries(p_values, 0.05 * (1 + 1e-9)).sum()


def test_the_luckiest_of_many_without_an_edge_seldom_keeps_its_claim() -> None:
    """Forty coins at break-even looked at after every trade: some look good in more than half of all cases, hardly any
    once it is told that there were forty."""
    alone = betting_power(None, [85], trades=800, paths=4_000, seed=3)
    strict = betting_power(None, [85], trades=800, paths=4_000, seed=3, doubt=0.05 / 40)
    whole = 1 - (1 - alone.share(800)) ** 40
    kept = 1 - (1 - strict.share(800)) ** 40
    assert whole > 0.5
    assert kept <= 0.05


def test_a_claim_is_worth_less_for_each_try() -> None:
    """It stands alone, falls among forty, and never stood."""
    assert deflated(25, 1).standing == "stands"
    fallen = deflated(25, 40)
    assert (fallen.standing, fallen.left, fallen.needed) == ("falls", 0.625, 800)
    assert fallen.sentence == (
        "one of 40 variants tried on these data: evidence of 25 would be enough had nothing else been tried, but the "
        "luckiest of so many needs 800; try this one alone on new data"
    )
    assert deflated(900, 40).standing == "stands"
    assert deflated(900, 40).sentence == (
        "one of 40 variants tried on these data: evidence of 900 is enough even for the luckiest of them, which takes "
        "800"
    )
    assert deflated(3, 40).sentence.endswith("evidence of 3 is not enough; the luckiest of so many needs 800")
    assert deflated(3, 1).sentence == "nothing else was tried on these data: evidence of 3 is not enough, it takes 20"
    assert "over 1,000,000" in deflated(1e300, 2).sentence


def test_what_is_not_enough_does_not_look_as_if_it_were() -> None:
    """Less than it takes is not rounded up to that, and what it takes is told in full."""
    assert deflated(19.99, 1).sentence == (
        "nothing else was tried on these data: evidence of 19 is not enough, it takes 20"
    )
    assert deflated(19.4, 1).sentence.endswith("evidence of 19 is not enough, it takes 20")
    assert "evidence of 799 would be enough" in deflated(799.9, 40).sentence
    assert "evidence of 135 would be enough" in deflated(134.7, 40).sentence
    assert deflated(33.9, 1, doubt=1 / 33.95).sentence.endswith("evidence of 33 is not enough, it takes 34")
    assert "evidence of 1,500,000 would be enough" in deflated(1.5e6, 100_000).sentence
    assert deflated(3e6, 100_000).sentence.endswith(
        "evidence of over 2,000,000 is enough even for the luckiest of them, which takes 2,000,000"
    )


@given(st.floats(0, 1e7), st.integers(1, 400_000))
def test_the_sentence_never_says_more_than_the_standing(evidence: float, tried: int) -> None:
    """The two numbers that are told are in the order that the claim has."""
    found = deflated(evidence, tried)
    told = float(rounded(evidence, found.needed).removeprefix("over ").replace(",", ""))
    assert (told >= found.needed) == (found.standing == "stands")


def test_nonsense_is_an_error() -> None:
    """No try, evidence or a p-value out of range."""
    for evidence, tried in ((5.0, 0), (-1.0, 1), (float("nan"), 1)):
        with pytest.raises(ValueError, match="tried"):
            deflated(evidence, tried)
    with pytest.raises(ValueError, match="p-value"):
        adjusted([0.1, 1.2])
    with pytest.raises(ValueError, match="evidence"):
        e_discoveries([-1])

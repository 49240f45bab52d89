"""Two strategies on the same chances, over a stretch that was fixed before: which did better, and how sure that is.

Who wants to look before the end takes `qfluxd.evidence.Bets` on the `qfluxd.evidence.difference` of each chance.
"""

import numpy as np

from qfluxd.evidence.beta import beta_cdf
from qfluxd.research.statistics.earnings import Estimate, expected
from qfluxd.research.statistics.resampling import PATHS
from qfluxd.strategy import Floats


def mcnemar(only_one: int, only_other: int) -> float:
    """The p-value of the claim that both win equally often, from the chances that only one of them won.

    The exact test of McNemar (1947), two-sided: chances that both won or both lost say nothing, and of the others each
    is as likely to be the one's or the other's. 1 where there are none. It supposes that chances are independent.

    Raises:
        ValueError: a count below 0.
    """
    fewer, more = sorted((only_one, only_other))
    if fewer < 0:
        raise ValueError("counts are whole numbers from 0 on")
    if fewer == more:
        return 1.0
    return min(1.0, 2 * beta_cdf(more, fewer + 1, 0.5))


def expected_difference(
    one: Floats, other: Floats, confidence: float = 0.95, paths: int = PATHS, seed: int = 0
) -> Estimate:
    """How much more the one earned than the other at a chance on average, with an interval as of `expected`.

    A row for each chance, in the order of time: what a unit of stake came to, 0 where there was no trade. Differences
    are drawn in blocks, so what happens to both at once is no noise.

    Raises:
        ValueError: not as many of one as of the other, or none.
    """
    if one.shape != other.shape:
        raise ValueError(f"{one.size} results of one and {other.size} of the other are no pairs")
    return expected(np.asarray(one - other), confidence, paths, seed)

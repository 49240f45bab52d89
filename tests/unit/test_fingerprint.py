"""One short word for everything that was decided."""

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.model import Verdict
from qfluxd.plans.fingerprint import Fingerprint
from tests.unit.test_fates import SIGNAL, VERDICT


def of(*verdicts: Verdict) -> str:
    """Their fingerprint."""
    found = Fingerprint()
    for verdict in verdicts:
        found.add(verdict)
    assert found.decisions == len(verdicts)
    return str(found)


signals = st.builds(
    lambda ident, side, reasons: msgspec.structs.replace(SIGNAL, id=ident, side=side, reasons=reasons),
    st.text("ab", max_size=2),
    st.sampled_from(["call", "put"]),
    st.dictionaries(st.sampled_from("xy"), st.none() | st.floats(allow_nan=False, allow_infinity=False), max_size=2),
)
verdicts = st.builds(
    lambda signal, code, stake: Verdict(signal, "refused", code, "why", 0, stake),
    signals,
    st.sampled_from(["stale", "paused"]),
    st.none() | st.decimals(1, 3, places=1),
)


def decided(verdict: Verdict) -> bytes:
    """What of a verdict is a decision."""
    return msgspec.json.encode((verdict.signal, verdict.outcome, verdict.code, verdict.stake))


@given(st.lists(verdicts, max_size=4), st.lists(verdicts, max_size=4))
def test_it_is_equal_where_all_decisions_are(one: list[Verdict], other: list[Verdict]) -> None:
    """In the same order, and nowhere else."""
    assert (of(*one) == of(*other)) == (list(map(decided, one)) == list(map(decided, other)))


def test_it_does_not_rest_on_sentences_and_later_times() -> None:
    """A detail may hold milliseconds that only this machine knows."""
    other = msgspec.structs.replace(VERDICT, detail="after 17 ms", at=0, trade="other", profit=Decimal(1))
    assert of(VERDICT) == of(other)
    assert of(VERDICT) != of(msgspec.structs.replace(VERDICT, stake=Decimal(2)))

"""Whatever has been kept, retention takes the oldest, no more than it must, and never the newest of today."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from qfluxd.artifacts import Artifact, condemned
from qfluxd.model import DAY

NOW = 20_000 * DAY + DAY // 2

moments = st.integers(NOW - 40 * DAY, NOW + 2 * DAY)
pieces = st.lists(
    st.tuples(st.sampled_from(["screenshots", "trades", "trouble"]), moments, st.integers(0, 50)), max_size=40
)


@given(pieces, st.integers(1, 30), st.integers(1, 500))
def test_retention(given_pieces: list[tuple[str, int, int]], keep_days: int, room: int) -> None:
    """Age and room are kept, but for the newest of each kind of today; nothing goes that neither asks for."""
    found = [Artifact(kind, Path(str(n)), at, size) for n, (kind, at, size) in enumerate(given_pieces)]
    going = condemned(found, NOW, keep_days, room)
    staying = [artifact for artifact in found if artifact not in going]
    newest = [
        max((a for a in found if a.kind == kind), key=lambda a: (a.at, a.path)) for kind in {a.kind for a in found}
    ]
    kept = [artifact for artifact in newest if artifact.at // DAY >= NOW // DAY]
    oldest = min(NOW, max((artifact.at for artifact in found), default=NOW)) - keep_days * DAY

    assert len(set(map(id, going))) == len(going)
    assert all(artifact in staying for artifact in kept)
    assert all(artifact.at >= oldest for artifact in staying if artifact not in kept)
    assert sum(artifact.size for artifact in staying) <= room or all(artifact in kept for artifact in staying)
    # No gaps: whatever is older than a piece that goes goes too.
    assert all(artifact in going for artifact in found if artifact not in kept and going and artifact.at < going[-1].at)
    # No more than it must: the last one to go was too old, or there was no room for it.
    if going and going[-1].at >= oldest:
        assert sum(artifact.size for artifact in staying) + going[-1].size > room

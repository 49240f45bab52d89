"""What is written to a capture is what is read from it."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from qfluxd.market.capture import CaptureWriter, read_capture
from qfluxd.model import Frame

FRAMES = st.builds(
    Frame,
    at=st.integers(0, 4_102_444_800_000),
    conn=st.text(st.characters(codec="utf-8"), max_size=10),
    data=st.one_of(st.binary(max_size=50), st.text(st.characters(codec="utf-8"), max_size=50).map(str.encode)),
    text=st.booleans(),
    sent=st.booleans(),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(FRAMES, max_size=8))
def test_frames_come_back_as_they_were(frames: list[Frame]) -> None:
    """Every byte, every flag, and the time to the millisecond; text that is no UTF-8 too."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "capture.jsonl"
        writer = CaptureWriter(path)
        for frame in frames:
            writer.see(frame)
        writer.close()
        assert list(read_capture(path)) == frames

"""Recorded page loads, played again byte by byte."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from qfluxd.errors import DataError
from qfluxd.practice.recording import is_capture, read_recording
from qfluxd.practice.server import PracticeOptions, serve
from tests.support.fixtures import fixture
from tests.support.practice_page import open_page

CAPTURES = (
    "frames/detailed_websocket_data_20250831_224741.frames.jsonl",
    "frames/detailed_websocket_data_20250903_003350.frames.jsonl",
)


def line(conn: str, frame: str | bytes, at: float = 0.0, way: str = "recv") -> str:
    body: dict[str, Any] = {"ts": at, "conn": conn, "dir": way, "opcode": 1 if isinstance(frame, str) else 2}
    body |= {"text": frame} if isinstance(frame, str) else {"b64": base64.b64encode(frame).decode()}
    return json.dumps(body) + "\n"


HEADER = '451-["updateStream",{"_placeholder":true,"num":0}]'


def test_connections_are_known_by_what_they_carry(tmp_path: Path) -> None:
    """Market, events and chat are told apart by their events; handshakes, pings and sent frames are left out."""
    path = tmp_path / "capture.jsonl"
    path.write_text(
        line("a", "0{}", 5)
        + line("a", '40{"sid":"x"}', 5)
        + line("b", '42["auth/success"]', 5.5)
        + line("c", '42["user_ready",{}]', 6)
        + line("a", '42["auth",{}]', 6, way="sent")
        + line("a", HEADER, 6)
        + line("a", "2", 6)
        + line("c", '42["chat_room_list",[]]', 6)
        + line("a", b"[]", 7)
    )
    script = read_recording(path)
    assert script["market"] == [(1.0, HEADER), (2.0, b"[]")]
    assert script["events"] == [(0.5, '42["auth/success"]')]
    assert [step.frame for step in script["chat"]] == ['42["user_ready",{}]', '42["chat_room_list",[]]']


def test_interleaved_sockets_keep_header_and_body_together(tmp_path: Path) -> None:
    """Two market connections played into one: each body follows its own header, and half pairs are left out."""
    path = tmp_path / "capture.jsonl"
    other = HEADER.replace("updateStream", "signals/update")
    path.write_text(
        line("a", HEADER)
        + line("b", other)
        + line("a", b"[1]")
        + line("b", b"[2]")
        + line("a", HEADER)
        + line("b", b"x")
    )
    assert [step.frame for step in read_recording(path)["market"]] == [HEADER, b"[1]", other, b"[2]"]


@pytest.mark.parametrize("text", ["", "not json\n", line("a", '42["auth/success"]')])
def test_a_capture_without_a_market_is_refused(tmp_path: Path, text: str) -> None:
    """The error says what the file should have been."""
    path = tmp_path / "capture.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=r"capture\.jsonl"):
        read_recording(path)


def test_a_capture_is_told_from_a_file_of_ticks(tmp_path: Path) -> None:
    """By its first line, whatever it is called."""
    ticks, frames = tmp_path / "ticks.csv", tmp_path / "frames.txt"
    ticks.write_text("time,price\n1,2\n")
    frames.write_text(line("a", HEADER))
    assert (is_capture(ticks), is_capture(frames), is_capture(tmp_path / "none")) == (False, True, False)


@pytest.mark.parametrize("name", CAPTURES)
async def test_a_capture_reaches_the_page_as_it_was_recorded(name: str) -> None:
    """Every whole market message of the recording arrives, byte by byte, and no other."""
    path = fixture(name)
    expected = json.loads(fixture("frames/EXPECTED.json").read_text())[path.name]
    script = read_recording(path)
    frames = [step.frame for step in script["market"]]
    whole = expected["headers_451"] - expected["headers_without_binary_at_end"]
    assert sum(isinstance(frame, bytes) for frame in frames) == whole
    async with serve(PracticeOptions(feed=path, speed=1000)) as practice, open_page(practice) as page:
        await page.send("auth", {"session": practice.account.sessions["demo"], "isDemo": 1})
        await page.until(lambda said: len(said) >= whole)
        assert page.frames[2:] == frames
        assert len(page.all("updateStream")) == expected["events"]["updateStream"]


@pytest.mark.parametrize(
    ("path", "opens", "event"), [("events", "auth", "counters/all/success"), ("chat", "user_init", "chat_room_list")]
)
async def test_the_other_sockets_are_played_too(path: str, opens: str, event: str) -> None:
    """Events and chat get what theirs received, as text."""
    capture = fixture(CAPTURES[0])
    async with serve(PracticeOptions(feed=capture, speed=1000)) as practice:
        async with open_page(practice, f"/{path}/socket.io/") as page:
            await page.send(opens, {})
            await page.wait(event)
            assert all(isinstance(frame, str) for frame in page.frames)


async def test_a_replay_needs_a_session_and_has_no_feed_to_pause(tmp_path: Path) -> None:
    """The market socket turns a wrong session away; what only a live market can do is refused."""
    path = tmp_path / "capture.jsonl"
    path.write_text(line("a", HEADER) + line("a", b"[]"))
    async with serve(PracticeOptions(feed=path)) as practice, open_page(practice) as page:
        await page.send("auth", {"session": "wrong", "isDemo": 1})
        await page.wait("NotAuthorized")
        with pytest.raises(DataError, match="no feed"):
            practice.pause()
        assert practice.heard == ()

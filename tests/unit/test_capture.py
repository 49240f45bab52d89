"""Captures hold what was seen, survive a kill, and hold nothing that lets anyone in."""

import gzip
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qfluxd.errors import DataError
from qfluxd.market.capture import CaptureWriter, capture_day, capture_name, read_capture
from qfluxd.market.recorder import Recorder
from qfluxd.model import Frame
from tests.support.fixtures import fixture

CAPTURES = ("detailed_websocket_data_20250831_224741", "detailed_websocket_data_20250903_003350")
AT = 1_756_680_446_291


def written(path: Path, *frames: Frame) -> Path:
    writer = CaptureWriter(path)
    for frame in frames:
        writer.see(frame)
    writer.close()
    return path


def without_ids(frame: Frame) -> bytes:
    return re.sub(rb'"(s?id)":"[^"]*"', rb'"\1":""', frame.data)


def text(data: str, conn: str = "1.1", sent: bool = False) -> Frame:
    return Frame(AT, conn, data.encode(), sent=sent)


def binary(data: bytes, conn: str = "1.1") -> Frame:
    return Frame(AT, conn, data, text=False)


def test_a_line_has_the_promised_form(tmp_path: Path) -> None:
    """Index, seconds with three decimals, socket, direction, opcode, and text or base64."""
    path = written(tmp_path / "a.jsonl", text('42["x"]'), Frame(1_000, "7", b"\xff", text=False, sent=True))
    assert path.read_text() == (
        '{"i":0,"ts":1756680446.291,"conn":"1.1","dir":"recv","opcode":1,"text":"42[\\"x\\"]"}\n'
        '{"i":1,"ts":1.000,"conn":"7","dir":"sent","opcode":2,"b64":"/w=="}\n'
    )


@pytest.mark.parametrize("name", CAPTURES)
def test_the_recorded_captures_are_read_whole(name: str) -> None:
    """Each line of the real captures is a frame with the same bytes."""
    path = fixture(f"frames/{name}.frames.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    capture = read_capture(path)
    frames = list(capture)
    assert (capture.frames, capture.bad, capture.torn) == (len(lines), 0, False)
    assert [(f.conn, f.text, f.sent, f.at) for f in frames] == [
        (line["conn"], line["opcode"] == 1, line["dir"] == "sent", round(line["ts"] * 1000)) for line in lines
    ]
    assert [f.data.decode() for f in frames if f.text] == [line["text"] for line in lines if line["opcode"] == 1]


@pytest.mark.parametrize("name", CAPTURES)
def test_a_recording_of_a_capture_differs_in_ids_only(tmp_path: Path, name: str) -> None:
    """Playing a real capture through the recorder changes nothing but the ids of the sockets."""
    frames = list(read_capture(fixture(f"frames/{name}.frames.jsonl")))
    again = list(read_capture(written(tmp_path / "again.jsonl", *frames)))
    differ = [(old, new) for old, new in zip(frames, again, strict=True) if old != new]
    assert 0 < len(differ) < 12
    for old, new in differ:
        assert without_ids(old) == without_ids(new)
        assert len(old.data) == len(new.data)


def test_a_gzipped_capture_is_read_by_its_name(tmp_path: Path) -> None:
    """A capture that was compressed afterwards reads alike."""
    plain = written(tmp_path / "a.jsonl", text("2"), binary(b"[]"))
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert list(read_capture(packed)) == list(read_capture(plain))


def test_a_gzipped_capture_that_was_cut_short_is_read_up_to_there(tmp_path: Path) -> None:
    """What a broken copy still holds is not lost."""
    plain = written(tmp_path / "a.jsonl", *[text(f"42[{n}]" + "x" * 5000) for n in range(50)])
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes(), 0)[:100_000])
    capture = read_capture(packed)
    assert 10 < len(list(capture)) < 50
    assert capture.torn


def test_a_torn_last_line_is_left_out_and_said(tmp_path: Path) -> None:
    """A recorder that was killed in the middle of a line leaves a capture that still plays."""
    path = written(tmp_path / "a.jsonl", text("2"), text("3"))
    path.write_bytes(path.read_bytes()[:-20])
    capture = read_capture(path)
    assert [frame.data for frame in capture] == [b"2"]
    assert (capture.torn, capture.bad) == (True, 0)


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[]",
        '{"ts":1,"conn":"1","dir":"recv","opcode":1}',
        '{"ts":1,"conn":"1","dir":"recv","opcode":1,"text":"","b64":""}',
        '{"ts":1,"conn":"1","dir":"up","opcode":1,"text":""}',
        '{"ts":1,"conn":"1","dir":"recv","opcode":3,"text":""}',
        '{"ts":1,"conn":"1","dir":"recv","opcode":2,"b64":"%"}',
        '{"ts":-1,"conn":"1","dir":"recv","opcode":1,"text":""}',
        '{"ts":1e300,"conn":"1","dir":"recv","opcode":1,"text":""}',
        '{"ts":"now","conn":"1","dir":"recv","opcode":1,"text":""}',
        '{"conn":"1","dir":"recv","opcode":1,"text":""}',
        "\x00\xff",
    ],
)
def test_a_line_that_makes_no_sense_is_named(tmp_path: Path, line: str) -> None:
    """The error says file, line and what to do; a lenient reader counts it and goes on."""
    path = written(tmp_path / "a.jsonl", text("2"))
    path.write_bytes(path.read_bytes() + line.encode("latin-1") + b"\n\n" + path.read_bytes())
    with pytest.raises(DataError, match=r"a\.jsonl:2: not a frame .*leniently"):
        list(read_capture(path))
    capture = read_capture(path, lenient=True)
    assert (len(list(capture)), capture.bad) == (2, 1)


def test_a_file_that_is_not_there_is_an_error_with_its_name(tmp_path: Path) -> None:
    """No traceback for a mistyped name."""
    with pytest.raises(DataError, match=r"none\.jsonl: cannot be read"):
        list(read_capture(tmp_path / "none.jsonl"))


def test_a_file_that_is_no_gzip_is_an_error_with_its_name(tmp_path: Path) -> None:
    """A wrong ending is said, not guessed around."""
    path = tmp_path / "a.jsonl.gz"
    path.write_text("plain")
    with pytest.raises(DataError, match=r"a\.jsonl\.gz"):
        list(read_capture(path))


# ---------------------------------------------------------------------------------------------- secrets


def test_socket_ids_are_covered_by_ids_of_the_same_length(tmp_path: Path) -> None:
    """Neither of the handshake's ids reaches the file; equal ones stay equal, different ones different."""
    path = written(
        tmp_path / "a.jsonl",
        text('0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":[],"pingInterval":25000}'),
        text('40{"sid":"wZX3oN0bSVIhsaknAAAI"}'),
        text('40/market,{"sid": "Bq81oN0bSVIhsaknAAAJ"}'),
        text('451-["successauth",{"_placeholder":true,"num":0}]'),
        binary(b"other socket", "1.2"),
        binary(b'{"id":"wZX3oN0bSVIhsaknAAAI"}'),
        binary(b'{"id":"this is data"}'),
        text('42["hello",{"socket":"wZX3oN0bSVIhsaknAAAI"}]'),
    )
    raw = path.read_bytes()
    frames = list(read_capture(path))
    for secret in (b"lv_VI97", b"wZX3oN0", b"Bq81oN0"):
        assert secret not in raw
        assert all(secret not in frame.data for frame in frames)
    ids = [re.findall(rb'"(?:sid|id|socket)":\s*"([^"]*)"', frame.data) for frame in frames]
    assert ids[1] == ids[5] == ids[7]
    assert len({ids[0][0], ids[1][0], ids[2][0]}) == 3
    assert [len(found[0]) for found in (ids[0], ids[1], ids[2])] == [20, 20, 20]
    assert frames[6].data == b'{"id":"this is data"}'


def test_the_answer_to_a_login_in_one_piece_is_covered_too(tmp_path: Path) -> None:
    """A server that sends the event as one text frame gives its id away no more."""
    path = written(tmp_path / "a.jsonl", text('42["successauth",{"id":"wZX3oN0bSVIhsaknAAAI"}]'))
    assert b"wZX3oN0" not in path.read_bytes()


def test_what_the_page_sends_is_not_taken_for_a_handshake(tmp_path: Path) -> None:
    """Only what a server hands out is an id."""
    frame = text('40{"sid":"short"}', sent=True)
    assert list(read_capture(written(tmp_path / "a.jsonl", frame))) == [frame]


def test_a_capture_is_its_owners_alone(tmp_path: Path) -> None:
    """Balances and deals are nobody else's business."""
    assert written(tmp_path / "a.jsonl").stat().st_mode & 0o077 == 0


# --------------------------------------------------------------------------------------------- recorder


def test_a_capture_never_replaces_a_file(tmp_path: Path) -> None:
    """An existing file stays as it is."""
    (tmp_path / "a.jsonl").write_text("mine")
    with pytest.raises(DataError, match="there already"):
        CaptureWriter(tmp_path / "a.jsonl")
    assert (tmp_path / "a.jsonl").read_text() == "mine"


@pytest.mark.parametrize("name", ["a.jsonl.gz", "file/a.jsonl"])
def test_a_capture_that_cannot_be_begun_is_an_error(tmp_path: Path, name: str) -> None:
    """A place that takes no file is said at once, with what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"a\.jsonl"):
        CaptureWriter(tmp_path / name)


def test_frames_are_recorded_between_start_and_stop(tmp_path: Path) -> None:
    """Before, between and after recordings nothing is kept; each says what it holds."""
    recorder = Recorder()
    for number in (1, 2):
        recorder.see(text("out"))
        recorder.start(tmp_path / f"{number}.jsonl", AT)
        recorder.see(text("in"))
        assert (status := recorder.status) is not None
        assert (status.frames, status.since, status.bytes) == (1, AT, 0)
        ended = recorder.stop()
        assert ended is not None
        assert ended.bytes == (tmp_path / f"{number}.jsonl").stat().st_size
        assert recorder.status is None
        assert [frame.data for frame in read_capture(tmp_path / f"{number}.jsonl")] == [b"in"]
    assert recorder.stop() is None


def test_a_second_start_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    """One recording at a time."""
    recorder = Recorder()
    recorder.start(tmp_path / "1.jsonl", AT)
    with pytest.raises(DataError, match="stop it first"):
        recorder.start(tmp_path / "2.jsonl", AT)
    recorder.see(text("in"))
    recorder.stop()
    assert len(list(read_capture(tmp_path / "1.jsonl"))) == 1


def test_a_name_says_when_and_its_day_is_read_back() -> None:
    """The usual name sorts by time."""
    assert capture_name(AT) == "capture-20250831T224726Z.jsonl"
    assert capture_day("capture-20250831T224726Z.jsonl.gz") == AT // 86_400_000
    assert capture_day("capture-99999999T000000Z.jsonl") is None


RECORDING = """
import asyncio, sys, time
from pathlib import Path
from qfluxd.market.recorder import Recorder
from qfluxd.model import Frame

async def main():
    recorder = Recorder()
    recorder.start(Path(sys.argv[1]), 0)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(recorder.run())
        while True:
            recorder.see(Frame(time.time_ns() // 1_000_000, "1", b"x" * 500))
            if recorder.status.bytes > 200_000:
                print(time.time_ns() // 1_000_000, flush=True)
            await asyncio.sleep(0.001)

asyncio.run(main())
"""


def test_a_kill_loses_less_than_a_second_of_a_recording(tmp_path: Path) -> None:
    """A recorder killed outright leaves a capture that plays up to a second before."""
    path = tmp_path / "a.jsonl"
    child = subprocess.Popen([sys.executable, "-c", RECORDING, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for _ in range(300):
        at = int(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    at = int((child.stdout.read().splitlines() or [str(at)])[-1])
    child.wait()
    child.stdout.close()
    frames = list(read_capture(path))
    assert at - frames[-1].at < 1_000


FULL = """
import asyncio, resource, signal, sys
from pathlib import Path
from qfluxd.market.recorder import Recorder
from qfluxd.model import Frame

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    heard = asyncio.Queue()
    recorder = Recorder(heard.put_nowait)
    recorder.start(Path(sys.argv[1]), 0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_007, resource.RLIM_INFINITY))
    for n in range(100):
        recorder.see(Frame(n, "1", b"x" * 200))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(recorder.run())
        print("said", (await heard.get()).code)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print("said", (await heard.get()).code)
        running.cancel()
    print("said", recorder.stop().frames)

asyncio.run(main())
"""


def test_a_disk_that_refuses_costs_no_frame_once_it_takes_again(tmp_path: Path) -> None:
    """Told once when it refuses, in the middle of a line even, and once when it goes on."""
    path = tmp_path / "a.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, timeout=30, check=True
    )
    said = [line.removeprefix("said ") for line in done.stdout.splitlines() if line.startswith("said ")]
    assert said == ["record_failing", "record_recovered", "100"]
    assert [frame.at for frame in read_capture(path)] == list(range(100))

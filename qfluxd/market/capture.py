"""A recorded session in a file: one frame of the page's sockets per line, as JSON.

    {"i":0,"ts":1756680446.291,"conn":"8844.5721","dir":"recv","opcode":1,"text":"2"}

`ts` is in seconds since 1970 UTC; a binary frame (opcode 2) has `b64` in place of `text`. Opcode 8, with an
empty text, tells that the socket was closed, as it does on the wire. Opcode 7, which WebSocket leaves free, is no
frame of the page but a note of ours: what else the desk was told at that moment, such as a click that was permitted.
"""

import gzip
import os
import re
import threading
import zlib
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Literal

import msgspec

from qfluxd.errors import DataError
from qfluxd.market.layout import Day, day_named
from qfluxd.market.masks import Masks
from qfluxd.model import Frame, Millis

_LONGEST_LINE = 256 * 1024 * 1024
_MOST_WAITING = 32 * 1024 * 1024
_AT_ONCE = 1024 * 1024
_NAME = re.compile(r"capture-(\d{4})(\d{2})(\d{2})T\d{6}Z(?:-\d+)?\.jsonl(?:\.gz)?")


class _Line(msgspec.Struct):
    ts: float
    conn: str
    dir: Literal["recv", "sent"]
    opcode: Literal[1, 2, 7, 8]
    text: str | None = None
    b64: bytes | None = None


_decode = msgspec.json.Decoder(_Line).decode
_quote = msgspec.json.Encoder().encode


def read_capture(path: Path, *, lenient: bool = False) -> "Capture":
    """The frames of a capture, plain or (by its name) gzipped, one at a time, in the order recorded.

    A last line that is torn, as a killed recorder leaves it, is left out and `torn` is set. Any other line that
    makes no sense raises `DataError` with its place, or is counted in `bad` where `lenient`.
    """
    return Capture(path, lenient=lenient)


class Capture(Iterator[Frame]):
    """A capture being read: an iterator of frames that counts what it passed over."""

    def __init__(self, path: Path, *, lenient: bool = False) -> None:
        self.path = path
        self.line = 0
        self.frames = 0
        self.bad = 0
        self.torn = False
        self._lenient = lenient
        self._frames = self._read()

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    def __next__(self) -> Frame:
        return next(self._frames)

    def _read(self) -> Iterator[Frame]:
        with _opened(self.path) as file:
            for line in self._lines(file):
                self.line += 1
                try:
                    frame = _frame_of(line)
                except ValueError as error:
                    self._pass_over(line, error)
                else:
                    self.frames += 1
                    yield frame

    def _lines(self, file: gzip.GzipFile | BufferedReader) -> Iterator[bytes]:
        try:
            while line := file.readline(_LONGEST_LINE):
                yield line
        except EOFError:
            self.torn = True  # a gzip file that was cut short; what it held up to there has been read
        except (OSError, zlib.error) as error:
            raise DataError(f"{self.path}: cannot be read further after line {self.line} ({error})") from error

    def _pass_over(self, line: bytes, error: ValueError) -> None:
        """An empty line, one that was torn, or one that is no frame."""
        if line.isspace():
            return
        if not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
            self.torn = True
        elif self._lenient:
            self.bad += 1
        else:
            raise DataError(
                f"{self.path}:{self.line}: not a frame ({error}); delete the line, or read the file leniently"
            ) from error


class CaptureWriter:
    """Writes frames to a new capture, whole lines in the order seen.

    The promise: what `flush` has written survives a kill and stays readable; the ids by which a socket could
    be taken over are replaced by others of the same length, alike where they were alike.
    """

    def __init__(self, path: Path) -> None:
        """Begin a file that only its owner may read. Raises `DataError` where it cannot be begun."""
        if path.suffix == ".gz":
            raise DataError(f"{path}: a capture is written plain; name it .jsonl and compress it afterwards")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError as error:
            raise DataError(f"{path}: there already; choose another name") from error
        except OSError as error:
            raise DataError(f"{path}: cannot be written ({error.strerror}); choose another place") from error
        self.path = path
        self.frames = 0
        self.bytes = 0
        self.lost = 0
        self._masks = Masks()
        self._waiting = bytearray()
        self._writing = threading.Lock()

    def see(self, frame: Frame) -> None:
        """Take a frame, at once; `lost` counts those for which there was no room while the disk refused."""
        line = _line_of(self.frames, self._masks.cover(frame))
        if len(self._waiting) + len(line) > _MOST_WAITING and self._waiting:
            self.lost += 1
            return
        self._waiting += line
        self.frames += 1

    def flush(self) -> None:
        """Write what waits; another thread may do it while frames are seen.

        Raises `OSError` where the disk refuses; the next call goes on where it stopped.
        """
        with self._writing:
            self._write()

    def close(self) -> None:
        """Write what waits and close the file. Raises `OSError` where the disk refuses; it is closed then too."""
        with self._writing:
            try:
                self._write()
                os.fsync(self._handle)
            finally:
                self._waiting.clear()  # a flush that waits its turn finds nothing to write
                os.close(self._handle)

    def _write(self) -> None:
        while self._waiting:
            written = os.write(self._handle, bytes(self._waiting[:_AT_ONCE]))
            del self._waiting[:written]
            self.bytes += written


def capture_name(at: Millis) -> str:
    """The usual name of a capture begun at `at`: ``capture-20251027T091900Z.jsonl``."""
    return f"capture-{datetime.fromtimestamp(at // 1000, UTC):%Y%m%dT%H%M%SZ}.jsonl"


def capture_day(name: str) -> Day | None:
    """The UTC day of such a name, None for any other."""
    match = _NAME.fullmatch(name)
    return day_named("-".join(match.groups())) if match else None


def _opened(path: Path) -> gzip.GzipFile | BufferedReader:
    try:
        return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def _frame_of(line: bytes) -> Frame:
    """The frame of a line. Raises `ValueError` saying what is wrong with it."""
    read = _decode(line)
    if (read.text is None) == (read.b64 is None):
        raise ValueError("needs either text or b64")
    if not 0 <= read.ts < 1e11:
        raise ValueError("ts is not in seconds since 1970")
    data = read.text.encode() if read.text is not None else read.b64
    assert data is not None
    kind = read.opcode
    return Frame(round(read.ts * 1000), read.conn, data, kind != 2, read.dir == "sent", kind == 8, kind == 7)


def _line_of(index: int, frame: Frame) -> bytes:
    return b'{"i":%d,"ts":%s,"conn":%s,"dir":"%s","opcode":%d,%s}\n' % (
        index,
        _seconds(frame.at),
        _quote(frame.conn),
        b"sent" if frame.sent else b"recv",
        8 if frame.closed else 7 if frame.note else 1 if frame.text else 2,
        _body(frame),
    )


def _body(frame: Frame) -> bytes:
    if frame.text:
        try:
            return b'"text":' + _quote(frame.data.decode())
        except UnicodeDecodeError:
            pass  # no text after all; the bytes are kept as they are
    return b'"b64":"' + b64encode(frame.data) + b'"'


def _seconds(at: Millis) -> bytes:
    return b"%d.%03d" % divmod(at, 1000)

"""What is kept as evidence is found, and only what is old or too much of it goes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from qfluxd.artifacts import Artifact, all_artifacts, condemned, read_stamp, stamp, tidy
from qfluxd.errors import Unavailable
from qfluxd.model import DAY, HOUR

NOON = 1_795_348_800_000
"""2026-11-22, 12:00 UTC."""


def picture(root: Path, at: int, size: int = 100) -> Path:
    """A screenshot of that moment."""
    path = root / "screenshots" / f"screenshot_{stamp(at)}_page.png"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def trade(root: Path, day: str, name: str, at: int, size: int = 100) -> Path:
    """The folder of a trade, last written at that moment."""
    folder = root / "trades" / day / name
    folder.mkdir(parents=True)
    (folder / "before.png").write_bytes(b"x" * size)
    os.utime(folder, (at / 1000, at / 1000))
    return folder


def trouble(root: Path, at: int) -> Path:
    """What was kept of a control that could not be worked."""
    folder = root / "trouble" / f"{stamp(at)}_amount"
    folder.mkdir(parents=True)
    (folder / "page.png").write_bytes(b"x" * 100)
    return folder


def test_a_moment_is_read_as_it_was_written() -> None:
    """To the millisecond; what has another form is no moment."""
    assert stamp(1_795_347_269_123) == "20261122T113429123Z"
    assert read_stamp("20261122T113429123Z") == 1_795_347_269_123
    assert stamp(1_795_347_269_007).endswith("29007Z")
    assert [read_stamp(text) for text in ("", "20261122", "20261322T113429123Z", "20261122T113429123")] == [None] * 4


def test_all_kinds_are_found_with_their_sizes(tmp_path: Path) -> None:
    """A picture, a trade and a trouble, each with its moment; a trade's is on the day that its folder is named by."""
    paths = {picture(tmp_path, NOON), trade(tmp_path, "2026-11-22", "a", NOON), trouble(tmp_path, NOON)}
    copied = trade(tmp_path, "2026-11-20", "b", NOON + 300 * DAY)
    found = {artifact.path: artifact for artifact in all_artifacts(tmp_path)}
    assert found.keys() == paths | {copied}
    assert {artifact.size for artifact in found.values()} == {100}
    assert {found[path].at for path in paths} == {NOON}
    assert found[copied].at // DAY == NOON // DAY - 2


def test_strangers_are_left_alone(tmp_path: Path) -> None:
    """Other names, links out of the folder and whole other folders are neither counted nor deleted."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep").write_text("x")
    root = tmp_path / "state"
    others = [
        root / "screenshots" / "holiday.png",
        root / "screenshots" / "screenshot_20209999T113429123Z_page.png",
        root / "trades" / "notes" / "x" / "y",
        root / "trades" / "2020-99-99" / "x" / "y",
        root / "trouble" / "report" / "page.png",
        root / "candles" / "screenshot_20200101T000000000Z_page.png",
    ]
    for path in others:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (root / "trades" / "2020-01-01").mkdir()
    (root / "trades" / "2020-01-01" / "link").symlink_to(outside)
    (root / "screenshots" / "screenshot_20200101T000000000Z_page.png").symlink_to(outside / "keep")
    assert tidy(root, NOON, 1, 1) == 0
    assert all(path.exists() for path in [*others, outside / "keep"])
    assert (root / "trades" / "2020-01-01" / "link").is_symlink()


def test_what_is_older_than_the_days_goes(tmp_path: Path) -> None:
    """Of all three kinds, with the folder of a day that has become empty; the rest stays."""
    old = NOON - 15 * DAY
    going = [picture(tmp_path, old), trade(tmp_path, "2026-11-07", "a", old), trouble(tmp_path, old)]
    staying = [
        picture(tmp_path, NOON),
        picture(tmp_path, NOON - 13 * DAY),
        trade(tmp_path, "2026-11-10", "b", NOON - 12 * DAY),
    ]
    assert tidy(tmp_path, NOON, 14, 500) == 3
    assert not any(path.exists() for path in going)
    assert not going[1].parent.exists()
    assert all(path.exists() for path in staying)


def test_past_the_room_the_oldest_of_all_go_first(tmp_path: Path) -> None:
    """A megabyte: the two oldest of five pieces of 300 kB, of whatever kind."""
    pictures = [picture(tmp_path, NOON - number * HOUR, 300_000) for number in range(4)]
    traded = trade(tmp_path, "2026-11-21", "a", NOON - DAY, 300_000)
    assert tidy(tmp_path, NOON, 14, 1) == 2
    assert not traded.exists()
    assert [path.exists() for path in pictures] == [True, True, True, False]


def test_the_newest_of_today_stays_whatever_it_takes(tmp_path: Path) -> None:
    """There is room for nothing: one of each kind stays, that of yesterday does not."""
    kept = [picture(tmp_path, NOON, 2_000_000), trade(tmp_path, "2026-11-22", "a", NOON, 2_000_000)]
    going = [picture(tmp_path, NOON - 1, 10), trouble(tmp_path, NOON - DAY)]
    assert tidy(tmp_path, NOON, 14, 1) == 2
    assert [path.exists() for path in kept + going] == [True, True, False, False]


def test_a_clock_that_is_wrong_for_an_hour_empties_nothing() -> None:
    """A year ahead of everything that is there: days count from the newest piece."""
    found = [Artifact("screenshots", Path(str(day)), NOON - day * DAY, 1) for day in range(20)]
    assert [artifact.at for artifact in condemned(found, NOON + 365 * DAY, 14, 1000)] == [
        NOON - day * DAY for day in range(19, 14, -1)
    ]


@contextmanager
def as_stranger() -> Iterator[Path]:
    """A state folder that may be entered, in a process that owns nothing in it."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        try:
            yield Path(folder)
        finally:
            os.seteuid(os.getuid())
            (Path(folder) / "screenshots").chmod(0o700)


def test_what_cannot_be_read_is_said() -> None:
    """The error names the place and the remedy."""
    with as_stranger() as root:
        picture(root, NOON).parent.chmod(0)
        if os.getuid() == 0:
            os.seteuid(65534)
        with pytest.raises(Unavailable, match=r"screenshots cannot be read or written .*make it ours to write"):
            tidy(root, NOON, 14, 1)


def test_what_cannot_be_deleted_is_said_and_keeps_nothing_else() -> None:
    """One folder is closed to us: what is old elsewhere has gone all the same."""
    with as_stranger() as root:
        stuck, gone = picture(root, NOON - 30 * DAY), trouble(root, NOON - 20 * DAY)
        picture(root, NOON)
        stuck.parent.chmod(0o555)
        for path in (gone / "page.png", gone, gone.parent):
            os.chown(path, 65534 if os.getuid() == 0 else -1, -1)
        if os.getuid() == 0:
            os.seteuid(65534)
        with pytest.raises(Unavailable, match=f"{stuck.name} cannot be read or written"):
            tidy(root, NOON, 14, 1)
        assert stuck.exists()
        assert not gone.exists()

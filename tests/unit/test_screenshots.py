"""Pictures are kept whole, under names that say what they are, for as long as their owner wants."""

from pathlib import Path

import pytest

from qfluxd.errors import Unavailable
from qfluxd.model import DAY
from qfluxd.screenshots import Screenshots
from qfluxd.settings import ScreenshotSettings
from qfluxd.sights import Picture, What

AT = 1_795_347_269_123
"""2026-11-22, 11:34:29.123 UTC."""


def picture(what: What = "page", png: bytes = b"png", jpeg: bytes = b"jpeg") -> Picture:
    """A picture of nothing much."""
    return Picture(what, png, jpeg, 1600, 757)


async def test_a_picture_is_kept_by_its_name(tmp_path: Path) -> None:
    """Its name says when and what; only its owner gets into the folder; nothing else is left beside it."""
    screenshots = Screenshots(tmp_path, ScreenshotSettings())
    path = await screenshots.save(picture("chart"), AT)
    assert path == Path("screenshots/screenshot_20261122T113429123Z_chart.png")
    assert (tmp_path / path).read_bytes() == b"png"
    assert screenshots.folder.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in screenshots.folder.iterdir()] == [path.name]


async def test_old_ones_go_by_the_settings(tmp_path: Path) -> None:
    """Days and megabytes are the owner's."""
    screenshots = Screenshots(tmp_path, ScreenshotSettings(keep_days=2, keep_mb=1))
    for days in range(4):
        await screenshots.save(picture(png=b"x" * 600_000), AT - days * DAY)
    assert await screenshots.tidy(AT) == 3
    assert [path.name for path in screenshots.folder.iterdir()] == ["screenshot_20261122T113429123Z_page.png"]


async def test_new_settings_hold_at_once(tmp_path: Path) -> None:
    """The owner gives less time."""
    screenshots = Screenshots(tmp_path, ScreenshotSettings())
    for days in range(4):
        await screenshots.save(picture(), AT - days * DAY)
    assert await screenshots.tidy(AT) == 0
    screenshots.reconfigure(ScreenshotSettings(keep_days=2))
    assert await screenshots.tidy(AT) == 1


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A file stands where the folder should be: the error names it."""
    (tmp_path / "screenshots").write_text("in the way")
    screenshots = Screenshots(tmp_path, ScreenshotSettings())
    with pytest.raises(Unavailable, match=r"screenshots cannot be read or written \(file exists\)"):
        await screenshots.save(picture(), AT)

"""Takes pictures of the page: a PNG for the state folder, a JPEG for whoever listens."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from qfluxd.model import Millis
from qfluxd.ports import Hands
from qfluxd.sights import Picture, What


class Album(Protocol):
    """Where pictures are kept."""

    async def save(self, picture: Picture, at: Millis) -> Path:
        """Keep a picture taken at this time; gives its path below the state folder. Raises `Unavailable`."""


class PictureAnswer(msgspec.Struct, frozen=True):
    """A picture that was taken; `file` is below the state folder."""

    what: What
    file: str
    width: int
    height: int
    at: Millis
    published: bool


class Pictures:
    """Takes, keeps and publishes. The promise: what is published has been kept."""

    def __init__(self, album: Album, publish: Callable[[bytes], None], now: Callable[[], Millis]) -> None:
        self._album = album
        self._publish = publish
        self._now = now

    async def take(self, hands: Hands, what: What, *, publish: bool) -> PictureAnswer:
        """A picture of the page as it is now; raises as `Hands.picture` and `Album.save` do."""
        picture = await hands.picture(what)
        at = self._now()
        file = str(await self._album.save(picture, at))
        if publish:
            self._publish(picture.jpeg)
        return PictureAnswer(what, file, picture.width, picture.height, at, publish)

"""What could stand in for a login is covered up before a frame is written down."""

import hashlib
import re
import secrets
from collections import OrderedDict
from itertools import count

import msgspec

from qfluxd.model import Frame

_OPENS = re.compile(rb'\A(?:0|40(?:/[^,]*,)?)\{.*?"sid"\s*:\s*"([^"]*)"', re.DOTALL)
_LOGS_IN = re.compile(rb'4[25][^\[]*\["successauth"')
_BODY_ID = re.compile(rb'"id"\s*:\s*"([^"]*)"')

_SHORTEST = 8
_MOST_IDS = 64


class Masks:
    """Replaces the ids of sockets, as the servers hand them out, wherever they appear afterwards.

    The promise: equal ids get equal masks of the same length, different ones different masks, and a mask
    says nothing of its id. Ids are those of Engine.IO's and Socket.IO's opening packets (protocol 4 and 5)
    and the one in the answer to a login.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._masks: OrderedDict[bytes, bytes] = OrderedDict()
        self._answers: set[str] = set()

    def cover(self, frame: Frame) -> Frame:
        """The frame with every id covered that has been handed out so far."""
        data = frame.data
        for found in self._handed_out(frame):
            data = data.replace(b'"%s"' % found, b'"%s"' % self._mask(found))
        for known, mask in self._masks.items():
            if known in data and len(known) >= _SHORTEST:
                data = data.replace(known, mask)
        return frame if data == frame.data else msgspec.structs.replace(frame, data=data)

    def _handed_out(self, frame: Frame) -> list[bytes]:
        if frame.sent:
            return []
        if not frame.text:
            if frame.conn not in self._answers:
                return []
            self._answers.discard(frame.conn)
            return _BODY_ID.findall(frame.data)
        if _LOGS_IN.match(frame.data):  # the id follows in the next binary frame, or stands in this very one
            self._answers.add(frame.conn)
            return _BODY_ID.findall(frame.data)
        self._answers.discard(frame.conn)
        return _OPENS.findall(frame.data)

    def _mask(self, found: bytes) -> bytes:
        mask = self._masks.get(found)
        if mask is None:
            mask = self._masks[found] = self._digits(found)
            if len(self._masks) > _MOST_IDS:
                self._masks.popitem(last=False)
        return mask

    def _digits(self, found: bytes) -> bytes:
        """As many hexadecimal digits as the id has bytes."""
        digits = b""
        for block in count():
            if len(digits) >= len(found):
                break
            keyed = hashlib.blake2b(found, key=self._key, salt=block.to_bytes(16))
            digits += keyed.hexdigest().encode()
        return digits[: len(found)]

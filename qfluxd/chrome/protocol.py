"""The few words of Chrome's debugging protocol that qfluxd understands, as typed values."""

from typing import Final

import msgspec

DISCOVER: Final = {"discover": True, "filter": [{"type": "page"}, {"type": "shared_worker"}]}
# Workers and frames are not halted until we have looked at them: a page must never wait for us.
FOLLOW: Final = {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": True}
# Bodies of answers are not kept for us: nobody reads them, and Chrome would hold up to 200 MB of them.
NO_BODIES: Final = {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0}

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading bytes as JSON may raise: not JSON, not UTF-8, nested too deep."""


class _Params(msgspec.Struct, rename="camel"):
    """Parameters of an event; fields that nobody needs are skipped unread."""


class TargetInfo(_Params):
    """Something that can be attached to: a tab, a worker, a frame with a process of its own."""

    target_id: str
    type: str
    url: str


class TargetKnown(_Params):
    """`Target.targetCreated` and `Target.targetInfoChanged`."""

    target_info: TargetInfo


class TargetEnded(_Params):
    """`Target.targetDestroyed` and `Target.targetCrashed`."""

    target_id: str
    status: str = "crashed"


class Attached(_Params):
    """`Target.attachedToTarget`."""

    session_id: str
    target_info: TargetInfo


class Detached(_Params):
    """`Target.detachedFromTarget`."""

    session_id: str


class Document(_Params):
    """What a frame shows; only a page's own frame has no parent."""

    id: str
    url: str
    parent_id: str | None = None


class FrameNavigated(_Params):
    """`Page.frameNavigated`: a new document has replaced the old one."""

    frame: Document


class FrameTree(_Params):
    """The answer of `Page.getFrameTree`."""

    frame_tree: FrameNavigated


class MovedWithin(_Params):
    """`Page.navigatedWithinDocument`: the address changed, the document stays."""

    frame_id: str
    url: str


class Dialog(_Params):
    """`Page.javascriptDialogOpening`."""

    type: str = "dialog"


class Nothing(_Params):
    """An event that says all by its name."""


class Socket(_Params):
    """`Network.webSocketCreated` and `Network.webSocketClosed`."""

    request_id: str
    url: str = ""


class Payload(_Params, gc=False):
    """What a frame carries: opcode 1 is text, 2 is bytes in base64."""

    opcode: float
    payload_data: str


class Message(_Params, gc=False):
    """`Network.webSocketFrameReceived` and `Network.webSocketFrameSent`."""

    request_id: str
    response: Payload


class FrameSeen(_Params, gc=False):
    """The same with its envelope, so that a frame costs one decoding."""

    params: Message
    session_id: str = ""


class ProcessInfo(_Params):
    """One of Chrome's processes."""

    type: str
    id: int


class Processes(_Params):
    """The answer of `SystemInfo.getProcessInfo`."""

    process_info: list[ProcessInfo]

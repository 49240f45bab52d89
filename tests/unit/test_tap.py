"""The tap against a debugging port that misbehaves in every way a real one cannot be made to."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from qfluxd.chrome import pulse
from qfluxd.chrome import tap as tap_module
from qfluxd.chrome.cdp import Connection, Refused
from qfluxd.chrome.pages import (
    FramesLost,
    PageCrashed,
    PageFound,
    PageGone,
    PageHung,
    PageMoved,
    PageNavigated,
    PageRecovered,
    PageReloaded,
    SocketClosed,
    SocketOpened,
)
from qfluxd.chrome.tap import Tap, open_tap
from qfluxd.errors import Disconnected
from qfluxd.model import Frame
from tests.support.fake_chrome import PAGE_SESSION, TAB, FakeChrome, fake_chrome
from tests.support.lab import Ear, tapping
from tests.unit.test_secrets import FORMS, MARK

PAGES = "https://pocketoption.com/*"
URL = "https://pocketoption.com/en/cabinet/"
CONN = f"{PAGE_SESSION[:8]}.9.1"


@asynccontextmanager
async def tapped(url: str = URL) -> AsyncIterator[tuple[FakeChrome, Tap, Ear]]:
    """A tap that has found its page in a fake Chrome."""
    async with fake_chrome(url) as chrome, tapping(chrome.endpoint, PAGES) as (tap, ear):
        await ear.event(PageFound)
        yield chrome, tap, ear


async def test_the_page_is_told_without_its_query() -> None:
    """An address may carry a token; nobody hears of it."""
    async with tapped(URL + "?token=5e1f#session") as (_, tap, ear):
        assert ear.events == [PageFound(TAB, URL)]
        assert tap.stats.pages == 1


async def test_a_frame_comes_with_its_direction_and_kind() -> None:
    """Text and binary, received and sent; the socket that was open before is introduced once, without address."""
    async with tapped() as (chrome, tap, ear):
        await chrome.frame("2é", way="Received")
        await chrome.frame(base64.b64encode(b"\x00\xff").decode(), opcode=2, way="Sent")
        await ear.until(lambda: len(ear.frames) == 2)
        assert ear.events[1:] == [SocketOpened(TAB, CONN, None)]
        assert [(f.conn, f.data, f.text, f.sent) for f in ear.frames] == [
            (CONN, "2é".encode(), True, False),
            (CONN, b"\x00\xff", False, True),
        ]
        assert (tap.stats.frames, tap.stats.bytes, tap.stats.sockets) == (2, 5, 1)


async def test_a_socket_is_told_without_its_query() -> None:
    """A socket's address may carry a session; its name and end are told once."""
    async with tapped() as (chrome, _, ear):
        params = {"requestId": "9.1", "url": "wss://api.po.market/socket.io/?EIO=4&sid=5e1f"}
        await chrome.emit("Network.webSocketCreated", params, PAGE_SESSION)
        await chrome.frame("2")
        await chrome.emit("Network.webSocketClosed", {"requestId": "9.1", "timestamp": 1}, PAGE_SESSION)
        await ear.event(SocketClosed)
        assert ear.events[1:] == [
            SocketOpened(TAB, CONN, "wss://api.po.market/socket.io/"),
            SocketClosed(TAB, CONN),
        ]


async def test_secrets_are_counted_and_not_seen() -> None:
    """The authentication never reaches the consumer; what follows does."""
    async with tapped() as (chrome, tap, ear):
        await chrome.frame('42["auth",{"session":"5e1f"}]', way="Sent")
        await chrome.frame('451-["auth",{"_placeholder":true,"num":0}]', way="Sent")
        await chrome.frame(base64.b64encode(b"5e1f").decode(), opcode=2, way="Sent")
        await chrome.frame('42["ps"]', way="Sent")
        await ear.frame('42["ps"]')
        assert "5e1f" not in repr(ear.order)
        assert (tap.stats.secrets, tap.stats.frames) == (3, 1)


async def test_what_is_withheld_and_says_a_word_that_counts_is_told_apart() -> None:
    """Only of what the page sends: who has to know of each such frame learns that there was one."""
    async with fake_chrome(URL) as chrome:
        ear = Ear()
        async with tapping(chrome.endpoint, PAGES, ear=ear, words=(b'"open',)) as (tap, _):
            await ear.event(PageFound)
            await chrome.frame('42["auth",{"session":"5e1f"}]', way="Sent")
            await chrome.frame('42["openOrder",{"token":"5e1f"}]', way="Received")
            await chrome.frame('42["openOrder",{}]', way="Sent")
            await ear.frame('42["openOrder",{}]')
            assert (tap.stats.secrets, tap.stats.withheld) == (2, 0)
            await chrome.frame('42["openOrder",{"token":"5e1f"}]', way="Sent")
            await chrome.frame('42["ps"]', way="Sent")
            await ear.frame('42["ps"]')
            assert (tap.stats.secrets, tap.stats.withheld) == (3, 1)


async def test_no_form_of_a_secret_comes_out_anywhere(caplog: pytest.LogCaptureFixture) -> None:
    """Every form in both directions, and addresses of page and socket that carry it: nothing that comes out has it."""
    caplog.set_level(0)
    with capture_logs() as logs:
        async with tapped(f"{URL}?session={MARK}#{MARK}") as (chrome, tap, ear):
            params = {"requestId": "9.1", "url": f"wss://u:{MARK}@api.po.market/socket.io/?token={MARK}"}
            await chrome.emit("Network.webSocketCreated", params, PAGE_SESSION)
            for messages in FORMS.values():
                for data, text in messages:
                    payload = data.decode() if text else base64.b64encode(data).decode()
                    await chrome.frame(payload, opcode=1 if text else 2, way="Sent")
                    await chrome.frame(payload, opcode=1 if text else 2, way="Received")
            await chrome.frame('42["ps"]')
            await ear.frame('42["ps"]')
            assert tap.stats.secrets >= 2 * len(FORMS)
            outputs = repr([ear.order, tap.stats, tap.browser, logs, caplog.text])
    assert MARK not in outputs
    assert base64.b64encode(MARK.encode()).decode()[:20] not in outputs


async def test_what_makes_no_sense_is_counted_and_skipped() -> None:
    """Bad base64, bad JSON, missing fields, control frames, unknown events and fragments do not stop the tap."""
    async with tapped() as (chrome, tap, ear):
        await chrome.frame("not base64!", opcode=2)
        await chrome.frame("é", opcode=2)
        await chrome.raw("}{")
        await chrome.raw('{"method":"Network.webSocketFrameReceived","params":{}}')
        await chrome.emit("Target.attachedToTarget", {"odd": 1})
        await chrome.emit("Network.webSocketFrameError", {"requestId": "9.1", "errorMessage": "x"}, PAGE_SESSION)
        await chrome.frame("", opcode=8)
        await chrome.emit("Page.somethingNew", {"a": [1, 2]}, PAGE_SESSION)
        await chrome.raw('{"id":99999,"result":{}}')
        await chrome.frame("well")
        await ear.frame("well")
        assert len(ear.frames) == 1
        assert tap.stats.garbled == 5


async def test_what_is_no_text_or_too_deep_is_counted_and_skipped() -> None:
    """Bytes that are not UTF-8 and lists without end, wherever they stand in a message, do not stop the tap."""
    deep = b"[" * 100_000
    in_frame = b'{"params":{"requestId":"9.1","response":{"opcode":1,"payloadData":%s}}}'
    bad = [
        *(b'{"method":"Network.webSocketFrameReceived",' + (in_frame % what)[1:] for what in (b'"\xff"', deep)),
        *(b'{"sessionId":"S","method":"Network.webSocketFrameSent",' + (in_frame % what)[1:] for what in (b'"\xff"',)),
        *(b'{"method":"Target.targetCreated","params":{"targetInfo":%s}}' % what for what in (b'"\xff"', deep)),
        b'{"method":"Target.targetCreated","params":{"targetInfo":{"targetId":"\xff","type":"page","url":"x"}}}',
        b'{"method":"\xff"}',
        b'{"id":1,"x":' + deep,
    ]
    async with tapped() as (chrome, tap, ear):
        assert chrome.line is not None
        for message in bad:
            await chrome.line.send(message, text=True)
        await chrome.frame("well")
        await ear.frame("well")
        assert len(ear.frames) == 1
        assert tap.stats.garbled == len(bad)


async def test_a_message_in_fragments_is_whole() -> None:
    """Frames and other events survive being cut anywhere."""
    async with tapped() as (chrome, _, ear):
        params = {"requestId": "9.1", "response": {"opcode": 1, "payloadData": "cut"}}
        text = json.dumps(
            {"method": "Network.webSocketFrameReceived", "params": params, "sessionId": PAGE_SESSION},
            separators=(",", ":"),
        )
        await chrome.raw(text[:10], text[10:70], text[70:])
        await ear.frame("cut")
        moved = json.dumps(
            {
                "method": "Page.navigatedWithinDocument",
                "sessionId": PAGE_SESSION,
                "params": {"frameId": TAB, "url": "https://pocketoption.com/other"},
            }
        )
        await chrome.raw(moved[:5], moved[5:])
        assert await ear.event(PageMoved) == PageMoved(TAB, "https://pocketoption.com/other")


async def test_a_key_order_that_chrome_may_choose_one_day_is_understood() -> None:
    """A frame event is a frame event wherever its method stands."""
    async with tapped() as (chrome, _, ear):
        params = {"requestId": "9.1", "response": {"opcode": 1, "payloadData": "turned"}}
        await chrome.raw(
            json.dumps({"sessionId": PAGE_SESSION, "params": params, "method": "Network.webSocketFrameReceived"})
        )
        assert (await ear.frame("turned")).sent is False


async def test_frames_of_a_session_that_is_not_ours_are_not_seen() -> None:
    """Only what was found to be a trading page is heard."""
    async with tapped() as (chrome, tap, ear):
        await chrome.frame("foreign", session="0000")
        await chrome.frame("foreign", session="")
        await chrome.frame("own")
        await ear.frame("own")
        assert [frame.data for frame in ear.frames] == [b"own"]
        assert tap.stats.frames == 1


async def test_a_tab_that_does_not_match_is_never_attached_to() -> None:
    """Not one command goes to it."""
    async with fake_chrome("https://example.com/") as chrome, tapping(chrome.endpoint, PAGES) as (_, ear):
        await chrome.wait_heard("Browser.getVersion")
        assert ear.events == []
        assert {command["method"] for command in chrome.heard} == {"Target.setDiscoverTargets", "Browser.getVersion"}


async def test_the_life_of_a_page_is_told() -> None:
    """Reload, navigation, crash, reload after it, and leaving for another site, in that order; sockets end with it."""
    async with tapped() as (chrome, _, ear):

        async def show(url: str) -> None:
            await chrome.emit("Page.frameNavigated", {"frame": {"id": TAB, "url": url}}, PAGE_SESSION)

        await chrome.frame("1")
        await show(URL)
        await show("https://pocketoption.com/real/?x=1")
        await chrome.emit(
            "Page.frameNavigated", {"frame": {"id": "F", "parentId": TAB, "url": "https://ads/"}}, PAGE_SESSION
        )
        await chrome.emit("Inspector.targetCrashed", {}, PAGE_SESSION)
        await chrome.emit("Target.targetCrashed", {"targetId": TAB, "status": "oom", "errorCode": 5})
        await show("https://pocketoption.com/real/")
        await show("https://example.com/?token=1")
        await ear.event(PageGone)
        assert ear.events == [
            PageFound(TAB, URL),
            SocketOpened(TAB, CONN, None),
            SocketClosed(TAB, CONN),
            PageReloaded(TAB, URL),
            PageNavigated(TAB, "https://pocketoption.com/real/"),
            PageCrashed(TAB, "crashed"),
            PageReloaded(TAB, "https://pocketoption.com/real/"),
            PageGone(TAB, "it shows something else now"),
        ]
        assert (await chrome.wait_heard("Target.detachFromTarget"))["params"] == {"sessionId": PAGE_SESSION}
        await chrome.frame("from elsewhere")
        await chrome.wait_heard("Browser.getVersion", 2)
        assert not ear.said("from elsewhere")


async def test_a_dialog_is_a_reason_to_hang() -> None:
    """The page waits for a person, and that is said once; closing it is told too."""
    async with tapped() as (chrome, _, ear):
        await chrome.emit("Page.javascriptDialogOpening", {"type": "alert", "message": "hi"}, PAGE_SESSION)
        await chrome.emit("Page.javascriptDialogClosed", {"result": True}, PAGE_SESSION)
        await ear.event(PageRecovered)
        assert ear.events[1:] == [PageHung(TAB, "a dialog waits for an answer (alert)"), PageRecovered(TAB)]


async def test_a_page_that_does_not_answer_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told once, and its next answer is its recovery."""
    monkeypatch.setattr(pulse, "PAGE_BEAT", 0.05)
    async with tapped() as (chrome, _, ear):
        chrome.mute.add("Runtime.getIsolateId")
        hung = await ear.event(PageHung)
        assert hung == PageHung(TAB, "it does not answer: busy or frozen")
        last = chrome.of("Runtime.getIsolateId")[-1]
        await chrome.raw(json.dumps({"id": last["id"], "result": {}}))
        await ear.event(PageRecovered)
        assert len(ear.told(PageHung)) == 1


async def test_a_frozen_chrome_is_a_lost_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence to a question ends the tap with the reason; a Chrome that is only busy does not."""
    monkeypatch.setattr(pulse, "BROWSER_BEAT", 0.02)
    monkeypatch.setattr(pulse, "BROWSER_PATIENCE", 0.1)
    monkeypatch.setattr(pulse, "_CATCH_UP", 0.05)
    ear = Ear()
    async with fake_chrome(URL) as chrome:
        async with open_tap(chrome.endpoint, [PAGES], see=ear.see, tell=ear.tell) as tap, asyncio.TaskGroup() as group:
            run = group.create_task(lost(tap))
            await ear.event(PageFound)
            chrome.mute.add("Browser.getVersion")
            for number in range(20):
                await chrome.frame(f"busy {number}")
                await asyncio.sleep(0.03)
            assert not run.done()
            async with asyncio.timeout(5):
                assert "frozen" in await run


async def lost(tap: Tap) -> str:
    """The reason for which a tap ended."""
    with pytest.raises(Disconnected) as caught:
        await tap.run()
    return str(caught.value)


async def test_a_full_buffer_of_chrome_is_suspected(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a stop of our own, as much as Chrome can hold coming at once is told as a loss of unknown size."""
    monkeypatch.setattr(pulse, "BROWSER_BEAT", 0.05)
    monkeypatch.setattr(pulse, "_OWN_DELAY", 0.0)
    monkeypatch.setattr(pulse, "CHROME_HOLDS", 100_000)
    async with tapped() as (chrome, _, ear):
        await chrome.frame("x" * 10_000)
        await chrome.wait_heard("Browser.getVersion", len(chrome.of("Browser.getVersion")) + 3)
        assert not ear.told(FramesLost)
        await chrome.frame("x" * 200_000)
        notice = await ear.event(FramesLost)
        assert notice.lost is None
        assert notice.first <= ear.frames[-1].at <= notice.last


async def test_the_end_of_the_line_is_told_to_all_who_wait() -> None:
    """Chrome goes while a question is open: whoever asked gets the reason, and so does whoever asks later."""
    ear = Ear()
    async with fake_chrome(URL) as chrome:
        async with open_tap(chrome.endpoint, [PAGES], see=ear.see, tell=ear.tell) as tap, asyncio.TaskGroup() as group:
            run = group.create_task(lost(tap))
            await ear.event(PageFound)
            chrome.mute |= {"SystemInfo.getProcessInfo"}
            asked = group.create_task(refused(tap))
            await chrome.wait_heard("SystemInfo.getProcessInfo")
            assert chrome.line is not None
            chrome.line.transport.abort()
            assert "ended" in await run
            assert "ended" in await asked
            assert "ended" in await refused(tap)


async def refused(tap: Tap) -> str:
    """Why Chrome did not tell its processes."""
    with pytest.raises(Disconnected) as caught:
        await tap.processes()
    return str(caught.value)


async def test_what_was_read_is_delivered_before_the_loss_is_told() -> None:
    """A slow consumer gets all that came before Chrome went."""
    ear = Ear()

    def slow(frame: Frame) -> None:
        if not ear.frames:
            time.sleep(0.05)
        ear.see(frame)

    async with fake_chrome(URL) as chrome:
        async with open_tap(chrome.endpoint, [PAGES], see=slow, tell=ear.tell) as tap, asyncio.TaskGroup() as group:
            run = group.create_task(lost(tap))
            await ear.event(PageFound)
            for number in range(500):
                await chrome.frame(str(number))
            assert chrome.line is not None
            await chrome.line.close()
            await run
    assert [frame.data for frame in ear.frames] == [str(number).encode() for number in range(500)]


async def test_a_mistake_in_the_consumer_is_not_taken_for_a_lost_line() -> None:
    """What `see` raises ends the tap as what it is."""

    def broken(_frame: Frame) -> None:
        raise ZeroDivisionError

    async with fake_chrome(URL) as chrome:
        async with open_tap(chrome.endpoint, [PAGES], see=broken, tell=lambda _: None) as tap:
            run = asyncio.get_running_loop().create_task(tap.run())
            await chrome.wait_heard("Network.enable")
            await chrome.frame("x")
            with pytest.raises(ExceptionGroup) as caught:
                await run
    assert caught.group_contains(ZeroDivisionError)


async def test_a_reload_is_asked_of_chrome() -> None:
    """Of the page that is held; another is refused in words."""
    async with tapped() as (chrome, tap, _):
        await tap.reload(TAB)
        assert chrome.of("Page.reload")[0]["sessionId"] == PAGE_SESSION
        with pytest.raises(Refused, match="no such trading page"):
            await tap.reload("other")


async def test_a_page_that_was_loaded_anew_was_reloaded() -> None:
    """Whether Chrome answers or not: its answer may go with the document that it was asked of."""
    async with tapped() as (chrome, tap, ear):
        chrome.mute.add("Page.reload")
        async with asyncio.TaskGroup() as group:
            group.create_task(tap.reload(TAB))
            await chrome.wait_heard("Page.reload")
            await chrome.emit("Page.frameNavigated", {"frame": {"id": TAB, "url": URL}}, PAGE_SESSION)
        assert ear.events[-1] == PageReloaded(TAB, URL)


async def test_a_page_that_is_neither_answered_for_nor_loaded_was_not_reloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dialog that asks whether to leave holds it."""
    monkeypatch.setattr(tap_module, "_RELOADS", 0.05)
    async with tapped() as (chrome, tap, _):
        chrome.mute.add("Page.reload")
        with pytest.raises(Refused, match="a dialog may be open"):
            await tap.reload(TAB)


@pytest.mark.parametrize("answer", [b"[]", b'{"x":"\xff"}'], ids=["list", "bytes"])
async def test_an_answer_that_makes_no_sense_is_no_answer(answer: bytes) -> None:
    """Whoever asked is told in words."""
    async with fake_chrome() as chrome:
        chrome.mute.add("Odd")
        line = Connection(lambda _: False, lambda *_: None, lambda: None)
        await line.open(chrome.endpoint.replace("http", "ws") + "/devtools")
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(_refusal(line))
            await chrome.wait_heard("Odd")
            assert chrome.line is not None
            await chrome.line.send(b'{"id":1,"result":' + answer + b"}", text=True)
        assert asked.result() == "Chrome's answer to Odd makes no sense"
        line.end()
        await line.wait_ended()


async def _refusal(line: Connection) -> str:
    with pytest.raises(Refused) as caught:
        await line.call("Odd")
    return str(caught.value)


async def test_a_command_that_chrome_turns_down_is_refused() -> None:
    """Its own words are kept; a command that it does not answer runs out of time."""
    async with fake_chrome() as chrome:
        line = Connection(lambda _: False, lambda *_: None, lambda: None)
        await line.open(chrome.endpoint.replace("http", "ws") + "/devtools")
        with pytest.raises(Refused, match="wasn't found"):
            await line.call("No.such")
        chrome.mute.add("Never")
        with pytest.raises(TimeoutError):
            await line.call("Never", seconds=0.05)
        line.end()
        await line.wait_ended()


async def test_a_port_without_chrome_is_disconnected() -> None:
    """There is nothing to listen to; the reason says where."""
    async with fake_chrome() as chrome:
        endpoint = chrome.endpoint
    with pytest.raises(Disconnected, match="nothing listens"):
        async with open_tap(endpoint, [PAGES], see=lambda _: None, tell=lambda _: None):
            pytest.fail("opened")


async def test_one_can_wait_until_all_that_the_page_had_said_was_seen() -> None:
    """The page is asked on the line that its frames come by; its answer comes behind them, and so does the return."""
    async with tapped() as (chrome, tap, ear):
        chrome.mute.add("Runtime.getIsolateId")
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(tap.caught_up(TAB))
            asked = await chrome.wait_heard("Runtime.getIsolateId")
            assert asked["sessionId"] == PAGE_SESSION
            await chrome.frame('42["openOrder"]', way="Sent")
            await ear.frame('42["openOrder"]')
            assert not waiting.done()
            await chrome.frame('42["last"]', way="Sent")
            await chrome.raw(json.dumps({"id": asked["id"], "result": {"id": "1"}}))
            await waiting
            assert ear.frames[-1].data == b'42["last"]'


async def test_waiting_for_frames_ends_in_time() -> None:
    """A page that is not held, one that does not answer, and Chrome's end are told apart."""
    async with tapped() as (chrome, tap, _):
        with pytest.raises(Refused, match="no such trading page"):
            await tap.caught_up("TAB2")
        chrome.mute.add("Runtime.getIsolateId")
        with pytest.raises(TimeoutError):
            await tap.caught_up(TAB, seconds=0.05)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(_lost(tap))
            await chrome.wait_heard("Runtime.getIsolateId", 2)
            assert chrome.line is not None
            await chrome.line.close()
            await waiting


async def _lost(tap: Tap) -> None:
    with pytest.raises(Disconnected):
        await tap.caught_up(TAB)


async def test_a_worker_that_ends_meanwhile_does_not_disturb_the_wait() -> None:
    """It cannot answer any more; the page's own answer is what counts."""
    async with tapped() as (chrome, tap, ear):
        worker = {"targetId": "W", "type": "worker", "url": URL}
        await chrome.emit("Target.attachedToTarget", {"sessionId": "WORKER", "targetInfo": worker}, PAGE_SESSION)
        await chrome.frame("2", session="WORKER")
        await ear.frame("2")
        chrome.mute.add("Runtime.getIsolateId")
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(tap.caught_up(TAB))
            await chrome.wait_heard("Runtime.getIsolateId", 2)
            for asked in chrome.of("Runtime.getIsolateId"):
                gone = {"error": {"code": -32001, "message": "Session with given id not found."}}
                answer = gone if asked["sessionId"] == "WORKER" else {"result": {"id": "1"}}
                await chrome.raw(json.dumps({"id": asked["id"], **answer}))
            await waiting

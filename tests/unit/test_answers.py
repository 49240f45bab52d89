"""Every request is answered, whatever becomes of it."""

import asyncio
from typing import Any

import pytest

from qfluxd.api.answers import Answers
from qfluxd.api.commands import Command, Later, Ping, RecordStop, Repeat, Request, Result, TradeOpen, Unsure
from qfluxd.errors import ConfigError, Disconnected, Mistake, PageError, Unavailable
from qfluxd.model import Refusal

NOW = 1_763_769_600_000


class Watch:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def pong(request: Request) -> Any:
    """What the daemon does in these tests."""
    return {"asked": request.command.name}


async def ask(answers: Answers, name: str, payload: bytes = b"", *, retained: bool = False) -> list[Result]:
    told: list[Result] = []
    await answers.answer(name, payload, told.append, retained=retained)
    return told


async def test_what_is_performed_is_answered_with_its_data() -> None:
    """An answer has the asker's id, the data, the time and how long it took."""
    watch = Watch()

    async def slowly(request: Request) -> Any:
        watch.now += 0.25
        return await pong(request)

    answers = Answers(slowly, now=lambda: NOW, timer=watch)
    assert await ask(answers, "ping", b'{"id":"a"}') == [
        Result("a", "ok", "ok", None, {"asked": "ping"}, True, NOW, 250.0)
    ]


async def test_help_needs_nobody_to_perform_it() -> None:
    """Help is answered from the commands themselves."""
    [result] = await ask(Answers(pong), "help")
    assert result.data["commands"]["ping"]["about"].startswith("Answers at once")


async def test_nothing_to_tell_is_an_empty_object() -> None:
    """Data is an object even where there is none."""

    async def nothing(request: Request) -> None:
        del request

    [result] = await ask(Answers(nothing), "ping")
    assert (result.status, result.data) == ("ok", {})


async def test_a_refusal_is_an_answer() -> None:
    """What the daemon turns down is answered as an error with its code and sentence."""

    async def refuse(request: Request) -> Refusal:
        return Refusal("not_recording", f"{request.command.name}: nothing is being recorded")

    [result] = await ask(Answers(refuse), "record/stop", b'{"id":1}')
    assert (result.id, result.status, result.code) == (1, "error", "not_recording")
    assert result.error == "record/stop: nothing is being recorded"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Disconnected("Chrome is away"), "disconnected"),
        (Unavailable("no disk"), "unavailable"),
        (ConfigError(Mistake("mqtt.port", "too large", "config.toml", 3)), "bad_config"),
    ],
)
async def test_trouble_is_an_answer(error: Exception, code: str) -> None:
    """Our own errors are answered with a code for each kind, and end nothing."""

    async def fail(request: Request) -> None:
        del request
        raise error

    [result] = await ask(Answers(fail), "reload")
    assert (result.status, result.code, result.error) == ("error", code, str(error))


async def test_a_bug_is_answered_and_not_kept_quiet() -> None:
    """Any other error is answered as ``internal`` without its text, and goes on its way."""

    async def fail(request: Request) -> None:
        del request
        raise KeyError("secret")

    told: list[Result] = []
    with pytest.raises(KeyError):
        await Answers(fail).answer("ping", b'{"id":"a"}', told.append)
    assert [(result.id, result.code) for result in told] == [("a", "internal")]
    assert "secret" not in str(told)


async def test_what_is_stopped_is_answered() -> None:
    """A request in progress when the daemon stops is told so."""
    begun = asyncio.Event()

    async def hang(request: Request) -> None:
        del request
        begun.set()
        await asyncio.Event().wait()

    told: list[Result] = []
    task = asyncio.create_task(Answers(hang).answer("ping", b"", told.append))
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert [result.code for result in told] == ["stopping"]


async def test_long_work_is_answered_twice() -> None:
    """First ``accepted``, then one final answer, which may also be a refusal."""

    async def outcome(*, good: bool) -> Any:
        return {"frames": 10} if good else Refusal("disk_full", "no room")

    for good, last in ((True, ("ok", True, {"frames": 10})), (False, ("error", True, {}))):

        async def later(request: Request, good: bool = good) -> Later:
            return Later({"asked": request.command.name}, outcome(good=good))

        first, final = await ask(Answers(later), "reload", b'{"id":"a"}')
        assert (first.id, first.status, first.final, first.data) == ("a", "accepted", False, {"asked": "reload"})
        assert (final.status, final.final, final.data) == last


async def test_a_dry_run_changes_nothing() -> None:
    """With ``dry_run`` a request is checked and not performed."""

    async def never(request: Request) -> None:
        pytest.fail(f"{request.command.name} was performed")

    [good] = await ask(Answers(never), "log_level", b'{"level":"debug","dry_run":true}')
    [bad] = await ask(Answers(never), "log_level", b'{"level":"loud","dry_run":true}')
    assert (good.status, good.data["dry_run"], bad.code) == ("ok", True, "bad_argument")


async def test_a_retained_request_is_not_performed() -> None:
    """What the broker would repeat is refused before anything is done."""

    async def never(request: Request) -> None:
        pytest.fail(f"{request.command.name} was performed")

    [result] = await ask(Answers(never), "record/stop", b'{"id":"a"}', retained=True)
    assert (result.id, result.code) == ("a", "retained_command")


async def test_too_many_requests_are_told_to_come_later() -> None:
    """After a burst each command has its rate; another command is not touched by it."""
    watch = Watch()
    answers = Answers(pong, timer=watch)
    codes = [(await ask(answers, "reload"))[0].code for _ in range(RecordStop.burst + 2)]
    assert codes == ["ok"] * RecordStop.burst + ["rate_limited"] * 2
    assert (await ask(answers, "ping"))[0].code == "ok"
    watch.now += 0.5
    assert [(await ask(answers, "reload"))[0].code for _ in range(2)] == ["ok", "rate_limited"]


async def test_nonsense_is_limited_too() -> None:
    """A flood of unknown commands is answered, after a burst only with ``rate_limited``."""
    answers = Answers(pong, timer=Watch())
    codes = [(await ask(answers, f"x{number}"))[0].code for number in range(Command.burst + 1)]
    assert (codes[0], codes[-1]) == ("unknown_command", "rate_limited")


async def test_a_slow_command_holds_up_no_other() -> None:
    """While as many of one command as may are in progress, one more is ``busy`` and a ping is answered."""
    done = asyncio.Event()

    async def perform(request: Request) -> Any:
        if not isinstance(request.command, Ping):
            await done.wait()
        return await pong(request)

    answers = Answers(perform)
    told: list[Result] = []
    async with asyncio.TaskGroup() as group:
        for _ in range(RecordStop.parallel):
            group.create_task(answers.answer("record/stop", b"", told.append))
        await asyncio.sleep(0)
        assert (await ask(answers, "record/stop"))[0].code == "busy"
        assert (await ask(answers, "ping"))[0].code == "ok"
        done.set()
    assert [result.code for result in told] == ["ok"] * RecordStop.parallel


OPEN = b'{"id":"a","asset":"EURUSD_otc","side":"call","stake":1,"expiry":"1m"%s}'


def remembering(request: Request) -> Repeat | None:
    """A journal in which the id "a" has acted."""
    return Repeat({"deal": 7}) if request.id == "a" else None


async def never(request: Request) -> None:
    pytest.fail(f"{request.command.name} was performed")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"deal": 7}, ("ok", None, {"deal": 7})),
        (
            Refusal("stake_too_high", "too much", {"limit": 10}),
            (
                "stake_too_high",
                "this id was used before, and refused then: too much; to try again take a new id",
                {"limit": 10},
            ),
        ),
        (Unsure("no_answer", "nobody knows", {"trade": 1}), ("no_answer", "nobody knows", {"trade": 1})),
    ],
)
async def test_a_repeat_is_told_what_was_answered(answer: Any, told: tuple[Any, ...]) -> None:
    """An id that has acted gets its answer again, with its code and data, as ``duplicate``; nothing is performed."""
    answers = Answers(never, stored=lambda request: Repeat(answer))
    [result] = await ask(answers, "trade/open", OPEN % b"")
    assert (result.status, result.final, result.code, result.error, result.data) == ("duplicate", True, *told)


async def test_a_repeat_is_answered_however_late() -> None:
    """The stored answer comes past its time; a new id is held to it, a retained one is refused."""
    answers = Answers(never, stored=remembering, now=lambda: NOW, timer=Watch())
    late = OPEN % b',"expires_at":1'
    assert (await ask(answers, "trade/open", late))[0].status == "duplicate"
    [new] = await ask(answers, "trade/open", late.replace(b'"a"', b'"b"'))
    assert (new.id, new.status, new.code) == ("b", "expired", "expired")
    assert (await ask(answers, "trade/open", OPEN % b"", retained=True))[0].code == "retained_command"


async def test_repeats_have_a_rate_of_their_own() -> None:
    """A flood of repeats is turned down after a burst, keeps no new order out, and leaves the id as it was."""
    watch = Watch()
    answers = Answers(pong, stored=remembering, timer=watch)
    codes = [(await ask(answers, "trade/open", OPEN % b""))[0].code for _ in range(TradeOpen.burst + 2)]
    assert codes == ["ok"] * TradeOpen.burst + ["rate_limited"] * 2
    new = (OPEN % b"").replace(b'"a"', b'"b"')
    assert (await ask(answers, "trade/open", new))[0].status == "ok"
    watch.now += 1
    [again] = await ask(answers, "trade/open", OPEN % b"")
    assert (again.status, again.data) == ("duplicate", {"deal": 7})


async def test_what_nobody_can_tell_is_unknown() -> None:
    """A trade in doubt is neither ok nor an error."""

    async def doubt(request: Request) -> Unsure:
        return Unsure("no_answer", f"{request.command.name} may have been done", {"id": 1})

    [result] = await ask(Answers(doubt), "trade/open", OPEN % b"")
    assert (result.status, result.code, result.data, result.final) == ("unknown", "no_answer", {"id": 1}, True)


async def test_trouble_with_the_page_says_what_was_tried_and_where_a_picture_is() -> None:
    """A control that is not there is answered with its selectors and the artifact, also from long work."""

    async def fail(request: Request) -> Any:
        raise PageError("control_missing", f"{request.id}: no picker", tried=(".a", ".b"), artifact="trouble/x")

    async def fail_later(request: Request) -> Later:
        return Later({}, fail(request))

    for perform in (fail, fail_later):
        *_, result = await ask(Answers(perform), "asset/select", b'{"id":"a","asset":"X"}')
        assert (result.status, result.code, result.error) == ("error", "control_missing", "a: no picker")
        assert result.data == {"tried": (".a", ".b"), "artifact": "trouble/x"}


async def test_a_refusal_brings_its_data() -> None:
    """What an asker can use beside the sentence is in the answer."""

    async def refuse(request: Request) -> Refusal:
        return Refusal("covered", request.command.name, {"artifacts": "trades/x"})

    [result] = await ask(Answers(refuse), "modals/close")
    assert result.data == {"artifacts": "trades/x"}


async def test_a_trade_is_rehearsed_by_those_who_would_place_it() -> None:
    """A dry run of a trade reaches whoever knows the limits, also under an id that has acted; others go no further."""

    async def rehearse(request: Request) -> Any:
        assert request.dry_run
        return {"allowed": True}

    [result] = await ask(Answers(rehearse, stored=remembering), "trade/open", OPEN % b',"dry_run":true')
    assert (result.status, result.data) == ("ok", {"allowed": True})
    [other] = await ask(Answers(never), "stake/set", b'{"stake":1,"dry_run":true}')
    assert other.data["dry_run"] is True


async def test_nothing_is_done_where_the_past_cannot_be_read() -> None:
    """An id that may have acted does not act: a journal that cannot be read is an error, and nothing is performed."""

    def unreadable(request: Request) -> None:
        raise Unavailable(f"the journal cannot be read for {request.id}")

    [result] = await ask(Answers(never, stored=unreadable), "trade/open", OPEN % b"")
    assert (result.status, result.code) == ("error", "unavailable")


async def test_a_repeat_of_what_is_on_its_way_waits_with_it() -> None:
    """A request that comes again while its order is being placed is told so, and what becomes of it, however late."""

    async def outcome() -> Repeat:
        return Repeat({"deal": 7})

    answers = Answers(never, stored=lambda request: Later({"stage": "clicking"}, outcome()), now=lambda: NOW)
    first, last = await ask(answers, "trade/open", OPEN % b',"expires_at":1')
    assert (first.status, first.data, first.final) == ("accepted", {"stage": "clicking"}, False)
    assert (last.status, last.data, last.final) == ("duplicate", {"deal": 7}, True)

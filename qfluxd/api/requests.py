"""Reads what was asked: the envelope, then the command's arguments; a mistake is named, with what is right."""

import re
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any, Literal, TypeAliasType, get_args, get_origin

import msgspec

from qfluxd.api.commands import COMMANDS, Command, Request
from qfluxd.api.mistakes import as_sentence
from qfluxd.api.wire import LARGEST
from qfluxd.market.layout import LAST_MILLIS
from qfluxd.model import Millis

LONGEST_ID = 64
ENVELOPE = ("id", "expires_at", "dry_run")


class Fault(msgspec.Struct, frozen=True):
    """Why a request is not performed: `code` is a stable word, `error` a sentence that says what would be right."""

    id: str | int | None
    code: str
    error: str
    status: Literal["error", "expired"] = "error"


def parse(name: str, payload: bytes, *, retained: bool = False) -> Request | Fault:
    """What is asked by this payload for the command of that name; an empty payload is one without arguments.

    Whether it came too late is another question (`late`): an id that has acted is answered even then.
    """
    if len(payload) > LARGEST:
        return Fault(None, "too_large", f"the request has {len(payload)} bytes; {LARGEST} is the most")
    fields = _fields(payload)
    ident = fields.get("id") if isinstance(fields, dict) else None
    ident = ident if _good_id(ident) else None
    if retained:
        return Fault(ident, "retained_command", "a retained request would come again and again; send it without retain")
    if name not in COMMANDS:
        return Fault(
            ident, "unknown_command", f"there is no command {name!r}{_nearest(name, COMMANDS)}; help lists all"
        )
    if not isinstance(fields, dict):
        return Fault(None, "bad_json", fields)
    return _envelope_fault(fields, ident) or _read(COMMANDS[name], fields, ident)


def late(request: Request, now: Millis) -> Fault | None:
    """Why a request is not performed any more, None while it still may be."""
    if request.expires_at is None or request.expires_at > now:
        return None
    words = f"{now - request.expires_at} ms too late; expires_at is in milliseconds since 1970 in UTC"
    return Fault(request.id, "expired", f"the request came {words}", status="expired")


def _read(kind: type[Command], fields: dict[str, Any], ident: str | int | None) -> Request | Fault:
    command = _command(kind, {key: value for key, value in fields.items() if key not in ENVELOPE})
    if isinstance(command, str):
        return Fault(ident, "bad_argument", command)
    if kind.needs_id and ident in (None, ""):
        return Fault(ident, "id_required", f"{kind.name} needs an id of your own, so that it is never done twice")
    expires = fields.get("expires_at")
    return Request(
        ident,
        None if expires is None else int(max(0, min(expires, LAST_MILLIS))),
        fields.get("dry_run") is True,
        command,
    )


def _fields(payload: bytes) -> dict[str, Any] | str:
    """The JSON object, or what is wrong with it."""
    try:
        fields = _DECODE(payload or b"{}")
    except msgspec.DecodeError as error:
        return f"the request is not JSON: {error}"
    except UnicodeDecodeError:
        return "the request is not JSON: it is not UTF-8"
    except RecursionError:
        return "the request is not JSON that anyone needs: it is nested too deeply"
    return fields if isinstance(fields, dict) else 'the request must be a JSON object, such as {"id":"1"}'


def _good_id(ident: object) -> bool:
    return (isinstance(ident, str) and len(ident) <= LONGEST_ID) or type(ident) is int


def _exact(number: str) -> Decimal:
    """Money arrives with the digits that were written."""
    try:
        return Decimal(number)
    except InvalidOperation:
        raise ValueError(f"{number[:20]} is too large or too small a number") from None


_DECODE = msgspec.json.Decoder(float_hook=_exact).decode


def _envelope_fault(fields: dict[str, Any], ident: str | int | None) -> Fault | None:
    if fields.get("id") is not None and ident is None:
        return Fault(None, "bad_argument", f"id must be a string of at most {LONGEST_ID} characters, or a whole number")
    if not isinstance(fields.get("dry_run", False), bool):
        return Fault(ident, "bad_argument", "dry_run must be true or false")
    expires = fields.get("expires_at")
    if expires is not None and (isinstance(expires, bool) or not isinstance(expires, int | Decimal)):
        return Fault(ident, "bad_argument", "expires_at must be a number: milliseconds since 1970 in UTC")
    return None


def _command(kind: type[Command], arguments: dict[str, Any]) -> Command | str:
    """The command, or a sentence about the first argument that is wrong."""
    known = kind.__struct_encode_fields__
    for name in arguments:
        if name not in known:
            allowed = ", ".join(known) or "none"
            return f"{kind.name} has no argument {name!r}{_nearest(name, known)}; its arguments: {allowed}"
    try:
        return msgspec.convert(arguments, kind)
    except msgspec.ValidationError as error:
        return _sentence(kind, str(error), arguments)


def _sentence(kind: type[Command], error: str, arguments: dict[str, Any]) -> str:
    if missing := re.fullmatch(r"Object missing required field `(.+)`", error):
        return f"{kind.name} needs the argument {missing[1]}"
    found = re.fullmatch(r"(.+) - at `\$\.(\w+).*`", error)
    if found is None:
        return error
    what, name = found[1], found[2]
    if words := _words(kind, name):
        value = arguments[name]
        nearest = _nearest(value, words) if isinstance(value, str) else ""
        return f"{name} must be one of {', '.join(words)}{nearest}"
    return as_sentence(kind, name, what)


def _words(kind: type[Command], name: str) -> tuple[str, ...]:
    """The words that an argument may be, where it is one of a few."""
    return _literals(next(field.type for field in msgspec.structs.fields(kind) if field.encode_name == name))


def _literals(kind: Any) -> tuple[str, ...]:
    if isinstance(kind, TypeAliasType):
        return _literals(kind.__value__)
    if get_origin(kind) is Literal:
        return get_args(kind)
    return next((words for part in get_args(kind) if (words := _literals(part))), ())


def _nearest(name: str, known: Any) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""

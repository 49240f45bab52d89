"""README and docs are true: their commands parse, their configuration loads, their files and links are there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from qfluxd.cli.calling import app
from qfluxd.cli.commands import COMMANDS
from qfluxd.config import load
from qfluxd.market.capture import read_capture
from qfluxd.model import Note, Switched
from tests.support.fixtures import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMES = [page.name for page in PAGES]
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def blocks(*kinds: str) -> Iterator[tuple[str, str]]:
    """Every fenced block of these kinds, with the page that it is on."""
    for page in PAGES:
        for _, kind, text in FENCE.findall(page.read_text()):
            if kind in kinds:
                yield page.name, text


def command_lines() -> list[str]:
    """Every call of qfluxd in a shell block, without prompt, path, comment and what follows a pipe."""
    found = []
    for _, text in blocks("sh", "console", "bash"):
        for line in text.replace("\\\n", " ").splitlines():
            match = re.match(r"\s*(?:\$ )?(?:sudo )?(?:-u \w+ )?(?:\S*/)?qfluxd (.*?)(?: #.*| \|.*)?$", line)
            if match:
                found.append(match[1].strip())
    return found


@pytest.mark.parametrize("line", sorted(set(command_lines())))
def test_commands_parse(line: str) -> None:
    """A command line that is shown would be run."""
    app().parse_args(shlex.split(line), print_error=False, exit_on_error=False)


def test_every_command_is_documented() -> None:
    """docs/commands.md leaves none out."""
    text = (ROOT / "docs" / "commands.md").read_text()
    assert [command.name for command in COMMANDS if f"qfluxd {command.name}" not in text] == []


@pytest.mark.parametrize(("page", "text"), list(blocks("toml")))
def test_configuration_loads(page: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A piece of configuration that is shown is sound, given the capture that one of them names."""
    monkeypatch.chdir(tmp_path)
    Path("capture.jsonl").touch()
    file = tmp_path / "config.toml"
    file.write_text(text)
    assert load(file).file == file, page


def test_the_capture_line_is_one(tmp_path: Path) -> None:
    """The examples of the capture format are read as a frame and as a note."""
    lines = [text for page, text in blocks("json") if page == "data.md"]
    file = tmp_path / "capture.jsonl"
    file.write_text("".join(lines))
    frame, note = read_capture(file)
    assert (frame.conn, frame.note, note.note) == ("8844.5721", False, True)
    assert isinstance(msgspec.json.decode(note.data, type=Note), Switched)


def test_every_note_is_on_the_page() -> None:
    """docs/data.md has a row for each kind of note that a recording may hold, and for no other."""
    page = (ROOT / "docs" / "data.md").read_text()
    table = page.partition("| `type` |")[2].partition("\n\n")[0]
    told = re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| (`.+?`) \|", table, re.MULTILINE)))
    assert sorted(told) == sorted(kind.__struct_config__.tag for kind in get_args(Note.__value__))


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    """Files that a page points to are there."""
    targets = [target for target in re.findall(r"\]\(([^)#]+)", page.read_text()) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []

"""README and docs are true: their commands parse, their configuration loads, their files and links are there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from qfluxd.cli.calling import app
from qfluxd.cli.commands import COMMANDS
from qfluxd.config import load
from qfluxd.market.capture import read_capture
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
    """The example of the capture format is read as a frame."""
    lines = [text for page, text in blocks("json") if page == "data.md"]
    file = tmp_path / "capture.jsonl"
    file.write_text("".join(lines))
    assert [frame.conn for frame in read_capture(file)] == ["8844.5721"]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    """Files that a page points to are there."""
    targets = [target for target in re.findall(r"\]\(([^)#]+)", page.read_text()) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []

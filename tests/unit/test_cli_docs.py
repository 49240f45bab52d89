"""The pages about commands, configuration and systemd say what is true."""

import re
import shlex
from pathlib import Path

import pytest

from qfluxd.cli.calling import app
from qfluxd.cli.commands import COMMANDS
from qfluxd.config import load
from qfluxd.config.changes import LIVE
from qfluxd.errors import ConfigError
from tests.support.fixtures import ROOT

PAGES = ("commands.md", "configuration.md", "systemd.md")


def blocks(page: str, kind: str) -> list[str]:
    """The code blocks of one kind on a page."""
    return re.findall(rf"^```{kind}\n(.*?)^```", (ROOT / "docs" / page).read_text(), re.DOTALL | re.MULTILINE)


def command_lines() -> list[str]:
    """Every qfluxd command line in the pages' code blocks."""
    lines = [
        line
        for page in PAGES
        for kind in ("sh", "console")
        for block in blocks(page, kind)
        for line in block.splitlines()
    ]
    found = [re.search(r"(?:^|\$ |\.venv/bin/)(qfluxd .*)", line) for line in lines]
    return [match[1] for match in found if match]


@pytest.mark.parametrize("line", command_lines())
def test_command_lines(line: str) -> None:
    """Every command line is one that the program would run."""
    _, *words = shlex.split(line, comments=True)
    function, _, _ = app().parse_args(words, print_error=False, exit_on_error=False)
    assert function.__module__.startswith("qfluxd.cli.")


def test_there_are_command_lines() -> None:
    """The pages have been read: there is a line for every command."""
    lines = command_lines()
    for command in COMMANDS:
        assert any(line.startswith(f"qfluxd {command.name}") for line in lines), command.name


def sections() -> dict[str, str]:
    """The sections of commands.md by their titles."""
    parts = re.split(r"^## (.+)\n", (ROOT / "docs" / "commands.md").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_has_its_section() -> None:
    """commands.md has a section for each command and for nothing else, in the order of `qfluxd --help`."""
    assert list(sections()) == [command.name for command in COMMANDS]


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_options(name: str) -> None:
    """A command's section names exactly the options that the command has."""
    command = app()
    for word in name.split():
        command = command[word]
    has = {option for argument in command.assemble_argument_collection() for option in argument.names}
    section = sections()[name]
    told = set(re.findall(r"`(--[a-z-]+)`", section))
    assert {option for option in has if option.startswith("--")} == told


def test_examples_of_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every TOML block loads, the files that it names being there."""
    monkeypatch.chdir(tmp_path)
    Path("capture.jsonl").touch()
    examples = blocks("configuration.md", "toml")
    assert len(examples) >= 2
    for number, text in enumerate(examples):
        file = tmp_path / f"{number}.toml"
        file.write_text(text)
        assert load(file).notices == ()


def test_mistakes_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistakes on the page are, word for word, those that such a file brings."""
    monkeypatch.chdir(tmp_path)
    Path("wrong.toml").write_text('[mqtt]\nprot = 1\n[market]\ntimeframes = ["5s", "1 min"]\n[log]\nlevel = "warn"\n')
    with pytest.raises(ConfigError) as caught:
        load(Path("wrong.toml"))
    (shown,) = blocks("configuration.md", "console")
    assert shown.splitlines()[1:-1] == str(caught.value).splitlines()


def test_live_options_as_listed() -> None:
    """The options that are taken over while running are those on the page."""
    page = (ROOT / "docs" / "configuration.md").read_text()
    assert set(re.findall(r"^- `([a-z.]+[a-z_]*)`$", page, re.MULTILINE)) == LIVE


def test_install_lines_name_real_files() -> None:
    """What the installation copies is there, and the units run what it installs."""
    script = "\n".join(blocks("systemd.md", "sh"))
    for path in re.findall(r"systemd/[\w.-]+\.service", script):
        assert (ROOT / path).is_file()
    assert (ROOT / "setup.sh").is_file()
    for name in ("qfluxd", "qfluxd-chrome"):
        unit = (ROOT / "systemd" / f"{name}.service").read_text()
        assert f"User={name}\n" in unit
        assert "ExecStart=/opt/qfluxd/.venv/bin/qfluxd " in unit
        assert f"useradd --system --home-dir /var/lib/{name} --shell /usr/sbin/nologin {name}\n" in script


def test_headless_line_of_the_installation() -> None:
    """The line that makes Chrome headless changes the file that `config init` writes."""
    assert "\nheadless = false\n" in (ROOT / "config.toml").read_text()

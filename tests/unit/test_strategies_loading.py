"""Strategies by name: installed ones and files of one's own, and a sentence for all that can be wrong with them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from qfluxd.errors import PluginError
from qfluxd.loading import load_strategy_file
from qfluxd.plugins import load_strategy, strategy_names
from qfluxd.strategies.ema_cross import EmaCross
from tests.support.strategy_views import said, view

SOUND = '''
"""An idea."""

from qfluxd.strategies.rule import Rule

class _Part:
    """No strategy of its own."""

    def signals(self):
        return None

class Idea(Rule):
    """Always up."""

    period: int = 3

    @property
    def warmup(self):
        return 1

    def signals(self, view):
        close = view.floats("close")
        return self.say(view, call=close > 0, put=close < 0, confidence=1.0)
'''


def written(folder: Path, text: str, name: str = "my_idea") -> Path:
    """A file with that text."""
    file = folder / f"{name}.py"
    file.write_text(text)
    return file


def test_installed_by_name() -> None:
    """A name leads to the model of its options."""
    assert isinstance(load_strategy("ema_cross")(), EmaCross)
    assert "ema_cross" in strategy_names()


def test_a_file_by_its_name(tmp_path: Path) -> None:
    """A file in the folder is a strategy under its own name; private classes and files do not count."""
    written(tmp_path, SOUND)
    written(tmp_path, "x = 1", "_shared")
    written(tmp_path, "x = 1", "Not-A-Name")
    assert set(strategy_names(tmp_path)) - set(strategy_names()) == {"my_idea"}
    strategy = load_strategy("my_idea", tmp_path).model_validate({"period": 4})
    assert type(strategy).__name__ == "Idea"
    assert said(strategy.signals(view([1.0, 2.0]))) == {0: 1, 1: 1}
    assert not (tmp_path / "__pycache__").exists()


def test_no_folder() -> None:
    """A folder that is not there holds nothing."""
    assert strategy_names(Path("/nowhere/at/all")) == strategy_names()
    with pytest.raises(PluginError, match="no strategy called 'my_idea'"):
        load_strategy("my_idea", Path("/nowhere/at/all"))


def test_an_unchanged_file_stays_the_same_model(tmp_path: Path) -> None:
    """Loaded again it is the same model, so options compare as equal; changed it is another, at once."""
    file = written(tmp_path, SOUND)
    first = load_strategy("my_idea", tmp_path)
    assert load_strategy("my_idea", tmp_path) is first
    assert load_strategy("my_idea", tmp_path)() == first()
    file.write_text(SOUND.replace("= 3", "= 4"))
    assert load_strategy("my_idea", tmp_path)().model_dump()["period"] == 4
    assert first().model_dump()["period"] == 3


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ema_cros", "there is no strategy called 'ema_cros'; did you mean 'ema_cross'?"),
        ("EMA_CROSS", "did you mean 'ema_cross'?"),
        ("my_ideas", "did you mean 'my_idea'?"),
        ("../my_idea", "did you mean 'my_idea'?"),
        ("zzz", "there are bollinger_reversal, candle_patterns"),
    ],
)
def test_unknown_names(name: str, says: str, tmp_path: Path) -> None:
    """A name that is none is answered with the nearest, files of the folder among them, or with all."""
    written(tmp_path, SOUND)
    with pytest.raises(PluginError, match=re.escape(says)):
        load_strategy(name, tmp_path)


def test_a_file_does_not_shadow(tmp_path: Path) -> None:
    """A file with the name of an installed strategy is told of, and neither is taken."""
    file = written(tmp_path, SOUND, "ema_cross")
    with pytest.raises(PluginError) as caught:
        load_strategy("ema_cross", tmp_path)
    assert str(caught.value) == f"{file} has the name of a strategy that is installed; rename the file"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("class Idea(:\n", ":1: invalid syntax; correct the line"),
        (
            "\n\nimport nowhere_at_all\n",
            ":3: ModuleNotFoundError: No module named 'nowhere_at_all'; install nowhere_at_all",
        ),
        ("x = 1\ny = x / 0\n", ":2: ZeroDivisionError: division by zero; a file must import without an error"),
        ("import sys\nsys.exit('bye')\n", ":2: SystemExit: bye; a file must"),
        ("\0", ": SyntaxError"),
        ("x = 1\n", " holds no public class with a method signals"),
        (SOUND.replace("class Idea", "class _Idea"), " holds no public class with a method signals"),
        (SOUND.replace("def signals(self, view)", "def signal(self, view)"), " leaves signals open; write it"),
        (SOUND + SOUND.replace("Idea", "Other"), " holds Idea and Other; one file is one strategy"),
        (SOUND.replace("(Rule)", ""), ": Idea is no model of its options; derive the class from"),
        (SOUND.replace("def warmup", "def warm_up"), ": Idea leaves warmup open; write it"),
        (
            SOUND.replace("strategies.rule import Rule", "settings import Table as Rule"),
            ": Idea has no timeframes; qfluxd.strategy.Strategy says what a strategy has",
        ),
        (
            SOUND.replace("    period", "    model_config = {'frozen': False}\n    period"),
            ": Idea can be changed or takes any option; derive it from qfluxd.settings.Table",
        ),
    ],
)
def test_what_is_wrong_with_a_file(text: str, says: str, tmp_path: Path) -> None:
    """Each fault of a file is a sentence that begins with the file, and with the line where there is one."""
    file = written(tmp_path, text)
    with pytest.raises(PluginError) as caught:
        load_strategy("my_idea", tmp_path)
    assert str(caught.value).startswith(f"{file}")
    assert says in str(caught.value)


def test_a_broken_file_leaves_the_one_before(tmp_path: Path) -> None:
    """After a change that does not import, what was loaded before still works."""
    file = written(tmp_path, SOUND)
    strategy = load_strategy("my_idea", tmp_path)()
    file.write_text("1 / 0")
    with pytest.raises(PluginError):
        load_strategy("my_idea", tmp_path)
    assert said(strategy.signals(view([1.0]))) == {0: 1}


def test_files_that_cannot_be() -> None:
    """A file that is not there, or has a name that no strategy can have, is told of."""
    with pytest.raises(PluginError, match=r"my_idea\.py cannot be read: No such file"):
        load_strategy_file(Path("/nowhere/my_idea.py"))
    with pytest.raises(PluginError, match=r"My-Idea\.py: name it with small letters, digits and _ only"):
        load_strategy_file(Path("My-Idea.py"))


def test_annotations_as_text(tmp_path: Path) -> None:
    """A file may postpone its annotations: what they name is found."""
    text = "from __future__ import annotations\nfrom typing import Literal\nSide = Literal['a', 'b']\n"
    written(tmp_path, text + SOUND.replace("period: int = 3", "side: Side = 'a'"))
    assert load_strategy("my_idea", tmp_path).model_validate({"side": "b"}).model_dump()["side"] == "b"


PACKAGE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from qfluxd.errors import PluginError
from qfluxd.plugins import load_strategy, strategy_names
print("packaged" in strategy_names(), load_strategy("packaged").__name__)
for name in ("broken", "absent", "shapeless"):
    try:
        load_strategy(name)
    except PluginError as problem:
        print(problem)
"""


def test_a_package(tmp_path: Path) -> None:
    """A package names its strategies as entry points; one that cannot be imported, or is none, is told of by name."""
    (tmp_path / "idea_package.py").write_text(SOUND)
    (tmp_path / "idea_broken.py").write_text("1 / 0")
    info = tmp_path / "idea_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: idea-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[qfluxd.strategies]\npackaged = idea_package:Idea\nbroken = idea_broken:Idea\n"
        "absent = idea_package:Nothing\nshapeless = idea_package:_Part\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", PACKAGE, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == [
        "True Idea",
        "the strategy 'broken' (idea_broken:Idea) cannot be imported: division by zero",
        "the strategy 'absent' (idea_package:Nothing) cannot be imported: "
        "module 'idea_package' has no attribute 'Nothing'",
        "the strategy 'shapeless' is no model of its options; derive the class from qfluxd.strategies.rule.Rule",
    ]

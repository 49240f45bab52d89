"""Only one file knows what the trading page is made of."""

import ast
import re
from pathlib import Path

from qfluxd.drivers.pocketoption import page
from qfluxd.drivers.pocketoption.page import Control

PACKAGE = Path(page.__file__).parents[2]
NAME = re.compile(r"[.#=\"' ]((?:[a-z0-9]+(?:__|--|[-_]))+[a-z0-9]+)")
ATTRIBUTES = {"data-id", "data-modal-id", "data-modal"}


def controls() -> dict[str, Control]:
    """Every control by the name of its constant."""
    return {name: value for name, value in vars(page).items() if isinstance(value, Control)}


def names() -> set[str]:
    """Every class and id of the page that is made of several words, out of the selectors."""
    selectors = " ".join(f" {selector}" for control in controls().values() for selector in control.selectors)
    return set(NAME.findall(selectors)) - ATTRIBUTES


def strings(path: Path) -> str:
    """All string constants of a file but its docstrings."""
    tree = ast.parse(path.read_text())
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in said)
    return "\n".join(node.value for node in texts if isinstance(node.value, str))


def test_no_other_file_knows_a_class_or_an_id_of_the_page() -> None:
    """What is renamed there is mended in one place. The practice broker has a page of its own to know."""
    known, word = names(), re.compile(r"[\w-]+")
    assert {"balance-info-block__label", "put-call-buttons-chart-1", "btn-call", "alist__item"} <= known
    others = [path for path in PACKAGE.rglob("*.py") if "practice" not in path.parts and path.name != "page.py"]
    assert len(others) > 60
    found = {path.name: known & set(word.findall(strings(path))) for path in others}
    assert {name: known for name, known in found.items() if known} == {}


def test_every_control_has_a_name_and_selectors_without_doubles() -> None:
    """The name is what a person reads in an error."""
    for control in controls().values():
        assert re.fullmatch(r"[a-z][a-z -]+", control.name)
        assert control.selectors
        assert len(set(control.selectors)) == len(control.selectors)


def test_the_time_is_never_opened_by_what_flips_its_mode() -> None:
    """What opens the expiry's drop-down is not the link that turns it into a time of day."""
    assert not set(page.EXPIRY_OPENER.selectors) & set(page.EXPIRY_MODE.selectors)
    assert not any(selector.endswith(" a") for selector in page.EXPIRY_OPENER.selectors)


def test_the_header_s_right_block_is_not_the_trade_panel() -> None:
    """It only sounds like it."""
    assert not any("right-block" in selector for selector in page.PANEL.selectors)


def test_a_favourite_is_found_by_its_symbol_whatever_is_in_it() -> None:
    """Symbols with signs of their own are quoted."""
    assert all('[data-id="#AAPL_otc"]' in selector for selector in page.favourite_item("#AAPL_otc").selectors)
    assert all('[data-id="a\\"]b\\\\"]' in selector for selector in page.favourite_item('a"]b\\').selectors)


def test_nothing_is_clicked_but_under_guard() -> None:
    """Only the guard has the pointer."""
    clicks = re.compile(r"\.click_at\(|mouse\.")
    assert [path.name for path in Path(page.__file__).parent.rglob("*.py") if clicks.search(path.read_text())] == [
        "guard.py"
    ]

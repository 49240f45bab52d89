"""Markup of reports: what comes from outside stays text."""

import pytest

from qfluxd.research.report.markup import bag, plain, tag, trusted
from tests.support.reports import Seen

HOSTILE = ('<script>alert("1")</script>', "'\"><img src=x onerror=y>", "</style>", "&lt;b&gt;", "a\x00b", "\u202eevil")


@pytest.mark.parametrize("name", HOSTILE)
def test_text_stays_text(name: str) -> None:
    """Whatever stands inside an element or an attribute makes no other element and no other attribute."""
    seen = Seen(tag("p", name, title=name).text)
    assert seen.elements == [("p", {"title": plain(name)})]
    assert seen.text == plain(name)
    assert seen.unclosed == []


def test_what_cannot_be_seen_is_shown() -> None:
    """Control characters and those that turn the direction of text become a sign that something was there."""
    assert plain("a\x00b\x1bc\u202ed\ud800") == "a�b�c�d�"
    assert plain("Größe 5\u00a0% …\n") == "Größe 5\u00a0% …\n"


def test_attributes() -> None:
    """True is an attribute without a value, None and False are none; underscores become dashes, but for a last one."""
    made = tag("td", class_="few", data_label="a b", hidden=True, id=None, title=False)
    assert made.text == '<td class="few" data-label="a b" hidden></td>'


def test_children() -> None:
    """Children may be lists of lists; None is nothing, and an element that cannot hold anything is not closed."""
    made = tag("ul", [tag("li", "a"), [None, tag("li", "b", tag("br"))]], trusted("<!-- own -->"))
    assert made.text == "<ul><li>a</li><li>b<br></li><!-- own --></ul>"
    assert bag("a", None, "<").text == "a&lt;"


@pytest.mark.parametrize("name", ["", "p q", "p>", "1a", "onx=1"])
def test_names_are_names(name: str) -> None:
    """An element or attribute with a name that is none is refused."""
    with pytest.raises(ValueError, match="is no name"):
        tag(name)
    with pytest.raises(ValueError, match="is no name"):
        tag("p", **{name: "x"})

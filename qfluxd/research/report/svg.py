"""What matplotlib writes as SVG, made into a part of a page that takes colours and letters from its style sheet."""

import re
from typing import Final, get_args
from xml.etree import ElementTree as Xml

from qfluxd.research.report.markup import plain
from qfluxd.research.report.plot import WIDTH, Plot, Role

COLOURS: Final[dict[Role, str]] = {
    role: f"#fe00{number:02x}" for number, role in enumerate(get_args(Role.__value__), start=1)
}
"""Colours that stand for roles in what matplotlib writes, and are in no report."""

_LONG: Final = re.compile(r"\d+\.\d{2,}")
_STYLE: Final = re.compile(r"(stroke|fill|stroke-width|stroke-dasharray|fill-opacity|opacity|text-anchor): ([^;]+)")


def inlined(text: str, plot: Plot, name: str) -> str:
    """What matplotlib wrote, as a part of the page: names of its own, roles for colours, no letters' sizes."""
    root = Xml.fromstring(text)  # noqa: S314 - just written by matplotlib
    for parent in list(root.iter()):
        for child in list(parent):
            if _is_unseen(child, parent is root):
                parent.remove(child)
    meant = {href.removeprefix("#") for node in root.iter() for href in [_href(node)] if href}
    for node in root.iter():
        _mend(node, meant, name)
    root.attrib.clear()
    root.attrib |= {
        "class": "plot",
        "viewBox": f"0 0 {WIDTH} {plot.height}",
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-desc",
    }
    for place, (kind, told) in enumerate((("title", plot.title), ("desc", plot.says))):
        said = Xml.Element(kind, {"id": f"{name}-{kind}"})
        said.text = plain(told)
        root.insert(place, said)
    for node in root.iter():
        node.tail = None
        if node.text is not None and not node.text.strip():
            node.text = None
    return Xml.tostring(root, encoding="unicode")


def _local(node: Xml.Element) -> str:
    return node.tag.rpartition("}")[2]


def _is_unseen(node: Xml.Element, at_top: bool) -> bool:
    """What says or shows nothing here: how it was made, the style of letters, the empty path behind it all."""
    kind = _local(node)
    return (at_top and kind in ("metadata", "defs")) or (kind == "path" and node.get("style") == "fill: none")


def _href(node: Xml.Element) -> str | None:
    return next((value for key, value in node.attrib.items() if key.endswith("href")), None)


def _mend(node: Xml.Element, meant: set[str], name: str) -> None:
    """One element: its name, its colours, its numbers."""
    node.tag = _local(node)
    kept = {key: value for key, value in node.attrib.items() if key in ("x", "y", "transform", "d")}
    if (ident := node.get("id")) in meant:
        kept["id"] = f"{name}-{ident}"
    if (href := _href(node)) is not None:
        kept["href"] = f"#{name}-{href.removeprefix('#')}"
    if style := "; ".join(f"{key}: {_coloured(value)}" for key, value in _STYLE.findall(node.get("style", ""))):
        kept["style"] = style
    if "d" in kept:
        kept["d"] = " ".join(kept["d"].split())
    if kept.get("transform", "").startswith("rotate(-0 "):
        del kept["transform"]
    node.attrib.clear()
    node.attrib |= {
        key: value if key == "id" else _LONG.sub(lambda each: f"{float(each[0]):.1f}", value)
        for key, value in kept.items()
    }


def _coloured(value: str) -> str:
    role = next((role for role, colour in COLOURS.items() if colour == value.strip()), None)
    return value if role is None else f"var(--{role})"

"""What is seen of a page, how it is looked for, and what it means when something asked of it was not done."""

from dataclasses import dataclass
from typing import Final

from qfluxd.errors import QfluxdError


class NotDone(QfluxdError):
    """Something asked of the page was not done, or nobody knows whether it was; the page itself is still there.

    `code` is a stable word: ``missing`` no such element; ``failed`` the script raised; ``replaced`` another document
    came in its place meanwhile; ``stuck`` no answer in time: what was asked may yet happen.
    """

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class Found:
    """Which selector matched, and how many elements."""

    selector: str
    count: int


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the page as it is seen, in CSS pixels from the upper left corner of the viewport."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class View:
    """How the page is seen: the viewport in CSS pixels, and how large a CSS pixel is.

    `pixels` is how many pixels of a picture one CSS pixel takes, `pinch` how far a finger has enlarged the page, and
    `zoom` how far the browser has (1 is 100 %), which no script can tell from a dense screen.
    """

    width: int
    height: int
    pixels: float
    pinch: float
    zoom: float


FIND_SCRIPT: Final = """selectors => {
  for (const selector of selectors) {
    const count = document.querySelectorAll(selector).length
    if (count) return [selector, count]
  }
  return null
}"""
BOX_SCRIPT: Final = """selector => {
  const element = document.querySelector(selector)
  if (!element) return null
  const box = element.getBoundingClientRect()
  return [box.x, box.y, box.width, box.height]
}"""
FILL_SCRIPT: Final = """([selector, text]) => {
  const field = document.querySelector(selector)
  if (!field) return false
  field.focus()
  field.value = text
  field.dispatchEvent(new InputEvent('input', {bubbles: true, inputType: 'insertReplacementText', data: text}))
  field.dispatchEvent(new Event('change', {bubbles: true}))
  return true
}"""
VIEW_SCRIPT: Final = "() => [innerWidth, innerHeight, devicePixelRatio, visualViewport.scale]"

"""Patterns pick trading pages, and never a page that only looks like one."""

import pytest

from qfluxd.chrome.pages import origin, page_matcher, start_page


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("https://pocketoption.com/*", "https://pocketoption.com/en/cabinet/demo-quick-high-low/"),
        ("https://pocketoption.com/*", "https://PocketOption.com/"),
        ("https://POCKETOPTION.com/*", "https://pocketoption.com/x?a=1#b"),
        ("https://pocketoption.com", "https://pocketoption.com/"),
        ("https://pocketoption.com:443/*", "https://pocketoption.com/x"),
        ("https://*.pocketoption.com/*", "https://m.pocketoption.com/x"),
        ("http://127.0.0.1:*/en/cabinet/*", "http://127.0.0.1:8123/en/cabinet/demo-quick-high-low/"),
        ("http://[::1]:80/*", "http://[::1]/x"),
    ],
)
def test_a_pattern_matches_its_pages(pattern: str, url: str) -> None:
    """Host in any case, any path under a star, whatever the query."""
    assert page_matcher([pattern])(url)


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("https://pocketoption.com/*", "http://pocketoption.com/"),
        ("https://pocketoption.com/*", "https://pocketoption.com.evil.example/"),
        ("https://pocketoption.com/*", "https://evil.example/?https://pocketoption.com/x"),
        ("https://pocketoption.com/*", "https://pocketoption.com@evil.example/"),
        ("https://pocketoption.com/*", "https://me@pocketoption.com/"),
        ("https://pocketoption.com/*", "https://xpocketoption.com/"),
        ("https://pocketoption.com/*", "https://pocketoptionXcom/"),
        ("https://*.pocketoption.com/*", "https://evil.example/x.pocketoption.com/"),
        ("https://pocketoption.com/en/*", "https://pocketoption.com/EN/"),
        ("https://pocketoption.com/*", "about:blank"),
        ("https://pocketoption.com/*", "chrome-extension://pocketoption.com/x"),
        ("https://pocketoption.com/*", "https://[broken"),
        ("https://pocketoption.com/*", ""),
    ],
)
def test_a_pattern_matches_nothing_else(pattern: str, url: str) -> None:
    """Other schemes, hosts that merely contain the name, and addresses inside addresses do not match."""
    assert not page_matcher([pattern])(url)


def test_any_of_several_patterns_will_do() -> None:
    """A practice page is one more pattern."""
    matches = page_matcher(["https://a.example/*", "http://127.0.0.1:*/*"])
    assert matches("https://a.example/")
    assert matches("http://127.0.0.1:1/x")
    assert not page_matcher([])("https://a.example/")


@pytest.mark.parametrize(
    "pattern", ["*", "pocketoption.com/*", "file:///x", "https://", "https://a/?x", "https://a b/"]
)
def test_a_pattern_that_is_no_address_is_refused(pattern: str) -> None:
    """Above all one that would take every tab."""
    with pytest.raises(ValueError, match="is no page address"):
        page_matcher([pattern])


def test_the_origin_is_scheme_host_and_port() -> None:
    """What two addresses of one site share."""
    assert origin("https://a.example:8443/x/y?z") == "https://a.example:8443"
    assert origin("https://a.example/") == origin("https://A.example/w.js")


@pytest.mark.parametrize(
    ("patterns", "start"),
    [
        (["https://pocketoption.com/*"], "https://pocketoption.com/"),
        (["https://pocketoption.com/en/*/demo/*"], "https://pocketoption.com/en/"),
        (["https://pocketoption.com"], "https://pocketoption.com"),
        (["https://*.pocketoption.com/*"], None),
        (["https://pocketoption.com*"], None),
        (["http://127.0.0.1:*/en/*"], None),
        (["https://*.pocketoption.com/*", "https://pocketoption.com/*"], "https://pocketoption.com/"),
        (["nonsense"], None),
        ([], None),
    ],
)
def test_the_page_to_open_has_a_host_of_its_own(patterns: list[str], start: str | None) -> None:
    """The first pattern whose host has no star names it, up to the star in its path; without one none is opened."""
    assert start_page(patterns) == start


def test_a_pattern_may_name_what_looks_like_a_token() -> None:
    """Addresses are compared as they are, and only told without such parts."""
    url = "https://a.example/r/abcDEF1234567890abcDEF12/x"
    assert page_matcher([url])(url)
    assert not page_matcher(["https://a.example/r/***/x"])("https://a.example/r/x")

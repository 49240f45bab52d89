"""What is kept of the page opens no account and names nobody."""

import pytest

from qfluxd.drivers.pocketoption.controls.scrub import clean_text, scrubbed

SESSION = 'a:4:{s:10:"session_id";s:32:"0123456789abcdef0123456789abcdef";s:10:"ip_address";}'
TOKEN = "n1p2q3r4s5t6u7v8w9x0y1z2ab"


@pytest.mark.parametrize(
    "secret",
    [
        f'<script>window.auth = "{TOKEN}"</script>',
        f'<script type="application/json" id="page-data">{{"session":"{TOKEN}"}}</script>',
        f'<input type="hidden" name="csrf" value="{TOKEN}">',
        f'<INPUT TYPE=PASSWORD value="{TOKEN}">',
        f'<input type="email" value="{TOKEN}">',
        f'<a href="/en/cabinet/?token={TOKEN}#x{TOKEN}">go</a>',
        f'<img src="https://x/pixel?uid={TOKEN}">',
        f'<div data-session="{TOKEN}">x</div>',
        f"<p>your key is {TOKEN}</p>",
        f"<a onclick=\"pay('{TOKEN}')\">x</a>",
        f'<iframe srcdoc="{TOKEN}"><p>{TOKEN}</p></iframe>',
        f'<meta name="token" content="{TOKEN}">',
        f"<!-- {TOKEN} -->",
        f"<script>cut off in {TOKEN}",
    ],
)
def test_what_authenticates_is_gone(secret: str) -> None:
    """Wherever it stands; what is around it stays."""
    kept = scrubbed(f'<div class="block--bet-amount"><b>before</b>{secret}')
    assert TOKEN not in kept
    assert '<div class="block--bet-amount"><b>before</b>' in kept


def test_what_comes_after_something_dropped_is_kept() -> None:
    """Markup within it, also left open, does not swallow the rest."""
    assert scrubbed("<style>p{}</style><noscript><b>x<img></noscript><i>after</i>") == "<i>after</i>"


def test_the_control_itself_stays_readable() -> None:
    """Classes, prices and icons are what a person looks for."""
    button = (
        '<a class="btn btn-call switch-state-block__item"><span>+92% $1,920.50</span><svg viewBox="0 0 24 24"/></a>'
    )
    assert scrubbed(button) == button.replace("viewBox", "viewbox").replace("/></a>", "></svg></a>")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("write to some.body+x@mail.example.com now", "write to [e-mail] now"),
        ("mail=some%40mail.com", "mail=some%40mail.com".replace("some%40mail.com", "[e-mail]")),
        (SESSION, "[session]"),
        ("uid 12345678, $48,426.60 at 10:15:33", "uid 12345678, $48,426.60 at 10:15:33"),
        (f"x {TOKEN} y", "x [token] y"),
    ],
)
def test_words_are_cleaned_alike(text: str, clean: str) -> None:
    """E-mails, sessions and tokens go; amounts and times stay."""
    assert clean_text(text) == clean

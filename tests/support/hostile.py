"""What is hostile: texts that a run, an archive or an address may carry, and how to see that none of them acts.

`visible` is what a page shows, without the app's own style sheets; `assert_harmless` holds it against all of them.
"""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

from tests.support.app_pages import shown

HIDDEN = "\u202e\u202c\u200b\ufeff\u2066\u2069\x00\x07\x1b\x7f\x9b"
_MARKUP = re.compile(r"<(script|img|svg|iframe|object|embed|form|link|base|meta|style|h1|a)\b(?P<rest>[^>]*)", re.I)
_OURS = (re.compile(r'^ alt="" src="data:image/svg'), re.compile(r'^ class="kp-'))


def visible(app: AppTest) -> str:
    """All HTML of the page without style sheets and without the page's own title."""
    text = re.sub(r"<style>.*?</style>", "", shown(app), flags=re.DOTALL)
    return re.sub(r'<header class="kp-head">.*?</header>', "", text, flags=re.DOTALL)


def assert_harmless(app: AppTest) -> None:
    """No exception, no element that only a run's text could have made, no character that nobody sees."""
    assert not app.exception, [entry.value for entry in app.exception]
    text = visible(app)
    foreign = [m.group() for m in _MARKUP.finditer(text) if not any(ours.match(m["rest"]) for ours in _OURS)]
    assert not foreign, foreign
    assert not re.search(r"<[^>]*\son[a-z]+\s*=", text), "an event handler"
    assert "Traceback" not in text
    assert not set(HIDDEN) & set(text)
    for kind in ("markdown", "caption"):
        for entry in app.get(kind):
            assert not set(HIDDEN) & set(entry.value), (kind, entry.value)
    for entry in app.get("selectbox"):
        assert not any(set(HIDDEN) & set(option) for option in entry.options), entry.options

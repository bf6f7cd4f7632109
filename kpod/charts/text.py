"""Text of questions, rationales, outputs and names is hostile until it went through here.

Each function makes one kind of sink safe: HTML, Plotly's markup, Streamlit's Markdown. All of them show what is
invisible (control, zero-width and direction characters) as visible code points, so that nothing can hide.
"""

from __future__ import annotations

import html
import re
import unicodedata

_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")
_SPACES = str.maketrans(dict.fromkeys("\n\r\v\f\x85\u2028\u2029", " "))  # for every end of a line


def is_hidden(character: str) -> bool:
    """Whether a character has no shape of its own: control, format or surrogate, but no line end or tab."""
    if character in "\n\t\u200d":  # a zero-width joiner holds families of emoji together
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}


def reveal(text: str) -> str:
    """The text with hidden characters written out, as in `⟨U+202E⟩`."""
    if text.isascii() and text.isprintable():  # nearly every text; the loop below is slow for a large set
        return text
    return "".join(f"⟨U+{ord(c):04X}⟩" if is_hidden(c) else c for c in text)


def one_line(text: str, limit: int) -> str:
    """The text revealed, on one line, cut to `limit` characters."""
    line = " ".join(reveal(text.translate(_SPACES)).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def for_html(text: str, limit: int | None = None) -> str:
    """Safe as HTML text and as a quoted attribute; cut to one line where `limit` is given."""
    return html.escape(reveal(text) if limit is None else one_line(text, limit), quote=True)


def for_plotly(text: str, limit: int = 60) -> str:
    """Safe in Plotly's labels and hovers, which read a part of HTML."""
    return html.escape(one_line(text, limit), quote=False)


def for_markdown(text: str, limit: int | None = None) -> str:
    """Safe in Streamlit's Markdown, directives, mathematics and icons included."""
    return _MARKDOWN.sub(r"\\\1", reveal(text) if limit is None else one_line(text, limit))

"""Hostile text comes out as text."""

from __future__ import annotations

import html
from html.parser import HTMLParser

import pytest

from kpod.charts.text import for_html, for_markdown, for_plotly, is_hidden, one_line, reveal
from tests.support.made_run import HOSTILE_TEXTS


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, attributes))

    def handle_data(self, data):
        self.text += data


def parsed(source: str) -> Tags:
    tags = Tags()
    tags.feed(source)
    tags.close()
    return tags


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_html_has_no_tag_but_ours_and_keeps_the_text(text):
    result = parsed(f'<p title="{for_html(text)}">{for_html(text)}</p>')
    assert result.tags == [("p", [("title", reveal(text))])]
    assert result.text == reveal(text)


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_plotly_gets_no_tag(text):
    assert "<" not in for_plotly(text)
    assert html.unescape(for_plotly(text, 400)) == one_line(text, 400)


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_nothing_hidden_is_left(text):
    assert not any(is_hidden(character) for character in reveal(text))
    assert not any(is_hidden(character) for character in one_line(text, 1000))


def test_what_is_hidden_is_written_out():
    assert reveal("a\u202eb\u200bc\x00d\x1be") == "a⟨U+202E⟩b⟨U+200B⟩c⟨U+0000⟩d⟨U+001B⟩e"
    assert reveal("line\n\ttab") == "line\n\ttab"
    assert reveal("👩\u200d👧") == "👩\u200d👧"


def test_markdown_is_escaped_to_the_last_sign():
    assert for_markdown(":red[x] $y$ _z_ <b>") == r"\:red\[x\] \$y\$ \_z\_ \<b\>"


def test_one_line_is_cut_with_a_mark_and_never_too_long():
    assert one_line("a\nb\u2028c\r\nd", 20) == "a b c d"
    assert one_line("abcdef", 6) == "abcdef"
    assert one_line("abcdefg", 6) == "abcde…"

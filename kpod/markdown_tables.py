"""Tables in Markdown, whatever stands in their cells. No torch."""

from __future__ import annotations

import pandas as pd


def markdown_table(frame: pd.DataFrame) -> str:
    """A frame's columns and rows, without its index."""
    rows = [list(frame.columns), ["---"] * len(frame.columns), *frame.astype(str).to_numpy().tolist()]
    return "\n".join("| " + " | ".join(map(markdown_cell, row)) + " |" for row in rows)


def markdown_cell(text: object) -> str:
    """Text on one line that ends no cell and opens no tag."""
    shown = "".join(each if each.isprintable() or each.isspace() else "\N{REPLACEMENT CHARACTER}" for each in str(text))
    return " ".join(shown.split()).replace("|", "\\|").replace("<", "&lt;")

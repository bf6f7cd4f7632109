"""How many steps the rationales of data files have, in both modes of splitting."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kpod.step_splitting import steps_table
from kpod.tasks.files import read_rows


def steps_of_files(paths: Iterable[str | Path]) -> list[dict[str, str | float]]:
    """Steps per rationale of data files, by both modes: rows of name, mode, rationales, mean, median, max.

    Any file that `kpod.load_questions` reads, judged by its field `rationale` alone; files without any
    rationale have no row. Raises InputError for a file that cannot be read.
    """
    rationales = {str(path): [row.get("rationale") for _, row in read_rows(path)] for path in paths}
    filled = {path: [text for text in texts if text] for path, texts in rationales.items()}
    return steps_table({path: texts for path, texts in filled.items() if texts})

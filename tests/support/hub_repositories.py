"""Data sets laid out as repositories of the hub: Parquet files and a README that declares them, all of it made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

Rows = Sequence[dict[str, Any]]


def write_repository(folder: Path, configs: dict[str, dict[str, Rows]], readme: bool = True) -> Path:
    """A repository with a folder a configuration and a Parquet file a split; the README states files and numbers."""
    for config, splits in configs.items():
        (folder / config).mkdir(parents=True)
        for split, rows in splits.items():
            table = pa.Table.from_pylist(list(rows))
            pq.write_table(table, folder / config / f"{split}-00000-of-00001.parquet")
    if readme:
        (folder / "README.md").write_text(f"---\n{yaml.safe_dump(_front_matter(configs))}---\n# A made data set\n")
    return folder


def _front_matter(configs: dict[str, dict[str, Rows]]) -> dict[str, Any]:
    files = [
        {
            "config_name": "default" if config == "data" else config,
            "data_files": [{"split": split, "path": f"{config}/{split}-*"} for split in splits],
        }
        for config, splits in configs.items()
    ]
    return {"license": "mit", "configs": files}


def gsm8k_rows(count: int, name: str = "main") -> Rows:
    """Made problems in GSM8K's official layout."""
    return [
        {
            "question": f"Ada has {number} pens and buys 2 more. How many pens has she in {name}?",
            "answer": f"{number} + 2 = <<{number}+2={number + 2}>>{number + 2} pens.\n#### {number + 2:,}",
        }
        for number in range(count)
    ]


def svamp_rows(numbers: Sequence[int]) -> Rows:
    """Made problems in SVAMP's layout on the hub, with these numbers as ids."""
    return [
        {
            "ID": f"chal-{number}",
            "Body": f"Ada has {number} pens",
            "Question": "How many are 2 more?",
            "Equation": f"( {number}.0 + 2.0 )",
            "Answer": f"{number + 2}.0",
            "Type": "Addition",
            "question_concat": f"Ada has {number} pens How many are 2 more?",
        }
        for number in numbers
    ]


def asdiv_rows(count: int) -> Rows:
    """Made problems in ASDiv's layout on the hub."""
    return [
        {
            "body": f"Ada has {number} pens.",
            "question": "How many are 2 more?",
            "solution_type": "Addition",
            "answer": f"{number + 2} (pens)",
            "formula": f"{number}+2={number + 2}",
        }
        for number in range(count)
    ]


def commonsense_rows(ids: Sequence[str], answers: bool = True) -> Rows:
    """Made questions in CommonsenseQA's layout on the hub; its test set holds no answers."""
    return [
        {
            "id": identity,
            "question": "What melts in the sun?",
            "question_concept": "melting",
            "choices": {"label": ["A", "B", "C", "D", "E"], "text": ["stone", "ice", "spoon", "sand", "brick"]},
            "answerKey": "B" if answers else "",
        }
        for identity in ids
    ]

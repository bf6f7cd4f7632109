"""Data sets of the hub whose layout we know: their task, what to load of them, and the ids and splits of their rows.

Ids are those of the data folder `../shared/data`, so that a file of rationales and a hub set name a question alike;
splits are the paper's where it divides the official ones (`paper_splits`). What is stated here was read off the sets'
pages on the hub (files, configurations, numbers of rows) and programs that use them (columns); no set was downloaded.
Assumed is that the rows of openai/gsm8k and EleutherAI/asdiv stand in the order of the original files, for those sets
have no ids. A set whose number of rows is another than `rows` keeps its official splits, and says so.

The out-of-distribution sets are those that are mostly used: lucasmccabe/logiqa (of which only the hub's own conversion
to Parquet can be loaded, for it and EleutherAI/logiqa are scripts), ucinlp/drop (its number questions),
ChilleD/StrategyQA and ChilleD/MultiArith.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kpod.tasks.answers import parse_number
from kpod.tasks.files import Row
from kpod.tasks.paper_splits import paper_split

Identify = Callable[[Row, str, int], tuple[str, int | str]]
"""A row, its official split and its position there -> its id, and its key in `paper_split`."""


@dataclass(frozen=True)
class HubSet:
    """What is known of a set. splits: those that have answers, None: all; rows: how many each has officially.

    keep: which rows are questions of the task, and `kept` says which in words.
    """

    task: str
    identify: Identify | None = None
    config: str | None = None
    revision: str | None = None
    splits: tuple[str, ...] | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    keep: Callable[[Row], bool] | None = None
    kept: str = ""

    def read(self, row: Row, split: str, position: int, *, official: bool) -> Row:
        """The row with its id and split; `official`: whether the set has its official number of rows."""
        read = {"split": split, **row}
        if self.identify is not None:
            identity, key = self.identify(row, split, position)
            read["id"] = identity
            paper = paper_split(self.task, split, key) if official else None
            read |= {"kpod_split": paper} if paper is not None else {}
        return read


def _numbered(prefix: str, digits: int) -> Identify:
    return lambda row, split, position: (f"{prefix}-{split}-{position:0{digits}d}", position)


def _svamp(row: Row, split: str, position: int) -> tuple[str, int | str]:
    identity = str(row.get("ID", position))
    return f"svamp-{identity}", identity.rpartition("-")[2]


def _asdiv(row: Row, split: str, position: int) -> tuple[str, int | str]:
    return f"asdiv-nluds-{position + 1:04d}", position + 1


def _has_number(row: Row) -> bool:
    answers = row.get("answers_spans") or {}
    spans, types = answers.get("spans") or [""], answers.get("types") or ["number"]
    return types[0] == "number" and parse_number(str(spans[0])) is not None


HUB_SETS: dict[str, HubSet] = {
    "openai/gsm8k": HubSet(
        "gsm8k", _numbered("gsm8k", 5), config="main", splits=("train", "test"), rows={"train": 7473, "test": 1319}
    ),
    "chilled/svamp": HubSet("svamp", _svamp, rows={"train": 700, "test": 300}),
    "eleutherai/asdiv": HubSet("asdiv", _asdiv, splits=("validation",), rows={"validation": 2305}),
    # The test set's answers are not public.
    "tau/commonsense_qa": HubSet(
        "commonsense_qa",
        lambda row, split, position: (row["id"], row["id"]),
        splits=("train", "validation"),
        rows={"train": 9741, "validation": 1221},
    ),
    "chilled/strategyqa": HubSet("strategyqa", lambda row, split, position: (f"strategyqa-{row['qid']}", row["qid"])),
    "chilled/multiarith": HubSet("multiarith", _numbered("multiarith", 4)),
    "lucasmccabe/logiqa": HubSet("logiqa", _numbered("logiqa", 4), revision="refs/convert/parquet"),
    "ucinlp/drop": HubSet("drop", keep=_has_number, kept="answers that are one number"),
}
"""By hub id in lower case."""

OLD_NAMES = {"gsm8k": "openai/gsm8k", "commonsense_qa": "tau/commonsense_qa", "drop": "ucinlp/drop"}
"""Ids that the hub itself redirects."""

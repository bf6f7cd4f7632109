"""The commands `data` and `check`: what a source of questions holds, and what the checks find in its rationales."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kpod.data_sources import find_source
from kpod.errors import InputError
from kpod.tasks.field_map import FIELDS
from kpod.tasks.inspection import SourceReport
from kpod.teacher import filter_rationales

SourceArgument = Annotated[str, typer.Argument(help="A file, shipped:NAME, hub:NAME or small_world:...")]
TaskOption = Annotated[str | None, typer.Option(help="How answers are read; none: guessed.")]
FieldsOption = Annotated[
    str | None, typer.Option(metavar="FIELD=COLUMN,...", help="Columns of other names, as question=prompt.")
]
LONGEST = 76  # characters of a text in a table


def data(source: SourceArgument, task: TaskOption = None, fields: FieldsOption = None) -> None:
    """Look at questions before a run: columns and how they are read, splits, rationales, and every mistake by line."""
    report = find_source(source).inspect(task, parse_fields(fields))
    console = _console()
    guessed = " (guessed)" if report.task_is_guessed else ""
    console.print(
        f"[bold]{_shown(report.source)}[/bold]  {report.questions:,} questions in {report.rows:,} rows, "
        f"task {report.task}{guessed}",
        highlight=False,
    )
    console.print(_columns(report))
    _print_counts(console, report)
    for note in report.notes:
        console.print(f"note: {_shown(note)}", highlight=False)
    for error in report.errors:
        console.print(f"[yellow]{_shown(error.place)}:[/yellow] {_shown(error.message)}", highlight=False)
    if report.num_errors > len(report.errors):
        console.print(f"and {report.num_errors - len(report.errors):,} more such rows", highlight=False)
    if report.problem is not None:
        raise InputError(report.problem)
    if report.num_errors:
        raise typer.Exit(1)


def check(
    source: SourceArgument,
    task: TaskOption = None,
    fields: FieldsOption = None,
    split: Annotated[str | None, typer.Option(help="Only the questions of this split.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Check the rationales of a source by the default rules: answers, truncation, duplicates and more, by reason."""
    questions, _ = find_source(source).questions(task, "suffix", parse_fields(fields))
    chosen = [question for question in questions if split in (None, question.split)]
    if not chosen:
        found = ", ".join(sorted({question.split for question in questions}))
        raise InputError(f"No question of {source} has split {split!r}; there are {found}. Set --split to one of them.")
    _, report = filter_rationales(chosen)
    typer.echo(json.dumps(report.to_dict(), ensure_ascii=False, indent=2) if as_json else report.text())


def parse_fields(text: str | None) -> dict[str, str] | None:
    """`question=prompt,answer=target` as a map. Raises InputError for what is no such list or no field."""
    if text is None:
        return None
    pairs = [part.partition("=") for part in text.split(",")]
    wrong = next((part for part in pairs if not part[1] or part[0].strip() not in FIELDS), None)
    if wrong is not None:
        raise InputError(
            f"--fields has {''.join(wrong)!r}; write FIELD=COLUMN with commas between, as question=prompt,answer=x. "
            f"Fields: {', '.join(FIELDS)}."
        )
    return {field.strip(): column.strip() for field, _, column in pairs}


def _columns(report: SourceReport) -> Table:
    table = Table("field", "column", "how sure", "why", "first value", box=None)
    for guess in report.fields:
        if guess.column is None and guess.field not in ("question", "answer", "rationale"):
            continue
        example = report.examples.get(guess.column or "", "")
        table.add_row(
            guess.field, _shown(guess.column or "none"), guess.confidence, _shown(guess.reason), _shown(example)
        )
    return table


def _print_counts(console: Console, report: SourceReport) -> None:
    splits = ", ".join(f"{_shown(name)} {count:,}" for name, count in report.splits.items())
    console.print(f"splits: {splits or 'none'}", highlight=False)
    unknown = report.with_rationale - report.rationales_right - report.rationales_wrong
    console.print(
        f"rationales: {report.with_rationale:,}, of which {report.rationales_right:,} reach the gold answer, "
        f"{report.rationales_wrong:,} another one and {unknown:,} state none",
        highlight=False,
    )
    if report.duplicate_ids:
        first = ", ".join(map(_shown, report.first_duplicates))
        console.print(f"ids that come again: {report.duplicate_ids:,} (first: {first})", highlight=False)


def _shown(text: object) -> str:
    """A text of anybody's on one line, without control characters or markup of ours."""
    line = "".join(each if each.isprintable() else " " for each in str(text))
    return escape(line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}...")


def _console() -> Console:
    return Console(soft_wrap=True, width=None if sys.stdout.isatty() else 1000)

"""The commands `weigh`, `validate-weights` and `stability`: weights on new rationales, and how far to trust them."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kpod.artefacts import write_parquet
from kpod.cli_arguments import RunArgument, Settings, find_run
from kpod.cli_data import FieldsOption, TaskOption, parse_fields
from kpod.errors import InputError, RunCancelled
from kpod.progress import Reporter, TimeLeft, format_seconds
from kpod.run_store import Run
from kpod.validating import HeldOut, validate_run
from kpod.weight_stability import DATA, SETS, Outcome, run_stability, save_outcomes, stability_config
from kpod.weight_validation import (
    AGREEMENT_COLUMNS,
    SCORE_NAMES,
    TARGET_NAMES,
    Report,
    over_baseline,
    predictor_sentences,
    save_report,
)

SECONDS_BETWEEN_LINES = 1.0
WORDS_SHOWN = 20

StudentOption = Annotated[str | None, typer.Option(help="Where the run's student is, if not where the run names it.")]
SplitOption = Annotated[str | None, typer.Option(help="Only the questions of this split.")]


def weigh(
    data: Annotated[str, typer.Argument(metavar="DATA", help="Questions with rationales: a file or another source.")],
    of: Annotated[str, typer.Option("--from", metavar="RUN", help="The run whose weight generator is applied.")],
    out: Annotated[Path, typer.Option(metavar="FILE.parquet", help="What to write.")],
    task: TaskOption = None,
    fields: FieldsOption = None,
    split: SplitOption = None,
    limit: Annotated[int | None, typer.Option(help="First so many rationales.", min=1)] = None,
    student: StudentOption = None,
) -> None:
    """Weigh the tokens of new rationales with a run's weight generator; characters are of the rationale as given."""
    if out.suffix != ".parquet" or not out.parent.is_dir():
        raise InputError(f"--out is {out}; give a file that ends in .parquet, in a folder that exists.")
    run = find_run(of)
    from kpod.weighing import TrainedGenerator, read_rationales

    questions, _ = read_rationales(data, task=task, fields=parse_fields(fields), split=split, limit=limit)
    with _terminal() as reporter:
        weighed = TrainedGenerator(run, reporter, student).weigh(questions)
    table = weighed.table()
    write_parquet(out, table)
    kept = table["weight"].mean()
    typer.echo(f"{out}: {len(table):,} tokens of {len(weighed.questions):,} rationales, mean weight {kept:.3f}.")


def validate_weights(
    run: RunArgument,
    against: Annotated[
        list[str] | None, typer.Option(metavar="RUN", help="Compare with this run's weights too; repeatable.")
    ] = None,
    on: Annotated[
        str | None, typer.Option(metavar="DATA", help="Rationales that the run has not learned from, weighed first.")
    ] = None,
    task: TaskOption = None,
    fields: FieldsOption = None,
    split: SplitOption = None,
    limit: Annotated[int | None, typer.Option(help="With --on: first so many rationales.", min=1)] = None,
    truth: Annotated[
        Path | None, typer.Option(metavar="FILE.jsonl", help="Calculations by id (field calc); none: the data's own.")
    ] = None,
    with_model: Annotated[
        bool, typer.Option("--with-model", help="Also attention from the answer and gradient times input.")
    ] = False,
    student: StudentOption = None,
    resamples: Annotated[int, typer.Option(help="Bootstrap resamples of whole questions.", min=20)] = 300,
    save: Annotated[bool, typer.Option("--save/--no-save", help="Keep the tables in the run.")] = True,
) -> None:
    """Hold a run's token weights against known arithmetic, simpler scores and other runs; the tables stay in the run.

    Every figure is an AUC (.5 is chance) over the tokens that show something, with 95% intervals over questions.
    """
    opened = find_run(run)
    others = [find_run(name) for name in against or []]
    if on is None and (task, fields, split, limit) != (None, None, None, None):
        raise InputError("--task, --fields, --split and --limit choose among the rationales of --on; give that too.")
    held_out = None if on is None else HeldOut(on, task, parse_fields(fields), split, limit)
    with _terminal() as reporter:
        report = validate_run(
            opened,
            against=others,
            held_out=held_out,
            truth=truth,
            with_model=with_model,
            student=student,
            resamples=resamples,
            reporter=reporter,
        )
    if save:
        report = save_report(opened, report)
    print_report(report)


def stability(
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the runs go, one a set; goes on with those there.")
    ],
    sets: Annotated[str, typer.Option(help="Which sets, with commas between.")] = ",".join(SETS),
    questions: Annotated[int, typer.Option(help="Questions of each set.", min=1)] = 300,
    data: Annotated[str, typer.Option(help="The data folder.")] = DATA,
    settings: Settings = None,
) -> None:
    """Learn token weights of SmolLM2-135M on four kinds of rationales with the same settings; say how each ends.

    The table is printed, and kept in the folder as stability.md and stability.json, beside sets learned there before.

    Exit status 1 where a set does not hold: kept between 10% and 90%, a masked rationale nearer to a whole one than to
    none, and no warning.
    """
    configs = {name: stability_config(name, questions, settings or [], data) for name in sets.split(",")}
    out.mkdir(parents=True, exist_ok=True)
    table = Table("set", "kept", "NLL masked", "whole", "gone", "worth lost", "results AUC", "holds", box=None)
    outcomes: list[Outcome] = []
    for outcome in run_stability(out, configs, _learn_weights):
        outcomes.append(outcome)
        save_outcomes(out, outcomes)
        nlls = (outcome.nll_masked, outcome.nll_full, outcome.nll_empty)
        figures = [f"{outcome.keep_rate:.1%}", *map(_figure, nlls), f"{outcome.lost:.1%}"]
        table.add_row(outcome.name, *figures, _figure(outcome.results_auc), "yes" if outcome.holds else "NO")
    Console(soft_wrap=True, width=None if sys.stdout.isatty() else 1000).print(table)
    if not all(outcome.holds for outcome in outcomes):
        raise typer.Exit(1)


def _learn_weights(run: Run) -> None:
    from kpod.pipeline import run_pipeline

    with suppress(RunCancelled):  # so a run that was asked for a part ends
        run_pipeline(run, until="weights")


class _Terminal(Reporter):
    """Progress with the time left, on one line of the terminal; Ctrl-C ends after the batch at work."""

    def __init__(self) -> None:
        self._stage, self._left, self._last, self.stopped = "", TimeLeft(0), 0.0, False

    def start(self, stage: str, total: int, done: int = 0, unit: str = "") -> None:
        self._stage, self._left = stage, TimeLeft(total, done)

    def advance(self, amount: int = 1) -> None:
        self._left.advance(amount)
        if sys.stderr.isatty() and time.monotonic() - self._last >= SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            seconds = self._left.seconds()
            left = "" if seconds is None else f", {format_seconds(seconds)} left"
            typer.echo(f"\r\033[K{self._stage} {self._left.done:,} of {self._left.total:,}{left}", err=True, nl=False)

    def log(self, message: str) -> None:
        self.clear()
        typer.echo(message, err=True)

    def clear(self) -> None:
        if sys.stderr.isatty():
            typer.echo("\r\033[K", err=True, nl=False)

    def cancelled(self) -> bool:
        return self.stopped


@contextmanager
def _terminal() -> Iterator[_Terminal]:
    reporter = _Terminal()

    def stop(*_: Any) -> None:
        if reporter.stopped:
            raise KeyboardInterrupt
        reporter.stopped = True

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield reporter
    finally:
        signal.signal(signal.SIGINT, before)
        reporter.clear()


def print_report(report: Report) -> None:
    """A validation as tables on the terminal."""
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 1000)
    unknown = f", unknown for {report.unknown:,} of them" if report.unknown else ""
    console.print(
        f"[bold]{escape(report.data)}[/bold]: {report.rationales:,} rationales, {report.tokens:,} visible tokens; "
        f"truth: {report.truth}{unknown}",
        highlight=False,
    )
    for said in predictor_sentences(report):
        console.print(said, highlight=False)
    console.print(_auc_table(report))
    for title, rows, label in (("kind", report.classes, "kind"), ("role", report.roles, "role")):
        if rows:
            console.print(_means_table(title, rows, label))
    console.print(_means_table("frequent word", report.words[:WORDS_SHOWN], "word"))
    if report.agreement:
        console.print(_agreement_table(report))


def _auc_table(report: Report) -> Table:
    names = [name for name in SCORE_NAMES if any(row["score"] == name for row in report.aucs)]
    table = Table("AUC", "tokens", "against", *(SCORE_NAMES[name] for name in names), "over the best", box=None)
    for target in dict.fromkeys(row["target"] for row in report.aucs):
        own, best = report.auc_of(target), report.best_baseline(target)
        assert own is not None and best is not None
        cells = []
        for name in names:
            row = report.auc_of(target, name)
            assert row is not None
            cells.append(f"{_figure(row['auc'])} ({_figure(row['low'])} to {_figure(row['high'])})")
        counts = (f"{own['positives']:,}", f"{own['negatives']:,}")
        table.add_row(TARGET_NAMES[target], *counts, *cells, over_baseline(best))
    return table


def _means_table(title: str, rows: list[dict[str, Any]], label: str) -> Table:
    table = Table(title, "tokens", "mean weight", "spread", box=None)
    for row in rows:
        name = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in row[label])
        table.add_row(escape(name), f"{row['count']:,}", _figure(row["weight"]), _figure(row["spread"]))
    return table


def _agreement_table(report: Report) -> Table:
    table = Table("run", "and run", *AGREEMENT_COLUMNS.values(), box=None)
    for row in report.agreement:
        counts = [f"{row[name]:,}" for name in ("questions", "tokens")]
        figures = [_figure(row[name]) for name in list(AGREEMENT_COLUMNS)[2:]]
        table.add_row(escape(row["first"]), escape(row["second"]), *counts, *figures)
    return table


def _figure(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"

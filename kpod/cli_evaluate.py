"""The command `evaluate`: a finished run measured on further sets of questions."""

from __future__ import annotations

from typing import Annotated, Any

import typer
import yaml

from kpod.cli_arguments import RunArgument, accuracy_text, find_run
from kpod.config_yaml import read_value
from kpod.errors import InputError


def evaluate(
    run: RunArgument,
    on: Annotated[
        list[str],
        typer.Option(
            "--on", metavar="SOURCE", help="A source as in data.source, or as '{source: FILE, limit: 200}'; repeatable."
        ),
    ],
    task: Annotated[str | None, typer.Option(help="How answers are read; none: guessed from the source.")] = None,
    split: Annotated[
        str | None, typer.Option(help="Split to measure on; none: test where there is one, else every question.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="First so many questions of every set.", min=1)] = None,
) -> None:
    """Measure a finished run on further sets, such as ones unlike its training data; nothing is trained again."""
    opened = find_run(run)
    given = {name: value for name, value in (("task", task), ("split", split), ("limit", limit)) if value is not None}
    from kpod.further_evaluation import evaluate_on

    evaluate_on(opened, [_set_of(text, given) for text in on])
    for name, figures in (opened.state.summary.get("accuracy_by_set") or {}).items():
        typer.echo(f"{name}: {accuracy_text(figures)}")


def _set_of(text: str, given: dict[str, Any]) -> dict[str, Any]:
    """A set of a source alone, or of a mapping of settings; what stands in there goes before the options."""
    values: Any = text
    if text.lstrip().startswith("{"):
        try:
            values = read_value(text)
        except yaml.YAMLError as error:
            raise InputError(
                f"--on {text!r} is not valid YAML ({error}). Give a source, or {{source: FILE}}."
            ) from error
    return given | (values if isinstance(values, dict) else {"source": values})

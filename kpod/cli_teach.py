"""The command `teach`: rationales of a teacher, from an endpoint or from a checkpoint on this machine."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from kpod.errors import InputError
from kpod.progress import format_seconds
from kpod.teaching.options import TeachOptions, make_options, read_assignment, read_options
from kpod.teaching.progress import TeachState

FAILURES_EXIT, COST_LIMIT_EXIT = 1, 3
LINE_SECONDS = 10.0  # between lines where there is no terminal to redraw
REFRESHES_A_SECOND = 4


def teach(
    source: Annotated[str | None, typer.Argument(help="Questions: a file, shipped:NAME, or any other source.")] = None,
    out: Annotated[str | None, typer.Option(metavar="FILE.jsonl", help="What to write.")] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML or JSON file of options; those here count first.")] = None,
    base_url: Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint, with its /v1.")] = None,
    model: Annotated[str | None, typer.Option(help="The teacher's name at the endpoint.")] = None,
    local: Annotated[
        str | None, typer.Option(metavar="STUDENT", help="A checkpoint here instead: name, folder or hub id.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only the questions of this split.")] = None,
    limit: Annotated[int | None, typer.Option(help="First so many questions.")] = None,
    samples: Annotated[int | None, typer.Option(help="Answers a question.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any other option; repeatable.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Say how much would be asked, and what it costs at most.")] = False,
    collect: Annotated[bool, typer.Option(help="Write FILE from the answers that are there; ask nothing.")] = False,
    describe: Annotated[bool, typer.Option(help="List all options with their defaults.")] = False,
) -> None:
    """Have a teacher write rationales for questions; stopped or killed, the same command goes on where it was.

    The key comes from the environment (OPENAI_API_KEY, or --set api_key_variable=NAME) and is written nowhere.

    Exit status: 0 all answered, 1 some questions failed, 3 cost limit, 130 stopped.
    """
    if describe:
        _print_options()
        return
    given = {"source": source, "out": out, "base_url": base_url, "model": model, "split": split, "limit": limit}
    options = _options(config, given | {"samples": samples}, local, settings or [])
    from kpod.teaching import teach as teaching

    if dry_run:
        _print_estimate(options, teaching.estimate(options))
        return
    with _Display() as display:
        if collect:
            ended = teaching.collect(options, log=display.log)
        else:
            ended = teaching.teach(options, show=display.show, log=display.log)
    typer.echo(f"{ended.out}: {ended.summary.sentence()}.")
    if ended.status == "cost limit":
        typer.echo("The cost limit leaves no room for another request; raise cost_limit to go on.", err=True)
        raise typer.Exit(COST_LIMIT_EXIT)
    if ended.status == "finished with failures":
        typer.echo("Run the same command again to ask once more for what failed.", err=True)
        raise typer.Exit(FAILURES_EXIT)


def _options(config: Path | None, given: dict[str, Any], local: str | None, assignments: list[str]) -> TeachOptions:
    """Options of the file, then of `--set`, then of the named ones."""
    values = read_options(config) if config is not None else {}
    values |= dict(read_assignment(assignment) for assignment in assignments)
    values |= {name: value for name, value in given.items() if value is not None}
    if local is not None:
        if given["model"] is not None or given["base_url"] is not None:
            raise InputError("--local is a checkpoint on this machine; leave --model and --base-url away.")
        values["model"] = local
        if values.get("backend", "endpoint") == "endpoint":
            values["backend"] = "transformers"
    return make_options(values)


class _Display:
    """Progress on the standard error stream: one line that is redrawn on a terminal, else a line now and then."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self._live = Live(console=self._console, transient=True, auto_refresh=False)
        self._last = float("-inf")

    def __enter__(self) -> _Display:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def log(self, message: str) -> None:
        self._console.print(Text(_plain(message)))

    def show(self, state: TeachState) -> None:
        terminal = self._console.is_terminal
        if time.monotonic() - self._last < (1 / REFRESHES_A_SECOND if terminal else LINE_SECONDS):
            return
        self._last = time.monotonic()
        line = Text(_plain(progress_line(state)), no_wrap=True, overflow="ellipsis")
        if terminal:
            self._live.update(line, refresh=True)
        else:
            self._console.print(line)


def progress_line(state: TeachState) -> str:
    """Answers, time left, cost, and what went wrong last."""
    parts = [f"{state.done} of {state.total} {state.unit}"]
    if state.failed:
        parts.append(f"{state.failed} failed")
    if state.seconds_left is not None:
        parts.append(f"{format_seconds(state.seconds_left)} left")
    if state.cost is not None:
        limit = "" if state.cost_limit is None else f" of at most {state.cost_limit:g}"
        parts.append(f"cost {state.cost:.4f}{limit}")
    parts.append(f"{state.prompt_tokens + state.completion_tokens:,} tokens")
    if state.retries:
        parts.append(f"{state.retries} retries")
    if state.last_error:
        parts.append(f"last error: {state.last_error}")
    return ", ".join(parts)


def _print_estimate(options: TeachOptions, found: Any) -> None:
    typer.echo(
        f"{found.questions} questions, {options.samples} samples each: {found.requests} requests to "
        f"{options.model}, {found.answered} answers are there already."
    )
    typer.echo(
        f"Prompts: about {found.prompt_tokens:,} tokens (4 characters each). Answers: at most "
        f"{found.most_completion_tokens:,} tokens ({options.max_tokens} each)."
    )
    if found.most_cost is None:
        typer.echo("Cost: unknown; --set input_price=... and output_price=... (of a million tokens) tell it.")
    else:
        typer.echo(f"Cost: at most about {found.most_cost:.4f}.")


def _print_options() -> None:
    for name, field in TeachOptions.model_fields.items():
        unit = (field.json_schema_extra or {}).get("unit")  # type: ignore[union-attr]
        default = "needed" if field.is_required() else f"default {'none' if field.default is None else field.default}"
        typer.echo(f"{name}: {field.description} ({f'{unit}, ' if unit else ''}{default})")


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)

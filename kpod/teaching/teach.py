"""Rationales of a teacher, from beginning to end: journal, backend, progress, and the file that is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from kpod.artefacts import disk_errors
from kpod.errors import InputError, RunCancelled
from kpod.tasks.base import Task
from kpod.teaching.costs import prices_of
from kpod.teaching.credentials import Credentials, read_credentials
from kpod.teaching.files import TeachFiles
from kpod.teaching.generation import Generation
from kpod.teaching.journal import Journal
from kpod.teaching.options import TeachOptions
from kpod.teaching.progress import Status, TeachProgress, TeachState
from kpod.teaching.rationales import Summary, write_rationales
from kpod.teaching.requests import TaughtQuestion, all_requests, answering_settings, read_taught
from kpod.teaching.stopping import StopWish

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Taught:
    """How a sitting ended, and what the written file holds."""

    status: Status
    summary: Summary
    out: Path


@dataclass(frozen=True)
class Estimate:
    """Of what is still to ask, before anything is asked. Tokens of prompts are a rule of thumb (4 characters each)."""

    questions: int
    requests: int
    answered: int
    prompt_tokens: int
    most_completion_tokens: int
    most_cost: float | None


def teach(
    options: TeachOptions,
    *,
    show: Callable[[TeachState], None] = lambda state: None,
    log: Callable[[str], None] = lambda message: None,
) -> Taught:
    """Ask for every answer that the journal lacks, and write the file.

    Where `options.out` has a journal, it is continued. Raises InputError for a mistake or an endpoint that takes no
    request, RunCancelled where a stop was wished for (the journal is then whole, and the file not written).
    """
    files = TeachFiles(Path(options.out).expanduser())
    with _held(files):
        credentials = read_credentials(options) if options.backend == "endpoint" else Credentials(None)
        if options.backend == "endpoint":
            _mind_the_wire(options, credentials, log)
        options = _settled(options, log)
        taught, task = read_taught(options)
        journal = _opened_journal(options, files, taught, log)
        progress = TeachProgress(files.progress, show)
        files.cancel.unlink(missing_ok=True)  # a wish of before this start
        stop = StopWish(files.cancel)
        try:
            with stop.signals():
                generation = Generation(options, taught, task, journal, progress, stop, log)
                _ask(generation, credentials)
            return _ended(generation, taught, task, files)
        except RunCancelled:
            raise
        except BaseException as error:
            progress.end("failed", str(error) or type(error).__name__)
            raise
        finally:
            journal.close()
            files.cancel.unlink(missing_ok=True)


def collect(options: TeachOptions, *, log: Callable[[str], None] = lambda message: None) -> Taught:
    """Write the file from the journal as it stands, and ask nothing. Raises InputError where there is no journal."""
    files = TeachFiles(Path(options.out).expanduser())
    with _held(files):
        if not files.journal.is_file():
            raise InputError(f"There is no journal {files.journal}, so nothing was answered yet. Leave --collect away.")
        options = _settled(options, log)
        taught, task = read_taught(options)
        summary = _written(options, taught, task, Journal(files.journal), files)
    return Taught("finished", summary, files.out)


def estimate(options: TeachOptions) -> Estimate:
    """What is to ask, and what it costs at most; asks nothing and writes nothing."""
    taught, _ = read_taught(options)
    files = TeachFiles(Path(options.out).expanduser())
    answered = Journal(files.journal).answers if files.journal.is_file() and options.changed != "restart" else {}
    every = list(all_requests(taught, options.samples))
    missing = [request for request in every if request.key not in answered]
    prompt_tokens, prices = sum(request.prompt_tokens for request in missing), prices_of(options)
    most = options.max_tokens * len(missing)
    cost = None if prices is None else prices.cost(prompt_tokens, most)
    return Estimate(len(taught), len(missing), len(every) - len(missing), prompt_tokens, most, cost)


@contextmanager
def _held(files: TeachFiles) -> Iterator[None]:
    """One process works on a file at a time."""
    folder = files.out.parent
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder} to write {files.out.name} in. Make it, or name another file.")
    lock = FileLock(files.lock)
    with disk_errors(files.lock.name, folder):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise InputError(
                f"Another process is working on {files.out}. Wait for it, or stop it by making {files.cancel}."
            ) from None
    try:
        yield
    finally:
        lock.release()


def _settled(options: TeachOptions, log: Callable[[str], None]) -> TeachOptions:
    if options.backend == "endpoint":
        return options
    from kpod.teaching.local_model import settle_api

    return settle_api(options, log)


def _mind_the_wire(options: TeachOptions, credentials: Credentials, log: Callable[[str], None]) -> None:
    parts = urlsplit(options.base_url)
    if credentials.key and parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS:
        log(
            f"The key in {credentials.variable} goes to {parts.hostname} unencrypted (http). "
            "Set api_key_variable to null where that server wants none."
        )


def _opened_journal(
    options: TeachOptions, files: TeachFiles, taught: Sequence[TaughtQuestion], log: Callable[[str], None]
) -> Journal:
    if not files.journal.is_file() and files.out.exists():
        raise InputError(
            f"{files.out} exists, and no journal of a generation is beside it. It is not overwritten: name another "
            "file, or move it away."
        )
    journal, settings = Journal(files.journal), answering_settings(options)
    change = _change(journal, settings, taught)
    if change and options.changed == "refuse":
        raise InputError(
            f"{files.journal} was begun with other settings: {change}. Go back to them, name another file, or set "
            "changed to keep (its answers stay, and the missing ones are asked for as set now) or restart (it is set "
            "aside, and everything is asked again)."
        )
    if change and options.changed == "restart":
        aside = files.journal_aside()
        os.replace(files.journal, aside)
        log(f"Starting over; the old journal is {aside}.")
        journal = Journal(files.journal)
    journal.begin(settings)
    if journal.answers:
        log(f"Continuing {files.journal}: {len(journal.answers)} answers are there and not asked for again.")
    return journal


def _change(journal: Journal, settings: dict[str, Any], taught: Sequence[TaughtQuestion]) -> str:
    """What differs from what the journal's answers came from; empty where nothing does."""
    if journal.settings is None:
        return ""
    before = journal.settings
    names = [name for name in {**before, **settings} if before.get(name) != settings.get(name)]
    if names:
        return ", ".join(f"{name} was {before.get(name)!r} and is {settings.get(name)!r}" for name in names)
    now = {each.question.id: each.request_hash for each in taught}
    other = [key[0] for key, request in journal.hashes.items() if now.get(key[0], request) != request]
    if other:
        return f"the questions of {len(set(other))} ids read otherwise now, {other[0]!r} among them"
    return ""


def _ask(generation: Generation, credentials: Credentials) -> None:
    backend = generation.options.backend
    if backend == "endpoint":
        from kpod.teaching.asking import ask_endpoint

        ask_endpoint(generation, credentials)
    elif backend == "transformers":
        from kpod.teaching.local_model import ask_local_model

        ask_local_model(generation)
    else:
        from kpod.teaching.vllm_engine import ask_vllm

        ask_vllm(generation)


def _ended(generation: Generation, taught: Sequence[TaughtQuestion], task: Task, files: TeachFiles) -> Taught:
    """Write the file where every sample is answered or given up, or the cost limit is reached."""
    progress, state = generation.progress, generation.progress.state
    if state.done + state.failed < state.total and not generation.cost_limit_reached:
        progress.end("stopped")
        raise RunCancelled(
            f"Stopped with {state.done} of {state.total} answers, all in {files.journal}. Run the same command again "
            "to go on; nothing is asked twice."
        )
    summary = _written(generation.options, taught, task, generation.journal, files)
    status: Status = "finished with failures" if state.failed else "finished"
    if generation.cost_limit_reached:
        status = "cost limit"
    progress.end(status)
    return Taught(status, summary, files.out)


def _written(
    options: TeachOptions, taught: Sequence[TaughtQuestion], task: Task, journal: Journal, files: TeachFiles
) -> Summary:
    teacher = options.model if options.backend == "endpoint" else Path(options.model).name
    return write_rationales(
        files.out,
        taught,
        task,
        journal,
        samples=options.samples,
        teacher=teacher,
        plain=options.api == "completions",
    )

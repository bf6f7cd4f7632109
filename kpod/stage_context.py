"""What every pipeline stage gets: the run, its configuration, where to report, and the student's folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from transformers import AutoConfig

from kpod import methods
from kpod.config import RunConfig
from kpod.data_sources import DataSource
from kpod.distillation.adapter import with_saved_adapter
from kpod.distillation.student_weights import FOLDERS
from kpod.errors import InputError
from kpod.evaluation_sets import MeasuredSet
from kpod.preparation import Example, examples_of_tables
from kpod.progress import Reporter
from kpod.run_curriculum import question_cuts
from kpod.run_reporter import RunReporter
from kpod.run_store import Run
from kpod.students.loading import context_length, load_student, load_tokenizer
from kpod.students.registry import Family, read_family
from kpod.tensorboard_events import events_folder, with_tensorboard


@dataclass
class Context:
    """The run, its configuration, where to report, the student's folder and where questions come from."""

    run: Run
    config: RunConfig
    reporter: RunReporter
    student_folder: Path
    source: DataSource
    evaluation_sets: list[MeasuredSet]
    fingerprint: str = ""  # of the stage at work: checkpoints of other inputs are not its own

    @cached_property
    def tokenizer(self) -> Any:
        return load_tokenizer(self.student_folder)

    @cached_property
    def family(self) -> Family:
        return read_family(self.student_folder)

    @cached_property
    def context_length(self) -> int | None:
        """The most tokens that the student takes; None where its configuration sets no limit."""
        try:
            return context_length(AutoConfig.from_pretrained(self.student_folder, local_files_only=True))
        except (OSError, ValueError, KeyError) as error:
            raise InputError(
                f"{self.student_folder} holds no model that transformers knows ({str(error).splitlines()[0]}). "
                "Give another student.name."
            ) from error

    @cached_property
    def questions(self) -> pd.DataFrame:
        """The table of questions as `prepare` wrote it; clusters are read afresh where they are used."""
        return self.run.questions

    @cached_property
    def examples(self) -> list[Example]:
        """The training examples, in the order of `question_index`."""
        return examples_of_tables(self.questions, self.run.steps, self.tokenizer, self.family)

    @property
    def method(self) -> methods.Method:
        return methods.get(self.config.method)

    @property
    def dtype(self) -> str:
        """The student's number format: what the run began with, which `auto` stood for."""
        return self.run.state.input_hashes.get("dtype", self.config.student.dtype)

    def load_student(self) -> Any:
        """The student before distillation, anew: mask learning and training change theirs."""
        return load_student(self.student_folder, dtype=self.dtype, device=self.config.student.device)[0]

    def load_trained_student(self) -> Any:
        """The student after distillation."""
        tuning = self.config.distillation.tuning
        folder = self.run.folder / FOLDERS[tuning]
        if tuning == "full":
            return load_student(folder, dtype=self.dtype, device=self.config.student.device)[0]
        return with_saved_adapter(self.load_student(), folder)

    @contextmanager
    def training_reporter(self, stage: str) -> Iterator[Reporter]:
        """Where a stage that trains reports: its metrics become TensorBoard events too, unless that is off."""
        if not self.config.distillation.tensorboard:
            yield self.reporter
            return
        with with_tensorboard(self.reporter, events_folder(self.run.folder, stage)) as both:
            yield both

    def checkpoints(self, stage: str) -> Path:
        return self.run.folder / "checkpoints" / f"{stage}-{self.fingerprint[:12]}"

    def by_question(self, column: str) -> list[np.ndarray]:
        """A column of the tokens, one array a training question."""
        tokens = self.run.table("tokens", columns=["question_index", column])
        return np.split(tokens[column].to_numpy(), question_cuts(tokens))

    def summarise(self, **figures: Any) -> None:
        """Add figures to the run's summary; the stage's inputs name them, so that they go when the stage does."""
        self.run.update(summary=self.run.state.summary | figures)

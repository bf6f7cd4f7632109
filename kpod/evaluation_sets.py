"""The sets of questions that a run is measured on: the one of its own data, and any further ones.

The first set is in distribution: `data.evaluation_source`, else the run's own source. Further ones are those of
`data.evaluation_sets`, such as SVAMP for a student that learned from GSM8K. Every question has an id of its own, and
every set a name, by which predictions and results tell them apart. No torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kpod.config import DataSettings, EvaluationSet
from kpod.data_sources import DataSource, find_source
from kpod.errors import InputError
from kpod.preparation import choose_evaluation
from kpod.records import Question
from kpod.tasks.base import Duplicates

USUAL_SPLIT = "test"


@dataclass(frozen=True)
class MeasuredSet:
    """A set to measure on, before it is read. `setting`: where it stands in the configuration, for messages."""

    source: DataSource
    given: str
    setting: str
    split: str | None
    limit: int | None
    task: str | None
    fields: Mapping[str, str] | None
    duplicates: Duplicates
    name: str | None = None

    def inputs(self) -> dict[str, Any]:
        """The settings that its questions depend on."""
        fields = None if self.fields is None else dict(self.fields)
        return {"name": self.name, "task": self.task, "split": self.split, "limit": self.limit, "fields": fields}

    def load(self, tell: Callable[[str], None] | None = None) -> LoadedSet:
        """Its questions, its name and its task; `tell` gets what is to be known of the source.

        Raises InputError where there are none, or the source is no good.
        """
        questions, task = self.source.questions(self.task, self.duplicates, self.fields, tell)
        split = self.split
        if split is None:
            with_split = any(question.split == USUAL_SPLIT for question in questions)
            split = USUAL_SPLIT if with_split else "all"
            questions = questions if with_split else [replace(question, split="all") for question in questions]
        chosen = choose_evaluation(questions, split=split, limit=self.limit, setting=self.setting)
        return LoadedSet(self.name or f"{self.source.label}:{split}", task, chosen)


@dataclass(frozen=True)
class LoadedSet:
    """The questions of a set, what results call it, and the task that reads its answers."""

    name: str
    task: str
    questions: list[Question]


def sets_of(data: DataSettings) -> list[MeasuredSet]:
    """All sets that the settings name, the one in distribution first. Raises InputError for a source that is none."""
    other = data.evaluation_source
    first = MeasuredSet(
        find_source(other or data.source),
        other or data.source,
        "data.evaluation_split or data.evaluation_source",
        data.evaluation_split,
        data.evaluation_limit,
        data.task,
        data.evaluation_fields if other else data.fields,
        data.duplicates,
    )
    return [first, *(_further(entry, data.duplicates) for entry in data.evaluation_sets or ())]


def _further(entry: EvaluationSet, duplicates: Duplicates) -> MeasuredSet:
    settings = entry.model_dump(exclude={"source"})
    return MeasuredSet(
        find_source(entry.source), entry.source, "data.evaluation_sets", duplicates=duplicates, **settings
    )


def load_sets(sets: Sequence[MeasuredSet], tell: Callable[[str], None] | None = None) -> list[LoadedSet]:
    """The sets with their questions; an id of an earlier set becomes `NAME/ID`. `tell` as for `MeasuredSet.load`.

    Raises InputError for a name twice.
    """
    loaded: list[LoadedSet] = []
    for measured in sets:
        found = measured.load(tell)
        if any(found.name == other.name for other in loaded):
            raise InputError(
                f"Two sets to measure on are called {found.name!r}, the second from {measured.source.place}. Give one "
                "of data.evaluation_sets a name of its own, or take it out."
            )
        taken = {question.id for other in loaded for question in other.questions}
        questions = [
            replace(question, id=f"{found.name}/{question.id}") if question.id in taken else question
            for question in found.questions
        ]
        loaded.append(replace(found, questions=questions))
    return loaded

"""Ready-made configurations."""

from __future__ import annotations

import pytest

from kpod import methods, presets, tasks
from kpod.data_sources import find_source
from kpod.errors import InputError
from kpod.students.registry import find_student
from kpod.tasks.base import questions_from_rows


@pytest.mark.parametrize("name", presets.PRESETS)
def test_every_preset_names_what_exists(name):
    config = presets.get(name)
    methods.get(config.method)
    find_student(config.student.name)
    tasks.get(config.data.task)
    assert presets.PRESETS[name].__doc__


def test_the_example_runs_on_what_is_shipped():
    config = presets.get("example")
    source = find_source(config.data.source)
    questions = questions_from_rows(source.rows(), tasks.get(config.data.task), source.place)
    learned = [question for question in questions if question.split == config.data.train_split and question.rationale]
    assert len(learned) >= config.clustering.num_clusters
    assert any(question.split == config.data.evaluation_split for question in questions)


def test_an_unknown_preset_is_named_with_the_nearest():
    with pytest.raises(InputError, match=r"'exmaple' is no preset\. Did you mean example\? There are nano, example"):
        presets.get("exmaple")

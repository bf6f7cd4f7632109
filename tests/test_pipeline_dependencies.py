"""Which stages run again for which setting."""

from __future__ import annotations

import pytest

from kpod import pipeline, presets
from kpod.config import override
from kpod.pipeline import pipeline_of
from kpod.stage_cache import fingerprints

OF_THE_EVALUATION_SET = ("evaluation set", "map", "evaluate base", "evaluate")
LEARNING = ("prepare", "cluster", "weights", "losses", "difficulty", "schedule", "distill")
ALL = (*LEARNING, *OF_THE_EVALUATION_SET)
AFTER_SCHEDULE = ("schedule", "distill", "evaluate")
OF_THE_TRAINING_SET = tuple(name for name in ALL if name not in ("evaluation set", "evaluate base"))
NO_STUDENT = ("prepare", "evaluation set", "cluster", "map")
HASHES = {"student": "s", "dtype": "float32", "data": "d", "evaluation": "e", "evaluation set more.jsonl": "m"}


def wanted(config, hashes=HASHES):
    stages = pipeline_of(config, hashes)
    prints = fingerprints([stage.inputs for stage in stages])
    return {stage.name: prints[stage.name] for stage in stages if stage.needed}


@pytest.mark.parametrize(
    ("setting", "stages"),
    [
        ("name=Another", ()),
        ("distillation.checkpoint_seconds=5", ()),
        ("evaluation.batch_size=2", ()),
        ("data.train_limit=5", OF_THE_TRAINING_SET),
        ("data.wrong_rationales=keep", OF_THE_TRAINING_SET),
        ("data.evaluation_limit=1", OF_THE_EVALUATION_SET),
        ("data.evaluation_split=dev", OF_THE_EVALUATION_SET),
        ("data.evaluation_sets=[more.jsonl]", OF_THE_EVALUATION_SET),
        ("data.evaluation_sets=[{source: more.jsonl, limit: 2}]", OF_THE_EVALUATION_SET),
        ("data.evaluation_sets=[]", ()),
        ("data.task=svamp", ALL),
        ("data.duplicates=first", ALL),
        ("data.fields={question: prompt}", ALL),
        ("steps.mode=paper", OF_THE_TRAINING_SET),
        ("student.max_tokens=99", OF_THE_TRAINING_SET),
        ("student.dtype=bfloat16", ()),  # what counts is the format that it comes to
        ("clustering.embedding=student", ("cluster", "map", *AFTER_SCHEDULE)),
        ("seed=1", ("cluster", "map", "weights", "difficulty", "schedule", "distill", "evaluate")),
        ("clustering.num_clusters=2", ("cluster", "map", *AFTER_SCHEDULE)),
        ("weights.epochs=3", ("weights", "difficulty", *AFTER_SCHEDULE)),
        ("weights.temperature=0.7", ("weights", "difficulty", *AFTER_SCHEDULE)),
        ("weights.max_questions=5", ("weights", "difficulty", *AFTER_SCHEDULE)),
        ("difficulty.temperature=2", ("difficulty", *AFTER_SCHEDULE)),
        ("curriculum.power=1", AFTER_SCHEDULE),
        ("curriculum.num_stages=2", AFTER_SCHEDULE),
        ("distillation.learning_rate=1e-4", ("distill", "evaluate")),
        ("distillation.probe_questions=2", ("distill", "evaluate")),
        ("distillation.weight_floor=0.2", ("distill", "evaluate")),
        ("distillation.accumulation=2", ("distill", "evaluate")),
        ("distillation.length=tokens", ("distill", "evaluate")),
        ("distillation.tuning=full", ("distill", "evaluate")),
        ("distillation.tensorboard=false", ()),
        # T is half the epochs, so the schedule goes with them.
        ("distillation.epochs=6", AFTER_SCHEDULE),
        ("evaluation.max_new_tokens=9", ("evaluate base", "evaluate")),
        ("evaluation.samples=5", ("evaluate base", "evaluate")),
        ("evaluation.temperature=0.9", ()),  # without samples nothing is drawn
        ("method=plain", ("difficulty", *AFTER_SCHEDULE)),
        ("method=kpod-sig", ("difficulty", *AFTER_SCHEDULE)),
        ("method=kpod-sig-dif", ("difficulty", *AFTER_SCHEDULE)),
        ("method=kpod-prog", AFTER_SCHEDULE),
        ("method=kpod-div", AFTER_SCHEDULE),
        ("method=kpod+acl", AFTER_SCHEDULE),
        ("method=kpod+random", AFTER_SCHEDULE),
        ("method=plain+icl", ("difficulty", *AFTER_SCHEDULE)),
        ("method=answer-only", ("difficulty", *AFTER_SCHEDULE)),
        ("method=mcc-kd", ("further rationales", "difficulty", *AFTER_SCHEDULE)),
        ("method=scott", ("further rationales", "difficulty", *AFTER_SCHEDULE)),
        ("evaluation.base_student=false", ()),
    ],
)
def test_a_changed_setting_reruns_exactly_what_depends_on_it(setting, stages):
    config = presets.get("example")
    before, after = wanted(config), wanted(override(config, [setting]))
    assert {name for name in after if after[name] != before.get(name)} == set(stages)


def test_runs_of_before_a_setting_are_still_up_to_date():
    """A setting that came later is no part of what a stage was made of where it says what all runs did before."""
    stages = {stage.name: stage.inputs.values for stage in pipeline_of(presets.get("example"), HASHES)}
    assert not {"length", "accumulation", "tuning", "tensorboard", "objective", "curriculum"} & set(stages["distill"])
    assert "curriculum" not in stages["schedule"]
    assert not {"max_questions", "reduction", "predictor", "encoding"} & set(stages["weights"])


def test_weights_of_another_version_of_mask_learning_are_learned_anew(monkeypatch):
    """Equal settings meant other weights then: none goes on from them, or takes them over."""
    before = wanted(presets.get("example"))
    monkeypatch.setattr(pipeline, "MASK_LEARNING_VERSION", 1)
    after = wanted(presets.get("example"))
    assert {name for name in after if after[name] != before[name]} == {"weights", "difficulty", *AFTER_SCHEDULE}


def test_what_a_method_does_not_need_is_left_out():
    config = presets.get("example")
    assert set(wanted(config)) == set(ALL)
    assert set(ALL) - set(wanted(override(config, ["method=plain"]))) == {"weights"}
    assert set(ALL) - set(wanted(override(config, ["evaluation.base_student=false"]))) == {"evaluate base"}


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("data", OF_THE_TRAINING_SET),
        ("evaluation", OF_THE_EVALUATION_SET),
        ("evaluation set more.jsonl", OF_THE_EVALUATION_SET),
        ("student", set(ALL) - {"evaluation set"}),
        ("dtype", set(ALL) - set(NO_STUDENT)),
    ],
)
def test_another_file_reruns_exactly_what_reads_it(name, stages):
    config = override(presets.get("example"), ["data.evaluation_sets=[more.jsonl]"])
    before, after = wanted(config), wanted(config, HASHES | {name: "x"})
    assert {stage for stage in after if after[stage] != before[stage]} == set(stages)


def test_columns_are_named_for_each_source_by_itself():
    """Those of the source are no matter to another one to measure on, and the other way round."""
    config = override(presets.get("example"), ["data.evaluation_source=other.jsonl"])
    for setting, stages in (
        ("data.fields={question: prompt}", OF_THE_TRAINING_SET),
        ("data.evaluation_fields={question: prompt}", OF_THE_EVALUATION_SET),
    ):
        before, after = wanted(config), wanted(override(config, [setting]))
        assert {name for name in after if after[name] != before[name]} == set(stages), setting


def test_draws_depend_on_the_seed():
    config = override(presets.get("example"), ["evaluation.samples=5"])
    before = wanted(config)
    for setting in ("seed=1", "evaluation.temperature=0.9"):
        after = wanted(override(config, [setting]))
        assert after["evaluate base"] != before["evaluate base"], setting


def test_clusters_by_the_students_embedding_depend_on_its_arithmetic():
    config = override(presets.get("example"), ["clustering.embedding=student"])
    before, after = wanted(config), wanted(config, HASHES | {"dtype": "bfloat16"})
    assert before["cluster"] != after["cluster"] and before["map"] != after["map"]

"""Which runs stand beside a run at which setting, and the accuracies there."""

from __future__ import annotations

import pandas as pd

from kpod.config import make_config
from kpod.results import BASE, DISTILLED
from kpod.sensitivity import sensitivity_table
from kpod.statistics import wilson_interval

BASIS = {"name": "Basis", "data": {"source": "made.jsonl"}, "student": {"name": "tiny"}}


def measured(right: int, evaluation_set: str = "made:test", **sections):
    """A configuration with `sections` changed, and answers of ten questions: all wrong before, `right` right after."""
    config = make_config({**BASIS, **sections})
    frames = [
        pd.DataFrame({"evaluation_set": evaluation_set, "student": student, "correct": [i < count for i in range(10)]})
        for student, count in ((BASE, 0), (DISTILLED, right))
    ]
    return config, pd.concat(frames, ignore_index=True)


def test_a_run_that_differs_in_one_setting_stands_beside_the_chosen_one():
    table = sensitivity_table(measured(6), {"a": measured(8, name="Other", curriculum={"delta_s": 3})})
    assert table["setting"].unique().tolist() == ["curriculum.delta_s"]
    assert table[["value", "key", "correct", "accuracy"]].to_numpy().tolist() == [[1, None, 6, 0.6], [3, "a", 8, 0.8]]
    assert table[["low", "high"]].iloc[1].tolist() == list(wilson_interval(8, 10))


def test_runs_that_differ_in_two_settings_or_in_none_say_nothing():
    two = measured(8, curriculum={"delta_s": 3}, clustering={"num_clusters": 2})
    assert sensitivity_table(measured(6), {"two": two, "same": measured(5, name="Again")}).empty


def test_other_seeds_stand_at_the_chosen_value_of_every_setting():
    others = {
        "wide": measured(8, curriculum={"delta_s": 3}),
        "wide again": measured(7, curriculum={"delta_s": 3}, seed=1),
        "seed": measured(5, seed=1),
        "plain": measured(4, method="plain"),
    }
    table = sensitivity_table(measured(6), others)
    delta = table[table["setting"] == "curriculum.delta_s"]
    assert delta[["value", "seed", "correct"]].to_numpy().tolist() == [[1, 0, 6], [1, 1, 5], [3, 0, 8], [3, 1, 7]]
    method = table[table["setting"] == "method"]
    assert method["value"].tolist() == ["kpod", "kpod", "plain"]


def test_values_are_sorted_by_size_and_what_is_not_set_comes_first():
    others = {str(n): measured(5, curriculum={"num_stages": n}) for n in (10, 9, 2)}
    assert sensitivity_table(measured(6), others)["value"].tolist() == [None, 2, 9, 10]


def test_a_run_measured_on_other_questions_alone_is_left_out():
    other = measured(8, "elsewhere:test", curriculum={"delta_s": 3})
    table = sensitivity_table(measured(6), {"a": other})
    assert set(table["evaluation_set"]) <= {"made:test"} and not len(table[table["key"] == "a"])

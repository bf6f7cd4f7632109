"""What an ablation varies: how it is written, what it makes of a configuration, and what is refused."""

from __future__ import annotations

import pytest

from kpod import presets
from kpod.ablation_variations import Variation, check_variations, parse_variation, varied
from kpod.config import override
from kpod.errors import InputError

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("text", "setting", "values"),
    [
        ("small_world.filler_share=0, 0.5,1", "small_world.filler_share", ("0", "0.5", "1")),
        ("distillation.epochs=[2, 4]", "distillation.epochs", ("2", "4")),
        ('data.source=["small_world:test=2,seed=3", "x"]', "data.source", ("small_world:test=2,seed=3", "x")),
    ],
)  # fmt: skip
def test_how_it_is_written(text, setting, values):
    assert parse_variation(text) == Variation(setting, values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("small_world.filler_share", "write a setting and its values"),
        ("=1,2", "write a setting and its values"),
        ("seed=1,,2", "each once and none empty"),
        ("distillation.epochs=1,1", "each once"),
        ("distillation.epochs=[1, 2", "no list in YAML"),
        ("distillation.epochs=[]", "at least one"),
    ],
)
def test_what_is_not_understood(text, message):
    with pytest.raises(InputError, match=message):
        parse_variation(text)


def test_a_setting_takes_the_value():
    changed = varied(presets.get("nano"), "distillation.epochs", "3")
    assert changed.distillation.epochs == 3
    source = "small_world:train=4,test=2"
    assert varied(presets.get("nano"), "data.source", source).data.source == source


def test_an_option_of_the_small_world_changes_in_the_sources_of_the_run_alone():
    start = override(
        presets.get("nano"),
        [
            "data.source=small_world:train=60,test=5,filler_share=0.2,max_steps=3",
            "data.evaluation_source=small_world:train=0,test=9,seed=4",
            "data.evaluation_sets=['small_world:train=0,test=9,seed=5']",
        ],
    )
    data = varied(start, "small_world.filler_share", "1").data
    assert data.source == "small_world:train=60,test=5,max_steps=3,filler_share=1"
    assert data.evaluation_source == "small_world:train=0,test=9,seed=4,filler_share=1"
    assert data.evaluation_sets == start.data.evaluation_sets
    only_source = override(start, ["data.evaluation_source=x.jsonl"])
    assert varied(only_source, "small_world.train", "7").data.source.endswith(",train=7")
    assert varied(only_source, "small_world.train", "7").data.evaluation_source == "x.jsonl"


@pytest.mark.parametrize(
    ("variations", "message"),
    [
        ([("small_world.filler_share", ("0", "2"))], "filler_share is 2.0; it is a probability"),
        ([("small_world.filler_share", ("much",))], "takes a number"),
        ([("small_world.max_steps", ("1",))], "Steps from 2 to 1 cannot be"),
        ([("small_world.fillers", ("1",))], "there is no 'fillers'. Known: train"),
        ([("method", ("plain",))], "method is no setting to vary: --methods gives"),
        ([("distillation.length", ("tokens",))], "--equal says"),
        ([("distillation.epoch", ("1",))], "distillation.epoch"),
        ([("student.name", ("a",)), ("student.name", ("b",))], "student.name is varied twice"),
    ],
)
def test_what_cannot_be(variations, message):
    with pytest.raises(InputError, match=message):
        check_variations(presets.get("nano"), [Variation(*each) for each in variations])


def test_a_small_world_is_varied_only_where_there_is_one():
    with pytest.raises(InputError, match=r"data\.source is 'x\.jsonl' and no small world"):
        varied(override(presets.get("nano"), ["data.source=x.jsonl"]), "small_world.filler_share", "1")

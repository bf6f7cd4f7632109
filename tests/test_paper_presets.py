"""The paper's presets hold the paper's values; those of small models go with what the preflight says of them."""

from __future__ import annotations

import pytest

from kpod import presets
from kpod.config import RunConfig
from kpod.config_description import describe_settings
from kpod.config_forms import values_of
from kpod.evaluation_sets import sets_of
from kpod.family_settings import find_misfits
from kpod.paper_presets import OUT_OF_DISTRIBUTION, PAPER_PRESETS, SMALL_MODEL_PRESETS
from kpod.preflight import check
from kpod.students.registry import find_student

# App. A by student: rank, learning rate, epochs on GSM8K. The rank of FlanT5-Large is not stated.
APPENDIX_A = {
    "paper-llama-7b": ("llama-7b", 64, 1e-5, 20),
    "paper-flan-t5-xl": ("flan-t5-xl", 128, 5e-5, 100),
    "paper-flan-t5-large": ("flan-t5-large", 128, 5e-5, 100),
}
BY_STUDENT = ("distillation.epochs", "distillation.learning_rate", "distillation.lora_rank")
LEFT_TO_THE_MODE = "weights."  # `weights.mode=paper` sets them, whatever they say


@pytest.mark.parametrize("name", APPENDIX_A)
def test_every_setting_whose_value_the_paper_states_has_it(name):
    config = presets.get(name)
    values = values_of(config.model_copy(update={"weights": config.weights.effective}))
    stated = {row["setting"]: row["paper"] for row in describe_settings() if row["paper"] is not None}
    assert stated.pop("curriculum.num_stages") == "epochs / 2" and config.num_stages == config.distillation.epochs // 2
    for setting, paper in stated.items():
        if setting not in BY_STUDENT:
            assert values[setting] == paper, setting
    settings = config.distillation
    found = (config.student.name, settings.lora_rank, settings.learning_rate, settings.epochs)
    assert found == APPENDIX_A[name] and settings.batch_size == 4


def test_our_own_learn_weights_from_a_thousand_questions_and_the_papers_from_all():
    most = {name: presets.get(name).weights.max_questions for name in presets.PRESETS}
    assert {name for name, count in most.items() if count is not None} == set(SMALL_MODEL_PRESETS)
    assert {most[name] for name in SMALL_MODEL_PRESETS} == {1000}


@pytest.mark.parametrize("name", [*PAPER_PRESETS, *SMALL_MODEL_PRESETS])
def test_each_is_a_run_in_and_out_of_distribution(name):
    config = presets.get(name)
    assert RunConfig.from_yaml(config.to_yaml()) == config
    assert [each.given for each in sets_of(config.data)] == ["hub:openai/gsm8k", *OUT_OF_DISTRIBUTION]
    assert [each.source.task for each in sets_of(config.data)] == ["gsm8k", "asdiv", "svamp", "multiarith"]
    assert not find_misfits(config, find_student(config.student.name).family)


@pytest.mark.parametrize("name", [*PAPER_PRESETS, *SMALL_MODEL_PRESETS])
def test_the_preflight_names_downloads_and_the_need_of_a_gpu(name, tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    config = presets.get(name)
    config = config.model_copy(update={"student": config.student.model_copy(update={"device": "cpu"})})
    told = [(problem.severity, problem.setting, problem.what) for problem in check(config, runs=tmp_path).problems]
    for setting, words in (
        ("student.name", "will be downloaded first, about"),
        ("student.device", "billion weights takes days and weeks on a CPU"),
        ("data.source", "hub:openai/gsm8k is not in the hub's cache yet"),
        ("data.evaluation_sets", "hub:ChilleD/MultiArith is not in the hub's cache yet"),
    ):
        assert any(each[:2] == ("warning", setting) and words in each[2] for each in told), (setting, told)

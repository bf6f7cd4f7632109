"""Ready-made configurations: each a function, so that one can start from another. No torch."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from kpod.config import RunConfig, make_config
from kpod.errors import InputError
from kpod.paper_presets import PAPER_PRESETS, SMALL_MODEL_PRESETS


def nano() -> RunConfig:
    """The shipped student on problems of the small world: all stages in a few minutes, without a network."""
    return make_config(
        {
            "name": "Small world, nano student",
            "data": {
                "source": "small_world:train=600,test=500,seed=1,stories=people+prices,max_steps=3",
                "task": "small_world",
            },
            "student": {"name": "nano", "max_tokens": 256},
            "weights": {
                "epochs": 5,
                "warmup_epochs": 3,
                "batch_size": 16,
                "learning_rate": 1e-3,
                "class_rate": 1.0,
                "predictor_rate": None,  # it has hardly begun to use rationales when its warm-up ends
                "predictor_every": 3,
                "dual_start": 0.3,
                "dual_rate": 0.1,
            },
            "clustering": {"embedding": "tfidf"},
            "curriculum": {"delta_s": 2},  # three stages: with 1 the budget would be overrun to finish in time
            "distillation": {
                "epochs": 6,  # with 8 a student learns the 600 by heart, and is no better
                "batch_size": 16,
                "learning_rate": 1e-3,
                "tuning": "full",  # a student so small trains whole as fast as an adapter
                "probe_questions": 60,
            },
            "evaluation": {"max_new_tokens": 110, "batch_size": 64},
        }
    )


def example() -> RunConfig:
    """The shipped dozen: a few minutes on two cores, to see every stage and page at work."""
    return make_config(
        {
            "name": "Example: a dozen questions",
            "data": {"source": "shipped:example_questions", "task": "arithmetic"},
            "student": {"name": "smollm2-135m"},
            # Nine questions are soon learned by heart, and then no token matters to the answer: the predictor stays as
            # a short warm-up leaves it.
            "weights": {"epochs": 6, "warmup_epochs": 3, "batch_size": 3, "predictor_rate": 0.0},
            "clustering": {"num_clusters": 3, "embedding": "tfidf"},
            "distillation": {"epochs": 8, "batch_size": 3},
            "evaluation": {"max_new_tokens": 120},
        }
    )


def svamp_smollm2() -> RunConfig:
    """SmolLM2-135M on 300 SVAMP questions with GPT-3.5 rationales of the data folder: the report in the README."""
    return make_config(
        {
            "name": "SVAMP, SmolLM2-135M",
            "data": {
                "source": "../shared/data/svamp/train_gpt35_mcckd.jsonl",
                "task": "svamp",
                "train_limit": 300,
                "evaluation_source": "../shared/data/svamp/svamp.jsonl",
                "evaluation_split": "test",
            },
            "student": {"name": "smollm2-135m", "max_tokens": 176},
            "clustering": {"embedding": "glove"},
            "curriculum": {"delta_s": 2},  # three stages: with 1 the budget would be overrun by 15% to finish in time
            "distillation": {"epochs": 6, "batch_size": 4, "probe_questions": 60},
            "evaluation": {"max_new_tokens": 160},
        }
    )


def gsm8k_seven_sets() -> RunConfig:
    """SmolLM2-135M on 120 GSM8K questions of the data folder, measured on seven sets: the report in the README."""
    folder = "../shared/data"
    further = (
        ("ASDiv", "asdiv", "test", "asdiv/asdiv.jsonl"),
        ("SVAMP", "svamp", "test", "svamp/svamp.jsonl"),
        ("MultiArith", "multiarith", "test", "multiarith/gpt-3.5-turbo_fewshot_faithfulcot.jsonl"),
        ("LogiQA", "logiqa", "test", "ood/logiqa_test.jsonl"),
        ("DROP", "drop", "contrast-test", "ood/drop_contrast_number300.jsonl"),
        ("StrategyQA", "strategyqa", "dev", "ood/strategyqa.jsonl"),
    )
    return make_config(
        {
            "name": "GSM8K, SmolLM2-135M, seven sets",
            "method": "plain",
            "data": {
                "source": f"{folder}/gsm8k/train_gpt35_metamath_ansaug.jsonl",
                "task": "gsm8k",
                "train_limit": 120,
                "duplicates": "first",
                "evaluation_source": f"{folder}/gsm8k/test_human.jsonl",
                "evaluation_limit": 24,
                "evaluation_sets": [
                    {"name": name, "task": task, "split": split, "source": f"{folder}/{file}", "limit": 24}
                    for name, task, split, file in further
                ],
            },
            "student": {"name": "smollm2-135m", "max_tokens": 224},
            "clustering": {"embedding": "tfidf"},
            "curriculum": {"delta_s": 2},
            "distillation": {"epochs": 2, "batch_size": 4, "probe_questions": 1},
            "evaluation": {"max_new_tokens": 160, "batch_size": 24, "base_student": False},
        }
    )


PRESETS: dict[str, Callable[[], RunConfig]] = {
    "nano": nano,
    "example": example,
    "svamp-smollm2": svamp_smollm2,
    "gsm8k-seven-sets": gsm8k_seven_sets,
    **SMALL_MODEL_PRESETS,
    **PAPER_PRESETS,
}


def get(name: str) -> RunConfig:
    """The configuration of a preset. Raises InputError that names the nearest one."""
    if name not in PRESETS:
        near = difflib.get_close_matches(name, PRESETS, n=1, cutoff=0.4)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise InputError(f"{name!r} is no preset.{hint} There are {', '.join(PRESETS)}.")
    return PRESETS[name]()

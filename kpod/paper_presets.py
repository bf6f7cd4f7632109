"""Configurations on GSM8K: the paper's three students with its settings (App. A), and current small models. No torch.

Trained on GSM8K and measured on it and, out of distribution, on ASDiv, SVAMP (Table 3) and MultiArith. The rationales
are those that GSM8K comes with; the paper's teacher is GPT-3.5-Turbo, so for its rationales write them first:
`python -m kpod teach hub:openai/gsm8k --out FILE ...`, then `--set data.source=FILE`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kpod.config import RunConfig, make_config

OUT_OF_DISTRIBUTION = ("hub:EleutherAI/asdiv", "hub:ChilleD/SVAMP", "hub:ChilleD/MultiArith")


def paper_llama_7b() -> RunConfig:
    """The paper's LLaMA-7B on GSM8K with its settings: rank 64, rate 1e-5, 20 epochs. Needs a GPU."""
    return _of_the_paper("llama-7b", "LLaMA-7B", lora_rank=64, learning_rate=1e-5, epochs=20)


def paper_flan_t5_xl() -> RunConfig:
    """The paper's FlanT5-XL (3B) on GSM8K with its settings: rank 128, rate 5e-5, 100 epochs. Needs a GPU."""
    return _of_the_paper("flan-t5-xl", "FlanT5-XL", lora_rank=128, learning_rate=5e-5, epochs=100)


def paper_flan_t5_large() -> RunConfig:
    """The paper's FlanT5-Large (760M) on GSM8K with its settings: rate 5e-5, 100 epochs. Needs a GPU."""
    # The paper states no rank for it; this is FlanT5-XL's.
    return _of_the_paper("flan-t5-large", "FlanT5-Large", lora_rank=128, learning_rate=5e-5, epochs=100)


def gsm8k_smollm2_360m() -> RunConfig:
    """SmolLM2-360M on GSM8K with our settings, measured out of distribution too. Better with a GPU."""
    return _small("smollm2-360m", "SmolLM2-360M")


def gsm8k_qwen25_05b() -> RunConfig:
    """Qwen2.5-0.5B on GSM8K with our settings, measured out of distribution too. Better with a GPU."""
    return _small("qwen2.5-0.5b", "Qwen2.5-0.5B")


def gsm8k_qwen3_06b() -> RunConfig:
    """Qwen3-0.6B on GSM8K with our settings, measured out of distribution too. Needs a GPU."""
    return _small("qwen3-0.6b", "Qwen3-0.6B")


def gsm8k_llama32_1b() -> RunConfig:
    """Llama-3.2-1B on GSM8K with our settings, measured out of distribution too. Needs a GPU."""
    return _small("llama-3.2-1b", "Llama-3.2-1B")


def _of_the_paper(student: str, title: str, *, lora_rank: int, learning_rate: float, epochs: int) -> RunConfig:
    """App. A. What the paper leaves open: the adapter's scale and targets, the temperature, the rate's course."""
    return _on_gsm8k(
        f"Paper: GSM8K, {title}",
        student,
        steps={"mode": "paper"},
        weights={"mode": "paper", "predictor": "flan-t5-large", "alpha": 0.5},
        clustering={"num_clusters": 5, "embedding": "glove"},
        curriculum={
            "initial_fraction": 0.3,
            "power": 0.5,
            "beta": 12.0,
            "selector": "ftgp",
            "deadline": False,
        },
        distillation={
            "epochs": epochs,
            "batch_size": 4,
            "learning_rate": learning_rate,
            "schedule": "constant",  # App. A names Adam and a rate, and no course of it
            "warmup_fraction": 0.0,
            "weight_floor": 0.0,
            "lora_rank": lora_rank,
            "probe_questions": 300,
        },
    )


def _small(student: str, title: str) -> RunConfig:
    return _on_gsm8k(
        f"GSM8K, {title}",
        student,
        weights={"max_questions": 1000},  # of 7,473: mask learning takes a seventh of the time
        distillation={"learning_rate": 2e-4, "lora_rank": 32, "probe_questions": 300},
    )


def _on_gsm8k(name: str, student: str, **sections: Any) -> RunConfig:
    """The paper's splits (Table 4): 7,473 questions to learn from, 659 to measure on."""
    data = {"source": "hub:openai/gsm8k", "task": "gsm8k", "evaluation_sets": list(OUT_OF_DISTRIBUTION)}
    evaluation = {"max_new_tokens": 320}
    return make_config({"name": name, "data": data, "student": {"name": student}, "evaluation": evaluation, **sections})


PAPER_PRESETS: dict[str, Callable[[], RunConfig]] = {
    "paper-llama-7b": paper_llama_7b,
    "paper-flan-t5-xl": paper_flan_t5_xl,
    "paper-flan-t5-large": paper_flan_t5_large,
}
SMALL_MODEL_PRESETS: dict[str, Callable[[], RunConfig]] = {
    "gsm8k-smollm2-360m": gsm8k_smollm2_360m,
    "gsm8k-qwen2.5-0.5b": gsm8k_qwen25_05b,
    "gsm8k-qwen3-0.6b": gsm8k_qwen3_06b,
    "gsm8k-llama-3.2-1b": gsm8k_llama32_1b,
}

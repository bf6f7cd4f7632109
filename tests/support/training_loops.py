"""Three loops that train the same adapter on the same rows: ours, transformers' Trainer and TRL's SFTTrainer.

`python -m tests.support.training_loops LOOP LAYERS QUESTIONS BATCH` builds the model, then trains one epoch for every
line on its standard input and answers with a line of JSON: what the epoch took.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainerCallback, TrainingArguments

from kpod.curriculum.rivals.given import GivenCurriculum
from kpod.distillation.adapter import add_adapter
from kpod.distillation.lessons import RationaleObjective
from kpod.distillation.trainer import Distillation, TrainingOptions
from kpod.memory import peak_memory_bytes, reset_peak_memory
from kpod.progress import Reporter
from kpod.prompts import EncodedExample

VOCABULARY = 49_152
SUFFIX = 11  # trigger, answer, full stop and end
RATE = 5e-4


def student_of_135m(layers: int) -> Any:
    """A random model of SmolLM2-135M's shape (30 layers there) with an adapter of rank 16 on every matrix."""
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=576, intermediate_size=1536, num_hidden_layers=layers,
        num_attention_heads=9, num_key_value_heads=3, max_position_embeddings=2048, tie_word_embeddings=True,
        pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    torch.manual_seed(0)
    model = LlamaForCausalLM(config)
    return add_adapter(model, rank=16, alpha=None, dropout=0.0, targets="all-linear", seed=0)


def texts_of_svamp_lengths(count: int) -> list[EncodedExample]:
    """Random tokens in the lengths that 300 SVAMP texts have: 49 +- 15 for the prompt, 78 +- 23 for the rationale."""
    generator = np.random.default_rng(0)
    texts = []
    for _ in range(count):
        prompt = int(np.clip(generator.normal(49, 15), 25, 90))
        rationale = int(np.clip(generator.normal(78, 23), 7, 121))
        length = prompt + rationale + SUFFIX
        texts.append(
            EncodedExample(
                input_ids=generator.integers(3, VOCABULARY, length),
                num_question=prompt,
                num_rationale=rationale,
                token_spans=np.zeros((rationale, 2), dtype=np.int64),
                token_steps=np.zeros(rationale, dtype=np.int64),
                answer_positions=(length - 3, length - 2),
            )
        )
    return texts


def labelled(text: EncodedExample) -> dict[str, list[int]]:
    """A row for other trainers: no loss on the prompt."""
    ids = text.input_ids.tolist()
    return {"input_ids": ids, "labels": [-100] * text.num_question + ids[text.num_question :]}


class Clock(Reporter, TrainerCallback):
    """Seconds of the wall and of this process from the first step to the last one's end; and each loss."""

    def __init__(self) -> None:
        self.began: tuple[float, float] | None = None
        self.ended = (0.0, 0.0)
        self.losses: list[float] = []

    def start(self, *_: Any) -> None:
        self.began = self.began or now()

    def metrics(self, row: dict[str, Any]) -> None:
        self.ended = now()
        self.losses.append(row["loss"])

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self.start()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.ended = now()

    def seconds(self) -> tuple[float, float]:
        assert self.began is not None
        return self.ended[0] - self.began[0], self.ended[1] - self.began[1]


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def kpod_epoch(model: Any, texts: list[EncodedExample], batch: int) -> Callable[[Clock], None]:
    options = TrainingOptions(
        epochs=1, batch_size=batch, learning_rate=RATE, schedule="linear", warmup_fraction=0.0, weight_decay=0.0,
        gradient_clip=1.0, seed=0, checkpoint_seconds=1e9,
    )  # fmt: skip
    whole = GivenCurriculum(np.zeros((2, len(texts)), dtype=np.int32))
    objective = RationaleObjective(texts, [None] * len(texts))

    def epoch(clock: Clock) -> None:
        Distillation(model, objective, whole, texts, [], options, pad_id=0, reporter=clock).run()

    return epoch


def trainer_settings(folder: str, batch: int) -> dict[str, Any]:
    return {
        "output_dir": folder, "num_train_epochs": 1, "per_device_train_batch_size": batch, "learning_rate": RATE,
        "save_strategy": "no", "logging_strategy": "no", "report_to": "none", "use_cpu": True, "disable_tqdm": True,
        "dataloader_pin_memory": False, "seed": 0,
    }  # fmt: skip


def padded(rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    """Right-padded to the longest row."""
    size = max(len(row["input_ids"]) for row in rows)

    def filled(values: list[list[int]], fill: int) -> torch.Tensor:
        return torch.tensor([each + [fill] * (size - len(each)) for each in values])

    return {
        "input_ids": filled([row["input_ids"] for row in rows], 0),
        "labels": filled([row["labels"] for row in rows], -100),
        "attention_mask": filled([[1] * len(row["input_ids"]) for row in rows], 0),
    }


def trainer_epoch(
    model: Any, texts: list[EncodedExample], batch: int, accumulation: int = 1
) -> Callable[[Clock], None]:
    rows = [labelled(text) for text in texts]

    def epoch(clock: Clock) -> None:
        with tempfile.TemporaryDirectory() as folder:
            settings = trainer_settings(folder, batch // accumulation)
            arguments = TrainingArguments(
                **settings, gradient_accumulation_steps=accumulation, remove_unused_columns=False
            )
            Trainer(model, arguments, train_dataset=rows, data_collator=padded, callbacks=[clock]).train()

    return epoch


def trainer_in_halves_epoch(model: Any, texts: list[EncodedExample], batch: int) -> Callable[[Clock], None]:
    return trainer_epoch(model, texts, batch, accumulation=2)


def sft_epoch(
    model: Any, texts: list[EncodedExample], batch: int, gradient_checkpointing: bool = False
) -> Callable[[Clock], None]:
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from tests.support.tiny_models import build_tokenizer

    rows, tokenizer = Dataset.from_list([labelled(text) for text in texts]), build_tokenizer()

    def epoch(clock: Clock) -> None:
        with tempfile.TemporaryDirectory() as folder:
            arguments = SFTConfig(
                **trainer_settings(folder, batch), bf16=False, gradient_checkpointing=gradient_checkpointing
            )
            SFTTrainer(model, arguments, train_dataset=rows, processing_class=tokenizer, callbacks=[clock]).train()

    return epoch


def sft_recomputing_epoch(model: Any, texts: list[EncodedExample], batch: int) -> Callable[[Clock], None]:
    """As SFTTrainer comes: activations are computed again in the backward pass."""
    return sft_epoch(model, texts, batch, gradient_checkpointing=True)


LOOPS = {
    "kpod": kpod_epoch,
    "trainer": trainer_epoch,
    "trainer-halves": trainer_in_halves_epoch,
    "sft": sft_epoch,
    "sft-recomputing": sft_recomputing_epoch,
}


def serve(loop: str, layers: int, questions: int, batch: int) -> None:
    """An epoch for every line: its tokens, its seconds and its peak memory, in whole and above what was there."""
    texts = texts_of_svamp_lengths(questions)
    model = student_of_135m(layers)
    epoch = LOOPS[loop](model, texts, batch)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the trainers print is no answer
    print("ready", file=out, flush=True)
    for line in sys.stdin:
        clock, before = Clock(), psutil.Process().memory_info().rss
        reset_peak_memory()
        figures: dict[str, Any] = {}
        if line.strip() == "flops":
            with FlopCounterMode(display=False) as counter:
                epoch(clock)
            figures["flops"] = counter.get_total_flops()
        else:
            epoch(clock)
        wall, process = clock.seconds()
        peak = peak_memory_bytes()
        figures |= {"tokens": sum(map(len, texts)), "wall": wall, "process": process, "peak": peak}
        print(json.dumps(figures | {"added": peak - before}), file=out, flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], *map(int, sys.argv[2:5]))

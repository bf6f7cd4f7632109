"""A run folder with weights that were learned in this process, by an epoch on a few made problems: a second or two."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kpod.preparation import encode_all, questions_table, steps_table, tokens_table
from kpod.run_store import Run, StageRecord, create_run, now
from kpod.stage_cache import checkpoint_hash
from kpod.students.decoder_only import load_decoder_only
from kpod.tasks.loading import load_questions
from kpod.token_weighting.applying import save_generator
from kpod.token_weighting.options import MaskLearningOptions
from kpod.token_weighting.training import learn_token_weights
from kpod.weighing import GENERATOR
from tests.support.tiny_runs import tiny_config, write_questions


def make_weighed_run(folder: Path, student: Path, count: int = 6) -> Run:
    """Questions, steps, tokens with weight and nll, the weights of two epochs, and the generator."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    source = write_questions(folder.parent / f"{folder.name}-questions.jsonl", trained=count, measured=1)
    config = tiny_config(source, student, name="Weighed")
    run = create_run(folder, config)
    questions = [question for question in load_questions(source, "arithmetic") if question.rationale]
    model, tokenizer = load_decoder_only(student, dtype="float32", device="cpu")
    examples, _ = encode_all(questions, tokenizer, config.steps.mode, config.student.max_tokens)
    options = MaskLearningOptions(**config.weights.effective.model_dump(exclude={"mode", "predictor"}), seed=1)
    learned = learn_token_weights(
        model, [example.encoded for example in examples], options, pad_id=tokenizer.pad_token_id
    )
    tokens = tokens_table(examples)
    tokens["weight"] = np.concatenate(learned.weights).astype("float32")
    tokens["nll"] = np.linspace(0, 3, len(tokens)).astype("float32")
    run.write_table("questions", questions_table([example.question for example in examples], trained=True))
    run.write_table("steps", steps_table(examples))
    run.write_table("tokens", tokens)
    epochs = len(learned.history)
    history = tokens.loc[np.tile(np.arange(len(tokens)), epochs), ["question_index", "position"]]
    history.insert(0, "epoch", np.repeat(np.arange(1, epochs + 1), len(tokens)))
    history["weight"] = learned.history.ravel()
    run.write_table("weight_history", history)
    save_generator(folder / GENERATOR, learned.generator, learned.generator_options)
    record = StageRecord("learned", 1.0, 1_000_000, now())
    run.update(status="finished", stages={"weights": record}, input_hashes={"student": checkpoint_hash(student)})
    return run

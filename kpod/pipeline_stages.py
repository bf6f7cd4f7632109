"""What each pipeline stage does: unpack the configuration, call the mathematics, write the artefact."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.torch import save_file

from kpod import methods, tasks
from kpod.checkpoints import delete_checkpoints
from kpod.config import RunConfig
from kpod.curriculum import Schedule, build_schedule
from kpod.distillation.adapter import add_adapter, save_adapter, with_saved_adapter
from kpod.distillation.trainer import Distillation, TrainingOptions
from kpod.evaluation import generate_rationales
from kpod.preparation import (
    Example,
    check_disjoint,
    choose_evaluation,
    choose_training,
    encode_all,
    examples_of_tables,
    questions_table,
    steps_table,
    tokens_table,
)
from kpod.question_clustering import cluster_questions, embed_questions, project_questions
from kpod.records import Question
from kpod.run_reporter import RunReporter
from kpod.run_store import Run
from kpod.statistics import wilson_interval
from kpod.step_difficulty import step_difficulties
from kpod.step_difficulty.token_nlls import token_nlls
from kpod.students.decoder_only import load_decoder_only, load_tokenizer
from kpod.tasks.base import questions_from_rows
from kpod.tasks.files import read_rows
from kpod.tasks.loading import guess_task
from kpod.token_weighting.training import MaskLearningOptions, learn_token_weights


@dataclass
class Context:
    """What every stage gets: the run, its configuration, where to report, and the student's folder."""

    run: Run
    config: RunConfig
    reporter: RunReporter
    student_folder: Path
    source: Path
    evaluation_source: Path
    fingerprint: str = ""  # of the stage at work: checkpoints of other inputs are not its own

    @cached_property
    def tokenizer(self) -> Any:
        return load_tokenizer(self.student_folder)

    @cached_property
    def questions(self) -> pd.DataFrame:
        """The table of questions as `prepare` wrote it; clusters are read afresh where they are used."""
        return self.run.questions

    @cached_property
    def examples(self) -> list[Example]:
        """The training examples, in the order of `question_index`."""
        return examples_of_tables(self.questions, self.run.steps, self.tokenizer)

    @property
    def method(self) -> methods.Method:
        return methods.get(self.config.method)

    def load_student(self) -> Any:
        """The student before distillation, anew: mask learning and training change theirs."""
        student = self.config.student
        return load_decoder_only(self.student_folder, dtype=student.dtype, device=student.device)[0]

    def checkpoints(self, stage: str) -> Path:
        return self.run.folder / "checkpoints" / f"{stage}-{self.fingerprint[:12]}"

    def by_question(self, column: str) -> list[np.ndarray]:
        """A column of the tokens, one array a training question."""
        tokens = self.run.table("tokens", columns=["question_index", column])
        cuts = np.flatnonzero(np.diff(tokens["question_index"].to_numpy())) + 1
        return np.split(tokens[column].to_numpy(), cuts)

    def summarise(self, **figures: Any) -> None:
        self.run.update(summary=self.run.state.summary | figures)


def prepare(context: Context) -> None:
    """Questions, steps and tokens."""
    data = context.config.data
    loaded, task = _load(context.source, data.task, data.duplicates)
    training, dropped = choose_training(loaded, split=data.train_split, keep_wrong=data.keep_wrong_rationales)
    measured_on = loaded
    if context.evaluation_source != context.source:
        measured_on, task = _load(context.evaluation_source, data.task, data.duplicates)
    evaluation = choose_evaluation(measured_on, split=data.evaluation_split, limit=data.evaluation_limit)
    context.reporter.start("prepare", len(training), unit="questions")
    config = context.config
    examples, too_long = encode_all(
        training, context.tokenizer, config.steps.mode, config.student.max_tokens, data.train_limit
    )
    if too_long:
        context.reporter.warn(
            f"{len(too_long)} of {len(examples) + len(too_long)} questions with their rationales are longer than "
            f"{config.student.max_tokens} tokens and were skipped (first: {too_long[0]}). Raise student.max_tokens to "
            "keep them."
        )
    used = [example.question for example in examples]
    check_disjoint(used, evaluation)
    context.run.write_table("questions", questions_table(used, evaluation))
    context.run.write_table("steps", steps_table(examples))
    context.run.write_table("tokens", tokens_table(examples))
    context.summarise(
        questions=len(examples),
        evaluation_questions=len(evaluation),
        task=task,
        dropped=dropped,
        too_long=len(too_long),
        steps=sum(len(example.steps) for example in examples),
        tokens=sum(example.encoded.num_rationale for example in examples),
    )
    context.reporter.log(
        f"{len(examples)} training questions, {len(evaluation)} to measure on; left out: {dropped}, "
        f"{len(too_long)} too long."
    )


def _load(path: Path, name: str | None, duplicates: Any) -> tuple[list[Question], str]:
    """The questions of a file and the name of their task, guessed where none is given."""
    rows = read_rows(path)
    task = tasks.get(name) if name else guess_task(rows)
    return questions_from_rows(rows, task, str(path), duplicates), task.name


def cluster(context: Context) -> None:
    """Clusters of the training questions, the nearest cluster of the others, and the map of all of them."""
    settings, questions = context.config.clustering, context.run.questions
    texts, trained = questions["text"].tolist(), questions["trained"].to_numpy()
    context.reporter.start("cluster", len(texts), unit="questions")
    student_vectors = _mean_embeddings(context, texts) if settings.embedding == "student" else None
    embedded = embed_questions(
        texts, settings.embedding, glove_path=settings.glove_path, vectors=student_vectors, seed=context.config.seed
    )
    clusters = cluster_questions(
        embedded.vectors[trained], num_clusters=settings.num_clusters, seed=context.config.seed
    )
    centres = np.stack([embedded.vectors[trained][clusters == k].mean(0) for k in range(settings.num_clusters)])
    distances = ((embedded.vectors[:, None, :] - centres[None]) ** 2).sum(-1)
    everywhere = distances.argmin(1)
    everywhere[trained] = clusters
    points = project_questions(embedded.vectors, seed=context.config.seed)
    questions["cluster"], questions["x"], questions["y"] = everywhere.astype("int32"), points[:, 0], points[:, 1]
    context.run.write_table("questions", questions)
    context.summarise(embedding=embedded.source)
    context.reporter.log(f"{settings.num_clusters} clusters from {embedded.source}.")


def weigh(context: Context) -> None:
    """Token weights by mask learning; 1 everywhere for a method that does not learn them."""
    tokens = context.run.tokens
    settings = context.config.weights
    options = MaskLearningOptions(**settings.model_dump(), seed=context.config.seed)
    learned = learn_token_weights(
        context.load_student(),
        [example.encoded for example in context.examples],
        options,
        pad_id=context.tokenizer.pad_token_id,
        checkpoints=context.checkpoints("weights"),
        reporter=context.reporter,
    )
    epochs, size = learned.history.shape
    context.run.write_table(
        "weight_history",
        pd.DataFrame(
            {
                "epoch": np.repeat(np.arange(1, epochs + 1, dtype="int32"), size),
                "question_index": np.tile(tokens["question_index"].to_numpy(), epochs),
                "position": np.tile(tokens["position"].to_numpy(), epochs),
                "weight": learned.history.ravel().astype("float32"),
            }
        ),
    )
    tokens["weight"] = np.concatenate(learned.weights).astype("float32")
    context.run.write_table("tokens", tokens)
    save_file(
        {name: value.contiguous() for name, value in learned.generator.items()},
        context.run.folder / "weight_generator.safetensors",
    )
    context.summarise(keep_rate=float(tokens["weight"].mean()))
    if learned.warning:
        context.reporter.warn(learned.warning)
    delete_checkpoints(context.checkpoints("weights"))


def measure_losses(context: Context) -> None:
    """The NLL of every rationale token under the student before distillation."""
    examples = [example.encoded for example in context.examples]
    context.reporter.start("losses", len(examples), unit="questions")
    nlls = token_nlls(
        context.load_student(), examples, pad_id=context.tokenizer.pad_token_id, reporter=context.reporter
    )
    tokens = context.run.tokens
    tokens["nll"] = np.concatenate(nlls).astype("float32")
    context.run.write_table("tokens", tokens)


def rate_steps(context: Context) -> None:
    """The difficulty of every step (Eq. 8)."""
    steps = context.run.steps
    difficulties = _difficulties(context, context.by_question("nll"))
    steps["difficulty"] = np.concatenate(difficulties).astype("float64")
    context.run.write_table("steps", steps)
    context.summarise(total_difficulty=float(steps["difficulty"].sum()))


def schedule(context: Context) -> None:
    """How many steps of every question are given at every stage (Eq. 9 to 13)."""
    plan = make_schedule(context)
    ids = context.questions["question"][context.questions["trained"]].tolist()
    context.run.write_table("schedule", plan.table(ids))
    context.run.write_table("stages", plan.stages_table())
    for warning in plan.warnings:
        context.reporter.warn(warning)


def make_schedule(context: Context) -> Schedule:
    steps, questions = context.run.steps, context.run.questions
    cuts = np.flatnonzero(np.diff(steps["question_index"].to_numpy())) + 1
    difficulties = np.split(steps["difficulty"].to_numpy(), cuts)
    clusters = questions["cluster"][questions["trained"]].to_numpy()
    config, settings = context.config, context.config.curriculum
    progressive, diversity = context.method.progressive, context.method.diversity
    return build_schedule(
        difficulties,
        clusters,
        num_stages=config.num_stages,
        initial_fraction=settings.initial_fraction if progressive else 1.0,
        power=settings.power,
        beta=settings.beta if diversity else 0.0,
        relative_beta=settings.relative_beta if diversity else None,
        delta_s=settings.delta_s,
        method=settings.selector,
        deadline=settings.deadline,
    )


def distil(context: Context) -> None:
    """Train the student's adapter on the schedule with the weighted loss, and record the difficulty of every epoch."""
    config, settings = context.config, context.config.distillation
    adapted = add_adapter(
        context.load_student(),
        rank=settings.lora_rank,
        alpha=settings.lora_alpha,
        dropout=settings.lora_dropout,
        targets=settings.lora_targets,
        seed=config.seed,
    )
    examples = [example.encoded for example in context.examples]
    weights: list[np.ndarray | None] = [None] * len(examples)
    if context.method.weighted_loss:
        weights = list(context.by_question("weight"))
    table = context.run.schedule
    input_steps = table["input_steps"].to_numpy().reshape(-1, len(examples))  # (T + 1, questions)
    everyone = np.ones(len(examples), dtype=np.float32)
    probe = _probe_rows(len(examples), settings.probe_questions, config.seed)
    fields = TrainingOptions.__dataclass_fields__
    options = TrainingOptions(
        seed=config.seed, **{key: value for key, value in settings.model_dump().items() if key in fields}
    )
    training = Distillation(
        adapted,
        examples,
        weights,
        lambda epoch: (input_steps[min(epoch, len(input_steps) - 1)], everyone),
        probe,
        options,
        pad_id=context.tokenizer.pad_token_id,
        checkpoints=context.checkpoints("distill"),
        reporter=context.reporter,
    )
    history = training.run()
    save_adapter(adapted, context.run.folder / "adapter")
    before = context.by_question("nll")
    all_epochs = [[before[row] for row in probe], *history]
    context.run.write_table("difficulty_history", _history_table(context, probe, all_epochs))
    delete_checkpoints(context.checkpoints("distill"))


def evaluate_base(context: Context) -> None:
    """The answers of the student before distillation."""
    _evaluate(context, "evaluate base", 0, context.load_student())


def evaluate(context: Context) -> None:
    """The answers of the distilled student."""
    model = with_saved_adapter(context.load_student(), context.run.folder / "adapter")
    _evaluate(context, "evaluate", context.config.distillation.epochs, model)


def _evaluate(context: Context, stage: str, epoch: int, model: Any) -> None:
    settings, questions = context.config.evaluation, context.questions
    measured = questions[~questions["trained"]]
    context.reporter.start(stage, len(measured), unit="questions")
    outputs = generate_rationales(
        model,
        context.tokenizer,
        measured["text"].tolist(),
        max_new_tokens=settings.max_new_tokens,
        batch_size=settings.batch_size,
        reporter=context.reporter,
    )
    task = tasks.get(context.run.state.summary["task"])
    answers = [
        task.extract_answer(output, _choices(row)) for output, row in zip(outputs, measured["choices"], strict=True)
    ]
    correct = [
        answer is not None and task.is_correct(answer, gold)
        for answer, gold in zip(answers, measured["answer"], strict=True)
    ]
    frame = pd.DataFrame(
        {
            "evaluation_set": f"{context.evaluation_source.stem}:{context.config.data.evaluation_split}",
            "question": measured["question"].to_numpy(),
            "epoch": epoch,
            "output": outputs,
            "answer": pd.array(answers, dtype="string"),
            "correct": correct,
        }
    )
    if context.run.has("predictions"):
        others = context.run.predictions
        others = others[(others["epoch"] != 0) if epoch == 0 else (others["epoch"] == 0)]
        frame = pd.concat([others, frame], ignore_index=True)
    context.run.write_table("predictions", frame)
    low, high = wilson_interval(sum(correct), len(correct))
    figures = {
        "correct": sum(correct),
        "questions": len(correct),
        "accuracy": sum(correct) / len(correct),
        "low": low,
        "high": high,
        "no_answer": sum(answer is None for answer in answers),
    }
    context.summarise(**{"base_accuracy" if epoch == 0 else "accuracy": figures})
    context.reporter.log(
        f"{stage}: {figures['correct']} of {figures['questions']} right ({figures['accuracy']:.1%}, "
        f"95% interval {low:.1%} to {high:.1%}), {figures['no_answer']} without an answer."
    )


def _choices(value: Any) -> list[str] | None:
    return None if value is None else list(value)


def _difficulties(context: Context, nlls: list[np.ndarray], rows: list[int] | None = None) -> list[np.ndarray]:
    """Step difficulties of training questions (all, or `rows`) from their token NLLs."""
    settings = context.config.difficulty
    weighted = context.method.weighted_difficulty and context.method.learns_weights
    weighting = settings.weighting if weighted else "raw"
    rows = list(range(len(nlls))) if rows is None else rows
    weights = context.by_question("weight") if weighted else None
    return [
        step_difficulties(
            nll,
            None if weights is None else weights[row],
            context.examples[row].encoded.token_steps,
            weighting=weighting,
            temperature=settings.temperature,
        )
        for row, nll in zip(rows, nlls, strict=True)
    ]


def _history_table(context: Context, probe: list[int], epochs: list[list[np.ndarray]]) -> pd.DataFrame:
    frames = []
    for epoch, nlls in enumerate(epochs):
        for row, difficulties in zip(probe, _difficulties(context, nlls, probe), strict=True):
            frames.append(
                pd.DataFrame(
                    {
                        "epoch": epoch,
                        "question_index": row,
                        "step": range(len(difficulties)),
                        "difficulty": difficulties,
                    }
                )
            )
    frame = pd.concat(frames, ignore_index=True)
    return frame.astype({"epoch": "int32", "question_index": "int32", "step": "int32", "difficulty": "float32"})


def _probe_rows(num_questions: int, wanted: int | None, seed: int) -> list[int]:
    if wanted is None or wanted >= num_questions:
        return list(range(num_questions))
    chosen = np.random.default_rng(seed).choice(num_questions, size=wanted, replace=False)
    return sorted(int(row) for row in chosen)


def _mean_embeddings(context: Context, texts: list[str]) -> np.ndarray:
    """The mean of the student's input embeddings over a question's tokens: (questions, D)."""
    table_VD = context.load_student().get_input_embeddings().weight.detach().float().cpu().numpy()
    ids = context.tokenizer(texts, add_special_tokens=False)["input_ids"]
    return np.stack([table_VD[row].mean(0) for row in ids])

"""What each pipeline stage does: unpack the configuration, call the mathematics, write the artefact."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpod.checkpoints import delete_checkpoints
from kpod.config_weights import SET_BY_PAPER_MODE
from kpod.preparation import examples_of_tables
from kpod.question_clustering import (
    QuestionEmbeddings,
    cluster_questions,
    cluster_terms,
    compact_vectors,
    embed_questions,
    project_questions,
    silhouette,
)
from kpod.question_vectors import write_question_vectors
from kpod.run_curriculum import schedule_of
from kpod.stage_context import Context
from kpod.step_difficulty import step_difficulties
from kpod.step_difficulty.token_nlls import resumable_token_nlls
from kpod.students.checkpoint_source import resolve_student
from kpod.students.loading import load_student
from kpod.students.registry import read_family
from kpod.token_weighting.applying import save_generator
from kpod.token_weighting.foreign_predictor import ForeignPredictor
from kpod.token_weighting.options import MaskLearningOptions
from kpod.token_weighting.training import learn_token_weights


def cluster(context: Context) -> None:
    """Clusters of the training questions."""
    seed, num_clusters = context.config.seed, context.config.clustering.num_clusters
    questions = context.run.questions.drop(columns=["x", "y"], errors="ignore")  # the map has the colours of before
    trained = questions["trained"].to_numpy()
    texts = questions["text"][trained].tolist()
    context.reporter.start("cluster", 2, unit="parts")  # embedding, clusters
    embedded = _embed(context, texts)
    context.reporter.advance()
    clusters = cluster_questions(embedded.vectors, num_clusters=num_clusters, seed=seed)
    context.reporter.advance()
    questions["cluster"] = np.int32(-1)
    questions.loc[trained, "cluster"] = clusters.astype("int32")
    context.run.write_table("questions", questions)
    apart = silhouette(embedded.vectors, clusters, seed)
    context.summarise(embedding=embedded.source, silhouette=apart, cluster_terms=cluster_terms(texts, clusters))
    apart_text = "" if apart is None else f", silhouette {apart:.3f}"
    context.reporter.log(f"{num_clusters} clusters from {embedded.source}{apart_text}.")


def draw_map(context: Context) -> None:
    """Where every question is on the map; one that is measured on belongs to the cluster whose centre is nearest."""
    questions = context.run.questions
    trained, clusters = questions["trained"].to_numpy(), questions["cluster"].to_numpy(copy=True)
    context.reporter.start("map", 2, unit="parts")  # embedding, map
    vectors = _embed(context, questions["text"].tolist(), fitted=trained).vectors
    context.reporter.advance()
    centres = [vectors[trained & (clusters == k)].mean(0) for k in range(context.config.clustering.num_clusters)]
    distances = ((vectors[~trained][:, None, :] - np.stack(centres)[None]) ** 2).sum(-1)
    clusters[~trained] = distances.argmin(1)
    points = project_questions(vectors, seed=context.config.seed)
    context.reporter.advance()
    questions["cluster"], questions["x"], questions["y"] = clusters.astype("int32"), points[:, 0], points[:, 1]
    write_question_vectors(
        context.run, questions["question"].tolist(), compact_vectors(vectors, seed=context.config.seed)
    )
    context.run.write_table("questions", questions)


def _embed(context: Context, texts: list[str], fitted: np.ndarray | None = None) -> QuestionEmbeddings:
    settings = context.config.clustering
    student_vectors = _mean_embeddings(context, texts) if settings.embedding == "student" else None
    return embed_questions(
        texts,
        settings.embedding,
        glove_path=settings.glove_path,
        vectors=student_vectors,
        fitted=fitted,
        seed=context.config.seed,
    )


def weigh(context: Context) -> None:
    """Token weights by mask learning; 1 everywhere for a method that does not learn them."""
    tokens = context.run.tokens
    settings = context.config.weights
    if settings.mode == "paper":
        chosen = ", ".join(f"{name}={getattr(settings.effective, name)}" for name in SET_BY_PAPER_MODE)
        context.reporter.log(f"Weights in paper mode: {chosen}.")
    options = MaskLearningOptions(
        **settings.effective.model_dump(exclude={"mode", "predictor"}),
        seed=context.config.seed,
        checkpoint_seconds=context.config.distillation.checkpoint_seconds,
    )
    with context.training_reporter("weights") as reporter:
        learned = learn_token_weights(
            context.load_student(),
            [example.encoded for example in context.examples],
            options,
            pad_id=context.tokenizer.pad_token_id,
            predictor=foreign_predictor(context),
            checkpoints=context.checkpoints("weights"),
            reporter=reporter,
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
    save_generator(context.run.folder / "weight_generator.safetensors", learned.generator, learned.generator_options)
    notes = learned.losses.notes() | learned.notes
    context.summarise(keep_rate=float(tokens["weight"].mean()), weight_notes=notes)
    if learned.warning:
        context.reporter.warn(learned.warning)
    delete_checkpoints(context.checkpoints("weights"))


def foreign_predictor(context: Context) -> ForeignPredictor | None:
    """The answer predictor where it is not the student: its model, and the examples in its own tokens."""
    if context.config.weights.predictor == "own":
        return None
    folder = resolve_student(context.config.weights.predictor, lambda said: None).folder  # said when it was hashed
    model, tokenizer = load_student(folder, dtype=context.dtype, device=context.config.student.device)
    examples = examples_of_tables(context.questions, context.run.steps, tokenizer, read_family(folder))
    return ForeignPredictor(model, [example.encoded for example in examples], tokenizer.pad_token_id)


def measure_losses(context: Context) -> None:
    """The NLL of every rationale token under the student before distillation."""
    examples = [example.encoded for example in context.examples]
    nlls = resumable_token_nlls(
        context.load_student(),
        examples,
        pad_id=context.tokenizer.pad_token_id,
        checkpoints=context.checkpoints("losses"),
        reporter=context.reporter,
    )
    tokens = context.run.tokens
    tokens["nll"] = np.concatenate(nlls).astype("float32")
    context.run.write_table("tokens", tokens)
    delete_checkpoints(context.checkpoints("losses"))


def rate_steps(context: Context) -> None:
    """The difficulty of every step (Eq. 8)."""
    steps = context.run.steps
    context.reporter.start("difficulty", len(steps), unit="steps")
    difficulties = difficulties_of(context, context.by_question("nll"))
    steps["difficulty"] = np.concatenate(difficulties).astype("float64")
    context.run.write_table("steps", steps)
    context.reporter.advance(len(steps))
    context.summarise(total_difficulty=float(steps["difficulty"].sum()))


def schedule(context: Context) -> None:
    """How many steps of every question are given at every stage (Eq. 9 to 13)."""
    stages = context.config.num_stages + 1
    context.reporter.start("schedule", stages, unit="stages")
    plan = schedule_of(context.run, context.config)
    context.reporter.advance(stages)
    ids = context.questions["question"][context.questions["trained"]].tolist()
    context.run.write_table("schedule", plan.table(ids))
    context.run.write_table("stages", plan.stages_table())
    for warning in plan.warnings:
        context.reporter.warn(warning)


def difficulties_of(context: Context, nlls: list[np.ndarray], rows: list[int] | None = None) -> list[np.ndarray]:
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


def _mean_embeddings(context: Context, texts: list[str]) -> np.ndarray:
    """The mean of the student's input embeddings over a question's tokens: (questions, D)."""
    table_VD = context.load_student().get_input_embeddings().weight.detach().float().cpu().numpy()
    ids = context.tokenizer(texts, add_special_tokens=False)["input_ids"]
    return np.stack([table_VD[row].mean(0) for row in ids])

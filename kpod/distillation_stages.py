"""The stages that train the student: further rationales where its method needs them, and the distillation itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from kpod.artefacts import read_parquet, write_parquet
from kpod.batching import drawn_rows
from kpod.checkpoints import delete_checkpoints
from kpod.curriculum.rivals import StagePlan, curriculum_inputs, make_curriculum
from kpod.curriculum.rivals.given import GivenCurriculum
from kpod.distillation.consistency import ConsistencyObjective
from kpod.distillation.counterfactual import KEYWORD, CounterfactualObjective
from kpod.distillation.lessons import Objective, RationaleObjective
from kpod.distillation.objective import loss_weights
from kpod.distillation.student_weights import save_trained, to_be_trained
from kpod.distillation.trainer import Distillation, TrainingOptions
from kpod.distillation.workers import Workers
from kpod.errors import InputError
from kpod.further_rationales import FIELDS, FILE, find_further
from kpod.pipeline_stages import difficulties_of
from kpod.preparation import encode_question
from kpod.progress import Reporter
from kpod.prompt_pairs import encode_pair_answer_only
from kpod.prompts import EncodedExample, encode_answer_only
from kpod.records import Question
from kpod.run_curriculum import curriculum_settings, schedule_inputs
from kpod.stage_context import Context
from kpod.tasks.layout import GUESS_ROWS, find_layout
from kpod.teacher import Rules


def read_further_rationales(context: Context) -> None:
    """The further rationales of the training questions that the method needs."""
    kind = context.method.further_rationales
    assert kind is not None
    questions = context.questions[context.questions["trained"]]
    context.reporter.start("further rationales", len(questions), unit="questions")
    rows, place, data = context.source.rows(), context.source.place, context.config.data
    task = context.run.state.summary["task"]
    layout = find_layout([row for _, row in rows[:GUESS_ROWS]], place, task, data.fields, context.source.label)
    table = find_further(kind, rows, layout, place, questions["question"].tolist(), Rules.of(data))
    write_parquet(context.run.folder / FILE, table)
    context.reporter.advance(len(questions))
    context.summarise(further_rationales=len(table))
    context.reporter.log(
        f"{len(table)} {kind} rationales of {table['question_index'].nunique()} of {len(questions)} questions."
    )


def distil(context: Context) -> None:
    """Train the student by its method, and record what every epoch was trained on and how hard it left each step."""
    Workers().told({"student": str(context.student_folder), "run": str(context.run.folder), "of": context.fingerprint})
    with context.training_reporter("distill") as reporter:
        training = training_of(context, reporter)
        history = training.run()
    save_trained(training.model, context.tokenizer, context.run.folder, context.config.distillation.tuning)
    before = context.by_question("nll")
    all_epochs = [[before[row] for row in training.probe], *history]
    context.run.write_table("difficulty_history", _history_table(context, training.probe, all_epochs))
    context.run.write_table("training_plan", _plan_table(training.plans))
    context.summarise(supervised_tokens=training.at.supervised, training_steps=training.at.step)
    delete_checkpoints(context.checkpoints("distill"))


def training_of(context: Context, reporter: Reporter) -> Distillation:
    """The distillation that the run's configuration asks for, the same in every process of it."""
    config, settings = context.config, context.config.distillation
    model = to_be_trained(context.load_student(), settings.model_dump(), seed=config.seed)
    examples = [example.encoded for example in context.examples]
    probe = drawn_rows(len(examples), settings.probe_questions, config.seed)
    fields = TrainingOptions.__dataclass_fields__
    options = TrainingOptions(
        seed=config.seed, **{key: value for key, value in settings.model_dump().items() if key in fields}
    )
    return Distillation(
        model,
        objective_of(context, examples),
        curriculum_of(context, len(examples)),
        examples,
        probe,
        options,
        pad_id=context.tokenizer.pad_token_id,
        checkpoints=context.checkpoints("distill"),
        reporter=reporter,
    )


def curriculum_of(context: Context, num_questions: int) -> Any:
    """The curriculum of the run's method: the table of its schedule, or a rival on the same difficulties."""
    name = context.method.curriculum
    if name in ("kpod", "none"):
        table = context.run.schedule
        return GivenCurriculum(table["input_steps"].to_numpy().reshape(-1, num_questions))  # (T + 1, questions)
    inputs = curriculum_inputs(
        *schedule_inputs(context.run), **curriculum_settings(context.config), seed=context.config.seed
    )
    return make_curriculum(name, inputs)


def objective_of(context: Context, examples: list[EncodedExample]) -> Objective:
    """What the run's method teaches by which loss."""
    method = context.method
    if method.objective == "answer":
        asked = [example.question for example in context.examples]
        encode = encode_answer_only if context.family == "decoder_only" else encode_pair_answer_only
        answers = [encode(question.text, question.answer, context.tokenizer) for question in asked]
        # Of a question in parts, the last one's: it is asked once.
        answers = [
            replace(answer, teaches_answer=example.teaches_answer)
            for answer, example in zip(answers, examples, strict=True)
        ]
        return RationaleObjective(answers, [None] * len(answers))
    if method.objective == "consistency":
        return ConsistencyObjective(_with_alternatives(context, examples), context.config.seed)
    if method.objective == "counterfactual":
        return CounterfactualObjective(examples, _counterfactuals(context))
    weights: list[np.ndarray | None] = [None] * len(examples)
    if method.weighted_loss:
        floor = context.config.distillation.weight_floor
        weights = [loss_weights(each, floor) for each in context.by_question("weight")]
    return RationaleObjective(examples, weights)


def _with_alternatives(context: Context, examples: list[EncodedExample]) -> list[list[EncodedExample]]:
    """The texts of every question, its own first; alternatives that are too long or spell the answer otherwise go."""
    texts = [[example] for example in examples]
    for row, encoded in _further(context):
        own = texts[row][0]
        if encoded.input_ids[slice(*encoded.answer_positions)].tolist() == (
            own.input_ids[slice(*own.answer_positions)].tolist()
        ):
            texts[row].append(encoded)
    if max(map(len, texts)) < 2:
        raise InputError(
            f"No alternative rationale fits into student.max_tokens = {context.config.student.max_tokens}. Raise it, "
            f"or give shorter ones in {FIELDS['alternative']}."
        )
    return texts


def _counterfactuals(context: Context) -> list[EncodedExample | None]:
    found: list[EncodedExample | None] = [None] * len(context.examples)
    for row, encoded in _further(context, KEYWORD):
        found[row] = encoded
    return found


def _further(context: Context, keyword: str = "") -> list[tuple[int, EncodedExample]]:
    """The run's further rationales that are not too long, encoded, with the question of each."""
    config = context.config
    longest = min(config.student.max_tokens, context.context_length or config.student.max_tokens)
    encoded = []
    for each in read_parquet(context.run.folder / FILE).itertuples(index=False):
        own = context.examples[each.question_index].question
        if own.parts > 1:
            continue  # its own rationale is in parts, each with the text before it
        question = Question(own.id, f"{keyword} {own.text}".strip(), each.answer, each.rationale)
        example = encode_question(question, context.tokenizer, config.steps.mode, context.family)
        encoded.append((each.question_index, example.encoded))
    return [(row, example) for row, example in encoded if len(example) <= longest]


def _history_table(context: Context, probe: list[int], epochs: list[list[np.ndarray]]) -> pd.DataFrame:
    frames = []
    for epoch, nlls in enumerate(epochs):
        for row, difficulties in zip(probe, difficulties_of(context, nlls, probe), strict=True):
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


def _plan_table(plans: list[StagePlan]) -> pd.DataFrame:
    """One row an epoch and question: how many steps it was given, and whether it took part."""
    frames = [
        pd.DataFrame(
            {
                "epoch": np.int32(epoch),
                "question_index": np.arange(len(plan.participation), dtype=np.int32),
                "input_steps": plan.num_input_steps.astype(np.int32),
                "participation": plan.participation.astype(np.float32),
            }
        )
        for epoch, plan in enumerate(plans, 1)
    ]
    return pd.concat(frames, ignore_index=True)

"""Distillations of a tiny student: short, recorded, and by whatever plan a test asks for."""

from __future__ import annotations

import numpy as np

from kpod.curriculum.rivals import CurriculumState, StagePlan
from kpod.distillation.adapter import add_adapter
from kpod.distillation.lessons import RationaleObjective
from kpod.distillation.trainer import Distillation, TrainingOptions
from kpod.progress import Reporter
from tests.support.tiny_students import load_student

OPTIONS = TrainingOptions(
    epochs=3, batch_size=2, learning_rate=3e-3, schedule="linear", warmup_fraction=0.2, weight_decay=0.01,
    gradient_clip=1.0, seed=5, checkpoint_seconds=1e9,
)  # fmt: skip
ALL_STEPS = 9  # 5 questions, 2 a step, 3 epochs


class Recorder(Reporter):
    def __init__(self, stop_after=None):
        self.rows, self.done, self.stop_after = [], 0, stop_after

    def start(self, stage, total, done=0, unit=""):
        self.done, self.total = done, total

    def advance(self, amount=1):
        self.done += amount

    def metrics(self, row):
        unlike = ("seconds", "seconds_left", "memory_bytes")  # from run to run
        self.rows.append({name: value for name, value in row.items() if name not in unlike})

    def cancelled(self):
        return self.done == self.stop_after


class Planned:
    """A curriculum that asks a function for every epoch."""

    needs_losses, num_stages = False, 99

    def __init__(self, plan):
        self.plan = plan

    def start(self):
        return CurriculumState()

    def next_stage(self, state, losses=None):
        stage = state.stage + 1
        steps, participation = self.plan(stage)
        return CurriculumState(stage), StagePlan(stage, steps.astype(np.int32), participation)


def falling(epoch):
    """Each question gives two, one and then no steps."""
    return np.full(5, 3 - epoch), np.ones(5, dtype=np.float32)


def whole(epoch):
    """No question is given any step."""
    return np.zeros(5, dtype=int), np.ones(5, dtype=np.float32)


def distillation(folder, examples, *, options=OPTIONS, plan=falling, weights=None, dropout=0.1, **more):
    model = add_adapter(load_student(folder)[0], rank=2, alpha=None, dropout=dropout, targets="all-linear", seed=1)
    weights = weights or [np.full(example.num_rationale, 0.5, dtype=np.float32) for example in examples]
    curriculum = plan if hasattr(plan, "next_stage") else Planned(plan)
    objective = RationaleObjective(examples, weights)
    return Distillation(model, objective, curriculum, examples, [0, 3], options, pad_id=0, **more)


def options(**changes):
    return TrainingOptions(**{**OPTIONS.__dict__, **changes})


def adapter(training):
    return {name: value.detach().clone() for name, value in training.trainable.items()}

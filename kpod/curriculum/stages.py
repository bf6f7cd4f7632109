"""One stage of a schedule after the other: force what the deadline needs, select, charge the budget."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kpod.curriculum.budget import budgets_by_stage
from kpod.curriculum.schedule import Schedule
from kpod.curriculum.selection import BUDGET_TOLERANCE, Selector, run_selector
from kpod.curriculum.steps import StepTable
from kpod.curriculum.swaps import NEGLIGIBLE_SLACK
from kpod.curriculum.value import beta_from_relative


@dataclass(frozen=True)
class StageSettings:
    """The settings of a schedule, checked (see `build_schedule`)."""

    num_stages: int
    initial_fraction: float
    power: float
    beta: float
    relative_beta: float | None
    delta_s: int
    deadline: bool


@dataclass
class StageLog:
    """What one stage did; at stage 0 the sums over the rounds of its fill."""

    picked: np.ndarray  # (questions,) bool
    forced: np.ndarray  # (questions,) bool
    picks_by_cluster: np.ndarray  # (clusters,)
    gain_term: float = 0.0
    diversity_term: float = 0.0
    forced_gain: float = 0.0
    bound: float = 0.0
    beta: float = np.nan
    rounds: int = 0


class StageRunner:
    """Moves c_i and h_i from stage to stage."""

    def __init__(self, table: StepTable, clusters: np.ndarray, settings: StageSettings, selector: Selector) -> None:
        self.table, self.clusters, self.settings, self.selector = table, clusters, settings, selector
        self.num_clusters = int(clusters.max()) + 1
        self.total = float(table.question_totals.sum())
        self.budgets = budgets_by_stage(
            self.total, settings.initial_fraction * self.total, settings.num_stages, settings.power
        )
        self.tolerance = BUDGET_TOLERANCE * self.total
        self.input_steps = table.num_steps.copy()
        self.supervised_by_question = np.zeros(table.num_questions)
        self.supervised = 0.0

    def run(self) -> Schedule:
        """All stages 0..T."""
        num_rows, num_questions = self.settings.num_stages + 1, self.table.num_questions
        input_steps = np.zeros((num_rows, num_questions), dtype=np.int32)
        masks = {name: np.zeros((num_rows, num_questions), dtype=bool) for name in ("picked", "forced")}
        supervised = np.zeros(num_rows)
        logs: list[StageLog] = []
        for stage in range(num_rows):
            log = self.run_stage(stage)
            input_steps[stage], supervised[stage] = self.input_steps, self.supervised
            masks["picked"][stage], masks["forced"][stage] = log.picked, log.forced
            # The masks are stored above: keeping them twice would double the memory.
            log.picked = log.forced = np.zeros(0, dtype=bool)
            logs.append(log)
        return Schedule(
            input_steps=input_steps,
            **masks,
            budgets=self.budgets,
            supervised=supervised,
            gain_terms=np.array([log.gain_term for log in logs]),
            diversity_terms=np.array([log.diversity_term for log in logs]),
            forced_gains=np.array([log.forced_gain for log in logs]),
            bounds=np.array([log.bound for log in logs]),
            betas=np.array([log.beta for log in logs]),
            picks_by_cluster=np.stack([log.picks_by_cluster for log in logs]),
            fill_rounds=logs[0].rounds,
            total=self.total,
            tolerance=self.tolerance,
        )

    def run_stage(self, stage: int) -> StageLog:
        """Move to `stage`. Stage 0 fills C0 in as many rounds of delta_s = 1 as it takes (the paper is
        silent)."""
        num_questions = self.table.num_questions
        log = StageLog(
            picked=np.zeros(num_questions, dtype=bool),
            forced=np.zeros(num_questions, dtype=bool),
            picks_by_cluster=np.zeros(self.num_clusters, dtype=np.int64),
            beta=self.settings.beta if self.settings.relative_beta is None else np.nan,
        )
        # Measured before the deadline forces anything: an item drops at most delta_s a stage, forced or
        # picked.
        lowest = np.maximum(self.input_steps - self.settings.delta_s, 0)
        if self.settings.deadline:
            self._force(stage, log)
        if stage > 0:
            self._select(stage, lowest, log)
            return log
        while self._select(stage, np.maximum(self.input_steps - 1, 0), log):
            if self.budgets[0] - self.supervised <= NEGLIGIBLE_SLACK * self.budgets[0]:
                break
        return log

    def _force(self, stage: int, log: StageLog) -> None:
        """The deadline rule: what could no longer reach 0 by T at delta_s a stage drops now, budget or
        not."""
        latest = (self.settings.num_stages - stage) * self.settings.delta_s
        late = np.flatnonzero(self.input_steps > latest)
        if not len(late):
            return
        gains = self._drop(late, np.full(len(late), latest))
        log.forced[late] = True
        log.forced_gain = float(gains.sum())

    def _select(self, stage: int, lowest: np.ndarray, log: StageLog) -> bool:
        """One selection among the questions that can still drop to `lowest`; False where nothing was
        chosen."""
        candidates = np.flatnonzero(self.input_steps > lowest)
        # The tolerance is of D(t), not of what is left: rounds that each used it again would add up.
        room = float(self.budgets[stage]) - self.supervised
        budget, tolerance = max(0.0, room), max(0.0, self.tolerance + min(0.0, room))
        if not len(candidates):
            return False
        gains = self.table.drop_gains(self.input_steps[candidates], lowest[candidates], candidates)
        labels = self.clusters[candidates]
        beta = self.settings.beta
        if self.settings.relative_beta is not None:
            beta = beta_from_relative(self.settings.relative_beta, gains, labels, self.num_clusters, budget)
        chosen = run_selector(self.selector, gains, labels, self.num_clusters, budget, beta, tolerance)
        if not len(chosen.indices):
            return False
        picked = candidates[chosen.indices]
        self._drop(picked, lowest[picked], gains[chosen.indices])
        log.picked[picked] = True
        log.beta = log.beta if log.rounds else beta  # of the first round of stage 0
        log.picks_by_cluster += np.bincount(labels[chosen.indices], minlength=self.num_clusters)
        log.gain_term += chosen.gain_term
        log.diversity_term += chosen.diversity_term
        log.bound += chosen.bound
        log.rounds += 1
        return True

    def _drop(self, questions: np.ndarray, targets: np.ndarray, gains: np.ndarray | None = None) -> np.ndarray:
        if gains is None:
            gains = self.table.drop_gains(self.input_steps[questions], targets, questions)
        self.input_steps[questions] = targets
        self.supervised_by_question[questions] += gains
        # Summed anew each time: a running total would drift past the tolerance at the last stage.
        self.supervised = float(self.supervised_by_question.sum())
        return gains

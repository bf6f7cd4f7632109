"""How far a schedule moves when the difficulties do."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.curriculum.robustness import COLUMNS, robustness_report
from kpod.errors import InputError
from kpod.step_difficulty import flat_step_difficulties


def made_run(seed=0, num_questions=120):
    """Tokens of made rationales, their difficulties and clusters."""
    rng = np.random.default_rng(seed)
    steps = [np.repeat(np.arange(n), rng.integers(1, 8, n)) for n in rng.integers(1, 9, num_questions)]
    offsets = np.cumsum([0] + [len(one) for one in steps])
    tokens = {
        "token_nlls": rng.gamma(1.0, 1.0, offsets[-1]),
        "token_steps": np.concatenate(steps),
        "token_offsets": offsets,
    }
    difficulties, step_offsets = flat_step_difficulties(
        tokens["token_nlls"], rng.random(offsets[-1]), tokens["token_steps"], offsets
    )
    return np.split(difficulties, step_offsets[1:-1]), rng.integers(0, 4, num_questions), tokens


@pytest.fixture(scope="module")
def report():
    difficulties, clusters, tokens = made_run()
    return robustness_report(difficulties, clusters, **tokens, noise=(0.0, 0.2, 2.0), repeats=2, num_stages=5)


def test_rows_and_columns(report):
    assert tuple(report.columns) == COLUMNS
    assert report["assessment"].tolist() == ["noise"] * 6 + ["shuffled"] * 2 + ["raw_nll", "length", "position"]
    assert report["noise"].tolist()[:6] == [0.0, 0.0, 0.2, 0.2, 2.0, 2.0]


def test_no_noise_moves_nothing(report):
    unmoved = report[report["noise"] == 0.0]
    assert (unmoved["schedule_agreement"] == 1).all()
    assert (unmoved["mean_step_gap"] == 0).all()
    assert (unmoved["supervised_overlap"] == 1).all()
    assert unmoved[["step_correlation", "question_correlation", "order_correlation"]].to_numpy() == pytest.approx(1)


def test_more_noise_moves_more_and_shuffling_most(report):
    by_noise = report[report["assessment"] == "noise"].groupby("noise")[list(COLUMNS[3:])].mean()
    shuffled = report[report["assessment"] == "shuffled"][list(COLUMNS[3:])].mean()
    for column in ("step_correlation", "within_question_correlation", "schedule_agreement", "supervised_overlap"):
        assert by_noise[column].is_monotonic_decreasing
        assert shuffled[column] < by_noise[column].loc[0.2]
    assert by_noise["mean_step_gap"].is_monotonic_increasing
    assert abs(shuffled["within_question_correlation"]) < 0.2


def test_raw_nll_is_close_to_the_weighted_one(report):
    rows = report.set_index("assessment")
    assert rows.loc["raw_nll", "step_correlation"] > 0.9
    assert rows.loc["length", "step_correlation"] < 0.5


def test_hand_worked_assessments():
    """One question of two steps: lengths 3 and 1, positions 2 and 1."""
    tokens = {"token_nlls": [1.0, 1.0, 1.0, 5.0], "token_steps": [0, 0, 0, 1], "token_offsets": np.array([0, 4])}
    rows = robustness_report([[1.0, 5.0]], [0], **tokens, noise=(), repeats=1, num_stages=2).set_index("assessment")
    assert rows["within_question_correlation"].loc[["raw_nll", "length", "position"]].tolist() == pytest.approx(
        [1.0, -1.0, -1.0]
    )


def test_the_same_seed_gives_the_same_report(report):
    difficulties, clusters, tokens = made_run()
    again = robustness_report(difficulties, clusters, **tokens, noise=(0.0, 0.2, 2.0), repeats=2, num_stages=5)
    assert again.equals(report)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"noise": (-1.0,)}, "noise must be"), ({"repeats": 0}, "repeats at least 1"), ({"num_stages": 0}, "num_stages")],
)
def test_bad_settings(changes, words):
    difficulties, clusters, tokens = made_run(num_questions=3)
    with pytest.raises(InputError, match=words):
        robustness_report(difficulties, clusters, **tokens, **({"num_stages": 2} | changes))


def test_tokens_of_another_run():
    difficulties, clusters, tokens = made_run(num_questions=5)
    with pytest.raises(InputError, match="other steps"):
        robustness_report(difficulties[:-1], clusters[:-1], **tokens, num_stages=2)

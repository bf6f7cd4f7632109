"""Both selectors against every subset and against hand-worked choices."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from kpod.curriculum import SELECTORS, select_questions
from kpod.curriculum.ftgp import EPSILON
from kpod.curriculum.structured import select_by_density
from kpod.errors import InputError
from tests.references.selection_problems import random_problem
from tests.references.selection_references import brute_force, milp_optimum, value_of

METHODS = tuple(SELECTORS)


def solve(problem, method):
    return select_questions(problem.gains, problem.clusters, problem.budget, problem.beta, method)


@pytest.mark.parametrize("method", METHODS)
def test_hand_worked_choice(method):
    # Budget 3: two cheap questions of two clusters beat the dear one, 3 + 12 * 2 against 3 + 12.
    chosen = select_questions([3.0, 1.0, 2.0], [0, 0, 1], 3.0, method=method)
    assert chosen.indices.tolist() == [1, 2]
    assert chosen.gain_term == 3.0
    assert chosen.diversity_term == 24.0
    assert chosen.value == 27.0
    assert chosen.bound >= 27.0


def test_hand_worked_bound():
    # Densities 1/1, (sqrt 2 - 1)/1, then cut: budget 2.5 takes half of the third, sqrt 3 - sqrt 2.
    chosen = select_questions([1.0] * 13, [0] * 13, 2.5, beta=2.0)
    cut = 0.5 * (math.sqrt(3) - math.sqrt(2))
    assert chosen.bound == pytest.approx(2.5 + 2 * (math.sqrt(2) + cut))
    assert chosen.value == pytest.approx(2 + 2 * math.sqrt(2))
    assert chosen.certificate == pytest.approx(chosen.value / chosen.bound)


def test_500_random_problems_against_every_subset():
    """structured is the optimum at this size, ftgp never below its guarantee, the bound never too low."""
    rng = np.random.default_rng(20)
    ratios = {method: [] for method in METHODS}
    for number in range(500):
        problem = random_problem(rng, number, size=int(rng.integers(1, 13)))
        optimum = brute_force(problem.gains, problem.clusters, problem.budget, problem.beta)
        for method in METHODS:
            chosen = solve(problem, method)
            assert chosen.gain_term <= problem.budget * (1 + 2e-9), problem.name
            assert len(set(chosen.indices.tolist())) == len(chosen.indices), problem.name
            value = value_of(problem.gains, problem.clusters, chosen.indices, problem.beta)
            assert chosen.value == pytest.approx(value), problem.name
            assert chosen.bound >= optimum * (1 - 1e-9), problem.name
            ratios[method].append(chosen.value / optimum if optimum > 0 else 1.0)
    assert min(ratios["ftgp"]) >= 0.5 - EPSILON
    assert min(ratios["structured"]) >= 1 - 1e-9


def test_sort_fill_swap_alone_against_every_subset():
    """What larger problems go through, on small ones, where hardly any slack can be used up."""
    rng = np.random.default_rng(21)
    ratios = []
    for number in range(500):
        problem = random_problem(rng, number, size=int(rng.integers(2, 13)))
        limit = problem.budget * (1 + 1e-9)
        fitting = np.flatnonzero(problem.gains <= limit)
        if problem.gains[fitting].sum() <= limit:
            continue
        chosen, bound = select_by_density(problem.gains, problem.clusters, 12, fitting, limit, problem.beta)
        optimum = brute_force(problem.gains, problem.clusters, problem.budget, problem.beta)
        assert problem.gains[chosen].sum() <= limit, problem.name
        assert bound >= optimum * (1 - 1e-9), problem.name
        ratios.append(value_of(problem.gains, problem.clusters, chosen, problem.beta) / optimum)
    assert len(ratios) > 250
    assert np.mean(ratios) >= 0.995
    assert min(ratios) >= 0.8


@pytest.mark.parametrize(
    ("size", "problems"),
    [(20, 16), pytest.param(50, 80, marks=pytest.mark.slow), pytest.param(200, 40, marks=pytest.mark.slow)],
)
def test_against_the_mixed_integer_programme(size, problems):
    """structured: at least 0.995 of the proven bound on average and 0.95 at worst; ftgp keeps its guarantee."""
    rng = np.random.default_rng(size)
    ratios = {method: [] for method in METHODS}
    for number in range(problems):
        problem = random_problem(rng, number, size)
        found, proven = milp_optimum(problem.gains, problem.clusters, problem.budget, problem.beta, 3.0)
        assert found <= proven * (1 + 1e-6)
        for method in METHODS:
            chosen = solve(problem, method)
            assert chosen.bound >= found * (1 - 1e-6), problem.name
            ratios[method].append(chosen.value / proven)
    print(f"n = {size}, mean and worst:", {method: (np.mean(ratio), min(ratio)) for method, ratio in ratios.items()})
    assert np.mean(ratios["structured"]) >= 0.995
    assert min(ratios["structured"]) >= 0.95
    assert min(ratios["ftgp"]) >= 0.5 - EPSILON


@pytest.mark.parametrize("method", METHODS)
def test_whatever_gains_nothing_is_taken(method):
    chosen = select_questions([0.0, 5.0, 0.0, 7.0], [1, 1, 0, 0], 0.0, method=method)
    assert chosen.indices.tolist() == [0, 2]
    assert chosen.value == pytest.approx(24.0)


@pytest.mark.parametrize("method", METHODS)
def test_everything_is_taken_where_it_fits_to_the_last_bit(method):
    gains = np.random.default_rng(3).gamma(2.0, 0.5, 1000)
    shuffled = gains[np.random.default_rng(4).permutation(1000)]
    chosen = select_questions(gains, np.zeros(1000, dtype=int), float(np.cumsum(shuffled)[-1]), method=method)
    assert len(chosen.indices) == 1000
    assert chosen.certificate == 1.0


@pytest.mark.parametrize("method", METHODS)
def test_nothing_fits_and_nothing_there(method):
    assert select_questions([2.0, 3.0], [0, 1], 1.0, method=method).indices.tolist() == []
    nothing = select_questions([], [], 1.0, method=method)
    assert (nothing.indices.tolist(), nothing.value, nothing.certificate) == ([], 0.0, 1.0)


def test_labels_may_be_large_and_have_gaps():
    near = select_questions([1.0, 2.0, 3.0, 4.0], [0, 1, 0, 2], 5.0)
    far = select_questions([1.0, 2.0, 3.0, 4.0], [7, 10**12, 7, 5], 5.0)
    assert near.indices.tolist() == far.indices.tolist()


def test_without_diversity_the_clusters_do_not_matter():
    """The paper's -div: beta 0 must not let the clusters in through the order of the algorithm."""
    rng = np.random.default_rng(5)
    gains = rng.gamma(2.0, 0.5, 300)
    some, other = rng.integers(0, 6, 300), rng.integers(0, 6, 300)
    budget = float(gains.sum() / 5)
    first = select_questions(gains, some, budget, beta=0.0).indices
    assert first.tolist() == select_questions(gains, other, budget, beta=0.0).indices.tolist()
    assert first.tolist() != select_questions(gains, some, budget, beta=12.0).indices.tolist()


def test_swaps_close_the_gap_of_many_questions():
    rng = np.random.default_rng(6)
    gains = rng.gamma(2.0, 0.5, 20_000)
    chosen = select_questions(gains, rng.integers(0, 5, 20_000), float(gains.sum() / 10))
    assert chosen.certificate > 0.9999
    assert chosen.gain_term == pytest.approx(gains.sum() / 10, rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gains": [1.0, math.nan]}, "NaN"),
        ({"gains": [1.0, -0.1]}, "negative"),
        ({"gains": [1.0, math.inf]}, "infinite"),
        ({"gains": [[1.0, 2.0]]}, "one dimension"),
        ({"clusters": [0]}, "one label each"),
        ({"clusters": [0, -1]}, "integers from 0"),
        ({"clusters": [0.5, 1.0]}, "integers from 0"),
        ({"budget": -1.0}, "budget is -1.0"),
        ({"budget": math.nan}, "budget is nan"),
        ({"beta": -2.0}, "beta is -2.0"),
        ({"method": "greedy"}, "structured, ftgp"),
    ],
)
def test_bad_selection(changes, words):
    arguments = {"gains": [1.0, 2.0], "clusters": [0, 1], "budget": 1.0} | changes
    with pytest.raises(InputError, match=words):
        select_questions(**arguments)


def test_the_engine_of_the_curriculum_needs_neither_torch_nor_pandas():
    import subprocess

    code = "import sys, kpod.curriculum, kpod.step_difficulty; print({'torch', 'pandas', 'scipy'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


@pytest.mark.parametrize("method", METHODS)
def test_gains_too_small_to_divide_by_are_zeros(method):
    """Found by hypothesis: the density of 5e-324 is infinite, and the falling threshold never ended."""
    chosen = select_questions([5e-324, 1.0, 2.0], [0, 0, 1], 2.0, method=method)
    assert chosen.indices.tolist() == [0, 2]
    assert math.isfinite(chosen.bound)

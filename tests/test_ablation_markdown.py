"""An ablation in Markdown: by number of steps with tests, and where each method's time goes."""

from __future__ import annotations

import pytest

from kpod.ablation_markdown import tables_markdown
from kpod.ablation_variations import Variation
from tests.support.made_ablation import make_large_ablation


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    worlds = [Variation("small_world.filler_share", ("0", "1"))]
    made = make_large_ablation(tmp_path_factory.mktemp("made") / "one", ("plain", "kpod"), (0, 1), worlds, 30)
    return tuple(made.table(name) for name in ("summary", "by_steps", "departures", "results"))


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def table_after(told: str, *headings: str) -> list[list[str]]:
    """The rows of the first table below the headings, each below the one before."""
    for heading in headings:
        told = told[told.index(f"{heading}\n") :]
    lines = told.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    return [cells(line) for line in lines[first:] if not line.startswith("| ---")][: told.count("\n")]


def test_accuracy_by_number_of_steps_with_its_tests(tables):
    summary, by_steps, departures, results = tables
    head, plain, kpod, *_ = table_after(
        tables_markdown(summary, by_steps, departures, results),
        "## By number of steps",
        "### small_world.filler_share: 1",
    )
    assert head == ["evaluation set", "method", "2 steps", "3 steps", "4 steps"]
    row = by_steps.query("value == '1' and method == 'kpod' and num_steps == 3").iloc[0]
    expected = f"{row.accuracy:.1%} ({row.low:.1%} to {row.high:.1%}); {100 * row.difference:+.1f}, p "
    assert kpod[:2] == ["test", "KPOD"] and kpod[3].startswith(expected)
    assert plain[1] == "Plain distillation" and ";" not in "".join(plain)


def test_tables_of_before_steps_were_tested_and_those_without_steps(tables):
    summary, by_steps, departures, results = tables
    old = by_steps.drop(columns=[name for name in by_steps if name.startswith(("difference", "p_", "is_"))])
    assert ";" not in table_after(tables_markdown(summary, old, departures, results), "## By number of steps")[2][2]
    assert "By number of steps" not in tables_markdown(summary, by_steps.iloc[:0], departures, results)


def test_where_wrong_answers_part_from_the_solution(tables):
    summary, by_steps, departures, results = tables
    told = tables_markdown(summary, by_steps, departures, results)
    head, plain, *_ = table_after(
        told, "## Where wrong answers part from the solution", "### small_world.filler_share: 1"
    )
    row = departures.query("value == '1' and method == 'plain'").iloc[0]
    assert head[2] == row.departure and plain[:2] == ["test", "Plain distillation"]
    assert plain[2] == f"{row.share:.1%} ({row.low:.1%} to {row.high:.1%})"
    assert "part from" not in tables_markdown(summary, by_steps, departures.iloc[:0], results)


def test_where_the_time_goes(tables):
    told = tables_markdown(*tables)
    head, plain, kpod, *_ = table_after(told, "## Where the time goes", "### small_world.filler_share: 0")
    assert head == ["method", "seconds", "against plain", "prepare", "losses", "distill", "evaluate", "weights"]
    mean = tables[3].query("value == '0'").groupby("method")["seconds"].mean()
    assert plain[2] == "1.00" and kpod[2] == f"{mean['kpod'] / mean['plain']:.2f}" and float(kpod[2]) > 2
    assert plain[-1] == "" and kpod[-1] == "75.0" and kpod[3] == "1.0"

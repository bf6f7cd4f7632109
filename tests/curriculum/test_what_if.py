"""The dry run: its text says what its schedule holds."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.curriculum import StepTable
from kpod.curriculum.what_if import schedule_report
from kpod.errors import InputError


def test_one_line_a_stage_and_the_warnings():
    report = schedule_report([[1.0, 2.0], [4.0, 1.0], [2.0]], [0, 0, 1], num_stages=2, power=1.0)
    lines = report.text.splitlines()
    assert lines[0].split() == [
        "stage", "D", "H", "slack", "picked", "forced", "gain", "diversity", "beta", "g/bound", "overrun", "whole",
    ]  # fmt: skip
    assert lines[1].split() == [
        "0", "30.0%", "30.0%", "0.000%", "2", "0", "3.0", "24.0", "12", "1.0000", "-", "33.3%",
    ]  # fmt: skip
    assert lines[2].split()[4:6] == ["0", "1"]
    assert lines[2].split()[10] == "2.50%"
    assert lines[3].split()[2] == "100.0%"
    assert "3 questions, B = 10.00 nats; stage 0 took 1 round" in report.text
    assert "picks by cluster: 0: 1, 1: 1" in report.text
    assert f"warning: {report.schedule.warnings[0]}" in report.text


def test_settings_change_the_schedule():
    rng = np.random.default_rng(0)
    difficulties, clusters = [rng.random(4) for _ in range(50)], rng.integers(0, 3, 50)
    small = schedule_report(difficulties, clusters, num_stages=4, initial_fraction=0.1)
    large = schedule_report(difficulties, clusters, num_stages=4, initial_fraction=0.6)
    assert small.schedule.input_steps[0].sum() > large.schedule.input_steps[0].sum()
    with pytest.raises(InputError, match="initial_fraction is 2"):
        schedule_report(difficulties, clusters, num_stages=4, initial_fraction=2)


def test_step_rows_of_a_run():
    table = StepTable.of_rows([0, 0, 1, 2, 2], [1.0, 2.0, 3.0, 4.0, 5.0])
    assert table.offsets.tolist() == [0, 2, 3, 5]
    for indices in ([1, 1, 2], [0, 2, 2], [0, 1, 0], []):
        with pytest.raises(InputError, match="sorted by question"):
            StepTable.of_rows(indices, np.ones(len(indices)))

"""The commands that need no model, as a user calls them."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from kpod.cli import app
from kpod.errors import InputError
from tests.support.made_run import make_run


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "made").folder


def call(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)


def test_schedule_prints_the_stages_and_writes_an_offline_page(run_folder, tmp_path):
    before = (run_folder / "schedule.parquet").read_bytes()
    page = tmp_path / "schedule.html"
    result = call("schedule", run_folder, "--set", "curriculum.initial_fraction=0.2", "--plot", page)
    assert result.exit_code == 0
    assert "20.0%" in result.stdout.splitlines()[1] and "g/bound" in result.stdout
    written = page.read_text()
    assert "curriculum.initial_fraction=0.2" in written and 'src="http' not in written
    assert '"name":"pens, more0, each0"' in written and "cluster 0" not in written
    assert (run_folder / "schedule.parquet").read_bytes() == before


def test_robustness_prints_a_row_an_assessment_and_writes_them(run_folder, tmp_path):
    table = tmp_path / "robustness.csv"
    result = call("robustness", run_folder, "--repeats", 1, "--csv", table)
    assert result.exit_code == 0
    assert "shuffled" in result.stdout and "position" in table.read_text()


def test_steps_counts_both_modes(tmp_path):
    file = tmp_path / "two.jsonl"
    rows = [{"rationale": "It costs $3.50. So 7 is paid."}, {"rationale": "One step"}]
    file.write_text("\n".join(json.dumps(row) for row in rows))
    lines = call("steps", file).stdout.splitlines()
    assert any("sentence" in line and "1.50" in line for line in lines)
    assert any("paper" in line and "2.00" in line for line in lines)


def test_an_unknown_run_is_named_with_those_there_are(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    with pytest.raises(InputError, match="No run 'nowhere'"):
        call("schedule", "nowhere")

"""Donors that change: what another process finishes is seen, and of two that want one artefact one waits."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from kpod.ablation_donors import AblationDonors
from kpod.ablation_store import load_ablation
from kpod.errors import RunCancelled
from kpod.run_reporter import RunReporter
from kpod.run_store import StageRecord, load_run
from kpod.stage_cache import StageInputs
from tests.conftest import ROOT
from tests.support.made_ablation import make_ablation

STAGE = StageInputs("weights", {})
FINGERPRINT = "ab" * 32
HOLD = """
import sys
from kpod.ablation_donors import AblationDonors
from kpod.ablation_store import load_ablation
from kpod.progress import Reporter
from kpod.stage_cache import StageInputs
with AblationDonors(load_ablation(sys.argv[1])).turn(StageInputs("weights", {}), sys.argv[2], Reporter()):
    print("holds", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def ablation(tmp_path):
    return make_ablation(tmp_path / "ablation", seeds=[0])


def test_a_stage_is_seen_as_soon_as_another_has_finished_it(ablation):
    own, other = (cell.folder for cell in ablation.matrix())
    donors = AblationDonors(load_ablation(ablation.folder)).beside(own)
    assert [run.folder for run in donors.runs()] == [other]
    assert donors.find(STAGE, FINGERPRINT) is None
    run = load_run(other)
    run.update(stages=run.state.stages | {"weights": StageRecord(FINGERPRINT, 1.0, 0, "", [])})
    assert donors.find(STAGE, FINGERPRINT).folder == other
    assert donors.beside(other).find(STAGE, FINGERPRINT) is None


def test_one_waits_for_the_other_and_not_for_who_makes_something_else(ablation):
    folder = ablation.folder
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), FINGERPRINT],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert holder.stdout.readline() == "holds\n"
    run = load_run(ablation.matrix()[0].folder)
    donors, entered = AblationDonors(ablation), []

    class Asked(RunReporter):
        """Ends the holder when it is asked for the first time, or wishes to stop."""

        def cancelled(self):
            if self.stop:
                return True
            holder.kill()
            return False

    reporter = Asked(run, io.StringIO())
    with donors.turn(STAGE, "cd" * 32, reporter):
        entered.append("another")
    reporter.stop = True
    with (
        pytest.raises(RunCancelled, match="Stopped before the stage weights"),
        donors.turn(STAGE, FINGERPRINT, reporter),
    ):
        entered.append("never")
    reporter.stop = False
    with donors.turn(STAGE, FINGERPRINT, reporter):  # the system has ended the turn of the one that died
        entered.append("after it")
    holder.wait()
    assert entered == ["another", "after it"]
    assert reporter.stream.getvalue().count("is making the same, waiting for it") == 2

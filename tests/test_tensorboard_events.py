"""Metrics as TensorBoard events: read back by TensorBoard's own reader."""

from __future__ import annotations

import sys

import pytest

from kpod.errors import RunCancelled
from kpod.progress import Reporter
from kpod.tensorboard_events import TensorBoardReporter, events_folder, with_tensorboard
from tests.support.tensorboard_reading import read_events


class Recorder(Reporter):
    def __init__(self):
        self.rows, self.starts, self.said, self.stopped = [], [], [], False

    def start(self, stage, total, done=0, unit=""):
        self.starts.append((stage, total, done, unit))

    def metrics(self, row):
        self.rows.append(row)

    def log(self, message):
        self.said.append(message)

    def cancelled(self):
        return self.stopped


def report(folder, steps, done=0, scale=1.0):
    """What a process writes that then dies: it has flushed at a checkpoint, and closes nothing."""
    inner = Recorder()
    reporter = TensorBoardReporter(inner, folder)
    reporter.start("distill", 9, done, "steps")
    for step in steps:
        reporter.metrics({"stage": "distill", "step": step, "loss": scale / step, "learning_rate": 0.1, "tokens": 7})
    reporter.flush()
    return inner, reporter


def read(folder):
    return {tag: [(step, round(value, 6)) for step, value in each] for tag, each in read_events(folder).items()}


def test_every_number_of_a_row_is_a_scalar_at_its_step(tmp_path):
    inner, reporter = report(tmp_path / "events", [1, 2, 4])
    assert read(tmp_path / "events") == {
        "distill/loss": [(1, 1.0), (2, 0.5), (4, 0.25)],
        "distill/learning_rate": [(1, 0.1), (2, 0.1), (4, 0.1)],
        "distill/tokens": [(1, 7.0), (2, 7.0), (4, 7.0)],
    }
    assert len(inner.rows) == 3 and inner.starts == [("distill", 9, 0, "steps")]
    inner.stopped = True
    assert reporter.cancelled()


def test_all_is_written_when_the_work_is_over_and_words_are_no_scalars(tmp_path):
    inner = Recorder()
    with with_tensorboard(inner, tmp_path / "events") as reporter:
        reporter.start("weights", 3)
        for step in (1, 2, 3):
            reporter.metrics({"stage": "weights", "step": step, "phase": "mask", "alpha": 0.5})
    assert read(tmp_path / "events") == {"weights/alpha": [(1, 0.5), (2, 0.5), (3, 0.5)]}
    assert [row["phase"] for row in inner.rows] == ["mask"] * 3
    reporter.metrics({"stage": "weights", "step": 4})
    reporter.flush()
    assert len(inner.rows) == 4 and inner.said == []


def test_all_is_written_where_the_work_is_stopped(tmp_path):
    with pytest.raises(RunCancelled), with_tensorboard(Recorder(), tmp_path / "events") as reporter:
        reporter.start("weights", 3)
        reporter.metrics({"stage": "weights", "step": 1, "alpha": 0.5})
        raise RunCancelled("stopped")
    assert read(tmp_path / "events") == {"weights/alpha": [(1, 0.5)]}


def test_the_steps_of_one_stage_purge_nothing_of_another(tmp_path):
    """TensorBoard purges all of a folder, whatever the scalar is called."""
    for stage in ("weights", "distill"):
        for done in (0, 2):  # and a resume of each
            with with_tensorboard(Recorder(), events_folder(tmp_path, stage)) as reporter:
                reporter.start(stage, 3, done)
                for step in range(done + 1, 4):
                    reporter.metrics({"stage": stage, "step": step, "loss": 1.0})
    for stage in ("weights", "distill"):
        assert read(events_folder(tmp_path, stage)) == {f"{stage}/loss": [(1, 1.0), (2, 1.0), (3, 1.0)]}


def test_a_record_that_a_kill_cut_short_hides_nothing_behind_it(tmp_path):
    report(tmp_path / "events", [1, 2, 3, 4])
    (written,) = (tmp_path / "events").iterdir()
    written.write_bytes(written.read_bytes()[:-5])
    report(tmp_path / "events", [3, 4, 5], done=2)
    assert [step for step, _ in read(tmp_path / "events")["distill/loss"]] == [1, 2, 3, 4, 5]


def test_events_that_cannot_be_written_stop_nothing(tmp_path):
    (tmp_path / "events").write_text("a file in the way")
    inner, reporter = report(tmp_path / "events", [1, 2])
    assert len(inner.rows) == 2
    assert len(inner.said) == 1 and "No TensorBoard events from here on" in inner.said[0]
    reporter.start("distill", 9)  # it is announced again at every stage of a curriculum
    assert len(inner.said) == 1


def test_a_package_that_is_missing_stops_nothing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    inner, _ = report(tmp_path / "events", [1, 2])
    assert len(inner.rows) == 2 and "No TensorBoard events" in inner.said[0]


def test_a_disk_that_is_full_stops_nothing(tmp_path, monkeypatch):
    inner, reporter = report(tmp_path / "events", [1])

    def full(*arguments, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reporter._writer, "add_scalar", full)
    for step in (2, 3):
        reporter.metrics({"stage": "distill", "step": step, "loss": 1.0})
    reporter.flush()
    assert [row["step"] for row in inner.rows] == [1, 2, 3]
    assert len(inner.said) == 1 and "No space left on device" in inner.said[0]


def test_steps_that_are_trained_again_after_a_kill_stand_once(tmp_path):
    report(tmp_path / "events", [1, 2, 3, 4])
    report(tmp_path / "events", [3, 4, 5], done=2, scale=2.0)  # the checkpoint was of step 2
    assert read(tmp_path / "events")["distill/loss"] == [
        (1, 1.0), (2, 0.5), (3, round(2 / 3, 6)), (4, 0.5), (5, 0.4),
    ]  # fmt: skip

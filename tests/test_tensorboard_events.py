"""Metrics as TensorBoard events: read back by TensorBoard's own reader."""

from __future__ import annotations

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from kpod.progress import Reporter
from kpod.tensorboard_events import with_tensorboard


class Recorder(Reporter):
    def __init__(self):
        self.rows, self.starts, self.stopped = [], [], False

    def start(self, stage, total, done=0, unit=""):
        self.starts.append((stage, total, done, unit))

    def metrics(self, row):
        self.rows.append(row)

    def cancelled(self):
        return self.stopped


def report(folder, steps, done=0, scale=1.0):
    inner = Recorder()
    reporter = with_tensorboard(inner, folder)
    reporter.start("distill", 9, done, "steps")
    for step in steps:
        reporter.metrics({"stage": "distill", "step": step, "loss": scale / step, "learning_rate": 0.1, "tokens": 7})
    reporter.flush()
    return inner, reporter


def read(folder):
    events = EventAccumulator(str(folder))
    events.Reload()
    return {
        tag: [(each.step, round(each.value, 6)) for each in events.Scalars(tag)] for tag in events.Tags()["scalars"]
    }


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


def test_steps_that_are_trained_again_after_a_kill_stand_once(tmp_path):
    report(tmp_path / "events", [1, 2, 3, 4])
    report(tmp_path / "events", [3, 4, 5], done=2, scale=2.0)  # the checkpoint was of step 2
    assert read(tmp_path / "events")["distill/loss"] == [
        (1, 1.0), (2, 0.5), (3, round(2 / 3, 6)), (4, 0.5), (5, 0.4),
    ]  # fmt: skip

"""TensorBoard's own reader, for tests of the events that a run writes."""

from __future__ import annotations

from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def read_events(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """(step, value) of every scalar, as TensorBoard shows them: without what was purged."""
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})  # else it keeps 10,000 and draws among them
    events.Reload()
    return {tag: [(each.step, each.value) for each in events.Scalars(tag)] for tag in events.Tags()["scalars"]}

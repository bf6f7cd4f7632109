"""Runs whose processes are killed at chosen moments: `python -m tests.support.killed_runs RUN_FOLDER SEED STAGE...`.

A process that has loaded everything once forks one child after the other, each of which goes on with the run by the
command line's own code; a child is killed by SIGKILL at a random moment of the next of the named stages. Loading takes
seconds and would otherwise be most of the time. Prints the stage that each kill met, as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

PATIENCE_SECONDS = 300.0
RESUMABLE = ("weights", "distill")


def main(folder: Path, seed: int, stages: list[str], seconds: dict[str, float]) -> list[str]:
    """Kill a run once in each of `stages`, in order, and let it finish; the stage that each kill met.

    `seconds`: how long stages take. A stage that is over before its moment comes is killed in the one after it. At
    `STAGE!` the newest checkpoint is damaged after the kill.
    """
    load_everything()
    chosen = random.Random(seed)
    times = Counter(stage.removesuffix("!") for stage in stages)
    met = []
    for wanted in stages:
        stage = wanted.removesuffix("!")
        child = start_child(folder)
        wait_for_stage(folder, stage, child)
        # One with checkpoints of its own goes on, so its kills have to share its time.
        time.sleep(chosen.uniform(0.0, seconds[stage] / (times[stage] if stage in RESUMABLE else 1)))
        if wanted.endswith("!"):
            wait_for_checkpoints(folder, stage)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        met.append(stage_at_work(folder))
        if wanted.endswith("!"):
            damage_newest(folder, stage)
    if os.waitpid(start_child(folder), 0)[1] != 0:
        raise SystemExit("the run did not finish when nobody killed it")
    return met


def start_child(folder: Path) -> int:
    child = os.fork()
    if child == 0:
        go_on(folder)
    return child


def wait_for_checkpoints(folder: Path, stage: str) -> None:
    """Wait until the stage has two checkpoints."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while len(list(folder.glob(f"checkpoints/{stage}-*/step-*"))) < 2:
        if time.monotonic() > limit:
            raise SystemExit(f"{stage} never had two checkpoints")
        time.sleep(0.002)


def damage_newest(folder: Path, stage: str) -> None:
    """Cut the newest checkpoint short, as a failing disk might."""
    path = sorted(folder.glob(f"checkpoints/{stage}-*/step-*/tensors.safetensors"))[-1]
    path.write_bytes(path.read_bytes()[:-100])


def load_everything() -> None:
    """Import all that a run imports, and start no thread: a child would lack it."""
    import sklearn.cluster
    import transformers.models.llama.modeling_llama

    import kpod.cli
    import kpod.pipeline

    assert sklearn.cluster and transformers.models.llama.modeling_llama and kpod.cli and kpod.pipeline


def go_on(folder: Path) -> None:
    """In the child: what `python -m kpod run --resume FOLDER` does; never returns."""
    try:
        from kpod.cli import app

        app(["run", "--resume", str(folder)], standalone_mode=False)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def stage_at_work(folder: Path) -> str:
    """The first stage that the run has not recorded."""
    from kpod.run_store import load_run

    state = load_run(folder).state
    return next((stage for stage in ORDER if stage not in state.stages), "after the last")


def wait_for_stage(folder: Path, stage: str, child: int) -> None:
    """Wait until the child works at `stage`, or is past it."""
    wanted = ORDER.index(stage)
    limit = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < limit:
        if (folder / "lock").is_file():
            at = stage_at_work(folder)
            if at == "after the last" or ORDER.index(at) >= wanted:
                return
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            raise SystemExit(f"the run ended before its stage {stage}")
        time.sleep(0.002)
    raise SystemExit(f"the run never came to its stage {stage}")


ORDER = (
    "prepare", "evaluation set", "cluster", "map", "weights", "losses", "difficulty", "schedule", "evaluate base",
    "distill", "evaluate",
)  # fmt: skip

if __name__ == "__main__":
    _, _folder, _seed, _seconds, *_stages = sys.argv
    print(json.dumps(main(Path(_folder), int(_seed), _stages, json.loads(_seconds))))

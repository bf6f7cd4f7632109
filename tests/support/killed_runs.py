"""Runs whose processes are killed at random moments: `python -m tests.support.killed_runs WHOLE KILLED SEED STAGE...`.

A process that has loaded everything once forks one child after the other, each of which goes on with a run by the
command line's own code. The run WHOLE is left alone, and tells how long stages take. A child of the run KILLED is ended
by SIGKILL at a random moment of the next of the named stages. Loading takes seconds and would otherwise be most of the
time. Prints the stage that each kill met and how many kills came too late, as JSON.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 300.0
STARTING_SECONDS = 0.05  # from the fork to the first stage
MOST_TRIES = 30  # on a busy machine even a moment of no time at all may come late for a stage of 40 ms
RESUMABLE = ("weights", "distill")
ORDER = (
    "prepare", "evaluation set", "cluster", "map", "weights", "losses", "difficulty", "schedule", "evaluate base",
    "distill", "evaluate",
)  # fmt: skip


def main(whole: Path, folder: Path, seed: int, stages: list[str]) -> dict[str, Any]:
    """Kill a run once in each of `stages`, in order, and let it finish. At `STAGE!` the newest checkpoint is damaged
    after the kill.

    `met`: the stage that each kill met. `late`: kills that came when their stage was over, and were taken back.
    """
    load_everything()
    finish(whole)
    seconds = {stage: record["seconds"] for stage, record in recorded(whole).items()}
    chosen = random.Random(seed)
    times = Counter(stage.removesuffix("!") for stage in stages)
    met, late = [], 0
    for wanted in stages:
        stage = wanted.removesuffix("!")
        longest = seconds[stage] + (STARTING_SECONDS if stage == "prepare" else 0.0)
        # One with checkpoints of its own goes on, so its kills have to share its time.
        longest /= times[stage] if stage in RESUMABLE else 1
        late += kill_within(folder, wanted, longest, chosen)
        met.append(stage_at_work(folder))
        if wanted.endswith("!"):
            damage_newest(folder, stage)
    finish(folder)
    return {"met": met, "late": late}


def kill_within(folder: Path, wanted: str, longest: float, chosen: random.Random) -> int:
    """End a child of the run at a random moment within a stage, at most so many seconds after it began.

    A stage may take less time than it did before. Where it was over, the folder is put back as it was and the moment
    comes sooner: how often that was so.
    """
    stage, before = wanted.removesuffix("!"), folder.with_name(f"{folder.name}-before")
    for late in range(MOST_TRIES):
        shutil.copytree(folder, before)
        child = start_child(folder)
        wait_for_stage(folder, stage, child)
        time.sleep(chosen.uniform(0.0, longest / 2**late))
        if wanted.endswith("!"):
            wait_for_checkpoints(folder, stage)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if stage_at_work(folder) == stage:
            shutil.rmtree(before)
            return late
        shutil.rmtree(folder)
        before.rename(folder)
    raise SystemExit(f"{MOST_TRIES} kills came after the stage {stage} was over")


def load_everything() -> None:
    """Import all that a run imports, and start no thread: a child would lack it."""
    import sklearn.cluster
    import transformers.models.llama.modeling_llama

    import kpod.cli
    import kpod.pipeline

    assert sklearn.cluster and transformers.models.llama.modeling_llama and kpod.cli and kpod.pipeline


def start_child(folder: Path) -> int:
    """The id of a new process that goes on with the run."""
    child = os.fork()
    if child == 0:
        go_on(folder)
    return child


def go_on(folder: Path) -> None:
    """In the child: what `python -m kpod run --resume FOLDER` does; never returns."""
    try:
        from kpod.cli import app

        app(["run", "--resume", str(folder)], standalone_mode=False)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def finish(folder: Path) -> None:
    """Let a run go on to its end."""
    if os.waitpid(start_child(folder), 0)[1] != 0:
        raise SystemExit(f"the run in {folder} did not finish, though nobody killed it")


def recorded(folder: Path) -> dict[str, dict]:
    """The records of the stages that a run has finished, read as quickly as can be."""
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))["stages"]


def stage_at_work(folder: Path) -> str:
    """The first stage that the run has not recorded."""
    done = recorded(folder)
    return next((stage for stage in ORDER if stage not in done), "after the last")


def wait_for_stage(folder: Path, stage: str, child: int) -> None:
    """Wait until the child works at `stage`, or is past it."""
    wanted = ORDER.index(stage)
    limit = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < limit:
        at = stage_at_work(folder)
        if at == "after the last" or ORDER.index(at) >= wanted:
            return
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            raise SystemExit(f"the run ended before its stage {stage}")
        time.sleep(0.001)
    raise SystemExit(f"the run never came to its stage {stage}")


def wait_for_checkpoints(folder: Path, stage: str) -> None:
    """Wait until the stage has two checkpoints, or is over."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while len(list(folder.glob(f"checkpoints/{stage}-*/step-*"))) < 2 and stage_at_work(folder) == stage:
        if time.monotonic() > limit:
            raise SystemExit(f"{stage} never had two checkpoints")
        time.sleep(0.002)


def damage_newest(folder: Path, stage: str) -> None:
    """Cut the newest checkpoint short, as a failing disk might."""
    path = sorted(folder.glob(f"checkpoints/{stage}-*/step-*/tensors.safetensors"))[-1]
    path.write_bytes(path.read_bytes()[:-100])


if __name__ == "__main__":
    _, _whole, _folder, _seed, *_stages = sys.argv
    print(json.dumps(main(Path(_whole), Path(_folder), int(_seed), _stages)))

"""The tasks by name. To add one: a file beside this with a `TASK`, and a line here."""

from __future__ import annotations

import difflib

from kpod.errors import InputError
from kpod.tasks import (
    arithmetic,
    asdiv,
    commonsense_qa,
    drop,
    gsm8k,
    logiqa,
    multiarith,
    multiple_choice,
    small_world,
    strategyqa,
    svamp,
)
from kpod.tasks.base import Task

_MODULES = (
    arithmetic, multiple_choice, gsm8k, svamp, asdiv, multiarith, commonsense_qa, strategyqa, logiqa, drop,
    small_world,
)  # fmt: skip
TASKS: dict[str, Task] = {module.TASK.name: module.TASK for module in _MODULES}


def get(name: str) -> Task:
    """The task of that name. Raises InputError that names the nearest one and all."""
    if name in TASKS:
        return TASKS[name]
    near = difflib.get_close_matches(str(name).lower().replace("-", "_"), TASKS, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise InputError(f"There is no task {name!r}.{hint} Tasks: {', '.join(TASKS)}.")


def names() -> list[str]:
    """The names of all tasks."""
    return list(TASKS)

"""KPOD Studio: keypoint-based progressive chain-of-thought distillation.

The public names load on first use, so `import kpod` stays light:
`split_steps`, `step_difficulties`, `difficulty_budget`, `select_questions`, `build_schedule`, `load_run`,
`load_questions`, and `kpod.tasks.get(name)`.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "split_steps": "kpod.step_splitting",
    "step_difficulties": "kpod.step_difficulty",
    "difficulty_budget": "kpod.curriculum",
    "select_questions": "kpod.curriculum",
    "build_schedule": "kpod.curriculum",
    "Selection": "kpod.curriculum",
    "Schedule": "kpod.curriculum",
    "load_run": "kpod.run_store",
    "Run": "kpod.run_store",
    "load_questions": "kpod.tasks.loading",
    "Question": "kpod.records",
    "InputError": "kpod.errors",
}
_MODULES = ("tasks",)

__all__ = [*_HOMES, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"kpod.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'kpod' has no attribute {name!r}; it has {', '.join(sorted(__all__))}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

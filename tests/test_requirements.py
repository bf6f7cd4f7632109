from __future__ import annotations

import re
import sys
from importlib.metadata import packages_distributions, version

from tests.conftest import ROOT
from tests.support.import_graph import build_graph

NEVER_IMPORTED = {
    "accelerate": "transformers needs it to place and to train models",
    "gguf": "transformers needs it to read GGUF files",
    "fastapi": "`transformers serve`, which a test asks, needs it",
    "ruff": "CI runs it",
    "tensorboard": "torch writes its events by it",
    "uvicorn": "`transformers serve`, which a test asks, needs it",
}

NEVER_REQUIRED = {"trl": "a benchmark compares with it where it is installed, and says so where it is not"}


def requirements() -> dict[str, str]:
    """Name (normalised) -> pinned version. Every line is a comment, empty or NAME==VERSION."""
    pins = {}
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            pin = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.]+)", line)
            assert pin, f"not pinned: {line!r}"
            pins[normalised(pin[1])] = pin[2]
    return pins


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported() -> set[str]:
    """The distributions that the repository's own files import, tests included."""
    paths = [
        ROOT / "app.py",
        *(path for name in ("kpod", "pages", "tests") for path in (ROOT / name).rglob("*.py")),
    ]
    ours = {"kpod", "pages", "app", "tests"}
    graph = build_graph(ROOT, paths)
    names = {found.name.partition(".")[0] for imports in graph.values() for found in imports}
    providers = packages_distributions()
    third_party = names - ours - set(sys.stdlib_module_names) - set(NEVER_REQUIRED)
    unknown = {name for name in third_party if name not in providers}
    assert unknown == set(), "imported, but of no installed distribution"
    return {normalised(providers[name][0]) for name in third_party}


def test_what_is_imported_is_required_and_what_is_required_is_used():
    assert imported() | set(NEVER_IMPORTED) == set(requirements())


def test_the_pinned_versions_are_the_ones_tested():
    installed = {name: version(name).partition("+")[0] for name in requirements()}
    assert installed == requirements()

"""The rules of the layout, held: see "Files" in README.md. Change them here when they change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.import_graph import Graph, build_graph, find_chain, find_circle

LAYERS = (
    "errors",
    "records",
    "artefacts",
    "config_history",
    "config_section",
    "config_weights",
    "config_yaml",
    "config",
    "config_description",
    "paper_settings",
    "paper_presets",
    "presets",
    "progress",
    "metrics_tail",
    "tensorboard_events",
    "memory",
    "batching",
    "checkpoints",
    "divergence",
    "tasks",
    "prompts",
    "prompt_pairs",
    "step_splitting",
    "step_checking",
    "hardware",
    "students",
    "teacher",
    "data_sources",
    "teaching",
    "lengths",
    "overlong",
    "preparation",
    "evaluation_sets",
    "further_rationales",
    "token_weighting",
    "step_difficulty",
    "question_clustering",
    "curriculum",
    "distillation",
    "methods",
    "config_forms",
    "family_settings",
    "evaluation",
    "self_consistency",
    "nano_scores",
    "statistics",
    "paired_comparison",
    "token_analysis",
    "run_process",
    "run_lock",
    "run_state",
    "run_store",
    "markdown_tables",
    "weight_validation",
    "run_archive",
    "run_management",
    "cluster_names",
    "question_vectors",
    "results",
    "wrong_answers",
    "sensitivity",
    "uploads",
    "ablation_variations",
    "ablation_store",
    "ablation_markdown",
    "ablation_export",
    "step_drivers",
    "run_curriculum",
    "schedule_preview",
    "charts",
    "stage_cache",
    "weighing",
    "validating",
    "weight_stability",
    "stage_sharing",
    "run_reporter",
    "stage_context",
    "preparation_stages",
    "pipeline_stages",
    "distillation_stages",
    "evaluation_stages",
    "pipeline",
    "parallel_run",
    "further_evaluation",
    "ablation_departures",
    "ablation_tables",
    "ablation_donors",
    "ablation_shares",
    "ablation_processes",
    "ablation",
    "ablation_worker",
    "job_queue",
    "job_state",
    "device_queues",
    "jobs",
    "preflight",
    "cli_arguments",
    "cli_archive",
    "cli_preflight",
    "cli_curriculum",
    "cli_data",
    "cli_evaluate",
    "cli_teach",
    "cli_weights",
    "cli_ablate",
    "cli",
    "__main__",
    "ui",
)
"""Modules and packages of kpod/: each imports only from itself and from what stands before it."""

LIGHT = (
    "kpod",
    "kpod.errors",
    "kpod.records",
    "kpod.config_history",
    "kpod.config_section",
    "kpod.config_weights",
    "kpod.config_yaml",
    "kpod.config",
    "kpod.config_description",
    "kpod.config_forms",
    "kpod.paper_settings",
    "kpod.presets",
    "kpod.progress",
    "kpod.metrics_tail",
    "kpod.tasks",
    "kpod.prompts",
    "kpod.prompt_pairs",
    "kpod.step_splitting",
    "kpod.step_checking",
    "kpod.students",
    "kpod.students.registry",
    "kpod.curriculum",
    "kpod.methods",
    "kpod.statistics",
    "kpod.token_analysis",
    "kpod.weight_validation",
    "kpod.run_state",
    "kpod.run_store",
    "kpod.run_archive",
    "kpod.run_management",
    "kpod.cluster_names",
    "kpod.question_vectors",
    "kpod.question_clustering.neighbours",
    "kpod.results",
    "kpod.wrong_answers",
    "kpod.sensitivity",
    "kpod.uploads",
    "kpod.ablation_variations",
    "kpod.ablation_store",
    "kpod.ablation_markdown",
    "kpod.ablation_export",
    "kpod.ablation_departures",
    "kpod.step_drivers",
    "kpod.run_curriculum",
    "kpod.schedule_preview",
    "kpod.teaching",
    "kpod.cli",
    "kpod.hardware",
    "kpod.job_queue",
    "kpod.job_state",
    "kpod.device_queues",
    "kpod.preflight",
    "kpod.jobs",
    "kpod.charts",
    "kpod.ui",
    "pages",
    "app",
)
"""Modules, and packages with all in them (kpod and kpod.students: without), that load nothing heavy."""

HEAVY = ("torch", "transformers", "peft", "accelerate", "sklearn", "umap")

PLAIN_MATHEMATICS = (
    "step_splitting",
    "step_checking",
    "students",
    "token_weighting",
    "step_difficulty",
    "question_clustering",
    "curriculum",
    "distillation",
    "divergence",
    "evaluation",
    "statistics",
    "paired_comparison",
    "token_analysis",
    "weight_validation",
)
"""Take values and arrays, never the configuration."""

TEST_FOLDERS_WITHOUT_A_TWIN = ("references", "benchmarks", "browser", "support")
TOPICS_OF_THE_PAGES = ("hostile",)  # tests/ui/test_TOPIC_*.py, about all pages at once
TESTS_OF_THE_WHOLE = ("layers", "requirements", "end_to_end", "app", "public_names")


def sources(root: Path) -> list[Path]:
    """The product's own Python files; tests are not among them."""
    found = [*root.glob("app.py"), *root.glob("pages/*.py"), *root.glob("kpod/**/*.py")]
    return sorted(path for path in found if "__pycache__" not in path.parts)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build_graph(ROOT, sources(ROOT))


def layer_of(module: str) -> str:
    return module.split(".")[1]


def upward_imports(graph: Graph, layers: tuple[str, ...] = LAYERS) -> list[str]:
    """Every import inside kpod/ of something that does not stand before the importing module's layer."""
    wrong = []
    rank = {layer: index for index, layer in enumerate(layers)}
    for module, imports in graph.items():
        if not module.startswith("kpod."):
            continue
        for found in imports:
            where = f"{module}:{found.line} imports {found.name}"
            if found.name.partition(".")[0] in ("app", "pages"):
                wrong.append(f"{where}, a page")
            elif found.name == "kpod":
                wrong.append(f"{where}, the outward face: import from the module that has it")
            elif found.name.startswith("kpod.") and rank[layer_of(found.name)] > rank[layer_of(module)]:
                wrong.append(f"{where}, which stands after it")
    return wrong


def streamlit_imports(graph: Graph) -> list[str]:
    return [
        f"{module}:{found.line} imports {found.name}"
        for module, imports in graph.items()
        if not (module in ("app", "kpod.ui") or module.startswith(("pages.", "kpod.ui.")))
        for found in imports
        if found.name.partition(".")[0] == "streamlit"
    ]


def test_every_module_of_kpod_has_its_layer(graph):
    layers = {layer_of(module) for module in graph if module.startswith("kpod.")}
    unknown = sorted(layers - set(LAYERS))
    assert not unknown, f"{unknown}: add it to the layer list (LAYERS here), where its imports allow it"


def test_imports_run_down_the_layers(graph):
    assert upward_imports(graph) == []


def test_imports_make_no_circle(graph):
    # The outward face names everything and nothing imports it.
    assert find_circle({module: imports for module, imports in graph.items() if module != "kpod"}) is None


def test_streamlit_is_imported_by_the_app_alone(graph):
    assert streamlit_imports(graph) == []


def test_the_mathematics_never_sees_the_configuration(graph):
    wrong = [
        f"{module}:{found.line}"
        for module, imports in graph.items()
        for found in imports
        if found.name in ("kpod.config", "kpod.presets") and layer_of(module) in PLAIN_MATHEMATICS
    ]
    assert wrong == []


def light_modules(graph: Graph) -> list[str]:
    within = tuple(f"{name}." for name in LIGHT if name not in ("kpod", "kpod.students"))
    return [module for module in graph if module in LIGHT or module.startswith(within)]


def test_light_modules_import_nothing_heavy(graph):
    chains = {module: find_chain(graph, module, HEAVY) for module in light_modules(graph)}
    assert {module: chain for module, chain in chains.items() if chain} == {}


LOADED = """
import importlib, json, sys
heavy = {}
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
    heavy[name] = [module for module in json.loads(sys.argv[2]) if module in sys.modules]
print(json.dumps(heavy))
"""


def test_light_modules_load_nothing_heavy_when_they_run(graph):
    # Pages run as scripts inside a server; the browser tests look at those.
    names = [name for name in light_modules(graph) if not name.startswith(("app", "pages", "kpod.ui"))]
    assert {"kpod.students.registry", "kpod.run_store"} <= set(names)
    done = subprocess.run(
        [sys.executable, "-c", LOADED, json.dumps(names), json.dumps(HEAVY)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {name: heavy for name, heavy in json.loads(done.stdout).items() if heavy} == {}


def test_tests_mirror_the_modules():
    strays = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        folder, name = path.parent.relative_to(ROOT / "tests"), path.stem.removeprefix("test_")
        if folder.parts[:1] and folder.parts[0] in TEST_FOLDERS_WITHOUT_A_TWIN:
            continue
        if not folder.parts and name.startswith(TESTS_OF_THE_WHOLE):
            continue
        if folder.parts == ("ui",) and name.startswith(TOPICS_OF_THE_PAGES):
            continue
        twins = {twin.stem for twin in (ROOT / "kpod" / folder).glob("*")}
        if not any(name == twin or name.startswith(f"{twin}_") for twin in twins):
            strays.append(str(path.relative_to(ROOT)))
    assert strays == [], f"test_X.py stands where kpod has X.py or X/ (or is named test_X_WHAT.py): {strays}"


def test_the_readme_names_every_source_file():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = [str(path.relative_to(ROOT)) for path in sources(ROOT) if path.name != "__init__.py"]
    named += [f"{path.parent.relative_to(ROOT)}/" for path in sources(ROOT) if path.name == "__init__.py"]
    missing = [name for name in named if f"`{name}`" not in readme]
    assert missing == [], "name each by its path in backticks, in one line of README.md's map of files"


# The checks above must be able to fail: they are tried on small wrong trees.


def tree(folder: Path, files: dict[str, str]) -> Graph:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return build_graph(folder, sources(folder))


@pytest.mark.parametrize(
    "line",
    [
        "from kpod.pipeline import run",
        "import kpod.pipeline",
        "from kpod import pipeline",
        "from .. import pipeline",
        "from ..pipeline import run",
        "def late():\n    from kpod.pipeline import run",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from kpod.pipeline import run",
    ],
)
def test_an_upward_import_is_found_however_it_is_written(tmp_path, line):
    empty = {"kpod/pipeline.py": "", "kpod/__init__.py": ""}
    found = upward_imports(tree(tmp_path, {"kpod/tasks/one.py": line, **empty}))
    assert len(found) == 1 and "imports kpod.pipeline, which stands after it" in found[0]
    right = {"kpod/tasks/one.py": "import kpod.errors", "kpod/errors.py": ""}
    assert upward_imports(tree(tmp_path, right)) == []


def test_an_import_of_the_outward_face_or_of_a_page_is_found(tmp_path):
    files = {"kpod/cli.py": "from kpod import split_steps\nimport pages.one", "kpod/__init__.py": ""}
    wrong = tree(tmp_path, files)
    assert [found.partition("imports ")[2] for found in upward_imports(wrong)] == [
        "kpod, the outward face: import from the module that has it",
        "pages.one, a page",
    ]


def test_a_circle_is_found(tmp_path):
    files = {"kpod/tasks/a.py": "import kpod.tasks.b", "kpod/tasks/b.py": "from kpod.tasks import c"}
    assert find_circle(tree(tmp_path, files | {"kpod/tasks/c.py": ""})) is None
    circle = find_circle(tree(tmp_path, {"kpod/tasks/c.py": "def late():\n    from kpod.tasks.a import x"}))
    assert circle == ["kpod.tasks.a", "kpod.tasks.b", "kpod.tasks.c", "kpod.tasks.a"]


def test_streamlit_in_the_engine_is_found(tmp_path):
    files = dict.fromkeys(["app.py", "pages/one.py", "kpod/ui/state.py"], "import streamlit as st")
    assert streamlit_imports(tree(tmp_path, files)) == []
    wrong = tree(tmp_path, {"kpod/charts/one.py": "from streamlit.components import v2"})
    assert streamlit_imports(wrong) == ["kpod.charts.one:1 imports streamlit.components"]


def test_a_heavy_import_is_found_through_others_but_not_inside_functions(tmp_path):
    files = {"pages/one.py": "from kpod.ui import state", "kpod/ui/state.py": "import kpod.evaluation"}
    files |= {"kpod/evaluation.py": "def late():\n    import torch.nn"}
    assert find_chain(tree(tmp_path, files), "pages.one", HEAVY) is None
    wrong = tree(tmp_path, {"kpod/evaluation.py": "import torch.nn"})
    chain = ["pages.one", "kpod.ui.state", "kpod.evaluation", "torch.nn"]
    assert find_chain(wrong, "pages.one", HEAVY) == chain
    files = {"kpod/evaluation.py": "import kpod.tasks.x", "kpod/tasks/x.py": ""}
    by_its_package = tree(tmp_path, {**files, "kpod/tasks/__init__.py": "import umap"})
    assert find_chain(by_its_package, "pages.one", HEAVY)[-2:] == ["kpod.tasks", "umap"]

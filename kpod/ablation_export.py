"""An ablation without its runs: a small folder with the tables alone, to ship, and the command that runs it anew.

A run is several megabytes and an ablation has dozens; what it found fits into a few kilobytes of CSV. The copy says
which versions and which machine its runs were made with.
"""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path
from typing import Any

from kpod.ablation_store import FORMAT_VERSION, TABLES, Ablation, write_shipped
from kpod.artefacts import make_new_folder
from kpod.errors import InputError
from kpod.run_store import Run, now

_PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def export_ablation(ablation: Ablation, folder: str | Path, note: str = "") -> Ablation:
    """A copy of the ablation's configuration and tables in a new folder, to read alone: it has no runs to go on with.

    note: what its readers should know, shown with it.
    Raises InputError where no run has finished yet, where it is such a copy itself, or where the folder is taken.
    """
    if ablation.state.shipped is not None:
        raise InputError(f"{ablation.folder} holds tables alone already, without runs. Copy the folder as it is.")
    tables = {name: ablation.table(name) for name in TABLES}
    done, all_runs = len(ablation.state.finished_runs), len(ablation.matrix())
    folder = Path(folder)
    make_new_folder(folder, "ablation")
    changes = {
        "status": "finished" if done == all_runs else "cancelled",
        "progress": {"done": done, "total": all_runs, "current": None, "seconds_left": None},
        "error": None,
        "format_version": FORMAT_VERSION,
        "shipped": _provenance(ablation.runs()) | {"note": note},
    }
    return write_shipped(folder, ablation, tables, changes)


def rerun_command(ablation: Ablation) -> str:
    """The command that makes its runs anew; of one that is in the repository, as it is typed there."""
    state, config = ablation.state, ablation.folder / "config.yaml"
    if config.is_relative_to(_PROJECT.parent):
        config = config.relative_to(_PROJECT.parent)
    words = ["python", "-m", "kpod", "ablate", "--config", str(config)]
    words += ["--methods", ",".join(state.methods), "--seeds", str(len(state.seeds))]
    words += ["--reference", state.reference, "--equal", state.equal]
    for variation in state.variations:
        plain = not any("," in value for value in variation.values)
        values = ",".join(variation.values) if plain else str(list(variation.values))
        words += ["--vary", f"{variation.setting}={values}"]
    return shlex.join(words)


def _provenance(runs: list[Run]) -> dict[str, Any]:
    """Of the finished runs: versions and machines, each once, and when the last of them ended."""
    finished = [run for run in runs if run.status == "finished"]
    versions = {"KPOD Studio": tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"]}
    for run in finished:
        for name, version in run.state.versions.items():
            known = versions.get(name, version)
            versions[name] = known if version in known.split(" and ") else f"{known} and {version}"
    machines = [
        f"{host.get('system', '?')} {host.get('machine', '?')}, {host.get('cpus', '?')} CPUs"
        for host in (run.state.host for run in finished)
    ]
    ends = [record.finished_at for run in finished for record in run.state.stages.values()]
    return {
        "versions": versions,
        "machines": list(dict.fromkeys(machines)),
        "runs_finished_at": max(ends, default=""),
        "exported_at": now(),
    }

"""An ablation without its runs: the same tables in a small folder, its origin told, never gone on with."""

from __future__ import annotations

import pandas as pd
import pytest

from kpod.ablation import run_ablation
from kpod.ablation_export import export_ablation, rerun_command
from kpod.ablation_store import (
    SHIPPED_ABLATIONS,
    TABLES,
    Ablation,
    create_ablation,
    list_ablations,
    load_ablation,
    shipped_ablations,
)
from kpod.ablation_variations import Variation
from kpod.errors import InputError
from tests.support.made_ablation import make_ablation

WORLDS = Variation("small_world.filler_share", ("0", "0.5"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_ablation(tmp_path_factory.mktemp("made") / "one", [WORLDS], [3])


@pytest.fixture(scope="module")
def shipped(made, tmp_path_factory):
    export_ablation(made, tmp_path_factory.mktemp("assets") / "one", "Made <b>by hand</b>.")
    return made, tmp_path_factory.getbasetemp() / "assets0" / "one"


def test_its_tables_are_those_that_were_written(shipped):
    made, folder = shipped
    copy = load_ablation(folder)
    for name in TABLES:
        assert copy.has(name)
        pd.testing.assert_frame_equal(copy.table(name), made.table(name), check_dtype=False)
    assert copy.table("summary")["value"].tolist() == ["0", "0", "0.5", "0.5"]  # texts, as they were written
    assert copy.config == made.config and copy.state.variations == (WORLDS,)
    assert copy.status == "finished" and copy.runs() == []


def test_it_is_small_and_says_what_it_was_made_with(shipped):
    made, folder = shipped
    names = {path.name for path in folder.iterdir()}
    assert names == {"ablation.json", "config.yaml", "results.csv", "by_steps.csv", "departures.csv", "summary.csv"}
    assert sum(path.stat().st_size for path in folder.iterdir()) < 20_000
    told, run = load_ablation(folder).state.shipped, made.runs()[0]
    assert told["versions"]["torch"] == run.state.versions["torch"] and told["versions"]["KPOD Studio"]
    assert told["note"] == "Made <b>by hand</b>."
    assert len(told["machines"]) == 1 and run.state.host["machine"] in told["machines"][0]
    assert told["runs_finished_at"] >= run.state.stages["evaluate"].finished_at


def test_shipped_ones_are_listed_and_never_go_on(shipped):
    _, folder = shipped
    assert [each.folder for each in shipped_ablations(folder.parent)] == [folder]
    assert [each.folder for each in list_ablations(folder.parent)] == [folder]
    with pytest.raises(InputError, match=r"was shipped with its tables alone: it has no runs to go on with"):
        run_ablation(load_ablation(folder))
    with pytest.raises(InputError, match="Copy the folder as it is"):
        export_ablation(load_ablation(folder), folder.parent / "again")
    assert not (folder.parent / "again").exists() and not (folder / "lock").exists()


def test_what_is_taken_or_has_nothing_to_show_is_refused(made, tmp_path):
    with pytest.raises(InputError, match="exists already"):
        export_ablation(made, tmp_path)
    new = create_ablation(tmp_path / "new", made.config, ["plain"], [0], reference="plain")
    with pytest.raises(InputError, match="no run of it has finished"):
        export_ablation(new, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_one_that_was_stopped_says_so(made, tmp_path):
    part = load_ablation(made.folder)
    part.state = type(part.state)(**{**vars(part.state), "status": "running", "finished_runs": ("kpod-seed3",)})
    copy = export_ablation(part, tmp_path / "part")
    assert copy.status == "cancelled" and copy.state.progress["done"] == 1 and copy.state.progress["total"] == 4


def test_a_damaged_table_is_told(shipped, tmp_path):
    copy = export_ablation(shipped[0], tmp_path / "one")
    (copy.folder / "summary.csv").write_bytes(b"")
    with pytest.raises(InputError, match=r"summary\.csv is damaged"):
        copy.table("summary")


def test_the_command_that_makes_it_anew(shipped):
    assert rerun_command(load_ablation(shipped[1])) == (
        f"python -m kpod ablate --config {shipped[1]}/config.yaml --methods kpod,plain --seeds 1 --reference plain "
        "--equal epochs --vary small_world.filler_share=0,0.5"
    )


def test_the_command_of_one_in_the_repository_names_no_folder_of_this_machine(shipped):
    made = load_ablation(shipped[1])
    inside = Ablation(SHIPPED_ABLATIONS / "one", made.state, made.config)
    assert "--config assets/ablations/one/config.yaml --methods" in rerun_command(inside)

"""Ablations on disk: written and read again, listed, and refused where damaged, taken or newer."""

from __future__ import annotations

import json
import os

import pandas as pd
import pytest

from kpod.ablation_store import create_ablation, list_ablations, load_ablation
from kpod.ablation_variations import Variation
from kpod.config import make_config
from kpod.errors import InputError
from kpod.run_lock import LOCK, take_lock

CONFIG = make_config({"name": "Three", "data": {"source": "x.jsonl"}, "student": {"name": "smollm2-135m"}})


def made(folder, **more):
    return create_ablation(folder, CONFIG, ["kpod", "plain"], [3, 4], reference="plain", **more)


def test_what_is_written_is_read_again(tmp_path):
    ablation = made(tmp_path / "one", equal="tokens")
    ablation.update(finished_runs=("kpod-seed3",), progress={"done": 1, "total": 4})
    again = load_ablation(tmp_path / "one")
    assert again.state == ablation.state and again.config == CONFIG and again.name == "Three"
    assert (again.state.equal, again.state.methods, again.state.seeds) == ("tokens", ("kpod", "plain"), (3, 4))
    assert [(cell.method, cell.seed, cell.folder.name) for cell in again.matrix()] == [
        ("kpod", 3, "kpod-seed3"), ("plain", 3, "plain-seed3"), ("kpod", 4, "kpod-seed4"), ("plain", 4, "plain-seed4"),
    ]  # fmt: skip
    assert again.runs() == [] and again.status == "created"


def test_what_is_varied_is_read_again_and_makes_folders_of_plain_names(tmp_path):
    sources = Variation("data.source", ("small_world:train=4,test=2", "a/b.jsonl"))
    shares = Variation("small_world.filler_share", ("0", "0.5"))
    made(tmp_path / "one", variations=[shares, sources])
    again = load_ablation(tmp_path / "one")
    assert again.state.variations == (shares, sources)
    names = [cell.folder.name for cell in again.matrix()]
    assert len(set(names)) == len(names) == 2 * 2 * 4
    assert names[:4] == [f"{m}-small_world.filler_share-{v}-seed3" for v in ("0", "0.5") for m in ("kpod", "plain")]
    assert names[6] == "kpod-data.source-value2-seed3"
    assert again.matrix()[6].told == "kpod, seed 3, data.source a/b.jsonl"


def test_one_of_before_there_were_variations(tmp_path):
    folder = made(tmp_path / "one").folder
    values = json.loads((folder / "ablation.json").read_text()) | {"format_version": 1}
    del values["variations"]
    (folder / "ablation.json").write_text(json.dumps(values))
    assert load_ablation(folder).matrix()[0].folder.name == "kpod-seed3"


def test_tables_are_written_for_us_and_for_others(tmp_path):
    ablation = made(tmp_path / "one")
    assert not ablation.has("summary")
    with pytest.raises(InputError, match=r"no summary yet: no run of it has finished.*ablate --resume .*one"):
        ablation.table("summary")
    with pytest.raises(
        InputError, match="'sums' is no table of an ablation; there are results, by_steps, departures, summary"
    ):
        ablation.table("sums")
    frame = pd.DataFrame({"method": ["plain"], "accuracy": [0.5]})
    ablation.write_table("summary", frame)
    assert load_ablation(ablation.folder).table("summary").equals(frame)
    assert (ablation.folder / "summary.csv").read_text() == "method,accuracy\nplain,0.5\n"


def test_a_process_that_died_is_not_said_to_run(tmp_path):
    ablation = made(tmp_path / "one")
    with ablation.locked():
        ablation.update(status="running")
        assert load_ablation(ablation.folder).status == "running"
    assert load_ablation(ablation.folder).status == "died"


def test_one_process_at_a_time_works_on_it(tmp_path):
    ablation = made(tmp_path / "one")
    other = take_lock(ablation.folder / LOCK)
    with pytest.raises(InputError, match="running in another process"), ablation.locked():
        pass
    os.close(other)
    with ablation.locked():
        ablation.update(status="finished")


def test_a_taken_folder_is_refused(tmp_path):
    made(tmp_path / "one")
    with pytest.raises(InputError, match=r"one exists already\. Continue it with --resume"):
        made(tmp_path / "one")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="Could not make the ablation folder"):
        made(tmp_path / "file" / "inside")


def test_lists_hold_what_can_be_read_newest_first(tmp_path):
    for number, name in enumerate(["one", "two", "broken"]):
        made(tmp_path / name).update(created_at=f"2030-01-0{number + 1}")
    (tmp_path / "broken" / "ablation.json").write_text("{")
    (tmp_path / "other").mkdir()
    assert [each.folder.name for each in list_ablations(tmp_path)] == ["two", "one"]
    assert list_ablations(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 99}, r"written by a newer KPOD Studio \(format 99"),
        ({"methods": None}, "is damaged"),
        ({"name": ...}, "is damaged"),
    ],
)
def test_damage_is_told(tmp_path, change, message):
    folder = made(tmp_path / "one").folder
    values = json.loads((folder / "ablation.json").read_text()) | change
    values = {name: value for name, value in values.items() if value is not ...}
    (folder / "ablation.json").write_text(json.dumps(values))
    with pytest.raises(InputError, match=message):
        load_ablation(folder)


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(InputError, match=r"is no ablation: it has no ablation\.json"):
        load_ablation(tmp_path)

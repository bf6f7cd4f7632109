"""Run folders: made, read, damaged, listed, locked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from kpod.artefacts import ROWS_A_GROUP
from kpod.config import make_config
from kpod.errors import InputError
from kpod.run_store import (
    FORMAT_VERSION,
    TABLES,
    StageRecord,
    create_run,
    list_runs,
    load_run,
    new_folder,
    now,
    read_state,
    runs_folder,
)
from tests.support.made_run import make_run
from tests.support.small_disk import small_disk

CONFIG = make_config({"name": "A run", "data": {"source": "x.jsonl"}, "student": {"name": "smollm2-135m"}})


@pytest.fixture
def run(tmp_path):
    return create_run(tmp_path / "run", CONFIG)


def questions_frame(count: int) -> pd.DataFrame:
    frame = pd.DataFrame({"question": [f"q{row}" for row in range(count)]})
    for column in TABLES["questions"][1:]:
        frame[column] = "x"
    return frame


def test_a_run_is_loaded_as_it_was_made(run):
    record = StageRecord("f", 1.5, 10, now(), ["careful"])
    run.update(status="finished", stages={"prepare": record}, warnings=["careful"], summary={"questions": 3})
    loaded = load_run(run.folder)
    assert loaded.state == run.state and loaded.config == CONFIG
    assert (loaded.id, loaded.name, loaded.status) == (run.id, "A run", "finished")
    assert loaded.state.versions["python"] == sys.version.split()[0]


def test_every_table_of_a_run_is_a_frame(tmp_path):
    loaded = load_run(make_run(tmp_path / "made").folder)
    for name, columns in TABLES.items():
        frame = getattr(loaded, name)
        assert len(frame) and set(columns) <= set(frame.columns), name
    assert list(loaded.metrics["step"][:3]) == [1, 2, 3]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"id": "a"}',
        b'{"format_version": 1, "stages": [], "id": "a", "name": "b"}',
        b'{"format_version": 1, "stages": {"prepare": {"seconds": 1}}, "id": "a", "name": "b"}',
        b'{"format_version": "1", "stages": {}, "id": "a", "name": "b"}',
        b'{"format_version": 1, "stages": {}, "name": "b"}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_state_says_what_to_do(run, content):
    (run.folder / "run.json").write_bytes(content)
    with pytest.raises(InputError, match=r"run\.json is damaged .*Restore it from a copy, or delete the folder"):
        load_run(run.folder)


def test_a_run_of_a_newer_version(run):
    values = json.loads((run.folder / "run.json").read_text()) | {"format_version": FORMAT_VERSION + 1, "novelty": 1}
    (run.folder / "run.json").write_text(json.dumps(values))
    with pytest.raises(InputError, match=f"newer KPOD Studio .format {FORMAT_VERSION + 1}.* Update it"):
        load_run(run.folder)


def test_records_of_before_warnings_were_kept_with_them(run):
    run.update(stages={"prepare": StageRecord("f", 1.0, 1, now())})
    values = json.loads((run.folder / "run.json").read_text())
    del values["stages"]["prepare"]["warnings"]
    (run.folder / "run.json").write_text(json.dumps(values))
    assert load_run(run.folder).state.stages["prepare"].warnings == []


def test_what_is_no_run(tmp_path, run):
    with pytest.raises(InputError, match=r"No run folder at .*python -m kpod runs"):
        load_run(tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"is no run: it has no run\.json"):
        load_run(tmp_path / "empty")
    (run.folder / "config.yaml").unlink()  # half written
    with pytest.raises(InputError, match=r"No configuration file at .*config\.yaml"):
        load_run(run.folder)


def test_a_taken_folder_stays_as_it_is(run):
    before = sorted(os.listdir(run.folder))
    with pytest.raises(InputError, match=r"exists already\. Continue it with --resume"):
        create_run(run.folder, CONFIG)
    assert sorted(os.listdir(run.folder)) == before


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"Could not make the run folder .*Give another one with --out"):
        create_run(tmp_path / "file" / "run", CONFIG)


def test_a_disk_that_is_full_from_the_start_leaves_no_half_run(tmp_path, monkeypatch):
    # The folder is new, so nothing can be put in the writer's way but the limit on the size of files.
    with pytest.raises(InputError, match=r"Could not write config\.yaml"), small_disk(100):
        create_run(tmp_path / "run", CONFIG)
    assert os.listdir(tmp_path) == []


def test_a_table_that_is_not_there_yet(run):
    run.update(status="failed")
    assert not run.has("tokens") and not run.has("tokens", "weight")
    with pytest.raises(InputError, match=r"'A run' \(failed\) has no tokens\.parquet yet.*--resume") as caught:
        _ = run.tokens
    assert str(run.folder) in str(caught.value)
    with pytest.raises(InputError, match=r"'tokenz' is no table of a run; there are questions, steps"):
        run.table("tokenz")


def test_a_damaged_table_is_told_by_every_way_of_reading_it(run):
    run.write_table("questions", questions_frame(5))
    run.path("questions").write_bytes(run.path("questions").read_bytes()[:-20])
    for read in (
        lambda: run.questions,
        lambda: run.has("questions", "cluster"),
        lambda: run.question_index("q1"),
        lambda: run.table("questions", question="q1"),
    ):
        with pytest.raises(InputError, match=r"questions\.parquet is damaged"):
            read()


def test_columns_that_every_table_has_are_demanded(run):
    with pytest.raises(AssertionError, match=r"weight_history lacks"):
        run.write_table("weight_history", pd.DataFrame({"epoch": [1]}))


def test_the_rows_of_one_question(run):
    questions, each = 400, 100
    run.write_table("questions", questions_frame(questions))
    index = [row // each for row in range(questions * each)]
    tokens = pd.DataFrame({"question_index": index, "position": [row % each for row in range(len(index))]})
    for column in TABLES["tokens"]:
        if column not in tokens:
            tokens[column] = 0
    run.write_table("tokens", tokens)
    assert len(tokens) > 2 * ROWS_A_GROUP
    across = ROWS_A_GROUP // each  # begins in one row group and ends in the next
    rows = run.table("tokens", columns=["question_index", "position"], question=f"q{across}")
    assert rows["question_index"].unique().tolist() == [across]
    assert rows["position"].tolist() == list(range(each))
    assert run.table("questions", question="q3")["question"].tolist() == ["q3"]
    with pytest.raises(InputError, match=r"has no question 'q400'. It has 400, the first is 'q0'"):
        run.table("tokens", question="q400")


def test_metrics_with_a_last_line_cut_short(run):
    assert run.metrics.empty
    run.append_metrics([{"stage": "distill", "step": step} for step in (1, 2, 3)])
    with open(run.folder / "metrics.jsonl", "a") as file:
        file.write('{"stage": "dist')
    assert run.metrics["step"].tolist() == [1, 2, 3]
    run.drop_metrics("distill", after_step=2)  # as a resumed run does; the cut line must not swallow what follows
    run.append_metrics([{"stage": "distill", "step": 3}])
    assert run.metrics["step"].tolist() == [1, 2, 3]


def test_metrics_are_dropped_for_one_stage_alone(run):
    run.drop_metrics("distill")
    assert not (run.folder / "metrics.jsonl").exists()
    rows = [{"stage": stage, "step": step} for stage in ("weights", "distill") for step in (1, 2)]
    run.append_metrics(rows)
    run.drop_metrics("distill", after_step=1)
    assert run.metrics.to_dict("records") == rows[:3]
    run.drop_metrics("weights")
    assert run.metrics.to_dict("records") == rows[2:3]


def test_two_processes_never_hold_a_run(run):
    script = (
        "import sys; from kpod.run_store import load_run\n"
        "with load_run(sys.argv[1]).locked(): print('held', flush=True); sys.stdin.read()"
    )
    run.update(status="running")
    assert load_run(run.folder).status == "died"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(run.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        assert load_run(run.folder).status == "running"
        with pytest.raises(InputError, match=r"is running in another process"), run.locked():
            pass
    finally:
        holder.kill()
        holder.communicate()
    assert load_run(run.folder).status == "died"
    with run.locked():
        assert run.status == "running"


def test_who_takes_the_lock_goes_on_from_the_state_that_the_last_holder_left(run):
    stale = load_run(run.folder)
    run.update(stages={"prepare": StageRecord("f", 1.0, 1, now())}, status="finished")
    (run.folder / ".tokens.parquet.77.tmp").write_text("half")
    with stale.locked():
        assert "prepare" in stale.state.stages
        assert not (run.folder / ".tokens.parquet.77.tmp").exists()


def test_a_run_that_cannot_be_locked(run):
    (run.folder / "lock").mkdir()
    with pytest.raises(InputError, match=r"Could not write lock"), run.locked():
        pass


def test_runs_are_listed_newest_first_and_the_rest_passed_over(tmp_path):
    root = tmp_path / "runs"
    assert list_runs(root) == []
    times = {"old": "2026-01-01T00:00:00+00:00", "new": "2026-03-01T00:00:00+00:00", "mid": "2026-02-01T00:00:00+00:00"}
    for name, time in times.items():
        create_run(root / name, CONFIG).update(created_at=time)
    (root / "notes").mkdir()
    (root / "file.txt").write_text("no run")
    shutil.copytree(root / "old", root / "damaged")
    (root / "damaged" / "run.json").write_text("{")
    shutil.copytree(root / "old", root / "foreign")
    (root / "foreign" / "config.yaml").write_text("name: x\nunknown: 1\n")
    (root / "dangling").symlink_to(root / "nowhere")
    assert [run.folder.name for run in list_runs(root)] == ["new", "mid", "old"]


def test_the_runs_folder_is_the_environments(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    assert runs_folder() == tmp_path
    create_run(tmp_path / "one", CONFIG)
    assert [run.folder.name for run in list_runs()] == ["one"]


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("SVAMP, SmolLM2-135M", "svamp-smollm2-135m"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "run"),
        ("/", "run"),
        ("Ünïcode ✓", "n-code"),
        ("a\x00b\n", "a-b"),
        ("x" * 120, "x" * 60),
    ],
)
def test_a_folder_name_is_safe_whatever_the_run_is_called(tmp_path, name, folder):
    config = make_config(CONFIG.model_dump() | {"name": name})
    first = new_folder(config, tmp_path)
    assert first == tmp_path / folder
    first.mkdir()
    assert new_folder(config, tmp_path) == tmp_path / f"{folder}-2"


def test_a_state_is_read_as_it_was_written(run):
    run.update(progress={"stage": "distill", "done": 3, "total": 9, "unit": "steps", "seconds_left": None})
    assert read_state(run.folder) == run.state


@pytest.mark.parametrize("make", ["link", "folder", "pipe"])
@pytest.mark.parametrize("name", ["log.txt", "notes.json", "tokens.parquet"])
def test_a_run_is_plain_files_of_its_own_folder(tmp_path, make, name):
    run = make_run(tmp_path / "run", upto="created", status="created")
    (tmp_path / "outside").write_text("secret")
    path = run.folder / name
    if make == "link":
        path.symlink_to(tmp_path / "outside")
    elif make == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(InputError, match=r"is a link, a folder or a pipe, and a run is read from plain files"):
        load_run(run.folder)

"""The pipeline: what reruns, what is skipped, and what is left where a run ends early."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from kpod.config import override
from kpod.errors import InputError, RunCancelled
from kpod.pipeline import run_pipeline
from kpod.run_reporter import RunReporter
from kpod.run_store import create_run, load_run
from tests.support.tensorboard_reading import read_events
from tests.support.tiny_runs import tiny_config, write_questions

pytestmark = pytest.mark.slow

ALL = (
    "prepare", "evaluation set", "cluster", "map", "weights", "losses", "difficulty", "schedule", "evaluate base",
    "distill", "evaluate",
)  # fmt: skip
OF_THE_TRAINING_SET = tuple(name for name in ALL if name not in ("evaluation set", "evaluate base"))
AFTER_SCHEDULE = ("schedule", "distill", "evaluate")


# All with a run: two questions to learn from and one to measure on, few enough that the map needs no UMAP.


class Recorder(RunReporter):
    """Remembers which stages began; `at` maps a stage to what happens when it begins."""

    def __init__(self, run, at=None):
        super().__init__(run, io.StringIO())
        self.began, self.at = [], at or {}

    def start(self, stage, total, done=0, unit=""):
        super().start(stage, total, done, unit)
        self.began.append(stage)
        self.at.get(stage, lambda: None)()


def go_on(folder, *settings, at=None, reporter=Recorder):
    """Resume a run as the command does; the stages that began."""
    run = load_run(folder)
    run.config = override(run.config, list(settings))
    recorder = reporter(run, at)
    run_pipeline(run, recorder)
    return recorder.began


@pytest.fixture(scope="module")
def finished(tmp_path_factory, tiny_llama_folder):
    folder = tmp_path_factory.mktemp("pipeline")
    source = write_questions(folder / "questions.jsonl", trained=2, measured=1)
    run = create_run(folder / "run", tiny_config(source, tiny_llama_folder))
    recorder = Recorder(run)
    run_pipeline(run, recorder)
    assert recorder.began == list(ALL)
    return run.folder


@pytest.fixture
def run_folder(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def test_a_finished_run(finished):
    run = load_run(finished)
    assert run.status == "finished" and run.state.progress is None and run.state.error is None
    assert set(run.state.stages) == set(ALL)
    assert all(record.peak_memory_bytes > 1e7 and record.seconds >= 0 for record in run.state.stages.values())
    summary = run.state.summary
    assert summary["questions"] == 2 and summary["evaluation_questions"] == 1 and summary["task"] == "arithmetic"
    assert summary["accuracy"]["questions"] == summary["base_accuracy"]["questions"] == 1
    assert sorted(run.predictions["epoch"]) == [0, 2]
    assert run.schedule.groupby("stage")["input_steps"].sum().iloc[-1] == 0
    assert (run.tokens["weight"].between(0, 1)).all() and (run.tokens["nll"] >= 0).all()
    assert sorted(run.difficulty_history["epoch"].unique()) == [0, 1, 2]
    assert sorted(run.weight_history["epoch"].unique()) == [1, 2]
    assert run.question_vectors["question"].tolist() == run.questions["question"].tolist()
    for name in ("adapter/adapter_model.safetensors", "weight_generator.safetensors", "log.txt", "config.yaml"):
        assert (run.folder / name).is_file(), name
    assert list(run.folder.glob("checkpoints/*")) == []
    left_over = [path.name for path in run.folder.iterdir() if path.suffix in (".pkl", ".pt", ".bin", ".tmp")]
    assert left_over == []


def test_the_history_ends_where_the_weights_are_and_begins_at_the_difficulty(finished):
    run = load_run(finished)
    last = run.weight_history[run.weight_history["epoch"] == 2]
    assert last["weight"].tolist() == run.tokens["weight"].tolist()
    first = run.difficulty_history[run.difficulty_history["epoch"] == 0]
    assert first["difficulty"].tolist() == pytest.approx(run.steps["difficulty"].tolist(), rel=1e-6)


def test_nothing_runs_twice(run_folder):
    before = load_run(run_folder)
    assert go_on(run_folder) == []
    after = load_run(run_folder)
    assert after.state == before.state
    assert after.metrics.equals(before.metrics)
    assert after.log().count("up to date, skipped") == len(ALL)


def test_a_new_name_changes_what_lists_show_and_nothing_else(run_folder):
    assert go_on(run_folder, "name=Another") == []
    assert load_run(run_folder).name == "Another"


def test_what_was_measured_before_is_not_kept_beside_what_is_measured_now(run_folder):
    assert go_on(run_folder, "evaluation.max_new_tokens=3") == ["evaluate base", "evaluate"]
    predictions = load_run(run_folder).predictions
    assert sorted(predictions["epoch"]) == [0, 2]


def test_the_base_student_stays_measured_when_only_the_distillation_changes(run_folder):
    before = load_run(run_folder).predictions
    assert go_on(run_folder, "distillation.learning_rate=1e-5") == ["distill", "evaluate"]
    after = load_run(run_folder).predictions
    assert after[after["epoch"] == 0].reset_index(drop=True).equals(before[before["epoch"] == 0].reset_index(drop=True))


def test_predictions_of_a_base_student_of_other_data_go(run_folder):
    began = go_on(run_folder, "evaluation.base_student=false", "data.task=svamp")
    run = load_run(run_folder)
    assert began == [name for name in ALL if name != "evaluate base"]
    assert run.predictions["epoch"].tolist() == [2]
    assert "base_accuracy" not in run.state.summary and "evaluate base" not in run.state.stages


def test_another_evaluation_set_leaves_all_that_was_learned(run_folder, tmp_path):
    before = load_run(run_folder)
    other = write_questions(tmp_path / "other.jsonl", trained=2, measured=4)
    rows = [json.loads(line) for line in other.read_text().splitlines()][3:]
    rows = [row | {"id": f"new-{row['id']}"} for row in rows]
    other.write_text("".join(json.dumps(row) + "\n" for row in rows))
    began = go_on(run_folder, f"data.evaluation_source={other}", "data.evaluation_limit=2")
    assert began == ["evaluation set", "map", "evaluate base", "evaluate"]
    after = load_run(run_folder)
    assert after.questions["question"].tolist() == ["p00", "p01", "new-p03", "new-p04"]
    assert sorted(after.predictions["question"].unique()) == ["new-p03", "new-p04"]
    learned = ["question", "text", "rationale", "num_steps", "cluster", "trained"]
    assert after.questions.loc[:1, learned].equals(before.questions.loc[:1, learned])
    assert (after.questions["cluster"] == 0).all()  # one cluster, and the map gave the new ones theirs
    for table in ("tokens", "steps", "schedule"):
        assert after.table(table).equals(before.table(table)), table
    # The other way round: other training questions leave the evaluation set, and its base student, measured.
    began = go_on(run_folder, "data.train_limit=1")
    assert began == list(OF_THE_TRAINING_SET)
    last = load_run(run_folder)
    assert last.questions["question"].tolist() == ["p00", "new-p03", "new-p04"]
    assert last.predictions["epoch"].tolist() == [0, 0, 2, 2]


def test_a_question_that_is_measured_on_cannot_become_one_to_learn_from(run_folder, tmp_path):
    source = load_run(run_folder).config.data.source
    with pytest.raises(InputError, match="2 questions are both trained on and measured"):
        go_on(run_folder, "data.evaluation_split=train")
    other = tmp_path / "other.jsonl"
    other.write_text(Path(source).read_text().replace('"split": "test"', '"rationale": "Just 5.", "split": "train"'))
    assert go_on(run_folder, "data.evaluation_split=test") == ["evaluation set", "map", "evaluate base", "evaluate"]
    with pytest.raises(InputError, match="1 questions are both trained on and measured, 'p02'"):
        go_on(run_folder, f"data.source={other}", f"data.evaluation_source={source}", "data.wrong_rationales=keep")
    assert "evaluation set" in load_run(run_folder).state.stages


def test_weights_outlive_a_change_of_method_that_needs_none(run_folder):
    assert go_on(run_folder, "method=plain") == ["difficulty", "schedule", "distill", "evaluate"]
    run = load_run(run_folder)
    assert "weights" in run.state.stages and (run.schedule["input_steps"] == 0).all()
    assert go_on(run_folder, "method=kpod") == ["difficulty", "schedule", "distill", "evaluate"]


@pytest.mark.parametrize("lost", ["schedule.parquet", "adapter", "question_vectors.parquet"])
def test_what_is_lost_is_made_again(run_folder, lost):
    path = run_folder / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    began = go_on(run_folder)
    again = {"schedule.parquet": list(AFTER_SCHEDULE), "adapter": ["distill", "evaluate"]}
    assert began == again.get(lost, ["map"])
    assert path.exists()


def test_a_crash_between_a_table_and_its_record_runs_the_stage_again(run_folder):
    class Crashing(Recorder):
        def flush(self):
            super().flush()
            # After the stage's work: its tables are written, its record is not.
            if self.began[-1:] == ["schedule"] and self._time_left.done == self._time_left.total:
                self.began.append("crashed")
                raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        go_on(run_folder, "curriculum.initial_fraction=0.6", reporter=Crashing)
    run = load_run(run_folder)
    assert run.status == "failed"
    assert "schedule" not in run.state.stages and "distill" not in run.state.stages
    assert "accuracy" not in run.state.summary and "base_accuracy" in run.state.summary
    assert go_on(run_folder) == list(AFTER_SCHEDULE)


def test_a_summary_never_tells_of_another_configuration(run_folder):
    (run_folder / "cancel").touch()  # deleted at the start: it was meant for an earlier process

    def stop():
        (run_folder / "cancel").touch()

    with pytest.raises(RunCancelled):
        go_on(run_folder, "weights.epochs=1", at={"weights": stop})
    run = load_run(run_folder)
    assert run.status == "cancelled" and run.state.progress is None
    assert not {"keep_rate", "total_difficulty", "accuracy"} & set(run.state.summary)
    assert {"questions", "embedding", "base_accuracy"} <= set(run.state.summary)
    assert set(run.state.stages) == {"prepare", "evaluation set", "cluster", "map", "losses", "evaluate base"}
    assert set(run.metrics["stage"]) == {"weights"}
    assert run.metrics["step"].tolist() == [1]
    # And back: nothing of the one step under other settings is left over.
    began = go_on(run_folder, "weights.epochs=2")
    assert began == ["weights", "difficulty", *AFTER_SCHEDULE]
    assert list(run_folder.glob("checkpoints/*")) == []
    weights = load_run(run_folder).metrics.query("stage == 'weights'")
    assert weights["step"].tolist() == [1, 2, 3]
    events = read_events(run_folder / "tensorboard" / "weights")
    assert [step for step, _ in events["weights/tokens"]] == [1, 2, 3]
    assert len(list((run_folder / "tensorboard" / "weights").iterdir())) == 1  # nothing of the other settings


def test_weights_learned_from_some_questions_are_there_for_all(run_folder):
    began = go_on(run_folder, "weights.max_questions=1")
    assert began == ["weights", "difficulty", *AFTER_SCHEDULE]
    run = load_run(run_folder)
    assert "Mask learning from 1 of 2 questions." in run.log()
    assert run.metrics.query("stage == 'weights'")["step"].tolist() == [1, 2, 3]
    tokens = run.tokens
    assert sorted(tokens["question_index"].unique()) == [0, 1] and tokens["weight"].between(0, 1).all()
    for epoch in (1, 2):
        history = run.weight_history[run.weight_history["epoch"] == epoch]
        for column in ("question_index", "position"):
            assert history[column].tolist() == tokens[column].tolist()


def test_ctrl_c_in_a_stage_that_does_not_listen_stops_before_the_next(run_folder):
    def interrupt():
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(RunCancelled, match="Stopped before the stage distill"):
        go_on(run_folder, "curriculum.power=1", at={"schedule": interrupt})
    run = load_run(run_folder)
    assert run.status == "cancelled" and "schedule" in run.state.stages
    assert f"Stopped before the stage distill. Continue with: python -m kpod run --resume {run_folder}" in run.log()
    assert go_on(run_folder) == ["distill", "evaluate"]


def test_a_second_ctrl_c_is_told_as_an_interruption(run_folder):
    def interrupt():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(RunCancelled, match="Interrupted"):
        go_on(run_folder, "curriculum.power=1", at={"schedule": interrupt})
    run = load_run(run_folder)
    assert run.status == "cancelled" and "Interrupted. Continue with:" in run.log()


def test_a_full_disk_fails_the_run_readably_and_a_resume_finishes_it(run_folder):
    (run_folder / f".schedule.parquet.{os.getpid()}.tmp").symlink_to("/dev/full")
    with pytest.raises(InputError, match=r"Could not write schedule\.parquet .*No space left on device"):
        go_on(run_folder, "curriculum.power=1")
    run = load_run(run_folder)
    assert run.status == "failed" and run.state.progress is None
    assert "No space left" in run.state.error
    assert len(run.questions) == 3 and len(run.steps) and "FAILED: Could not write" in run.log()
    assert go_on(run_folder) == list(AFTER_SCHEDULE)
    assert load_run(run_folder).status == "finished" and load_run(run_folder).state.error is None


def test_a_disk_too_full_to_write_down_the_failure(run_folder, capsys):
    def fill():
        for name in ("run.json", "schedule.parquet"):
            (run_folder / f".{name}.{os.getpid()}.tmp").symlink_to("/dev/full")
        (run_folder / "log.txt").unlink()
        (run_folder / "log.txt").symlink_to("/dev/full")

    with pytest.raises(InputError, match=r"Could not write (schedule\.parquet|run\.json)"):
        go_on(run_folder, "curriculum.power=1", at={"schedule": fill})
    (run_folder / "log.txt").unlink()  # the disk again: a run is read without links among its files
    assert load_run(run_folder).status == "died"
    assert len(load_run(run_folder).tokens)


def test_a_run_goes_on_when_its_source_is_gone(finished, tmp_path, tiny_llama_folder):
    source = write_questions(tmp_path / "questions.jsonl", trained=2, measured=1)
    run = create_run(tmp_path / "run", tiny_config(source, tiny_llama_folder))
    with pytest.raises(RunCancelled):
        run_pipeline(run, Recorder(run, {"weights": lambda: signal.raise_signal(signal.SIGINT)}))
    source.unlink()
    assert go_on(run.folder) == list(ALL[ALL.index("weights") :])
    assert "is gone; going on with what the run holds of it" in load_run(run.folder).log()
    # But a source of another name that is not there is a mistake.
    with pytest.raises(InputError, match=r"No file of questions at .*typo\.jsonl"):
        go_on(run.folder, f"data.source={tmp_path / 'typo.jsonl'}")
    assert load_run(run.folder).status == "failed"
    assert set(load_run(run.folder).state.stages) == set(ALL)


def test_a_run_goes_on_in_the_number_format_it_began_with(run_folder, monkeypatch):
    """Resumed on a machine where `auto` stands for another, it computes nothing again; asked for by name, it does."""
    assert go_on(run_folder, "student.dtype=auto") == []
    run = load_run(run_folder)
    assert run.config.student.dtype == "auto" and run.state.input_hashes["dtype"] == "float32"
    monkeypatch.setattr("kpod.students.arithmetic.NARROWEST_BFLOAT16", 1)
    monkeypatch.setattr("kpod.students.arithmetic.read_cpu_flags", lambda path: frozenset({"avx512_bf16"}))
    assert go_on(run_folder) == []
    began = go_on(run_folder, "student.dtype=bfloat16")
    assert set(began) == set(ALL) - {"prepare", "evaluation set", "cluster", "map"}
    assert load_run(run_folder).state.input_hashes["dtype"] == "bfloat16"


def test_rationales_longer_than_the_limit_are_skipped_counted_and_told(tmp_path, tiny_llama_folder):
    source = write_questions(tmp_path / "questions.jsonl", trained=2, measured=1)
    rows = [json.loads(line) for line in source.read_text().splitlines()]
    rows[0]["rationale"] = rows[0]["rationale"] + " And so on." * 300
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = create_run(tmp_path / "run", tiny_config(source, tiny_llama_folder, student={"max_tokens": 600}))
    stop = {"cluster": lambda: signal.raise_signal(signal.SIGINT)}
    with pytest.raises(RunCancelled):
        run_pipeline(run, Recorder(run, stop))
    state = load_run(run.folder).state
    assert state.summary["too_long"] == 1 and state.summary["questions"] == 1
    assert state.warnings == state.stages["prepare"].warnings
    assert (
        "1 of 2 questions with their rationales are longer than 600 tokens and were skipped (first: p00)"
        in (state.warnings[0])
    )
    # The student takes 1,024 whatever is set; the old warning goes with the old stage.
    with pytest.raises(RunCancelled):
        go_on(run.folder, "student.max_tokens=5000", at=stop)
    warnings = load_run(run.folder).state.warnings
    assert len(warnings) == 1 and "longer than the student's context of 1024 tokens" in warnings[0]
    with pytest.raises(InputError, match=r"All 2 questions .* longer than 20 tokens"):
        go_on(run.folder, "student.max_tokens=20")
    assert load_run(run.folder).state.warnings == []
    with pytest.raises(InputError, match=r"evaluation\.max_new_tokens = 1000 .*the student's context of 1024"):
        go_on(run.folder, "student.max_tokens=5000", "evaluation.max_new_tokens=1000")


@pytest.mark.parametrize(
    ("student", "message"),
    [
        ("no-such-student", "no student 'no-such-student'"),
        ("empty", "is no model: it has no config.json"),
    ],
)
def test_a_student_that_is_none(tmp_path, student, message):
    (tmp_path / "empty").mkdir()
    source = write_questions(tmp_path / "questions.jsonl", trained=2, measured=1)
    path = tmp_path / student
    run = create_run(tmp_path / "run", tiny_config(source, path if path.exists() else student))
    with pytest.raises(InputError, match=message):
        run_pipeline(run, Recorder(run))
    loaded = load_run(run.folder)
    assert loaded.status == "failed" and message.split(":")[0] in loaded.state.error


def test_a_source_that_is_missing_fails_the_run_readably(tmp_path, tiny_llama_folder):
    run = create_run(tmp_path / "run", tiny_config(tmp_path / "missing.jsonl", tiny_llama_folder))
    with pytest.raises(InputError, match=r"No file of questions at .*missing\.jsonl"):
        run_pipeline(run, Recorder(run))
    assert load_run(run.folder).status == "failed"


def test_a_run_that_another_process_holds_is_left_alone(run_folder):
    from filelock import FileLock

    before = (run_folder / "config.yaml").read_text()
    with FileLock(run_folder / "lock"), pytest.raises(InputError, match="running in another process"):
        go_on(run_folder, "seed=5")
    assert (run_folder / "config.yaml").read_text() == before
    assert load_run(run_folder).state.status == "finished"


def test_the_same_run_twice_has_the_same_figures(finished, tmp_path):
    run = create_run(tmp_path / "again", load_run(finished).config)
    run_pipeline(run, Recorder(run))
    first, second = load_run(finished), load_run(run.folder)
    for table in ("questions", "steps", "tokens", "weight_history", "difficulty_history", "schedule", "predictions"):
        assert first.table(table).equals(second.table(table)), table
    adapter = "adapter/adapter_model.safetensors"
    assert (first.folder / adapter).read_bytes() == (second.folder / adapter).read_bytes()

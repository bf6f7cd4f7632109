"""An ablation: nothing is computed twice, it goes on where it stopped, and its tables tell what the runs hold."""

from __future__ import annotations

import io
import json
import signal
from collections import Counter
from typing import ClassVar

import pytest

from kpod.ablation import AblationReporter, config_of, run_ablation, start_ablation
from kpod.ablation_store import list_ablations, load_ablation
from kpod.ablation_variations import Variation
from kpod.errors import InputError, RunCancelled
from kpod.pipeline import run_pipeline
from kpod.run_reporter import RunReporter
from kpod.run_store import create_run, list_runs, load_run
from tests.support.tiny_runs import tiny_config, write_questions

pytestmark = pytest.mark.slow

METHODS = ("kpod", "plain", "kpod-prog")


@pytest.fixture(scope="module")
def config(tmp_path_factory, tiny_llama_folder):
    folder = tmp_path_factory.mktemp("ablation")
    source = write_questions(folder / "questions.jsonl", trained=2, measured=1)
    rows = [json.loads(line) for line in source.read_text().splitlines()]
    rows[2]["rationale"] = "First one. Then another."  # the measured question's own, for the table by steps
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tiny_config(source, tiny_llama_folder, evaluation={"max_new_tokens": 2}, name="Three")


class Counting(AblationReporter):
    """Counts the stages that began, over all runs."""

    began: ClassVar[Counter] = Counter()

    def start(self, stage, total, done=0, unit=""):
        super().start(stage, total, done, unit)
        if done == 0:
            Counting.began[stage] += 1


def counted(ablation, reporter=Counting):
    """Run an ablation; which stages began, and how often."""
    Counting.began = Counter()
    run_ablation(ablation, io.StringIO(), reporter)
    return dict(Counting.began)


@pytest.fixture(scope="module")
def finished(config, tmp_path_factory):
    ablation = start_ablation(tmp_path_factory.mktemp("runs") / "three", config, METHODS, [0, 1])
    began = counted(ablation)
    return load_ablation(ablation.folder), began


def test_every_stage_of_the_same_inputs_is_computed_once(finished):
    _, began = finished
    once_in_all = dict.fromkeys(("prepare", "evaluation set", "losses", "evaluate base"), 1)
    once_a_seed = dict.fromkeys(("cluster", "map", "weights"), 2)
    # Weighted difficulty under two seeds, and the plain one, which no seed changes.
    once_a_run = {"difficulty": 3, "distill": 6, "evaluate": 6}
    # -prog and plain both follow no curriculum, but over other difficulties.
    assert began == once_in_all | once_a_seed | once_a_run | {"schedule": 6}


def test_a_run_of_an_ablation_is_the_run_that_it_would_be_alone(finished, tmp_path):
    ablation, _ = finished
    for name in ("plain-seed1", "kpod-prog-seed1"):
        shared = load_run(ablation.folder / name)
        alone = create_run(tmp_path / name, shared.config)
        run_pipeline(alone, RunReporter(alone, io.StringIO()))
        alone = load_run(alone.folder)
        for table in ("questions", "steps", "tokens", "schedule", "stages", "difficulty_history", "predictions"):
            assert shared.table(table).equals(alone.table(table)[shared.table(table).columns]), (name, table)
        adapter = "adapter/adapter_model.safetensors"
        assert (shared.folder / adapter).read_bytes() == (alone.folder / adapter).read_bytes()
        assert shared.state.summary == alone.state.summary
        assert list(shared.state.stages) == list(alone.state.stages)
        assert set(shared.metrics["stage"]) == set(alone.metrics["stage"])
        of_both = [sorted(path.name for path in (run.folder / "tensorboard").iterdir()) for run in (shared, alone)]
        assert of_both[0] == of_both[1] == sorted(set(alone.metrics["stage"]))


def test_a_resume_of_a_finished_ablation_does_nothing(finished):
    ablation, _ = finished
    assert counted(load_ablation(ablation.folder)) == {}
    assert load_ablation(ablation.folder).status == "finished"


def test_its_runs_are_no_runs_of_the_folder_above(finished):
    ablation, _ = finished
    assert list_runs(ablation.folder.parent) == []
    assert [each.folder for each in list_ablations(ablation.folder.parent)] == [ablation.folder]
    names = [run.folder.name for run in ablation.runs()]
    assert names == [f"{method}-seed{seed}" for seed in (0, 1) for method in METHODS]
    assert (
        ablation.runs()[3].config == config_of(ablation, ablation.matrix()[3])
        and ablation.runs()[3].name == "Three: kpod, seed 1"
    )


def test_the_tables(finished):
    ablation, _ = finished
    results, summary, by_steps = (ablation.table(name) for name in ("results", "summary", "by_steps"))
    assert list(results["method"]) == [*METHODS, *METHODS] and list(results["seed"]) == [0, 0, 0, 1, 1, 1]
    for row in results.itertuples(index=False):
        run = load_run(ablation.folder / row.run)
        assert row.accuracy == run.state.summary["accuracy"]["accuracy"] and row.questions == 1
        assert row.seconds == pytest.approx(sum(record.seconds for record in run.state.stages.values()))
        assert row.supervised_tokens == run.state.summary["supervised_tokens"]
        assert row.base_accuracy == run.state.summary["base_accuracy"]["accuracy"]
    assert {"seconds_weights", "seconds_distill", "seconds_evaluate_base"} <= set(results.columns)
    assert list(summary["method"]) == list(METHODS) and list(summary["seeds"]) == [2, 2, 2]
    assert list(summary["is_reference"]) == [False, True, False]
    assert summary["p_value"].isna().tolist() == summary["p_adjusted"].isna().tolist() == [False, True, False]
    assert by_steps["num_steps"].tolist() == [2] * 3 and by_steps["questions"].tolist() == [2] * 3
    assert (ablation.folder / "summary.csv").read_text().startswith("evaluation_set,method,label,is_reference")
    told = (ablation.folder / "table.md").read_text()
    assert "| KPOD -prog | 2 |" in told and "same number of epochs" in told
    departures = ablation.table("departures")
    wrong = (results["questions"] - results["correct"]).groupby(results["method"]).sum()
    assert departures.groupby("method")["wrong"].sum().to_dict() == wrong[wrong > 0].to_dict()
    assert ("## Where wrong answers part from the solution" in told) == bool(len(departures))


def test_an_ablation_that_was_stopped_goes_on(config, tmp_path):
    ablation = start_ablation(tmp_path / "stopped", config, ("plain", "kpod"), [0])

    class Stopping(Counting):
        def start(self, stage, total, done=0, unit=""):
            super().start(stage, total, done, unit)
            if stage == "distill" and self.run.config.method == "kpod":
                (self.run.folder.parent / "cancel").touch()

    with pytest.raises(RunCancelled, match=r"Go on with: python -m kpod ablate --resume .*stopped"):
        counted(ablation, Stopping)
    stopped = load_ablation(ablation.folder)
    assert stopped.status == "cancelled" and stopped.state.finished_runs == ("plain-seed0",)
    assert stopped.state.progress["done"] == 1 and stopped.state.progress["seconds_left"] > 0
    assert len(stopped.table("results")) == 1  # written after every run
    began = counted(stopped)
    assert set(began) <= {"distill", "evaluate"} and began["evaluate"] == 1
    assert load_ablation(ablation.folder).status == "finished"
    assert len(load_ablation(ablation.folder).table("results")) == 2


def test_a_signal_stops_it_too(config, tmp_path):
    ablation = start_ablation(tmp_path / "signal", config, ("plain",), [0])

    class Interrupted(Counting):
        def start(self, stage, total, done=0, unit=""):
            super().start(stage, total, done, unit)
            if stage == "losses":
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(RunCancelled, match="Go on with"):
        counted(ablation, Interrupted)
    assert load_ablation(ablation.folder).status == "cancelled"


def test_a_run_that_fails_does_not_keep_the_others(config, tmp_path):
    ablation = start_ablation(tmp_path / "failing", config, ("mcc-kd", "plain"), [0])
    with pytest.raises(InputError, match=r"1 of 2 runs failed; the others are done\.\nmcc-kd-seed0: None of the 2"):
        counted(ablation)
    failed = load_ablation(ablation.folder)
    assert failed.status == "failed" and failed.state.finished_runs == ("plain-seed0",)
    assert "mcc-kd-seed0" in failed.state.error and failed.table("summary")["method"].tolist() == ["plain"]


def test_equal_tokens_give_all_as_many_as_plain(config, tmp_path):
    ablation = start_ablation(tmp_path / "tokens", config, ("plain", "kpod+icl", "answer-only"), [0], equal="tokens")
    counted(ablation)
    results = ablation.table("results").set_index("method")
    plain, last_step = results.loc["plain", "supervised_tokens"], 300  # tokens of a step, at most
    assert results["supervised_tokens"].between(plain, plain + last_step).all()
    assert results.loc["answer-only", "steps"] > 5 * results.loc["plain", "steps"]
    assert "same number of tokens" in (ablation.folder / "table.md").read_text()


def test_several_worlds_in_one_ablation_share_what_they_can(config, tmp_path):
    data = config.data.model_copy(
        update={"source": "small_world:train=4,test=2,max_steps=2,filler_share=0,irrelevant_share=0", "task": None}
    )
    worlds = Variation("small_world.filler_share", ("0", "1"))
    delta = Variation("curriculum.delta_s", ("1", "2"))
    ablation = start_ablation(
        tmp_path / "worlds", config.model_copy(update={"data": data}), ("plain", "kpod"), [0],
        variations=[worlds, delta],
    )  # fmt: skip
    began = counted(ablation)
    ablation = load_ablation(ablation.folder)
    assert ablation.status == "finished" and began["prepare"] == began["weights"] == 2  # one a world
    assert began["distill"] == 3 * 2  # delta_s 1 with the world as it was is the first world again
    assert counted(ablation) == {}
    folders = [cell.folder.name for cell in ablation.matrix()]
    assert folders[2] == "plain-small_world.filler_share-1-seed0" and len(ablation.runs()) == 8
    lengths = [load_run(cell.folder).questions["rationale"].str.len().sum() for cell in ablation.matrix()[:4]]
    assert lengths[0] == lengths[1] < lengths[2] == lengths[3]
    results, summary, by_steps = (ablation.table(name) for name in ("results", "summary", "by_steps"))
    assert results["run"].tolist() == folders
    assert summary[["setting", "value", "method"]].to_numpy().tolist() == [
        [setting, value, method]
        for setting, value in (*((worlds.setting, each) for each in "01"), *((delta.setting, each) for each in "12"))
        for method in ("plain", "kpod")
    ]
    assert summary["difference"].isna().tolist() == [True, False] * 4  # the reference is that of the same value
    assert set(by_steps["num_steps"]) == {2} and by_steps["value"].tolist() == summary["value"].tolist()
    told = (ablation.folder / "table.md").read_text()
    assert "## small_world.filler_share: 1\n\n| evaluation set" in told and told.count("| reference |") == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"chosen": ["plain", "kpood"]}, "'kpood' is no method. Did you mean kpod"),
        ({"chosen": ["plain", "plain"]}, "each once"),
        ({"chosen": []}, "at least one"),
        ({"seeds": []}, "at least one"),
        ({"seeds": [1, 1]}, "each once"),
        ({"reference": "kpod-sig"}, "The reference 'kpod-sig' is none of plain, kpod"),
        ({"equal": "steps"}, "equal is 'steps'"),
        ({"variations": [Variation("distillation.epochs", ("2", "0"))]}, "distillation.epochs is 0"),
        ({"variations": [Variation("small_world.filler_share", ("0",))]}, "no small world"),
    ],
)
def test_what_cannot_be_started_leaves_no_folder(config, tmp_path, changes, message):
    arguments = {"chosen": ["plain", "kpod"], "seeds": [0]} | changes
    with pytest.raises(InputError, match=message):
        start_ablation(tmp_path / "none", config, **arguments)
    assert not (tmp_path / "none").exists()

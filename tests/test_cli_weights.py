"""The commands `weigh` and `validate-weights`, on a run of a tiny student."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from kpod.cli import app
from kpod.errors import InputError
from kpod.run_store import load_run
from kpod.weight_validation import read_reports
from tests.support.made_problems import make_problems
from tests.support.made_run import make_run
from tests.support.weighed_run import make_weighed_run


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_llama_folder):
    return make_weighed_run(tmp_path_factory.mktemp("runs") / "run", tiny_llama_folder).folder


def kpod(*arguments):
    """The command in this process: output, and the user's mistake where it is one."""
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    if done.exception is not None and not isinstance(done.exception, InputError):
        raise done.exception
    return done.output, str(done.exception or "")


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Rationales that no run has learned from, with one calculation each marked by hand."""
    path = tmp_path_factory.mktemp("data") / "others.jsonl"
    rows = []
    for number, problem in enumerate(make_problems(60)[-12:]):
        text = f"{problem.rationale} And 2 + 3 = 5 too."
        at = text.rindex("2 + 3 = 5")
        row = {"id": f"o{number}", "question": f"{problem.text} ({number})", "answer": problem.answer}
        rows.append(row | {"rationale": text, "calc": [[at + 8, at + 9, at, "2+3", "5"]]})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_weigh_writes_a_row_a_token(run, others, tmp_path):
    shown, mistake = kpod("weigh", others, "--from", run, "--out", tmp_path / "w.parquet")
    assert not mistake, mistake
    assert "tokens of 12 rationales, mean weight" in shown
    table = pd.read_parquet(tmp_path / "w.parquet")
    rows = [json.loads(line) for line in others.read_text().splitlines()]
    assert table["question"].unique().tolist() == [row["id"] for row in rows]
    first = table[table["question"] == "o0"]
    pieces = zip(first["character_start"], first["character_end"], strict=True)
    assert "".join(rows[0]["rationale"][a:b] for a, b in pieces).strip() == rows[0]["rationale"]
    assert first["position"].tolist() == list(range(len(first)))
    assert table["weight"].between(0, 1, inclusive="neither").all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "nowhere", "--out", "w.parquet"], "No run 'nowhere'"),
        (["--from", "RUN", "--out", "w.csv"], "ends in .parquet"),
        (["--from", "RUN", "--out", "no/folder/w.parquet"], "in a folder that exists"),
        (["--from", "RUN", "--out", "OUT", "--split", "dev"], "has split 'dev'"),
        (["--from", "RUN", "--out", "OUT", "--fields", "rationale=none"], "none"),
    ],
)
def test_what_weigh_refuses(run, others, tmp_path, arguments, said):
    out = tmp_path / "w.parquet"
    _, mistake = kpod("weigh", others, *({"RUN": run, "OUT": out}.get(each, each) for each in arguments))
    assert said in mistake and not out.exists(), mistake


def test_validation_of_the_runs_own_rationales(run):
    shown, mistake = kpod("validate-weights", run, "--against", run, "--with-model", "--resamples", "40")
    assert not mistake, mistake
    for title in ("results, within the digits", "attention from the answer", "gradient times input", "frequent word"):
        assert title in shown, title
    report = next(each for each in read_reports(load_run(run)) if each.data == "training rationales")
    assert report.rationales == 6 and report.truth == "arithmetic found in the text"
    scores = {row["score"] for row in report.aucs}
    assert scores == {"weight", "digit", "digit_or_operator", "nll", "inverse_frequency", "attention", "gradient"}
    assert report.agreement[0]["spearman"] == pytest.approx(1)
    assert {row["epoch"] for row in report.epochs} == {1, 2}
    last = {row["target"]: row["auc"] for row in report.epochs if row["epoch"] == 2}
    assert last["results"] == pytest.approx(report.auc_of("results")["auc"])


def test_validation_on_rationales_that_it_has_not_learned_from(run, others):
    _, mistake = kpod(
        "validate-weights", run, "--on", others, "--limit", "6", "--against", run, "--with-model", "--resamples", "40"
    )
    assert not mistake, mistake
    report = next(each for each in read_reports(load_run(run)) if each.data == "held out: others.jsonl, first 6")
    assert report.rationales == 6 and report.truth == "calc of the data" and report.unknown == 0
    assert (report.auc_of("results")["positives"], report.auc_of("calculations")["positives"]) == (6, 30)
    assert report.auc_of("results", "nll") and report.auc_of("results", "gradient")
    assert report.agreement[0]["spearman"] == pytest.approx(1) and report.epochs == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--limit", "3"], "give that too"),
        (["--against", "nowhere"], "No run 'nowhere'"),
        (["--truth", "none.jsonl"], "has no calculations"),
        (["--on", "none.jsonl"], "none.jsonl"),
    ],
)
def test_what_a_validation_refuses(run, arguments, said):
    _, mistake = kpod("validate-weights", run, *arguments)
    assert said in mistake, mistake


def test_a_run_without_weights_or_of_other_rationales(tmp_path, run):
    early = make_run(tmp_path / "early", count=8, upto="prepare")
    _, mistake = kpod("validate-weights", early.folder)
    assert "has no weight in tokens.parquet yet" in mistake, mistake
    other = make_run(tmp_path / "other", count=8, seed=99)
    _, mistake = kpod("validate-weights", run, "--against", other.folder)
    assert "no token of the same rationale in common" in mistake, mistake


@pytest.mark.slow
def test_stability_keeps_its_table(tmp_path, tiny_llama_folder, shared_data):
    arguments = ["--sets", "svamp-gpt35", "--questions", 6, "--data", shared_data, "--set", "weights.epochs=1"]
    student = ["--set", f"student.name={tiny_llama_folder}", "--set", "student.max_tokens=2000"]
    shown, mistake = kpod("stability", "--out", tmp_path / "all", *arguments, *student)
    assert not mistake and "svamp-gpt35" in shown, mistake
    (row,) = json.loads((tmp_path / "all" / "stability.json").read_text())["outcomes"]
    run = load_run(tmp_path / "all" / "svamp-gpt35")
    assert row["name"] == "svamp-gpt35" and isinstance(row["holds"], bool)
    assert row["keep_rate"] == pytest.approx(run.tokens["weight"].mean(), abs=1e-6)
    assert "| svamp-gpt35 | " in (tmp_path / "all" / "stability.md").read_text()
    assert (run.folder / "weight_validation.md").is_file()


def test_words_that_a_terminal_would_obey(tmp_path):
    made = make_run(tmp_path / "hostile", count=16, hostile=True)
    shown, mistake = kpod("validate-weights", made.folder, "--no-save")
    assert not mistake, mistake
    assert "\x1b" not in shown and "\x00" not in shown
    assert not (made.folder / "weight_validation.json").exists()
